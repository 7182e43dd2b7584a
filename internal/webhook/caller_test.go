package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newCaller(t *testing.T, o Options) *Caller {
	t.Helper()
	c, err := NewCaller(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// serve starts a receiver that hands each request to check and answers with status and body.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func TestPostForm(t *testing.T) {
	var got *http.Request
	var seen string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got, seen = r, "http://"+r.Host+r.RequestURI
		fmt.Fprint(w, `{"body":"x"}`)
	})
	c := newCaller(t, Options{Version: "1.2.3", AllowPrivate: true})
	form := url.Values{"Body": {"hi there", "second"}, "EventType": {"onMessageSent"}}
	r, err := c.Post(t.Context(), Request{URL: base + "/hook?a=1#frag", Form: form, AuthToken: token, IdempotencyToken: "tok-1"})
	if err != nil || r.Outcome != OK || r.Status != 200 || string(r.Body) != `{"body":"x"}` || r.Truncated {
		t.Fatalf("%+v, %v", r, err)
	}
	if got.Method != "POST" || len(got.PostForm["Body"]) != 1 || got.PostForm.Get("Body") != "hi there" {
		t.Errorf("form %v", got.PostForm)
	}
	for name, want := range map[string]string{
		"User-Agent": "Parley/1.2.3", "Accept": "*/*", "I-Twilio-Idempotency-Token": "tok-1",
		"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	params := map[string]string{}
	for k, v := range got.PostForm {
		params[k] = v[0]
	}
	if !oracle.Validate(seen, params, got.Header.Get("X-Twilio-Signature")) {
		t.Errorf("the receiver's validator refuses the signature for %s", seen)
	}
}

func TestPostGetAndBody(t *testing.T) {
	var method, seen, signature, contentType string
	var body []byte
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		method, seen = r.Method, "http://"+r.Host+r.RequestURI
		signature, contentType = r.Header.Get("X-Twilio-Signature"), r.Header.Get("Content-Type")
		body, _ = io.ReadAll(r.Body)
	})
	c := newCaller(t, Options{AllowPrivate: true})
	if _, err := c.Post(t.Context(), Request{URL: base + "?a=1", Method: "GET", Form: url.Values{"Body": {"x y"}}, AuthToken: token}); err != nil {
		t.Fatal(err)
	}
	if method != "GET" || !strings.HasSuffix(seen, "/?a=1&Body=x+y") || len(body) != 0 || contentType != "" || !oracle.Validate(seen, nil, signature) {
		t.Errorf("%s %s, body %q, type %q", method, seen, body, contentType)
	}
	if _, err := c.Post(t.Context(), Request{URL: base + "/j", Body: []byte(`{"a":1}`), ContentType: "application/json", AuthToken: token}); err != nil {
		t.Fatal(err)
	}
	if method != "POST" || contentType != "application/json" || !oracle.ValidateBody(seen, body, signature) {
		t.Errorf("%s %s, body %q, type %q", method, seen, body, contentType)
	}
}

func TestBasicAuthentication(t *testing.T) {
	var user, password string
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) { user, password, _ = r.BasicAuth() })
	c := newCaller(t, Options{AllowPrivate: true})
	if _, err := c.Post(t.Context(), Request{URL: strings.Replace(base, "http://", "http://ann:p%40ss@", 1)}); err != nil {
		t.Fatal(err)
	}
	if user != "ann" || password != "p@ss" {
		t.Errorf("user %q, password %q", user, password)
	}
}

func TestOutcomes(t *testing.T) {
	var target int
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed")
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(target)
		fmt.Fprint(w, "why")
	})
	c := newCaller(t, Options{AllowPrivate: true})
	for status, want := range map[int]Outcome{
		200: OK, 201: OK, 302: Final, 307: Final, 400: Final, 403: Final, 404: Final, 410: Final,
		408: Retry, 425: Retry, 429: Retry, 500: Retry, 502: Retry, 503: Retry, 504: Retry,
	} {
		target = status
		r, err := c.Post(t.Context(), Request{URL: base + "/s?key=hush", AuthToken: token})
		if r.Outcome != want || r.Status != status || (err == nil) != (want == OK) || string(r.Body) != "why" {
			t.Errorf("%d: %v %d %q, %v", status, r.Outcome, r.Status, r.Body, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("the query is in the error: %v", err)
		}
	}
}

