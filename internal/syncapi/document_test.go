package syncapi_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/internal/bus/local"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/twilsock/socktest"
)

func TestDocuments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		c, tab := w.Dial("agent"), w.Dial("agent")
		const name = "flexSingleTabGuard_" + agent
		if a := c.Do("GET", "/v3/Documents/"+name, nil); a.Status != 404 || a.Code() != 54100 {
			t.Fatalf("before it is made: %v", a)
		}
		made := c.Do("POST", "/v3/Documents", `{"unique_name":"`+name+`","data":{"keepalive":1},"ttl":172800}`)
		if made.Status != 201 || made.Body["unique_name"] != name || made.Body["date_expires"] == nil {
			t.Fatalf("made: %v", made)
		}
		sid := made.Body["sid"].(string)
		if a := tab.Do("POST", "/v3/Documents", `{"unique_name":"`+name+`"}`); a.Status != 409 || a.Code() != 54301 {
			t.Errorf("made twice: %v", a)
		}
		if a := tab.Do("GET", "/v3/Documents/"+name, nil); a.Body["sid"] != sid || fmt.Sprint(a.Body["data"]) != "map[keepalive:1]" {
			t.Errorf("opened: %v", a)
		}
		if events := establish(t, tab, "document", sid, "", "", made.Body["last_event_id"]); len(events) != 1 || events[0].Name() != "subscription_established" {
			t.Fatalf("the subscription began with %v", events)
		}
		if a := c.Do("POST", "/v3/Documents/"+sid, `{"data":{"keepalive":2}}`); a.Status != 200 || a.Body["revision"] != "2" {
			t.Errorf("changed: %v", a)
		}
		if e := tab.Next(); e.Name() != "document_updated" || e.Text("document_sid") != sid || fmt.Sprint(e.Body()["document_data"]) != "map[keepalive:2]" {
			t.Errorf("the change is %v", e)
		}
		if a := c.Do("POST", "/v3/Documents/"+sid, `{"data":{}}`, "If-Match: 1"); a.Status != 412 || a.Code() != 54103 {
			t.Errorf("an old revision: %v", a)
		}
		if events := establish(t, c, "document", sid, "", "", 1); len(events) != 2 || events[0].Name() != "document_updated" {
			t.Errorf("the replay is %v", events)
		}

		// For others it does not exist.
		lead := w.Dial("lead")
		for _, a := range []socktest.Answer{lead.Do("GET", "/v3/Documents/"+sid, nil), lead.Do("GET", "/v3/Documents/"+name, nil), w.Dial("customer").Do("GET", "/v3/Documents/"+sid, nil),
			lead.Do("POST", "/v3/Documents/"+sid, `{"data":{}}`), lead.Do("DELETE", "/v3/Documents/"+sid, nil)} {
			if a.Status != 404 || a.Code() != 54100 {
				t.Errorf("somebody else sees %v", a)
			}
		}
		if events := establish(t, lead, "document", sid, "", "", 0); events[0].Name() != "subscription_failed" {
			t.Errorf("somebody else subscribed: %v", events)
		}
		if a := w.Dial("customer").Do("POST", "/v3/Documents", `{}`); a.Status != 403 {
			t.Errorf("a customer made %v", a)
		}

		if a := c.Do("DELETE", "/v3/Documents/"+sid, nil); a.Status != 204 {
			t.Errorf("removed: %v", a)
		}
		if e := tab.Next(); e.Name() != "document_removed" {
			t.Errorf("the removal is %v", e)
		}
	})
}

func TestBadDocuments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		c := w.Dial("agent")
		for body, code := range map[string]int{
			`{"data":[]}`:        core.CodeDocumentData,
			`{"data":"text"}`:    core.CodeDocumentData,
			`{"ttl":-1}`:         core.CodeSyncTTL,
			`{"ttl":31536001}`:   core.CodeSyncTTL,
			`{"unique_name":""}`: core.CodeSyncName,
			`{"unique_name":"` + core.NewSID("CH") + `.channel"}`:  core.CodeSyncName,
			`{"unique_name":"` + core.NewSID("ET") + `"}`:          core.CodeSyncName,
			`{"unique_name":"` + strings.Repeat("n", 321) + `"}`:   core.CodeSyncName,
			`{"data":{"x":"` + strings.Repeat("x", 16<<10) + `"}}`: core.CodeSyncTooLarge,
			`nonsense`: core.CodeInvalidParameter,
		} {
			if a := c.Do("POST", "/v3/Documents", body); a.Status != 400 || a.Code() != code {
				t.Errorf("%.60s: %d, %d instead of %d", body, a.Status, a.Code(), code)
			}
		}
		for i := range 50 {
			if a := c.Do("POST", "/v3/Documents", fmt.Sprintf(`{"unique_name":"n%d","ttl":60}`, i)); a.Status != 201 {
				t.Fatalf("document %d: %v", i, a)
			}
		}
		if a := c.Do("POST", "/v3/Documents", `{}`); a.Status != 429 {
			t.Errorf("one too many: %v", a)
		}
		// Those whose time is over make room, and are no more.
		err := w.Store.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE sync_document SET expires_at = $1`, tx.Now())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if a := c.Do("GET", "/v3/Documents/n1", nil); a.Status != 404 {
			t.Errorf("an old document: %v", a)
		}
		if a := c.Do("POST", "/v3/Documents", `{"unique_name":"n1"}`); a.Status != 201 {
			t.Errorf("a new one of its name: %v", a)
		}
	})
}

func TestDocumentsAcrossNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		exchange := local.NewExchange()
		w := floorOn(t, open(), exchange.Endpoint())
		other := socktest.Join(t, open(), exchange.Endpoint(), w.Service)
		other.Staff("agent", identity.Token{WorkspaceSID: workspace, WorkerSID: agent})
		here, there := w.Dial("agent"), other.Dial("agent")
		made := here.Do("POST", "/v3/Documents", `{"unique_name":"guard","data":{"n":1}}`)
		sid := made.Body["sid"].(string)
		establish(t, there, "document", sid, "", "", 1)
		here.Do("POST", "/v3/Documents/"+sid, `{"data":{"n":2}}`)
		if e := there.Next(); e.Name() != "document_updated" || fmt.Sprint(e.Body()["document_data"]) != "map[n:2]" {
			t.Errorf("the other node shows %v", e)
		}
	})
}
