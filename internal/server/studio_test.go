package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"

	"parley/internal/config"
)

// hoursFlow asks another server whether somebody is there, asks the customer, and hands over.
const hoursFlow = `{"initial_state":"Trigger","flags":{"allow_concurrent_calls":true},"states":[
	{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"hours"}]},
	{"name":"hours","type":"make-http-request","properties":{"method":"POST","url":"%[1]s/hours","content_type":"application/json;charset=utf-8",
		"body":"{\"who\":{{trigger.message.ChannelAttributes.pre_engagement_data.customer | to_json}}}"},"transitions":[{"event":"success","next":"open"},{"event":"failed","next":"closed"}]},
	{"name":"open","type":"split-based-on","properties":{"input":"{{widgets.hours.parsed.open}}"},"transitions":[{"event":"noMatch","next":"closed"},
		{"event":"match","next":"level","conditions":[{"friendly_name":"open","type":"equal_to","value":"true","arguments":["{{widgets.hours.parsed.open}}"]}]}]},
	{"name":"level","type":"run-function","properties":{"url":"%[1]s/level","parameters":[{"key":"who","value":"{{contact.channel.address}}"}]},"transitions":[{"event":"success","next":"ask"},{"event":"fail","next":"ask"}]},
	{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"What is it about?","timeout":"600"},"transitions":[{"event":"incomingMessage","next":"flex"},{"event":"timeout"},{"event":"deliveryFailure"}]},
	{"name":"flex","type":"send-to-flex","properties":{"workflow":"%[2]s","channel":"chat","attributes":"{\"topic\":{{widgets.ask.inbound.Body | to_json}},\"level\":{{widgets.level.parsed.level | to_json}}}"},
		"transitions":[{"event":"callComplete","next":"thanks"},{"event":"failedToEnqueue"},{"event":"callFailure"}]},
	{"name":"thanks","type":"send-message","properties":{"from":"Bot","body":"Somebody is coming."},"transitions":[{"event":"sent"},{"event":"failed"}]},
	{"name":"closed","type":"send-message","properties":{"from":"Bot","body":"We are closed."},"transitions":[{"event":"sent"},{"event":"failed"}]}]}`

