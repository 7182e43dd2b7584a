package chat

import (
	"context"
	"sync"
	"testing"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

const testAccount = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// world is a chat with one service, on one engine.
type world struct {
	*testing.T
	st     *store.Store
	chat   *Chat
	svc    *Service
	api    Actor // a server
	outbox *memoryOutbox

	mu      sync.Mutex
	changes []any
}

type memoryOutbox struct {
	mu   sync.Mutex
	sent []Delivery
}

func (o *memoryOutbox) Enqueue(tx *store.Tx, d Delivery) error {
	tx.AfterCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.sent = append(o.sent, d)
	})
	return nil
}

func (o *memoryOutbox) take() []Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}

// each runs a test in a fresh world on both engines.
func each(t *testing.T, fn func(w *world)) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) { fn(newWorld(t, open())) })
}

func testCodec(t testing.TB) *core.SIDCodec {
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func newWorld(t *testing.T, st *store.Store) *world {
	t.Helper()
	w := &world{T: t, st: st, outbox: &memoryOutbox{}}
	st.OnCommit(func(changes []any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changes = append(w.changes, changes...)
	})
	w.chat = New(st, testCodec(t), Options{Outbox: w.outbox})
	addAccount(t, st, testAccount)
	w.svc = must(w.chat.CreateService(t.Context(), NewService{AccountSID: testAccount, FriendlyName: "test"}))(t)
	w.api = Actor{Service: w.svc, Source: SourceAPI}
	return w
}

func addAccount(t testing.TB, st *store.Store, sid string) {
	t.Helper()
	err := st.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO account (sid, friendly_name, status, auth_token, secondary_token, created_at, updated_at) VALUES ($1, '', 'active', 'x', NULL, 0, 0)", sid)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func must[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) ctx() context.Context { return w.Context() }

// as is an SDK user, who is made where needed.
func (w *world) as(identity string) Actor {
	w.Helper()
	u := must(w.chat.EnsureUser(w.ctx(), w.svc, identity))(w)
	return Actor{Service: w.svc, Identity: identity, User: u, Source: SourceSDK}
}

func (w *world) channel(in NewChannel, members ...string) *Channel {
	w.Helper()
	room := must(w.chat.CreateChannel(w.ctx(), w.api, in))(w)
	for _, m := range members {
		must(w.chat.AddMember(w.ctx(), w.api, room.Channel.SID, NewMember{Identity: m}))(w)
	}
	return room.Channel
}

func (w *world) send(a Actor, sid, body string) *Message {
	w.Helper()
	return must(w.chat.SendMessage(w.ctx(), a, sid, NewMessage{Body: &body}))(w)
}

// code asserts that err is an error with a code; 0 is no error.
func (w *world) code(want int, err error) {
	w.Helper()
	if want == 0 && err == nil {
		return
	}
	if want == 0 || err == nil || core.AsError(err).Code != want {
		w.Errorf("error is %v, want code %d", err, want)
	}
}

// take returns the changes committed since the last call.
func (w *world) take() []any {
	w.mu.Lock()
	defer w.mu.Unlock()
	changes := w.changes
	w.changes = nil
	return changes
}

func (w *world) seq(ch *Channel) (s Seq) {
	w.Helper()
	err := w.st.View(w.ctx(), func(r *store.Reader) error {
		all, err := w.chat.ViewSeqs(r, []int64{ch.ID})
		s = all[ch.ID]
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func ptr[V any](v V) *V { return &v }
