package rest_test

import (
	"strings"

	"parley/internal/resttest"
)

// What is configured, from an empty account to its end.
func configurationStory(w *resttest.World) {
	workspaceStory(w)
	activityStory(w)
	taskChannelStory(w)
	queueStory(w)
	workflowStory(w)
	deletions(w)
}

const events = "https://events.example.org/in"

func workspaceStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "workspace/create", Method: "POST", URL: workspaces, Form: []string{"FriendlyName", "Support"}, Status: 201, Changes: "match", Save: "workspace"},
		resttest.Scenario{Name: "workspace/create-fifo", Method: "POST", URL: workspaces, Form: []string{"FriendlyName", "Sales", "EventCallbackUrl", events,
			"EventsFilter", "workspace.created, workspace.deleted", "MultiTaskEnabled", "true", "Template", "fifo", "PrioritizeQueueOrder", "LIFO"},
			Status: 201, Changes: "match", Calls: []string{"workspace.created " + events}, Save: "fifo"},
		resttest.Scenario{Name: "workspace/fifo-queues", URL: workspaces + "/{fifo}/TaskQueues", Status: 200},
		resttest.Scenario{Name: "workspace/fifo-workflows", URL: workspaces + "/{fifo}/Workflows", Status: 200},
		resttest.Scenario{Name: "workspace/activities", URL: workspace + "/Activities", Status: 200},
		resttest.Scenario{Name: "workspace/channels", URL: workspace + "/TaskChannels", Status: 200},
		resttest.Scenario{Name: "workspace/fetch", URL: workspace, Status: 200},
		resttest.Scenario{Name: "workspace/unknown", URL: workspaces + "/WS" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "workspace/list", URL: workspaces, Status: 200},
		resttest.Scenario{Name: "workspace/list-named", URL: workspaces + "?FriendlyName=Sales", Status: 200},
		resttest.Scenario{Name: "workspace/list-page", URL: workspaces + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "workspace/host-style", URL: "http://taskrouter.twilio.com/v1/Workspaces/{workspace}", Status: 200},
	)
	w.Names["available"] = first(w, workspace+"/Activities?FriendlyName=Available", "activities")
	w.Names["offline"] = first(w, workspace+"/Activities?FriendlyName=Offline", "activities")
	w.Names["unavailable"] = first(w, workspace+"/Activities?FriendlyName=Unavailable", "activities")
	w.Run(
		resttest.Scenario{Name: "workspace/update", Method: "POST", URL: workspace, Form: []string{"FriendlyName", "Help", "EventCallbackUrl", events,
			"DefaultActivitySid", "{available}", "TimeoutActivitySid", "{unavailable}", "PrioritizeQueueOrder", "LIFO"},
			Status: 200, Changes: "match", Calls: []string{"workspace.updated " + events}},
		resttest.Scenario{Name: "workspace/update-filter", Method: "POST", URL: workspace, Form: []string{"EventCallbackUrl", "", "EventsFilter", "task.created"}, Status: 200, Changes: "match"},
		resttest.Scenario{Method: "POST", URL: workspace, Form: []string{"EventCallbackUrl", events, "EventsFilter", ""}, Status: 200, Changes: "match", Calls: []string{"workspace.updated " + events}},
	)
}

func activityStory(w *resttest.World) {
	const list = workspace + "/Activities"
	told := func(event string) []string { return []string{"activity." + event + " " + events} }
	w.Run(
		resttest.Scenario{Name: "activity/create", Method: "POST", URL: list, Form: []string{"FriendlyName", "Pause"}, Status: 201, Changes: "match", Calls: told("created"), Save: "pause"},
		resttest.Scenario{Name: "activity/create-available", Method: "POST", URL: list, Form: []string{"FriendlyName", "Desk", "Available", "Yes"}, Status: 201, Changes: "match", Calls: told("created"), Save: "desk"},
		resttest.Scenario{Name: "activity/create-other-word", Method: "POST", URL: list, Form: []string{"FriendlyName", "Lunch", "Available", "on"}, Status: 201, Changes: "match", Calls: told("created")},
		resttest.Scenario{Name: "activity/update", Method: "POST", URL: list + "/{pause}", Form: []string{"FriendlyName", "Break", "Available", "true"}, Status: 200, Changes: "match", Calls: told("updated")},
		resttest.Scenario{Name: "activity/fetch", URL: list + "/{pause}", Status: 200},
		resttest.Scenario{Name: "activity/unknown", URL: list + "/WA" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "activity/list-available", URL: list + "?Available=1", Status: 200},
		resttest.Scenario{Name: "activity/list-named", URL: list + "?FriendlyName=Break&Available=no", Status: 200},
		resttest.Scenario{Name: "activity/delete-default", Method: "DELETE", URL: list + "/{available}", Status: 400, Code: 20001},
		resttest.Scenario{Method: "DELETE", URL: list + "/{pause}", Status: 204, Changes: "match", Calls: told("deleted")},
		resttest.Scenario{URL: list + "/{pause}", Status: 404, Code: 20404},
	)
	w.Make("worker", workspace+"/Workers", "FriendlyName", "anna", "ActivitySid", "{offline}", "Attributes", `{"languages":["en"],"level":3}`)
	w.Run(resttest.Scenario{Name: "activity/delete-used", Method: "DELETE", URL: list + "/{offline}", Status: 400, Code: 20001})
}

