package rest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"parley/internal/core"
	"parley/internal/flex/plugin"
	"parley/internal/flex/rest"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/resttest"
)

// Every field that is not there, of another form, or decided elsewhere is refused, and nothing of the request is saved.
func TestBadConfiguration(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		refuse := func(text string, code int) {
			t.Helper()
			w.Refused(text, body(w, "POST", configuration, text), 400, code)
		}
		for _, text := range []string{`{`, `x`, `[]`, `"x"`, `1`} {
			refuse(text, 20422)
		}
		refuse(``, 45004)
		refuse(`null`, 45004)
		for field, wrong := range map[string][]string{
			"attributes": {`[]`, `"x"`, `1`, `true`}, "ui_attributes": {`[]`, `"x"`}, "taskrouter_skills": {`{}`, `"x"`}, "ui_language": {`1`, `{}`, `[]`},
			"crm_enabled": {`"true"`, `1`, `{}`}, "serverless_service_sids": {`{}`, `["x"]`, `[1]`, `["ZS1"]`}, "queue_stats_configuration": {`[]`},
			"taskrouter_offline_activity_sid": {`1`, `"x"`, `"WA` + strangeSID + `"`, `"{available}"`, `{}`}, "account_sid": {`"{other}"`, `null`, `1`},
			"taskrouter_workspace_sid": {`"WS` + strangeSID + `"`, `null`}, "chat_service_instance_sid": {`"IS` + strangeSID + `"`}, "status": {`"inprogress"`},
			"flex_instance_sid": {`"GO` + strangeSID + `"`}, "nonsense": {`1`, `null`}, "": {`1`}, "Attributes": {`{}`},
		} {
			for _, value := range wrong {
				refuse(`{"crm_type":"saved?","`+field+`":`+value+`}`, 45004)
			}
		}
		refuse(`{"crm_type":"`+"\xff"+`"}`, 45004)
		refuse(`{"attributes":{"x":"`+strings.Repeat("x", 256<<10)+`"}}`, 45004)
		w.Refused("too large", body(w, "POST", configuration, `{"crm_type":"`+strings.Repeat("x", 4<<20)+`"}`), 413, 20413)
		theirs := w.Request("GET", configuration)
		theirs.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
		w.Refused("an account without one", theirs, 404, 45101)
		nobody := w.Request("GET", configuration)
		nobody.Header["Authorization"] = nil
		w.Refused("nobody", nobody, 401, 20003)
	})
}

// Whoever sends back what was read changes nothing but the date, in whatever state it is.
func TestConfigurationRoundTrip(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		for _, change := range []string{`{}`, `{"taskrouter_skills":[{"name":"a<b"}],"notifications":{"enabled":true}}`} {
			w.Send(body(w, "POST", configuration, change))
			before := w.Do("GET", configuration)
			after := w.Send(body(w, "POST", configuration, string(before.Body)))
			if after.Status != 200 || without(t, before) != without(t, after) {
				t.Errorf("%d\n%s\n%s", after.Status, before.Body, after.Body)
			}
		}
	})
}

func without(t *testing.T, a resttest.Answer) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.Body, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "date_updated")
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What a page learns before anybody signed in is little, and nothing of accounts that do not exist.
func TestPublicConfiguration(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		none := func(query string) {
			t.Helper()
			r := w.Request("GET", configuration+"/Public"+query)
			r.Header["Authorization"] = nil
			if a := w.Send(r); a.Status != 200 || string(a.Body) != `{"configurations":[]}` {
				t.Errorf("%s: %d %s", query, a.Status, a.Body)
			}
		}
		none("")
		desk(w)
		w.Send(body(w, "POST", configuration, `{"public_attributes":{"loginPopup":false},"attributes":{"secret":1}}`))
		for _, query := range []string{"", "?AccountSid={account}", "?RuntimeDomain=http://parley.example.org:8080", "?RuntimeDomain=Parley.example.org:8080"} {
			r := w.Request("GET", configuration+"/Public"+query)
			r.Header["Authorization"] = nil
			want := w.Expand(`{"configurations":[{"account_sid":"{account}","runtime_domain":"http://parley.example.org:8080","public_attributes":{"loginPopup":false}}]}`)
			if a := w.Send(r); a.Status != 200 || string(a.Body) != want {
				t.Errorf("%s: %d %s", query, a.Status, a.Body)
			}
		}
		for _, query := range []string{"?AccountSid={other}", "?AccountSid=x", "?RuntimeDomain=elsewhere.example.org"} {
			none(query)
		}
	})
}

