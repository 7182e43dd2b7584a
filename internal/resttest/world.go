package resttest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/chat"
	chatrest "parley/internal/chat/rest"
	"parley/internal/core"
	"parley/internal/flex"
	flexrest "parley/internal/flex/rest"
	"parley/internal/httpapi"
	"parley/internal/identity"
	identityrest "parley/internal/identity/rest"
	"parley/internal/proxy"
	proxyrest "parley/internal/proxy/rest"
	"parley/internal/push"
	pushrest "parley/internal/push/rest"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/studio"
	studiorest "parley/internal/studio/rest"
	"parley/internal/taskrouter"
	taskrest "parley/internal/taskrouter/rest"
)

// The two accounts of every world, and their auth tokens. Nothing of Other may be seen or changed with Account's credentials.
const (
	Account    = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	Other      = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	Token      = "tokenofthefirstaccount"
	OtherToken = "tokenofthesecondaccount"
)

// base is where requests go whose URL is only a path.
const base = "http://parley.example.org:8080"

// World is the REST APIs over one empty database, with a clock that moves on by one second before each request.
type World struct {
	*testing.T
	Store    *store.Store
	Chat     *chat.Chat
	Tasks    *taskrouter.TaskRouter
	Flex     *flex.Flex
	Studio   *studio.Studio
	Proxy    *proxy.Proxy
	Identity *identity.Identity
	Router   *httpapi.Router
	Desk     *flexrest.API
	Names    map[string]string // what {name} stands for in scenarios

	now    atomic.Int64 // seconds since start
	seen   recorder
	tidier tidier
	specs  *Specs
}

// relays are those that tokens name.
var relays = identity.Relays{URLs: []string{"stun:relay.example.org", "turn:relay.example.org:3478?transport=udp"}, Secret: "shared with the relay"}

// start is the time of the first request.
func start() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC) }

// Each runs fn in a fresh world on both engines.
func Each(t *testing.T, fn func(w *World)) {
	t.Helper()
	specs := NewSpecs()
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		w := &World{T: t, Names: map[string]string{"account": Account, "other": Other}, specs: specs}
		st, err := store.Open(t.Context(), open(), store.Options{Now: w.clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		w.mount(st)
		fn(w)
	})
}

func (w *World) clock() time.Time {
	return start().Add(time.Duration(w.now.Load()) * time.Second)
}

// Pass lets time go by, in whole seconds.
func (w *World) Pass(d time.Duration) { w.now.Add(int64(d / time.Second)) }

// Auth is what the world's router authenticates with, for a test that makes a router of its own.
func (w *World) Auth() httpapi.Authenticator { return authenticator{w.Identity} }

