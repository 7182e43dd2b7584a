package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/internal/store"
)

func visibility(t *testing.T, u *suite) {
	inside, seen := make(chan struct{}), make(chan struct{})
	var once sync.Once
	done := make(chan error)
	go func() {
		done <- u.s.Update(context.Background(), func(tx *store.Tx) error {
			if _, err := tx.Exec(insertID, 200); err != nil {
				return err
			}
			var n int64
			if err := tx.One(`SELECT COUNT(*) FROM conf WHERE id = $1`, []any{200}, &n); err != nil || n != 1 {
				return fmt.Errorf("own row: %d, %w", n, err)
			}
			if err := tx.Defer(`UPDATE conf SET n = $1 WHERE id = $2`, 7, 200); err != nil {
				return err
			}
			if err := tx.One(`SELECT n FROM conf WHERE id = $1`, []any{200}, &n); err != nil || n != 7 {
				return fmt.Errorf("deferred update: %d, %w", n, err)
			}
			once.Do(func() { close(inside) })
			<-seen
			return nil
		})
	}()
	<-inside
	if u.rows(t, 200) != 0 {
		t.Error("a row is visible before its commit")
	}
	close(seen)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if u.rows(t, 200) != 1 {
		t.Error("a row is not visible after its commit")
	}
}

func undoneAlone(t *testing.T, u *suite) {
	const n = 200
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			errs[i] = u.s.Update(context.Background(), func(tx *store.Tx) error {
				if _, err := tx.Exec(insertID, 1000+i); err != nil {
					return err
				}
				if i%3 == 0 {
					return errOwn
				}
				return nil
			})
		})
	}
	all.Wait()
	for i, err := range errs {
		want := int64(1)
		if i%3 == 0 {
			want = 0
			if !errors.Is(err, errOwn) {
				t.Errorf("unit %d: %v", i, err)
			}
		} else if err != nil {
			t.Errorf("unit %d: %v", i, err)
		}
		if got := u.rows(t, int64(1000+i)); got != want {
			t.Errorf("unit %d left %d rows, want %d", i, got, want)
		}
	}
}

