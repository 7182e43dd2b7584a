package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
)

// What callers must tell apart. Any other error is a fault of the storage, or the one of Put's reader.
var (
	ErrNotFound = errors.New("blob: not found")
	ErrTooLarge = errors.New("blob: larger than the limit")
	ErrBadKey   = errors.New("blob: key is not 1 to 128 letters, digits, - or _")
)

// Info is what Put learned of the bytes that went through.
type Info struct {
	Size   int64 // in bytes
	SHA256 [sha256.Size]byte
}

// Store keeps blobs under keys of letters, digits, - and _. Its methods may be called by several goroutines, and those
// of several processes on one storage do not disturb each other. The conformance suite is package blobtest.
type Store interface {
	// Put stores what r gives, replacing what was under the key. More than limit bytes are ErrTooLarge.
	Put(ctx context.Context, key string, r io.Reader, limit int64) (Info, error)
	// Open gives the bytes and their number. The caller closes it.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Delete removes a blob. To delete what is not there is no error.
	Delete(ctx context.Context, key string) error
}

func checkKey(key string) error {
	if len(key) == 0 || len(key) > 128 {
		return ErrBadKey
	}
	for _, c := range []byte(key) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_') {
			return ErrBadKey
		}
	}
	return nil
}
