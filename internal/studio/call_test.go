package studio_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/studio"
	"parley/internal/webhook"
)

// receiver is somebody else's server, which answers when the test says so.
type receiver struct {
	*httptest.Server
	waiting chan answer
	mu      sync.Mutex
	seen    []*http.Request
}

type answer chan func(http.ResponseWriter)

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{waiting: make(chan answer, 16)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_ = q.ParseForm()
		r.mu.Lock()
		r.seen = append(r.seen, q)
		r.mu.Unlock()
		a := make(answer)
		r.waiting <- a
		select {
		case fn := <-a:
			fn(w)
		case <-q.Context().Done():
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// hold waits for a request and returns what answers it.
func (r *receiver) hold(t *testing.T) (release func(status int, contentType, body string)) {
	t.Helper()
	select {
	case a := <-r.waiting:
		return func(status int, contentType, body string) {
			fn := func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}
			select {
			case a <- fn:
			case <-time.After(20 * time.Second):
				t.Fatal("who asked has gone")
			}
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no request came")
		return nil
	}
}

func (r *receiver) requests() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func TestRequests(t *testing.T) {
	each(t, nil, func(w *world) {
		r := newReceiver(t)
		f := w.flow(states("call", get("call", r.URL+"/hours?day=1", "yes", "no"), say("yes", "open: {{widgets.call.parsed.open}}", ""), say("no", "closed {{widgets.call.status_code}}", "")))
		w.start()
		w.write(f, anna, "hi")
		r.hold(t)(200, "application/json; charset=utf-8", `{"open":"till six"}`)
		w.saying("Bot: open: till six")
		w.write(f, anna, "hi")
		r.hold(t)(503, "text/plain", "no")
		w.saying("Bot: open: till six", "Bot: closed 503")
		for _, q := range r.requests() {
			if q.Method != "POST" || q.URL.String() != "/hours?day=1" || q.PostForm.Get("who") != "anna" || q.Header.Get("I-Twilio-Idempotency-Token") == "" || q.Header.Get("X-Twilio-Signature") != "" {
				t.Errorf("%s %s %v %v", q.Method, q.URL, q.PostForm, q.Header)
			}
		}
		w.figuring("one call well, one not", func(s studio.Stats) bool { return s.CallsOK == 1 && s.CallsFailed == 1 })
	})
}

// A server that hangs, one that sends far too much, one that is not there and one that may not be called: the flow takes its branch.
func TestBadServers(t *testing.T) {
	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		part := []byte(strings.Repeat("x", 1<<16))
		for range 1600 { // 100 MB, unless who asked goes
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}))
	defer huge.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	short := func(o *studio.Options) { o.Limits.HTTPTimeout = 300 * time.Millisecond }
	strict := func(o *studio.Options) {
		caller, err := webhook.NewCaller(webhook.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o.Caller = caller
	}
	hanging := newReceiver(t)
	for name, tt := range map[string]struct {
		url    string
		change func(o *studio.Options)
	}{
		"hangs": {hanging.URL, short}, "endless": {huge.URL, nil}, "not there": {gone.URL, nil}, "private": {huge.URL, strict},
		"metadata": {"http://169.254.169.254/latest", nil}, "no server": {"http://{{flow.variables.nothing}}/", nil},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, tt.change, func(w *world) {
				f := w.flow(states("call", get("call", tt.url, "yes", "no"), say("yes", "yes", ""), say("no", "no", "")))
				w.start()
				w.write(f, anna, "hi")
				w.saying("Bot: no")
				w.counting(1, "studio_execution WHERE NOT active")
				if n := w.count("studio_warning WHERE code BETWEEN 81014 AND 81016"); n != 1 {
					t.Errorf("%d warnings", n)
				}
			})
		})
	}
}

// An answer that comes after its execution ended changes nothing.
func TestLateAnswers(t *testing.T) {
	each(t, nil, func(w *world) {
		r := newReceiver(t)
		f := w.flow(states("call", get("call", r.URL, "yes", "yes"), say("yes", "yes", "")))
		w.start()
		e, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: anna, From: "b"})
		if err != nil {
			t.Fatal(err)
		}
		release := r.hold(t)
		if _, err := w.studio.EndExecution(t.Context(), account, f.SID, w.studio.ExecutionSID(e.ID)); err != nil {
			t.Fatal(err)
		}
		release(200, "text/plain", "")
		w.counting(0, "job")
		if got := w.said(); len(got) != 0 {
			t.Errorf("said %v", got)
		}
	})
}

// A request that a crash cut off is made again, and is known by its token.
func TestRequestsAfterACrash(t *testing.T) {
	each(t, nil, func(w *world) {
		r := newReceiver(t)
		f := w.flow(states("call", get("call", r.URL, "yes", "no"), say("yes", "yes", ""), say("no", "no", "")))
		if _, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: anna, From: "b"}); err != nil {
			t.Fatal(err)
		}
		w.start()
		r.hold(t) // and never answered
		stopped, cancel := cancelled(t)
		_ = w.runner.Stop(stopped) // at once
		cancel()
		w.newRunner()
		w.start()
		r.hold(t)(200, "text/plain", "")
		w.saying("Bot: yes")
		seen := r.requests()
		if len(seen) != 2 || seen[0].Header.Get("I-Twilio-Idempotency-Token") != seen[1].Header.Get("I-Twilio-Idempotency-Token") {
			t.Errorf("%d requests", len(seen))
		}
	})
}

// cancelled is a context that has ended.
func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}