// A worker sees what its desktop needs; only an admin changes it; and who is gone, or has no role any more, is asked to sign in again.
func TestDesk(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		mine := workerToken(w, "agent")
		session := func() *http.Request {
			r := w.Request("GET", "/flex/api/v1/Session")
			r.Header["Authorization"] = nil
			r.Header.Set("X-Flex-JWE", mine)
			return r
		}
		a := w.Send(session())
		var said struct {
			Insights *bool `json:"insights_active"`
			Features []struct {
				ID      string
				Enabled bool
			}
		}
		if err := json.Unmarshal(a.Body, &said); err != nil || a.Status != 200 || said.Insights == nil || *said.Insights || len(said.Features) != 3 || !said.Features[0].Enabled {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if a := w.Send(as(w, mine, w.Request("GET", configuration+"?UiVersion=undefined"))); a.Text("taskrouter_workspace_sid") != w.Names["workspace"] {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		for role, status := range map[string]int{`["agent"]`: 403, `["supervisor"]`: 403, `["agent","admin"]`: 200} {
			roles(w, role)
			r := as(w, mine, body(w, "POST", configuration, `{"crm_type":"x"}`))
			if status == 403 {
				w.Refused(role, r, 403, 45003)
			} else if a := w.Send(r); a.Status != status {
				t.Errorf("%s: %d %s", role, a.Status, a.Body)
			}
		}
		gone := func(why string) {
			t.Helper()
			for _, r := range []*http.Request{session(), as(w, mine, w.Request("GET", configuration)), as(w, mine, w.Request("GET", "/flex/plugins")),
				as(w, mine, body(w, "POST", configuration, `{"crm_type":"y"}`)),
				as(w, mine, w.Request("POST", "/preview/Flex/Worker/Instance", "Sid", "{worker}", "WorkspaceSid", "{workspace}", "ActivitySid", "{offline}"))} {
				w.Refused(why+" "+r.URL.Path, r, 401, 20003)
			}
		}
		roles(w, `[]`)
		gone("no role")
		if a := w.Do("DELETE", "/taskrouter/v1/Workspaces/{workspace}/Workers/{worker}"); a.Status != 204 {
			t.Fatalf("%s", a.Body)
		}
		gone("deleted")
		told := w.Router.Tunnel(w.Context(), httpapi.Caller{AccountSID: resttest.Account, Token: &identity.Token{WorkerSID: w.Names["worker"]}}, httpapi.Base{},
			body(w, "POST", "/v1/Telemetry/Events", `{"events":[]}`))
		if told.Status != 200 || string(told.Body) != `{}` {
			t.Errorf("telemetry: %d %s", told.Status, told.Body)
		}
		forged := session()
		forged.Header.Set("X-Flex-JWE", mine[:len(mine)-4]+"AAAA")
		w.Refused("forged", forged, 401, 20107)
	})
}

func TestPlugins(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		all := []plugin.Plugin{{Name: "transfer", Src: "/desktop/transfer.js"}, {Name: "far", Src: "https://cdn.example.org/far.js"}}
		api := rest.New(w.Flex, rest.Options{Plugins: func() []plugin.Plugin { return all }, Version: "1.2.3"})
		w.Router = httpapi.New(httpapi.Options{Auth: w.Auth(), Origins: []string{"https://desk.example.org"}})
		api.Routes(w.Router)
		list := func(origin string) resttest.Answer {
			r := as(w, workerToken(w, "agent"), w.Request("GET", "/flex/plugins"))
			r.Header.Set("Origin", origin)
			return w.Send(r)
		}
		a := list("https://desk.example.org")
		want := `[{"name":"transfer","version":"1.2.3","src":"http://parley.example.org:8080/desktop/transfer.js","phase":3},` +
			`{"name":"far","version":"1.2.3","src":"https://cdn.example.org/far.js","phase":3}]`
		if a.Status != 200 || string(a.Body) != want {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "https://desk.example.org" || a.Header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%v", a.Header)
		}
		if a := list("https://evil.example.org"); a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%v", a.Header)
		}
		w.Send(body(w, "POST", configuration, `{"plugin_service_enabled":false}`))
		if a := list(""); a.Status != 200 || string(a.Body) != `[]` {
			t.Errorf("switched off: %d %s", a.Status, a.Body)
		}
	})
}

