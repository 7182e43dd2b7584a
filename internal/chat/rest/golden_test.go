package rest_test

import (
	"slices"
	"strconv"
	"testing"

	"parley/internal/chat"
	"parley/internal/resttest"
)

// What commits emit for the usual changes.
const (
	made  = "UserChanged MemberChanged UserChannelChanged" // an unknown identity becomes a member
	moved = "MemberChanged UserChannelChanged"
)

// Every operation of the resources with its whole answer.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		services(w)
		users(w)
		channels(w)
		members(w)
		messages(w)
		roles(w)
		invites(w)
		userChannels(w)
		bindings(w)
		webhooks(w)
		deletions(w)
		studioWebhooks(w)
		w.Covered("chat", "/v2/Services")
	})
}

func services(w *resttest.World) {
	role := func(field, name string) func(*resttest.World, resttest.Answer) {
		return func(w *resttest.World, a resttest.Answer) { w.Names[name] = a.Text(field) }
	}
	w.Run(
		resttest.Scenario{Name: "service/create", Method: "POST", URL: "/chat/v2/Services", Form: []string{"FriendlyName", "Support"},
			Status: 201, Changes: "ServiceChanged", Save: "service", Check: role("default_channel_creator_role_sid", "creator")},
		resttest.Scenario{Name: "service/fetch", URL: "/chat/v2/Services/{service}", Status: 200, Check: role("default_channel_role_sid", "member role")},
		resttest.Scenario{Name: "service/update", Method: "POST", URL: "/chat/v2/Services/{service}", Form: []string{
			"FriendlyName", "Help", "ReadStatusEnabled", "False", "ReachabilityEnabled", "true", "TypingIndicatorTimeout", "7",
			"ConsumptionReportInterval", "20", "Limits.ChannelMembers", "50", "Limits.UserChannels", "60",
			"PreWebhookUrl", "https://pre.example.org/?a=1", "PostWebhookUrl", "https://post.example.org/", "WebhookMethod", "get",
			"WebhookFilters", "onMessageSent", "WebhookFilters", "onChannelAdded", "PreWebhookRetryCount", "1", "PostWebhookRetryCount", "3",
			"Media.CompatibilityMessage", "A picture", "DefaultChannelRoleSid", "{creator}",
			"Notifications.LogEnabled", "true", "Notifications.NewMessage.Enabled", "true", "Notifications.NewMessage.Template", "${USER}: ${MESSAGE}",
			"Notifications.NewMessage.Sound", "ping", "Notifications.NewMessage.BadgeCountEnabled", "true", "Notifications.AddedToChannel.Enabled", "true",
			"Notifications.RemovedFromChannel.Template", "bye", "Notifications.InvitedToChannel.Sound", "pong"},
			Status: 200, Changes: "ServiceChanged"},
		resttest.Scenario{Name: "service/clear", Method: "POST", URL: "/chat/v2/Services/{service}", Form: []string{
			"PreWebhookUrl", "", "PostWebhookUrl", "", "WebhookMethod", "", "WebhookFilters", "", "ReachabilityEnabled", "false",
			"DefaultChannelRoleSid", "{member role}"}, Status: 200, Changes: "ServiceChanged"},
		resttest.Scenario{Name: "service/update-empty", Method: "POST", URL: "/chat/v2/Services/{service}", Status: 200},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services", Form: []string{"FriendlyName", "Second"}, Status: 201, Changes: "ServiceChanged", Save: "second"},
		resttest.Scenario{Name: "service/list", URL: "/chat/v2/Services", Status: 200},
		resttest.Scenario{Name: "service/list-page", URL: "/chat/v2/Services?PageSize=1", Status: 200},
		resttest.Scenario{Name: "service/unknown", URL: "/chat/v2/Services/IS0123456789abcdef0123456789abcdef", Status: 404, Code: 50050},
		resttest.Scenario{Name: "service/host-style", URL: "http://chat.twilio.com/v2/Services/{service}", Status: 200},
		resttest.Scenario{Name: "service/host-style-list", URL: "http://ip-messaging.us1.twilio.com/v2/Services?PageSize=1", Status: 200},
		resttest.Scenario{Name: "service/unauthenticated", URL: "/chat/v2/Services", Header: map[string]string{"Authorization": resttest.Basic(resttest.Account, "wrong")}, Status: 401, Code: 20003},
	)
}

