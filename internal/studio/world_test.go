package studio_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/studio"
	"parley/internal/studio/machine"
	"parley/internal/webhook"
)

const account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// world is a Studio with a desk that writes down what flows do, and a clock that stands still until it is moved.
type world struct {
	*testing.T
	st     *store.Store
	studio *studio.Studio
	desk   *desk
	runner *jobs.Runner
	now    atomic.Int64 // microseconds
}

// desk keeps what flows do in a table of its own, so that it is undone with its transaction.
type desk struct {
	mu   sync.Mutex
	busy map[string]bool
	deny map[string]bool // bodies and workflows that are refused, after something was written
}

func (d *desk) write(tx *store.Tx, line string) error {
	_, err := tx.Exec(`INSERT INTO said (id, line) VALUES ($1, $2)`, tx.NextID(), line)
	return err
}

func (d *desk) refuses(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.deny[what] {
		return core.Ef(core.CodeNotFound, "%s is refused", what)
	}
	return nil
}

func (d *desk) SayTx(tx *store.Tx, _ string, m machine.Send) (map[string]any, error) {
	if err := d.write(tx, m.From+": "+m.Body); err != nil {
		return nil, err
	}
	return map[string]any{"Sid": "IM1", "Body": m.Body}, d.refuses(m.Body)
}

func (d *desk) TaskTx(tx *store.Tx, _ string, t machine.Task) (map[string]any, error) {
	if err := d.write(tx, "task "+t.Attributes); err != nil {
		return nil, err
	}
	return map[string]any{"sid": "WT1"}, d.refuses(t.Workflow)
}

func (d *desk) BusyTx(_ *store.Reader, _, channelSID string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.busy[channelSID], nil
}

func (d *desk) AddressTx(*store.Reader, string, string) (string, error)         { return "shop", nil }
func (d *desk) ChannelTx(*store.Reader, string, string, string) (string, error) { return "", nil }
func (d *desk) ListenTx(*store.Tx, string, string, string) error                { return nil }
func (d *desk) HeirTx(*store.Tx, string, string, string) (string, error)        { return "", nil }
func (d *desk) HasWorkflow(*store.Reader, string, string) (bool, error)         { return true, nil }
func (d *desk) HasTaskChannel(*store.Reader, string, string) (bool, error)      { return true, nil }

