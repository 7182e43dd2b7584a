package rest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"parley/internal/resttest"
	"parley/internal/webhook"
)

const (
	flows      = "/studio/v2/Flows"
	flow       = flows + "/{flow}"
	executions = flow + "/Executions"
	old        = "/studio/v1/Flows"
	strangeSID = "0123456789abcdef0123456789abcdef"
)

// asking is a flow that asks and then says goodbye; a request to it waits for a reply.
const asking = `{"description":"asks","initial_state":"Trigger","states":[
	{"name":"Trigger","type":"trigger","properties":{"offset":{"x":0,"y":0}},"transitions":[{"event":"incomingMessage","next":"ask"},{"event":"incomingRequest","next":"ask"}]},
	{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"Hello {{flow.data.name}}, who are you?","timeout":"600"},
		"transitions":[{"event":"incomingMessage","next":"bye"},{"event":"timeout"},{"event":"deliveryFailure"}]},
	{"name":"bye","type":"send-message","properties":{"from":"Bot","body":"Goodbye {{widgets.ask.inbound.Body}}"},"transitions":[{"event":"sent"},{"event":"failed"}]}]}`

// silent is a flow that does nothing, in two steps.
const silent = `{"initial_state":"Trigger","states":[
	{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"set"},{"event":"incomingRequest","next":"set"}]},
	{"name":"set","type":"set-variables","properties":{"variables":[{"key":"name","value":"{{flow.data.name}}"}]},"transitions":[{"event":"next"}]}]}`

// broken leads nowhere, and says what no template says.
const broken = `{"initial_state":"Start","states":[{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"nowhere"}]}]}`

// Every operation of the resources with its whole answer.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("service", "/chat/v2/Services", "FriendlyName", "Support")
		w.Make("channel", "/chat/v2/Services/{service}/Channels", "FriendlyName", "Anna's chat")
		flowStory(w)
		executionStory(w)
		conversationStory(w)
		oldStory(w)
		deletions(w)
		w.Covered("studio", "/v2/")
		w.Covered("studio", "/v1/")
	})
}

func flowStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "flow/create", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Asking", "Status", "published", "Definition", asking, "CommitMessage", "first"}, Status: 201, Save: "flow"},
		resttest.Scenario{Name: "flow/create-draft", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Silent", "Status", "draft", "Definition", silent}, Status: 201, Save: "draft"},
		resttest.Scenario{Name: "flow/create-text", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Text", "Status", "Published", "Definition", quote(silent)}, Status: 201, Save: "text"},
		resttest.Scenario{Name: "flow/create-broken-draft", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Broken", "Status", "draft", "Definition", broken}, Status: 201, Save: "broken"},
		resttest.Scenario{Name: "flow/create-broken", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Broken", "Status", "published", "Definition", broken}, Status: 400, Code: 81022},
		resttest.Scenario{Name: "flow/create-unreadable", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Broken", "Status", "draft", "Definition", "{"}, Status: 400, Code: 81022},
		resttest.Scenario{Name: "flow/validate", Method: "POST", URL: flows + "/Validate", Form: []string{"FriendlyName", "Asking", "Status", "draft", "Definition", asking}, Status: 200},
		resttest.Scenario{Name: "flow/validate-broken", Method: "POST", URL: flows + "/Validate", Form: []string{"FriendlyName", "Broken", "Status", "draft", "Definition", broken}, Status: 400, Code: 81022},
		resttest.Scenario{Name: "flow/fetch", URL: flow, Status: 200},
		resttest.Scenario{Name: "flow/update-name", Method: "POST", URL: flow, Form: []string{"Status", "draft", "FriendlyName", "Asks"}, Status: 200},
		resttest.Scenario{Name: "flow/update", Method: "POST", URL: flow, Form: []string{"Status", "published", "Definition", strings.Replace(asking, `"600"`, `"60"`, 1), "CommitMessage", "sooner"}, Status: 200},
		resttest.Scenario{Name: "flow/publish-broken", Method: "POST", URL: flows + "/{broken}", Form: []string{"Status", "published"}, Status: 400, Code: 81022},
		resttest.Scenario{Name: "flow/list", URL: flows, Status: 200},
		resttest.Scenario{Name: "flow/list-page", URL: flows + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "flow/host-style", URL: "http://studio.twilio.com/v2/Flows/{flow}", Status: 200},
		resttest.Scenario{Name: "flow/unknown", URL: flows + "/FW" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "revision/list", URL: flow + "/Revisions", Status: 200},
		resttest.Scenario{Name: "revision/list-page", URL: flow + "/Revisions?PageSize=2", Status: 200},
		resttest.Scenario{Name: "revision/fetch", URL: flow + "/Revisions/2", Status: 200},
		resttest.Scenario{Name: "revision/latest", URL: flow + "/Revisions/LatestRevision", Status: 200},
		resttest.Scenario{Name: "revision/published", URL: flow + "/Revisions/LatestPublished", Status: 200},
		resttest.Scenario{Name: "revision/never-published", URL: flows + "/{draft}/Revisions/LatestPublished", Status: 404, Code: 20404},
		resttest.Scenario{Name: "revision/unknown", URL: flow + "/Revisions/7", Status: 404, Code: 20404},
		resttest.Scenario{Name: "revision/bad", URL: flow + "/Revisions/Newest", Status: 400, Code: 81021},
		resttest.Scenario{Name: "test-users/none", URL: flow + "/TestUsers", Status: 200},
		resttest.Scenario{Name: "test-users/update", Method: "POST", URL: flow + "/TestUsers", Form: []string{"TestUsers", "anna", "TestUsers", "+491234"}, Status: 200},
		resttest.Scenario{Name: "test-users/fetch", URL: flow + "/TestUsers", Status: 200},
		resttest.Scenario{Method: "POST", URL: flow + "/TestUsers", Form: []string{"TestUsers", ""}, Status: 200},
	)
	extension(w, "diff", flow+"/Diff?From=1&To=LatestPublished")
}

func executionStory(w *resttest.World) {
	start := []string{"To", "{channel}", "From", "shop", "Parameters", `{"name":"Anna"}`}
	w.Run(
		resttest.Scenario{Name: "execution/create", Method: "POST", URL: executions, Form: start, Status: 201, Changes: "MessageAdded", Save: "execution"},
		resttest.Scenario{Name: "execution/conflict", Method: "POST", URL: executions, Form: start, Status: 409, Code: 20409},
		resttest.Scenario{Name: "execution/chat-messages", URL: "/chat/v2/Services/{service}/Channels/{channel}/Messages", Status: 200},
		resttest.Scenario{Name: "execution/chat-webhooks", URL: "/chat/v2/Services/{service}/Channels/{channel}/Webhooks", Status: 200},
		resttest.Scenario{Name: "execution/no-chat", Method: "POST", URL: executions, Form: []string{"To", "+491", "From", "+492"}, Status: 201, Save: "other execution"},
		resttest.Scenario{Name: "execution/fetch", URL: executions + "/{execution}", Status: 200},
		resttest.Scenario{Name: "execution/unknown", URL: executions + "/FN" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "execution/of-another-flow", URL: flows + "/{draft}/Executions/{execution}", Status: 404, Code: 20404},
		resttest.Scenario{Name: "execution/list", URL: executions, Status: 200},
		resttest.Scenario{Name: "execution/list-active", URL: executions + "?Status=active", Status: 200},
		resttest.Scenario{Name: "execution/list-from", URL: executions + "?DateCreatedFrom=2030-01-01T00:00:00Z", Status: 200},
		resttest.Scenario{Name: "execution/list-to", URL: executions + "?DateCreatedTo=2030-01-01T00:00:00Z&PageSize=1", Status: 200},
		resttest.Scenario{Name: "execution/context", URL: executions + "/{execution}/Context", Status: 200},
		resttest.Scenario{Name: "step/list", URL: executions + "/{execution}/Steps", Status: 200, Check: func(w *resttest.World, a resttest.Answer) {
			rows, _ := a.Get("steps").([]any)
			for _, row := range rows {
				w.Names["step"], _ = row.(map[string]any)["sid"].(string)
			}
		}},
	)
	w.Run(
		resttest.Scenario{Name: "step/fetch", URL: executions + "/{execution}/Steps/{step}", Status: 200},
		resttest.Scenario{Name: "step/context", URL: executions + "/{execution}/Steps/{step}/Context", Status: 200},
		resttest.Scenario{Name: "step/unknown", URL: executions + "/{execution}/Steps/FT" + strangeSID, Status: 404, Code: 20404},
	)
	extension(w, "active", "/studio/v2/Executions")
	extension(w, "waiting", "/studio/v2/Executions/{execution}")
	extension(w, "warnings", executions+"/{other execution}/Warnings")
	w.Run(
		resttest.Scenario{Name: "execution/end", Method: "POST", URL: executions + "/{execution}", Form: []string{"Status", "ended"}, Status: 200},
		resttest.Scenario{Name: "execution/end-again", Method: "POST", URL: executions + "/{execution}", Form: []string{"Status", "ended"}, Status: 200},
		resttest.Scenario{Name: "execution/list-ended", URL: executions + "?Status=ended&PageSize=1", Status: 200},
	)
}

// conversationStory is what a message to a flow's webhook_url does.
func conversationStory(w *resttest.World) {
	address := w.Do("GET", flows+"/{text}").Text("webhook_url")
	message := url.Values{"From": {"+491234"}, "To": {"+499999"}, "Body": {"hello"}, "MessageSid": {"SM" + strangeSID}, "NumMedia": {"0"}}
	post := func(form url.Values, change func(*http.Request)) resttest.Answer {
		r := w.RequestBody("POST", address, form.Encode())
		r.Header["Authorization"] = nil
		r.Header.Set("X-Twilio-Signature", webhook.Sign(resttest.Token, address, form))
		change(r)
		return w.Send(r)
	}
	if a := post(message, func(*http.Request) {}); a.Status != http.StatusOK || !strings.Contains(string(a.Body), "<Response>") || a.Header.Get("Content-Type") != "text/xml" {
		w.Errorf("a signed message: %d %s", a.Status, a.Body)
	}
	if a := post(message, func(r *http.Request) {
		r.Header.Del("X-Twilio-Signature")
		r.Header.Set("Authorization", resttest.Basic(resttest.Account, resttest.Token))
	}); a.Status != http.StatusOK {
		w.Errorf("one with credentials: %d %s", a.Status, a.Body)
	}
	w.Run(resttest.Scenario{Name: "execution/list-messages", URL: flows + "/{text}/Executions", Status: 200})
	for name, tt := range map[string]struct {
		form   url.Values
		change func(*http.Request)
		code   int
	}{
		"unsigned":        {message, func(r *http.Request) { r.Header.Del("X-Twilio-Signature") }, 20003},
		"a bad signature": {message, func(r *http.Request) { r.Header.Set("X-Twilio-Signature", "x") }, 20003},
		"another account": {message, func(r *http.Request) {
			r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
		}, 20003},
		"nobody":      {url.Values{"Body": {"x"}}, func(*http.Request) {}, 20001},
		"a call":      {url.Values{"From": {"+491"}, "CallSid": {"CA" + strangeSID}}, func(*http.Request) {}, 81020},
		"a long name": {url.Values{"From": {strings.Repeat("x", 301)}}, func(*http.Request) {}, 81023},
		"null bytes":  {url.Values{"From": {"a\x00b"}}, func(*http.Request) {}, 20422},
	} {
		if a := post(tt.form, tt.change); a.Code() != tt.code {
			w.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// oldStory is version 1 of the API.
func oldStory(w *resttest.World) {
	start := []string{"To", "bernd", "From", "shop"}
	w.Run(
		resttest.Scenario{Name: "v1/flow", URL: old + "/{flow}", Status: 200},
		resttest.Scenario{Name: "v1/flows", URL: old + "?PageSize=2", Status: 200},
	)
	for _, list := range []struct{ name, noun string }{{"Executions", "execution"}, {"Engagements", "engagement"}} {
		at, name := old+"/{flow}/"+list.name, "v1/"+list.noun
		w.Run(
			resttest.Scenario{Name: name + "-create", Method: "POST", URL: at, Form: append(start, "Parameters", `{"name":"B"}`), Status: 200, Save: "old"},
			resttest.Scenario{Name: name + "-fetch", URL: at + "/{old}", Status: 200},
			resttest.Scenario{Name: name + "s", URL: at + "?PageSize=1", Status: 200},
			resttest.Scenario{Name: name + "-context", URL: at + "/{old}/Context", Status: 200},
			resttest.Scenario{Name: name + "-steps", URL: at + "/{old}/Steps?PageSize=1", Status: 200, Check: func(w *resttest.World, a resttest.Answer) {
				row, _ := a.Get("steps").([]any)[0].(map[string]any)
				w.Names["step"], _ = row["sid"].(string)
			}},
		)
		w.Run(
			resttest.Scenario{Name: name + "-step", URL: at + "/{old}/Steps/{step}", Status: 200},
			resttest.Scenario{Name: name + "-step-context", URL: at + "/{old}/Steps/{step}/Context", Status: 200},
		)
		if list.noun == "execution" {
			w.Make("waiting channel", "/chat/v2/Services/{service}/Channels", "FriendlyName", "Waiting")
			form := []string{"To", "{waiting channel}", "From", "shop"}
			w.Run(
				resttest.Scenario{Method: "POST", URL: at, Form: form, Status: 200, Changes: "MessageAdded", Save: "waiting"},
				resttest.Scenario{Name: "v1/execution-active", Method: "POST", URL: at, Form: form, Status: 200},
				resttest.Scenario{Name: "v1/execution-end", Method: "POST", URL: at + "/{waiting}", Form: []string{"Status", "ended"}, Status: 200},
			)
		}
		w.Run(resttest.Scenario{Method: "DELETE", URL: at + "/{old}", Status: 204})
	}
}

func deletions(w *resttest.World) {
	w.Make("last channel", "/chat/v2/Services/{service}/Channels", "FriendlyName", "Last")
	form := []string{"To", "{last channel}", "From", "shop"}
	w.Run(
		resttest.Scenario{Method: "POST", URL: executions, Form: form, Status: 201, Changes: "MessageAdded", Save: "last"},
		resttest.Scenario{Method: "DELETE", URL: executions + "/{last}", Status: 204},
		resttest.Scenario{URL: executions + "/{last}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: executions + "/{last}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: flow, Status: 204},
		resttest.Scenario{Name: "flow/deleted", URL: flow, Status: 404, Code: 20404},
		resttest.Scenario{URL: executions, Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: old + "/{draft}", Status: 204},
	)
}

// extension compares an answer that the published files do not know.
func extension(w *resttest.World, name, target string) {
	w.Helper()
	a := w.Do("GET", target)
	if a.Status != http.StatusOK {
		w.Errorf("%s: %d %s", target, a.Status, a.Body)
	}
	w.Golden("extension/"+name, a.Body)
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Lists give every item once, whatever the page's size, in both URL styles.
func TestPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		var names, sids, revisions []string
		for i := range 5 {
			name := "flow " + strconv.Itoa(i)
			w.Make("flow", flows, "FriendlyName", name, "Status", "published", "Definition", silent)
			names = append(names, name)
		}
		for i := range 5 {
			w.Make("execution", executions, "To", "contact "+strconv.Itoa(i), "From", "shop")
			sids = append([]string{w.Names["execution"]}, sids...)
			w.Do("POST", flow, "Status", "draft", "FriendlyName", "revision "+strconv.Itoa(i+2))
			revisions = append([]string{"revision " + strconv.Itoa(i+2)}, revisions...)
		}
		revisions = append(revisions, "flow 4")
		names[4] = "revision 6"
		for _, size := range []int{1, 2, 5, 100} {
			n := strconv.Itoa(size)
			for _, style := range []string{"/studio", "http://studio.twilio.com"} {
				same(w, w.Pages(style+"/v2/Flows?PageSize="+n, "flows", "friendly_name", size), names)
				same(w, w.Pages(style+"/v2/Flows/{flow}/Executions?PageSize="+n, "executions", "sid", size), sids)
				same(w, w.Pages(style+"/v2/Flows/{flow}/Executions?Status=ended&PageSize="+n, "executions", "sid", size), sids)
				same(w, w.Pages(style+"/v2/Flows/{flow}/Revisions?PageSize="+n, "revisions", "friendly_name", size), revisions)
				same(w, w.Pages(style+"/v2/Flows/{flow}/Executions/{execution}/Steps?PageSize="+n, "steps", "transitioned_from", size), []string{"Trigger", "set"})
			}
		}
	})
}
