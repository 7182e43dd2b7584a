package rest_test

import (
	"parley/internal/chat"
	"parley/internal/resttest"
)

func roles(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Roles"
	w.Run(
		resttest.Scenario{Name: "role/list", URL: list, Status: 200},
		resttest.Scenario{Name: "role/create", Method: "POST", URL: list, Form: []string{"FriendlyName", "Bot", "Type", "channel", "Permission", "sendMessage", "Permission", "editOwnMessage", "Permission", "sendMessage"},
			Status: 201, Changes: "ServiceChanged", Save: "bot"},
		resttest.Scenario{Name: "role/create-deployment", Method: "POST", URL: list, Form: []string{"FriendlyName", "Watcher", "Type", "deployment", "Permission", "joinChannel"},
			Status: 201, Changes: "ServiceChanged", Save: "watcher"},
		resttest.Scenario{Name: "role/fetch", URL: list + "/{bot}", Status: 200},
		resttest.Scenario{Name: "role/update", Method: "POST", URL: list + "/{bot}", Form: []string{"Permission", "leaveChannel", "Permission", "editChannelName"},
			Status: 200, Changes: "ServiceChanged"},
		resttest.Scenario{Name: "role/update-empty", Method: "POST", URL: list + "/{bot}", Status: 200},
		resttest.Scenario{Name: "role/list-page", URL: list + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "role/delete-default", Method: "DELETE", URL: list + "/{member role}", Status: 409, Code: 20409},
		resttest.Scenario{Method: "DELETE", URL: list + "/{watcher}", Status: 204, Changes: "ServiceChanged"},
		resttest.Scenario{Name: "role/deleted", URL: list + "/{watcher}", Status: 404, Code: 50100},
	)
}

func invites(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Channels/{channel}/Invites"
	w.Run(
		resttest.Scenario{Name: "invite/create", Method: "POST", URL: list, Form: []string{"Identity", "bernd"}, Status: 201, Changes: "UserChannelChanged", Save: "bernd's invite"},
		resttest.Scenario{Name: "invite/create-full", Method: "POST", URL: list, Form: []string{"Identity", "emil", "RoleSid", "{creator}"},
			Status: 201, Changes: "UserChanged UserChannelChanged", Save: "emil's invite"},
		resttest.Scenario{Name: "invite/create-again", Method: "POST", URL: list, Form: []string{"Identity", "emil"}, Status: 409, Code: 50212},
		resttest.Scenario{Name: "invite/create-member", Method: "POST", URL: list, Form: []string{"Identity", "carla"}, Status: 409, Code: 50404},
		resttest.Scenario{Name: "invite/fetch", URL: list + "/{emil's invite}", Status: 200},
		resttest.Scenario{Name: "invite/list", URL: list, Status: 200},
		resttest.Scenario{Name: "invite/list-identity", URL: list + "?Identity=bernd&Identity=nobody", Status: 200},
		resttest.Scenario{Name: "invite/list-page", URL: list + "?PageSize=1", Status: 200},
		// The member has the role that the invite gave it, and the invite is gone.
		resttest.Scenario{Name: "invite/accepted", Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{channel}/Members", Form: []string{"Identity", "emil"},
			Status: 201, Changes: moved, Save: "emil's seat"},
		resttest.Scenario{URL: list + "/{emil's invite}", Status: 404, Code: 50601},
		resttest.Scenario{Method: "DELETE", URL: list + "/{bernd's invite}", Status: 204, Changes: "UserChannelChanged"},
		resttest.Scenario{Name: "invite/deleted", Method: "DELETE", URL: list + "/{bernd's invite}", Status: 404, Code: 50601},
	)
}

