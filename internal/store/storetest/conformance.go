package storetest

import (
	"context"
	"errors"
	"testing"

	"parley/internal/store"
)

// suite is what a case works on: a database with the tables below and the means to open further stores on it.
type suite struct {
	open func() store.Engine
	s    *store.Store
}

// The suite's own tables, in types that both databases know.
var tables = []string{
	`CREATE TABLE conf (id BIGINT PRIMARY KEY, t TEXT, n BIGINT, b BOOLEAN, d BYTEA, k TEXT UNIQUE)`,
	`CREATE TABLE conf_seq (id BIGINT PRIMARY KEY, next BIGINT NOT NULL)`,
	`CREATE TABLE conf_item (seq_id BIGINT NOT NULL REFERENCES conf_seq (id), idx BIGINT NOT NULL, worker BIGINT NOT NULL, PRIMARY KEY (seq_id, idx))`,
}

// Conformance runs every rule of store.Engine and store.Store against the engines that open opens on one empty database.
// Cases share it and use keys of their own.
func Conformance(t *testing.T, open func() store.Engine) {
	t.Run("migrate at once", func(t *testing.T) { migrateAtOnce(t, open) })
	u := &suite{open: open}
	u.s = u.openStore(t)
	t.Cleanup(func() { _ = u.s.Close() })
	for _, sql := range tables {
		u.must(t, sql)
	}
	for _, c := range []struct {
		name string
		run  func(t *testing.T, u *suite)
	}{
		{"values survive", values},
		{"bad values are refused", badValues},
		{"scan targets are checked", scanTargets},
		{"own writes are visible, others' only after commit", visibility},
		{"a unit is undone alone", undoneAlone},
		{"taken keys are ErrUnique", unique},
		{"references hold", references},
		{"an error that is ignored fails the unit", ignoredError},
		{"a deferred statement's error fails the unit", deferError},
		{"a panic fails the unit only", panics},
		{"statements do not nest", nesting},
		{"a row function may stop", stopRows},
		{"a view is a snapshot", snapshot},
		{"a view cannot write", readOnly},
		{"counters under 64 writers", counters},
		{"row numbers are unique across stores", nextID},
		{"effects come after the commit", effects},
		{"the context counts until the unit begins", contexts},
		{"long lists and many statements", lists},
		{"close waits and refuses", closing},
		{"what was acknowledged survives a reopen", reopen},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, u) })
	}
}

func (u *suite) openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), u.open(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// must runs one statement in a transaction of its own.
func (u *suite) must(t testing.TB, sql string, args ...any) {
	t.Helper()
	if err := u.exec(sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (u *suite) exec(sql string, args ...any) error {
	return u.s.Update(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(sql, args...)
		return err
	})
}

// number reads one number from a new snapshot.
func (u *suite) number(t testing.TB, sql string, args ...any) (n int64) {
	t.Helper()
	if err := u.s.View(context.Background(), func(r *store.Reader) error { return r.One(sql, args, &n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// rows counts the rows of conf with this id.
func (u *suite) rows(t testing.TB, id int64) int64 {
	t.Helper()
	return u.number(t, `SELECT COUNT(*) FROM conf WHERE id = $1`, id)
}

var errOwn = errors.New("the unit's own error")

const insertID = `INSERT INTO conf (id) VALUES ($1)`
