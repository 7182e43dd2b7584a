package postgres_test

import (
	"context"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/postgres"
	"parley/internal/store/storetest"
)

// opener makes an empty database and returns what opens engines on it.
func opener(t testing.TB) func() store.Engine {
	address := storetest.Postgres(t)
	return func() store.Engine {
		e, err := postgres.Open(context.Background(), address, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func TestConformance(t *testing.T) { storetest.Conformance(t, opener(t)) }

func BenchmarkEngine(b *testing.B) { storetest.Benchmark(b, opener(b)) }
