// Package blobtest is the conformance suite of blob.Store: what passes it may keep media.
package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"parley/internal/blob"
)

// Run tests the store that open returns; each call of open must give an empty one.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"RoundTrip": roundTrip, "Replace": replace, "Seek": seek, "Missing": missing, "Delete": deletion, "Limit": limit,
		"BrokenUpload": brokenUpload, "Cancelled": cancelled, "BadKeys": badKeys, "Concurrent": concurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

const big = 1 << 20

func read(t *testing.T, s blob.Store, key string) []byte {
	t.Helper()
	r, size, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil || int64(len(b)) != size {
		t.Fatalf("open %s: %d bytes of %d, %v", key, len(b), size, err)
	}
	return b
}

func put(t *testing.T, s blob.Store, key, text string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(text), big); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func absent(t *testing.T, s blob.Store, key string) {
	t.Helper()
	r, _, err := s.Open(t.Context(), key)
	if err == nil {
		r.Close()
	}
	if !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open %s: %v, want ErrNotFound", key, err)
	}
}

func roundTrip(t *testing.T, s blob.Store) {
	for i, size := range []int{0, 1, 65535, 65536, 65537, 700_001} {
		want := make([]byte, size)
		_, _ = rand.Read(want)
		key := fmt.Sprintf("ME%032x", i)
		// A reader may give its last bytes together with the end.
		info, err := s.Put(t.Context(), key, iotest.DataErrReader(bytes.NewReader(want)), int64(size))
		if err != nil || info.Size != int64(size) || info.SHA256 != sha256.Sum256(want) {
			t.Fatalf("%d bytes: %+v, %v", size, info, err)
		}
		if got := read(t, s, key); !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back changed", size)
		}
	}
}

func replace(t *testing.T, s blob.Store) {
	put(t, s, "k", "a long first text")
	put(t, s, "k", "second")
	if got := read(t, s, "k"); string(got) != "second" {
		t.Errorf("got %q", got)
	}
}

func seek(t *testing.T, s blob.Store) {
	put(t, s, "k", "0123456789")
	r, _, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := r.Seek(-3, io.SeekEnd); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	if b, err := io.ReadAll(r); string(b) != "789" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func missing(t *testing.T, s blob.Store) { absent(t, s, "nothing") }

func deletion(t *testing.T, s blob.Store) {
	put(t, s, "k", "x")
	put(t, s, "other", "y")
	for range 2 {
		if err := s.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		absent(t, s, "k")
	}
	if got := read(t, s, "other"); string(got) != "y" {
		t.Errorf("got %q", got)
	}
}

func limit(t *testing.T, s blob.Store) {
	if _, err := s.Put(t.Context(), "k", strings.NewReader("12345"), 5); err != nil {
		t.Fatalf("exactly the limit: %v", err)
	}
	_, err := s.Put(t.Context(), "new", io.LimitReader(rand.Reader, 200_000), 199_999)
	if !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	absent(t, s, "new")
	if _, err := s.Put(t.Context(), "k", strings.NewReader("123456"), 5); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if got := read(t, s, "k"); string(got) != "12345" {
		t.Errorf("what was there is now %q", got)
	}
}

func brokenUpload(t *testing.T, s blob.Store) {
	broken := errors.New("the line went dead")
	reader := func() io.Reader {
		return io.MultiReader(io.LimitReader(rand.Reader, 100_000), iotest.ErrReader(broken))
	}
	put(t, s, "k", "old")
	for _, key := range []string{"k", "new"} {
		if _, err := s.Put(t.Context(), key, reader(), big); !errors.Is(err, broken) {
			t.Errorf("got %v, want the reader's error", err)
		}
	}
	absent(t, s, "new")
	if got := read(t, s, "k"); string(got) != "old" {
		t.Errorf("what was there is now %q", got)
	}
}

func cancelled(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	first := true
	r := readerFunc(func(p []byte) (int, error) {
		if !first {
			cancel()
		}
		first = false
		return len(p), nil // without end: only the context can stop it
	})
	if _, err := s.Put(ctx, "k", r, 1<<40); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	absent(t, s, "k")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func badKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{"", ".", "..", "../x", "a/b", "/etc/passwd", "a\x00b", "a.b", "ä", "a b", strings.Repeat("a", 129)} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x"), big); !errors.Is(err, blob.ErrBadKey) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrBadKey) {
			t.Errorf("open %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, blob.ErrBadKey) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}

// concurrent: of several writers one wins whole, and readers see no mixture.
func concurrent(t *testing.T, s blob.Store) {
	put(t, s, "k", strings.Repeat("0", 100_000))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 5 {
				if _, err := s.Put(t.Context(), "k", strings.NewReader(strings.Repeat(string(rune('a'+i)), 100_000)), big); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				r, _, err := s.Open(t.Context(), "k")
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(r)
				r.Close()
				if err != nil || len(b) != 100_000 || strings.Count(string(b), string(b[0])) != len(b) {
					t.Errorf("a mixture of %d bytes, %v", len(b), err)
				}
			}
		})
	}
	wg.Wait()
}
