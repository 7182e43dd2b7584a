package chat

import (
	"fmt"
	"strings"
	"testing"

	"parley/internal/core"
)

func TestMembership(t *testing.T) {
	each(t, func(w *world) {
		private := w.channel(NewChannel{Type: TypePrivate, CreatedBy: "alice"}, "alice")
		public := w.channel(NewChannel{})
		alice, bob := w.as("alice"), w.as("bob")
		add := func(a Actor, ch *Channel, in NewMember) error {
			_, err := w.chat.AddMember(w.ctx(), a, ch.SID, in)
			return err
		}
		self := NewMember{Identity: "bob"}
		w.code(core.CodeChannelNotFound, add(bob, private, self))
		w.code(0, add(bob, public, self))
		w.code(core.CodeMemberExists, add(bob, public, self))
		w.code(core.CodeNotAuthorized, add(bob, public, NewMember{Identity: "carol"}))
		w.code(core.CodeNotAuthorized, add(alice, private, NewMember{Identity: "bob", RoleSID: w.svc.DefaultCreatorRole}))

		// The creator has the creator's role, and may invite; bob joins by the invite.
		w.take()
		invite := must(w.chat.CreateInvite(w.ctx(), alice, private.SID, NewInvite{Identity: "bob"}))(t)
		if item := w.take()[0].(UserChannelChanged); item.Item.Status != StatusInvited || item.Identity != "bob" {
			t.Errorf("item is %+v", item)
		}
		_, err := w.chat.CreateInvite(w.ctx(), alice, private.SID, NewInvite{Identity: "bob"})
		w.code(core.CodeAlreadyInvited, err)
		_, err = w.chat.CreateInvite(w.ctx(), alice, private.SID, NewInvite{Identity: "alice"})
		w.code(core.CodeMemberExists, err)
		_, err = w.chat.CreateInvite(w.ctx(), bob, private.SID, NewInvite{Identity: "eve"})
		w.code(core.CodeNotAuthorized, err)
		if got := must(w.chat.FetchInvite(w.ctx(), bob, private.SID, w.chat.InviteSID(invite.ID)))(t); got.CreatedBy != "alice" {
			t.Errorf("invite is %+v", got)
		}
		w.code(0, add(bob, private, self))
		changes := w.take()
		member, item := changes[0].(MemberChanged), changes[1].(UserChannelChanged)
		if member.Member.CreatedEv != 2 || member.UserSID != bob.User.SID || item.Item.Status != StatusJoined || item.Item.LastEv != item.Item.CreatedEv+1 {
			t.Errorf("changes are %+v", changes)
		}
		w.rows("invite", 0)
		w.code(core.CodeInviteAlreadyMember, w.chat.DeleteInvite(w.ctx(), bob, private.SID, "bob"))

		// Declining, revoking.
		must(w.chat.CreateInvite(w.ctx(), alice, private.SID, NewInvite{Identity: "carol"}))(t)
		w.code(core.CodeNotAuthorized, w.chat.DeleteInvite(w.ctx(), bob, private.SID, "carol"))
		w.take()
		w.code(0, w.chat.DeleteInvite(w.ctx(), w.as("carol"), private.SID, "carol"))
		if item := w.take()[0].(UserChannelChanged); item.Item.Status != StatusGone {
			t.Errorf("item is %+v", item.Item)
		}
		w.code(core.CodeChannelNotFound, w.chat.DeleteInvite(w.ctx(), w.as("carol"), private.SID, "carol"))

		// Leaving and removing.
		w.code(core.CodeNotAuthorized, w.chat.RemoveMember(w.ctx(), bob, private.SID, "alice"))
		w.code(0, w.chat.RemoveMember(w.ctx(), bob, private.SID, "bob"))
		changes = w.take()
		if m := changes[0].(MemberChanged).Member; !m.Removed || m.LastEv != 3 || m.CreatedEv != 2 {
			t.Errorf("tombstone is %+v", m)
		}
		w.code(core.CodeMemberNotFound, w.chat.RemoveMember(w.ctx(), alice, private.SID, "bob"))
		w.code(0, add(alice, private, self))
		again := must(w.chat.FetchMember(w.ctx(), alice, private.SID, "bob"))(t)
		w.code(0, w.chat.RemoveMember(w.ctx(), alice, private.SID, w.chat.MemberSID(again.ID)))
		if s := w.seq(private); s.Members != 1 || s.RosterEvent() != 5 {
			t.Errorf("counters are %+v", s)
		}
	})
}