func TestLongAnswerIsCut(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 32<<10)
		for range 64 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	r, err := newCaller(t, Options{AllowPrivate: true}).Post(t.Context(), Request{URL: base})
	if err != nil || len(r.Body) != MaxAnswer || !r.Truncated {
		t.Errorf("%d bytes, truncated %v, %v", len(r.Body), r.Truncated, err)
	}
}

func TestNoAnswerInTime(t *testing.T) {
	release := make(chan struct{})
	slowHead := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	slowBody := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the servers close, which wait for their handlers
	c := newCaller(t, Options{AllowPrivate: true, Timeout: 100 * time.Millisecond})
	for name, base := range map[string]string{"no head": slowHead, "no end": slowBody} {
		r, err := c.Post(t.Context(), Request{URL: base})
		if r.Outcome != Retry || !errors.Is(err, context.DeadlineExceeded) || r.Status != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestConnectionRefusedIsRetried(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	r, err := newCaller(t, Options{AllowPrivate: true}).Post(t.Context(), Request{URL: "http://user:hush@" + address + "/x?y=hush"})
	if r.Outcome != Retry || err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPrivateReceiversAreRefused(t *testing.T) {
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the receiver was called") })
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	t.Setenv("HTTP_PROXY", base) // must not be asked either
	strict := newCaller(t, Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "0x7f000001", "2130706433"} {
		r, err := strict.Post(t.Context(), Request{URL: "http://" + host + ":" + port + "/"})
		if err == nil || r.Outcome == OK {
			t.Errorf("%s: %+v, %v", host, r, err)
			continue
		}
		if _, blocked := errors.AsType[*BlockedError](err); blocked && r.Outcome != Final {
			t.Errorf("%s: a refused address must not be tried again", host)
		}
	}
	if r, err := strict.Post(t.Context(), Request{URL: base}); r.Outcome != Final {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestListedHost(t *testing.T) {
	base := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	c := newCaller(t, Options{AllowHosts: []string{"localhost"}})
	if r, err := c.Post(t.Context(), Request{URL: "http://LOCALHOST:" + port}); err != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if r, _ := c.Post(t.Context(), Request{URL: base}); r.Outcome != Final {
		t.Error("the address is open although only the name is listed")
	}
}

func TestBadRequests(t *testing.T) {
	c := newCaller(t, Options{AllowPrivate: true})
	for _, r := range []Request{
		{URL: ""}, {URL: "ftp://h/"}, {URL: "http://"}, {URL: "http://h\x7f/"}, {URL: "http://u:hush@[::1/"},
		{URL: "http://h/", Method: "PUT"}, {URL: "http://h/", Method: "GET", Body: []byte("x")},
	} {
		out, err := c.Post(t.Context(), r)
		if out.Outcome != Final || err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: %+v, %v", r, out, err)
		}
	}
}

// A receiver that hangs must not keep calls to another one waiting.
func TestDeadReceiverHurtsOnlyItself(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 2*maxConnsPerHost)
	dead := serve(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	alive := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := newCaller(t, Options{AllowPrivate: true})
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for range maxConnsPerHost + 20 {
		calls.Go(func() {
			if r, _ := c.Post(ctx, Request{URL: dead}); r.Outcome == OK {
				t.Error("the dead receiver answered")
			}
		})
	}
	for range maxConnsPerHost { // every permitted connection hangs
		<-arrived
	}
	if _, err := c.Post(t.Context(), Request{URL: alive}); err != nil {
		t.Errorf("the living receiver: %v", err)
	}
	if n := len(arrived); n > 0 {
		t.Errorf("%d connections more than permitted", n)
	}
	cancel()
	calls.Wait()
	close(release)
}
