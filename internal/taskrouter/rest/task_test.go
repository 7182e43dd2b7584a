package rest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/internal/resttest"
	"parley/internal/taskrouter"
)

const (
	taskList = workspace + "/Tasks"
	taskOne  = taskList + "/{task}"
)

// offer lets a dispatcher run until the task {task} is reserved, and names its {reservation}.
func offer(w *resttest.World) {
	w.Helper()
	d := taskrouter.NewDispatcher(w.Tasks, taskrouter.DispatcherOptions{Sole: true})
	if err := d.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	defer func() {
		if err := d.Stop(w.Context()); err != nil {
			w.Error(err)
		}
	}()
	f := taskrouter.ReservationFilter{TaskSID: w.Names["task"], Status: taskrouter.ReservationPending}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		list, err := w.Tasks.ListReservations(w.Context(), resttest.Account, w.Names["workspace"], f, "", 1)
		if err != nil {
			w.Fatal(err)
		}
		if len(list) > 0 {
			w.Names["reservation"] = w.Tasks.ReservationSID(list[0].ID)
			return
		}
	}
	w.Fatal("the task was offered to nobody")
}

// Tasks and their reservations, in a world of their own.
func taskStory(w *resttest.World) {
	trWorld(w)
	w.Make("anna", workspace+"/Workers", "FriendlyName", "anna", "ActivitySid", "{available}", "Attributes", `{"level":3}`)
	taskGolden(w)
	offer(w)
	reservationGolden(w)
	w.Run(
		resttest.Scenario{Method: "DELETE", URL: taskOne, Header: map[string]string{"If-Match": `"0"`}, Status: 412, Code: 20412},
		resttest.Scenario{Method: "DELETE", URL: taskOne, Header: map[string]string{"If-Match": `"3"`}, Status: 204, Changes: "match"},
		resttest.Scenario{Name: "task/deleted", URL: taskOne, Status: 404, Code: 20404},
		resttest.Scenario{Name: "reservation/deleted", URL: workspace + "/Workers/{anna}/Reservations/{reservation}", Status: 404, Code: 20404},
	)
}

// etag wants a version in the answer's header.
func etag(version int) func(w *resttest.World, a resttest.Answer) {
	return func(w *resttest.World, a resttest.Answer) {
		w.Helper()
		if got, want := a.Header.Get("ETag"), `"`+strconv.Itoa(version)+`"`; got != want {
			w.Errorf("ETag %s, want %s", got, want)
		}
	}
}

func taskGolden(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "task/create-full", Method: "POST", URL: taskList, Form: []string{"WorkflowSid", "{workflow}", "TaskChannel", "chat", "Attributes", `{"type":"support","call_sid":"CA1"}`,
			"Priority", "4", "Timeout", "60", "VirtualStartTime", "2026-01-01T00:00:00Z", "IgnoreCapacity", "false"}, Status: 201, Changes: "match", Save: "full", Check: etag(0)},
		resttest.Scenario{Name: "task/create-worker", Method: "POST", URL: taskList, Form: []string{"RoutingTarget", "{anna}", "TaskQueueSid", "{queue}", "TaskChannel", "{voice channel}"},
			Status: 201, Changes: "match", Save: "direct"},
		resttest.Scenario{Name: "task/create", Method: "POST", URL: taskList, Status: 201, Changes: "match", Save: "task"},
		resttest.Scenario{Name: "task/fetch", URL: taskOne, Status: 200, Check: etag(0)},
		resttest.Scenario{Name: "task/unknown", URL: taskList + "/WT" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "task/foreign-workspace", URL: workspaces + "/{foreign workspace}/Tasks/{task}", Status: 404, Code: 20404},
		resttest.Scenario{Name: "task/update", Method: "POST", URL: taskList + "/{full}", Form: []string{"Attributes", `{"type":"sales","call_sid":"CA1"}`, "Priority", "9", "TaskChannel", "default"},
			Header: map[string]string{"If-Match": "0"}, Status: 200, Changes: "match", Check: etag(1)},
		resttest.Scenario{Name: "task/update-outdated", Method: "POST", URL: taskList + "/{full}", Form: []string{"Priority", "8"}, Header: map[string]string{"If-Match": `W/"0"`}, Status: 412, Code: 20412},
		resttest.Scenario{Name: "task/update-empty", Method: "POST", URL: taskList + "/{full}", Status: 200, Check: etag(1)},
		resttest.Scenario{Name: "task/complete-pending", Method: "POST", URL: taskList + "/{full}", Form: []string{"AssignmentStatus", "completed"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "task/list", URL: taskList, Status: 200},
		resttest.Scenario{Name: "task/list-page", URL: taskList + "?PageSize=1&Ordering=Priority:desc", Status: 200},
		resttest.Scenario{Name: "task/list-evaluated", URL: taskList + "?EvaluateTaskAttributes=call_sid%3D+'CA1'", Status: 200},
		resttest.Scenario{Name: "task/list-nothing", URL: taskList + "?AssignmentStatus=assigned&AssignmentStatus=wrapping&HasAddons=false", Status: 200},
		resttest.Scenario{Name: "task/list-by-number", URL: taskList + "?Page=1", Status: 400, Code: 40153},
		resttest.Scenario{Name: "task/list-first-by-number", URL: taskList + "?Page=0&Priority=9", Status: 200},
		resttest.Scenario{Name: "task/cancel", Method: "POST", URL: taskList + "/{full}", Form: []string{"AssignmentStatus", "canceled", "Reason", "waiting too long"}, Status: 200, Changes: "match", Check: etag(2)},
		resttest.Scenario{Name: "task/cancel-again", Method: "POST", URL: taskList + "/{full}", Form: []string{"AssignmentStatus", "canceled"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "task/host-style", URL: "http://taskrouter.twilio.com/v1/Workspaces/{workspace}/Tasks/{task}", Status: 200},
	)
	w.Run(resttest.Scenario{Method: "DELETE", URL: taskList + "/{direct}", Status: 204, Changes: "match"})
}

