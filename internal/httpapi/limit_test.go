package httpapi

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/identity"
)

// limited is a router that serves each API key twice and each identity once in a second, and ten times as often at once.
func limited(t *testing.T) (*Router, map[string]int) {
	t.Helper()
	refused := map[string]int{}
	rt := New(Options{Auth: fakeAuth{}, KeyRate: 2, IdentityRate: 1, Refused: func(kind string) { refused[kind]++ }})
	ok := func(*Request) (Response, error) { return NoContent() }
	rt.Handle("chat", "GET /v2/Things", Account, ok)
	rt.Handle("chat", "GET /v2/Open", Public, ok)
	rt.Handle("chat", "GET /v2/Own", Public, func(r *Request) (Response, error) {
		if err := r.Admit(Caller{AccountSID: "AC1", Token: &identity.Token{Identity: "ann"}}); err != nil {
			return Response{}, err
		}
		return NoContent()
	})
	rt.Handle(Socket, "GET /v1/Things", Token, ok)
	return rt, refused
}

// burst asks until it is refused, at most 50 times, and returns how often it was served and the time to wait.
func burst(ask func() (int, string)) (served int, wait string) {
	for served < 50 {
		status, after := ask()
		if status == 429 {
			return served, after
		}
		served++
	}
	return served, ""
}

func TestLimits(t *testing.T) {
	rt, refused := limited(t)
	begin := time.Now()
	get := func(path string) func() (int, string) {
		return func() (int, string) {
			r, w := httptest.NewRequest("GET", "http://h/chat"+path, nil), httptest.NewRecorder()
			r.SetBasicAuth("AC1", "secret")
			rt.ServeHTTP(w, r)
			return w.Code, w.Header().Get("Retry-After")
		}
	}
	tunnel := func(name string) func() (int, string) {
		return func() (int, string) {
			got := rt.Tunnel(context.Background(), Caller{AccountSID: "AC1", Token: &identity.Token{Identity: name}}, Base{}, httptest.NewRequest("GET", "/v1/Things", nil))
			return got.Status, got.Header.Get("Retry-After")
		}
	}
	for _, tt := range []struct {
		name   string
		ask    func() (int, string)
		served int
	}{
		{"the account's token", get("/v2/Things"), 20},
		{"a user's sockets", tunnel("ann"), 10},
		{"the same user by another way", get("/v2/Own"), 0},
		{"another user", tunnel("bob"), 10},
		{"nobody", get("/v2/Open"), 50},
	} {
		served, wait := burst(tt.ask)
		more := int(2 * time.Since(begin).Seconds()) // may have been served where the test itself was slow
		if served < tt.served || served > tt.served+more || tt.served < 50 && wait != "1" {
			t.Errorf("%s: served %d times, then wait %q; want %d", tt.name, served, wait, tt.served)
		}
	}
	if refused[KindKey] != 1 || refused[KindIdentity] != 3 {
		t.Errorf("told of %v", refused)
	}
}

func TestLimitsOff(t *testing.T) {
	l := newLimits(Options{})
	for range 100_000 {
		if err := l.admit(Caller{AccountSID: "AC1"}, time.Unix(1000, 0)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLimitsTellAccountsApart(t *testing.T) {
	l := newLimits(Options{IdentityRate: 1, Refused: func(string) {}})
	for range burstSeconds {
		if err := l.admit(Caller{AccountSID: "AC1", Token: &identity.Token{Identity: "ann"}}, time.Unix(1000, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.admit(Caller{AccountSID: "AC1", Token: &identity.Token{Identity: "ann"}}, time.Unix(1000, 0)); !core.HasCode(err, core.CodeTooManyRequests) {
		t.Errorf("%v", err)
	}
	if err := l.admit(Caller{AccountSID: "AC2", Token: &identity.Token{Identity: "ann"}}, time.Unix(1000, 0)); err != nil {
		t.Errorf("an identity of another account pays: %v", err)
	}
}
