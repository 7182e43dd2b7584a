package rest_test

import (
	"net/http"
	"testing"

	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/resttest"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// definition is a flow that asks a question.
const definition = `{"initial_state":"Trigger","states":[
{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"ask"},{"event":"incomingRequest","next":"ask"}]},
{"name":"ask","type":"send-and-wait-for-reply","properties":{"body":"Your name?","from":"Bot","timeout":"3600"},
"transitions":[{"event":"incomingMessage"},{"event":"timeout"},{"event":"deliveryFailure"}]}]}`

// TestWatched: what the page of flows asks for is answered to the tokens of supervisors and admins, and to nobody else's; what it does not
// ask for stays the account's.
func TestWatched(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		workspace(w)
		w.Make("flow", flows, "FriendlyName", "Ask", "Status", "published", "Definition", definition)
		w.Make("execution", flows+"/{flow}/Executions", "To", "alice", "From", "bot")
		tokens := map[string]string{"customer": w.Mint(identity.Claim{Identity: "customer"})}
		for name, attributes := range map[string]string{"agent": `{"roles":["agent"]}`, "boss": `{"roles":["supervisor"]}`, "admin": `{"roles":["agent","admin"]}`, "none": `{}`} {
			w.Make(name, "/taskrouter/v1/Workspaces/{workspace}/Workers", "FriendlyName", name, "Attributes", attributes)
			tokens[name] = w.Mint(identity.Claim{Identity: name, WorkspaceSID: w.Names["workspace"], WorkerSID: w.Names[name], WorkerRole: "worker"})
		}
		as := func(who, method, target string, values ...string) resttest.Answer {
			r := w.Request(method, target, values...)
			r.Header.Set("Authorization", resttest.Basic("token", tokens[who]))
			return w.Send(r)
		}
		one := flows + "/{flow}/Executions/{execution}"
		reads := []string{flows, flows + "/{flow}", flows + "/{flow}/Revisions", flows + "/{flow}/Revisions/1", flows + "/{flow}/Diff?From=1&To=1",
			flows + "/{flow}/Executions", one, one + "/Context", one + "/Steps", one + "/Steps/FT1", one + "/Steps/FT1/Context", one + "/Warnings",
			"/studio/v2/Executions", "/studio/v2/Executions/{execution}"}
		for _, target := range reads {
			want := w.Do("GET", target)
			for _, who := range []string{"boss", "admin"} {
				if a := as(who, "GET", target); a.Status != want.Status || string(a.Body) != string(want.Body) {
					w.Errorf("%s as %s: %d %s", target, who, a.Status, a.Body)
				}
			}
			for who, status := range map[string]int{"agent": 403, "customer": 403, "none": 401} {
				if a := as(who, "GET", target); a.Status != status {
					w.Errorf("%s as %s: %d %s", target, who, a.Status, a.Body)
				}
			}
		}

		// A change that is not for the page is not for a token at all.
		before := w.State()
		for _, c := range [][2]string{{"POST", flows}, {"POST", flows + "/{flow}"}, {"DELETE", flows + "/{flow}"}, {"POST", flows + "/{flow}/Executions"},
			{"DELETE", one}, {"POST", flows + "/{flow}/TestUsers"}, {"GET", "/studio/v1/Flows"}, {"POST", "/studio/v1/Flows/{flow}/Executions/{execution}"}} {
			if a := as("admin", c[0], c[1], "Status", "ended"); a.Status != http.StatusForbidden && a.Status != http.StatusUnauthorized {
				w.Errorf("%s %s: %d %s", c[0], c[1], a.Status, a.Body)
			}
		}
		if a := as("agent", "POST", one, "Status", "ended"); a.Status != http.StatusForbidden || w.State() != before {
			w.Errorf("ended by an agent: %d %s", a.Status, a.Body)
		}
		if a := as("boss", "POST", one, "Status", "ended"); a.Status != http.StatusOK || a.Text("status") != "ended" {
			w.Errorf("ended by a supervisor: %d %s", a.Status, a.Body)
		}

		// Who loses the role is out at the next request.
		w.Do("POST", "/taskrouter/v1/Workspaces/{workspace}/Workers/{boss}", "Attributes", `{"roles":["agent"]}`)
		if a := as("boss", "GET", flows); a.Status != http.StatusForbidden {
			w.Errorf("without the role: %d %s", a.Status, a.Body)
		}
	})
}

// workspace makes one for workers.
func workspace(w *resttest.World) {
	w.Helper()
	p := taskrouter.Provision{AccountSID: resttest.Account, WorkspaceSID: core.NewSID("WS"), WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
		WorkerSID: core.NewSID("WK"), WorkerName: "first"}
	if err := w.Store.Update(w.Context(), func(tx *store.Tx) error { return w.Tasks.ProvisionTx(tx, p) }); err != nil {
		w.Fatal(err)
	}
	w.Names["workspace"] = p.WorkspaceSID
}
