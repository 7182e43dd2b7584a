package rest_test

import (
	"slices"
	"strconv"
	"testing"

	"parley/internal/resttest"
)

const (
	services = "/proxy/v1/Services"
	pool     = services + "/{ks}/PhoneNumbers"
	sessions = services + "/{ks}/Sessions"
	people   = sessions + "/{kc}/Participants"

	strangeSID = "0123456789abcdef0123456789abcdef"
)

// Every operation with its whole answer.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("chat", "/chat/v2/Services", "FriendlyName", "Support")
		w.Make("room", "/chat/v2/Services/{chat}/Channels", "FriendlyName", "Anna")
		serviceStory(w)
		numberStory(w)
		sessionStory(w)
		participantStory(w)
		interactionStory(w)
		deletions(w)
		w.Covered("proxy", "/v1/")
	})
}

func serviceStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "service/create", Method: "POST", URL: services, Form: []string{"UniqueName", "Flex Proxy Service", "DefaultTtl", "3600", "CallbackUrl", "https://cb.example.org/done",
			"GeoMatchLevel", "area-code", "NumberSelectionBehavior", "avoid-sticky", "InterceptCallbackUrl", "https://cb.example.org/ask", "OutOfSessionCallbackUrl", "https://cb.example.org/none",
			"ChatInstanceSid", "{chat}"}, Status: 201, Save: "ks"},
		resttest.Scenario{Name: "service/create-bare", Method: "POST", URL: services, Form: []string{"UniqueName", "Täxi"}, Status: 201, Save: "bare"},
		resttest.Scenario{Name: "service/create-taken", Method: "POST", URL: services, Form: []string{"UniqueName", "Täxi"}, Status: 409, Code: 80602},
		resttest.Scenario{Name: "service/create-tied", Method: "POST", URL: services, Form: []string{"UniqueName", "other", "ChatInstanceSid", "{chat}"}, Status: 404, Code: 80306},
		resttest.Scenario{Name: "service/fetch", URL: services + "/{ks}", Status: 200},
		resttest.Scenario{Name: "service/update", Method: "POST", URL: services + "/{bare}", Form: []string{"UniqueName", "Taxi", "DefaultTtl", "60", "CallbackUrl", "https://x.example.org/"}, Status: 200},
		resttest.Scenario{Name: "service/update-clears", Method: "POST", URL: services + "/{bare}", Form: []string{"CallbackUrl", ""}, Status: 200},
		resttest.Scenario{Name: "service/update-nothing", Method: "POST", URL: services + "/{bare}", Status: 200},
		resttest.Scenario{Name: "service/list", URL: services, Status: 200},
		resttest.Scenario{Name: "service/list-page", URL: services + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "service/host-style", URL: "http://proxy.twilio.com/v1/Services/{ks}", Status: 200},
		resttest.Scenario{Name: "service/unknown", URL: services + "/KS" + strangeSID, Status: 404, Code: 20404},
	)
}

func numberStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "session/create-empty-pool", Method: "POST", URL: sessions, Form: []string{"Participants", `{"Identifier":"+14155550101"}`}, Status: 400, Code: 80205},
		resttest.Scenario{Name: "number/create", Method: "POST", URL: pool, Form: []string{"PhoneNumber", "+14155550100"}, Status: 201, Save: "pn"},
		resttest.Scenario{Name: "number/create-whatsapp", Method: "POST", URL: pool, Form: []string{"PhoneNumber", "whatsapp:+493012345", "Sid", "PN" + strangeSID, "IsReserved", "true"}, Status: 201, Save: "wa"},
		resttest.Scenario{Name: "number/create-again", Method: "POST", URL: pool, Form: []string{"PhoneNumber", "+14155550100"}, Status: 409, Code: 80104},
		resttest.Scenario{Name: "number/create-elsewhere", Method: "POST", URL: services + "/{bare}/PhoneNumbers", Form: []string{"PhoneNumber", "+14155550100"}, Status: 409, Code: 80101},
		resttest.Scenario{Name: "number/create-sid", Method: "POST", URL: pool, Form: []string{"Sid", "PN" + strangeSID}, Status: 404, Code: 80301},
		resttest.Scenario{Name: "number/fetch", URL: pool + "/{pn}", Status: 200},
		resttest.Scenario{Name: "number/update", Method: "POST", URL: pool + "/{wa}", Form: []string{"IsReserved", "False"}, Status: 200},
		resttest.Scenario{Name: "number/update-nothing", Method: "POST", URL: pool + "/{wa}", Status: 200},
		resttest.Scenario{Name: "number/list", URL: pool, Status: 200},
		resttest.Scenario{Name: "number/list-page", URL: pool + "?PageSize=1", Status: 200},
	)
}

