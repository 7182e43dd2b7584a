//go:build unix

package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"parley/internal/config"
)

// lockData keeps a second server from the embedded store: each would not know of the other's events. The lock ends with the
// process, however it ends. Other commands may read and write beside the server.
func lockData(c config.Storage) (unlock func() error, err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(c.Data, "parley.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another server uses the data folder %s; stop it, or name another folder with --data. Several servers over one store need PostgreSQL (--database-url)", c.Data)
		}
		return nil, err
	}
	return f.Close, nil
}
