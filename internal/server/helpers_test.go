package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"parley/internal/config"
	"parley/internal/server"
	"parley/internal/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

// eachStore runs a test on both stores; settings names a store of the test's own.
func eachStore(t *testing.T, fn func(t *testing.T, settings config.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, settings(t)) })
	t.Run("postgres", func(t *testing.T) {
		c := settings(t)
		c.DatabaseURL = config.DSN(storetest.Postgres(t))
		fn(t, c)
	})
}

// settings is a configuration on free ports and an empty store.
func settings(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.Listen, c.Data = "127.0.0.1:0", t.TempDir()
	return c
}

// running is a server and what a test asks of it.
type running struct {
	*server.Server
	t    *testing.T
	cred server.Credentials
	log  *logBuffer
}

// start runs a server until the test ends.
func start(t *testing.T, c config.Config) *running {
	t.Helper()
	r, err := tryStart(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tryStart(t *testing.T, c config.Config) (*running, error) {
	t.Helper()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	log := &logBuffer{}
	s, err := server.Start(t.Context(), c, server.Options{Version: "test", Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		return nil, err
	}
	r := &running{Server: s, t: t, log: log}
	t.Cleanup(r.stop)
	if r.cred, err = s.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r, nil
}

// stop ends the server; again is no error.
func (r *running) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		r.t.Errorf("stop: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// answer is an HTTP answer read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("answer %d is not JSON: %s", a.status, a.body)
	}
	return m
}

// do sends a request with the API key unless it has credentials of its own.
func (r *running) do(req *http.Request) answer {
	r.t.Helper()
	if req.Header.Get("Authorization") == "" && req.Header.Get("X-Twilio-Token") == "" {
		req.SetBasicAuth(r.cred.APIKeySID, r.cred.APIKeySecret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

func (r *running) request(method, path string, body io.Reader) *http.Request {
	r.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = r.BaseURL() + path
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	return req
}

// call makes a request with a form and wants a status.
func (r *running) call(status int, method, path string, form url.Values) map[string]any {
	r.t.Helper()
	req := r.request(method, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := r.do(req)
	if a.status != status {
		r.t.Fatalf("%s %s was answered %d, not %d: %s", method, path, a.status, status, a.body)
	}
	if len(a.body) == 0 {
		return nil
	}
	return a.json(r.t)
}

// owner makes a request with the auth token and wants a status.
func (r *running) owner(status int, method, path string, form url.Values) map[string]any {
	r.t.Helper()
	req := r.request(method, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(r.cred.AccountSID, r.cred.AuthToken)
	a := r.do(req)
	if a.status != status {
		r.t.Fatalf("%s %s was answered %d, not %d: %s", method, path, a.status, status, a.body)
	}
	if len(a.body) == 0 {
		return nil
	}
	return a.json(r.t)
}

// token mints an access token as the command line does.
func (r *running) token(c config.Config, identity string) string {
	r.t.Helper()
	st, err := server.OpenExisting(r.t.Context(), c.Storage, slog.New(slog.DiscardHandler))
	if err != nil {
		r.t.Fatal(err)
	}
	defer st.Close()
	jwt, err := server.MintToken(r.t.Context(), st, server.TokenRequest{Identity: identity, TTL: time.Hour})
	if err != nil {
		r.t.Fatal(err)
	}
	return jwt
}

// setPassword makes a worker a password as the command line does.
func (r *running) setPassword(c config.Config, worker string) string {
	r.t.Helper()
	st, err := server.OpenExisting(r.t.Context(), c.Storage, slog.New(slog.DiscardHandler))
	if err != nil {
		r.t.Fatal(err)
	}
	defer st.Close()
	password, err := server.SetPassword(r.t.Context(), st, worker, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return password
}

// until waits for something that comes about by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// startNATS runs a NATS server in this process.
func startNATS(t *testing.T) config.DSN {
	t.Helper()
	ns, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	return config.DSN(ns.ClientURL())
}

// logBuffer is a log that a test can read while others write.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
