package chat

import (
	"strings"
	"sync"
	"testing"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestUsers(t *testing.T) {
	each(t, func(w *world) {
		user := must(w.chat.CreateUser(w.ctx(), w.api, NewUser{Identity: "alice", FriendlyName: ptr("Alice"), Attributes: `{"c":1}`}))(t)
		if user.RoleSID != w.svc.DefaultServiceRole || user.NameEv == 0 || user.AttributesEv <= user.NameEv {
			t.Errorf("user is %+v", user)
		}
		_, err := w.chat.CreateUser(w.ctx(), w.api, NewUser{Identity: "alice"})
		w.code(core.CodeUserExists, err)
		if again := must(w.chat.EnsureUser(w.ctx(), w.svc, "alice"))(t); again.SID != user.SID || *again.FriendlyName != "Alice" {
			t.Errorf("login changed the profile: %+v", again)
		}
		_, err = w.chat.EnsureUser(w.ctx(), w.svc, "system")
		w.code(core.CodeIdentityReserved, err)
		for _, row := range []struct {
			in   NewUser
			code int
		}{
			{NewUser{Identity: "x", RoleSID: w.svc.DefaultChannelRole}, core.CodeDeploymentRoleNotFound},
			{NewUser{Identity: "x", FriendlyName: ptr(strings.Repeat("x", 257))}, core.CodeChatNameTooLong},
			{NewUser{Identity: "x", Attributes: "}"}, core.CodeAttributesInvalid},
		} {
			_, err := w.chat.CreateUser(w.ctx(), w.api, row.in)
			w.code(row.code, err)
		}
		w.take()
		alice, bob := w.as("alice"), w.as("bob")
		w.take()
		u := must(w.chat.UpdateUser(w.ctx(), alice, user.SID, UserPatch{FriendlyName: ptr("A."), Attributes: ptr(`{"c":1}`)}))(t)
		changes := w.take()
		if len(changes) != 1 || changes[0].(UserChanged).Since != 2 || u.NameEv != 3 || u.AttributesEv != 2 {
			t.Errorf("changes are %+v, user %+v", changes, u)
		}
		must(w.chat.UpdateUser(w.ctx(), w.api, "alice", UserPatch{}))(t) // a live integration fetches by it
		if len(w.take()) != 0 {
			t.Error("an empty update made an event")
		}
		_, err = w.chat.UpdateUser(w.ctx(), bob, "alice", UserPatch{FriendlyName: ptr("x")})
		w.code(core.CodeNotAuthorized, err)
		_, err = w.chat.UpdateUser(w.ctx(), alice, "alice", UserPatch{RoleSID: &w.svc.DefaultServiceRole})
		w.code(core.CodeNotAuthorized, err)
		_, err = w.chat.FetchUser(w.ctx(), w.svc, core.NewSID("US"))
		w.code(core.CodeUserNotFound, err)

		joined := w.channel(NewChannel{}, "alice", "bob")
		invited := w.channel(NewChannel{Type: TypePrivate})
		must(w.chat.CreateInvite(w.ctx(), w.api, invited.SID, NewInvite{Identity: "alice"}))(t)
		m := w.send(alice, joined.SID, "stays")
		w.code(core.CodeNotAuthorized, w.chat.DeleteUser(w.ctx(), bob, "alice"))
		w.code(0, w.chat.DeleteUser(w.ctx(), w.api, "alice"))
		_, err = w.chat.SendMessage(w.ctx(), alice, joined.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeUserNotFound, err)
		if s := w.seq(joined); s.Members != 1 {
			t.Errorf("the channel has %d members", s.Members)
		}
		if got := must(w.chat.FetchMessage(w.ctx(), bob, joined.SID, w.chat.MessageSID(m.ID)))(t); got.Author != "alice" {
			t.Errorf("message is %+v", got)
		}
		w.rows("invite", 0)
		w.rows("user_channel", 1)
		if again := w.as("alice"); again.User.SID == user.SID {
			t.Error("the deleted user is back")
		}
		list := must(w.chat.ListUsers(w.ctx(), w.svc, Page{Size: 1}))(t)
		if len(list.Items) != 1 || list.Items[0].Identity != "bob" || list.Next == "" {
			t.Errorf("users are %+v", list)
		}
	})
}

// The same identity logs in on several connections at once: one user.
func TestEnsureUserAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open())
		second := New(open(), testCodec(t), Options{})
		var wg sync.WaitGroup
		sids := make([]string, 16)
		for i := range sids {
			c := []*Chat{w.chat, second}[i%2]
			wg.Go(func() {
				u, err := c.EnsureUser(t.Context(), w.svc, "alice")
				if err != nil {
					t.Error(err)
					return
				}
				sids[i] = u.SID
			})
		}
		wg.Wait()
		for _, sid := range sids {
			if sid != sids[0] {
				t.Fatalf("users %v", sids)
			}
		}
		w.rows("chat_user", 1)
		w.rows("user_seq", 1)
	})
}