func sessionStory(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "session/create", Method: "POST", URL: sessions, Form: []string{"UniqueName", "order 1234", "Mode", "message-only", "Ttl", "60", "Status", "in-progress",
			"Participants", `{"Identifier":"+14155550101","FriendlyName":"Anna"}`, "Participants", `{"Identifier":"{room}"}`}, Status: 201, Save: "kc"},
		resttest.Scenario{Name: "session/create-bare", Method: "POST", URL: sessions, Form: []string{"DateExpiry", "2030-01-02T03:04:05Z"}, Status: 201, Save: "empty"},
		resttest.Scenario{Name: "session/create-array", Method: "POST", URL: services + "/{bare}/Sessions", Form: []string{"Mode", "voice-only", "Participants", `[]`}, Status: 201, Save: "voice"},
		resttest.Scenario{Name: "session/create-taken", Method: "POST", URL: sessions, Form: []string{"UniqueName", "order 1234"}, Status: 409, Code: 80603},
		resttest.Scenario{Name: "session/create-in-use", Method: "POST", URL: sessions, Form: []string{"Participants", `{"identifier":"+14155550101","proxyIdentifier":"+14155550100"}`}, Status: 400, Code: 80604},
		resttest.Scenario{Name: "session/create-none-unused", Method: "POST", URL: sessions, Form: []string{"Participants", `{"Identifier":"+14155550101"}`}, Status: 400, Code: 80208},
		resttest.Scenario{Name: "session/create-room-in-use", Method: "POST", URL: sessions, Form: []string{"Participants", `{"Identifier":"+14155550109"}`, "Participants", `{"Identifier":"{room}"}`}, Status: 400, Code: 80618},
		resttest.Scenario{Name: "session/fetch", URL: sessions + "/{kc}", Status: 200},
		resttest.Scenario{Name: "session/fetch-named", URL: sessions + "/order%201234", Status: 200},
		resttest.Scenario{Name: "session/unknown", URL: sessions + "/KC" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "session/unknown-name", URL: sessions + "/order%201235", Status: 404, Code: 80308},
		resttest.Scenario{Name: "session/update", Method: "POST", URL: sessions + "/{kc}", Form: []string{"Ttl", "120", "DateExpiry", "2030-01-02T05:04:05+02:00"}, Status: 200},
		resttest.Scenario{Name: "session/update-nothing", Method: "POST", URL: sessions + "/{kc}", Status: 200},
		resttest.Scenario{Name: "session/begin", Method: "POST", URL: sessions + "/{empty}", Form: []string{"Status", "in-progress"}, Status: 200},
		resttest.Scenario{Name: "session/close", Method: "POST", URL: sessions + "/{empty}", Form: []string{"Status", "closed"}, Status: 200},
		resttest.Scenario{Name: "session/close-again", Method: "POST", URL: sessions + "/{empty}", Form: []string{"Status", "closed"}, Status: 200},
		resttest.Scenario{Name: "session/reopen", Method: "POST", URL: sessions + "/{empty}", Form: []string{"Status", "in-progress"}, Status: 200},
		resttest.Scenario{Name: "session/list", URL: sessions, Status: 200},
		resttest.Scenario{Name: "session/list-page", URL: sessions + "?PageSize=1", Status: 200},
	)
}

func participantStory(w *resttest.World) {
	const empty = sessions + "/{empty}/Participants"
	w.Run(
		resttest.Scenario{Name: "participant/list", URL: people, Status: 200, Check: func(w *resttest.World, a resttest.Answer) {
			all, _ := a.Get("participants").([]any)
			for i, name := range []string{"kp", "kp room"} {
				w.Names[name] = all[i].(map[string]any)["sid"].(string)
			}
		}},
		resttest.Scenario{Name: "participant/fetch", URL: people + "/{kp}", Status: 200},
		resttest.Scenario{Name: "participant/too-many", Method: "POST", URL: people, Form: []string{"Identifier", "+14155550109"}, Status: 400, Code: 80609},
		resttest.Scenario{Name: "participant/in-session", Method: "POST", URL: people, Form: []string{"Identifier", "+14155550101"}, Status: 409, Code: 80103},
		resttest.Scenario{Name: "participant/create", Method: "POST", URL: empty, Form: []string{"Identifier", "whatsapp:+493054321", "FriendlyName", "Bernd"}, Status: 201, Save: "bernd"},
		resttest.Scenario{Name: "participant/create-named", Method: "POST", URL: empty, Form: []string{"Identifier", "+14155550102", "ProxyIdentifierSid", "{pn}"}, Status: 201, Save: "carol"},
		resttest.Scenario{Method: "DELETE", URL: empty + "/{carol}", Status: 204},
		resttest.Scenario{Name: "participant/fetch-deleted", URL: empty + "/{carol}", Status: 200},
		resttest.Scenario{Name: "participant/comes-back", Method: "POST", URL: empty, Form: []string{"Identifier", "+14155550102"}, Status: 409, Code: 80612},
		resttest.Scenario{Name: "participant/list-page", URL: empty + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "number/delete-in-use", Method: "DELETE", URL: pool + "/{pn}", Status: 400, Code: 80611},
	)
}