// mount builds the use cases over a store, their routes, and the two accounts.
func (w *World) mount(st *store.Store) {
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		w.Fatal(err)
	}
	st.OnCommit(w.seen.commit)
	w.Store = st
	w.Chat = chat.New(st, codec, chat.Options{Outbox: chatOutbox{&w.seen}, HasFlow: func(r *store.Reader, accountSID, flowSID string) (bool, error) {
		return w.Studio.HasFlow(r, accountSID, flowSID)
	}})
	w.Tasks = taskrouter.New(st, codec, taskrouter.Options{Outbox: taskOutbox{&w.seen}})
	w.Identity = identity.New(st, identity.Options{Now: w.clock, Relays: relays, HasService: func(ctx context.Context, accountSID, serviceSID string) (bool, error) {
		_, err := w.Chat.Service(ctx, accountSID, serviceSID)
		return err == nil, nil
	}})
	w.Proxy = proxy.New(proxy.Options{Store: st, Chat: flex.Line{Chat: w.Chat}, Outbox: proxyOutbox{&w.seen}, Transports: map[string]string{"sms": "https://sms.example.org/out"}})
	w.Flex = flex.New(st, w.Chat, w.Tasks, w.Identity)
	w.Flex.ConductProxy(w.Proxy)
	w.Studio = studio.New(st, codec, studio.Options{AuthToken: w.Identity.AuthToken})
	w.Flex.ConductStudio(w.Studio)
	w.Router = httpapi.New(httpapi.Options{Auth: authenticator{w.Identity}})
	chatrest.Routes(w.Router, w.Chat)
	pushrest.Routes(w.Router, push.New(push.Options{Store: st}))
	taskrest.Routes(w.Router, w.Tasks)
	studiorest.Routes(w.Router, w.Studio, studiorest.Options{Auth: authenticator{w.Identity}, Admit: w.Flex.AdmitLead})
	proxyrest.Routes(w.Router, w.Proxy, proxyrest.Options{Auth: authenticator{w.Identity}, AuthToken: w.Identity.AuthToken})
	w.Desk = flexrest.New(w.Flex, flexrest.Options{Now: w.clock, Version: "test"})
	w.Desk.Routes(w.Router)
	identityrest.Routes(w.Router, w.Identity)
	err = st.Update(w.Context(), func(tx *store.Tx) error {
		if _, err := w.Identity.CreateAccountTx(tx, Account, "first", Token); err != nil {
			return err
		}
		_, err := w.Identity.CreateAccountTx(tx, Other, "second", OtherToken)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// authenticator lets the router ask identity.
type authenticator struct{ id *identity.Identity }

func (a authenticator) Basic(ctx context.Context, user, password string) (httpapi.Caller, error) {
	c, err := a.id.Basic(ctx, user, password)
	if err != nil {
		return httpapi.Caller{}, err
	}
	if c.Main {
		return httpapi.Caller{AccountSID: c.AccountSID}, nil
	}
	return httpapi.Caller{AccountSID: c.AccountSID, KeySID: c.KeySID}, nil
}

func (a authenticator) Token(ctx context.Context, jwt string) (httpapi.Caller, error) {
	t, err := a.id.Verify(ctx, jwt)
	if err != nil {
		return httpapi.Caller{}, err
	}
	return httpapi.Caller{AccountSID: t.AccountSID, KeySID: t.KeySID, Token: t}, nil
}

// Basic is the Authorization header of a user and password.
func Basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// Mint makes an access token with a key of its own.
func (w *World) Mint(c identity.Claim) string {
	w.Helper()
	if c.TTL == 0 {
		c.TTL = time.Hour
	}
	err := w.Store.Update(w.Context(), func(tx *store.Tx) error {
		key, err := w.Identity.CreateKeyTx(tx, identity.Key{AccountSID: Account, FriendlyName: c.Identity, Kind: identity.KindStandard})
		if err == nil {
			c.KeySID = key.SID
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	jwt, _, err := w.Identity.Mint(w.Context(), c)
	if err != nil {
		w.Fatal(err)
	}
	return jwt
}

// Answer is what a request was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get returns a member of the answer's JSON object by its path, such as "meta.next_page_url"; nil for what is not there.
func (a Answer) Get(path string) any {
	var v any
	if json.Unmarshal(a.Body, &v) != nil {
		return nil
	}
	for _, key := range strings.Split(path, ".") {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	return v
}

// Text is Get for a text; "" for what is not one.
func (a Answer) Text(path string) string {
	s, _ := a.Get(path).(string)
	return s
}

// Code is the code of an answer that is an error in the documented form; 0 for any other answer.
func (a Answer) Code() int {
	var e struct {
		Code     int    `json:"code"`
		Message  string `json:"message"`
		MoreInfo string `json:"more_info"`
		Status   int    `json:"status"`
	}
	if json.Unmarshal(a.Body, &e) != nil || e.Status != a.Status || e.Message == "" || e.MoreInfo == "" {
		return 0
	}
	return e.Code
}

// Send runs a request as it is, with the first account's credentials where it brings none, one second after the one before.
func (w *World) Send(r *http.Request) Answer {
	w.now.Add(1)
	if _, given := r.Header["Authorization"]; !given {
		r.Header.Set("Authorization", Basic(Account, Token))
	}
	rec := httptest.NewRecorder()
	w.Router.ServeHTTP(rec, r)
	return Answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// Request makes a request with a form of names and values; {names} in the target and in the values are replaced.
func (w *World) Request(method, target string, form ...string) *http.Request {
	return w.RequestBody(method, target, w.Encode(form...))
}

// RequestBody is Request with a body that is written out.
func (w *World) RequestBody(method, target, body string) *http.Request {
	if target = w.Expand(target); strings.HasPrefix(target, "/") {
		target = base + target
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// Do sends what Request makes.
func (w *World) Do(method, target string, form ...string) Answer {
	return w.Send(w.Request(method, target, form...))
}

// Make is Do for a creation that a test builds on: it names what was made, and ends the test if nothing was.
func (w *World) Make(name, target string, form ...string) Answer {
	w.Helper()
	a := w.Do("POST", target, form...)
	if a.Status != http.StatusCreated {
		w.Fatalf("%s could not be made: %d %s", name, a.Status, a.Body)
	}
	w.Names[name] = a.Text("sid")
	return a
}

// Encode writes names and values as a form.
func (w *World) Encode(form ...string) string {
	if len(form)%2 != 0 {
		w.Fatalf("form %q: a name without a value", form)
	}
	var b strings.Builder
	for i := 0; i < len(form); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(form[i]) + "=" + url.QueryEscape(w.Expand(form[i+1])))
	}
	return b.String()
}

// Expand replaces {names}; braces around anything else stay.
func (w *World) Expand(s string) string {
	for name, value := range w.Names {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}