func reservationGolden(w *resttest.World) {
	const ofTask, ofWorker = taskOne + "/Reservations", workspace + "/Workers/{anna}/Reservations"
	w.Run(
		resttest.Scenario{Name: "reservation/of-task", URL: ofTask + "/{reservation}", Status: 200, Check: etag(0)},
		resttest.Scenario{Name: "reservation/of-worker", URL: ofWorker + "/{reservation}", Status: 200, Check: etag(0)},
		resttest.Scenario{Name: "reservation/list-of-task", URL: ofTask + "?ReservationStatus=pending&WorkerSid={anna}", Status: 200},
		resttest.Scenario{Name: "reservation/list-of-worker", URL: ofWorker, Status: 200},
		resttest.Scenario{Name: "reservation/list-nothing", URL: ofWorker + "?ReservationStatus=completed", Status: 200},
		resttest.Scenario{Name: "reservation/list-by-number", URL: ofWorker + "?Page=2", Status: 400, Code: 40153},
		resttest.Scenario{Name: "reservation/unknown", URL: ofTask + "/WR" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "reservation/complete-pending", Method: "POST", URL: ofWorker + "/{reservation}", Form: []string{"ReservationStatus", "completed"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "reservation/call", Method: "POST", URL: ofWorker + "/{reservation}", Form: []string{"Instruction", "call", "CallFrom", "+49"}, Status: 400, Code: 40113},
		resttest.Scenario{Name: "reservation/outdated", Method: "POST", URL: ofTask + "/{reservation}", Form: []string{"ReservationStatus", "accepted"}, Header: map[string]string{"If-Match": "7"}, Status: 412, Code: 20412},
		resttest.Scenario{Name: "reservation/accept", Method: "POST", URL: ofTask + "/{reservation}", Form: []string{"ReservationStatus", "accepted"}, Header: map[string]string{"If-Match": "0"},
			Status: 200, Changes: "match reservation.accepted", Check: etag(1)},
		resttest.Scenario{Name: "task/assigned", URL: taskOne, Status: 200},
		resttest.Scenario{Name: "reservation/complete", Method: "POST", URL: ofWorker + "/{reservation}", Form: []string{"ReservationStatus", "completed"},
			Status: 200, Changes: "task.completed match reservation.completed", Check: etag(2)},
		resttest.Scenario{Name: "task/completed", URL: taskOne, Status: 200, Check: etag(3)},
	)
}

// Every parameter of tasks and reservations, wrong in every way: the documented code, and nothing changed.
func TestBadTasks(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		w.Make("anna", workspace+"/Workers", "FriendlyName", "anna", "ActivitySid", "{available}")
		w.Make("task", taskList)
		offer(w)
		opt, any := resttest.Optional, resttest.EachOf
		attributes := any(20001, "{", "{'a':1}", "nonsense", `{"a":1}}`, "[1]", "1", "null", `{"a":"`+strings.Repeat("x", 4089)+`"}`)
		params := []resttest.Param{
			opt("Attributes", attributes), opt("Priority", resttest.Whole(20001, "-1", "2147483648")), opt("VirtualStartTime", any(20001, "yesterday", "2020-01-01", "2999-01-01T00:00:00Z", "1899-12-31T23:59:59Z")),
			opt("TaskChannel", any(20001, "pigeon", "TC"+strangeSID, "{queue}")),
		}
		w.Bad(taskList, []string{"WorkflowSid", "{workflow}"}, append(params, opt("WorkflowSid", any(20001, "x", "WW"+strangeSID, "{foreign workflow}")),
			opt("Timeout", resttest.Whole(20001, "0", "1209601")), opt("TaskQueueSid", any(20001, "x", "{foreign queue}", "{workflow}")),
			opt("RoutingTarget", any(20001, "x", "WK"+strangeSID, "{foreign queue}", "{foreign workflow}", "{task}")), opt("IgnoreCapacity", resttest.Boolean(), any(20001, "true")))...)
		w.Bad(taskOne, []string{}, append(params, opt("AssignmentStatus", any(20001, "", "pending", "reserved", "assigned", "open", "Canceled", "wrapping", "completed")),
			opt("Reason", any(20001, strings.Repeat("x", 4097))), opt("TaskChannel", any(20001, "")))...)
		for _, place := range []string{taskOne, workspace + "/Workers/{anna}"} {
			w.Bad(place+"/Reservations/{reservation}", []string{"ReservationStatus", "accepted"}, opt("WorkerActivitySid", any(20001, "", "x", "WA"+strangeSID, "{queue}")),
				resttest.Required("ReservationStatus", 20001, any(20001, "pending", "canceled", "timeout", "rescinded", "Accepted", "wrapping", "completed")),
				opt("Instruction", any(20001, "", "sing", "reject", "Accept"), any(40133, "dequeue"), any(40113, "call"), any(40122, "redirect"), any(40149, "conference"), any(40146, "supervise")))
		}
		for query, code := range map[string]int{
			"Priority=high": 20001, "Priority=-1": 20001, "AssignmentStatus=open": 20001, "EvaluateTaskAttributes=a-b+%3D%3D+1": 20001, "HasAddons=perhaps": 20422,
			"Ordering=Age:asc": 20001, "Ordering=DateCreated:asc,VirtualStartTime:asc": 20001, "Page=1": 40153, "PageToken=PTx": 20001, "PageSize=1001": 20007, "WorkflowName=%ff": 20422,
		} {
			w.Refused(query, w.Request("GET", taskList+"?"+query), http.StatusBadRequest, code)
		}
		for query, code := range map[string]int{"ReservationStatus=open": 20001, "Page=1": 40153, "PageToken=PTx": 20001, "PageSize=0": 20422} {
			w.Refused(query, w.Request("GET", taskOne+"/Reservations?"+query), http.StatusBadRequest, code)
			w.Refused(query, w.Request("GET", workspace+"/Workers/{anna}/Reservations?"+query), http.StatusBadRequest, code)
		}
		w.Refused("If-Match of letters", ifMatch(w.Request("POST", taskOne, "Priority", "3"), "x"), http.StatusPreconditionFailed, 20412)
	})
}

