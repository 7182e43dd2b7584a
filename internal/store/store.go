package store

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Store is an engine with what every transaction of ours needs: a time, row numbers, and effects after the commit.
type Store struct {
	engine   Engine
	now      func() time.Time
	onCommit []func(changes []any)
	ids      *sequence
	log      *slog.Logger
}

// Options for Open. The zero value is what production uses.
type Options struct {
	Now func() time.Time // the clock; nil means time.Now
	Log *slog.Logger
}

// Open migrates the schema and makes the store ready. The store owns the engine from then on, and closes it where Open fails.
func Open(ctx context.Context, engine Engine, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := engine.Migrate(ctx); err != nil {
		_ = engine.Close()
		return nil, err
	}
	s := &Store{engine: engine, now: o.Now, log: o.Log}
	s.ids = newSequence(s)
	if err := s.ids.refill(ctx); err != nil {
		_ = engine.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the store and its engine; transactions under way finish first.
func (s *Store) Close() error {
	s.ids.close()
	return s.engine.Close()
}

// Now is the time that a transaction begun now would bear, in microseconds.
func (s *Store) Now() int64 { return s.now().UnixMicro() }

// OnCommit registers a receiver of what transactions emitted. It is called after each commit by the goroutine that made it,
// so calls for different transactions may overlap and may come in another order than the commits: receivers go by the
// event numbers. Register before the first Update.
func (s *Store) OnCommit(fn func(changes []any)) { s.onCommit = append(s.onCommit, fn) }

// Update runs fn in one transaction and returns when the result is durable and its effects are published. fn may run more
// than once, must have no effect outside tx, and must not wait for anything but the database: others share its commit.
// ctx counts only until the transaction begins; from then on Update does not give up: its answer says what is true.
func (s *Store) Update(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := s.write(ctx, fn)
	for range 3 { // a burst may outrun the refill of row numbers, which cannot be waited for inside a transaction
		if !errors.Is(err, errNoNumbers) || s.ids.refill(ctx) != nil {
			break
		}
		tx, err = s.write(ctx, fn)
	}
	if err != nil {
		return s.engine.Classify(err)
	}
	if len(tx.changes) > 0 {
		for _, fn := range s.onCommit {
			fn(tx.changes)
		}
	}
	for _, fn := range tx.after {
		fn()
	}
	return nil
}

func (s *Store) write(ctx context.Context, fn func(tx *Tx) error) (tx *Tx, err error) {
	err = s.engine.Write(ctx, func(c Conn) error {
		tx = &Tx{Reader: Reader{conn: c, now: s.now().UnixMicro()}, store: s}
		if err := fn(tx); tx.err == nil {
			return err
		}
		return tx.err // it is the cause of whatever else went wrong
	})
	return tx, err
}

type placedKey struct{}

// WithPlaced returns a context with which Update calls placed as soon as the transaction has its place in the order of
// commits: an Update that begins after that commits after it. An engine that learns this only with the commit does not call.
func WithPlaced(ctx context.Context, placed func()) context.Context {
	return context.WithValue(ctx, placedKey{}, placed)
}

// Placed is for engines: the transaction of this context has its place.
func Placed(ctx context.Context) {
	if placed, ok := ctx.Value(placedKey{}).(func()); ok {
		placed()
	}
}

// View runs fn on one consistent snapshot of what is committed.
func (s *Store) View(ctx context.Context, fn func(r *Reader) error) error {
	return s.engine.Classify(s.engine.Read(ctx, func(c Conn) error {
		return fn(&Reader{conn: c, now: s.now().UnixMicro()})
	}))
}

// Reader reads inside a transaction or a snapshot.
type Reader struct {
	conn Conn
	now  int64
}

// Now is the transaction's time in microseconds; all that one transaction writes bears the same.
func (r *Reader) Now() int64 { return r.now }

// Query calls row for every row of the result.
func (r *Reader) Query(sql string, args []any, row func(scan func(dest ...any) error) error) error {
	return r.conn.Query(sql, args, row)
}

// One reads a single row into dest, or returns ErrNoRow.
func (r *Reader) One(sql string, args []any, dest ...any) error {
	found := false
	err := r.conn.Query(sql, args, func(scan func(dest ...any) error) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		err = ErrNoRow
	}
	return err
}

// Tx writes inside a transaction.
type Tx struct {
	Reader
	store   *Store
	changes []any
	after   []func()
	err     error
}

// Exec runs a statement and returns the number of rows it changed.
func (tx *Tx) Exec(sql string, args ...any) (int64, error) {
	n, err := tx.conn.Exec(sql, args...)
	return n, tx.store.engine.Classify(err)
}

// Defer runs a statement before the commit without waiting for its result; its error fails the transaction.
func (tx *Tx) Defer(sql string, args ...any) error { return tx.conn.Defer(sql, args...) }

// NextID returns a new row number. Numbers rise within a process but not across nodes, and may be skipped.
func (tx *Tx) NextID() int64 {
	id, err := tx.store.ids.next()
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return id
}

// Emit hands a change to the receivers registered by OnCommit, once the transaction is durable.
func (tx *Tx) Emit(change any) { tx.changes = append(tx.changes, change) }

// AfterCommit runs fn once the transaction is durable, after the receivers of its changes.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }
