package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
)

func open(t *testing.T, path string) store.Engine {
	t.Helper()
	e, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	if err := e.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "data %41?#") // characters that mean something in an address
	e := open(t, filepath.Join(folder, "parley.db"))
	err := e.Write(t.Context(), func(c store.Conn) error { _, err := c.Exec(`DELETE FROM node`); return err })
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		"": 0o700, "parley.db": 0o600, "parley.db-wal": 0o600, "parley.db-shm": 0o600,
	} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %o, want %o", name, got, want)
		}
	}
}

func TestGoexitDoesNotStopTheWriter(t *testing.T) {
	e := open(t, filepath.Join(t.TempDir(), "parley.db"))
	for range 3 {
		if err := e.Write(t.Context(), func(store.Conn) error { runtime.Goexit(); return nil }); err == nil {
			t.Fatal("no error")
		}
	}
	if err := e.Write(t.Context(), func(store.Conn) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// Two engines on one file, as the running server and a command beside it.
func TestTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	engines := []store.Engine{open(t, path), open(t, path)}
	const each = 50
	var all sync.WaitGroup
	for i, e := range engines {
		for n := range each {
			all.Go(func() {
				err := e.Write(t.Context(), func(c store.Conn) error {
					_, err := c.Exec(`INSERT INTO node (id, name, seen_at) VALUES ($1, $2, 0)`, i*each+n, "n")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	var n int
	for _, e := range engines {
		err := e.Read(t.Context(), func(c store.Conn) error {
			return c.Query(`SELECT COUNT(*) FROM node`, nil, func(scan func(...any) error) error { return scan(&n) })
		})
		if err != nil || n != 2*each {
			t.Errorf("%d rows, %v", n, err)
		}
	}
}

func TestOpenErrorsAreClear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	if err := os.WriteFile(path, []byte("this is not a database, though it is long enough to look at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(path, sqlite.Options{}); err == nil {
		t.Error("a file that is no database was opened")
	}
	if _, err := sqlite.Open(filepath.Join(path, "below"), sqlite.Options{}); err == nil || errors.Is(err, os.ErrExist) {
		t.Errorf("a path below a file: %v", err)
	}
}
