package syncapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/bus/local"
	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/twilsock/socktest"
)

// mirror is an object as a client holds it, by the rules of the SDKs (chat-sdk-protocol §6.5): what is not newer than what it
// has is passed over; only replays move its position.
type mirror struct {
	t        *testing.T
	sid, typ string
	position int64
	items    map[string]any // data by key or index
	known    map[string]int64
	removed  bool
	added    map[string]int // how often a key came as added
}

func (m *mirror) take(e socktest.Event) {
	id := e.Number("id")
	replay := e.Type == "twilio.sync.event"
	if replay && e.Payload["strictly_ordered"] != true {
		m.t.Errorf("a replay without order: %v", e.Payload)
	}
	key := fmt.Sprint(e.Body()["item_key"])
	if e.Body()["item_index"] != nil {
		key = fmt.Sprint(e.Body()["item_index"])
	}
	switch name := e.Name(); {
	case strings.HasSuffix(name, "_item_added"), strings.HasSuffix(name, "_item_updated"):
		if m.known[key] >= id {
			break
		}
		if strings.HasSuffix(name, "_item_added") && m.known[key] == 0 {
			m.added[key]++
		}
		m.known[key], m.items[key] = id, e.Body()["item_data"]
	case strings.HasSuffix(name, "_item_removed"):
		if m.known[key] < id {
			m.known[key] = id
			delete(m.items, key)
		}
	case name == "document_updated":
		if m.known[""] < id {
			m.known[""], m.items[""] = id, e.Body()["document_data"]
		}
	case strings.HasSuffix(name, "_removed"):
		m.removed = true
	default:
		m.t.Errorf("%s: %v", name, e.Payload)
	}
	if replay {
		if id <= m.position {
			m.t.Errorf("the replay of %s goes from %d to %d", m.typ, m.position, id)
		}
		m.position = id
	}
}

// watcher is a client with its mirrors.
type watcher struct {
	t       *testing.T
	client  *socktest.Client
	objects map[string]*mirror
	asked   int
}

func watch(t *testing.T, w *socktest.World, identity string, names ...string) *watcher {
	t.Helper()
	v := &watcher{t: t, client: w.Dial(identity), objects: map[string]*mirror{}}
	for _, name := range names {
		d := v.client.Do("GET", name, nil)
		if d.Status != 200 {
			t.Fatalf("%s: %v", name, d)
		}
		m := &mirror{t: t, sid: d.Body["sid"].(string), typ: d.Body["type"].(string),
			items: map[string]any{}, known: map[string]int64{}, added: map[string]int{}}
		v.objects[m.sid] = m
		if strings.HasSuffix(name, ".info") { // its items exist without events
			full := v.client.Do("GET", name+"?Include=items", nil)
			for _, it := range full.Body["items"].([]any) {
				it := it.(map[string]any)
				m.items[it["key"].(string)], m.known[it["key"].(string)] = it["data"], int64(it["last_event_id"].(float64))
			}
			m.position = int64(full.Body["last_event_id"].(float64))
		}
	}
	return v
}

// establish subscribes all objects from where they are, and follows until all are.
func (v *watcher) establish() {
	v.t.Helper()
	v.asked++
	var items []item
	for _, m := range v.objects {
		items = append(items, item{m.sid, m.typ, m.position})
	}
	v.client.Do("POST", "/v4/Subscriptions", poke(v.asked, items...))
	for open := len(items); open > 0; {
		e := v.client.Next()
		if c := e.Payload["correlation_id"]; c != nil && c != float64(v.asked) {
			v.t.Errorf("correlation %v, want %d", c, v.asked)
		}
		if e.Name() != "subscription_established" {
			v.take(e)
			continue
		}
		m := v.objects[e.Text("object_sid")]
		if e.Text("replay_status") == "interrupted" {
			v.client.Do("POST", "/v4/Subscriptions", poke(v.asked, item{m.sid, m.typ, m.position}))
			continue
		}
		m.position = max(m.position, e.Number("last_event_id"))
		open--
	}
}

func (v *watcher) take(e socktest.Event) {
	for _, kind := range []string{"list", "map", "document"} {
		if sid := e.Text(kind + "_sid"); sid != "" {
			if m := v.objects[sid]; m != nil {
				m.take(e)
				return
			}
		}
	}
	v.t.Errorf("for nobody: %v", e.Payload)
}

