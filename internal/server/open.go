package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"parley/internal/config"
	"parley/internal/store"
	"parley/internal/store/engine/postgres"
	"parley/internal/store/engine/sqlite"
)

// storeFile is the embedded store's file in the data folder.
const storeFile = "parley.db"

// OpenStore opens the store that the configuration names and brings its schema up to date. It makes an embedded store that is
// not there yet.
func OpenStore(ctx context.Context, c config.Storage, log *slog.Logger) (*store.Store, error) {
	return openStore(ctx, c, log, nil)
}

// OpenExisting is OpenStore for commands that work beside a server: it does not make an embedded store.
func OpenExisting(ctx context.Context, c config.Storage, log *slog.Logger) (*store.Store, error) {
	if c.DatabaseURL == "" {
		path := filepath.Join(c.Data, storeFile)
		switch _, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("there is no store under %s yet; start 'parley serve --data %s' or run 'parley migrate --data %s' first, or name another folder with --data", c.Data, c.Data, c.Data)
		case err != nil:
			return nil, err
		}
	}
	return OpenStore(ctx, c, log)
}

func openStore(ctx context.Context, c config.Storage, log *slog.Logger, m *storeMetrics) (*store.Store, error) {
	engine, err := openEngine(ctx, c, log, m)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, engine, store.Options{Log: log})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return st, nil
}

func openEngine(ctx context.Context, c config.Storage, log *slog.Logger, m *storeMetrics) (engine store.Engine, err error) {
	if c.DatabaseURL != "" {
		engine, err = postgres.Open(ctx, c.DatabaseURL.Reveal(), postgres.Options{Log: log})
	} else {
		o := sqlite.Options{Log: log}
		if m != nil {
			o.OnBatch = m.batch
		}
		engine, err = sqlite.Open(filepath.Join(c.Data, storeFile), o)
	}
	if err == nil && m != nil {
		engine = &measured{engine, m}
	}
	return engine, err
}

// storeKind names the engine for logs.
func storeKind(c config.Storage) string {
	if c.DatabaseURL != "" {
		return "postgres"
	}
	return "sqlite"
}

// measured is an engine whose transactions are timed, waiting included.
type measured struct {
	store.Engine
	m *storeMetrics
}

// Write implements store.Engine.
func (e *measured) Write(ctx context.Context, fn func(store.Conn) error) error {
	start := time.Now()
	err := e.Engine.Write(ctx, fn)
	e.m.writes.Observe(time.Since(start).Seconds())
	return err
}

// Read implements store.Engine.
func (e *measured) Read(ctx context.Context, fn func(store.Conn) error) error {
	start := time.Now()
	err := e.Engine.Read(ctx, fn)
	e.m.reads.Observe(time.Since(start).Seconds())
	return err
}
