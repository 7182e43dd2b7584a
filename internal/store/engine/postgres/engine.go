package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"parley/internal/store"
	"parley/internal/store/engine"
)

const (
	defaultConns = 16
	// attempts bounds how often a unit runs that lost a deadlock or whose connection broke before its commit.
	attempts = 8
	// slowUnit is worth a warning: it holds its locks for that long.
	slowUnit = 500 * time.Millisecond

	beginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED"
	beginRead  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
)

// Options for Open. The zero value is what production uses.
type Options struct {
	Log   *slog.Logger
	Conns int // the most connections; 0 means what the address says (pool_max_conns), or 16
	// OnBatch is told how many units shared a commit, here always one, and how long it took.
	OnBatch func(units int, took time.Duration)
}

// Engine is a store.Engine over a pool of connections.
type Engine struct {
	pool    *pgxpool.Pool
	plain   *pgx.ConnConfig // without the limits of the pool's sessions, for migrations
	log     *slog.Logger
	onBatch func(units int, took time.Duration)
	ending  sync.WaitGroup // snapshots that end in the background
	closed  atomic.Bool
}

// Open connects to the database at address (postgres://…). It answers at once; Migrate is the first to need the server.
func Open(ctx context.Context, address string, o Options) (*Engine, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnBatch == nil {
		o.OnBatch = func(int, time.Duration) {}
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("store: the database address is not valid; it has the form postgres://user:password@host:5432/name")
	}
	switch parsed, _ := pgx.ParseConfig(address); {
	case o.Conns > 0:
		config.MaxConns = int32(o.Conns)
	case parsed == nil || parsed.RuntimeParams["pool_max_conns"] == "":
		config.MaxConns = defaultConns
	}
	// Transactions do not give up with their caller, so a dead server must be noticed by the connection itself.
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	config.ConnConfig.DialFunc = dialer.DialContext
	plain := config.ConnConfig.Copy()
	limits := map[string]string{"statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"}
	for name, value := range limits {
		if _, given := config.ConnConfig.RuntimeParams[name]; !given {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Engine{pool: pool, plain: plain, log: o.Log, onBatch: o.OnBatch}, nil
}

// Write runs fn in one transaction, again where it lost against another one.
func (e *Engine) Write(ctx context.Context, fn func(store.Conn) error) error {
	for attempt := 1; ; attempt++ {
		start := time.Now()
		again, err := e.write(ctx, fn)
		took := time.Since(start)
		if took > slowUnit {
			e.log.Warn("a slow transaction", "took", took)
		}
		e.onBatch(1, took)
		if err == nil || !again || attempt == attempts {
			return err
		}
		// The transactions that collided must not meet again: 1–2 ms at first, up to 128–256 ms.
		base := time.Millisecond << attempt / 2
		select {
		case <-time.After(base + rand.N(base)):
		case <-ctx.Done():
			return err
		}
	}
}

// write makes one attempt; again says whether another one is safe and may help.
func (e *Engine) write(ctx context.Context, fn func(store.Conn) error) (again bool, err error) {
	pooled, err := e.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer pooled.Release()
	c := &conn{pg: pooled.Conn(), batch: new(pgx.Batch), ctx: context.WithoutCancel(ctx)}
	c.batch.Queue(beginWrite)
	err = e.call(fn, c)
	committing := false
	if err == nil && c.used {
		committing = true
		c.batch.Queue("COMMIT")
		err = c.flush()
	}
	if err == nil {
		return false, nil
	}
	c.rollback()
	broken := c.pg.IsClosed()
	if committing && broken {
		return false, fmt.Errorf("%w: %w", store.ErrUnknown, err)
	}
	// fn may have put its own error in the place of the database's.
	return broken || lostConflict(err) || lostConflict(c.failed), err
}

// call runs fn. An error of a statement fails the unit even where fn ignores it: PostgreSQL has aborted the transaction.
func (e *Engine) call(fn func(store.Conn) error, c *conn) error {
	err := engine.Call(fn, c)
	if err == nil {
		err = c.failed
	}
	if p, ok := errors.AsType[*engine.Panicked](err); ok {
		e.log.Error("panic in a transaction", "panic", p.Value, "stack", string(p.Stack))
	}
	return err
}

// Read runs fn on one snapshot.
func (e *Engine) Read(ctx context.Context, fn func(store.Conn) error) error {
	pooled, err := e.acquire(ctx)
	if err != nil {
		return err
	}
	// The caller's context is asked before each statement, but does not cut one short: pgx would throw away the connection.
	c := &conn{pg: pooled.Conn(), batch: new(pgx.Batch), ctx: context.WithoutCancel(ctx), caller: ctx}
	c.batch.Queue(beginRead)
	err = e.call(fn, c)
	if !c.used {
		pooled.Release()
		return err
	}
	// The answer need not wait for the end of a transaction that wrote nothing.
	e.ending.Go(func() {
		c.rollback()
		pooled.Release()
	})
	return err
}

func (e *Engine) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	pooled, err := e.pool.Acquire(ctx)
	if err == nil {
		return pooled, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if e.closed.Load() {
		return nil, store.ErrClosed
	}
	return nil, fmt.Errorf("store: no connection to the database: %w", err)
}

// lostConflict reports serialization failures and deadlocks.
func lostConflict(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// Classify implements store.Engine.
func (e *Engine) Classify(err error) error {
	if p, ok := errors.AsType[*pgconn.PgError](err); ok && p.Code == "23505" && !errors.Is(err, store.ErrUnique) {
		return fmt.Errorf("%w (%w)", store.ErrUnique, err)
	}
	return err
}

// Close waits for transactions under way and closes the connections.
func (e *Engine) Close() error {
	e.closed.Store(true)
	e.pool.Close()
	e.ending.Wait()
	return nil
}
