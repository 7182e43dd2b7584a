// Package migrations holds the schema as numbered goose files, one text for both databases, and applies it.
//
// Invariants: a file that was released never changes; the token BIGKEY is the only thing in it that differs between the
// databases; each file runs in one transaction together with its version number.
package migrations

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed *.sql
var files embed.FS

// Up brings db to the newest version. bigKey is what BIGKEY means to this database. A schema that is newer than this binary
// is refused: an older binary would write rows that the newer one does not expect.
func Up(ctx context.Context, db *sql.DB, dialect goose.Dialect, bigKey string, options ...goose.ProviderOption) error {
	return up(ctx, db, dialect, keyFS{files, bigKey}, options...)
}

func up(ctx context.Context, db *sql.DB, dialect goose.Dialect, schema fs.FS, options ...goose.ProviderOption) error {
	options = append(options, goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db, schema, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("migrations: cannot read the version of the schema: %w", err)
	case current > newest:
		return fmt.Errorf("migrations: the database has schema version %d, but this program knows only up to %d; "+
			"start the newer program that wrote it, or restore a backup from before the upgrade", current, newest)
	case current == newest:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrations: from version %d to %d: %w", current, newest, err)
	}
	return nil
}

// keyFS gives the embedded files with BIGKEY written out.
type keyFS struct {
	fs.FS
	bigKey string
}

func (f keyFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || name == "." {
		return file, err
	}
	defer file.Close()
	text, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, err
	}
	text = bytes.ReplaceAll(text, []byte(" BIGKEY"), []byte(" "+f.bigKey))
	return &memFile{Reader: bytes.NewReader(text), name: name, size: int64(len(text))}, nil
}

// Glob lets goose list the files of the embedded folder.
func (f keyFS) Glob(pattern string) ([]string, error) { return fs.Glob(f.FS, pattern) }

// memFile is a file in memory.
type memFile struct {
	*bytes.Reader
	name string
	size int64
}

func (f *memFile) Close() error               { return nil }
func (f *memFile) Stat() (fs.FileInfo, error) { return memInfo{f}, nil }

// memInfo is a memFile's description; it is a type of its own because Size means another thing to bytes.Reader.
type memInfo struct{ f *memFile }

func (i memInfo) Name() string       { return i.f.name }
func (i memInfo) Size() int64        { return i.f.size }
func (i memInfo) Mode() fs.FileMode  { return 0o444 }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any           { return nil }
