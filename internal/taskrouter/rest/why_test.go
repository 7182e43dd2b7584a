package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/internal/resttest"
)

func TestWhy(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		w.Make("few", workspace+"/TaskQueues", "FriendlyName", "Few", "TargetWorkers", "skill == 'x'")
		w.Make("flow", workspace+"/Workflows", "FriendlyName", "Few", "Configuration", `{"task_routing":{"filters":[{"filter_friendly_name":"vips",
			"expression":"vip == true","targets":[{"queue":"{few}","expression":"worker.level > task.level","known_worker_sid":"task.friend"}]}],"default_filter":{"queue":"{queue}"}}}`)
		w.Make("ann", workspace+"/Workers", "FriendlyName", "ann", "ActivitySid", "{available}", "Attributes", `{"skill":"x","level":1}`)
		w.Make("bob", workspace+"/Workers", "FriendlyName", "bob")
		w.Make("task", workspace+"/Tasks", "WorkflowSid", "{flow}", "Attributes", `{"vip":true,"level":2}`)
		a := w.Do("GET", workspace+"/Tasks/{task}/Why")
		for _, want := range []string{`"assignment_status":"pending"`, `"task_queue_sid":"` + w.Names["few"] + `"`,
			`"step":{"filter_index":0,"filter_name":"vips","target_index":0,"target_expression":"worker.level > task.level"}`,
			`"waits":null,"offered_to":[],"faults":[]`,
			`{"reason":"not in the queue","count":1,"examples":[{"sid":"` + w.Names["bob"] + `","friendly_name":"bob"}]}`,
			`{"reason":"target expression false","count":1,"examples":[{"sid":"` + w.Names["ann"] + `","friendly_name":"ann"}]}`} {
			if !strings.Contains(string(a.Body), want) {
				w.Errorf("the answer lacks %s: %s", want, a.Body)
			}
		}
		w.Make("strange", workspace+"/Tasks", "WorkflowSid", "{flow}", "Attributes", `{"vip":true,"level":0,"friend":"`+w.Names["bob"]+`"}`)
		if a := w.Do("GET", workspace+"/Tasks/{strange}/Why"); !strings.Contains(string(a.Body), `"faults":[{"code":40152,`) {
			w.Errorf("a known worker from elsewhere: %s", a.Body)
		}
		w.Do("POST", workspace+"/Tasks/{task}", "AssignmentStatus", "canceled")
		if a := w.Do("GET", workspace+"/Tasks/{task}/Why"); !strings.Contains(string(a.Body), `"step":null,"waits":null,"offered_to":[],"faults":[],"workers":[]`) {
			w.Errorf("a task that does not wait: %s", a.Body)
		}
		for _, path := range []string{workspace + "/Tasks/WT" + strangeSID + "/Why", workspaces + "/{foreign workspace}/Tasks/{task}/Why"} {
			if a := w.Do("GET", path); a.Status != http.StatusNotFound {
				w.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	})
}
