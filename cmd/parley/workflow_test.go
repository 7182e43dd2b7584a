package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestWorkflowCheck(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.json", `{"task_routing":{"filters":[],"default_filter":{"queue":"Everyone"}}}`)
	faulty := file("faulty.json", `{"task_routing":{"filters":[{"expression":"a <> 'b'","targets":[{"queue":"Everyone"}]}]}}`)
	broken := file("broken.json", `{"task_routing":`)
	missing := filepath.Join(dir, "missing.json")
	findings := faulty + ":task_routing.filters[0].expression:4: it is never true: unexpected > where it should have a key, a text, a number or a list\n" +
		faulty + ":task_routing.default_filter: it is missing: a task that matches no filter leaves the workflow; name a queue for these\n"
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string // part of it
	}{
		{"nothing wrong", []string{good}, 0, "", ""},
		{"findings", []string{good, faulty}, 1, findings, "parley: findings: 2\n"},
		{"no JSON", []string{broken}, 1, broken + ": the configuration is not JSON: byte 16: unexpected end of JSON input\n", "findings: 1"},
		{"no file", []string{missing, faulty}, 1, findings, "parley: open " + missing},
		{"no argument", nil, 2, "", "<file>"},
		{"nothing wrong in JSON", []string{"--json", good}, 0, "[]\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parley(t, append([]string{"workflow", "check"}, c.args...)...)
			if r.code != c.code || r.stdout != c.stdout || !strings.Contains(r.stderr, c.stderr) {
				t.Errorf("%+v", r)
			}
		})
	}
	r := parley(t, "workflow", "check", "--json", faulty)
	var got []map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 1 || len(got) != 2 {
		t.Fatalf("%v %+v", err, r)
	}
	want := map[string]any{"file": faulty, "path": "task_routing.filters[0].expression", "column": 4.0, "code": "syntax",
		"message": "it is never true: unexpected > where it should have a key, a text, a number or a list"}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v", got[0])
	}
}
