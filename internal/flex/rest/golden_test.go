package rest_test

import (
	"strconv"
	"testing"

	"parley/internal/resttest"
)

const (
	flows    = "/flex-api/v1/FlexFlows"
	channels = "/flex-api/v1/Channels"

	webChannels   = "/flex-api/v1/WebChannels"
	configuration = "/flex-api/v1/Configuration"

	bot = "https://bot.example.org/in"
)

// Every operation of the resources with its whole answer.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		desk(w)
		flowStory(w)
		channelStory(w)
		handlerStory(w)
		taskStory(w)
		webStory(w)
		configurationStory(w)
		deletions(w)
		studioStory(w)
		proxiedStory(w)
		w.Covered("flex-api", "/v1/")
	})
}

func flowStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "flow/create", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Custom chat", "ChatServiceSid", "{service}", "ChannelType", "custom",
			"ContactIdentity", "shop", "Enabled", "true", "IntegrationType", "external", "Integration.Url", bot, "Integration.RetryCount", "1", "LongLived", "true", "JanitorEnabled", "true"},
			Status: 201, Save: "flow"},
		resttest.Scenario{Name: "flow/create-bare", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Bare", "ChatServiceSid", "{service}", "ChannelType", "web"}, Status: 201, Save: "bare"},
		resttest.Scenario{Name: "flow/create-collision", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Other", "ChatServiceSid", "{service}", "ChannelType", "custom",
			"ContactIdentity", "shop", "Enabled", "true"}, Status: 400, Code: 45212},
		resttest.Scenario{Name: "flow/fetch", URL: flows + "/{flow}", Status: 200},
		resttest.Scenario{Name: "flow/update", Method: "POST", URL: flows + "/{flow}", Form: []string{"FriendlyName", "Chat", "Integration.RetryCount", "3", "LongLived", "False"}, Status: 200},
		resttest.Scenario{Name: "flow/update-handler", Method: "POST", URL: flows + "/{bare}", Form: []string{"IntegrationType", "External", "Integration.Url", bot}, Status: 200},
		resttest.Scenario{Name: "flow/update-empty", Method: "POST", URL: flows + "/{flow}", Status: 200},
		resttest.Scenario{Name: "flow/unknown", URL: flows + "/FO0123456789abcdef0123456789abcdef", Status: 404, Code: 45205},
		resttest.Scenario{Name: "flow/list", URL: flows, Status: 200},
		resttest.Scenario{Name: "flow/list-named", URL: flows + "?FriendlyName=Bare", Status: 200},
		resttest.Scenario{Name: "flow/list-page", URL: flows + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "flow/host-style", URL: "http://flex-api.twilio.com/v1/FlexFlows?PageSize=1", Status: 200},
	)
}