func userChannels(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Users/carla/Channels"
	w.Run(
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{bare}/Invites", Form: []string{"Identity", "carla"}, Status: 201, Changes: "UserChannelChanged"},
		resttest.Scenario{Name: "user-channel/fetch", URL: list + "/{channel}", Status: 200},
		resttest.Scenario{Name: "user-channel/fetch-by-names", URL: list + "/a%20chat%2F%C3%BC", Status: 200},
		resttest.Scenario{Name: "user-channel/invited", URL: list + "/{bare}", Status: 200},
		resttest.Scenario{Name: "user-channel/update", Method: "POST", URL: list + "/{channel}", Form: []string{"NotificationLevel", "muted", "LastConsumedMessageIndex", "1",
			"LastConsumptionTimestamp", "2022-03-04T05:06:07Z"}, Status: 200, Changes: "UserChannelChanged MemberChanged UserChannelChanged"},
		resttest.Scenario{Name: "user-channel/member", URL: "/chat/v2/Services/{service}/Channels/{channel}/Members/carla", Status: 200},
		resttest.Scenario{Name: "user-channel/update-timestamp", Method: "POST", URL: list + "/{channel}", Form: []string{"LastConsumptionTimestamp", "2023-03-04T05:06:07Z"}, Status: 200, Changes: moved},
		resttest.Scenario{Name: "user-channel/update-empty", Method: "POST", URL: list + "/{channel}", Status: 200},
		resttest.Scenario{Name: "user-channel/update-empty-invited", Method: "POST", URL: list + "/{bare}", Status: 200},
		resttest.Scenario{Name: "user-channel/update-invited", Method: "POST", URL: list + "/{bare}", Form: []string{"NotificationLevel", "muted"}, Status: 403, Code: 50400},
		resttest.Scenario{Name: "user-channel/update-reset", Method: "POST", URL: list + "/{channel}", Form: []string{"NotificationLevel", "default", "LastConsumedMessageIndex", ""},
			Status: 200, Changes: "UserChannelChanged MemberChanged UserChannelChanged"},
		resttest.Scenario{Name: "user-channel/stranger", URL: list + "/{old}", Status: 404, Code: 50300},
		resttest.Scenario{URL: list, Status: 200, Check: func(w *resttest.World, a resttest.Answer) {
			if all, _ := a.Get("channels").([]any); len(all) != 2 {
				w.Errorf("carla has %d channels, want 2: %s", len(all), a.Body)
			}
		}},
		resttest.Scenario{Method: "DELETE", URL: list + "/{bare}", Status: 204, Changes: "UserChannelChanged"},
		resttest.Scenario{Name: "user-channel/list", URL: list, Status: 200},
		resttest.Scenario{Name: "user-channel/list-page", URL: list + "?PageSize=1", Status: 200},
		resttest.Scenario{Method: "DELETE", URL: "/chat/v2/Services/{service}/Users/emil/Channels/{channel}", Status: 204, Changes: moved},
		resttest.Scenario{Name: "user-channel/left", Method: "DELETE", URL: "/chat/v2/Services/{service}/Users/emil/Channels/{channel}", Status: 403, Code: 50400},
		resttest.Scenario{URL: "/chat/v2/Services/{service}/Channels/{channel}/Members/{emil's seat}", Status: 404, Code: 50402},
	)
}

// device registers a device of a user of a service, by name or SID, as its SDK would, and names the binding.
func device(w *resttest.World, name, service, identity string, in chat.NewBinding) {
	w.Helper()
	if sid := w.Names[service]; sid != "" {
		service = sid
	}
	svc, err := w.Chat.Service(w.Context(), resttest.Account, service)
	if err != nil {
		w.Fatal(err)
	}
	b, err := w.Chat.RegisterBinding(w.Context(), chat.Actor{Service: svc, Identity: identity, Source: chat.SourceSDK}, in)
	if err != nil {
		w.Fatal(err)
	}
	w.Names[name] = b.SID
}

