package syncapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/internal/bus"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
	"parley/internal/twilsock/socktest"
)

const (
	workspace = "WSaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	foreign   = "WSbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	everyone  = "WQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	workflow  = "WWaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	agent     = "WKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	elsewhere = "WKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// floor is a world with two workspaces and people who come to look: an agent, a lead of the same workspace, and one of the other.
func floor(t *testing.T, st *store.Store) *socktest.World { return floorOn(t, st, nil) }

func floorOn(t *testing.T, st *store.Store, b bus.Bus) *socktest.World {
	t.Helper()
	w := socktest.New(t, st, b)
	err := st.Update(t.Context(), func(tx *store.Tx) error {
		err := w.Tasks.ProvisionTx(tx, taskrouter.Provision{AccountSID: socktest.Account, WorkspaceSID: workspace, WorkflowSID: workflow, QueueSID: everyone, WorkerSID: agent, WorkerName: "agent"})
		if err != nil {
			return err
		}
		return w.Tasks.ProvisionTx(tx, taskrouter.Provision{AccountSID: socktest.Account, WorkspaceSID: foreign, WorkflowSID: core.NewSID("WW"),
			QueueSID: core.NewSID("WQ"), WorkerSID: elsewhere, WorkerName: "elsewhere"})
	})
	if err != nil {
		t.Fatal(err)
	}
	lead, err := w.Tasks.CreateWorker(t.Context(), socktest.Account, workspace, taskrouter.NewWorker{FriendlyName: "lead", Attributes: `{"roles":["supervisor"],"full_name":"Lee Lead"}`})
	if err != nil {
		t.Fatal(err)
	}
	w.Staff("agent", identity.Token{WorkspaceSID: workspace, WorkerSID: agent})
	w.Staff("lead", identity.Token{WorkspaceSID: workspace, WorkerSID: lead.SID})
	w.Staff("elsewhere", identity.Token{WorkspaceSID: foreign, WorkerSID: elsewhere, WorkerRole: "admin"})
	w.Staff("ghost", identity.Token{WorkspaceSID: workspace, WorkerSID: core.NewSID("WK"), WorkerRole: "admin"})
	return w
}

// ask sends a query and returns the items by key.
func ask(t *testing.T, c *socktest.Client, index, query, kind string) (a socktest.Answer, items map[string]map[string]any) {
	t.Helper()
	body := map[string]any{"query_string": query}
	if kind != "" {
		body["type"] = kind
	}
	a = c.Do("POST", "/v3/Insights/"+index+"/Items", body)
	items = map[string]map[string]any{}
	list, _ := a.Body["items"].([]any)
	for _, x := range list {
		item := x.(map[string]any)
		items[item["key"].(string)] = item["data"].(map[string]any)
	}
	return a, items
}

func setActivity(t *testing.T, w *socktest.World, workerSID, name string) {
	t.Helper()
	list, err := w.Tasks.ListActivities(t.Context(), socktest.Account, workspace, taskrouter.ActivityFilter{FriendlyName: &name}, "", 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if _, err := w.Tasks.UpdateWorker(t.Context(), socktest.Account, workspace, workerSID, taskrouter.WorkerPatch{ActivitySID: &list[0].SID}, ""); err != nil {
		t.Fatal(err)
	}
}

func TestInstantQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		c := w.Dial("agent")
		a, items := ask(t, c, "tr-worker", "", "")
		if a.Status != 200 || len(items) != 2 || items[agent]["activity_name"] != "Offline" || items[agent]["friendly_name"] != "agent" {
			t.Errorf("%d %v", a.Status, items)
		}
		if roles, _ := items[agent]["attributes"].(map[string]any); roles["full_name"] != "Agent" {
			t.Errorf("attributes are %v", items[agent]["attributes"])
		}
		if _, items := ask(t, c, "tr-worker", `data.attributes.full_name contains "lee"`, ""); len(items) != 1 || items[agent] != nil {
			t.Errorf("the search found %v", items)
		}
		if _, items := ask(t, c, "tr-queue", `data.queue_name contains "EVERY"`, ""); items[everyone]["queue_name"] != "Everyone" {
			t.Errorf("the queues are %v", items)
		}
		setActivity(t, w, agent, "Available")
		if _, items := ask(t, c, "tr-worker", `data.activity_name == "Available"`, ""); len(items) != 1 {
			t.Errorf("the change does not show: %v", items)
		}
	})
}

func TestRightsOfQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		for _, c := range []struct {
			who, index, kind string
			status, code     int
		}{
			{"customer", "tr-worker", "", 403, 54007},
			{"ghost", "tr-worker", "", 403, 54007},
			{"agent", "tr-worker", "live_query", 403, 54007},
			{"agent", "tr-reservation", "", 403, 54007},
			{"lead", "tr-reservation", "", 200, 0},
			{"lead", "tr-worker", "live_query", 200, 0},
			{"lead", "tr-task", "", 400, 54502},
		} {
			if a, _ := ask(t, w.Dial(c.who), c.index, "", c.kind); a.Status != c.status || a.Code() != c.code {
				t.Errorf("%s asks %s %s: %d, %d", c.who, c.index, c.kind, a.Status, a.Code())
			}
		}
		if a, _ := ask(t, w.Dial("lead"), "tr-worker", "data.x ==", ""); a.Status != 400 || a.Code() != 54507 {
			t.Errorf("a bad query: %d, %d", a.Status, a.Code())
		}
		if a := w.Dial("lead").Do("POST", "/v3/Insights/tr-worker/Items", `{}`); a.Code() != 54507 {
			t.Errorf("no query: %d", a.Code())
		}
		if _, items := ask(t, w.Dial("elsewhere"), "tr-worker", "", ""); len(items) != 1 || items[elsewhere] == nil {
			t.Errorf("another workspace shows %v", items)
		}
		for _, object := range []string{"realtime_statistics_v1", everyone + ".realtime_statistics.v1"} {
			for who, status := range map[string]int{"customer": 403, "agent": 403, "ghost": 403, "lead": 200} {
				if a := w.Dial(who).Do("GET", "/v3/Maps/"+object, nil); a.Status != status {
					t.Errorf("%s opens %s: %d", who, object, a.Status)
				}
			}
		}
		a := w.Dial("elsewhere").Do("GET", "/v3/Maps/"+everyone+".realtime_statistics.v1", nil)
		if a.Status != 404 || a.Code() != 54300 || a.Body["message"] != "Unique name not found" {
			t.Errorf("a queue of another workspace: %v", a)
		}
		if a := w.Dial("customer").Do("GET", "/v3/Maps/MP"+everyone[2:], nil); a.Status != 404 || a.Code() != 54200 {
			t.Errorf("a foreign map: %v", a)
		}
	})
}

// establish subscribes to a query or a map and returns what came with the confirmation, which is the last.
func establish(t *testing.T, c *socktest.Client, kind, sid, index, query string, since any) []socktest.Event {
	t.Helper()
	a := c.Do("POST", "/v4/Subscriptions", map[string]any{"event_protocol_version": 3, "action": "establish", "correlation_id": 7, "requests": []any{
		map[string]any{"object_sid": sid, "object_type": kind, "last_event_id": since, "index_name": index, "query_string": query}}})
	if a.Status != 202 {
		t.Fatalf("the poke was answered %v", a)
	}
	var events []socktest.Event
	for {
		e := c.Next()
		events = append(events, e)
		if e.Name() == "subscription_established" || e.Name() == "subscription_failed" {
			return events
		}
	}
}

func TestLiveQuery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		c := w.Dial("lead")
		const query = `data.activity_name IN ["Available"]`
		a, items := ask(t, c, "tr-worker", query, "live_query")
		if len(items) != 0 {
			t.Fatalf("at first there is %v", items)
		}
		sid, last := a.Body["query_id"].(string), a.Body["last_event_id"]
		events := establish(t, c, "live_query", sid, "tr-worker", query, last)
		if len(events) != 1 || events[0].Text("replay_status") != "completed" || events[0].Body()["last_event_id"] != last {
			t.Fatalf("the subscription began with %v", events)
		}
		setActivity(t, w, agent, "Available")
		e := c.Next()
		data, _ := e.Body()["item_data"].(map[string]any)
		if e.Type != "twilio.sync.event" || e.Name() != "live_query_item_updated" || e.Payload["strictly_ordered"] != true || e.Text("query_id") != sid ||
			e.Text("item_key") != agent || data["activity_name"] != "Available" {
			t.Errorf("the arrival is %v", e)
		}
		first := e.Number("last_event_id")
		setActivity(t, w, agent, "Break")
		if e = c.Next(); e.Name() != "live_query_item_removed" || e.Text("item_key") != agent || e.Number("item_revision") <= first || e.Number("last_event_id") <= first {
			t.Errorf("the departure is %v", e)
		}

		// Who was away gets what it missed; who comes from elsewhere, or with a position that makes no sense, gets the whole.
		other := w.Dial("lead")
		if events = establish(t, other, "live_query", sid, "tr-worker", query, first); len(events) != 2 || events[0].Name() != "live_query_item_removed" {
			t.Errorf("the replay is %v", events)
		}
		setActivity(t, w, agent, "Available")
		for _, since := range []any{1, nil, int64(1) << 52} {
			events = establish(t, other, "live_query", core.NewSID("QR"), "tr-worker", query, since)
			for events[0].Name() == "live_query_item_updated" { // of the first subscription
				events = events[1:]
			}
			list, _ := events[0].Body()["items"].([]any)
			if events[0].Name() != "live_query_updated" || len(list) != 1 {
				t.Errorf("since %v the replay is %v", since, events)
			}
		}

		if e = c.Next(); e.Name() != "live_query_item_updated" {
			t.Errorf("then came %v", e)
		}
		c.Do("POST", "/v4/Subscriptions", `{"event_protocol_version":3,"action":"cancel","correlation_id":8,"requests":[{"object_sid":"`+sid+`","object_type":"live_query"}]}`)
		if e = c.Next(); e.Name() != "subscription_canceled" {
			t.Errorf("the end is %v", e)
		}
		setActivity(t, w, agent, "Break")
		for other.Next().Name() != "live_query_item_removed" {
		}
		c.Quiet()
	})
}

func TestFailedQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		for _, c := range []struct {
			who, sid, index, query string
			code                   float64
		}{
			{"agent", core.NewSID("QR"), "tr-worker", "", 54007},
			{"customer", core.NewSID("QR"), "tr-worker", "", 54007},
			{"lead", "nonsense", "tr-worker", "", 54507},
			{"lead", core.NewSID("QR"), "tr-nothing", "", 54502},
			{"lead", core.NewSID("QR"), "tr-worker", "data.", 54507},
		} {
			events := establish(t, w.Dial(c.who), "live_query", c.sid, c.index, c.query, 1)
			fault, _ := events[0].Body()["error"].(map[string]any)
			if events[0].Name() != "subscription_failed" || fault["code"] != c.code {
				t.Errorf("%v: %v", c, events)
			}
		}
	})
}

func TestNumbers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		c := w.Dial("lead")
		a := c.Do("GET", "/v3/Maps/"+everyone+".realtime_statistics.v1?Include=items", nil)
		list, _ := a.Body["items"].([]any)
		if a.Status != 200 || a.Body["sid"] != "MP"+everyone[2:] || len(list) != 4 {
			t.Fatalf("the map is %v", a)
		}
		page := c.Do("GET", "/v3/Maps/MP"+everyone[2:]+"/Items?PageSize=3", nil)
		if list, _ := page.Body["items"].([]any); len(list) != 3 || list[0].(map[string]any)["key"] != "tasks_now" {
			t.Errorf("a page is %v", page.Body)
		}
		one := c.Do("GET", "/v3/Maps/MP"+everyone[2:]+"/Items?Key=worker_activities_statistics", nil)
		list, _ = one.Body["items"].([]any)
		data := list[0].(map[string]any)["data"].(map[string]any)
		if data["total_eligible_workers"] != 2.0 || data["total_available_workers"] != 0.0 {
			t.Errorf("the workers are %v", data)
		}
		if events := establish(t, c, "map", "MP"+everyone[2:], "", "", a.Body["last_event_id"]); len(events) != 1 {
			t.Errorf("the subscription began with %v", events)
		}
		setActivity(t, w, agent, "Available")
		e := c.Next()
		data, _ = e.Body()["item_data"].(map[string]any)
		if e.Type != "com.twilio.rtd.cds.map" || e.Name() != "map_item_updated" || e.Text("map_sid") != "MP"+everyone[2:] || e.Text("item_key") != "worker_activities_statistics" ||
			data["total_available_workers"] != 1.0 {
			t.Errorf("the change is %v", e)
		}
		whole := c.Do("GET", "/v3/Maps/realtime_statistics_v1?Include=items", nil)
		text, _ := json.Marshal(whole.Body["items"])
		again := c.Do("GET", fmt.Sprint("/v3/Maps/", whole.Body["sid"], "?Include=items"), nil)
		if !strings.Contains(string(text), `"total_workers":2`) || again.Body["unique_name"] != "realtime_statistics_v1" {
			t.Errorf("the workspace's map is %s, and %v", text, again)
		}
	})
}

func TestDemotion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := floor(t, open())
		a, _ := ask(t, w.Dial("lead"), "tr-worker", `data.friendly_name == "lead"`, "")
		lead := a.Body["items"].([]any)[0].(map[string]any)["key"].(string)
		c := w.Dial("lead")
		a, _ = ask(t, c, "tr-worker", "", "live_query")
		establish(t, c, "live_query", a.Body["query_id"].(string), "tr-worker", "", a.Body["last_event_id"])
		attributes := `{"roles":["agent"]}`
		if _, err := w.Tasks.UpdateWorker(t.Context(), socktest.Account, workspace, lead, taskrouter.WorkerPatch{Attributes: &attributes}, ""); err != nil {
			t.Fatal(err)
		}
		for late := time.Now().Add(30 * time.Second); w.Live.Stats().Watches > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatal("a worker who lost its role still watches")
			}
		}
		if a, _ := ask(t, c, "tr-worker", "", "live_query"); a.Status != 403 {
			t.Errorf("and may ask: %v", a)
		}
	})
}