func channelStory(w *resttest.World) {
	const chat = "ChannelChanged MemberChanged UserChannelChanged"
	w.Run(
		resttest.Scenario{Name: "channel/create", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{flow}", "Identity", "anna@example.org", "ChatUserFriendlyName", "Anna", "ChatFriendlyName", "Anna's chat"},
			Status: 201, Changes: "UserChanged " + chat, Save: "channel"},
		resttest.Scenario{Name: "channel/chat-channel", URL: "/chat/v2/Services/{service}/Channels/{channel}", Status: 200},
		resttest.Scenario{Name: "channel/chat-members", URL: "/chat/v2/Services/{service}/Channels/{channel}/Members", Status: 200},
		resttest.Scenario{Name: "channel/chat-user", URL: "/chat/v2/Services/{service}/Users/anna@example.org", Status: 200},
		resttest.Scenario{Name: "channel/reuse", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{flow}", "Identity", "anna@example.org", "ChatUserFriendlyName", "Anna", "ChatFriendlyName", "Anna's chat"},
			Status: 201},
		resttest.Scenario{Name: "channel/create-full", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{bare}", "Identity", "anna@example.org", "ChatUserFriendlyName", "Anna", "ChatFriendlyName", "Phone",
			"Target", "+491234", "ChatUniqueName", "anna-phone", "PreEngagementData", `{"topic":"bill","n":[1,2]}`, "TaskAttributes", `{"skill":"billing"}`, "LongLived", "true"},
			Status: 201, Changes: chat, Save: "phone"},
		resttest.Scenario{Name: "channel/chat-channel-full", URL: "/chat/v2/Services/{service}/Channels/anna-phone", Status: 200},
		resttest.Scenario{Name: "channel/create-name-taken", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{bare}", "Identity", "bernd", "ChatUserFriendlyName", "Bernd", "ChatFriendlyName", "B",
			"ChatUniqueName", "anna-phone"}, Status: 409, Code: 45208},
		resttest.Scenario{Name: "channel/fetch", URL: channels + "/{phone}", Status: 200},
		resttest.Scenario{Name: "channel/unknown", URL: channels + "/CH0123456789abcdef0123456789abcdef", Status: 404, Code: 45204},
		resttest.Scenario{Name: "channel/list", URL: channels, Status: 200},
		resttest.Scenario{Name: "channel/list-page", URL: channels + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "channel/host-style", URL: "http://flex-api.us1.twilio.com/v1/Channels/{phone}", Status: 200},
	)
}

// The flow's handler hears the customer where the request asks for webhooks, and never the agent.
func handlerStory(w *resttest.World) {
	const messages = "/chat/v2/Services/{service}/Channels/{channel}/Messages"
	asked := map[string]string{"X-Twilio-Webhook-Enabled": "true"}
	service, err := w.Chat.Service(w.Context(), resttest.Account, w.Names["service"])
	if err != nil {
		w.Fatal(err)
	}
	roles := agentRole(w, service)
	w.Make("x", "/chat/v2/Services/{service}/Channels/{channel}/Members", "Identity", "agent", "RoleSid", roles)
	w.Run(
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "quiet", "From", "anna@example.org"}, Status: 201, Changes: "MessageAdded"},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "hello", "From", "anna@example.org"}, Header: asked, Status: 201, Changes: "MessageAdded", Calls: []string{"onMessageSent " + bot}},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "how can I help?", "From", "agent"}, Header: asked, Status: 201, Changes: "MessageAdded"},
	)
}

// A flow that hands off makes a task with the channel, or leaves word of the customer's first message.
func taskStory(w *resttest.World) {
	const chat = "ChannelChanged MemberChanged UserChannelChanged"
	asked := map[string]string{"X-Twilio-Webhook-Enabled": "true"}
	w.Run(
		resttest.Scenario{Name: "flow/create-task", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Hand-off", "ChatServiceSid", "{service}", "ChannelType", "custom",
			"IntegrationType", "task", "Integration.WorkspaceSid", "{workspace}", "Integration.WorkflowSid", "{workflow}"}, Status: 201, Save: "task flow"},
		resttest.Scenario{Name: "flow/update-task", Method: "POST", URL: flows + "/{task flow}", Form: []string{"Integration.Channel", "chat", "Integration.Timeout", "600", "Integration.Priority", "3",
			"JanitorEnabled", "true"}, Status: 200},
		resttest.Scenario{Name: "channel/create-task", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{task flow}", "Identity", "anna@example.org", "ChatUserFriendlyName", "Anna",
			"ChatFriendlyName", "Anna's chat", "TaskAttributes", `{"language":"de"}`}, Status: 201, Changes: "match " + chat, Save: "handed"},
		resttest.Scenario{Name: "channel/fetch-task", URL: channels + "/{handed}", Status: 200},
		resttest.Scenario{Name: "channel/chat-channel-task", URL: "/chat/v2/Services/{service}/Channels/{handed}", Status: 200},
		resttest.Scenario{Name: "flow/update-on-message", Method: "POST", URL: flows + "/{task flow}", Form: []string{"Integration.CreationOnMessage", "true"}, Status: 200},
		resttest.Scenario{Name: "channel/create-waiting", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{task flow}", "Identity", "anna@example.org", "ChatUserFriendlyName", "Anna",
			"ChatFriendlyName", "Anna's chat", "Target", "+491234"}, Status: 201, Changes: chat, Save: "waiting"},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{waiting}/Messages", Form: []string{"Body", "hello", "From", "anna@example.org"}, Header: asked, Status: 201,
			Changes: "MessageAdded", Calls: []string{"onMessageSent handler"}},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{handed}/Messages", Form: []string{"Body", "hello", "From", "anna@example.org"}, Header: asked, Status: 201,
			Changes: "MessageAdded"},
	)
}

