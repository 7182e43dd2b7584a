package syncapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/twilsock/socktest"
)

// each runs a test in a fresh world on both engines.
func each(t *testing.T, fn func(t *testing.T, w *socktest.World)) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) { fn(t, socktest.New(t, open(), nil)) })
}

func ptr[T any](v T) *T { return &v }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoMayOpen(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		public, private := w.Channel("public", "ann"), w.Channel("private", "ann")
		_, err := w.Chat.CreateInvite(t.Context(), w.API, private.SID, chat.NewInvite{Identity: "ivo"})
		ok(t, err)
		other, err := w.Chat.CreateService(t.Context(), chat.NewService{AccountSID: socktest.Account, FriendlyName: "other"})
		ok(t, err)
		people := map[string]*socktest.Client{"member": w.Dial("ann"), "invited": w.Dial("ivo"), "stranger": w.Dial("stan"), "foreigner": w.Dial("ann " + other.SID)}
		ann, err := w.Chat.FetchUser(t.Context(), w.Service, "ann")
		ok(t, err)
		for _, c := range []struct {
			object                               string
			member, invited, stranger, foreigner int // the code of the refusal, 0 for none
		}{
			{"/v3/Documents/" + public.SID + ".channel", 0, 0, 0, 54100},
			{"/v3/Lists/" + public.SID + ".messages", 0, 54007, 54007, 54150},
			{"/v3/Maps/" + public.SID + ".roster", 0, 54007, 54007, 54200},
			{"/v3/Documents/" + private.SID + ".channel", 0, 0, 54100, 54100},
			{"/v3/Lists/" + private.SID + ".messages", 0, 54007, 54150, 54150},
			{"/v3/Maps/" + private.SID + ".roster", 0, 54007, 54200, 54200},
			{"/v3/Maps/" + ann.SID + ".channels", 0, 54007, 54007, 54200},
			{"/v3/Maps/" + ann.SID + ".info", 0, 0, 0, 54200},
			{"/v3/Documents/" + public.SID + ".messages", 54100, 54100, 54100, 54100},
			{"/v3/Lists/nothing", 54150, 54150, 54150, 54150},
			{"/v3/Maps/MPaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 54200, 54200, 54200, 54200},
		} {
			descriptor := people["member"].Do("GET", c.object, nil)
			for name, want := range map[string]int{"member": c.member, "invited": c.invited, "stranger": c.stranger, "foreigner": c.foreigner} {
				paths := []string{c.object}
				if descriptor.Status == 200 {
					u, _ := descriptor.Body["url"].(string)
					paths = append(paths, u, "/v3/Services/"+w.Service.SID+strings.TrimPrefix(mustPath(t, u), "/v3"))
				}
				for _, path := range paths {
					got := people[name].Do("GET", path, nil)
					if got.Code() != want || (want == 0) != (got.Status == 200) || want == 54007 && got.Status != 403 {
						t.Errorf("%s opens %s: %d %d, want code %d", name, path, got.Status, got.Code(), want)
					}
				}
				if descriptor.Status != 200 {
					continue
				}
				// A subscription is decided the same way.
				sid, kind := descriptor.Body["sid"].(string), descriptor.Body["type"].(string)
				people[name].Do("POST", "/v4/Subscriptions", poke(77, item{sid, kind, 1 << 40}))
				e := people[name].Next()
				failed, _ := e.Body()["error"].(map[string]any)
				code, _ := failed["code"].(float64)
				if int(code) != want || (want == 0) != (e.Name() == "subscription_established") || e.Payload["correlation_id"] != 77. {
					t.Errorf("%s subscribes to %s: %v, want code %d", name, c.object, e.Payload, want)
				}
			}
		}
	})
}

func mustPath(t *testing.T, s string) string {
	t.Helper()
	u, err := url.Parse(s)
	ok(t, err)
	return u.EscapedPath()
}

// item is an object in a poke.
type item struct {
	sid, kind string
	since     int64 // negative for null
}

func poke(correlation int, items ...item) map[string]any {
	requests := make([]map[string]any, len(items))
	for i, it := range items {
		requests[i] = map[string]any{"object_sid": it.sid, "object_type": it.kind, "last_event_id": it.since}
		if it.since < 0 {
			requests[i]["last_event_id"] = nil
		}
	}
	return map[string]any{"event_protocol_version": 3, "action": "establish", "correlation_id": correlation, "requests": requests}
}

func TestReadOnly(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann")
		w.Say(ch, "ann", "hello")
		c := w.Dial("ann")
		for _, call := range [][2]string{
			{"POST", "/v3/Documents/" + ch.SID + ".channel"}, {"DELETE", "/v3/Documents/" + ch.SID + ".channel"},
			{"POST", "/v3/Lists/" + ch.SID + ".messages/Items"}, {"POST", "/v3/Lists/" + ch.SID + ".messages/Items/0"},
			{"DELETE", "/v3/Lists/" + ch.SID + ".messages/Items/0"}, {"DELETE", "/v3/Lists/" + ch.SID + ".messages"},
			{"PUT", "/v3/Maps/" + ch.SID + ".roster/Items/x"}, {"POST", "/v3/Maps/" + ch.SID + ".roster/Items"},
			{"POST", "/v3/Documents"}, {"POST", "/v3/Maps"}, {"POST", "/v3/Streams"}, {"POST", "/v3/Lists"},
			{"POST", "/v3/Insights/tr-worker/Items"}, {"GET", "/v3/Streams/x"},
		} {
			got := c.Do(call[0], call[1], map[string]any{"unique_name": "x", "data": map[string]any{}})
			if want := 54007; got.Code() != want && !(strings.Contains(call[1], ".messages/Items") && call[0] == "POST" && got.Code() == 54150) || got.Status < 400 {
				t.Errorf("%s %s: %d %v", call[0], call[1], got.Status, got.Body)
			}
		}
		if got := c.Do("PUT", "/v3/Nothing", nil); got.Code() != 20404 {
			t.Errorf("an unknown path: %v", got)
		}
		if got := c.Do("PUT", "/v3/Documents", nil); got.Code() != 20004 {
			t.Errorf("an unknown verb: %v", got)
		}
	})
}

// walk collects the keys of all pages from an address on, following a token or the last key.
func walk(t *testing.T, c *socktest.Client, items, query, name string, byKey bool) (keys []string) {
	t.Helper()
	first := true
	for at := items + "?" + query; ; {
		got := c.Do("GET", at, nil)
		if got.Status != 200 {
			t.Fatalf("%s: %d %v", at, got.Status, got.Body)
		}
		page, meta := got.Body["items"].([]any), got.Body["meta"].(map[string]any)
		if (meta["previous_token"] == nil) != first {
			t.Fatalf("%s: previous_token is %v", at, meta["previous_token"])
		}
		if byKey && !first {
			page = page[1:]
		}
		first = false
		for _, it := range page {
			keys = append(keys, fmt.Sprint(it.(map[string]any)[name]))
		}
		next, there := meta["next_token"].(string)
		if !there {
			return keys
		}
		at = items + "?PageToken=" + url.QueryEscape(next)
		if byKey {
			at = items + "?" + query + "&From=" + keys[len(keys)-1]
		}
	}
}

func TestItems(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann")
		var want []string
		for i := range 25 {
			w.Say(ch, "ann", fmt.Sprint("message ", i))
			want = append(want, fmt.Sprint(i))
		}
		for _, gone := range []int{0, 7, 8, 24} {
			ok(t, w.Chat.DeleteMessage(t.Context(), w.API, ch.SID, fmt.Sprint(gone)))
			want = slices.DeleteFunc(want, func(s string) bool { return s == fmt.Sprint(gone) })
		}
		for i := range 11 {
			w.Join(ch, fmt.Sprint("member ", i))
			w.Channel("private", "ann")
		}
		c := w.Dial("ann")
		down := slices.Clone(want)
		slices.Reverse(down)
		list := "/v3/Lists/" + ch.SID + ".messages/Items"
		for _, byKey := range []bool{false, true} {
			for _, size := range []string{"2", "3", "10", "21", "50"} {
				if got := walk(t, c, list, "PageSize="+size+"&Order=asc", "index", byKey); !slices.Equal(got, want) {
					t.Errorf("ascending by %s: %v", size, got)
				}
				if got := walk(t, c, list, "PageSize="+size+"&Order=desc", "index", byKey); !slices.Equal(got, down) {
					t.Errorf("descending by %s: %v", size, got)
				}
			}
			for _, object := range []string{ch.SID + ".roster", userSID(t, w, "ann") + ".channels", userSID(t, w, "ann") + ".info"} {
				up := walk(t, c, "/v3/Maps/"+object+"/Items", "PageSize=2&Order=asc", "key", byKey)
				back := walk(t, c, "/v3/Maps/"+object+"/Items", "PageSize=5&Order=desc", "key", byKey)
				slices.Reverse(back)
				if !slices.IsSorted(up) || !slices.Equal(up, back) || len(up) != 12 && len(up) != 3 {
					t.Errorf("%s: %v and back %v", object, up, back)
				}
			}
		}
		// In the middle, and back from there.
		keys := func(a socktest.Answer) (keys []string) {
			for _, it := range a.Body["items"].([]any) {
				keys = append(keys, fmt.Sprint(it.(map[string]any)["index"]))
			}
			return keys
		}
		middle := c.Do("GET", list+"?PageSize=3&Order=desc&From=8", nil)
		if got := keys(middle); !slices.Equal(got, []string{"6", "5", "4"}) {
			t.Errorf("from the middle: %v", got)
		}
		before := c.Do("GET", list+"?PageToken="+middle.Body["meta"].(map[string]any)["previous_token"].(string), nil)
		if got := keys(before); !slices.Equal(got, []string{"11", "10", "9"}) {
			t.Errorf("the page before: %v", got)
		}
		again := c.Do("GET", list+"?PageToken="+before.Body["meta"].(map[string]any)["next_token"].(string), nil)
		if got := keys(again); !slices.Equal(got, []string{"6", "5", "4"}) {
			t.Errorf("and forth: %v", got)
		}
		for query, want := range map[string]string{"Index=5": "[5]", "Index=7": "[]", "Index=900": "[]", "HideExpired=true&Index=23&PageSize=50": "[23]"} {
			got := c.Do("GET", list+"?"+query, nil)
			if meta, _ := got.Body["meta"].(map[string]any); fmt.Sprint(keys(got)) != want || meta == nil {
				t.Errorf("%s: %v", query, got.Body)
			}
		}
		for path, code := range map[string]int{
			list + "?PageToken=x": 54453, list + "?PageToken=PTafi999.1": 54453, list + "?PageSize=0": 54454, list + "?PageSize=x": 54454,
			list + "?Order=up": 54451, list + "?From=x": 54458, list + "?Index=x": 54458, list + "?PageToken=PTafi10.x": 54458,
			"/v3/Maps/" + userSID(t, w, "ann") + ".channels/Items?From=%C3%A4": 54209,
		} {
			if got := c.Do("GET", path, nil); got.Code() != code || got.Status != 400 {
				t.Errorf("%s: %d %v", path, got.Status, got.Body)
			}
		}
		for _, key := range []string{"unknown", "%C3%A4", "CHaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
			for _, object := range []string{ch.SID + ".roster", userSID(t, w, "ann") + ".channels"} {
				got := c.Do("GET", "/v3/Maps/"+object+"/Items?Key="+key, nil)
				if items, _ := got.Body["items"].([]any); got.Status != 200 || items == nil || len(items) != 0 {
					t.Errorf("key %s: %v", key, got)
				}
			}
		}
	})
}

func userSID(t *testing.T, w *socktest.World, identity string) string {
	t.Helper()
	u, err := w.Chat.FetchUser(t.Context(), w.Service, identity)
	ok(t, err)
	return u.SID
}

