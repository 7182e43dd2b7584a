package sqlite_test

import (
	"path/filepath"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
	"parley/internal/store/storetest"
)

// opener makes an empty database and returns what opens engines on it.
func opener(t testing.TB) func() store.Engine {
	path := filepath.Join(t.TempDir(), "parley.db")
	return func() store.Engine {
		e, err := sqlite.Open(path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func TestConformance(t *testing.T) { storetest.Conformance(t, opener(t)) }

func BenchmarkEngine(b *testing.B) { storetest.Benchmark(b, opener(b)) }
