package blob_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/internal/blob"
	"parley/internal/blob/blobtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openDir(t *testing.T, path string) *blob.Dir {
	t.Helper()
	d, err := blob.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// files lists what is in the folder, by path.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDir(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		dir := filepath.Join(t.TempDir(), "media")
		t.Cleanup(func() { // whatever a test did, no partial upload is left
			for _, f := range files(t, dir) {
				if strings.Contains(f, "partial") {
					t.Errorf("left behind: %s", f)
				}
			}
		})
		return openDir(t, dir)
	})
}

func TestDirKeepsBlobsOverRestarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	d := openDir(t, dir)
	if _, err := d.Put(t.Context(), "k", strings.NewReader("text"), 10); err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	r, size, err := openDir(t, dir).Open(t.Context(), "k")
	if err != nil || size != 4 {
		t.Fatal(size, err)
	}
	_ = r.Close()
	if info, err := os.Stat(files(t, dir)[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: others on the machine must not read customers' files", info.Mode(), err)
	}
}

func TestDirSweepsLeftovers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	_ = openDir(t, dir).Close()
	old, young := filepath.Join(dir, "partial", "a.1"), filepath.Join(dir, "partial", "b.2")
	for _, f := range []string{old, young} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old, hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	openDir(t, dir)
	if left := files(t, dir); len(left) != 1 || left[0] != young {
		t.Errorf("left: %v, want only the one that another process may be writing", left)
	}
}

func TestDirDoesNotFollowLinksOut(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(t.TempDir(), "media")
	d := openDir(t, dir)
	if _, err := d.Put(t.Context(), "k", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(files(t, dir)[0])
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, folder); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(t.Context(), "k", strings.NewReader("x"), 1); err == nil || len(files(t, outside)) != 0 {
		t.Errorf("wrote outside of the folder: %v", files(t, outside))
	}
}

func TestOpenDirFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if d, err := blob.OpenDir(path); err == nil {
			_ = d.Close()
			t.Errorf("%s was opened", path)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestPutIsStreamed(t *testing.T) {
	d := openDir(t, filepath.Join(t.TempDir(), "media"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const size = 32 << 20
	if _, err := d.Put(t.Context(), "k", io.LimitReader(zeros{}, size), size); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated for a blob of %d", used, size)
	}
}

func TestSigner(t *testing.T) {
	s := blob.Signer{Key: []byte("0123456789abcdef0123456789abcdef")}
	now := time.Unix(1_700_000_000, 0)
	pass := s.Sign("ME1", now.Add(time.Minute))
	if err := s.Verify("ME1", pass, now.Add(59*time.Second)); err != nil {
		t.Error(err)
	}
	if err := s.Verify("ME1", pass, now.Add(time.Minute)); err != blob.ErrExpired {
		t.Errorf("late: %v", err)
	}
	at, mac, _ := strings.Cut(pass, ".")
	for name, c := range map[string]struct{ key, pass string }{
		"another key":    {"ME2", pass},
		"a later time":   {"ME1", "1800000000." + mac},
		"no signature":   {"ME1", at + "."},
		"half of it":     {"ME1", pass[:len(pass)-4]},
		"more than it":   {"ME1", pass + "AA"},
		"nothing":        {"ME1", ""},
		"only a time":    {"ME1", at},
		"not base64":     {"ME1", at + ".%%%"},
		"parts shifted":  {"\nME1", at[:len(at)-1] + "." + mac},
		"a plus sign":    {"ME1", "+" + pass},
		"another signer": {"ME1", blob.Signer{Key: []byte("x")}.Sign("ME1", now.Add(time.Minute))},
	} {
		if err := s.Verify(c.key, c.pass, now); err != blob.ErrBadSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
}
