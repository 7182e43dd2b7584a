package syncapi_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
	"parley/internal/store/storetest"
	"parley/internal/twilsock"
	"parley/internal/twilsock/socktest"
)

// target lets a client that was made for all of a fuzz test work inside its target.
type target struct{ *testing.F }

// Helper does nothing: F's own must not be called there.
func (target) Helper() {}

// FuzzPoke: whatever a client pokes with is answered, and the connection lives. Every frame that it causes is checked by the
// client: it must be JSON.
func FuzzPoke(f *testing.F) {
	engine, err := sqlite.Open(filepath.Join(f.TempDir(), "parley.db"), sqlite.Options{})
	if err != nil {
		f.Fatal(err)
	}
	st, err := store.Open(f.Context(), engine, store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = st.Close() })
	w := socktest.New(target{f}, st, nil)
	ch := w.Channel("public", "ann")
	w.Say(ch, "ann", "hello")
	c := w.Dial("ann")
	d := c.Do("GET", "/v3/Lists/"+ch.SID+".messages", nil)
	sid, _ := d.Body["sid"].(string)
	session := c.Do("POST", "/v3/Lists", map[string]any{"purpose": "com.twilio.rtd.ipmsg"})
	own, _ := session.Body["sid"].(string)
	if sid == "" || own == "" {
		f.Fatalf("opened %v and %v", d, session)
	}
	for _, seed := range []string{
		``, `null`, `[]`, `{}`, `{`, `"x"`, "\x00", `{"action":"establish"}`, `{"action":"establish","correlation_id":1}`, `{"action":"fly","correlation_id":1}`,
		`{"action":"establish","correlation_id":1.5,"requests":[]}`, `{"action":"establish","correlation_id":"7","requests":[]}`,
		`{"action":"establish","correlation_id":99999999999999999999,"requests":[]}`, `{"action":"establish","correlation_id":-1,"requests":null,"event_protocol_version":-9}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"` + sid + `","object_type":"list","last_event_id":0},{"object_sid":"` + sid + `","object_type":"list","last_event_id":0}]}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"` + sid + `","object_type":"map","last_event_id":-9223372036854775808}]}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"` + sid + `","object_type":"list","last_event_id":9223372036854775807}]}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"` + sid + `","object_type":"list","last_event_id":9223372036854775808}]}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"` + own + `","object_type":"list","last_event_id":null}]}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"` + own + `","object_type":"list","last_event_id":-1}]}`,
		`{"action":"establish","correlation_id":1,"requests":[{"object_sid":"€\"` + "\xff" + `","object_type":"` + strings.Repeat("€", 40) + `"}]}`,
		`{"action":"cancel","correlation_id":1,"requests":[{"object_sid":"` + sid + `","object_type":"list"},{"object_sid":"","object_type":"\u0000"},{}]}`,
		`{"action":"establish","correlation_id":1,"requests":[` + strings.Repeat(`{},`, 1000) + `{}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := c.Do("POST", "/v4/Subscriptions", body)
		if got.Status != 202 && (got.Status != 400 || got.Code() == 0) {
			t.Errorf("%q is answered %d %v", body, got.Status, got.Body)
		}
		for len(c.Events) > 0 {
			e := c.Next()
			if got.Status != 202 || e.Payload["correlation_id"] == nil {
				t.Errorf("%q causes %v", body, e.Payload)
			}
		}
	})
}

// meanwhile is an engine that does something between a snapshot and the use of what was read from it, once, in the next
// tunnelled poke.
type meanwhile struct {
	store.Engine
	do atomic.Pointer[func()]
}

func (m *meanwhile) Read(ctx context.Context, fn func(store.Conn) error) error {
	err := m.Engine.Read(ctx, fn)
	if twilsock.ConnOf(ctx) != nil {
		if do := m.do.Swap(nil); do != nil {
			(*do)()
		}
	}
	return err
}

// TestGoneWhileSubscribing: who is put out, or whose channel is deleted, after the snapshot that still showed it, is
// told so at once, of every object.
func TestGoneWhileSubscribing(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		engine := &meanwhile{Engine: open()}
		st, err := store.Open(t.Context(), engine, store.Options{})
		ok(t, err)
		t.Cleanup(func() { _ = st.Close() })
		w := socktest.New(t, st, nil)
		for _, c := range []struct {
			name string
			do   func(sid string) error
		}{
			{"deleted", func(sid string) error { return w.Chat.DeleteChannel(t.Context(), w.API, sid) }},
			{"put out", func(sid string) error { return w.Chat.RemoveMember(t.Context(), w.API, sid, "bob") }},
		} {
			ch := w.Channel("private", "ann", "bob")
			w.Say(ch, "ann", "hello")
			bob := w.Dial("bob")
			var items []item
			for _, name := range []string{"/v3/Documents/" + ch.SID + ".channel", "/v3/Lists/" + ch.SID + ".messages", "/v3/Maps/" + ch.SID + ".roster"} {
				d := bob.Do("GET", name, nil)
				items = append(items, item{d.Body["sid"].(string), d.Body["type"].(string), 0})
			}
			do := func() { ok(t, c.do(ch.SID)) }
			engine.do.Store(&do)
			bob.Do("POST", "/v4/Subscriptions", poke(9, items...))
			told := map[string]bool{}
			for len(told) < len(items) {
				e := bob.Next()
				switch e.Name() {
				case "subscription_failed":
					if text, _ := e.Body()["error"].(map[string]any); text["status"] != 404. {
						t.Errorf("%s: refused with %v", c.name, e.Payload)
					}
					told[e.Text("object_sid")] = true
				case "list_removed", "map_removed": // what was read is shown, and then its end
					told[e.Text("list_sid")+e.Text("map_sid")] = true
				}
			}
			if c.name == "put out" { // and nothing that is said from then on
				w.Say(ch, "ann", "secret")
				bob.Quiet()
			}
			if engine.do.Load() != nil {
				t.Errorf("%s: no snapshot was taken", c.name)
			}
		}
	})
}
