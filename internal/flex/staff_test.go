package flex_test

import (
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/taskrouter"
)

func TestWhoMayEnter(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, nil)
		c := f.open(t, flow, "anna", nil)
		other := f.open(t, flow, "bernd", nil)
		f.assign(t, f.taskOf(t, other.SID), "accepted")
		roles := func(attributes string) {
			t.Helper()
			if _, err := f.tr.UpdateWorker(t.Context(), f.account, f.space.WorkspaceSID, f.space.WorkerSID, taskrouter.WorkerPatch{Attributes: &attributes}, ""); err != nil {
				t.Fatal(err)
			}
		}
		refuse := func(name, role, who string, code int, change func(*identity.Token)) {
			t.Helper()
			by := f.token("ann")
			if change != nil {
				change(by)
			}
			if err := f.enter(t, c.SID, role, who, by); !core.HasCode(err, code) {
				t.Errorf("%s: %v, want %d", name, err, code)
			}
			if got := f.members(t, c.SID); got != "anna" {
				t.Fatalf("%s: members %q", name, got)
			}
		}
		refuse("no accepted task about the channel", "agent", "ann", core.CodeFlexForbidden, nil)
		f.assign(t, f.taskOf(t, c.SID), "pending")
		refuse("only offered", "agent", "ann", core.CodeFlexForbidden, nil)
		f.assign(t, f.taskOf(t, c.SID), "accepted")
		refuse("a role above its own", "supervisor", "ann", core.CodeFlexForbidden, nil)
		refuse("somebody else", "agent", "eve", core.CodeFlexForbidden, nil)
		refuse("no such role", "king", "ann", core.CodeFlexValidation, nil)
		refuse("nobody", "agent", "", core.CodeFlexValidation, nil)
		refuse("no worker", "agent", "ann", core.CodeFlexForbidden, func(by *identity.Token) { by.WorkerSID = "" })
		refuse("an unknown worker", "agent", "ann", core.CodeAuthenticate, func(by *identity.Token) { by.WorkerSID = core.NewSID("WK") })
		refuse("an unknown workspace", "agent", "ann", core.CodeAuthenticate, func(by *identity.Token) { by.WorkspaceSID = core.NewSID("WS") })
		refuse("another chat service", "agent", "ann", core.CodeFlexForbidden, func(by *identity.Token) { by.ChatServiceSID = core.NewSID("IS") })
		for _, none := range []string{`{}`, `{"roles":"king"}`, `{"roles":[1]}`, `{"roles":["king"]}`} {
			roles(none)
			refuse("roles "+none, "agent", "ann", core.CodeAuthenticate, nil)
		}
		wantCode(t, f.enter(t, core.NewSID("CH"), "agent", "ann", f.token("ann")), core.CodeFlexChannelNotFound)

		roles(`{"roles":"agent"}`) // as old attributes say it
		if err := f.enter(t, c.SID, "agent", "ann", f.token("ann")); err != nil {
			t.Fatal(err)
		}
		wantCode(t, f.enter(t, c.SID, "agent", "ann", f.token("ann")), core.CodeFlexAlreadyMember)
		f.setTask(t, f.taskOf(t, c.SID), taskrouter.TaskPatch{AssignmentStatus: ptr("wrapping")})
		if err := f.chat.RemoveMember(t.Context(), f.api(), c.SID, "ann"); err != nil {
			t.Fatal(err)
		}
		if err := f.enter(t, c.SID, "agent", "ann", f.token("ann")); err != nil {
			t.Errorf("while wrapping up: %v", err)
		}

		empty := f.open(t, flow, "cleo", nil)
		roles(`{"roles":["agent","supervisor"]}`)
		wantCode(t, f.enter(t, empty.SID, "admin", "sue", f.token("sue")), core.CodeFlexForbidden)
		for who, role := range map[string]string{"sue": "supervisor", "eve": "agent"} {
			if err := f.enter(t, empty.SID, role, who, f.token("sue")); err != nil {
				t.Errorf("a supervisor adds %s: %v", who, err)
			}
			m, err := f.chat.FetchMember(t.Context(), f.api(), empty.SID, who)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := f.chat.FetchRole(t.Context(), f.service, m.RoleSID); err != nil || r.FriendlyName != role || r.Type != chat.RoleChannel {
				t.Errorf("%s is %+v, %v", who, r, err)
			}
		}
		if err := f.enter(t, empty.SID, "admin", "root", nil); err != nil {
			t.Errorf("a server: %v", err)
		}
		if err := f.chat.DeleteChannel(t.Context(), f.api(), empty.SID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, f.enter(t, empty.SID, "agent", "ann", nil), core.CodeFlexChannelNotFound)
	})
}
