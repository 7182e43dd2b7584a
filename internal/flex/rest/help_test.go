package rest_test

import (
	"net/http"
	"slices"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/identity"
	"parley/internal/resttest"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// agentRole is the SID of the channel role of agents.
func agentRole(w *resttest.World, service *chat.Service) (sid string) {
	w.Helper()
	err := w.Store.View(w.Context(), func(r *store.Reader) error {
		role, err := w.Chat.RoleByName(r, service, chat.RoleChannel, chat.RoleAgent)
		if err == nil {
			sid = role.SID
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return sid
}

func same(w *resttest.World, got, want []string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("got %q, want %q", got, want)
	}
}

// workspace makes what a flow needs to hand off, and names it.
func workspace(w *resttest.World) {
	w.Helper()
	p := taskrouter.Provision{AccountSID: resttest.Account, WorkspaceSID: core.NewSID("WS"), WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
		WorkerSID: core.NewSID("WK"), WorkerName: "agent"}
	if err := w.Store.Update(w.Context(), func(tx *store.Tx) error { return w.Tasks.ProvisionTx(tx, p) }); err != nil {
		w.Fatal(err)
	}
	w.Names["workspace"], w.Names["workflow"], w.Names["queue"], w.Names["worker"] = p.WorkspaceSID, p.WorkflowSID, p.QueueSID, p.WorkerSID
}

// desk is what Flex's pages need: a workspace, a chat service, and the configuration that names them.
func desk(w *resttest.World) {
	w.Helper()
	workspace(w)
	w.Make("service", "/chat/v2/Services", "FriendlyName", "Support")
	err := w.Store.Update(w.Context(), func(tx *store.Tx) error {
		key, err := w.Identity.CreateKeyTx(tx, identity.Key{AccountSID: resttest.Account, FriendlyName: "desk", Kind: identity.KindStandard})
		if err != nil {
			return err
		}
		return w.Flex.ConfigureTx(tx, flex.Configuration{AccountSID: resttest.Account, WorkspaceSID: w.Names["workspace"], WorkflowSID: w.Names["workflow"],
			QueueSID: w.Names["queue"], ChatServiceSID: w.Names["service"], KeySID: key.SID})
	})
	if err != nil {
		w.Fatal(err)
	}
	for name, activity := range map[string]string{"offline": "Offline", "available": "Available"} {
		a := w.Do("GET", "/taskrouter/v1/Workspaces/{workspace}/Activities?FriendlyName="+activity)
		rows, _ := a.Get("activities").([]any)
		row, _ := rows[0].(map[string]any)
		w.Names[name], _ = row["sid"].(string)
	}
}

// as is a request with the token of somebody in a page.
func as(w *resttest.World, token string, r *http.Request) *http.Request {
	r.Header.Set("Authorization", resttest.Basic("token", token)+")") // as the desktop's SDK writes it
	return r
}

// body is a request with a JSON body.
func body(w *resttest.World, method, target, text string) *http.Request {
	r := w.RequestBody(method, target, w.Expand(text))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// roles gives the worker roles.
func roles(w *resttest.World, list string) {
	w.Helper()
	attributes := `{"roles":` + list + `}`
	if _, err := w.Tasks.UpdateWorker(w.Context(), resttest.Account, w.Names["workspace"], w.Names["worker"], taskrouter.WorkerPatch{Attributes: &attributes}, ""); err != nil {
		w.Fatal(err)
	}
}