func TestSession(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann")
		ann, bob := w.Dial("ann"), w.Dial("bob")
		made := ann.Do("POST", "/v3/Lists", map[string]any{"purpose": "com.twilio.rtd.ipmsg", "context": map[string]any{"type": "IpMsgSession"}})
		if made.Status != 201 || made.Body["last_event_id"] != 0. || made.Body["unique_name"] != nil {
			t.Fatalf("made %v", made)
		}
		sid := made.Body["sid"].(string)
		links := made.Body["links"].(map[string]any)
		got := ann.Do("GET", links["context"].(string), nil)
		context, _ := got.Body["data"].(map[string]any)
		for _, key := range []string{"identity", "userInfo", "links", "myChannels", "channels"} {
			if context[key] == nil {
				t.Errorf("the context lacks %s", key)
			}
		}
		if media := context["links"].(map[string]any)["mediaServiceUrl"]; media != "@127.0.0.1:8443/mcs/v1/Services/"+w.Service.SID+"/Media" {
			t.Errorf("media is at %v", media)
		}
		if got.Body["last_event_id"] != 0. {
			t.Errorf("the context is as new as its event: %v", got.Body)
		}
		ann.Do("POST", "/v4/Subscriptions", poke(5, item{sid, "list", 0}))
		if e := ann.Next(); e.Name() != "list_context_updated" || e.Number("id") != 1 || e.Body()["context_data"] == nil || e.Payload["correlation_id"] != 5. {
			t.Errorf("first came %v", e.Payload)
		}
		if e := ann.Next(); e.Name() != "subscription_established" || e.Number("last_event_id") != 1 {
			t.Errorf("then %v", e.Payload)
		}
		command := map[string]any{"data": map[string]any{"commandId": "c1", "request": map[string]any{"action": "sendMessage", "channelSid": ch.SID, "text": "hi", "attributes": "{}"}}}
		for range 2 { // the second is the same one again
			confirmed := ann.Do("POST", links["items"].(string), command)
			e := ann.Next()
			data, _ := e.Body()["item_data"].(map[string]any)
			response, _ := data["response"].(map[string]any)
			if confirmed.Status != 201 || e.Name() != "list_item_updated" || data["commandId"] != "c1" || response["status"] != 200. || response["messageId"] != 0. ||
				confirmed.Body["index"] != e.Body()["item_index"] || int64(confirmed.Body["last_event_id"].(float64)) >= e.Number("id") {
				t.Errorf("confirmed %v, answered %v", confirmed.Body, e.Payload)
			}
		}
		for name, command := range map[string]any{
			"unknown": map[string]any{"data": map[string]any{"commandId": "c2", "request": map[string]any{"action": "fly"}}},
			"refused": map[string]any{"data": map[string]any{"commandId": "c3", "request": map[string]any{"action": "joinChannelV2", "channelSid": ch.SID}}},
			"a list":  map[string]any{"data": map[string]any{"commandId": "c4", "request": map[string]any{"action": []int{1}}}},
		} {
			ann.Do("POST", links["items"].(string), command)
			data, _ := ann.Next().Body()["item_data"].(map[string]any)
			if response, _ := data["response"].(map[string]any); response["status"] == 200. || response["statusText"] == "" {
				t.Errorf("%s was answered %v", name, data)
			}
		}
		for _, body := range []string{`{}`, `{"data":{}}`, `{"data":{"commandId":1,"request":{}}}`, `[`, `{"data":{"commandId":"` + strings.Repeat("x", 100) + `","request":{}}}`} {
			if got := ann.Do("POST", links["items"].(string), body); got.Status != 400 {
				t.Errorf("%s: %v", body, got)
			}
		}
		if got := bob.Do("POST", links["items"].(string), command); got.Code() != 54150 || got.Status != 404 {
			t.Errorf("another's session: %v", got)
		}
		// After a reconnect, at any node: the client's position is kept, nothing is repeated.
		again := w.Dial("ann")
		again.Do("POST", "/v4/Subscriptions", poke(6, item{sid, "list", 1795372973968000}))
		if e := again.Next(); e.Name() != "subscription_established" || e.Number("last_event_id") != 1795372973968000 {
			t.Errorf("after a reconnect: %v", e.Payload)
		}
	})
}
