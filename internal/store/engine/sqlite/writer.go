package sqlite

import (
	"context"
	"errors"
	"time"

	"parley/internal/store"
	"parley/internal/store/engine"
)

const (
	// maxBatch units share a commit, and as many wait in the queue; further callers wait before they are accepted.
	maxBatch = 512
	// slowUnit is worth a warning, because everybody who writes waits for it.
	slowUnit = 50 * time.Millisecond
)

// errGoexit: a unit ended its goroutine, as t.FailNow does, and the goroutine was the writer's.
var errGoexit = errors.New("store: a transaction called runtime.Goexit (t.FailNow?)")

// unit is one transaction that waits for its commit.
type unit struct {
	fn   func(store.Conn) error
	err  error
	done chan struct{}
}

// Write hands fn to the writer and waits for the commit. ctx counts only until the unit is accepted.
func (e *Engine) Write(ctx context.Context, fn func(store.Conn) error) error {
	u := &unit{fn: fn, done: make(chan struct{})}
	if err := e.submit(ctx, u); err != nil {
		return err
	}
	store.Placed(ctx) // the queue is the order
	<-u.done
	return u.err
}

func (e *Engine) submit(ctx context.Context, u *unit) error {
	e.accept.RLock()
	defer e.accept.RUnlock()
	if e.closed {
		return store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case e.queue <- u:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write is the writer goroutine; it ends when the queue is closed and empty.
func (e *Engine) write() {
	var batch []*unit
	finished := false
	defer func() {
		if finished {
			close(e.stopped)
			return
		}
		// A unit called Goexit. Nothing of its batch is committed; the next goroutine takes over.
		_ = e.writer.run("ROLLBACK")
		answer(batch, errGoexit)
		go e.write()
	}()
	for first := range e.queue {
		batch = append(batch[:0], first)
		for len(batch) < maxBatch {
			select {
			case u, ok := <-e.queue:
				if ok {
					batch = append(batch, u)
					continue
				}
			default:
			}
			break
		}
		start := time.Now()
		err := e.commit(batch)
		e.onBatch(len(batch), time.Since(start))
		answer(batch, err)
		clear(batch)
	}
	finished = true
}

// answer ends the units; err is the batch's.
func answer(batch []*unit, err error) {
	for _, u := range batch {
		if err != nil && u.err == nil {
			u.err = err
		}
		close(u.done)
	}
}

// commit runs the units of a batch in one transaction. Its error is that of the whole batch: nothing was committed.
func (e *Engine) commit(batch []*unit) error {
	c := e.writer
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if len(batch) == 1 {
		if batch[0].err = e.call(batch[0].fn); batch[0].err != nil {
			c.rollback()
			return nil
		}
	} else if err := e.savepoints(batch); err != nil {
		c.rollback()
		return err
	}
	if err := c.run("COMMIT"); err != nil {
		c.rollback()
		return err
	}
	return nil
}

func (e *Engine) savepoints(batch []*unit) error {
	c := e.writer
	for _, u := range batch {
		if err := c.run("SAVEPOINT unit"); err != nil {
			return err
		}
		if u.err = e.call(u.fn); u.err != nil {
			// Where the disk is full or broken SQLite has undone the whole transaction itself, and this fails too.
			if err := c.run("ROLLBACK TO unit"); err != nil {
				return errors.Join(err, u.err)
			}
		}
		if err := c.run("RELEASE unit"); err != nil {
			return err
		}
	}
	return nil
}

// call runs one unit's function. An error of a statement fails the unit even where the function ignores it, as it does on
// PostgreSQL.
func (e *Engine) call(fn func(store.Conn) error) error {
	c := e.writer
	c.failed = nil
	start := time.Now()
	err := engine.Call(fn, c)
	if err == nil {
		err = c.failed
	}
	if took := time.Since(start); took > slowUnit {
		e.log.Warn("a transaction held up the writer", "took", took)
	}
	if p, ok := errors.AsType[*engine.Panicked](err); ok {
		e.log.Error("panic in a transaction", "panic", p.Value, "stack", string(p.Stack))
	}
	return err
}

// Close refuses new work, finishes what was accepted, and closes the connections. It may be called more than once.
func (e *Engine) Close() error {
	e.once.Do(func() {
		close(e.closing)
		e.accept.Lock()
		e.closed = true
		close(e.queue)
		e.accept.Unlock()
		<-e.stopped
		for range cap(e.places) { // wait for every reader
			e.places <- struct{}{}
		}
		for _, c := range e.idle {
			e.err = errors.Join(e.err, c.db.Close())
		}
		e.err = errors.Join(e.err, e.writer.db.Close())
	})
	return e.err
}
