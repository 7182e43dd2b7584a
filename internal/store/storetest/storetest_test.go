package storetest

import (
	"testing"

	"parley/internal/store"
)

func TestEach(t *testing.T) {
	Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		if err := a.Update(t.Context(), func(tx *store.Tx) error {
			tx.NextID()
			_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2)`, "a", "b")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := b.View(t.Context(), func(r *store.Reader) error {
			var v string
			return r.One(`SELECT value FROM setting WHERE name = $1`, []any{"a"}, &v)
		}); err != nil {
			t.Fatal(err)
		}
	})
}