// each runs fn in a fresh world on both engines.
func each(t *testing.T, change func(o *studio.Options), fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		w := &world{T: t, desk: &desk{busy: map[string]bool{}, deny: map[string]bool{}}}
		w.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixMicro())
		st, err := store.Open(t.Context(), open(), store.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		caller, err := webhook.NewCaller(webhook.Options{AllowPrivate: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(caller.Close)
		o := studio.Options{Caller: caller, AuthToken: func(context.Context, string) (string, error) { return "secret", nil }}
		if change != nil {
			change(&o)
		}
		w.st, w.studio = st, studio.New(st, codec, o)
		w.studio.SetDesk(w.desk)
		w.newRunner()
		w.update(func(tx *store.Tx) error {
			if _, err := tx.Exec(`CREATE TABLE said (id BIGINT PRIMARY KEY, line TEXT NOT NULL)`); err != nil {
				return err
			}
			_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'test', 'active', 'x', 0, 0)`, account)
			return err
		})
		fn(w)
	})
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.Helper()
	if err := w.st.Update(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

// newRunner makes the runner, before the first change or after the one before it has stopped.
func (w *world) newRunner() {
	w.runner = jobs.NewRunner(w.st, w.studio.Jobs(), jobs.Options{Sole: true, Poll: 5 * time.Millisecond})
}

// start runs jobs from now on.
func (w *world) start() {
	w.Helper()
	if err := w.runner.Start(context.Background()); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.runner.Stop(context.Background()) })
}

func (w *world) pass(d time.Duration) { w.now.Add(d.Microseconds()) }

// flow publishes a definition.
func (w *world) flow(definition string) *studio.Flow {
	w.Helper()
	name := "flow"
	v, err := w.studio.CreateFlow(w.Context(), account, studio.FlowPatch{FriendlyName: &name, Definition: &definition, Status: studio.StatusPublished})
	if err != nil {
		w.Fatalf("%v %v", err, core.AsError(err).Details)
	}
	return v.Flow
}

// write brings a message to a flow, as chat's outbox does.
func (w *world) write(f *studio.Flow, channel, body string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		return studio.EnqueueMessage(tx, "WH"+channel, tx.NextID(), studio.Inbound{AccountSID: account, FlowSID: f.SID, ChannelSID: channel,
			Params: map[string]string{"From": "anna", "Body": body, "ChannelSid": channel, "MessageSid": "IM0", "InstanceSid": "IS0"}})
	})
}

// said is everything that flows did.
func (w *world) said() (lines []string) {
	w.Helper()
	err := w.st.View(w.Context(), func(r *store.Reader) error {
		return r.Query(`SELECT line FROM said ORDER BY id`, nil, func(scan func(...any) error) error {
			lines = append(lines, "")
			return scan(&lines[len(lines)-1])
		})
	})
	if err != nil {
		w.Fatal(err)
	}
	return lines
}

// saying waits until flows did just this.
func (w *world) saying(want ...string) {
	w.Helper()
	var got []string
	w.until("flows say "+strings.Join(want, " | "), func() bool {
		got = w.said()
		return slices.Equal(got, want)
	}, func() string { return strings.Join(got, " | ") })
}

// until polls for a condition.
func (w *world) until(what string, ok func() bool, now func() string) {
	w.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			w.Fatalf("it never came about that %s; now: %s", what, now())
		}
		<-tick.C
	}
}

func (w *world) count(of string) (n int64) {
	w.Helper()
	if err := w.st.View(w.Context(), func(r *store.Reader) error { return r.One(`SELECT COUNT(*) FROM `+of, nil, &n) }); err != nil {
		w.Fatal(err)
	}
	return n
}

// counting waits until there are so many rows.
func (w *world) counting(want int64, of string) {
	w.Helper()
	var n int64
	w.until(fmt.Sprintf("%s has %d rows", of, want), func() bool { n = w.count(of); return n == want }, func() string { return fmt.Sprint(n) })
}

// figuring waits for figures: a transaction is seen in the store a moment before it is counted.
func (w *world) figuring(what string, ok func(studio.Stats) bool) {
	w.Helper()
	w.until("the figures say "+what, func() bool { return ok(w.studio.Stats()) }, func() string { return fmt.Sprintf("%+v", w.studio.Stats()) })
}

// states writes a definition whose first widget follows the trigger.
func states(first string, widgets ...string) string {
	trigger := `{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"` + first +
		`"},{"event":"incomingRequest","next":"` + first + `"},{"event":"incomingParent","next":"` + first + `"}]}`
	return `{"initial_state":"Trigger","states":[` + strings.Join(append([]string{trigger}, widgets...), ",") + `]}`
}

func say(name, body, next string) string {
	return fmt.Sprintf(`{"name":%q,"type":"send-message","properties":{"from":"Bot","body":%q},"transitions":[{"event":"sent","next":%q},{"event":"failed","next":%q}]}`, name, body, next, next)
}

func ask(name, body, seconds, next, late string) string {
	return fmt.Sprintf(`{"name":%q,"type":"send-and-wait-for-reply","properties":{"from":"Bot","body":%q,"timeout":%q},"transitions":[{"event":"incomingMessage","next":%q},{"event":"timeout","next":%q},{"event":"deliveryFailure"}]}`,
		name, body, seconds, next, late)
}

func get(name, url, next, failed string) string {
	return fmt.Sprintf(`{"name":%q,"type":"make-http-request","properties":{"method":"POST","url":%q,"parameters":[{"key":"who","value":"{{contact.channel.address}}"}]},"transitions":[{"event":"success","next":%q},{"event":"failed","next":%q}]}`,
		name, url, next, failed)
}
