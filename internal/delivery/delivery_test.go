package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/twilio/twilio-go/client"

	"parley/internal/core"
	"parley/internal/delivery"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/webhook"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	other   = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	token   = "tokenoftheaccount"
)

// world is deliveries over a store, with a runner.
type world struct {
	*testing.T
	st *store.Store
	d  *delivery.Deliveries
}

func each(t *testing.T, fn func(w *world)) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := &world{T: t, st: open()}
		w.d = w.deliveries(2*time.Second, nil)
		r := jobs.NewRunner(w.st, map[string]jobs.Kind{delivery.Job: w.d.Kind()}, jobs.Options{Poll: 100 * time.Millisecond})
		for _, sid := range []string{account, other} {
			w.update(func(tx *store.Tx) error {
				_, err := tx.Exec("INSERT INTO account (sid, friendly_name, status, auth_token, secondary_token, created_at, updated_at) VALUES ($1, '', 'active', 'x', NULL, 0, 0)", sid)
				return err
			})
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := r.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		fn(w)
	})
}

// deliveries makes calls that wait for an answer so long; now is the clock of their pauses, nil the real one.
func (w *world) deliveries(timeout time.Duration, now func() time.Time) *delivery.Deliveries {
	w.Helper()
	caller, err := webhook.NewCaller(webhook.Options{AllowPrivate: true, Timeout: timeout})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(caller.Close)
	return delivery.New(delivery.Options{Store: w.st, Caller: caller, Keep: time.Hour, Now: now,
		AuthToken: func(context.Context, string) (string, error) { return token, nil }})
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.Helper()
	if err := w.st.Update(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

// post enqueues calls with the bodies first…last in one lane; the lane's numbers go on.
func (w *world) post(lane, address string, retries int64, first, last int) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		for i := first; i <= last; i++ {
			call := delivery.Call{AccountSID: account, URL: address, Method: "POST", Retries: retries,
				Params: map[string]string{"EventType": "onMessageSent", "Body": strconv.Itoa(i)}}
			if err := delivery.Enqueue(tx, lane, int64(i), call); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) list(state string) []*delivery.Failure {
	w.Helper()
	rows, err := w.d.List(w.Context(), account, state, "", 1000)
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

func (w *world) until(what string, ok func() bool) {
	w.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) { // a host that is down is left alone for up to half of it
		if time.Now().After(end) {
			w.Fatalf("waited too long for %s", what)
		}
	}
}

// receiver answers with a status and notes the bodies that it took.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	calls  int
	took   []string
	tokens map[string]bool
	retry  []string
	bad    int // signatures
}

func newReceiver(t *testing.T, status int) *receiver {
	r := &receiver{status: status, tokens: map[string]bool{}}
	check := client.NewRequestValidator(token)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_ = req.ParseForm()
		params := map[string]string{}
		for k := range req.PostForm {
			params[k] = req.PostForm.Get(k)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls++
		r.tokens[req.Header.Get("I-Twilio-Idempotency-Token")] = true
		r.retry = append(r.retry, req.Form.Get("RetryCount"))
		if !check.Validate("http://"+req.Host+req.RequestURI, params, req.Header.Get("X-Twilio-Signature")) {
			r.bad++
		}
		if r.status < 300 {
			r.took = append(r.took, req.Form.Get("Body"))
		}
		w.WriteHeader(r.status)
		if r.status == 200 {
			fmt.Fprint(w, `{"body":"new"}`)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) set(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) state() (calls int, took []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls, append([]string(nil), r.took...)
}

// TestDeadReceiver: a host that hangs costs a few calls and delays no other; what waited for it goes out when it is back.
func TestDeadReceiver(t *testing.T) {
	each(t, func(w *world) {
		hung := make(chan struct{})
		var mu sync.Mutex
		down, probes, took := true, 0, 0
		dead := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			_ = req.ParseForm()
			mu.Lock()
			probes++
			hang := down
			if !hang {
				took++
			}
			mu.Unlock()
			if hang {
				select {
				case <-req.Context().Done():
				case <-hung:
				}
			}
		}))
		defer dead.Close()
		defer close(hung)
		good := newReceiver(w.T, 204)
		const each = 200
		for i := 1; i <= each; i++ {
			w.post("", dead.URL, 3, i, i)
		}
		w.until("the host to be taken for down", func() bool { return w.d.Down() == 1 })
		mu.Lock()
		before := probes
		mu.Unlock()
		begin := time.Now()
		for i := 1; i <= each; i++ {
			w.post("", good.URL, 0, i, i)
		}
		w.until("the calls of the other host", func() bool { _, took := good.state(); return len(took) == each })
		if took := time.Since(begin); took > 30*time.Second { // one after another, the dead one's would take 50 s
			t.Errorf("beside a dead receiver %d calls took %v", each, took)
		}
		mu.Lock()
		if n := probes - before; n > 12 {
			t.Errorf("a receiver that is down was called %d times", n)
		}
		down = false
		mu.Unlock()
		w.until("what waited", func() bool { mu.Lock(); defer mu.Unlock(); return took+len(w.list(delivery.StateDead)) == each })
		if n := len(w.list(delivery.StateDead)); n != 0 {
			t.Errorf("%d calls were given up", n)
		}
	})
}

