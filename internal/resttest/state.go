package resttest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"parley/internal/store"
)

// State is a fingerprint of everything that is stored: for each table a line with its name, the number of its rows, and a sum that moves
// with every change of one.
func (w *World) State() string {
	w.Helper()
	parts, err := tally()
	if err != nil {
		w.Fatal(err)
	}
	all, into := make([]string, len(parts)), make([]any, len(parts))
	for i := range all {
		into[i] = &all[i]
	}
	if err := w.Store.View(w.Context(), func(r *store.Reader) error { return r.One("SELECT "+strings.Join(parts, ", "), nil, into...) }); err != nil {
		w.Fatal(err)
	}
	return strings.Join(all, "\n")
}

var (
	comments = regexp.MustCompile(`--[^\n]*`)
	creates  = regexp.MustCompile(`CREATE TABLE (\w+) \(((?:[^()]|\([^()]*\))*)\);`)
	inner    = regexp.MustCompile(`\([^()]*\)`)
	adds     = regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN (\w+) (\w+)`)
)

// housekeeping are tables that requests do not change: row numbers that were taken, and who is alive.
var housekeeping = []string{"id_block", "node", "tr_lease"}

// tally has for each table what reads its part of State, made from the schema's own text so that no table and no column is forgotten.
var tally = sync.OnceValues(func() ([]string, error) {
	root, err := root()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(root, "internal/store/migrations/*.sql"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var tables []string
	columns := map[string][]string{} // the terms of a table's sum
	add := func(table, name, kind string) {
		// Weights, so that what one column loses and another gains is seen.
		columns[table] = append(columns[table], fmt.Sprintf("%d * %s", 2*len(columns[table])+1, term(name, kind)))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		up = comments.ReplaceAllString(up, "")
		for _, table := range creates.FindAllStringSubmatch(up, -1) {
			if slices.Contains(housekeeping, table[1]) {
				continue
			}
			tables = append(tables, table[1])
			for column := range strings.SplitSeq(inner.ReplaceAllString(table[2], ""), ",") {
				if words := strings.Fields(column); words[0] != "PRIMARY" && words[0] != "UNIQUE" {
					add(table[1], words[0], words[1])
				}
			}
		}
		for _, column := range adds.FindAllStringSubmatch(up, -1) {
			add(column[1], column[2], column[3])
		}
	}
	parts := make([]string, len(tables))
	for i, table := range tables {
		parts[i] = fmt.Sprintf("(SELECT '%s: ' || CAST(count(*) AS TEXT) || ' rows, ' || CAST(CAST(COALESCE(SUM(%s), 0) AS BIGINT) AS TEXT) FROM %s)",
			table, strings.Join(columns[table], " + "), table)
	}
	return parts, nil
})

// term is a column's part of a sum. Of numbers the rest to a prime is taken, that no sum is too large; the clock stands at another second
// for each request, which is no multiple of it.
func term(name, kind string) string {
	switch kind {
	case "BIGINT", "BIGKEY":
		return "COALESCE(" + name + " % 1000003, 0)"
	case "BOOLEAN":
		return "CASE WHEN " + name + " THEN 1 ELSE 0 END"
	}
	return "COALESCE(LENGTH(" + name + "), 0)"
}
