package client_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/twilsock"
	"parley/internal/twilsock/socktest"
)

// recorder notes the statements that tunnelled requests run. What a node does by itself meanwhile has no connection, and does
// not count.
type recorder struct {
	store.Engine
	mu         sync.Mutex
	statements []string
}

func (r *recorder) Read(ctx context.Context, fn func(store.Conn) error) error {
	return r.Engine.Read(ctx, r.watched(ctx, fn))
}

func (r *recorder) Write(ctx context.Context, fn func(store.Conn) error) error {
	return r.Engine.Write(ctx, r.watched(ctx, fn))
}

func (r *recorder) watched(ctx context.Context, fn func(store.Conn) error) func(store.Conn) error {
	if twilsock.ConnOf(ctx) == nil {
		return fn
	}
	return func(c store.Conn) error { return fn(recorded{c, r}) }
}

func (r *recorder) note(sql string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = append(r.statements, sql)
}

// take returns what was noted since the last time.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.statements
	r.statements = nil
	return taken
}

type recorded struct {
	store.Conn
	r *recorder
}

func (c recorded) Query(sql string, args []any, row func(scan func(dest ...any) error) error) error {
	c.r.note(sql)
	return c.Conn.Query(sql, args, row)
}

func (c recorded) Exec(sql string, args ...any) (int64, error) {
	c.r.note(sql)
	return c.Conn.Exec(sql, args...)
}

func (c recorded) Defer(sql string, args ...any) error {
	c.r.note(sql)
	return c.Conn.Defer(sql, args...)
}

// TestConstantReads: what a request of a cold start costs the store does not depend on how many channels the user has joined.
func TestConstantReads(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		engine := &recorder{Engine: open()}
		st, err := store.Open(t.Context(), engine, store.Options{})
		ok(t, err)
		t.Cleanup(func() { _ = st.Close() })
		w := socktest.New(t, st, nil)
		first := map[string]int{} // the statements of each request, with one channel
		var channels []string
		for _, n := range []int{1, 50, 200} {
			for len(channels) < n {
				ch := w.Channel("private", "ann", "bob")
				w.Say(ch, "bob", "hello")
				channels = append(channels, ch.SID)
			}
			c := w.Dial("ann")
			base := "/v1/Services/" + w.Service.SID
			me := text(want(t, c.Do("GET", base+"/Users/ann", nil), 200), "sid")
			objects := []object{objectAt(t, c, "Maps", me+".channels"), objectAt(t, c, "Maps", me+".info")}
			for _, sid := range channels {
				objects = append(objects, objectAt(t, c, "Documents", sid+".channel"), objectAt(t, c, "Lists", sid+".messages"), objectAt(t, c, "Maps", sid+".roster"))
			}
			last := channels[n-1]
			costs := func(name string, do func() socktest.Answer, status int) {
				t.Helper()
				_, err := w.Chat.ServiceByID(t.Context(), w.Service.ID) // a service's settings are remembered for a few seconds
				ok(t, err)
				engine.take()
				want(t, do(), status)
				ran := engine.take()
				if n == 1 {
					first[name] = len(ran)
				}
				if len(ran) > 7 || len(ran) != first[name] {
					t.Errorf("%s costs %d statements with one channel, %d with %d:\n%s", name, first[name], len(ran), n, strings.Join(ran, "\n"))
				}
			}
			for _, path := range []string{
				"/Client/v1/Configuration", "/Client/v1/Services/" + w.Service.SID + "/MyConversations", base + "/SyncList", base + "/MyChannels",
				"/v3/Maps/" + me + ".channels", "/v3/Maps/" + me + ".info?Include=items", "/v3/Documents/" + last + ".channel",
				"/v3/Maps/" + me + ".channels/Items?PageSize=50&Order=asc", "/v3/Maps/" + last + ".roster/Items?PageSize=50&Order=asc",
				"/v3/Lists/" + last + ".messages/Items?PageSize=50&Order=desc",
			} {
				name := strings.ReplaceAll(path, last, "CH")
				costs(name, func() socktest.Answer { return c.Do("GET", path, nil) }, 200)
			}
			for _, since := range []any{0, 1 << 40, nil} { // all missed, nothing missed, nothing held
				for _, o := range objects {
					o["last_event_id"] = since
				}
				costs(fmt.Sprint("a poke from ", since), func() socktest.Answer {
					return c.Do("POST", "/v4/Subscriptions", object{"event_protocol_version": 3, "action": "establish", "correlation_id": 1, "requests": objects})
				}, 202)
				for confirmed := 0; confirmed < len(objects); {
					switch e := c.Next(); e.Name() {
					case "subscription_established":
						confirmed++
					case "subscription_failed":
						t.Fatalf("refused: %v", e.Payload)
					}
				}
			}
			c.Close()
		}
	})
}

// objectAt opens a Sync object, to name it in a poke.
func objectAt(t *testing.T, c *socktest.Client, family, name string) object {
	t.Helper()
	d := want(t, c.Do("GET", "/v3/"+family+"/"+name, nil), 200)
	return object{"object_sid": d["sid"], "object_type": d["type"]}
}
