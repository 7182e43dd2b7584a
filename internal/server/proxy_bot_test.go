package server_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parley/internal/config"
)

// nameFlow greets, asks for a name and hands over.
const nameFlow = `{"initial_state":"Trigger","states":[
	{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"ask"}]},
	{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"Hello {{contact.channel.address}}, who are you?","timeout":"600"},"transitions":[{"event":"incomingMessage","next":"flex"},{"event":"timeout"},{"event":"deliveryFailure"}]},
	{"name":"flex","type":"send-to-flex","properties":{"workflow":"%s","channel":"chat","attributes":"{\"who\":{{widgets.ask.inbound.Body | to_json}}}"},"transitions":[{"event":"callComplete","next":"bye"},{"event":"failedToEnqueue"},{"event":"callFailure"}]},
	{"name":"bye","type":"send-message","properties":{"from":"Bot","body":"Somebody comes"},"transitions":[{"event":"sent"},{"event":"failed"}]}]}`

// TestBotOverWhatsApp: a Studio flow talks to somebody on WhatsApp and hands over to an agent; all that is said reaches the person in its order.
func TestBotOverWhatsApp(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		transport := newReceiver(t, 0)
		c.TransportWhatsApp = config.DSN(transport.URL)
		r := start(t, c)
		flow := r.call(201, "POST", "/studio/v2/Flows", url.Values{"FriendlyName": {"Name"}, "Status": {"published"}, "Definition": {fmt.Sprintf(nameFlow, r.cred.WorkflowSID)}})["sid"].(string)
		r.call(201, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"WhatsApp"}, "ChatServiceSid": {r.cred.ChatServiceSID}, "ChannelType": {"whatsapp"},
			"ContactIdentity": {"whatsapp:" + ours}, "Enabled": {"true"}, "JanitorEnabled": {"true"}, "IntegrationType": {"studio"}, "Integration.FlowSid": {flow}})
		const from, to = "whatsapp:" + theirs, "whatsapp:" + ours
		r.inbound(from, to, "1", "hi", "ProfileName", "Zoë")
		until(t, "the question", func() bool { return len(transport.all()) == 1 })
		r.inbound(from, to, "2", "I am Zoë")
		until(t, "the hand-over", func() bool { return len(transport.all()) == 2 })
		channel := r.sessions()[0]["unique_name"].(string)
		task := r.call(200, "GET", "/flex-api/v1/Channels/"+channel, nil)["task_sid"].(string)
		attributes := r.call(200, "GET", "/taskrouter/v1/Workspaces/"+r.cred.WorkspaceSID+"/Tasks/"+task, nil)["attributes"].(string)
		if !strings.Contains(attributes, `"who":"I am Zoë"`) || !strings.Contains(attributes, `"channelType":"whatsapp"`) {
			t.Errorf("the task has %s", attributes)
		}
		r.call(201, "POST", "/chat/v2/Services/"+r.cred.ChatServiceSID+"/Channels/"+channel+"/Messages", url.Values{"From": {"agent"}, "Body": {"Dear Zoë"}})
		r.inbound(from, to, "3", "thanks")
		until(t, "the answer", func() bool { return len(transport.all()) == 3 })
		if got := transport.bodies(); !slices.Equal(got, []string{"Hello " + from + ", who are you?", "Somebody comes", "Dear Zoë"}) {
			t.Errorf("%s was told %q", from, got)
		}
		r.complete(task)
		until(t, "the janitor", func() bool { return len(r.sessions()) == 0 })
	})
}