func users(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Users"
	w.Run(
		resttest.Scenario{Name: "user/create", Method: "POST", URL: list, Form: []string{"Identity", "anna@example.org", "FriendlyName", "Anna", "Attributes", `{"vip":true}`},
			Status: 201, Changes: "UserChanged", Save: "anna"},
		resttest.Scenario{Name: "user/create-bare", Method: "POST", URL: list, Form: []string{"Identity", "bernd"}, Status: 201, Changes: "UserChanged", Save: "bernd"},
		resttest.Scenario{Name: "user/create-again", Method: "POST", URL: list, Form: []string{"Identity", "bernd"}, Status: 409, Code: 50201},
		resttest.Scenario{Name: "user/fetch", URL: list + "/{anna}", Status: 200},
		resttest.Scenario{Name: "user/fetch-by-identity", URL: list + "/anna%40example.org", Status: 200},
		resttest.Scenario{Name: "user/update", Method: "POST", URL: list + "/bernd", Form: []string{"FriendlyName", "Bernd", "Attributes", `"text"`},
			Status: 200, Changes: "UserChanged"},
		resttest.Scenario{Name: "user/update-empty", Method: "POST", URL: list + "/bernd", Status: 200},
		resttest.Scenario{Name: "user/update-clear", Method: "POST", URL: list + "/bernd", Form: []string{"FriendlyName", "", "Attributes", ""}, Status: 200, Changes: "UserChanged"},
		resttest.Scenario{Name: "user/unknown", URL: list + "/nobody", Status: 404, Code: 50200},
		resttest.Scenario{Name: "user/list", URL: list, Status: 200},
		resttest.Scenario{Name: "user/list-page", URL: list + "?PageSize=1", Status: 200},
	)
}

func channels(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Channels"
	w.Run(
		resttest.Scenario{Name: "channel/create", Method: "POST", URL: list, Form: []string{"FriendlyName", "A chat", "UniqueName", "a chat/ü", "Attributes", `{"status":"ACTIVE"}`, "Type", "private"},
			Status: 201, Changes: "ChannelChanged", Save: "channel"},
		resttest.Scenario{Name: "channel/create-bare", Method: "POST", URL: list, Status: 201, Changes: "ChannelChanged", Save: "bare"},
		resttest.Scenario{Name: "channel/create-restored", Method: "POST", URL: list, Form: []string{"UniqueName", "old", "CreatedBy", "anna@example.org",
			"DateCreated", "2020-02-29T23:59:59.999+01:00", "DateUpdated", "2021-01-01T00:00:00Z"}, Status: 201, Changes: "ChannelChanged", Save: "old"},
		resttest.Scenario{Name: "channel/create-again", Method: "POST", URL: list, Form: []string{"UniqueName", "old"}, Status: 409, Code: 50307},
		resttest.Scenario{Name: "channel/fetch", URL: list + "/{channel}", Status: 200},
		resttest.Scenario{Name: "channel/fetch-by-name", URL: list + "/a%20chat%2F%C3%BC", Status: 200},
		resttest.Scenario{Name: "channel/update", Method: "POST", URL: list + "/{channel}", Form: []string{"FriendlyName", "Chat", "Attributes", "[1,2]"}, Status: 200, Changes: "ChannelChanged"},
		resttest.Scenario{Name: "channel/update-restored", Method: "POST", URL: list + "/old", Form: []string{"CreatedBy", "system", "DateCreated", "2019-01-01T00:00:00Z", "DateUpdated", "2019-01-02T00:00:00Z"},
			Status: 200, Changes: "ChannelChanged"},
		resttest.Scenario{Name: "channel/update-empty", Method: "POST", URL: list + "/{channel}", Status: 200},
		resttest.Scenario{Name: "channel/update-clear", Method: "POST", URL: list + "/old", Form: []string{"UniqueName", "", "FriendlyName", ""}, Status: 200, Changes: "ChannelChanged"},
		resttest.Scenario{Name: "channel/unknown", URL: list + "/old", Status: 404, Code: 50300},
		resttest.Scenario{Name: "channel/list", URL: list, Status: 200},
		resttest.Scenario{Name: "channel/list-private", URL: list + "?Type=private&PageSize=20", Status: 200},
		resttest.Scenario{Name: "channel/list-filtered-page", URL: list + "?Type=public&Type=private&PageSize=1", Status: 200},
		resttest.Scenario{Name: "channel/host-style-page", URL: "http://chat.twilio.com/v2/Services/{service}/Channels?PageSize=1", Status: 200},
	)
}