// The widget's channels, as a back end sees them.
func webStory(w *resttest.World) {
	const chat = "ChannelChanged MemberChanged UserChannelChanged"
	w.Make("web", flows, "FriendlyName", "Widget", "ChatServiceSid", "{service}", "ChannelType", "web", "ContactIdentity", "web", "Enabled", "true", "IntegrationType", "task",
		"Integration.WorkspaceSid", "{workspace}", "Integration.WorkflowSid", "{workflow}", "Integration.Channel", "chat", "JanitorEnabled", "true")
	visit := []string{"FlexFlowSid", "{web}", "Identity", "visitor", "CustomerFriendlyName", "Carol", "ChatFriendlyName", "Flex WebChat",
		"PreEngagementData", `{"friendlyName":"Anonymous","question":"Where is my parcel?","location":"https://shop.example.org/"}`}
	w.Run(
		resttest.Scenario{Name: "web/create", Method: "POST", URL: webChannels, Form: visit, Status: 201, Changes: "UserChanged match " + chat, Save: "web channel"},
		resttest.Scenario{Name: "web/chat-channel", URL: "/chat/v2/Services/{service}/Channels/{web channel}", Status: 200},
		resttest.Scenario{Name: "web/chat-user", URL: "/chat/v2/Services/{service}/Users/visitor", Status: 200},
		resttest.Scenario{Name: "web/reuse", Method: "POST", URL: webChannels, Form: visit, Status: 201},
		resttest.Scenario{Name: "web/fetch", URL: webChannels + "/{web channel}", Status: 200},
		resttest.Scenario{Name: "web/as-channel", URL: channels + "/{web channel}", Status: 200},
		resttest.Scenario{Name: "web/list", URL: webChannels, Status: 200},
		resttest.Scenario{Name: "web/update-nothing", Method: "POST", URL: webChannels + "/{web channel}", Status: 200},
		resttest.Scenario{Name: "web/end", Method: "POST", URL: webChannels + "/{web channel}", Form: []string{"ChatStatus", "inactive", "PostEngagementData", `{"rating":5}`}, Status: 200,
			Changes: "ChannelChanged"},
		resttest.Scenario{Name: "web/chat-channel-ended", URL: "/chat/v2/Services/{service}/Channels/{web channel}", Status: 200},
		resttest.Scenario{Name: "web/end-again", Method: "POST", URL: webChannels + "/{web channel}", Form: []string{"ChatStatus", "inactive"}, Status: 200},
		resttest.Scenario{Name: "web/other-type", URL: webChannels + "/{handed}", Status: 404, Code: 45204},
		resttest.Scenario{Method: "DELETE", URL: webChannels + "/{web channel}", Status: 204, Changes: "UserChannelChanged ChannelDeleted"},
		resttest.Scenario{Name: "web/deleted", URL: webChannels + "/{web channel}", Status: 404, Code: 45204},
		resttest.Scenario{Name: "web/host-style", URL: "http://flex-api.twilio.com/v1/WebChannels?PageSize=1", Status: 200},
	)
}

func configurationStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "configuration/fetch", URL: configuration + "?UiVersion=undefined", Status: 200},
		resttest.Scenario{Name: "configuration/update", Method: "POST", URL: configuration, Body: w.Expand(`{"account_sid":"{account}","taskrouter_skills":[{"name":"sales","multivalue":false}],
			"ui_attributes":{"colorTheme":{"baseName":"GreyDark"}},"runtime_domain":"https://desk.example.org","public_attributes":{"loginPopup":false},"plugin_service_enabled":false,
			"taskrouter_offline_activity_sid":"{offline}","taskrouter_workspace_sid":"{workspace}","status":"ok","date_updated":"2020-01-01T00:00:00Z"}`), Status: 200},
		resttest.Scenario{Name: "configuration/back", Method: "POST", URL: configuration, Body: `{"ui_attributes":null,"runtime_domain":null,"plugin_service_enabled":null,"crm_type":"custom"}`, Status: 200},
		resttest.Scenario{Name: "configuration/update-nothing", Method: "POST", URL: configuration, Body: `{}`, Status: 200},
		resttest.Scenario{Name: "configuration/provisioning", URL: "/flex-api/v1/account/provision/status", Status: 200},
		resttest.Scenario{Name: "configuration/not-provisioned", URL: "/flex-api/v1/account/provision/status", Header: map[string]string{"Authorization": resttest.Basic(resttest.Other, resttest.OtherToken)}, Status: 200},
		resttest.Scenario{Name: "configuration/host-style", URL: "http://flex-api.twilio.com/v1/Configuration", Status: 200},
	)
}

// A flow of Studio's hears what customers write in the channels of a Flex Flow that names it.
func studioStory(w *resttest.World) {
	w.Make("studio flow", "/studio/v2/Flows", "FriendlyName", "Bot", "Status", "published", "Definition",
		`{"initial_state":"Trigger","states":[{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage"}]}]}`)
	w.Run(
		resttest.Scenario{Name: "flow/create-studio", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Bot", "ChatServiceSid", "{service}", "ChannelType", "custom",
			"ContactIdentity", "bot", "IntegrationType", "studio", "Integration.FlowSid", "{studio flow}", "Integration.RetryCount", "2"}, Status: 201, Save: "bot"},
		resttest.Scenario{Name: "flow/create-studio-unknown", Method: "POST", URL: flows, Form: []string{"FriendlyName", "Bot", "ChatServiceSid", "{service}", "ChannelType", "custom",
			"IntegrationType", "studio", "Integration.FlowSid", "FW0123456789abcdef0123456789abcdef"}, Status: 400, Code: 45210},
		resttest.Scenario{Name: "channel/create-studio", Method: "POST", URL: channels, Form: []string{"FlexFlowSid", "{bot}", "Identity", "bot's guest", "ChatUserFriendlyName", "Guest", "ChatFriendlyName", "Chat"},
			Status: 201, Changes: "UserChanged ChannelChanged MemberChanged UserChannelChanged", Save: "bot channel"},
		resttest.Scenario{Name: "channel/studio-webhooks", URL: "/chat/v2/Services/{service}/Channels/{bot channel}/Webhooks", Status: 200},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{bot channel}/Messages", Form: []string{"Body", "hi", "From", "bot's guest"},
			Header: map[string]string{"X-Twilio-Webhook-Enabled": "true"}, Status: 201, Changes: "MessageAdded", Calls: []string{"onMessageSent studio"}},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{bot channel}/Messages", Form: []string{"Body", "hi", "From", "bot's guest"}, Status: 201, Changes: "MessageAdded"},
	)
}

