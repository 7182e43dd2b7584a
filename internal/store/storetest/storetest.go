package storetest

import (
	"path/filepath"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/postgres"
	"parley/internal/store/engine/sqlite"
)

// Each runs fn as a subtest on both engines. Every call of open opens a store on the test's own database: a second one is
// like a second node on PostgreSQL and a second process on SQLite. Stores are closed at the end; a test may close one earlier.
func Each(t *testing.T, fn func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	EachEngine(t, func(t *testing.T, open func() store.Engine) {
		fn(t, func() *store.Store {
			t.Helper()
			s, err := store.Open(t.Context(), open(), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		})
	})
}

// EachEngine is Each one level lower; the engines are not migrated.
func EachEngine(t *testing.T, fn func(t *testing.T, open func() store.Engine)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "parley.db")
		fn(t, func() store.Engine {
			t.Helper()
			e, err := sqlite.Open(path, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = e.Close() })
			return e
		})
	})
	t.Run("postgres", func(t *testing.T) {
		address := Postgres(t)
		fn(t, func() store.Engine {
			t.Helper()
			e, err := postgres.Open(t.Context(), address, postgres.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = e.Close() })
			return e
		})
	})
}