func interactionStory(w *resttest.World) {
	const messages = people + "/{kp}/MessageInteractions"
	w.Run(
		resttest.Scenario{Name: "interaction/send", Method: "POST", URL: messages, Form: []string{"Body", "Your taxi <waits>"}, Status: 200, Save: "ki",
			Calls: []string{"interaction queued https://cb.example.org/done"}},
		resttest.Scenario{Name: "interaction/send-media", Method: "POST", URL: messages, Form: []string{"MediaUrl", "https://x.example.org/a.png", "MediaUrl", "https://x.example.org/b.png"}, Status: 200, Save: "media",
			Calls: []string{"interaction queued https://cb.example.org/done"}},
		resttest.Scenario{Name: "interaction/send-room", Method: "POST", URL: people + "/{kp room}/MessageInteractions", Form: []string{"Body", "The driver is told"}, Status: 200,
			Changes: "MessageAdded", Calls: []string{"onMessageSent relay", "interaction delivered https://cb.example.org/done"}},
		resttest.Scenario{Name: "interaction/no-transport", Method: "POST", URL: sessions + "/{empty}/Participants/{bernd}/MessageInteractions", Form: []string{"Body", "x"}, Status: 200,
			Calls: []string{"interaction failed https://cb.example.org/done"}},
		resttest.Scenario{Name: "interaction/message-fetch", URL: messages + "/{ki}", Status: 200},
		resttest.Scenario{Name: "interaction/message-list", URL: messages, Status: 200},
		resttest.Scenario{Name: "interaction/fetch", URL: sessions + "/{kc}/Interactions/{ki}", Status: 200},
		resttest.Scenario{Name: "interaction/list", URL: sessions + "/{kc}/Interactions", Status: 200},
		resttest.Scenario{Name: "interaction/list-page", URL: sessions + "/{kc}/Interactions?PageSize=1", Status: 200},
		resttest.Scenario{Method: "DELETE", URL: sessions + "/{kc}/Interactions/{media}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: sessions + "/{kc}/Interactions/{media}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "POST", URL: sessions + "/{kc}", Form: []string{"Status", "closed"}, Status: 200},
		resttest.Scenario{Name: "interaction/send-closed", Method: "POST", URL: messages, Form: []string{"Body", "x"}, Status: 400, Code: 80607},
		resttest.Scenario{Name: "participant/create-closed", Method: "POST", URL: people, Form: []string{"Identifier", "+14155550109"}, Status: 400, Code: 80607},
		resttest.Scenario{Name: "session/update-closed", Method: "POST", URL: sessions + "/{kc}", Form: []string{"Ttl", "7"}, Status: 400, Code: 80607},
	)
	// Its number is taken meanwhile.
	w.Make("next", sessions, "Participants", `{"Identifier":"+14155550101"}`)
	w.Run(
		resttest.Scenario{Name: "session/reopen-conflict", Method: "POST", URL: sessions + "/{kc}", Form: []string{"Status", "in-progress"}, Status: 400, Code: 80801},
		resttest.Scenario{Method: "DELETE", URL: sessions + "/{next}", Status: 204},
		resttest.Scenario{Name: "session/reopen-after-all", Method: "POST", URL: sessions + "/{kc}", Form: []string{"Status", "open"}, Status: 200},
	)
}

func deletions(w *resttest.World) {
	w.Run(
		resttest.Scenario{Method: "DELETE", URL: people + "/{kp}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: people + "/{kp}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: sessions + "/{kc}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: sessions + "/{kc}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: sessions + "/{empty}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: pool + "/{pn}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: pool + "/{pn}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: services + "/{bare}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: services + "/{bare}", Status: 404, Code: 20404},
		resttest.Scenario{URL: services + "/{bare}/Sessions/{voice}", Status: 404, Code: 20404},
	)
}

// Every list gives each item once, whatever the page's size.
func TestPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		var named, numbered, opened, said []string
		w.Make("ks", services, "UniqueName", "service 0")
		named = append(named, "service 0")
		for i := range 4 {
			name := "service " + strconv.Itoa(i+1)
			w.Make("other", services, "UniqueName", name)
			named = append(named, name)
			w.Make("pn", pool, "PhoneNumber", "+1415555010"+strconv.Itoa(i))
			numbered = append(numbered, w.Names["pn"])
			w.Make("kc", sessions)
			opened = append(opened, w.Names["kc"])
		}
		w.Make("kp", people, "Identifier", "+14155550199")
		for i := range 5 {
			body := strconv.Itoa(i)
			if a := w.Do("POST", people+"/{kp}/MessageInteractions", "Body", body); a.Status != 200 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			said = append(said, `{"body":"`+body+`"}`)
		}
		for _, size := range []int{1, 2, 4, 50} {
			by := "?PageSize=" + strconv.Itoa(size)
			for _, l := range []struct {
				list, key, field string
				want             []string
			}{{services, "services", "unique_name", named}, {pool, "phone_numbers", "sid", numbered}, {sessions, "sessions", "sid", opened},
				{sessions + "/{kc}/Interactions", "interactions", "data", said}, {people + "/{kp}/MessageInteractions", "interactions", "data", said},
				{people, "participants", "sid", []string{w.Names["kp"]}}} {
				if got := w.Pages(l.list+by, l.key, l.field, size); !slices.Equal(got, l.want) {
					t.Errorf("%s by %d: got %q, want %q", l.list, size, got, l.want)
				}
			}
		}
	})
}