// TestStudio is the guide's way with a bot: a custom channel, a flow that asks other servers and the customer, the hand-over with what was
// collected, an agent who answers, and a bot that is silent from then on. The integration hears the bot through its own webhook.
func TestStudio(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		r := start(t, c)
		validator := client.NewRequestValidator(r.cred.AuthToken)
		heard := make(chan string, 16)
		outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			_ = q.ParseForm()
			w.Header().Set("Content-Type", "application/json")
			switch q.URL.Path {
			case "/hours":
				_, _ = fmt.Fprintf(w, `{"open":true,"type":%q}`, q.Header.Get("Content-Type"))
			case "/level":
				if !validator.Validate("http://"+q.Host+q.RequestURI, map[string]string{"who": q.PostForm.Get("who")}, q.Header.Get("X-Twilio-Signature")) {
					t.Error("a function was called without a good signature")
				}
				_, _ = w.Write([]byte(`{"level":3}`))
			case "/integration":
				heard <- q.PostForm.Get("Source") + " " + q.PostForm.Get("From") + ": " + q.PostForm.Get("Body")
			}
		}))
		t.Cleanup(outside.Close)
		flow := r.call(201, "POST", "/studio/v2/Flows", url.Values{"FriendlyName": {"Hours"}, "Status": {"published"}, "Definition": {fmt.Sprintf(hoursFlow, outside.URL, r.cred.WorkflowSID)}})
		flex := r.call(200, "POST", "/flex-api/v1/FlexFlows/"+r.cred.FlexFlowSID, url.Values{"IntegrationType": {"studio"}, "Integration.FlowSid": {flow["sid"].(string)}, "Integration.RetryCount": {"2"}})
		if flex["integration_type"] != "studio" {
			t.Errorf("the Flex Flow became %v", flex)
		}
		ch := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {r.cred.FlexFlowSID}, "Identity": {"zoe"}, "ChatUserFriendlyName": {"Zoë"},
			"ChatFriendlyName": {"Chat"}, "PreEngagementData": {`{"customer":7}`}})["sid"].(string)
		channel := "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + ch
		hooks := r.call(200, "GET", channel+"/Webhooks", nil)["webhooks"].([]any)
		if len(hooks) != 1 || fmt.Sprint(hooks[0].(map[string]any)["configuration"]) != "map[flow_sid:"+flow["sid"].(string)+" retry_count:2]" {
			t.Fatalf("webhooks %v", hooks)
		}
		r.call(201, "POST", channel+"/Webhooks", url.Values{"Type": {"webhook"}, "Configuration.Url": {outside.URL + "/integration"}, "Configuration.Filters": {"onMessageSent"}})
		say := func(from, body string) {
			t.Helper()
			q := r.request("POST", channel+"/Messages", strings.NewReader(url.Values{"From": {from}, "Body": {body}}.Encode()))
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			q.Header.Set("X-Twilio-Webhook-Enabled", "true")
			if a := r.do(q); a.status != http.StatusCreated {
				t.Fatalf("message: %d %s", a.status, a.body)
			}
		}
		hear := func(want string) {
			t.Helper()
			got := ""
			until(t, "the integration hears "+want, func() bool {
				select {
				case got = <-heard:
				default:
				}
				return got != ""
			})
			if got != want {
				t.Fatalf("the integration heard %q, want %q", got, want)
			}
		}
		say("zoe", "hello")
		hear("API zoe: hello")
		hear("API Bot: What is it about?")
		active := r.call(200, "GET", "/studio/v2/Executions", nil)["executions"].([]any)
		if len(active) != 1 || active[0].(map[string]any)["widget"] != "ask" || active[0].(map[string]any)["deadline"] == nil {
			t.Errorf("active executions: %v", active)
		}
		say("zoe", `my "bill"`)
		hear(`API zoe: my "bill"`)
		hear("API Bot: Somebody is coming.")
		task := r.call(200, "GET", "/flex-api/v1/Channels/"+ch, nil)["task_sid"].(string)
		tasks := "/taskrouter/v1/Workspaces/" + r.cred.WorkspaceSID + "/Tasks/" + task
		attributes := r.call(200, "GET", tasks, nil)["attributes"].(string)
		for _, part := range []string{`"topic":"my \"bill\""`, `"level":3`, `"channelSid":"` + ch + `"`} {
			if !strings.Contains(attributes, part) {
				t.Errorf("the task has no %s: %s", part, attributes)
			}
		}
		r.call(201, "POST", "/flex-api/v1/Channels/"+ch+"/Roles/agent/Users", url.Values{"Identity": {"agent"}})
		say("agent", "How can I help?")
		hear("API agent: How can I help?")
		say("zoe", "you did")
		hear("API zoe: you did")
		r.call(200, "POST", tasks, url.Values{"AssignmentStatus": {"canceled"}, "Reason": {"done"}})
		until(t, "the janitor", func() bool {
			return strings.Contains(r.call(200, "GET", channel, nil)["attributes"].(string), `"status":"INACTIVE"`)
		})
		list := r.call(200, "GET", "/studio/v2/Flows/"+flow["sid"].(string)+"/Executions", nil)["executions"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["status"] != "ended" {
			t.Errorf("executions: %v", list)
		}
		steps := r.call(200, "GET", "/studio/v2/Flows/"+flow["sid"].(string)+"/Executions/"+list[0].(map[string]any)["sid"].(string)+"/Steps", nil)["steps"].([]any)
		var way []string
		for _, st := range steps {
			way = append(way, st.(map[string]any)["transitioned_to"].(string))
		}
		if got := strings.Join(way, " "); got != "hours open level ask flex thanks Ended" {
			t.Errorf("the way was %s", got)
		}
		for _, want := range []string{"parley_studio_executions_started_total 1", "parley_studio_executions_ended_total 1", "parley_studio_steps_total 7",
			`parley_studio_requests_total{outcome="ok"} 2`} {
			until(t, want+" in /metrics", func() bool { return strings.Contains(string(r.do(r.request("GET", "/metrics", nil)).body), want) })
		}
	})
}

