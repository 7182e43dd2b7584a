package rest_test

import (
	"slices"
	"testing"

	"parley/internal/resttest"
)

// Each of the twelve operations that take X-Twilio-Webhook-Enabled tells the service's receiver what was done exactly where the header
// says true (rest-semantics §3.2).
func TestWebhookHeader(t *testing.T) {
	const channels, users = servicePath + "/Channels", servicePath + "/Users"
	resttest.Each(t, func(w *resttest.World) {
		w.Make("service", "/chat/v2/Services", "FriendlyName", "first")
		form := []string{"PostWebhookUrl", agents}
		for _, event := range []string{"UserAdded", "UserUpdated", "ChannelAdded", "ChannelUpdated", "ChannelDestroyed", "MemberAdded", "MemberUpdated",
			"MemberRemoved", "MessageSent", "MessageUpdated", "MessageRemoved"} {
			form = append(form, "WebhookFilters", "on"+event)
		}
		if a := w.Do("POST", servicePath, form...); a.Status != 200 {
			t.Fatalf("%s", a.Body)
		}
		for _, header := range []string{"", "false", "yes", "true", "TRUE"} {
			fires := slices.Contains([]string{"true", "TRUE"}, header)
			step := func(event, changes, method, url string, status int, form ...string) {
				t.Helper()
				s := resttest.Scenario{Method: method, URL: url, Form: form, Status: status, Changes: changes, Header: map[string]string{"X-Twilio-Webhook-Enabled": header}}
				if status == 201 {
					s.Save = event
				}
				if fires {
					s.Calls = []string{event + " " + agents}
				}
				w.Run(s)
			}
			step("onUserAdded", "UserChanged", "POST", users, 201, "Identity", "user "+header)
			step("onUserUpdated", "UserChanged", "POST", users+"/{onUserAdded}", 200, "FriendlyName", "x")
			step("onChannelAdded", "ChannelChanged", "POST", channels, 201)
			step("onChannelUpdated", "ChannelChanged", "POST", channels+"/{onChannelAdded}", 200, "FriendlyName", "x")
			step("onMemberAdded", moved, "POST", channels+"/{onChannelAdded}/Members", 201, "Identity", "user "+header)
			step("onMemberUpdated", "MemberChanged", "POST", channels+"/{onChannelAdded}/Members/{onMemberAdded}", 200, "Attributes", "[1]")
			step("onMessageSent", "MessageAdded", "POST", channels+"/{onChannelAdded}/Messages", 201, "Body", "x")
			step("onMessageUpdated", "MessageChanged", "POST", channels+"/{onChannelAdded}/Messages/{onMessageSent}", 200, "Body", "y")
			step("onMessageRemoved", "MessageChanged ChannelChanged", "DELETE", channels+"/{onChannelAdded}/Messages/{onMessageSent}", 204)
			step("onMemberRemoved", moved, "DELETE", channels+"/{onChannelAdded}/Members/{onMemberAdded}", 204)
			step("onMemberAdded", moved, "POST", channels+"/{onChannelAdded}/Members", 201, "Identity", "user "+header)
			step("onMemberRemoved", moved, "DELETE", users+"/{onUserAdded}/Channels/{onChannelAdded}", 204)
			step("onChannelDestroyed", "ChannelDeleted", "DELETE", channels+"/{onChannelAdded}", 204)
		}
	})
}