func unique(t *testing.T, u *suite) {
	u.must(t, `INSERT INTO conf (id, k) VALUES ($1, $2)`, 210, "taken")
	for name, add := range map[string]func(tx *store.Tx) error{
		"primary key": func(tx *store.Tx) error { _, err := tx.Exec(insertID, 210); return err },
		"index": func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO conf (id, k) VALUES ($1, $2)`, 211, "taken")
			return err
		},
		"deferred": func(tx *store.Tx) error { return tx.Defer(insertID, 210) },
		"deferred, then a query": func(tx *store.Tx) error {
			if err := tx.Defer(insertID, 210); err != nil {
				return err
			}
			var n int64
			return tx.One(`SELECT COUNT(*) FROM conf`, nil, &n)
		},
	} {
		err := u.s.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(insertID, 212); err != nil {
				return err
			}
			return add(tx)
		})
		if !errors.Is(err, store.ErrUnique) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if u.rows(t, 212) != 0 {
		t.Error("the rest of the unit is not undone")
	}
	// A conflict that the text expects is no error.
	u.must(t, `INSERT INTO conf (id) VALUES ($1) ON CONFLICT DO NOTHING`, 210)
}

func references(t *testing.T, u *suite) {
	err := u.exec(`INSERT INTO conf_item (seq_id, idx, worker) VALUES ($1, 0, 0)`, -1)
	if err == nil || errors.Is(err, store.ErrUnique) {
		t.Errorf("a row without its parent: %v", err)
	}
}

func ignoredError(t *testing.T, u *suite) {
	u.must(t, insertID, 220)
	err := u.s.Update(t.Context(), func(tx *store.Tx) error {
		_, _ = tx.Exec(insertID, 221)
		_, _ = tx.Exec(insertID, 220)
		if _, err := tx.Exec(insertID, 222); err == nil {
			t.Error("a statement after the failed one ran")
		}
		return nil
	})
	if !errors.Is(err, store.ErrUnique) {
		t.Errorf("got %v", err)
	}
	if u.rows(t, 221) != 0 || u.rows(t, 222) != 0 {
		t.Error("the unit is not undone")
	}
}

func deferError(t *testing.T, u *suite) {
	err := u.s.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.Defer(insertID, 230); err != nil {
			return err
		}
		_ = tx.Defer(`INSERT INTO conf_item (seq_id, idx, worker) VALUES ($1, 0, 0)`, -1)
		return nil
	})
	if err == nil || u.rows(t, 230) != 0 {
		t.Errorf("error %v, rows %d", err, u.rows(t, 230))
	}
	u.must(t, insertID, 230) // the connection is fit for use
}

func panics(t *testing.T, u *suite) {
	for range 3 {
		err := u.s.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(insertID, 240); err != nil {
				return err
			}
			return tx.Query(`SELECT id FROM conf`, nil, func(func(...any) error) error { panic("on purpose") })
		})
		if err == nil || !strings.Contains(err.Error(), "on purpose") {
			t.Errorf("update: %v", err)
		}
		err = u.s.View(t.Context(), func(r *store.Reader) error {
			return r.Query(`SELECT id FROM conf`, nil, func(func(...any) error) error { panic("on purpose") })
		})
		if err == nil || !strings.Contains(err.Error(), "on purpose") {
			t.Errorf("view: %v", err)
		}
	}
	if u.rows(t, 240) != 0 {
		t.Error("the unit is not undone")
	}
	u.must(t, insertID, 240)
}

func nesting(t *testing.T, u *suite) {
	u.must(t, insertID, 250)
	err := u.s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`SELECT id FROM conf`, nil, func(func(...any) error) error {
			_, err := tx.Exec(`UPDATE conf SET n = 1 WHERE id = $1`, 250)
			return err
		})
	})
	if err == nil {
		t.Error("a statement ran inside a row function")
	}
}

func stopRows(t *testing.T, u *suite) {
	err := u.s.Update(t.Context(), func(tx *store.Tx) error {
		calls := 0
		err := tx.Query(`SELECT id FROM conf`, nil, func(func(...any) error) error { calls++; return errOwn })
		if !errors.Is(err, errOwn) || calls != 1 {
			return fmt.Errorf("%d calls, %w", calls, err)
		}
		_, err = tx.Exec(insertID, 260)
		return err
	})
	if err != nil || u.rows(t, 260) != 1 {
		t.Errorf("%v", err)
	}
}

func snapshot(t *testing.T, u *suite) {
	u.must(t, `INSERT INTO conf (id, n) VALUES ($1, 1)`, 270)
	err := u.s.View(t.Context(), func(r *store.Reader) error {
		for range 3 {
			var n int64
			if err := r.One(`SELECT n FROM conf WHERE id = $1`, []any{270}, &n); err != nil {
				return err
			}
			if n != 1 {
				t.Errorf("the snapshot changed: %d", n)
			}
			u.must(t, `UPDATE conf SET n = n + 1 WHERE id = $1`, 270)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if n := u.number(t, `SELECT n FROM conf WHERE id = $1`, 270); n != 4 {
		t.Errorf("a new snapshot sees %d, want 4", n)
	}
}

func readOnly(t *testing.T, u *suite) {
	err := u.s.View(t.Context(), func(r *store.Reader) error {
		return r.Query(`INSERT INTO conf (id) VALUES ($1) RETURNING id`, []any{280}, func(func(...any) error) error { return nil })
	})
	if err == nil || u.rows(t, 280) != 0 {
		t.Error("a view wrote")
	}
}

// counters is the pattern of every message: take a number from the object's counter row, add a row that bears it. A unit that
// needs two counters takes them in a fixed order, as all code should: PostgreSQL needs a second to notice a deadlock.
func counters(t *testing.T, u *suite) {
	const writers, each, objects = 64, 20, 5
	for o := range objects {
		u.must(t, `INSERT INTO conf_seq (id, next) VALUES ($1, 0)`, o)
	}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				a := (w + i) % (objects - 1)
				err := u.s.Update(context.Background(), func(tx *store.Tx) error {
					for _, o := range []int{a, a + 1} {
						var idx int64
						if err := tx.One(`UPDATE conf_seq SET next = next + 1 WHERE id = $1 RETURNING next - 1`, []any{o}, &idx); err != nil {
							return err
						}
						if err := tx.Defer(`INSERT INTO conf_item (seq_id, idx, worker) VALUES ($1, $2, $3)`, o, idx, w); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	total := int64(0)
	for o := range objects {
		next := u.number(t, `SELECT next FROM conf_seq WHERE id = $1`, o)
		count := u.number(t, `SELECT COUNT(*) FROM conf_item WHERE seq_id = $1`, o)
		last := u.number(t, `SELECT MAX(idx) FROM conf_item WHERE seq_id = $1`, o)
		if count != next || last != next-1 {
			t.Errorf("object %d: counter %d, %d rows, highest %d", o, next, count, last)
		}
		total += count
	}
	if total != writers*each*2 {
		t.Errorf("%d rows, want %d", total, writers*each*2)
	}
}

func nextID(t *testing.T, u *suite) {
	other := u.openStore(t)
	defer other.Close()
	var mu sync.Mutex
	seen := map[int64]bool{}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			s := []*store.Store{u.s, other}[w%2]
			for range 20 {
				var ids []int64
				err := s.Update(context.Background(), func(tx *store.Tx) error {
					ids = ids[:0]
					for range 10 {
						ids = append(ids, tx.NextID())
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if !slices.IsSorted(ids) {
					t.Error("numbers do not rise within a unit")
				}
				mu.Lock()
				for _, id := range ids {
					if id <= 0 || seen[id] {
						t.Errorf("number %d came twice or is not positive", id)
					}
					seen[id] = true
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
}