func members(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Channels/{channel}/Members"
	w.Run(
		resttest.Scenario{Name: "member/create", Method: "POST", URL: list, Form: []string{"Identity", "anna@example.org"}, Status: 201, Changes: moved, Save: "anna's seat"},
		resttest.Scenario{Name: "member/create-full", Method: "POST", URL: list, Form: []string{"Identity", "carla", "RoleSid", "{creator}", "Attributes", `{"a":1}`,
			"LastConsumedMessageIndex", "3", "LastConsumptionTimestamp", "2022-03-04T05:06:07.5Z", "DateCreated", "2022-01-01T00:00:00Z", "DateUpdated", "2022-02-01T00:00:00Z"},
			Status: 201, Changes: made, Save: "carla's seat"},
		resttest.Scenario{Name: "member/create-again", Method: "POST", URL: list, Form: []string{"Identity", "carla"}, Status: 409, Code: 50404},
		resttest.Scenario{Name: "member/fetch", URL: list + "/{carla's seat}", Status: 200},
		resttest.Scenario{Name: "member/fetch-by-identity", URL: list + "/carla", Status: 200},
		resttest.Scenario{Name: "member/update", Method: "POST", URL: list + "/carla", Form: []string{"RoleSid", "{member role}", "Attributes", "null",
			"LastConsumedMessageIndex", "0", "LastConsumptionTimestamp", "2022-03-05T00:00:00Z"}, Status: 200, Changes: "MemberChanged MemberChanged UserChannelChanged"},
		resttest.Scenario{Name: "member/update-reset", Method: "POST", URL: list + "/carla", Form: []string{"LastConsumedMessageIndex", ""}, Status: 200, Changes: moved},
		resttest.Scenario{Name: "member/update-restored", Method: "POST", URL: list + "/carla", Form: []string{"DateCreated", "2021-01-01T00:00:00Z", "DateUpdated", "2021-02-01T00:00:00Z"},
			Status: 200, Changes: "MemberChanged"},
		resttest.Scenario{Name: "member/update-empty", Method: "POST", URL: list + "/carla", Status: 200},
		resttest.Scenario{Name: "member/unknown", URL: list + "/nobody", Status: 404, Code: 50402},
		resttest.Scenario{Name: "member/list", URL: list, Status: 200},
		resttest.Scenario{Name: "member/list-identity", URL: list + "?Identity=carla&Identity=nobody", Status: 200},
		resttest.Scenario{Name: "member/list-page", URL: list + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "member/channel-counts", URL: "/chat/v2/Services/{service}/Channels/{channel}", Status: 200},
		resttest.Scenario{Name: "member/user-counts", URL: "/chat/v2/Services/{service}/Users/carla", Status: 200},
	)
}

func messages(w *resttest.World) {
	const list = "/chat/v2/Services/{service}/Channels/{channel}/Messages"
	w.Run(
		resttest.Scenario{Name: "message/create", Method: "POST", URL: list, Form: []string{"Body", "Hello <b>world</b> & \u2028 😀", "From", "anna@example.org"},
			Status: 201, Changes: "MessageAdded", Save: "first"},
		resttest.Scenario{Name: "message/create-system", Method: "POST", URL: list, Form: []string{"Body", "", "Attributes", `{"kind":"note"}`}, Status: 201, Changes: "MessageAdded", Save: "note"},
		resttest.Scenario{Name: "message/create-restored", Method: "POST", URL: list, Form: []string{"Body", "long ago", "From", "Bot", "LastUpdatedBy", "carla",
			"DateCreated", "2018-01-01T00:00:00Z", "DateUpdated", "2018-01-02T00:00:00.123456Z"}, Status: 201, Changes: "MessageAdded", Save: "restored"},
		resttest.Scenario{Name: "message/fetch", URL: list + "/{first}", Status: 200},
		resttest.Scenario{Name: "message/fetch-by-index", URL: list + "/1", Status: 200},
		resttest.Scenario{Name: "message/update", Method: "POST", URL: list + "/{first}", Form: []string{"Body", "Good bye", "LastUpdatedBy", "carla"}, Status: 200, Changes: "MessageChanged"},
		resttest.Scenario{Name: "message/update-attributes", Method: "POST", URL: list + "/{note}", Form: []string{"Attributes", "7"}, Status: 200, Changes: "MessageChanged"},
		resttest.Scenario{Name: "message/update-restored", Method: "POST", URL: list + "/{restored}", Form: []string{"From", "Other bot", "DateCreated", "2017-01-01T00:00:00Z", "DateUpdated", "2017-01-02T00:00:00Z"},
			Status: 200, Changes: "MessageChanged"},
		resttest.Scenario{Name: "message/update-empty", Method: "POST", URL: list + "/{restored}", Status: 200},
		resttest.Scenario{Name: "message/unknown", URL: list + "/IM0123456789abcdef0123456789abcdef", Status: 404, Code: 50500},
		resttest.Scenario{Name: "message/list", URL: list, Status: 200},
		resttest.Scenario{Name: "message/list-desc", URL: list + "?Order=desc&PageSize=2", Status: 200},
		resttest.Scenario{Name: "message/channel-counts", URL: "/chat/v2/Services/{service}/Channels/{channel}", Status: 200},
	)
}

