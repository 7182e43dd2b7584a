package store

import (
	"strconv"
	"strings"
)

// Col is a column: its name, and where its value lives in a row.
type Col[T any] struct {
	Name string
	Ptr  func(*T) any
}

// Table serves plain resources: columns are listed once, and the same pointers are arguments and scan targets. The key is the
// first Keys columns (one, unless set). Hot or unusual queries are SQL beside the table.
type Table[T any] struct {
	insert, update, remove, selects string
	cols                            []Col[T]
	keys                            int
}

// NewTable prepares the statements of a table whose key is its first column.
func NewTable[T any](name string, cols ...Col[T]) *Table[T] { return NewTableKeys(name, 1, cols...) }

// NewTableKeys is NewTable for a key of the first keys columns.
func NewTableKeys[T any](name string, keys int, cols ...Col[T]) *Table[T] {
	t := &Table[T]{cols: cols, keys: keys}
	names, marks := make([]string, len(cols)), make([]string, len(cols))
	var sets, where []string
	for i, c := range cols {
		mark := "$" + strconv.Itoa(i+1)
		names[i], marks[i] = c.Name, mark
		if i < keys {
			where = append(where, c.Name+" = "+mark)
		} else {
			sets = append(sets, c.Name+" = "+mark)
		}
	}
	list, cond := strings.Join(names, ", "), " WHERE "+strings.Join(where, " AND ")
	t.insert = "INSERT INTO " + name + " (" + list + ") VALUES (" + strings.Join(marks, ", ") + ")"
	t.update = "UPDATE " + name + " SET " + strings.Join(sets, ", ") + cond
	t.remove = "DELETE FROM " + name + cond
	t.selects = "SELECT " + list + " FROM " + name + " "
	return t
}

func (t *Table[T]) pointers(row *T) []any {
	p := make([]any, len(t.cols))
	for i, c := range t.cols {
		p[i] = c.Ptr(row)
	}
	return p
}

func (t *Table[T]) values(row *T, n int) []any {
	p := make([]any, n)
	for i := range n {
		p[i] = deref(t.cols[i].Ptr(row))
	}
	return p
}

// deref turns a scan target into an argument.
func deref(p any) any {
	switch v := p.(type) {
	case *string:
		return *v
	case *int64:
		return *v
	case *int:
		return *v
	case *bool:
		return *v
	case *[]byte:
		return *v
	case **string:
		return *v
	case **int64:
		return *v
	}
	panic("store: a column's Ptr must point to string, []byte, bool, int, int64, *string or *int64")
}

// Insert adds a row; ErrUnique (after Update) when a key is taken.
func (t *Table[T]) Insert(tx *Tx, row *T) error {
	_, err := tx.Exec(t.insert, t.values(row, len(t.cols))...)
	return err
}

// Append adds a row whose key cannot be taken, without waiting for it (Tx.Defer).
func (t *Table[T]) Append(tx *Tx, row *T) error {
	return tx.Defer(t.insert, t.values(row, len(t.cols))...)
}

// Update writes all columns of the row with row's key, or returns ErrNoRow.
func (t *Table[T]) Update(tx *Tx, row *T) error {
	return oneRow(tx.Exec(t.update, t.values(row, len(t.cols))...))
}

// Delete removes the row with row's key, or returns ErrNoRow.
func (t *Table[T]) Delete(tx *Tx, row *T) error {
	return oneRow(tx.Exec(t.remove, t.values(row, t.keys)...))
}

func oneRow(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNoRow
	}
	return err
}

// One reads the first row of "SELECT columns FROM table " + tail, or returns ErrNoRow.
func (t *Table[T]) One(r *Reader, tail string, args ...any) (*T, error) {
	row := new(T)
	if err := r.One(t.selects+tail, args, t.pointers(row)...); err != nil {
		return nil, err
	}
	return row, nil
}

// All reads every row of "SELECT columns FROM table " + tail; tail should bound the number.
func (t *Table[T]) All(r *Reader, tail string, args ...any) ([]*T, error) {
	var rows []*T
	err := r.Query(t.selects+tail, args, func(scan func(dest ...any) error) error {
		row := new(T)
		rows = append(rows, row)
		return scan(t.pointers(row)...)
	})
	return rows, err
}

// Columns is the list of columns under an alias, for a query that joins; Scan reads them.
func (t *Table[T]) Columns(alias string) string {
	names := make([]string, len(t.cols))
	for i, c := range t.cols {
		names[i] = alias + "." + c.Name
	}
	return strings.Join(names, ", ")
}

// Scan reads the columns of Columns, and more that follow them, into a new row.
func (t *Table[T]) Scan(scan func(dest ...any) error, more ...any) (*T, error) {
	row := new(T)
	return row, scan(append(t.pointers(row), more...)...)
}

// In writes the list of a condition, "($n, $n+1, …)", for values that follow args, and returns args with them added.
func In[V any](args []any, values []V) (string, []any) {
	var b strings.Builder
	b.WriteByte('(')
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		args = append(args, v)
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(len(args)))
	}
	b.WriteByte(')')
	return b.String(), args
}