// A chat with somebody outside has a Proxy session; what cannot reach anybody is refused.
func proxiedStory(w *resttest.World) {
	ask := func(more ...string) []string {
		return append([]string{"FlexFlowSid", "{texts}", "Identity", "zoe", "ChatUserFriendlyName", "Zoë", "ChatFriendlyName", "Zoë"}, more...)
	}
	w.Make("texts", flows, "FriendlyName", "Texts", "ChatServiceSid", "{service}", "ChannelType", "sms", "ContactIdentity", "+14155550100", "Enabled", "true")
	w.Run(resttest.Scenario{Name: "proxied/create-untied", Method: "POST", URL: channels, Form: ask("Target", "+14155550199"), Status: 400, Code: 80618})
	w.Make("proxy", "/proxy/v1/Services", "UniqueName", "Flex Proxy Service", "ChatInstanceSid", "{service}")
	w.Run(
		resttest.Scenario{Name: "proxied/create-nowhere", Method: "POST", URL: channels, Form: ask("Target", "zoe@example.org"), Status: 400, Code: 45004},
		resttest.Scenario{Name: "proxied/create", Method: "POST", URL: channels, Form: ask("Target", "+14155550199"), Status: 201,
			Changes: "UserChanged ChannelChanged MemberChanged UserChannelChanged", Save: "text"},
		resttest.Scenario{Name: "proxied/chat-channel", URL: "/chat/v2/Services/{service}/Channels/{text}", Status: 200},
		resttest.Scenario{Name: "proxied/session", URL: "/proxy/v1/Services/{proxy}/Sessions/{text}", Status: 200},
		resttest.Scenario{Name: "proxied/participants", URL: "/proxy/v1/Services/{proxy}/Sessions/{text}/Participants", Status: 200},
		resttest.Scenario{Name: "proxied/webhooks", URL: "/chat/v2/Services/{service}/Channels/{text}/Webhooks", Status: 200},
		resttest.Scenario{Method: "POST", URL: flows + "/{texts}", Form: []string{"ContactIdentity", "our number"}, Status: 200},
		resttest.Scenario{Name: "proxied/create-no-contact", Method: "POST", URL: channels, Form: ask("Target", "+14155550198"), Status: 404, Code: 80620},
		resttest.Scenario{Method: "DELETE", URL: channels + "/{text}", Status: 204, Changes: "UserChannelChanged ChannelDeleted"},
		resttest.Scenario{URL: "/proxy/v1/Services/{proxy}/Sessions/{text}", Status: 404, Code: 80308},
	)
}

func deletions(w *resttest.World) {
	w.Run(
		resttest.Scenario{Method: "DELETE", URL: channels + "/{phone}", Status: 204, Changes: "UserChannelChanged ChannelDeleted"},
		resttest.Scenario{Name: "channel/deleted", URL: channels + "/{phone}", Status: 404, Code: 45204},
		resttest.Scenario{URL: "/chat/v2/Services/{service}/Channels/{phone}", Status: 404, Code: 50300},
		resttest.Scenario{Method: "DELETE", URL: flows + "/{flow}", Status: 204},
		resttest.Scenario{Name: "flow/deleted", URL: flows + "/{flow}", Status: 404, Code: 45205},
		resttest.Scenario{Name: "channel/of-deleted-flow", URL: channels + "/{channel}", Status: 200},
	)
}

// Both lists give every item once, whatever the page's size, in both URL styles.
func TestPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("service", "/chat/v2/Services", "FriendlyName", "Support")
		var sids, names []string
		for i := range 5 {
			name := "flow " + strconv.Itoa(i)
			w.Make("flow", flows, "FriendlyName", name, "ChatServiceSid", "{service}", "ChannelType", "custom")
			w.Make("channel", channels, "FlexFlowSid", "{flow}", "Identity", "anna", "ChatUserFriendlyName", "Anna", "ChatFriendlyName", name)
			names, sids = append(names, name), append(sids, w.Names["channel"])
		}
		for _, size := range []int{1, 2, 5, 100} {
			for _, style := range []string{"/flex-api", "http://flex-api.twilio.com"} {
				same(w, w.Pages(style+"/v1/FlexFlows?PageSize="+strconv.Itoa(size), "flex_flows", "friendly_name", size), names)
				same(w, w.Pages(style+"/v1/FlexFlows?FriendlyName=flow+3&PageSize="+strconv.Itoa(size), "flex_flows", "friendly_name", size), names[3:4])
				same(w, w.Pages(style+"/v1/Channels?PageSize="+strconv.Itoa(size), "flex_chat_channels", "sid", size), sids)
			}
		}
	})
}