func ifMatch(r *http.Request, version string) *http.Request {
	r.Header.Set("If-Match", version)
	return r
}

// Nothing of another account's can be reached, named or changed.
func TestForeignTasks(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		w.Make("anna", workspace+"/Workers", "FriendlyName", "anna", "ActivitySid", "{available}")
		w.Make("task", taskList)
		offer(w)
		for _, target := range []string{taskList, taskOne, taskOne + "/Reservations", taskOne + "/Reservations/{reservation}", workspace + "/Workers/{anna}/Reservations/{reservation}"} {
			for _, method := range []string{"GET", "POST"} {
				if method == "POST" && strings.HasSuffix(target, "/Reservations") {
					continue
				}
				r := w.Request(method, target)
				r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
				w.Refused(method+" "+target, r, http.StatusNotFound, 20404)
			}
		}
		r := w.Request("DELETE", taskOne)
		r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
		w.Refused("DELETE", r, http.StatusNotFound, 20404)
	})
}

// Lists give every item once, whatever the page's size.
func TestTaskPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		var sids []string
		for range 5 {
			w.Make("task", taskList)
			sids = append(sids, w.Names["task"])
		}
		for _, size := range []int{1, 2, 5, 100} {
			same(w, "tasks", w.Pages(taskList+"?PageSize="+strconv.Itoa(size), "tasks", "sid", size), sids)
		}
	})
}