// Creating a private channel is not joining it: its creator can still enter, once, and order it until then.
func TestFounder(t *testing.T) {
	each(t, func(w *world) {
		alice, bob := w.as("alice"), w.as("bob")
		room := must(w.chat.CreateChannel(w.ctx(), alice, NewChannel{Type: TypePrivate}))(t)
		sid := room.Channel.SID
		_, err := w.chat.FetchChannel(w.ctx(), bob, sid)
		w.code(core.CodeChannelNotFound, err)
		if s := must(w.chat.FetchChannel(w.ctx(), alice, sid))(t); s.Status() != StatusStranger {
			t.Errorf("standing is %+v", s)
		}
		_, err = w.chat.SendMessage(w.ctx(), alice, sid, NewMessage{Body: ptr("x")})
		w.code(core.CodeNotMember, err)
		must(w.chat.AddMember(w.ctx(), alice, sid, NewMember{Identity: "bob"}))(t)
		m := must(w.chat.AddMember(w.ctx(), alice, sid, NewMember{Identity: "alice"}))(t)
		if m.RoleSID != w.svc.DefaultCreatorRole {
			t.Errorf("the creator's role is %s", m.RoleSID)
		}
		w.code(0, w.chat.RemoveMember(w.ctx(), w.api, sid, "alice"))
		_, err = w.chat.AddMember(w.ctx(), alice, sid, NewMember{Identity: "alice"})
		w.code(core.CodeChannelNotFound, err)
	})
}

