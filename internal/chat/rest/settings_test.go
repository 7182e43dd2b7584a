package rest_test

import (
	"testing"

	"parley/internal/resttest"
)

// What a service is set to counts from the next request on: default roles for those who come, and limits for those who would be too many,
// while what is there already stays (rest-semantics §2.7, §2.8).
func TestSettings(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		const channels = servicePath + "/Channels"
		w.Make("service", "/chat/v2/Services", "FriendlyName", "first")
		w.Make("joiner", servicePath+"/Roles", "FriendlyName", "joiner", "Type", "deployment", "Permission", "joinChannel")
		w.Make("leaver", servicePath+"/Roles", "FriendlyName", "leaver", "Type", "channel", "Permission", "leaveChannel")
		w.Make("sender", servicePath+"/Roles", "FriendlyName", "sender", "Type", "channel", "Permission", "sendMessage")
		w.Make("channel", channels, "CreatedBy", "founder")
		w.Make("other", channels)
		w.Make("x", channels+"/{channel}/Members", "Identity", "early")
		before := w.Do("GET", servicePath+"/Users/early").Text("role_sid")
		bears := func(role string) func(*resttest.World, resttest.Answer) {
			return func(w *resttest.World, a resttest.Answer) {
				if got := a.Text("role_sid"); got != w.Names[role] {
					w.Errorf("role %s, want %s: %s", got, role, a.Body)
				}
			}
		}
		w.Run(
			resttest.Scenario{Method: "POST", URL: servicePath, Form: []string{"DefaultServiceRoleSid", "{joiner}", "DefaultChannelRoleSid", "{leaver}",
				"DefaultChannelCreatorRoleSid", "{sender}", "Limits.ChannelMembers", "3", "Limits.UserChannels", "1"}, Status: 200, Changes: "ServiceChanged"},
			resttest.Scenario{Method: "POST", URL: servicePath + "/Users", Form: []string{"Identity", "late"}, Status: 201, Changes: "UserChanged", Check: bears("joiner")},
			resttest.Scenario{Method: "POST", URL: channels + "/{channel}/Members", Form: []string{"Identity", "late"}, Status: 201, Changes: moved, Check: bears("leaver")},
			resttest.Scenario{Method: "POST", URL: channels + "/{channel}/Members", Form: []string{"Identity", "founder"}, Status: 201, Changes: made, Check: bears("sender")},
			resttest.Scenario{Method: "POST", URL: channels + "/{channel}/Members", Form: []string{"Identity", "fourth"}, Status: 403, Code: 50403},
			resttest.Scenario{Method: "POST", URL: channels + "/{other}/Members", Form: []string{"Identity", "late"}, Status: 403, Code: 50208},
			// An invite is no membership, so it counts against no limit until it is accepted.
			resttest.Scenario{Method: "POST", URL: channels + "/{channel}/Invites", Form: []string{"Identity", "fifth"}, Status: 201, Changes: "UserChanged UserChannelChanged", Check: bears("leaver")},
			resttest.Scenario{Method: "POST", URL: channels + "/{channel}/Members", Form: []string{"Identity", "fifth"}, Status: 403, Code: 50403},
			resttest.Scenario{Method: "DELETE", URL: channels + "/{channel}/Members/early", Status: 204, Changes: moved},
			resttest.Scenario{Method: "POST", URL: channels + "/{channel}/Members", Form: []string{"Identity", "fifth"}, Status: 201, Changes: moved},
			resttest.Scenario{Method: "DELETE", URL: servicePath + "/Roles/{sender}", Status: 409, Code: 20409},
		)
		if after := w.Do("GET", servicePath+"/Users/early").Text("role_sid"); after != before {
			w.Errorf("early's role became %s", after)
		}
	})
}