func deletions(w *resttest.World) {
	const channel = "/chat/v2/Services/{service}/Channels/{channel}"
	w.Run(
		resttest.Scenario{Method: "DELETE", URL: channel + "/Messages/{note}", Status: 204, Changes: "MessageChanged"},
		resttest.Scenario{Method: "DELETE", URL: channel + "/Messages/{restored}", Status: 204, Changes: "MessageChanged ChannelChanged"},
		resttest.Scenario{Name: "message/deleted", Method: "DELETE", URL: channel + "/Messages/{note}", Status: 404, Code: 50500},
		resttest.Scenario{Method: "DELETE", URL: channel + "/Members/carla", Status: 204, Changes: moved},
		resttest.Scenario{Name: "member/deleted", Method: "DELETE", URL: channel + "/Members/{carla's seat}", Status: 404, Code: 50402},
		resttest.Scenario{Name: "channel/after-deletions", URL: channel, Status: 200},
		resttest.Scenario{Method: "DELETE", URL: "/chat/v2/Services/{service}/Users/{anna}", Status: 204, Changes: moved},
		resttest.Scenario{Name: "user/deleted", Method: "DELETE", URL: "/chat/v2/Services/{service}/Users/{anna}", Status: 404, Code: 50200},
		resttest.Scenario{Method: "DELETE", URL: channel, Status: 204, Changes: "ChannelDeleted"},
		resttest.Scenario{Name: "channel/deleted", Method: "DELETE", URL: channel, Status: 404, Code: 50300},
		resttest.Scenario{Method: "DELETE", URL: "/chat/v2/Services/{service}", Status: 204, Changes: "ChannelDeleted ChannelDeleted ServiceChanged"},
		resttest.Scenario{Name: "service/deleted", Method: "DELETE", URL: "/chat/v2/Services/{service}", Status: 404, Code: 50050},
	)
}

