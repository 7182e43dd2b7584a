//go:build !unix

package server

import "parley/internal/config"

// lockData does nothing where there is no such lock.
func lockData(config.Storage) (unlock func() error, err error) {
	return func() error { return nil }, nil
}