// settle takes what has come. What was pushed before an answer came before it, on one node.
func (v *watcher) settle() {
	v.client.Do("GET", "/v3/Maps/none", nil)
	for len(v.client.Events) > 0 {
		v.take(v.client.Next())
	}
}

// compare reads the objects anew and checks that the mirrors show them.
func (v *watcher) compare(what string) {
	v.t.Helper()
	for _, m := range v.objects {
		d := v.client.Do("GET", map[string]string{"list": "/v3/Lists/", "map": "/v3/Maps/", "document": "/v3/Documents/"}[m.typ]+m.sid, nil)
		if d.Status == 404 {
			if !m.removed {
				v.t.Errorf("%s: the removal of a %s was not told", what, m.typ)
			}
			continue
		}
		want := map[string]any{}
		if m.typ == "document" {
			want[""] = d.Body["data"]
		} else {
			for at := d.Body["links"].(map[string]any)["items"].(string); at != ""; {
				page := v.client.Do("GET", at, nil)
				for _, it := range page.Body["items"].([]any) {
					it := it.(map[string]any)
					key := it["key"]
					if key == nil {
						key = it["index"]
					}
					want[fmt.Sprint(key)] = it["data"]
				}
				token, _ := page.Body["meta"].(map[string]any)["next_token"].(string)
				if at = ""; token != "" {
					at = d.Body["links"].(map[string]any)["items"].(string) + "?PageToken=" + token
				}
			}
		}
		if !reflect.DeepEqual(m.items, want) && len(m.items)+len(want) > 0 {
			got, _ := json.Marshal(m.items)
			text, _ := json.Marshal(want)
			v.t.Errorf("%s: a %s is %s, want %s", what, m.typ, got, text)
		}
	}
}

// act does something at random in a channel.
func act(t *testing.T, w *socktest.World, ch *chat.Channel, n int) {
	t.Helper()
	ref := fmt.Sprint(rand.IntN(n + 1))
	who := fmt.Sprint("m", rand.IntN(4))
	var err error
	switch rand.IntN(10) {
	case 0, 1, 2, 3:
		w.Say(ch, "ann", fmt.Sprint("message ", n))
	case 4:
		_, err = w.Chat.UpdateMessage(t.Context(), w.API, ch.SID, ref, chat.MessagePatch{Body: ptr(fmt.Sprint("edit ", n))})
	case 5:
		err = w.Chat.DeleteMessage(t.Context(), w.API, ch.SID, ref)
	case 6:
		_, err = w.Chat.AddMember(t.Context(), w.API, ch.SID, chat.NewMember{Identity: who})
	case 7:
		err = w.Chat.RemoveMember(t.Context(), w.API, ch.SID, who)
	case 8:
		_, err = w.Chat.UpdateChannel(t.Context(), w.API, ch.SID, chat.ChannelPatch{FriendlyName: ptr(fmt.Sprint("name ", n))})
	case 9:
		_, err = w.Chat.UpdateUserChannel(t.Context(), w.API, "ann", ch.SID, chat.UserChannelPatch{Horizon: &chat.Horizon{Index: ptr(int64(n))}})
	}
	_ = err // refusals are part of it: that member or message may not be there
}

func TestLiveAndReplay(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("private", "ann")
		names := []string{"/v3/Documents/" + ch.SID + ".channel", "/v3/Lists/" + ch.SID + ".messages", "/v3/Maps/" + ch.SID + ".roster",
			"/v3/Maps/" + userSID(t, w, "ann") + ".channels", "/v3/Maps/" + userSID(t, w, "ann") + ".info"}
		always, sometimes := watch(t, w, "ann", names...), watch(t, w, "ann", names...)
		always.establish()
		for round := range 8 {
			for i := range 30 {
				act(t, w, ch, round*30+i)
			}
			always.settle()
			always.compare("live")
			if round%3 != 2 {
				continue
			}
			// The other one was away, and comes back with what it has.
			sometimes.client.Close()
			sometimes.client = w.Dial("ann")
			sometimes.establish()
			sometimes.settle()
			sometimes.compare("replayed")
		}
		always.establish() // again, from the position of the start: nothing may come twice
		always.compare("replayed over live")
		for key, n := range always.objects[mustSID(t, always, "list")].added {
			if n != 1 {
				t.Errorf("message %s was added %d times", key, n)
			}
		}

		ok(t, w.Chat.DeleteChannel(t.Context(), w.API, ch.SID))
		always.settle()
		always.compare("deleted")
		always.asked++
		for _, m := range always.objects {
			if m.removed {
				always.client.Do("POST", "/v4/Subscriptions", poke(always.asked, item{m.sid, m.typ, m.position}))
				e := always.client.Next()
				if failed, _ := e.Body()["error"].(map[string]any); e.Name() != "subscription_failed" || failed["status"] != 404. {
					t.Errorf("a poke for what is gone: %v", e.Payload)
				}
			}
		}
	})
}

