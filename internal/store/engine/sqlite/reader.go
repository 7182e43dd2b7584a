package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"parley/internal/store"
	"parley/internal/store/engine"
)

// Read runs fn on a snapshot, on a connection of its own.
func (e *Engine) Read(ctx context.Context, fn func(store.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case e.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.closing:
		return store.ErrClosed
	}
	defer func() { <-e.places }()
	select {
	case <-e.closing:
		return store.ErrClosed
	default:
	}
	c, err := e.reader()
	if err != nil {
		return err
	}
	defer e.release(c)
	c.failed, c.ctx = nil, ctx
	if err := c.run("BEGIN DEFERRED"); err != nil {
		return err
	}
	defer c.rollback()
	if err := engine.Call(fn, c); err != nil {
		return err
	}
	return c.failed
}

// reader takes an idle read connection, the one used last because its cache is warm, or opens one.
func (e *Engine) reader() (*conn, error) {
	e.mu.Lock()
	if n := len(e.idle); n > 0 {
		c := e.idle[n-1]
		e.idle = e.idle[:n-1]
		e.mu.Unlock()
		return c, nil
	}
	e.mu.Unlock()
	return connect(e.path, sqlite.OpenReadOnly)
}

func (e *Engine) release(c *conn) {
	c.ctx = nil
	e.mu.Lock()
	e.idle = append(e.idle, c)
	e.mu.Unlock()
}
