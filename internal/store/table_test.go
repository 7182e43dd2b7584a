package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

type thing struct {
	a, b  int64
	name  string
	n     int
	on    bool
	data  []byte
	note  *string
	other *int64
}

var things = store.NewTableKeys("thing", 2,
	store.Col[thing]{Name: "a", Ptr: func(t *thing) any { return &t.a }},
	store.Col[thing]{Name: "b", Ptr: func(t *thing) any { return &t.b }},
	store.Col[thing]{Name: "name", Ptr: func(t *thing) any { return &t.name }},
	store.Col[thing]{Name: "n", Ptr: func(t *thing) any { return &t.n }},
	store.Col[thing]{Name: "is_on", Ptr: func(t *thing) any { return &t.on }},
	store.Col[thing]{Name: "data", Ptr: func(t *thing) any { return &t.data }},
	store.Col[thing]{Name: "note", Ptr: func(t *thing) any { return &t.note }},
	store.Col[thing]{Name: "other", Ptr: func(t *thing) any { return &t.other }},
)

func TestTable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		update := func(fn func(tx *store.Tx) error) error { t.Helper(); return s.Update(t.Context(), fn) }
		must := func(fn func(tx *store.Tx) error) {
			t.Helper()
			if err := update(fn); err != nil {
				t.Fatal(err)
			}
		}
		must(func(tx *store.Tx) error {
			_, err := tx.Exec(`CREATE TABLE thing (a BIGINT NOT NULL, b BIGINT NOT NULL, name TEXT NOT NULL, n BIGINT NOT NULL,
				is_on BOOLEAN NOT NULL, data BYTEA, note TEXT, other BIGINT, PRIMARY KEY (a, b))`)
			return err
		})
		row := thing{a: 1, b: 2, name: "first", n: 3, on: true, data: []byte{1}, note: new("note"), other: new(int64(4))}
		must(func(tx *store.Tx) error {
			return errors.Join(things.Insert(tx, &row), things.Insert(tx, &thing{a: 1, b: 3, name: "second"}), things.Insert(tx, &thing{a: 2, b: 2}))
		})
		if err := update(func(tx *store.Tx) error { return things.Insert(tx, &row) }); !errors.Is(err, store.ErrUnique) {
			t.Errorf("a second insert: %v", err)
		}
		must(func(tx *store.Tx) error {
			got, err := things.One(&tx.Reader, "WHERE a = $1 AND b = $2", int64(1), int64(2))
			if err != nil {
				return err
			}
			if got.name != "first" || got.n != 3 || !got.on || string(got.data) != "\x01" || *got.note != "note" || *got.other != 4 {
				t.Errorf("got %+v", got)
			}
			got.name, got.note = "changed", nil
			return things.Update(tx, got)
		})
		must(func(tx *store.Tx) error { return things.Delete(tx, &thing{a: 1, b: 3}) })
		err := s.View(context.Background(), func(r *store.Reader) error {
			list, args := store.In([]any{int64(1)}, []int64{2, 3})
			all, err := things.All(r, "WHERE a = $1 AND b IN "+list+" ORDER BY b", args...)
			if err == nil && (len(all) != 1 || all[0].name != "changed" || all[0].note != nil || *all[0].other != 4) {
				t.Errorf("got %+v", all)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		gone := &thing{a: 9, b: 9}
		for name, fn := range map[string]func(tx *store.Tx) error{
			"update": func(tx *store.Tx) error { return things.Update(tx, gone) },
			"delete": func(tx *store.Tx) error { return things.Delete(tx, gone) },
			"one":    func(tx *store.Tx) error { _, err := things.One(&tx.Reader, "WHERE a = $1", int64(9)); return err },
		} {
			if err := update(fn); !errors.Is(err, store.ErrNoRow) {
				t.Errorf("%s of a row that is not there: %v", name, err)
			}
		}
	})
}

// Row numbers go on over the ends of blocks, and after a reopen.
func TestNextIDCrossesBlocks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		last := int64(0)
		take := func(units, each int) {
			t.Helper()
			for range units {
				err := s.Update(t.Context(), func(tx *store.Tx) error {
					for range each {
						id := tx.NextID()
						if id <= last {
							return fmt.Errorf("%d after %d", id, last)
						}
						last = id
					}
					_, err := tx.Exec(`UPDATE setting SET value = '' WHERE name = ''`)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		take(300, 1000)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
		take(1, 10)
	})
}
