package rest_test

import (
	"strconv"
	"strings"
	"testing"

	"parley/internal/resttest"
)

// badName is what a FriendlyName of so many characters refuses.
func badName(max int) []resttest.Fault {
	return resttest.EachOf(20001, strings.Repeat("x", max+1), strings.Repeat("é", max+1))
}

// badURL is what the address of a callback refuses.
func badURL() []resttest.Fault {
	return resttest.EachOf(20001, "/relative", "ftp://example.org/", "https://", "example.org", "https://example.org/"+strings.Repeat("x", 2048))
}

// Every parameter of what is configured, wrong in every way: the documented code, and nothing changed.
func TestBadConfiguration(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		badWorkspaces(w)
		badActivities(w)
		badTaskChannels(w)
		badQueues(w)
		badWorkflows(w)
	})
}

func badWorkspaces(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	activity := any(20001, "", "x", "WA"+strangeSID, "{queue}")
	params := []resttest.Param{
		opt("EventCallbackUrl", badURL()), opt("EventsFilter", any(20001, strings.Repeat("x", 4097))),
		opt("MultiTaskEnabled", resttest.Boolean(), any(20001, "false")), opt("PrioritizeQueueOrder", any(20001, "", "random", "FIFO ")),
	}
	valid := []string{"FriendlyName", "x"}
	w.Bad(workspaces, valid, append(params, resttest.Required("FriendlyName", 20001, badName(64)), opt("Template", any(20001, "", "LIFO", "FIFO,NONE")))...)
	w.Bad(workspace, valid, append(params, opt("FriendlyName", any(20001, ""), badName(64)), opt("DefaultActivitySid", activity), opt("TimeoutActivitySid", activity))...)
}

func badActivities(w *resttest.World) {
	const list = workspace + "/Activities"
	valid := []string{"FriendlyName", "x"}
	w.Bad(list, valid, resttest.Required("FriendlyName", 20001, badName(64)), resttest.Optional("Available"))
	w.Bad(list+"/{offline}", valid, resttest.Optional("FriendlyName", resttest.EachOf(20001, ""), badName(64)))
}

func badTaskChannels(w *resttest.World) {
	const list = workspace + "/TaskChannels"
	unique := resttest.EachOf(20001, "e-mail", "2nd", "two words", "größe", "a.b", "x\n", strings.Repeat("x", 65))
	taken := []resttest.Fault{{Value: "chat", Code: 20409, Status: 409}}
	optimized := resttest.Optional("ChannelOptimizedRouting", resttest.Boolean())
	w.Bad(list, []string{"FriendlyName", "x", "UniqueName", "x"}, resttest.Required("FriendlyName", 20001, badName(64)), resttest.Required("UniqueName", 20001, unique, taken), optimized)
	w.Bad(list+"/chat", []string{"FriendlyName", "x"}, resttest.Optional("FriendlyName", resttest.EachOf(20001, ""), badName(64)), optimized)
}

func badQueues(w *resttest.World) {
	const list = workspace + "/TaskQueues"
	opt, any := resttest.Optional, resttest.EachOf
	w.Make("taken", list, "FriendlyName", "taken")
	activity := any(20001, "x", "WA"+strangeSID, "{queue}")
	params := []resttest.Param{
		opt("TargetWorkers", any(20001, "skill-level > 3", "languages HAS", "(a == 1", "a ==== 1", "a", strings.Repeat("(", 200)+"a == 1"+strings.Repeat(")", 200), `a == "`+strings.Repeat("x", 64<<10)+`"`)),
		opt("MaxReservedWorkers", resttest.Whole(20001, "0", "51", "-1")), opt("TaskOrder", any(20001, "", "random")),
		opt("AssignmentActivitySid", activity), opt("ReservationActivitySid", activity),
	}
	valid := []string{"FriendlyName", "x"}
	w.Bad(list, valid, append(params, resttest.Required("FriendlyName", 20001, badName(256), any(20001, "taken")))...)
	w.Bad(list+"/{queue}", valid, append(params, opt("FriendlyName", any(20001, "", "taken"), badName(256)))...)
	for _, query := range []string{"EvaluateWorkerAttributes=", "EvaluateWorkerAttributes=[]", "EvaluateWorkerAttributes=%7B", "EvaluateWorkerAttributes=null", "Ordering=Size", "Ordering=FriendlyName:up"} {
		w.Refused(query, w.Request("GET", list+"?"+query), 400, 20001)
	}
	for _, sid := range []string{"", "x", "WK" + strangeSID, "{queue}"} {
		w.Refused("WorkerSid="+sid, w.Request("GET", list+"?WorkerSid="+sid), 404, 20404)
	}
}

func badWorkflows(w *resttest.World) {
	const list = workspace + "/Workflows"
	opt, any := resttest.Optional, resttest.EachOf
	configuration := any(20001, "{", "[]", "null", "nonsense", `{"task_routing":[]}`, `{"task_routing":{"filters":[{"expression":"1==1","targets":[]}]}}`,
		`{"task_routing":{"filters":[{"expression":1,"targets":[{"queue":"x"}]}]}}`, leadsTo("{queue}")+"x")
	params := []resttest.Param{
		opt("AssignmentCallbackUrl", badURL()), opt("FallbackAssignmentCallbackUrl", badURL()),
		opt("TaskReservationTimeout", resttest.Whole(20001, "0", "86401", "-1")),
	}
	valid := []string{"FriendlyName", "x", "Configuration", leadsTo("{queue}")}
	w.Bad(list, valid, append(params, resttest.Required("FriendlyName", 20001, badName(256)), resttest.Required("Configuration", 20001, configuration))...)
	w.Bad(list+"/{workflow}", valid, append(params, opt("FriendlyName", any(20001, ""), badName(256)), opt("Configuration", any(20001, ""), configuration),
		opt("ReEvaluateTasks", resttest.Boolean()))...)
}

