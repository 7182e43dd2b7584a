package rest_test

import (
	"slices"

	"parley/internal/chat"
	"parley/internal/resttest"
	"parley/internal/store"
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