func TestMemberRules(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{}, "alice", "bob")
		for _, row := range []struct {
			in   NewMember
			code int
		}{
			{NewMember{}, core.CodeIdentityRequired},
			{NewMember{Identity: "system"}, core.CodeIdentityReserved},
			{NewMember{Identity: core.NewSID("US")}, core.CodeIdentityLooksLikeSID},
			{NewMember{Identity: strings.Repeat("x", 257)}, core.CodeIdentityTooLong},
			{NewMember{Identity: "a\x00"}, core.CodeInvalidParameter},
			{NewMember{Identity: "c", RoleSID: core.NewSID("RL")}, core.CodeChannelRoleNotFound},
			{NewMember{Identity: "c", RoleSID: w.svc.DefaultServiceRole}, core.CodeChannelRoleNotFound},
			{NewMember{Identity: "c", Attributes: "nope"}, core.CodeAttributesInvalid},
			{NewMember{Identity: "c", Horizon: &Horizon{Index: ptr(int64(-1))}}, core.CodeInvalidConsumedIndex},
			{NewMember{Identity: "c", Horizon: &Horizon{At: ptr(int64(1) << 60)}}, core.CodeInvalidConsumptionTime},
		} {
			if _, err := w.chat.AddMember(w.ctx(), w.api, ch.SID, row.in); err == nil || core.AsError(err).Code != row.code {
				t.Errorf("%+v: error is %v, want %d", row.in, err, row.code)
			}
		}
		w.rows("chat_user", 2) // a refused member leaves no user behind

		svc := must(w.chat.UpdateService(w.ctx(), w.svc, ServicePatch{MaxMembers: ptr(int64(3)), MaxChannels: ptr(int64(2))}))(t)
		w.svc, w.api.Service = svc, svc
		must(w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: "carol", Horizon: &Horizon{Index: ptr(int64(4))}}))(t)
		_, err := w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: "dave"})
		w.code(core.CodeMemberLimit, err)
		w.channel(NewChannel{}, "alice")
		third := w.channel(NewChannel{})
		_, err = w.chat.AddMember(w.ctx(), w.api, third.SID, NewMember{Identity: "alice"})
		w.code(core.CodeUserChannelLimit, err)
		if s := w.seq(third); s.Members != 0 || s.Roster != 0 {
			t.Errorf("a refused member left %+v", s)
		}

		alice, bob := w.as("alice"), w.as("bob")
		_, err = w.chat.UpdateMember(w.ctx(), bob, ch.SID, "alice", MemberPatch{Attributes: ptr("1")})
		w.code(core.CodeNotAuthorized, err)
		w.take()
		m := must(w.chat.UpdateMember(w.ctx(), alice, ch.SID, "alice", MemberPatch{Attributes: ptr(`{"x":1}`)}))(t)
		if got := w.take(); m.Attributes != `{"x":1}` || len(got) != 1 || got[0].(MemberChanged).Member.LastEv != m.LastEv {
			t.Errorf("member is %+v, changes %+v", m, got)
		}
		_, err = w.chat.UpdateMember(w.ctx(), alice, ch.SID, "bob", MemberPatch{Horizon: &Horizon{Index: ptr(int64(0))}})
		w.code(core.CodeNotAuthorized, err)
		list := must(w.chat.ListMembers(w.ctx(), alice, ch.SID, []string{"bob", "nobody"}, Page{}))(t)
		if len(list.Items) != 1 || list.Items[0].UserSID != bob.User.SID {
			t.Errorf("filtered members are %+v", list.Items)
		}
		_, err = w.chat.ListMembers(w.ctx(), w.as("eve"), ch.SID, nil, Page{})
		w.code(core.CodeNotMember, err)
		users := must(w.chat.UsersOfChannel(w.ctx(), alice, ch.SID, Page{Size: 2}))(t)
		if len(users.Items) != 2 || users.Items[0].Identity != "alice" || users.Next == "" {
			t.Errorf("users are %+v", users)
		}
	})
}

func TestHorizon(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{}, "alice", "bob")
		alice := w.as("alice")
		for i := range 5 {
			w.send(w.api, ch.SID, fmt.Sprint(i))
		}
		before := w.seq(ch)
		w.take()
		for _, row := range []struct {
			index  *int64
			unread string
			events int
		}{
			{ptr(int64(1)), "3", 2}, {ptr(int64(1)), "3", 0}, {ptr(int64(3)), "1", 2}, {ptr(int64(0)), "4", 2}, {ptr(int64(99)), "0", 2}, {nil, "none", 2}, {nil, "none", 0},
		} {
			unread := must(w.chat.SetHorizon(w.ctx(), alice, ch.SID, row.index))(t)
			got := "none"
			if unread != nil {
				got = fmt.Sprint(*unread)
			}
			if changes := w.take(); got != row.unread || len(changes) != row.events {
				t.Errorf("horizon %v: unread %s, changes %+v", row.index, got, changes)
			}
		}
		after := w.seq(ch)
		if after.Roster != before.Roster || after.RosterEvent() != before.RosterEvent()+5 {
			t.Errorf("counters are %+v: a horizon must not touch the roster's", after)
		}
		_, err := w.chat.SetHorizon(w.ctx(), alice, ch.SID, ptr(int64(-1)))
		w.code(core.CodeInvalidConsumedIndex, err)
		_, err = w.chat.SetHorizon(w.ctx(), w.as("eve"), ch.SID, nil)
		w.code(core.CodeNotMember, err)
		w.code(core.CodeInvalidNotification, w.chat.SetNotificationLevel(w.ctx(), alice, ch.SID, "x"))
		w.take()
		w.code(0, w.chat.SetNotificationLevel(w.ctx(), alice, ch.SID, LevelMuted))
		if item := w.take()[0].(UserChannelChanged).Item; item.NotificationLevel != LevelMuted || item.Status != StatusJoined {
			t.Errorf("item is %+v", item)
		}
	})
}
