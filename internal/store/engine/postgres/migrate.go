package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"parley/internal/store/migrations"
)

// migrationLock is the advisory lock that nodes starting at once take in turn; any number that is ours.
const migrationLock = 0x7061726c6579 // "parley"

// Migrate implements store.Engine.
func (e *Engine) Migrate(ctx context.Context) error {
	db := stdlib.OpenDB(*e.plain)
	defer db.Close()
	lock, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: no connection to the database: %w", err)
	}
	defer lock.Close() // and with its session the lock
	if _, err := lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() {
		_, _ = lock.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	}()
	return migrations.Up(ctx, db, goose.DialectPostgres, "BIGINT PRIMARY KEY")
}
