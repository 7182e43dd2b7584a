package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// result is what a command printed, and its exit code.
type result struct {
	code           int
	stdout, stderr string
}

// parley runs one command in this process.
func parley(t *testing.T, args ...string) result {
	t.Helper()
	return parleyWith(t, "", args...)
}

// parleyWith is parley with something on standard input.
func parleyWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs safeBuffer
	code := run(world{t.Context(), strings.NewReader(stdin), &out, &errs}, args)
	return result{code, out.String(), errs.String()}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestCommands(t *testing.T) {
	ready, empty := t.TempDir(), filepath.Join(t.TempDir(), "nothing")
	if r := parley(t, "migrate", "--data", ready, "--account-sid", "AC"+strings.Repeat("a", 32)); r.code != 0 || !strings.Contains(r.stdout, "AC"+strings.Repeat("a", 32)) {
		t.Fatalf("migrate: %+v", r)
	}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string // part of it
		stderr string
	}{
		{"version", []string{"version"}, 0, "parley dev", ""},
		{"help", []string{"--help"}, 0, "credentials", ""},
		{"no command", nil, 2, "", "parley --help"},
		{"unknown command", []string{"dance"}, 2, "", "dance"},
		{"unknown flag", []string{"serve", "--dance"}, 2, "", "--dance"},
		{"migrate again", []string{"migrate", "--data", ready}, 0, "up to date", ""},
		{"credentials", []string{"credentials", "--data", ready}, 0, "account_sid", ""},
		{"credentials of nothing", []string{"credentials", "--data", empty}, 1, "", "there is no store under"},
		{"token", []string{"token", "--identity", "alice", "--data", ready}, 0, "eyJ", ""},
		{"token with a role", []string{"token", "--identity", "alice", "--role", "supervisor", "--ttl", "5m", "--data", ready}, 0, "eyJ", ""},
		{"token for nobody", []string{"token", "--data", ready}, 2, "", "--identity"},
		{"token with an unknown role", []string{"token", "--identity", "a", "--role", "king", "--data", ready}, 2, "", "--role"},
		{"token for too long", []string{"token", "--identity", "a", "--ttl", "48h", "--data", ready}, 1, "", "24h"},
		{"token of another service", []string{"token", "--identity", "a", "--chat-service", "IS" + strings.Repeat("0", 32), "--data", ready}, 1, "", "no chat service"},
		{"token of nothing", []string{"token", "--identity", "a", "--data", empty}, 1, "", "there is no store under"},
		{"migrate to another account", []string{"migrate", "--data", ready, "--account-sid", "AC" + strings.Repeat("b", 32)}, 1, "", "belongs to account"},
		{"all faults at once", []string{"serve", "--data", ready, "--listen", "nowhere", "--log-level", "loud"}, 2, "", "log-level"},
		{"a bad database for credentials", []string{"credentials", "--database-url", "mysql://u:hushhush@h/db"}, 2, "", "database-url"},
		{"a bad database for a token", []string{"token", "--identity", "a", "--database-url", "mysql://u:hushhush@h/db"}, 2, "", "database-url"},
		{"a bad SID for migrate", []string{"migrate", "--data", ready, "--api-key-sid", "x"}, 1, "", "api-key-sid"},
		{"a bad setting for check", []string{"check", "--listen", "x"}, 2, "", "listen"},
		{"reference", []string{"check", "--reference"}, 0, "# listen: localhost:8080", ""},
		{"check", []string{"check", "--data", empty, "--listen", "127.0.0.1:0"}, 0, "ok: the data folder", ""},
		{"check of an unreachable database", []string{"check", "--database-url", "postgres://u:hushhush@127.0.0.1:1/db", "--listen", "127.0.0.1:0"}, 1, "", "database-url"},
		{"check of an unreachable bus", []string{"check", "--database-url", "postgres://u:hushhush@127.0.0.1:1/db", "--nats-url", "nats://127.0.0.1:1", "--listen", "127.0.0.1:0"}, 1, "", "nats-url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parley(t, c.args...)
			if r.code != c.code || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) {
				t.Errorf("%+v", r)
			}
			if strings.Contains(r.stdout+r.stderr, "hushhush") {
				t.Error("a password was printed")
			}
		})
	}
}

// TestServe runs the server as the command does: it prints where to click, credentials work beside it, and it ends by its
// context, as it does by a signal.
func TestServe(t *testing.T) {
	data := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs safeBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(world{ctx, strings.NewReader(""), &out, &errs}, []string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--demo"})
	}()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "Ctrl+C"); time.Sleep(10 * time.Millisecond) {
		select {
		case code := <-ended:
			t.Fatalf("ended with %d: %s", code, errs.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("nothing was printed: %s", errs.String())
		}
	}
	r := parley(t, "credentials", "--json", "--data", data)
	var cred map[string]string
	if err := json.Unmarshal([]byte(r.stdout), &cred); err != nil || len(cred) != 14 {
		t.Fatalf("credentials: %v %+v", err, r)
	}
	for key, value := range cred {
		if value == "" {
			t.Errorf("%s is empty", key)
		}
	}
	for _, shown := range []string{cred["base_url"] + "/guide/", cred["auth_token"], cred["api_key_secret"]} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("%q is not printed: %s", shown, out.String())
		}
	}
	resp, err := http.Get(cred["base_url"] + "/readyz")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("not ready: %v %v", resp, err)
	}
	_ = resp.Body.Close()
	if r := parley(t, "serve", "--listen", "127.0.0.1:0", "--data", data); r.code != 1 || !strings.Contains(r.stderr, "another server") {
		t.Errorf("a second server: %+v", r)
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("ended with %d: %s", code, errs.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it did not stop")
	}
	if strings.Contains(errs.String(), cred["auth_token"]) {
		t.Error("the log holds the auth token")
	}
}