func mustSID(t *testing.T, v *watcher, typ string) string {
	t.Helper()
	for sid, m := range v.objects {
		if m.typ == typ {
			return sid
		}
	}
	t.Fatal("no " + typ)
	return ""
}

func TestReplayInParts(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann")
		v := watch(t, w, "ann", "/v3/Lists/"+ch.SID+".messages")
		for i := range 30 {
			w.Say(ch, "ann", fmt.Sprint(i))
		}
		for i := range 700 { // numbers that are all overtaken by the last edit of each
			_, err := w.Chat.UpdateMessage(t.Context(), w.API, ch.SID, fmt.Sprint(i%20), chat.MessagePatch{Body: ptr(fmt.Sprint("edit ", i))})
			ok(t, err)
		}
		for i := range 600 {
			w.Say(ch, "ann", fmt.Sprint("more ", i))
		}
		v.establish()
		if m := v.objects[mustSID(t, v, "list")]; len(m.items) != 630 {
			t.Errorf("%d messages", len(m.items))
		}
		v.compare("in parts")
		w.Say(ch, "ann", "live")
		v.settle()
		v.compare("after the parts")
	})
}

func TestLeaversHearNoMore(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		for _, kind := range []string{"public", "private"} {
			ch := w.Channel(kind, "ann", "bob")
			names := []string{"/v3/Documents/" + ch.SID + ".channel", "/v3/Lists/" + ch.SID + ".messages", "/v3/Maps/" + ch.SID + ".roster"}
			bob := watch(t, w, "bob", names...)
			bob.establish()
			bob.settle()
			ok(t, w.Chat.RemoveMember(t.Context(), w.API, ch.SID, "bob"))
			if e := bob.client.Next(); e.Name() != "map_item_removed" || e.Body()["item_data"].(map[string]any)["identity"] != "bob" {
				t.Errorf("%s: first came %v", kind, e.Payload)
			}
			w.Say(ch, "ann", "secret")
			_, err := w.Chat.AddMember(t.Context(), w.API, ch.SID, chat.NewMember{Identity: "cid"})
			ok(t, err)
			if kind == "public" { // anybody may see the document
				if e := bob.client.Next(); e.Name() != "document_updated" {
					t.Errorf("then %v", e.Payload)
				}
			}
			bob.client.Quiet()
		}
	})
}

func TestUserEvents(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ok(t, func() error {
			_, err := w.Chat.UpdateService(t.Context(), w.Service, chat.ServicePatch{Reachability: ptr(true)})
			return err
		}())
		ann := w.Dial("ann")
		v := watch(t, w, "bob", "/v3/Maps/"+userSID(t, w, "ann")+".info")
		v.establish()
		_, err := w.Chat.UpdateUser(t.Context(), w.API, "ann", chat.UserPatch{FriendlyName: ptr("Ann"), Attributes: ptr(`{"a":1}`)})
		ok(t, err)
		v.settle()
		m := v.objects[mustSID(t, v, "map")]
		for deadline := time.Now().Add(30 * time.Second); fmt.Sprint(m.items["reachability"]) != "map[notifiable:false online:true]"; v.settle() {
			if time.Now().After(deadline) {
				t.Fatalf("ann is %v", m.items)
			}
		}
		v.compare("online")
		ann.Close()
		for deadline := time.Now().Add(30 * time.Second); fmt.Sprint(m.items["reachability"]) != "map[notifiable:false online:false]"; v.settle() {
			if time.Now().After(deadline) {
				t.Fatalf("ann is %v", m.items)
			}
		}
	})
}

func TestHorizonsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann", "bob")
		w.Say(ch, "ann", "hello")
		read := func(index int64) {
			_, err := w.Chat.UpdateUserChannel(t.Context(), w.API, "ann", ch.SID, chat.UserChannelPatch{Horizon: &chat.Horizon{Index: &index}})
			ok(t, err)
		}
		for _, shown := range []bool{true, false} {
			_, err := w.Chat.UpdateService(t.Context(), w.Service, chat.ServicePatch{ReadStatus: &shown})
			ok(t, err)
			live := watch(t, w, "bob", "/v3/Maps/"+ch.SID+".roster")
			live.establish()
			read(5)
			read(0)
			replayed := watch(t, w, "bob", "/v3/Maps/"+ch.SID+".roster")
			replayed.establish()
			live.settle()
			for name, v := range map[string]*watcher{"live": live, "replayed": replayed} {
				v.compare(name)
				for _, it := range v.objects[mustSID(t, v, "map")].items {
					m := it.(map[string]any)
					if got := m["lastConsumedMessageIndex"] != nil; got != (shown && m["identity"] == "ann") {
						t.Errorf("%s, %v: %v", name, shown, m)
					}
				}
			}
		}
	})
}

// counting counts the statements that reads run.
type counting struct {
	store.Engine
	queries atomic.Int64
}

func (c *counting) Read(ctx context.Context, fn func(store.Conn) error) error {
	return c.Engine.Read(ctx, func(conn store.Conn) error { return fn(countingConn{conn, c}) })
}

type countingConn struct {
	store.Conn
	c *counting
}

func (c countingConn) Query(sql string, args []any, row func(scan func(dest ...any) error) error) error {
	c.c.queries.Add(1)
	return c.Conn.Query(sql, args, row)
}

func TestReadsDoNotGrow(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		engine := &counting{Engine: open()}
		st, err := store.Open(t.Context(), engine, store.Options{})
		ok(t, err)
		t.Cleanup(func() { _ = st.Close() })
		w := socktest.New(t, st, nil)
		cost := func(v *watcher) int64 {
			before := engine.queries.Load()
			v.establish()
			return engine.queries.Load() - before
		}
		var names []string
		var costs []int64
		for len(costs) < 2 {
			for range 2 + 30*len(costs) {
				ch := w.Channel("public", "ann")
				w.Say(ch, "ann", "hello")
				names = append(names, "/v3/Documents/"+ch.SID+".channel", "/v3/Lists/"+ch.SID+".messages", "/v3/Maps/"+ch.SID+".roster")
			}
			costs = append(costs, cost(watch(t, w, "ann", names...)))
		}
		if costs[0] != costs[1] || costs[0] > 8 {
			t.Errorf("6 objects cost %d reads, %d objects %d", costs[0], len(names), costs[1])
		}
	})
}

func TestTwoNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		exchange := local.NewExchange()
		st := open()
		here := socktest.New(t, st, exchange.Endpoint())
		there := socktest.Join(t, st, exchange.Endpoint(), here.Service)
		_ = there // commits of st publish on both nodes; the hubs drop what they have
		ch := here.Channel("public", "ann", "bob")
		v := watch(t, there, "bob", "/v3/Lists/"+ch.SID+".messages", "/v3/Maps/"+ch.SID+".roster", "/v3/Documents/"+ch.SID+".channel")
		v.establish()
		for i := range 20 {
			here.Say(ch, "ann", fmt.Sprint(i))
		}
		list := v.objects[mustSID(t, v, "list")]
		for len(list.items) < 20 {
			v.take(v.client.Next())
		}
		v.settle()
		v.compare("on the other node")
		// Typing reaches the other node, and nobody else.
		ann, cid := here.Dial("ann"), there.Dial("cid")
		if got := ann.Do("POST", "/v1/typing", "ChannelSid="+ch.SID, "Content-Type: application/x-www-form-urlencoded"); got.Status != 200 || got.Body["typing_timeout"] != 5. {
			t.Errorf("typing: %v", got)
		}
		if e := v.client.Next(); e.Type != "twilio.ipmsg.typing_indicator" || e.Payload["identity"] != "ann" || e.Payload["typing_timeout"] != 6. || e.Payload["channel_sid"] != ch.SID {
			t.Errorf("bob saw %v", e)
		}
		ann.Quiet()
		cid.Quiet()
	})
}