func taskChannelStory(w *resttest.World) {
	const list = workspace + "/TaskChannels"
	told := func(event string) []string { return []string{"task-channel." + event + " " + events} }
	w.Run(
		resttest.Scenario{Name: "task-channel/create", Method: "POST", URL: list, Form: []string{"FriendlyName", "Mail", "UniqueName", "mail", "ChannelOptimizedRouting", "true"},
			Status: 201, Changes: "match", Calls: told("created"), Save: "mail"},
		resttest.Scenario{Name: "task-channel/create-taken", Method: "POST", URL: list, Form: []string{"FriendlyName", "Mail", "UniqueName", "mail"}, Status: 409, Code: 20409},
		resttest.Scenario{Name: "task-channel/of-worker", URL: workspace + "/Workers/{worker}/Channels/mail", Status: 200},
		resttest.Scenario{Name: "task-channel/update", Method: "POST", URL: list + "/mail", Form: []string{"FriendlyName", "E-mail", "UniqueName", "letters", "ChannelOptimizedRouting", "false"},
			Status: 200, Changes: "match", Calls: told("updated")},
		resttest.Scenario{Name: "task-channel/fetch", URL: list + "/{mail}", Status: 200},
		resttest.Scenario{Name: "task-channel/fetch-named", URL: list + "/chat", Status: 200},
		resttest.Scenario{Name: "task-channel/unknown", URL: list + "/letters", Status: 404, Code: 20404},
		resttest.Scenario{Name: "task-channel/list-page", URL: list + "?PageSize=2", Status: 200},
		resttest.Scenario{Name: "task-channel/delete-default", Method: "DELETE", URL: list + "/default", Status: 400, Code: 20001},
		resttest.Scenario{Method: "DELETE", URL: list + "/{mail}", Status: 204, Changes: "match", Calls: told("deleted")},
		resttest.Scenario{URL: workspace + "/Workers/{worker}/Channels/mail", Status: 404, Code: 20404},
	)
}