// What is another account's is not there, for every verb, and lists refuse pages that they did not give.
func TestForeignConfiguration(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		const theirs = workspaces + "/{foreign workspace}"
		for _, path := range []string{theirs, workspaces + "/WS" + strangeSID, workspaces + "/x", workspaces + "/%FF", workspaces + "/%00", workspaces + "/{queue}",
			theirs + "/TaskQueues/{foreign queue}", workspace + "/TaskQueues/{foreign queue}", workspace + "/TaskQueues/x", workspace + "/TaskQueues/%FF",
			theirs + "/Workflows/{foreign workflow}", workspace + "/Workflows/{foreign workflow}", workspace + "/Workflows/%00",
			workspace + "/Activities/{queue}", workspace + "/Activities/%FF", theirs + "/TaskChannels/chat", workspace + "/TaskChannels/%00"} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				w.Refused(method+" "+path, w.Request(method, path), 404, 20404)
			}
		}
		for _, path := range []string{"/TaskQueues/{foreign queue}/Warnings", "/Workflows/{foreign workflow}/Warnings"} {
			w.Refused(path, w.Request("GET", workspace+path), 404, 20404)
			w.Refused(path, w.Request("GET", theirs+path), 404, 20404)
		}
		for _, list := range []string{"", "/Activities", "/TaskChannels", "/TaskQueues", "/Workflows"} {
			target := workspace + list
			if list == "" {
				target = workspaces
			} else {
				w.Refused("GET "+list, w.Request("GET", theirs+list), 404, 20404)
				w.Refused("POST "+list, w.Request("POST", theirs+list, "FriendlyName", "x", "UniqueName", "x", "Configuration", leadsTo("x")), 404, 20404)
			}
			for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=x": 20422, "PageSize=1001": 20007, "Page=-1": 20422, "PageToken=-1": 19038,
				"PageToken=nonsense": 20001, "PageToken=PT{foreign workspace}": 20001, "PageToken=PT{foreign queue}": 20001, "PageToken=%FF": 20422, "PageToken=%00": 20422} {
				w.Refused(list+"?"+query, w.Request("GET", target+"?"+query), 400, code)
			}
		}
	})
}

// Lists give every item once, whatever the page's size.
func TestConfigurationPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		names := map[string][]string{"Activities": {"Offline", "Available", "Unavailable"}, "TaskChannels": {"Default", "Voice", "Video", "SMS", "Programmable Chat"},
			"TaskQueues": {"Everyone"}, "Workflows": {"Anyone"}, "": {"Support"}}
		keys := map[string]string{"Activities": "activities", "TaskChannels": "channels", "TaskQueues": "task_queues", "Workflows": "workflows", "": "workspaces"}
		for i := range 4 {
			name := "n" + strconv.Itoa(i)
			for list := range keys {
				target := workspace + "/" + list
				if list == "" {
					target = workspaces
				}
				w.Make("x", target, "FriendlyName", name, "UniqueName", name, "Configuration", leadsTo("{queue}"))
				names[list] = append(names[list], name)
			}
		}
		for list, key := range keys {
			for _, size := range []int{1, 2, 4, 1000} {
				target := "/v1/Workspaces/{workspace}/" + list
				if list == "" {
					target = "/v1/Workspaces"
				}
				for _, style := range []string{"/taskrouter", "http://taskrouter.twilio.com"} {
					same(w, list, w.Pages(style+target+"?PageSize="+strconv.Itoa(size), key, "friendly_name", size), names[list])
				}
			}
		}
	})
}

// All warnings are read under the resource; the header holds the first of them in plain letters.
func TestWarnings(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		var filters []string
		for i := range 25 {
			filters = append(filters, `{"filter_friendly_name":"f`+strconv.Itoa(i)+`","expression":"größe-`+strconv.Itoa(i)+` == 1","targets":[{"queue":"{queue}"}]}`)
		}
		a := w.Make("many", workspace+"/Workflows", "FriendlyName", "Many", "Configuration", `{"task_routing":{"filters":[`+strings.Join(filters, ",")+`],"default_filter":{"queue":"{queue}"}}}`)
		lines := a.Header["Parley-Warning"]
		if len(lines) != 20 {
			t.Fatalf("%d warnings in the header: %q", len(lines), lines)
		}
		for i, line := range lines {
			if !strings.HasPrefix(line, "task_routing.filters["+strconv.Itoa(i)+"].expression:") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("warning %d is %q", i, line)
			}
		}
		all, _ := w.Do("GET", workspace+"/Workflows/{many}/Warnings").Get("warnings").([]any)
		if len(all) != 25 {
			t.Errorf("%d warnings in all, want 25", len(all))
		}
		if a := w.Do("GET", workspace+"/TaskQueues/{queue}/Warnings"); string(a.Body) != `{"warnings":[]}` {
			t.Errorf("a sane queue: %s", a.Body)
		}
		w.Make("odd", workspace+"/TaskQueues", "FriendlyName", "Odd", "TargetWorkers", `task.language == "en"`)
		const want = `{"warnings":[{"path":"TargetWorkers","column":1,"code":"prefix","message":"task.language is always null here: a queue knows no task: compare with it in the expression of a workflow's target"}]}`
		if a := w.Do("GET", workspace+"/TaskQueues/{odd}/Warnings"); string(a.Body) != want {
			t.Errorf("an odd queue: %s", a.Body)
		}
	})
}
