package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

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
	engine, err := openEngine(ctx, c, log)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, engine, store.Options{Log: log})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return st, nil
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

func openEngine(ctx context.Context, c config.Storage, log *slog.Logger) (store.Engine, error) {
	if c.DatabaseURL != "" {
		return postgres.Open(ctx, c.DatabaseURL.Reveal(), postgres.Options{Log: log})
	}
	return sqlite.Open(filepath.Join(c.Data, storeFile), sqlite.Options{Log: log})
}
