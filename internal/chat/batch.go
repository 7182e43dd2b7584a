package chat

import (
	"strconv"
	"strings"

	"parley/internal/store"
)

// padded is the size to which a list of n is filled up, so that the number of different statements stays small.
func padded(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// inIDs is store.In with the list filled up by repeating its last member. ids must not be empty.
func inIDs(args []any, ids []int64) (string, []any) {
	full := make([]int64, padded(len(ids)))
	copy(full, ids)
	for i := len(ids); i < len(full); i++ {
		full[i] = ids[len(ids)-1]
	}
	return store.In(args, full)
}

// values begins a statement with a table of numbers, "WITH name(columns) AS (VALUES …) ", filled up with rows of zeros, which
// are the number of nothing. A query joins it by CROSS JOIN and WHERE, so that SQLite reads it first.
func values(header string, rows [][]int64) (string, []any) {
	var b strings.Builder
	b.WriteString("WITH " + header + " AS (VALUES ")
	width := len(rows[0])
	args := make([]any, 0, padded(len(rows))*width)
	for i := range padded(len(rows)) {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range width {
			if j == 0 {
				b.WriteByte('(')
			} else {
				b.WriteString(", ")
			}
			var n int64
			if i < len(rows) {
				n = rows[i][j]
			}
			args = append(args, n)
			mark := "$" + strconv.Itoa(len(args))
			if i == 0 { // gives PostgreSQL the type of the column
				mark = "CAST(" + mark + " AS BIGINT)"
			}
			b.WriteString(mark)
		}
		b.WriteByte(')')
	}
	b.WriteString(") ")
	return b.String(), args
}
