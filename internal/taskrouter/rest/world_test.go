package rest_test

import (
	"net/http"
	"slices"
	"testing"

	"parley/internal/resttest"
)

const (
	strangeSID = "0123456789abcdef0123456789abcdef"
	workspaces = "/taskrouter/v1/Workspaces"
	workspace  = workspaces + "/{workspace}"
)

// trWorld has a workspace with its activities {offline}, {available} and {unavailable}, its task channels {chat channel} and
// {voice channel}, a {queue} of everybody, a {workflow} that leads there, and a workspace of another account with a queue and a workflow.
func trWorld(w *resttest.World) {
	w.Helper()
	w.Make("workspace", workspaces, "FriendlyName", "Support")
	for name, target := range map[string]string{"offline": "/Activities?FriendlyName=Offline", "available": "/Activities?FriendlyName=Available",
		"unavailable": "/Activities?FriendlyName=Unavailable"} {
		w.Names[name] = first(w, workspace+target, "activities")
	}
	for _, name := range []string{"chat", "voice"} {
		w.Names[name+" channel"] = w.Do("GET", workspace+"/TaskChannels/"+name).Text("sid")
	}
	w.Make("queue", workspace+"/TaskQueues", "FriendlyName", "Everyone")
	w.Make("workflow", workspace+"/Workflows", "FriendlyName", "Anyone", "Configuration", leadsTo("{queue}"))
	foreign(w, "foreign workspace", workspaces, "FriendlyName", "Theirs")
	foreign(w, "foreign queue", workspaces+"/{foreign workspace}/TaskQueues", "FriendlyName", "Theirs")
	foreign(w, "foreign workflow", workspaces+"/{foreign workspace}/Workflows", "FriendlyName", "Theirs", "Configuration", leadsTo("{foreign queue}"))
}

// leadsTo is the configuration of a workflow with nothing but a default.
func leadsTo(queue string) string {
	return `{"task_routing":{"filters":[],"default_filter":{"queue":"` + queue + `"}}}`
}

// first is the SID of a list's first row.
func first(w *resttest.World, target, list string) string {
	w.Helper()
	a := w.Do("GET", target)
	if rows, _ := a.Get(list).([]any); len(rows) > 0 {
		row, _ := rows[0].(map[string]any)
		sid, _ := row["sid"].(string)
		return sid
	}
	w.Fatalf("%s is empty: %s", target, a.Body)
	return ""
}

// foreign makes something of the other account.
func foreign(w *resttest.World, name, target string, form ...string) {
	w.Helper()
	r := w.Request("POST", target, form...)
	r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
	a := w.Send(r)
	if a.Status != http.StatusCreated {
		w.Fatalf("%s: %s", name, a.Body)
	}
	w.Names[name] = a.Text("sid")
}

func same(w *resttest.World, label string, got, want []string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: got %q, want %q", label, got, want)
	}
}

// Every published operation is answered well by one of the stories.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		configurationStory(w)
		taskStory(w)
		workersStory(w)
		historyStory(w)
		w.Covered("taskrouter", "/v1/")
		w.Covered("taskrouter", "/v1/")
	})
}
