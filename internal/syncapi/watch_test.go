package syncapi_test

import (
	"testing"

	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// TestWatching reads a private channel as a supervisor who is not in it.
func TestWatching(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		ch := w.Channel("private", "ann")
		w.Say(ch, "ann", "hello")
		w.Staff("agent", identity.Token{WorkspaceSID: workspace, WorkerSID: agent, WorkerRole: "worker"})
		w.Staff("boss", identity.Token{WorkspaceSID: workspace, WorkerSID: agent, WorkerRole: "supervisor"})
		boss, other := w.Dial("boss"), w.Dial("agent")
		for _, path := range []string{"/v3/Documents/" + ch.SID + ".channel", "/v3/Lists/" + ch.SID + ".messages", "/v3/Maps/" + ch.SID + ".roster",
			"/v3/Lists/" + ch.SID + ".messages/Items", "/v3/Maps/" + ch.SID + ".roster/Items", "/v1/Services/" + w.Service.SID + "/PublicChannels/" + ch.SID} {
			if a := boss.Do("GET", path, nil); a.Status != 200 {
				t.Errorf("%s: %v", path, a)
			}
			if a := other.Do("GET", path, nil); a.Status != 404 {
				t.Errorf("an agent reads %s: %v", path, a)
			}
		}
		list := boss.Do("GET", "/v3/Lists/"+ch.SID+".messages", nil)
		sid := list.Body["sid"].(string)
		if events := establish(t, boss, "list", sid, "", "", list.Body["last_event_id"]); len(events) != 1 || events[0].Name() != "subscription_established" {
			t.Fatalf("the subscription began with %v", events)
		}
		if events := establish(t, other, "list", sid, "", "", 0); events[0].Name() != "subscription_failed" {
			t.Errorf("an agent subscribed: %v", events)
		}
		w.Say(ch, "ann", "are you there?")
		if e := boss.Next(); e.Name() != "list_item_added" {
			t.Errorf("the next message is %v", e)
		}
		if a := boss.Do("GET", "/v3/Lists/"+core.NewSID("CH")+".messages", nil); a.Status != 404 {
			t.Errorf("a channel that there is not: %v", a)
		}
	})
}