// What a node remembers of a channel is proved against the store: another node's changes count at once.
func TestAnotherNodeChangesChannel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open())
		other := New(open(), testCodec(t), Options{Outbox: w.outbox})
		ch := w.channel(NewChannel{}, "alice", "bob")
		alice := w.as("alice")
		w.send(alice, ch.SID, "this node knows the channel")
		w.take()

		must(other.UpdateChannel(t.Context(), w.api, ch.SID, ChannelPatch{FriendlyName: ptr("renamed")}))(t)
		w.send(alice, ch.SID, "x")
		if c := w.take()[0].(MessageAdded); c.Channel.FriendlyName == nil || *c.Channel.FriendlyName != "renamed" {
			t.Errorf("the change bears a stale channel: %+v", c.Channel)
		}
		must(other.CreateWebhook(t.Context(), w.svc, ch.SID, NewWebhook{Type: HookWebhook, URL: "http://x.test/", Filters: []string{"onMessageSent"}}))(t)
		w.send(alice, ch.SID, "x")
		if len(w.outbox.take()) != 1 {
			t.Error("the new webhook was not called")
		}
		must(other.UpdateMember(t.Context(), w.api, ch.SID, "bob", MemberPatch{Attributes: ptr("1")}))(t)
		before := w.chat.rooms.get(ch.SID)
		w.send(alice, ch.SID, "x")
		if w.chat.rooms.get(ch.SID) != before {
			t.Error("attributes of a member made the snapshot stale")
		}
		if err := other.RemoveMember(t.Context(), w.api, ch.SID, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err := w.chat.SendMessage(t.Context(), alice, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeNotMember, err)
		must(other.AddMember(t.Context(), w.api, ch.SID, NewMember{Identity: "alice"}))(t)
		w.send(alice, ch.SID, "back")
		if err := other.DeleteChannel(t.Context(), w.api, ch.SID); err != nil {
			t.Fatal(err)
		}
		_, err = w.chat.SendMessage(t.Context(), alice, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeChannelNotFound, err)
	})
}

func TestPresence(t *testing.T) {
	each(t, func(w *world) {
		alice := w.as("alice")
		w.take()
		set := func(node int64, online bool, events int) {
			t.Helper()
			w.code(0, w.chat.SetPresence(w.ctx(), w.svc, "alice", node, online))
			if changes := w.take(); len(changes) != events {
				t.Errorf("node %d online %v: changes are %+v", node, online, changes)
			}
		}
		set(1, true, 0) // reachability is off
		must(w.chat.UpdateService(w.ctx(), w.svc, ServicePatch{Reachability: ptr(true)}))(t)
		w.take()
		set(1, true, 1)
		set(1, true, 0)
		set(2, true, 0)
		set(1, false, 0)
		set(2, false, 1)
		w.code(0, w.chat.SetPresence(w.ctx(), w.svc, "nobody", 1, true))
		set(3, true, 1)
		err := w.st.Update(w.ctx(), func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO node (id, name, seen_at) VALUES (3, 'dead', 10), (4, 'alive', 20)")
			return err
		})
		w.code(0, err)
		w.code(0, w.chat.SweepPresence(w.ctx(), 15))
		if c := w.take(); len(c) != 1 || c[0].(UserChanged).User.Online {
			t.Errorf("changes are %+v", c)
		}
		w.rows("node", 1)
		if u := must(w.chat.FetchUser(w.ctx(), w.svc, alice.User.SID))(t); u.Online || u.ReachEv != 6 {
			t.Errorf("user is %+v", u)
		}
	})
}

func TestBindings(t *testing.T) {
	each(t, func(w *world) {
		alice := w.as("alice")
		in := NewBinding{Type: "fcm", Address: "device", MessageTypes: []string{"twilio.channel.new_message"}}
		first := must(w.chat.RegisterBinding(w.ctx(), alice, in))(t)
		in.MessageTypes = nil
		second := must(w.chat.RegisterBinding(w.ctx(), alice, in))(t)
		if first.SID != second.SID || second.MessageTypes != "[]" {
			t.Errorf("bindings are %+v and %+v", first, second)
		}
		if !must(w.chat.Notifiable(w.ctx(), []int64{alice.User.ID}))(t)[alice.User.ID] {
			t.Error("not notifiable")
		}
		_, err := w.chat.RegisterBinding(w.ctx(), alice, NewBinding{Type: "pigeon", Address: "x"})
		w.code(core.CodeInvalidBindingType, err)
		w.code(0, w.chat.UnregisterBinding(w.ctx(), w.as("bob"), first.SID))
		w.rows("binding", 1)
		w.code(0, w.chat.UnregisterBinding(w.ctx(), alice, first.SID))
		w.rows("binding", 0)
	})
}
