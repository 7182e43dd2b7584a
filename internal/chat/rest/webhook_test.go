package rest_test

import (
	"testing"

	"parley/internal/chat"
	"parley/internal/resttest"
)

const bot, agents = "https://bot.example.org/in", "https://agents.example.org/in"

// Webhooks are called for what REST does only where the request asks for it, and a hook for customers not for agents' messages
// (rest-semantics §3.2, §4.2).
func TestWebhooks(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("service", "/chat/v2/Services", "FriendlyName", "Support")
		w.Make("channel", "/chat/v2/Services/{service}/Channels")
		w.Make("quiet", "/chat/v2/Services/{service}/Channels")
		service, err := w.Chat.Service(w.Context(), resttest.Account, w.Names["service"])
		if err != nil {
			w.Fatal(err)
		}
		for url, customersOnly := range map[string]bool{bot: true, agents: false} {
			_, err := w.Chat.CreateWebhook(w.Context(), service, w.Names["channel"],
				chat.NewWebhook{Type: chat.HookWebhook, URL: url, Filters: []string{"onMessageSent"}, RetryCount: 2, CustomersOnly: customersOnly})
			if err != nil {
				w.Fatal(err)
			}
			// The order of calls is that of the hooks; one at a time keeps it plain.
			hooks(w, url, customersOnly)
			all, err := w.Chat.ListWebhooks(w.Context(), service, w.Names["channel"], chat.Page{})
			if err != nil || len(all.Items) != 1 {
				w.Fatal(all, err)
			}
			if err := w.Chat.DeleteWebhook(w.Context(), service, w.Names["channel"], all.Items[0].SID); err != nil {
				w.Fatal(err)
			}
		}
	})
}

func hooks(w *resttest.World, url string, customersOnly bool) {
	const members, messages = "/chat/v2/Services/{service}/Channels/{channel}/Members", "/chat/v2/Services/{service}/Channels/{channel}/Messages"
	channelRole := func(name string) string {
		service, err := w.Chat.Service(w.Context(), resttest.Account, w.Names["service"])
		if err != nil {
			w.Fatal(err)
		}
		roles, err := w.Chat.ListRoles(w.Context(), service, chat.Page{})
		if err != nil {
			w.Fatal(err)
		}
		for _, r := range roles.Items {
			if r.FriendlyName == name && r.Type == chat.RoleChannel {
				return r.SID
			}
		}
		w.Fatalf("no channel role %s", name)
		return ""
	}
	asked := map[string]string{"X-Twilio-Webhook-Enabled": "true"}
	call := []string{"onMessageSent " + url}
	byAgent := call
	if customersOnly {
		byAgent = nil
	}
	for identity, role := range map[string]string{"guest": "guest", "agent": "agent", "supervisor": "supervisor", "admin": "admin", "member": "channel user"} {
		w.Do("DELETE", members+"/"+identity)
		w.Make("x", members, "Identity", identity, "RoleSid", channelRole(role))
	}
	w.Run(
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "silent", "From", "guest"}, Status: 201, Changes: "MessageAdded", Save: "message"},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "not true", "From", "guest"}, Header: map[string]string{"X-Twilio-Webhook-Enabled": "false"}, Status: 201, Changes: "MessageAdded"},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "hello", "From", "guest"}, Header: asked, Status: 201, Changes: "MessageAdded", Calls: call},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "any case", "From", "member"}, Header: map[string]string{"x-twilio-webhook-enabled": "True"}, Status: 201, Changes: "MessageAdded", Calls: call},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "a stranger", "From", "nobody's name"}, Header: asked, Status: 201, Changes: "MessageAdded", Calls: call},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "by the agent", "From", "agent"}, Header: asked, Status: 201, Changes: "MessageAdded", Calls: byAgent},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "by the supervisor", "From", "supervisor"}, Header: asked, Status: 201, Changes: "MessageAdded", Calls: byAgent},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "by the admin", "From", "admin"}, Header: asked, Status: 201, Changes: "MessageAdded", Calls: byAgent},
		resttest.Scenario{Method: "POST", URL: messages + "/{message}", Form: []string{"Body", "not in the filter"}, Header: asked, Status: 200, Changes: "MessageChanged"},
		resttest.Scenario{Method: "POST", URL: messages, Form: []string{"Body", "refused", "Attributes", "{"}, Header: asked, Status: 400, Code: 50304},
		resttest.Scenario{Method: "POST", URL: "/chat/v2/Services/{service}/Channels/{quiet}/Messages", Form: []string{"Body", "no hook"}, Header: asked, Status: 201, Changes: "MessageAdded"},
	)
}
