package main

import (
	"strings"
	"testing"
)

func TestWorkerPassword(t *testing.T) {
	data := t.TempDir()
	if r := parley(t, "migrate", "--data", data); r.code != 0 {
		t.Fatalf("migrate: %+v", r)
	}
	made := parley(t, "worker", "password", "Agent", "--data", data)
	again := parley(t, "worker", "password", "agent", "--data", data)
	if made.code != 0 || len(strings.TrimSpace(made.stdout)) < 16 || strings.Count(made.stdout, "\n") != 1 || again.stdout == made.stdout {
		t.Errorf("made passwords %+v, %+v", made, again)
	}
	for _, c := range []struct {
		name, stdin    string
		args           []string
		code           int
		stdout, stderr string // parts
	}{
		{"given", "correct horse\n", []string{"agent", "--stdin"}, 0, "The password of agent is set.\n", ""},
		{"given without an end of line", "correct horse", []string{"agent", "--stdin"}, 0, "is set", ""},
		{"nothing on standard input", "", []string{"agent", "--stdin"}, 1, "", "no password"},
		{"too short", "short\n", []string{"agent", "--stdin"}, 1, "", "at least 10 characters"},
		{"nobody", "", []string{"nobody"}, 1, "", `no worker "nobody"`},
		{"no name", "", nil, 2, "", "<name>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parleyWith(t, c.stdin, append([]string{"worker", "password", "--data", data}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) || strings.Contains(r.stdout+r.stderr, "correct") {
				t.Errorf("%+v", r)
			}
		})
	}
}
