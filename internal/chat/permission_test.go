package chat

import (
	"testing"

	"parley/internal/core"
)

// The table of rest-semantics §2.9: which stock role may do what.
func TestStockRoles(t *testing.T) {
	table := map[string]string{ // permission → roles, by initials: service admin/user, channel admin/user
		"createChannel": "SA SU", "joinChannel": "SA SU", "destroyChannel": "SA CA", "inviteMember": "SA CA", "addMember": "SA CA",
		"removeMember": "SA CA", "editChannelName": "SA CA", "editChannelAttributes": "SA CA", "editAnyMessage": "SA CA",
		"editAnyMessageAttributes": "SA CA", "deleteAnyMessage": "SA CA", "editAnyMemberAttributes": "SA CA", "editAnyUserInfo": "SA",
		"editOwnUserInfo": "SU", "sendMessage": "CA CU", "sendMediaMessage": "CA CU", "leaveChannel": "CA CU",
		"editNotificationLevel": "CA CU", "editOwnMessage": "CU", "editOwnMessageAttributes": "CU", "deleteOwnMessage": "CU",
		"editOwnMemberAttributes": "CU",
	}
	if len(table) != len(permissionNames) {
		t.Fatalf("%d permissions in the table, %d in the code", len(table), len(permissionNames))
	}
	initials := map[string]string{"service admin": "SA", "service user": "SU", "channel admin": "CA", "channel user": "CU"}
	seen := 0
	for _, role := range stockRoles() {
		initial := initials[role.name]
		if initial == "" {
			continue
		}
		seen++
		for name, holders := range table {
			bit := Permissions(1) << permissionIndex(name)
			want := false
			for i := 0; i+2 <= len(holders); i += 3 {
				want = want || holders[i:i+2] == initial
			}
			if got := role.permissions&bit != 0; got != want {
				t.Errorf("%s: %s is %v, want %v", role.name, name, got, want)
			}
		}
	}
	if seen != 4 {
		t.Errorf("%d of the four stock roles", seen)
	}
}

func TestAllowed(t *testing.T) {
	for _, row := range []struct {
		name                   string
		perm, service, channel Permissions
		own, want              bool
	}{
		{"nothing", SendMessagePermission, 0, 0, true, false},
		{"channel role", SendMessagePermission, 0, SendMessagePermission, true, true},
		{"sendMessage does not count in a deployment role", SendMessagePermission, SendMessagePermission, 0, true, false},
		{"joinChannel does not count in a channel role", JoinChannelPermission, 0, JoinChannelPermission, false, false},
		{"deployment role reaches into channels", RemoveMemberPermission, RemoveMemberPermission, 0, false, true},
		{"any covers own", EditAnyMessagePermission, 0, EditAnyMessagePermission, true, true},
		{"own is not any", EditAnyMessagePermission, 0, EditOwnMessagePermission, false, false},
		{"own suffices for one's own", EditAnyMessagePermission, 0, EditOwnMessagePermission, true, true},
		{"own of another thing does not", EditAnyMessagePermission, 0, DeleteOwnMessagePermission | EditOwnMessageAttributesPermission, true, false},
		{"deleteOwnMessage does not count in a deployment role", DeleteAnyMessagePermission, DeleteOwnMessagePermission, 0, true, false},
		{"own profile", EditAnyUserInfoPermission, EditOwnUserInfoPermission, 0, true, true},
		{"another's profile", EditAnyUserInfoPermission, EditOwnUserInfoPermission, 0, false, false},
	} {
		if got := Allowed(row.perm, row.service, row.channel, row.own); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestRoles(t *testing.T) {
	each(t, func(w *world) {
		create := func(kind string, permissions ...string) (*Role, error) {
			return w.chat.CreateRole(w.ctx(), w.svc, NewRole{FriendlyName: "r", Type: kind, Permissions: permissions})
		}
		_, err := create(RoleChannel)
		w.code(core.CodePermissionNotFound, err)
		_, err = create(RoleChannel, "fly")
		w.code(core.CodePermissionNotFound, err)
		_, err = create(RoleChannel, "createChannel")
		w.code(core.CodeInvalidRoleType, err)
		_, err = create(RoleDeployment, "sendMessage")
		w.code(core.CodeInvalidRoleType, err)
		_, err = create("other", "sendMessage")
		w.code(core.CodeInvalidRoleType, err)
		mute := must(create(RoleChannel, "leaveChannel"))(t)

		ch := w.channel(NewChannel{})
		must(w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: "alice", RoleSID: mute.SID}))(t)
		alice := w.as("alice")
		_, err = w.chat.SendMessage(w.ctx(), alice, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeNotAuthorized, err)
		must(w.chat.UpdateRole(w.ctx(), w.svc, mute.SID, []string{"sendMessage"}))(t)
		w.send(alice, ch.SID, "the change counts at once on this node")
		_, err = w.chat.SendMessage(w.ctx(), alice, ch.SID, NewMessage{MediaSID: w.chat.MediaSID(1)})
		w.code(core.CodeNotAuthorized, err)

		// The role of a member changes while the channel is in memory.
		must(w.chat.UpdateMember(w.ctx(), w.api, ch.SID, "alice", MemberPatch{RoleSID: ptr(must(create(RoleChannel, "leaveChannel"))(t).SID)}))(t)
		_, err = w.chat.SendMessage(w.ctx(), alice, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeNotAuthorized, err)

		w.code(0, w.chat.DeleteRole(w.ctx(), w.svc, mute.SID))
		w.code(core.CodeRoleNotFound, w.chat.DeleteRole(w.ctx(), w.svc, mute.SID))
		w.code(core.CodeConflict, w.chat.DeleteRole(w.ctx(), w.svc, w.svc.DefaultChannelRole))
		all := must(w.chat.ListRoles(w.ctx(), w.svc, Page{Size: 5}))(t)
		rest := must(w.chat.ListRoles(w.ctx(), w.svc, Page{Size: 50, Token: all.Next}))(t)
		if len(all.Items) != 5 || len(rest.Items) != 8 || rest.Next != "" {
			t.Errorf("pages of %d and %d roles", len(all.Items), len(rest.Items))
		}
		_, err = w.chat.ListRoles(w.ctx(), w.svc, Page{Token: "PT" + core.NewSID("RL")})
		w.code(core.CodeInvalidParameter, err)
		_, err = w.chat.UpdateMember(w.ctx(), w.api, ch.SID, "alice", MemberPatch{RoleSID: &w.svc.DefaultServiceRole})
		w.code(core.CodeChannelRoleNotFound, err)
	})
}
