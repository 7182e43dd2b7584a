package rest_test

import (
	"slices"

	"parley/internal/chat"
	"parley/internal/core"
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
	w.Names["workspace"], w.Names["workflow"], w.Names["worker"] = p.WorkspaceSID, p.WorkflowSID, p.WorkerSID
}
