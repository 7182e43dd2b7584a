package resttest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// update is the test binary's flag that writes golden files instead of comparing with them.
var update = flag.Bool("update", false, "write golden files")

// Updating reports whether golden files are to be written.
func Updating() bool { return *update }

// tidier gives SIDs numbers in the order in which they come up, so that answers of two runs, and of two engines, compare.
type tidier struct {
	numbers map[string]string
	counts  map[string]int
}

// Tidy makes an answer's text comparable: SIDs are numbered by kind, secrets are blotted out.
func (w *World) Tidy(text string) string {
	sids := regexp.MustCompile(`[A-Z]{2}[0-9a-f]{32}`)
	secrets := regexp.MustCompile(`("(?:secret|auth_token|secondary_auth_token)": ?)"[^"]*"`)
	t := &w.tidier
	if t.numbers == nil {
		t.numbers, t.counts = map[string]string{Account: Account, Other: Other}, map[string]int{}
	}
	text = sids.ReplaceAllStringFunc(text, func(sid string) string {
		if t.numbers[sid] == "" {
			kind := sid[:2]
			t.counts[kind]++
			t.numbers[sid] = fmt.Sprintf("%s%032d", kind, t.counts[kind])
		}
		return t.numbers[sid]
	})
	return secrets.ReplaceAllString(text, `$1"…"`)
}

// Golden compares an answer's JSON with the file of that name in testdata, or writes the file under -update.
func (w *World) Golden(name string, body []byte) {
	w.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		w.Errorf("%s: the answer is not JSON: %v: %s", name, err, body)
		return
	}
	got := w.Tidy(pretty.String()) + "\n"
	path := filepath.Join("testdata", filepath.FromSlash(name)+".json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			w.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		w.Errorf("%s: %v (run with -update to write it, and read what it says)", name, err)
		return
	}
	if got != string(want) {
		w.Errorf("%s: the answer differs from %s (run with -update if that is right):\n%s", name, path, difference(string(want), got))
	}
}

// difference shows the first lines that differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			part := func(lines []string) string {
				return strings.Join(lines[min(i, len(lines)):min(i+5, len(lines))], "\n")
			}
			return fmt.Sprintf("line %d, want:\n%s\ngot:\n%s", i+1, part(a), part(b))
		}
	}
	return ""
}
