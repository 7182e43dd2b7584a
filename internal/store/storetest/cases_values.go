package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"parley/internal/store"
)

func values(t *testing.T, u *suite) {
	text, number := "a ‘quoted’ – \U0001F600 \t\n 'text' with $1 and ?1", int64(math.MinInt64)
	for i, row := range []struct {
		t *string
		n *int64
		b bool
		d []byte
	}{
		{&text, &number, true, []byte{0, 1, 0xff}},
		{nil, nil, false, nil},
		{new(string), new(int64), true, []byte{}},
		{new(strings.Repeat("ö", 100_000)), new(int64(math.MaxInt64)), false, make([]byte, 1<<20)},
	} {
		id := int64(100 + i)
		u.must(t, `INSERT INTO conf (id, t, n, b, d) VALUES ($1, $2, $3, $4, $5)`, id, row.t, row.n, row.b, row.d)
		err := u.s.View(t.Context(), func(r *store.Reader) error {
			var gotID int64
			var gotT *string
			var gotN *int64
			var gotB bool
			var gotD []byte
			if err := r.One(`SELECT id, t, n, b, d FROM conf WHERE id = $1`, []any{int(id)}, &gotID, &gotT, &gotN, &gotB, &gotD); err != nil {
				return err
			}
			if gotID != id || !equal(gotT, row.t) || !equal(gotN, row.n) || gotB != row.b || !slices.Equal(gotD, row.d) || (gotD == nil) != (row.d == nil) {
				t.Errorf("row %d came back changed", i)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	// The same placeholder twice, and placeholders out of order.
	if n := u.number(t, `SELECT COUNT(*) FROM conf WHERE id = $2 AND (n = $1 OR n = $1)`, number, 100); n != 1 {
		t.Errorf("placeholders by number: %d rows", n)
	}
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func badValues(t *testing.T, u *suite) {
	for name, arg := range map[string]any{
		"invalid UTF-8": "a\xff", "a null byte": "a\x00b", "a type outside of the contract": 1.5, "another": struct{}{},
	} {
		if err := u.exec(`INSERT INTO conf (id, t) VALUES ($1, $2)`, 110, arg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := u.exec(insertID, 110, 111); err == nil {
		t.Error("an argument too many: accepted")
	}
	if err := u.exec(`INSERT INTO conf (id) VALUES ($1), ($2)`, 110); err == nil {
		t.Error("an argument too few: accepted")
	}
	if err := u.exec(`THIS IS NOT SQL`); err == nil {
		t.Error("a statement that is not SQL: accepted")
	}
	if u.rows(t, 110) != 0 {
		t.Error("a refused row is there")
	}
}

func scanTargets(t *testing.T, u *suite) {
	u.must(t, `INSERT INTO conf (id, t, n, d) VALUES ($1, $2, $3, $4)`, 120, "text", nil, []byte("x"))
	var s string
	var n int64
	var f float64
	for name, try := range map[string]struct {
		column string
		dest   []any
	}{
		"NULL into int64": {"n", []any{&n}}, "text into int64": {"t", []any{&n}}, "float64": {"id", []any{&f}},
		"too few": {"t, n", []any{&s}}, "too many": {"t", []any{&s, &n}},
	} {
		err := u.s.View(t.Context(), func(r *store.Reader) error {
			return r.One("SELECT "+try.column+" FROM conf WHERE id = $1", []any{120}, try.dest...)
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	err := u.s.View(t.Context(), func(r *store.Reader) error { return r.One(`SELECT t FROM conf WHERE id = $1`, []any{-1}, &s) })
	if !errors.Is(err, store.ErrNoRow) {
		t.Errorf("no row: %v", err)
	}
}

// lists: one text for each length of a list, and more texts than an engine keeps prepared.
func lists(t *testing.T, u *suite) {
	err := u.s.Update(t.Context(), func(tx *store.Tx) error {
		for i := range int64(600) {
			if err := tx.Defer(`INSERT INTO conf_seq (id, next) VALUES ($1, 0)`, 130_000+i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = u.s.View(t.Context(), func(r *store.Reader) error {
		for round := range 2 {
			var ids []int64
			for i := range int64(600) {
				if i%20 == 0 {
					ids = append(ids, 130_000+i)
				}
				list, args := store.In(nil, ids)
				var n int64
				text := fmt.Sprintf(`SELECT COUNT(*) + %d FROM conf_seq WHERE id IN %s`, i, list)
				if err := r.One(text, args, &n); err != nil {
					return err
				}
				if n != i+int64(len(ids)) {
					t.Fatalf("round %d, text %d: %d", round, i, n)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
