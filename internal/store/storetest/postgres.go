package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const defaultPostgres = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"

// Postgres makes an empty database on the server that the environment names (PARLEY_TEST_POSTGRES) and returns its address;
// it is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("PARLEY_TEST_POSTGRES")
	if server == "" {
		server = defaultPostgres
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal("PARLEY_TEST_POSTGRES must have the form postgres://user@host:port/name")
	}
	name := "parley_test_" + strings.ToLower(rand.Text()[:16])
	admin(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	address.Path = "/" + name
	return address.String()
}

func admin(t testing.TB, server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("tests need a PostgreSQL server; name it in PARLEY_TEST_POSTGRES (default %s): %v", defaultPostgres, err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}