// Every list gives every item once, whatever the page's size, in both URL styles and both orders.
func TestPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("service", "/chat/v2/Services", "FriendlyName", "first")
		for i := range 4 {
			w.Make("x", "/chat/v2/Services", "FriendlyName", "service "+strconv.Itoa(i))
		}
		w.Make("channel", "/chat/v2/Services/{service}/Channels", "UniqueName", "busy")
		var ofGuest, hooks []string // SIDs
		for i := range 7 {
			n := strconv.Itoa(i)
			w.Make("x", "/chat/v2/Services/{service}/Channels", "UniqueName", "channel "+n, "Type", []string{"public", "private"}[i%2])
			ofGuest = append(ofGuest, w.Names["x"])
			w.Make("y", "/chat/v2/Services/{service}/Channels/{x}/Members", "Identity", "guest")
			w.Make("y", "/chat/v2/Services/{service}/Channels/{channel}/Members", "Identity", "member "+n)
			w.Make("y", "/chat/v2/Services/{service}/Channels/{channel}/Messages", "Body", n)
			w.Make("y", "/chat/v2/Services/{service}/Channels/{x}/Invites", "Identity", "member 0")
			w.Make("y", "/chat/v2/Services/{service}/Channels/busy/Invites", "Identity", "invited "+n)
			device(w, "y", "service", "member "+n, chat.NewBinding{Type: []string{"apn", "fcm"}[i%2], Address: n, Endpoint: n})
			device(w, "y", "service", "guest", chat.NewBinding{Type: "gcm", Address: n, Endpoint: n})
		}
		slices.Sort(ofGuest)
		for range 5 {
			w.Make("y", "/chat/v2/Services/{service}/Channels/{channel}/Webhooks", "Type", "webhook", "Configuration.Url", bot, "Configuration.Filters", "onMessageSent")
			hooks = append(hooks, w.Names["y"])
		}
		for _, tt := range []struct {
			path, list, key string
			want            []string
		}{
			{"/v2/Services", "services", "friendly_name", []string{"first", "service 0", "service 1", "service 2", "service 3"}},
			{"/v2/Services/{service}/Channels", "channels", "unique_name", []string{"busy", "channel 0", "channel 1", "channel 2", "channel 3", "channel 4", "channel 5", "channel 6"}},
			{"/v2/Services/{service}/Channels?Type=private", "channels", "unique_name", []string{"channel 1", "channel 3", "channel 5"}},
			{"/v2/Services/{service}/Users", "users", "identity", []string{"guest", "member 0", "invited 0", "member 1", "invited 1", "member 2", "invited 2", "member 3", "invited 3",
				"member 4", "invited 4", "member 5", "invited 5", "member 6", "invited 6"}},
			{"/v2/Services/{service}/Roles", "roles", "friendly_name", []string{"service user", "service admin", "channel user", "channel admin", "agent", "supervisor", "admin", "guest",
				"agent", "supervisor", "admin", "guest"}},
			{"/v2/Services/{service}/Bindings?Identity=guest&BindingType=gcm&Identity=x", "bindings", "endpoint", []string{"0", "1", "2", "3", "4", "5", "6"}},
			{"/v2/Services/{service}/Bindings?BindingType=apn&BindingType=fcm", "bindings", "endpoint", []string{"0", "1", "2", "3", "4", "5", "6"}},
			{"/v2/Services/{service}/Bindings?BindingType=fcm", "bindings", "identity", []string{"member 1", "member 3", "member 5"}},
			{"/v2/Services/{service}/Users/guest/Bindings", "bindings", "endpoint", []string{"0", "1", "2", "3", "4", "5", "6"}},
			{"/v2/Services/{service}/Users/guest/Channels", "channels", "channel_sid", ofGuest},
			{"/v2/Services/{service}/Channels/{channel}/Invites", "invites", "identity", []string{"invited 0", "invited 1", "invited 2", "invited 3", "invited 4", "invited 5", "invited 6"}},
			{"/v2/Services/{service}/Channels/{channel}/Invites?Identity=invited+3&Identity=invited+1", "invites", "identity", []string{"invited 1", "invited 3"}},
			{"/v2/Services/{service}/Channels/busy/Webhooks", "webhooks", "sid", hooks},
			{"/v2/Services/{service}/Channels/busy/Members", "members", "identity", []string{"member 0", "member 1", "member 2", "member 3", "member 4", "member 5", "member 6"}},
			{"/v2/Services/{service}/Channels/{channel}/Members?Identity=member+2&Identity=member+6&Identity=member+4", "members", "identity", []string{"member 2", "member 4", "member 6"}},
			{"/v2/Services/{service}/Channels/{channel}/Messages", "messages", "body", []string{"0", "1", "2", "3", "4", "5", "6"}},
			{"/v2/Services/{service}/Channels/{channel}/Messages?Order=desc", "messages", "body", []string{"6", "5", "4", "3", "2", "1", "0"}},
		} {
			for _, size := range []int{1, 2, 7, 1000} {
				for _, style := range []string{"/chat", "http://parley.test/ip-messaging", "http://chat.twilio.com", "https://chat.eu1.example.org"} {
					all(w, style, tt.path, tt.list, tt.key, size, tt.want)
				}
			}
		}
	})
}

func all(w *resttest.World, style, path, list, key string, size int, want []string) {
	w.Helper()
	mark := "?"
	for _, c := range path {
		if c == '?' {
			mark = "&"
		}
	}
	got := w.Pages(style+path+mark+"PageSize="+strconv.Itoa(size), list, key, size)
	if len(got) != len(want) {
		w.Errorf("%s%s by %d: got %q, want %q", style, path, size, got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			w.Errorf("%s%s by %d: got %q, want %q", style, path, size, got, want)
			return
		}
	}
}
