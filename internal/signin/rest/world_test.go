package rest_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/resttest"
	"parley/internal/signin"
	"parley/internal/signin/rest"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

const (
	origin   = "http://parley.example.org:8080"
	tokens   = "/iam/v1/Accounts/{account}/Tokens"
	password = "correct horse battery"
)

// world is an instance with workers, into which one can sign in.
type world struct {
	*resttest.World
	way *signin.SignIn
	log *logBuffer
}

// each runs fn in a fresh world on both engines. Its workers are agent and boss, who may also come in by the demo's buttons, mute without a
// role, and keyless, who never gets a password.
func each(t *testing.T, provider *signin.OIDC, fn func(w *world)) {
	t.Helper()
	resttest.Each(t, func(rw *resttest.World) {
		w := &world{World: rw, log: &logBuffer{}}
		w.provide()
		w.way = signin.New(signin.Options{Store: w.Store, Identity: w.Identity, Tasks: w.Tasks, AccountSID: resttest.Account, WorkspaceSID: w.Names["workspace"],
			APIKeySID: w.Names["key"], ChatServiceSID: w.Names["service"], ChatRole: w.chatRole, OIDC: provider, MarkKey: []byte("a key of this world"),
			Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		rest.Routes(w.Router, rest.Options{SignIn: w.way, Origins: []string{"https://desk.example.com"}, Demo: []string{"agent", "boss", "Ann"}, ClientIP: clientIP,
			RefreshVisitor: func(*httpapi.Request, string) (httpapi.Response, error) {
				return httpapi.OK(map[string]bool{"visitor": true})
			}})
		w.worker("boss", `{"roles":["admin","agent"]}`)
		w.worker("mute", `{}`)
		w.worker("keyless", `{"roles":["agent"]}`)
		fn(w)
	})
}

// passwords gives all but keyless the password.
func (w *world) passwords() {
	w.Helper()
	for _, name := range []string{"agent", "boss", "mute"} {
		if a := w.Do("POST", "/flex-api/v1/Parley/Workers/{"+name+"}/Password", "Password", password); a.Status != http.StatusOK {
			w.Fatalf("the password of %s: %d %s", name, a.Status, a.Body)
		}
	}
}

func (w *world) provide() {
	w.Make("service", "/chat/v2/Services", "FriendlyName", "Support")
	p := taskrouter.Provision{AccountSID: resttest.Account, WorkspaceSID: core.NewSID("WS"), WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
		WorkerSID: core.NewSID("WK"), WorkerName: "agent"}
	err := w.Store.Update(w.Context(), func(tx *store.Tx) error {
		key, err := w.Identity.CreateKeyTx(tx, identity.Key{AccountSID: resttest.Account, FriendlyName: "Default", Kind: identity.KindStandard})
		if err != nil {
			return err
		}
		w.Names["key"] = key.SID
		return w.Tasks.ProvisionTx(tx, p)
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Names["workspace"], w.Names["workflow"], w.Names["queue"], w.Names["agent"] = p.WorkspaceSID, p.WorkflowSID, p.QueueSID, p.WorkerSID
}

func (w *world) worker(name, attributes string) {
	w.Make(name, "/taskrouter/v1/Workspaces/{workspace}/Workers", "FriendlyName", name, "Attributes", attributes)
}

func (w *world) chatRole(ctx context.Context, name string) (sid string, err error) {
	svc, err := w.Chat.Service(ctx, resttest.Account, w.Names["service"])
	if err != nil {
		return "", err
	}
	err = w.Store.View(ctx, func(r *store.Reader) error {
		role, err := w.Chat.RoleByName(r, svc, chat.RoleDeployment, name)
		if err == nil {
			sid = role.SID
		}
		return err
	})
	return sid, err
}

// clientIP takes the address from a header that tests set.
func clientIP(r *http.Request) netip.Addr {
	ip, err := netip.ParseAddr(r.Header.Get("X-Test-From"))
	if err != nil {
		return netip.MustParseAddr("192.0.2.1")
	}
	return ip
}

// loginURL is the address of the login page for a page of the desktop.
func loginURL(resource string) string {
	return origin + "/preview/iam/login?" + url.Values{"resource": {resource}}.Encode()
}

// form sends the login form as a browser does, from an address.
func (w *world) form(from, resource string, values ...string) resttest.Answer {
	r := w.Request("POST", loginURL(resource), values...)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", origin)
	r.Header.Set("X-Test-From", from)
	return w.Send(r)
}

// login signs in by the demo's button and returns the address to which the browser is sent.
func (w *world) login(name string) *url.URL {
	w.Helper()
	a := w.form("192.0.2.1", origin+"/desktop/", "demo", name)
	to, err := url.Parse(a.Header.Get("Location"))
	if a.Status != http.StatusSeeOther || err != nil {
		w.Fatalf("%s could not sign in: %d %s", name, a.Status, a.Body)
	}
	return to
}

// query is what the address has to which an answer sends the browser.
func (w *world) query(a resttest.Answer) url.Values {
	w.Helper()
	to, err := url.Parse(a.Header.Get("Location"))
	if a.Status != http.StatusSeeOther || err != nil {
		w.Fatalf("no way on: %d %s", a.Status, a.Body)
	}
	return to.Query()
}

// token signs in and returns the token.
func (w *world) token(name string) string {
	w.Helper()
	return w.login(name).Query().Get("Token")
}

// json posts a JSON body without credentials.
func (w *world) json(target, body string) resttest.Answer {
	r := w.RequestBody("POST", target, w.Expand(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "")
	return w.Send(r)
}

// about posts a token to one of the token's operations.
func (w *world) about(operation, token string) resttest.Answer {
	return w.json(tokens+"/"+operation, `{"token":"`+token+`"}`)
}

// left is how long it is until a time that an answer told.
func (w *world) left(until string) time.Duration {
	w.Helper()
	at, err := time.Parse(time.RFC3339, until)
	if err != nil {
		w.Fatal(err)
	}
	return at.Sub(time.UnixMicro(w.Store.Now()))
}

// logBuffer is a log that a test reads.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// has reports whether the log holds a text.
func (l *logBuffer) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}