// The example flow can be run by a new instance.
func TestStudioExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/studio/welcome.json")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, settings(t))
	definition := strings.ReplaceAll(string(text), "WW"+strings.Repeat("0", 32), r.cred.WorkflowSID)
	flow := r.call(201, "POST", "/studio/v2/Flows", url.Values{"FriendlyName": {"Welcome"}, "Status": {"published"}, "Definition": {definition}})
	if warnings := flow["warnings"].([]any); len(warnings) != 0 {
		t.Errorf("warnings about the example: %v", warnings)
	}
}

// TestStudioByText: a bot answers texts through Proxy and its transport, hands over, and a request reaches who is outside in the chat that is
// open for the number.
func TestStudioByText(t *testing.T) {
	c := settings(t)
	c.WebhookAllowPrivate = true
	transport := newReceiver(t, 0)
	c.TransportSMS = config.DSN(transport.URL + "/out")
	r := start(t, c)
	flow := r.call(201, "POST", "/studio/v2/Flows", url.Values{"FriendlyName": {"Texts"}, "Status": {"published"}, "Definition": {fmt.Sprintf(`{"initial_state":"Trigger","states":[
		{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"ask"},{"event":"incomingRequest","next":"remind"}]},
		{"name":"remind","type":"send-message","properties":{"from":"{{flow.channel.address}}","body":"Do not forget, {{contact.channel.address}}"},"transitions":[{"event":"sent"},{"event":"failed"}]},
		{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"{{flow.channel.address}}","body":"What is it about?","timeout":"600"},"transitions":[{"event":"incomingMessage","next":"flex"},{"event":"timeout"},{"event":"deliveryFailure"}]},
		{"name":"flex","type":"send-to-flex","properties":{"workflow":%q,"channel":"sms","attributes":"{\"topic\":{{widgets.ask.inbound.Body | to_json}}}"},
			"transitions":[{"event":"callComplete"},{"event":"failedToEnqueue"},{"event":"callFailure"}]}]}`, r.cred.WorkflowSID)}})["sid"].(string)
	r.call(201, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"Text"}, "ChatServiceSid": {r.cred.ChatServiceSID}, "ChannelType": {"sms"},
		"ContactIdentity": {ours}, "Enabled": {"true"}, "JanitorEnabled": {"true"}, "IntegrationType": {"studio"}, "Integration.FlowSid": {flow}})
	text := func(sid, body string) {
		t.Helper()
		if a := r.inbound(theirs, ours, sid, body); a.status != 204 {
			t.Fatalf("inbound: %d %s", a.status, a.body)
		}
	}
	gone := func(want ...string) {
		t.Helper()
		until(t, "the texts "+strings.Join(want, " | "), func() bool { return strings.Join(transport.bodies(), " | ") == strings.Join(want, " | ") })
	}
	text("SM1", "hello")
	gone("What is it about?")
	text("SM2", "my bill")
	ch := r.list("/flex-api/v1/Channels", "flex_chat_channels")[0]["sid"].(string)
	until(t, "the task", func() bool { return r.call(200, "GET", "/flex-api/v1/Channels/"+ch, nil)["task_sid"] != nil })
	e := r.call(201, "POST", "/studio/v2/Flows/"+flow+"/Executions", url.Values{"To": {theirs}, "From": {ours}})
	gone("What is it about?", "Do not forget, "+theirs)
	if e["contact_channel_address"] != theirs || e["status"] != "ended" {
		t.Errorf("the request's execution is %v", e)
	}
	for _, call := range transport.all() {
		if call.form.Get("From") != ours || call.form.Get("To") != theirs {
			t.Errorf("the transport was given %v", call.form)
		}
	}
}
