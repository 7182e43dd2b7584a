package rest_test

import (
	"net/http"
	"testing"

	"parley/internal/chat"
	"parley/internal/identity"
	"parley/internal/resttest"
	"parley/internal/taskrouter"
)

// The desktop comes with a worker's token; what it may do is the worker's. A server may add anybody.
func TestUsers(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		flexWorld(w)
		const users = channels + "/{channel}/Roles/"
		desktop := func(role, who string) *http.Request {
			r := w.Request("POST", users+role+"/Users", "Identity", who)
			r.Header.Set("Authorization", resttest.Basic("token", workerToken(w, who))+")") // as the desktop sends it
			return r
		}
		w.Refused("an agent without a task", desktop("agent", "ann"), 403, 45003)
		service, err := w.Chat.Service(w.Context(), resttest.Account, w.Names["service"])
		if err != nil {
			w.Fatal(err)
		}
		roles := `{"roles":["supervisor"]}`
		if _, err := w.Tasks.UpdateWorker(w.Context(), resttest.Account, w.Names["workspace"], w.Names["worker"], taskrouter.WorkerPatch{Attributes: &roles}, ""); err != nil {
			w.Fatal(err)
		}
		for _, r := range []*http.Request{desktop("supervisor", "sue"), w.Request("POST", users+"agent/Users", "Identity", "ann")} {
			a := w.Send(r)
			if a.Status != 201 || a.Text("account_sid") != resttest.Account || a.Text("channel_sid") != w.Names["channel"] || a.Text("user_sid") == "" {
				w.Errorf("%s: %d %s", r.URL, a.Status, a.Body)
			}
			member := w.Do("GET", "/chat/v2/Services/{service}/Channels/{channel}/Members/"+a.Text("identity"))
			if role, err := w.Chat.FetchRole(w.Context(), service, member.Text("role_sid")); err != nil || role.FriendlyName != a.Text("role") || role.Type != chat.RoleChannel {
				w.Errorf("%s is %+v, %v", a.Text("identity"), role, err)
			}
		}
		w.Refused("once more", desktop("supervisor", "sue"), 409, 45206)
		w.Refused("another verb", w.Request("GET", users+"agent/Users"), 405, 20004)
	})
}

// workerToken is an access token for chat and the worker.
func workerToken(w *resttest.World, who string) string {
	w.Helper()
	return w.Mint(identity.Claim{Identity: who, ChatServiceSID: w.Names["service"], WorkspaceSID: w.Names["workspace"], WorkerSID: w.Names["worker"], WorkerRole: "worker"})
}