// TestLogAndReplay: a failure is in the log with what helps and no more; dead letters are called again in their order, with their tokens.
func TestLogAndReplay(t *testing.T) {
	each(t, func(w *world) {
		r := newReceiver(w.T, 500)
		address := r.URL + "/hook?key=secret"
		w.post("WH1", address, 1, 1, 3)
		w.until("three dead letters", func() bool { return len(w.list(delivery.StateDead)) == 3 })
		all := w.list("")
		f := all[2]
		if f.Event != "onMessageSent" || f.Target != r.URL+"/hook" || f.Method != "POST" || f.Failures != 2 || f.Status != 500 ||
			!strings.Contains(f.Error, "answered 500") || strings.Contains(fmt.Sprint(*f), "secret") || !r.tokens[f.IdempotencyToken()] {
			t.Errorf("the first failure is %+v", f)
		}
		if rows, err := w.d.List(t.Context(), account, "", all[0].SID, 1); err != nil || len(rows) != 1 || rows[0].SID != all[1].SID {
			t.Errorf("the page after the newest: %+v, %v", rows, err)
		}
		if rows, err := w.d.List(t.Context(), other, "", "", 10); err != nil || len(rows) != 0 {
			t.Errorf("another account sees %+v, %v", rows, err)
		}
		for _, sid := range []string{f.SID, "WD00000000000000000000000000000000", "nonsense"} {
			if _, err := w.d.Replay(t.Context(), other, sid); !core.HasCode(err, core.CodeNotFound) {
				t.Errorf("another account's replay of %s: %v", sid, err)
			}
		}
		r.set(204)
		if n, err := w.d.ReplayAll(t.Context(), account); n != 3 || err != nil {
			t.Fatalf("replayed %d, %v", n, err)
		}
		w.until("the replay", func() bool { return len(w.list(delivery.StateDelivered)) == 3 })
		if _, took := r.state(); strings.Join(took, " ") != "1 2 3" {
			t.Errorf("replayed in the order %v", took)
		}
		if len(r.tokens) != 3 || r.bad != 0 {
			t.Errorf("%d tokens, %d bad signatures", len(r.tokens), r.bad)
		}
		if _, err := w.d.Replay(t.Context(), account, f.SID); !core.HasCode(err, core.CodeConflict) {
			t.Errorf("replay of what was delivered: %v", err)
		}
		if n, err := w.d.ReplayAll(t.Context(), account); n != 0 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
	})
}

// TestClean: what is old goes, with the dead letter; what is new stays.
func TestClean(t *testing.T) {
	each(t, func(w *world) {
		r := newReceiver(w.T, 403)
		w.post("", r.URL, 0, 1, 2)
		w.until("the dead letters", func() bool { return len(w.list(delivery.StateDead)) == 2 })
		w.update(func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE webhook_failure SET updated_at = updated_at - $2 WHERE sid = $1", w.list("")[0].SID, 2*time.Hour.Microseconds())
			return err
		})
		if err := w.d.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		var letters int
		err := w.st.View(t.Context(), func(r *store.Reader) error { return r.One("SELECT count(*) FROM job", nil, &letters) })
		if rows := w.list(""); len(rows) != 1 || letters != 1 || err != nil {
			t.Errorf("%d entries and %d dead letters are left, %v", len(rows), letters, err)
		}
	})
}

// TestAsk: the answer is the last one; silence and a receiver that cannot now are asked again, an answer is not.
func TestAsk(t *testing.T) {
	each(t, func(w *world) {
		for _, row := range []struct {
			status, calls int
			state         string
		}{{200, 1, ""}, {403, 1, ""}, {500, 1, delivery.StateRefused}, {503, 3, delivery.StateRefused}, {429, 3, delivery.StateRefused}, {301, 1, delivery.StatePassed}} {
			for _, method := range []string{"GET", "POST"} {
				r := newReceiver(w.T, row.status)
				before := len(w.list(row.state))
				status, body := w.d.Ask(t.Context(), delivery.Call{AccountSID: account, URL: r.URL + "/?a=b", Method: method, Retries: 2,
					Params: url2map(url.Values{"EventType": {"onMessageSend"}, "Body": {"hé & +"}})})
				calls, _ := r.state()
				if status != row.status || calls != row.calls || len(r.tokens) != 1 || r.bad != 0 || r.retry[calls-1] != strconv.Itoa(calls-1) ||
					(row.status == 200) != (string(body) == `{"body":"new"}`) {
					t.Errorf("%s %d: answered %d %s after %d calls with %d tokens, %d bad signatures, retries %v", method, row.status, status, body, calls, len(r.tokens), r.bad, r.retry)
				}
				if row.state != "" && len(w.list(row.state)) != before+1 {
					t.Errorf("%s %d: the log does not have it as %s", method, row.status, row.state)
				}
			}
		}
		var asked atomic.Int64
		silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			asked.Add(1)
			_ = req.ParseForm() // whoever leaves is noticed only after the body was read
			<-req.Context().Done()
		}))
		defer silent.Close()
		call := delivery.Call{AccountSID: account, URL: silent.URL, Method: "POST", Retries: 1, Params: map[string]string{"EventType": "onMessageSend"}}
		begin := time.Now()
		impatient := w.deliveries(500*time.Millisecond, func() time.Time { return begin }) // no pause ends
		for range 3 {
			if status, _ := impatient.Ask(t.Context(), call); status != 0 {
				t.Errorf("silence is %d", status)
			}
		}
		before := asked.Load()
		if status, _ := impatient.Ask(t.Context(), call); status != 0 || asked.Load() != before || impatient.Down() != 1 {
			t.Errorf("a receiver that is down was asked %d times more", asked.Load()-before)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if status, _ := impatient.Ask(ctx, call); status != 0 {
			t.Errorf("who is gone got %d", status)
		}
	})
}

func url2map(v url.Values) map[string]string {
	m := map[string]string{}
	for k := range v {
		m[k] = v.Get(k)
	}
	return m
}