// Supervisors change other workers, as far as they outrank them; agents change nobody.
func TestChangeWorker(t *testing.T) {
	const instance = "/preview/Flex/Worker/Instance"
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		others := map[string]string{"ann": `{"roles":["agent"]}`, "adam": `{"roles":["admin"]}`}
		for _, name := range slices.Sorted(maps.Keys(others)) {
			w.Make(name, "/taskrouter/v1/Workspaces/{workspace}/Workers", "FriendlyName", name, "Attributes", others[name])
		}
		mine := workerToken(w, "boss")
		ask := func(form ...string) *http.Request {
			return as(w, mine, w.Request("POST", instance, append([]string{"WorkspaceSid", "{workspace}"}, form...)...))
		}
		w.Refused("an agent", ask("Sid", "{ann}", "ActivitySid", "{available}"), 403, 45003)
		roles(w, `["supervisor"]`)
		a := w.Send(ask("Sid", "{ann}", "ActivitySid", "{available}", "RejectPendingReservations", "false"))
		if a.Status != 200 || a.Text("activity_sid") != w.Names["available"] || a.Text("sid") != w.Names["ann"] {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		a = w.Send(ask("Sid", "{ann}", "Attributes", `{"roles":["agent"],"routing":{"skills":["x"]}}`))
		if a.Status != 200 || a.Text("attributes") != `{"roles":["agent"],"routing":{"skills":["x"]}}` {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		w.Refused("making an admin", ask("Sid", "{ann}", "Attributes", `{"roles":["admin"]}`), 403, 45003)
		w.Refused("unmaking an admin", ask("Sid", "{adam}", "Attributes", `{"roles":[]}`), 403, 45003)
		w.Refused("making oneself an admin", ask("Sid", "{worker}", "Attributes", `{"roles":["admin"]}`), 403, 45003)
		for name, bad := range map[string]struct {
			form         []string
			status, code int
		}{
			"no worker":            {[]string{"ActivitySid", "{available}"}, 400, 45004},
			"unknown worker":       {[]string{"Sid", "WK" + strangeSID, "ActivitySid", "{available}"}, 404, core.CodeNotFound},
			"unknown, attributes":  {[]string{"Sid", "x", "Attributes", "{}"}, 404, core.CodeNotFound},
			"unknown activity":     {[]string{"Sid", "{ann}", "ActivitySid", "WA" + strangeSID}, 400, 20001},
			"reject and available": {[]string{"Sid", "{ann}", "ActivitySid", "{available}", "RejectPendingReservations", "true"}, 400, 20001},
			"no boolean":           {[]string{"Sid", "{ann}", "ActivitySid", "{available}", "RejectPendingReservations", "maybe"}, 400, 20422},
			"no JSON":              {[]string{"Sid", "{ann}", "Attributes", "{"}, 400, 20001},
		} {
			w.Refused(name, ask(bad.form...), bad.status, bad.code)
		}
		w.Refused("another workspace", as(w, mine, w.Request("POST", instance, "Sid", "{ann}", "WorkspaceSid", "WS"+strangeSID, "ActivitySid", "{available}")), 403, 45003)
		w.Refused("a server's credentials", w.Request("POST", instance, "Sid", "{ann}", "WorkspaceSid", "{workspace}"), 403, 20003)
		roles(w, `["admin"]`)
		if a := w.Send(ask("Sid", "{ann}", "Attributes", `{"roles":["admin"]}`)); a.Status != 200 {
			t.Errorf("an admin makes an admin: %d %s", a.Status, a.Body)
		}
	})
}

// The Queues view reads two lists of TaskRouter with a worker's token; there is no other way in with it.
func TestQueuesView(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		const space = "/taskrouter/v1/Workspaces/{workspace}"
		mine := workerToken(w, "boss")
		for list, key := range map[string]string{"/TaskQueues": "task_queues", "/TaskChannels": "channels"} {
			a := w.Send(as(w, mine, w.Request("GET", space+list)))
			if rows, _ := a.Get(a.Text("meta.key")).([]any); a.Status != 200 || a.Text("meta.key") != key || len(rows) == 0 {
				t.Errorf("%s: %d %s", list, a.Status, a.Body)
			}
			w.Refused("POST "+list, as(w, mine, w.Request("POST", space+list, "FriendlyName", "x", "UniqueName", "x")), 403, 20003)
			w.Refused("another workspace", as(w, mine, w.Request("GET", "/taskrouter/v1/Workspaces/WS"+strangeSID+list)), 403, 20403)
			visitor := w.Mint(identity.Claim{Identity: "x", ChatServiceSID: w.Names["service"]})
			w.Refused("no worker", as(w, visitor, w.Request("GET", space+list)), 403, 20403)
		}
		w.Refused("workers", as(w, mine, w.Request("GET", space+"/Workers")), 403, 20003)
		if a := w.Do("DELETE", space+"/Workers/{worker}"); a.Status != 204 {
			t.Fatalf("%s", a.Body)
		}
		w.Refused("deleted", as(w, mine, w.Request("GET", space+"/TaskQueues")), 401, 20003)
	})
}
