package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"parley/internal/store/engine"
)

// conn is a connection within one transaction. Statements gather in batch and go out together.
type conn struct {
	pg     *pgx.Conn
	ctx    context.Context // without an end: a transaction does not give up
	caller context.Context // of a snapshot: asked before each statement; nil for a write
	batch  *pgx.Batch      // BEGIN and deferred statements that wait for the next round trip
	failed error           // the first error of a statement
	used   bool            // a statement was run or deferred, so there is a transaction to end
	open   bool            // inside a row function
}

// ready says whether a statement may run.
func (c *conn) ready(args []any) error {
	switch {
	case c.failed != nil:
		return c.failed
	case c.open:
		return c.fail(engine.ErrBusy)
	case c.caller != nil && c.caller.Err() != nil:
		return c.caller.Err()
	}
	for _, a := range args {
		switch a.(type) {
		case nil, string, []byte, bool, int, int64, *string, *int64:
		default:
			return c.fail(engine.Unsupported("an argument", a))
		}
	}
	c.used = true
	return nil
}

func (c *conn) fail(err error) error {
	if c.failed == nil {
		c.failed = err
	}
	return err
}

// send sends what has gathered and reads the results of all but the last statement, whose result is next.
func (c *conn) send() (pgx.BatchResults, error) {
	results := c.pg.SendBatch(c.ctx, c.batch)
	before := c.batch.Len() - 1
	c.batch = new(pgx.Batch) // the results still refer to the other one
	for range before {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, err
		}
	}
	return results, nil
}

// flush sends what has gathered and waits for it.
func (c *conn) flush() error {
	results, err := c.send()
	if err != nil {
		return err
	}
	return results.Close()
}

// rollback ends a transaction that shall not or cannot be committed.
func (c *conn) rollback() {
	if !c.pg.IsClosed() && c.pg.PgConn().TxStatus() != 'I' {
		_, _ = c.pg.Exec(c.ctx, "ROLLBACK", pgx.QueryExecModeSimpleProtocol)
	}
}

// Exec implements store.Conn.
func (c *conn) Exec(sql string, args ...any) (int64, error) {
	if err := c.ready(args); err != nil {
		return 0, err
	}
	c.batch.Queue(sql, args...)
	results, err := c.send()
	if err != nil {
		return 0, c.fail(err)
	}
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return 0, c.fail(err)
	}
	return tag.RowsAffected(), nil
}

// Defer implements store.Conn: the statement goes out with the next one, or with COMMIT.
func (c *conn) Defer(sql string, args ...any) error {
	if err := c.ready(args); err != nil {
		return err
	}
	c.batch.Queue(sql, args...)
	return nil
}

// Query implements store.Conn.
func (c *conn) Query(sql string, args []any, row func(scan func(dest ...any) error) error) error {
	if err := c.ready(args); err != nil {
		return err
	}
	c.batch.Queue(sql, args...)
	results, err := c.send()
	if err != nil {
		return c.fail(err)
	}
	defer results.Close() // also when row panics; the second close of a regular end does nothing
	rows, err := results.Query()
	if err == nil {
		var stop error
		if stop, err = c.each(rows, row); err == nil && stop != nil {
			return stop
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return c.fail(err)
	}
	return nil
}

// each runs row for each row: stop is row's own error, err the database's.
func (c *conn) each(rows pgx.Rows, row func(scan func(dest ...any) error) error) (stop, err error) {
	defer func() { c.open = false }()
	defer rows.Close()
	scan := func(dest ...any) error { return read(rows, dest) }
	c.open = true
	for rows.Next() {
		if stop := row(scan); stop != nil {
			return stop, nil
		}
	}
	return nil, rows.Err()
}

// read scans the current row. It refuses targets that SQLite cannot serve. pgx closes the rows after a failed scan, so the
// error of a scan is the caller's to return.
func read(rows pgx.Rows, dest []any) error {
	for _, d := range dest {
		switch d.(type) {
		case *string, *int64, *int, *bool, *[]byte, **string, **int64:
		default:
			return engine.Unsupported("a scan target", d)
		}
	}
	if err := rows.Scan(dest...); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
