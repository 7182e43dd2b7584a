package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // goose speaks database/sql

	"parley/internal/store/migrations"
)

// Migrate implements store.Engine. Where two processes start on a new file at once, the one that comes second fails at a
// table that exists, tries again and finds everything done: each step is one transaction that takes the write lock first.
func (e *Engine) Migrate(ctx context.Context) error {
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: e.path}).EscapedPath()}).String() +
		fmt.Sprintf("?_txlock=immediate&_pragma=busy_timeout(%d)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)", busyTimeout.Milliseconds())
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer db.Close()
	for attempt := 1; ; attempt++ {
		err = migrations.Up(ctx, db, goose.DialectSQLite3, "INTEGER PRIMARY KEY")
		if err == nil || attempt == 5 || ctx.Err() != nil {
			return err
		}
	}
}
