package rest_test

import (
	"strconv"
	"strings"
	"testing"

	"parley/internal/resttest"
)

// historyStory has two workers, a task that one of them took, one that waits and one that was canceled.
func historyStory(w *resttest.World) {
	trWorld(w)
	w.Make("anna", workerList, "FriendlyName", "Anna", "ActivitySid", "{available}")
	w.Make("ben", workerList, "FriendlyName", "Ben")
	w.Make("task", workspace+"/Tasks", "WorkflowSid", "{workflow}", "Attributes", `{"language":"es"}`, "TaskChannel", "chat", "Priority", "5")
	offer(w)
	w.Do("POST", anna+"/Reservations/{reservation}", "ReservationStatus", "accepted")
	w.Make("waiting", workspace+"/Tasks", "WorkflowSid", "{workflow}")
	w.Make("canceled", workspace+"/Tasks", "WorkflowSid", "{workflow}")
	w.Do("POST", workspace+"/Tasks/{canceled}", "AssignmentStatus", "canceled", "Reason", "gone")
	for _, of := range []struct{ name, path string }{{"workspace", ""}, {"workflow", "/Workflows/{workflow}"}, {"queue", "/TaskQueues/{queue}"}, {"workers", "/Workers"}} {
		name, url := "statistics/"+of.name, workspace+of.path
		w.Run(
			resttest.Scenario{Name: name, URL: url + "/Statistics", Status: 200},
			resttest.Scenario{Name: name + "-now", URL: url + "/RealTimeStatistics", Status: 200},
			resttest.Scenario{Name: name + "-past", URL: url + "/CumulativeStatistics", Status: 200},
		)
	}
	w.Run(
		resttest.Scenario{Name: "statistics/worker", URL: anna + "/Statistics", Status: 200},
		resttest.Scenario{Name: "statistics/queues", URL: workspace + "/TaskQueues/Statistics?SplitByWaitTime=5,10&TaskChannel=chat", Status: 200},
		resttest.Scenario{Name: "statistics/queues-bulk", Method: "POST", URL: workspace + "/TaskQueues/RealTimeStatistics", Body: `{"queueSids":["` + w.Names["queue"] + `"]}`,
			Header: map[string]string{"Content-Type": "application/json"}, Status: 200},
		resttest.Scenario{Name: "statistics/workers-filtered", URL: workspace + "/Workers/Statistics?FriendlyName=anna&TaskQueueSid={queue}&Minutes=60", Status: 200},
		resttest.Scenario{Name: "statistics/too-old", URL: workspace + "/Statistics?StartDate=2025-11-02T00:00:00Z", Status: 400, Code: 14241},
		resttest.Scenario{Name: "event/list", URL: workspace + "/Events", Status: 200},
		resttest.Scenario{Name: "event/list-task", URL: workspace + "/Events?TaskSid={canceled}&EventType=task.canceled&PageSize=1", Status: 200,
			Check: func(w *resttest.World, a resttest.Answer) {
				list, _ := a.Get("events").([]any)
				if len(list) != 1 {
					w.Fatalf("%d events", len(list))
				}
				w.Names["event"], _ = list[0].(map[string]any)["sid"].(string)
			}},
		resttest.Scenario{Name: "event/fetch", URL: workspace + "/Events/{event}", Status: 200},
		resttest.Scenario{Name: "event/unknown", URL: workspace + "/Events/EV" + strangeSID, Status: 404, Code: 20404},
	)
}

// Every filter of the history and of statistics, wrong in every way.
func TestBadHistory(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		const late = "StartDate=2026-01-02T04:00:00Z&EndDate=2026-01-02T03:00:00Z"
		period := []string{"Minutes=0", "Minutes=-1", "Minutes=x", "Minutes=2147483648", "StartDate=yesterday", "EndDate=2026-13-01T00:00:00Z", late, "StartDate=2999-01-01T00:00:00Z"}
		for _, query := range append(period, "PageToken=PTx", "PageToken=PT{queue}") {
			w.Refused(query, w.Request("GET", workspace+"/Events?"+query), 400, 20001)
		}
		for _, path := range []string{"", "/Workflows/{workflow}", "/TaskQueues/{queue}", "/TaskQueues", "/Workers"} {
			for _, query := range append(period, "TaskChannel=fax", "SplitByWaitTime=5,x", "SplitByWaitTime=-1", "SplitByWaitTime=1.5", "SplitByWaitTime="+strings.Repeat("1,", 21)) {
				w.Refused(path+"?"+query, w.Request("GET", workspace+path+"/Statistics?"+query), 400, 20001)
			}
			w.Refused(path, w.Request("GET", workspace+path+"/Statistics?Minutes=43201"), 400, 14241)
		}
		for _, path := range []string{"/Workflows/WW" + strangeSID, "/TaskQueues/WQ" + strangeSID, "/Workers/WK" + strangeSID} {
			w.Refused(path, w.Request("GET", workspace+path+"/Statistics"), 404, 20404)
		}
		sids := make([]string, 51)
		for i := range sids {
			sids[i] = strconv.Quote(w.Names["queue"])
		}
		for body, code := range map[string]int{`{"queueSids":[]}`: 20001, `{}`: 20001, "": 20001, `{"queueSids":"x"}`: 20422, `{`: 20422, `[]`: 20422,
			`{"queueSids":[` + strings.Join(sids, ",") + `]}`: 20001} {
			r := w.RequestBody("POST", workspace+"/TaskQueues/RealTimeStatistics", body)
			r.Header.Set("Content-Type", "application/json")
			w.Refused("bulk "+body[:min(20, len(body))], r, 400, code)
		}
	})
}