func bindings(w *resttest.World) {
	const list, own = "/chat/v2/Services/{service}/Bindings", "/chat/v2/Services/{service}/Users/{anna}/Bindings"
	device(w, "phone", "service", "anna@example.org", chat.NewBinding{Type: "fcm", Address: "token 1", Endpoint: "anna's phone",
		CredentialSID: "CR" + strangeSID, MessageTypes: []string{"new_message", "added_to_channel"}})
	device(w, "tablet", "service", "anna@example.org", chat.NewBinding{Type: "apn", Address: "token 2"})
	device(w, "watch", "service", "carla", chat.NewBinding{Type: "apn", Address: "token 3", MessageTypes: []string{"new_message"}})
	w.Run(
		resttest.Scenario{Name: "binding/list", URL: list, Status: 200},
		resttest.Scenario{Name: "binding/list-filtered", URL: list + "?BindingType=apn&BindingType=gcm&Identity=carla", Status: 200},
		resttest.Scenario{Name: "binding/list-page", URL: list + "?BindingType=apn&PageSize=1", Status: 200},
		resttest.Scenario{Name: "binding/fetch", URL: list + "/{tablet}", Status: 200},
		resttest.Scenario{Name: "user-binding/list", URL: own + "?PageSize=20", Status: 200},
		resttest.Scenario{Name: "user-binding/list-filtered", URL: "/chat/v2/Services/{service}/Users/anna%40example.org/Bindings?BindingType=fcm", Status: 200},
		resttest.Scenario{Name: "user-binding/fetch", URL: own + "/{phone}", Status: 200},
		resttest.Scenario{Name: "user-binding/of-another", URL: own + "/{watch}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: own + "/{watch}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: own + "/{phone}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: list + "/{tablet}", Status: 204},
		resttest.Scenario{Name: "binding/deleted", Method: "DELETE", URL: list + "/{tablet}", Status: 404, Code: 20404},
		resttest.Scenario{Name: "user-binding/list-empty", URL: own, Status: 200},
	)
}

func webhooks(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Channels/{channel}/Webhooks"
	w.Run(
		resttest.Scenario{Name: "webhook/create", Method: "POST", URL: list, Form: []string{"Type", "webhook", "Configuration.Url", "https://hook.example.org/?a=1", "Configuration.Method", "get",
			"Configuration.Filters", "onMessageSent", "Configuration.Filters", "onChannelDestroyed", "Configuration.Filters", "onMessageSent", "Configuration.RetryCount", "2"}, Status: 201, Save: "hook"},
		resttest.Scenario{Name: "webhook/create-bare", Method: "POST", URL: list, Form: []string{"Type", "webhook", "Configuration.Url", "http://hook.example.org/", "Configuration.Filters", "onMemberAdded"},
			Status: 201, Save: "bare hook"},
		resttest.Scenario{Name: "webhook/create-trigger", Method: "POST", URL: list, Form: []string{"Type", "trigger", "Configuration.Url", "https://hook.example.org/", "Configuration.Triggers", "help",
			"Configuration.Triggers", "agent", "Configuration.RetryCount", "3"}, Status: 201, Save: "trigger"},
		resttest.Scenario{Name: "webhook/create-studio", Method: "POST", URL: list, Form: []string{"Type", "studio", "Configuration.FlowSid", "FW" + strangeSID}, Status: 400, Code: 50327},
		resttest.Scenario{Name: "webhook/fetch", URL: list + "/{hook}", Status: 200},
		resttest.Scenario{Name: "webhook/update", Method: "POST", URL: list + "/{hook}", Form: []string{"Configuration.Url", "https://other.example.org/", "Configuration.Method", "POST",
			"Configuration.Filters", "onMessageUpdated", "Configuration.RetryCount", "0"}, Status: 200},
		resttest.Scenario{Name: "webhook/update-trigger", Method: "POST", URL: list + "/{trigger}", Form: []string{"Configuration.Triggers", "stop"}, Status: 200},
		resttest.Scenario{Name: "webhook/update-empty", Method: "POST", URL: list + "/{trigger}", Status: 200},
		resttest.Scenario{Name: "webhook/list", URL: "/chat/v2/Services/{service}/Channels/a%20chat%2F%C3%BC/Webhooks", Status: 200},
		resttest.Scenario{Name: "webhook/list-page", URL: list + "?PageSize=1", Status: 200},
		// Only its own events, and only its own words, call a webhook.
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{channel}/Messages", Form: []string{"Body", "Please STOP"}, Header: map[string]string{"X-Twilio-Webhook-Enabled": "true"},
			Status: 201, Changes: "MessageAdded", Calls: []string{"onMessageSent https://hook.example.org/"}, Save: "stop"},
		resttest.Scenario{Method: "DELETE", URL: "/chat/v2/Services/{service}/Channels/{channel}/Messages/{stop}", Status: 204, Changes: "MessageChanged ChannelChanged"},
		resttest.Scenario{Method: "DELETE", URL: list + "/{hook}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: list + "/{bare hook}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: list + "/{trigger}", Status: 204},
		resttest.Scenario{Name: "webhook/deleted", Method: "DELETE", URL: list + "/{trigger}", Status: 404, Code: 50320},
	)
}

// studioWebhooks lives the life of a channel's webhook that is a flow of Studio's.
func studioWebhooks(w *resttest.World) {
	for _, name := range []string{"studio flow", "other flow"} {
		w.Make(name, "/studio/v2/Flows", "FriendlyName", name, "Status", "published", "Definition",
			`{"initial_state":"Trigger","states":[{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage"}]}]}`)
	}
	w.Make("bot service", "/chat/v2/Services", "FriendlyName", "Bots")
	w.Make("bot channel", "/chat/v2/Services/{bot service}/Channels", "FriendlyName", "Bot")
	const list = "/chat/v2/Services/{bot service}/Channels/{bot channel}/Webhooks"
	w.Run(
		resttest.Scenario{Name: "webhook/create-studio-no-flow", Method: "POST", URL: list, Form: []string{"Type", "studio"}, Status: 400, Code: 50327},
		resttest.Scenario{Name: "webhook/create-studio-good", Method: "POST", URL: list, Form: []string{"Type", "studio", "Configuration.FlowSid", "{studio flow}", "Configuration.RetryCount", "2",
			"Configuration.Url", "https://ignored.example.org/"}, Status: 201, Save: "studio hook"},
		resttest.Scenario{Name: "webhook/update-studio", Method: "POST", URL: list + "/{studio hook}", Form: []string{"Configuration.FlowSid", "{other flow}", "Configuration.RetryCount", "1"}, Status: 200},
		resttest.Scenario{Method: "POST", URL: list + "/{studio hook}", Form: []string{"Configuration.FlowSid", "FW" + strangeSID}, Status: 400, Code: 50327},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{bot service}/Channels/{bot channel}/Messages", Form: []string{"Body", "hi", "From", "anna"},
			Header: map[string]string{"X-Twilio-Webhook-Enabled": "true"}, Status: 201, Changes: "MessageAdded", Calls: []string{"onMessageSent studio"}},
		resttest.Scenario{Method: "DELETE", URL: list + "/{studio hook}", Status: 204},
	)
}