func queueStory(w *resttest.World) {
	const list = workspace + "/TaskQueues"
	w.Run(
		resttest.Scenario{Name: "task-queue/create", Method: "POST", URL: list, Form: []string{"FriendlyName", "Everyone"}, Status: 201, Changes: "match",
			Calls: []string{"task-queue.created " + events}, Save: "queue", Check: warns()},
		resttest.Scenario{Name: "task-queue/create-full", Method: "POST", URL: list, Form: []string{"FriendlyName", "English", "TargetWorkers", `languages HAS "en" AND level > 2`,
			"MaxReservedWorkers", "50", "TaskOrder", "lifo", "AssignmentActivitySid", "{unavailable}", "ReservationActivitySid", "{desk}"},
			Status: 201, Changes: "match", Calls: []string{"task-queue.created " + events}, Save: "english"},
		resttest.Scenario{Name: "task-queue/create-nobody", Method: "POST", URL: list, Form: []string{"FriendlyName", "Nobody", "TargetWorkers", ""}, Status: 201, Changes: "match",
			Calls: []string{"task-queue.created " + events}, Save: "nobody", Check: warns("TargetWorkers never ")},
		resttest.Scenario{Name: "task-queue/create-taken", Method: "POST", URL: list, Form: []string{"FriendlyName", "English"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "task-queue/create-unreadable", Method: "POST", URL: list, Form: []string{"FriendlyName", "Hyphen", "TargetWorkers", "skill-level > 3"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "task-queue/update", Method: "POST", URL: list + "/{nobody}", Form: []string{"FriendlyName", "Spanish", "TargetWorkers", `"languages" == "es"`, "MaxReservedWorkers", "2"},
			Status: 200, Changes: "match", Calls: []string{"task-queue.expression.updated " + events}, Check: warns("TargetWorkers:1 constants ")},
		resttest.Scenario{Name: "task-queue/update-activities", Method: "POST", URL: list + "/{english}", Form: []string{"AssignmentActivitySid", ""}, Status: 200, Changes: "match"},
		resttest.Scenario{Name: "task-queue/fetch", URL: list + "/{english}", Status: 200},
		resttest.Scenario{Name: "task-queue/unknown", URL: list + "/WQ" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "task-queue/list", URL: list, Status: 200},
		resttest.Scenario{Name: "activity/delete-of-queue", Method: "DELETE", URL: workspace + "/Activities/{desk}", Status: 400, Code: 20001},
	)
	for query, want := range map[string]string{
		"FriendlyName=Spanish": "Spanish", "FriendlyName=spanish": "", "Ordering=FriendlyName": "English Everyone Spanish", "Ordering=DateCreated:desc": "Spanish English Everyone",
		"Ordering=dateupdated:desc": "English Spanish Everyone", "WorkerSid={worker}": "Everyone English", "FriendlyName=Everyone&WorkerSid={worker}": "Everyone",
		`EvaluateWorkerAttributes={"languages":["en"],"level":"6"}`: "Everyone English", "EvaluateWorkerAttributes={}": "Everyone",
		`WorkerSid={worker}&EvaluateWorkerAttributes={}`: "Everyone",
	} {
		target := list + "?PageSize=2&" + strings.NewReplacer(`"`, "%22", "[", "%5B", "]", "%5D").Replace(query)
		same(w, query, w.Pages(target, "task_queues", "friendly_name", 2), strings.Fields(want))
	}
}

func workflowStory(w *resttest.World) {
	const list = workspace + "/Workflows"
	told := func(event string) []string { return []string{"workflow." + event + " " + events} }
	spaced := ` {"task_routing": {"filters": [], "default_filter": {"queue": "{queue}"}}}`
	odd := `{"task_routing":{"filters":[{"filter_friendly_name":"100 % \"Größe\"","expression":"size-x == 1","targets":[{"queue":"WQ` + strangeSID + `"}]}],"default_filter":{"queue":"{queue}"}}}`
	w.Run(
		resttest.Scenario{Name: "workflow/create", Method: "POST", URL: list, Form: []string{"FriendlyName", "Anyone", "Configuration", spaced}, Status: 201, Changes: "match",
			Calls: told("created"), Save: "workflow", Check: warns()},
		resttest.Scenario{Name: "workflow/create-full", Method: "POST", URL: list, Form: []string{"FriendlyName", "Odd", "Configuration", odd, "AssignmentCallbackUrl", "https://assign.example.org/a",
			"FallbackAssignmentCallbackUrl", "http://assign.example.org/b", "TaskReservationTimeout", "86400"}, Status: 201, Changes: "match", Calls: told("created"), Save: "odd",
			Check: warns("task_routing.filters[0].expression:5 syntax ", "task_routing.filters[0].targets[0].queue unknown_queue ")},
		resttest.Scenario{Name: "workflow/create-shapeless", Method: "POST", URL: list, Form: []string{"FriendlyName", "Bad", "Configuration", `{"task_routing":{"filters":{}}}`}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "workflow/update", Method: "POST", URL: list + "/{odd}", Form: []string{"FriendlyName", "Even", "AssignmentCallbackUrl", "", "TaskReservationTimeout", "1"}, Status: 200,
			Changes: "match", Calls: told("updated"), Check: warns("task_routing.filters[0].expression:5 syntax ", "task_routing.filters[0].targets[0].queue unknown_queue ")},
		resttest.Scenario{Name: "workflow/fetch", URL: list + "/{odd}", Status: 200},
		resttest.Scenario{Name: "workflow/unknown", URL: list + "/WW" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "workflow/list", URL: list, Status: 200},
		resttest.Scenario{Name: "workflow/list-named", URL: list + "?FriendlyName=Even", Status: 200},
	)
}

// warns checks the beginnings of an answer's warnings.
func warns(want ...string) func(w *resttest.World, a resttest.Answer) {
	return func(w *resttest.World, a resttest.Answer) {
		w.Helper()
		got := a.Header["Parley-Warning"]
		if len(got) != len(want) {
			w.Errorf("warnings %q, want %q", got, want)
			return
		}
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				w.Errorf("warning %q, want %q", got[i], want[i])
			}
		}
	}
}

func deletions(w *resttest.World) {
	w.Make("task", workspace+"/Tasks", "WorkflowSid", "{workflow}", "TaskChannel", "chat")
	w.Run(
		resttest.Scenario{Name: "task-queue/delete-used", Method: "DELETE", URL: workspace + "/TaskQueues/{queue}", Status: 400, Code: 20001},
		resttest.Scenario{Name: "workflow/delete-used", Method: "DELETE", URL: workspace + "/Workflows/{workflow}", Status: 400, Code: 20001},
		resttest.Scenario{Name: "task-channel/delete-used", Method: "DELETE", URL: workspace + "/TaskChannels/chat", Status: 400, Code: 20001},
		resttest.Scenario{Method: "DELETE", URL: workspace + "/Workflows/{odd}", Status: 204, Changes: "match", Calls: []string{"workflow.deleted " + events}},
		resttest.Scenario{Method: "DELETE", URL: workspace + "/TaskQueues/{english}", Status: 204, Changes: "match", Calls: []string{"task-queue.deleted " + events}},
		resttest.Scenario{Method: "DELETE", URL: workspaces + "/{fifo}", Status: 204, Changes: "match", Calls: []string{"workspace.deleted " + events}},
		resttest.Scenario{URL: workspaces + "/{fifo}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: workspace, Status: 204, Changes: "match worker.deleted", Calls: []string{"workspace.deleted " + events}},
		resttest.Scenario{URL: workspace + "/TaskQueues/{queue}", Status: 404, Code: 20404},
	)
}
