package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/internal/store"
)

// migrateAtOnce: several nodes start on an empty database at the same time.
func migrateAtOnce(t *testing.T, open func() store.Engine) {
	var all sync.WaitGroup
	for range 4 {
		e := open()
		all.Go(func() {
			defer e.Close()
			if err := e.Migrate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	e := open()
	defer e.Close()
	// A program from before the upgrade.
	set := func(version int64, sql string) {
		t.Helper()
		err := e.Write(t.Context(), func(c store.Conn) error { _, err := c.Exec(sql, version); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	set(99999, `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)`)
	if err := e.Migrate(t.Context()); err == nil {
		t.Error("a schema that is newer than the program was accepted")
	}
	set(99999, `DELETE FROM goose_db_version WHERE version_id = $1`)
	if err := e.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

func effects(t *testing.T, u *suite) {
	s := u.openStore(t)
	defer s.Close()
	var order []string
	s.OnCommit(func(changes []any) {
		for _, c := range changes {
			order = append(order, c.(string))
		}
		if u.rows(t, 300) != 1 {
			t.Error("an effect came before the commit")
		}
	})
	unit := func(id int, err error) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			tx.Emit("first")
			tx.AfterCommit(func() { order = append(order, "after") })
			tx.Emit("second")
			if _, err := tx.Exec(insertID, id); err != nil {
				return err
			}
			return err
		}
	}
	for i, c := range []struct {
		id   int
		err  error
		want error
	}{
		{301, errOwn, errOwn}, {300, nil, nil}, {300, nil, store.ErrUnique},
	} {
		if err := s.Update(t.Context(), unit(c.id, c.err)); !errors.Is(err, c.want) {
			t.Errorf("unit %d: %v", i, err)
		}
	}
	if !slices.Equal(order, []string{"first", "second", "after"}) {
		t.Errorf("effects: %q", order)
	}
}

func contexts(t *testing.T, u *suite) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	err := u.s.Update(gone, func(tx *store.Tx) error { _, err := tx.Exec(insertID, 310); return err })
	if !errors.Is(err, context.Canceled) || u.rows(t, 310) != 0 {
		t.Errorf("a unit ran for a caller who is gone: %v", err)
	}
	if err := u.s.View(gone, func(*store.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a view ran for a caller who is gone: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = u.s.Update(ctx, func(tx *store.Tx) error {
		cancel()
		_, err := tx.Exec(insertID, 311)
		return err
	})
	if err != nil || u.rows(t, 311) != 1 {
		t.Errorf("a unit that had begun gave up: %v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	err = u.s.View(ctx, func(r *store.Reader) error {
		cancel()
		var n int64
		return r.One(`SELECT COUNT(*) FROM conf`, nil, &n)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a view went on: %v", err)
	}
	if u.rows(t, 311) != 1 {
		t.Error("reads do not work after a canceled one")
	}
}

func closing(t *testing.T, u *suite) {
	s := u.openStore(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	updated, viewed, closed := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		updated <- s.Update(context.Background(), func(tx *store.Tx) error {
			once.Do(func() { close(inside) })
			<-leave
			_, err := tx.Exec(insertID, 320)
			return err
		})
	}()
	<-inside
	reading := make(chan struct{})
	go func() {
		viewed <- s.View(context.Background(), func(r *store.Reader) error {
			close(reading)
			<-leave
			var n int64
			return r.One(`SELECT COUNT(*) FROM conf`, nil, &n)
		})
	}()
	<-reading
	go func() { closed <- s.Close() }()
	deadline := time.Now().Add(30 * time.Second)
	for { // until Close has begun
		err := s.View(context.Background(), func(*store.Reader) error { return nil })
		if errors.Is(err, store.ErrClosed) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a view while closing: %v", err)
		}
	}
	select {
	case <-closed:
		t.Error("Close did not wait")
	default:
	}
	close(leave)
	for name, result := range map[string]chan error{"update": updated, "view": viewed, "close": closed} {
		if err := <-result; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if u.rows(t, 320) != 1 {
		t.Error("the unit under way is lost")
	}
	if err := s.Update(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("update after close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// reopen leaves the suite with a new store.
func reopen(t *testing.T, u *suite) {
	const n = 100
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := u.exec(insertID, 2000+i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := u.s.Close(); err != nil {
		t.Fatal(err)
	}
	u.s = u.openStore(t)
	if got := u.number(t, `SELECT COUNT(*) FROM conf WHERE id BETWEEN 2000 AND 2999`); got != n {
		t.Errorf("%d of %d rows survive", got, n)
	}
}
