package store

import (
	"context"
	"errors"
)

// Engine is the whole seam between the two databases.
type Engine interface {
	// Write runs fn in a transaction and returns when it is durable. fn must only use the connection: it may wait in
	// line with other units, share their commit, and run again after a conflict between transactions. An error (or a panic)
	// of fn undoes its own writes and no other's, and so does an error of a statement, even where fn ignores it. ctx counts
	// only until fn begins.
	Write(ctx context.Context, fn func(Conn) error) error
	// Read runs fn on one consistent snapshot.
	Read(ctx context.Context, fn func(Conn) error) error
	// Migrate brings the schema to the newest version; it is safe to call from several nodes at once.
	Migrate(ctx context.Context) error
	// Classify maps a driver's error to ErrUnique where it means that, and returns any other error as it is.
	Classify(err error) error
	Close() error
}

// Conn is one database connection inside a transaction or snapshot. It is not safe for concurrent use and dies with the
// function that got it.
//
// Arguments are string, []byte, bool, int, int64, or pointers to string or int64 (nil is NULL). Scan targets are pointers to
// the same types; **string and **int64 take NULL.
type Conn interface {
	// Exec runs a statement and returns the number of rows it changed.
	Exec(sql string, args ...any) (int64, error)
	// Query calls row for each row; row's scan reads the columns in order.
	Query(sql string, args []any, row func(scan func(dest ...any) error) error) error
	// Defer runs a statement whose result nobody needs before the commit, at the engine's convenience: PostgreSQL sends it
	// together with the next statement or with the commit, which saves a round trip. Its error fails the transaction.
	Defer(sql string, args ...any) error
}

// Errors of the store. Use errors.Is.
var (
	// ErrUnique: a row with this key exists.
	ErrUnique = errors.New("store: the key exists already")
	// ErrNoRow: One found nothing.
	ErrNoRow = errors.New("store: no such row")
	// ErrClosed: the store is closed or closing; nothing was done.
	ErrClosed = errors.New("store: closed")
	// ErrUnknown: the connection to the database broke during the commit; the change may be there or not.
	ErrUnknown = errors.New("store: the outcome of the commit is not known")
)
