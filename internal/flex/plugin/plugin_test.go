package plugin

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAll(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.js", "a plugin.js", ".hidden.js", "a.css", "a.js.map", "folder.js/x"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	asked := map[string]bool{}
	served := map[string]bool{Transfer: true, Files: true, "/plugins/b.js": true, "/plugins/a%20plugin.js": true}
	l := New(Options{Shipped: []string{Transfer, Files}, Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Addresses: []string{"/plugins/gone.js", "https://cdn.example.org/b.js?v=2", "https://cdn.example.org/survey/1.2/bundle.js", "http://x.example.org/", "https://cdn.example.org/desktop/c.js"},
		Exists:    func(path string) bool { asked[path] = true; return served[path] }})
	want := []Plugin{
		{"parley-transfer", Transfer}, {"parley-files", Files}, {"a plugin", "/plugins/a%20plugin.js"}, {"b", "/plugins/b.js"},
		{"b-2", "https://cdn.example.org/b.js?v=2"}, {"survey-1.2", "https://cdn.example.org/survey/1.2/bundle.js"}, {"plugin", "http://x.example.org/"},
		{"c", "https://cdn.example.org/desktop/c.js"},
	}
	for range 3 {
		if got := l.All(); !slices.Equal(got, want) {
			t.Fatalf("got %q\nwant %q", got, want)
		}
	}
	if n := strings.Count(log.String(), "gone.js"); n != 1 {
		t.Errorf("the log was told %d times: %s", n, log.String())
	}
	if len(asked) != 5 {
		t.Errorf("asked for %v", asked)
	}
	served["/plugins/gone.js"] = true
	if got := l.All(); len(got) != 9 || got[4].Src != "/plugins/gone.js" {
		t.Errorf("what came back: %q", got)
	}
	served["/plugins/gone.js"] = false
	l.All()
	if n := strings.Count(log.String(), "gone.js"); n != 2 {
		t.Errorf("the log was told %d times: %s", n, log.String())
	}
}

func TestNone(t *testing.T) {
	var log bytes.Buffer
	l := New(Options{Dir: filepath.Join(t.TempDir(), "gone"), Log: slog.New(slog.NewTextHandler(&log, nil)), Exists: func(string) bool { return false }})
	if got := l.All(); got == nil || len(got) != 0 || !strings.Contains(log.String(), "cannot be read") {
		t.Errorf("%q %s", got, log.String())
	}
	if got := New(Options{}).All(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
