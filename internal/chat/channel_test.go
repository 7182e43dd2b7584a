package chat

import (
	"strings"
	"testing"

	"parley/internal/core"
	"parley/internal/store"
)

func TestChannels(t *testing.T) {
	each(t, func(w *world) {
		alice := w.as("alice")
		create := func(a Actor, in NewChannel) (*Room, error) { return w.chat.CreateChannel(w.ctx(), a, in) }
		for _, row := range []struct {
			name string
			in   NewChannel
			code int
		}{
			{"friendly name", NewChannel{FriendlyName: ptr(strings.Repeat("x", 257))}, core.CodeChatNameTooLong},
			{"unique name", NewChannel{UniqueName: ptr(strings.Repeat("x", 257))}, core.CodeChatUniqueNameTooLong},
			{"like a SID", NewChannel{UniqueName: ptr(core.NewSID("CH"))}, core.CodeUniqueNameLooksLikeSID},
			{"attributes", NewChannel{Attributes: "{"}, core.CodeAttributesInvalid},
			{"long attributes", NewChannel{Attributes: `"` + strings.Repeat("x", 16<<10) + `"`}, core.CodeAttributesTooLong},
			{"type", NewChannel{Type: "secret"}, core.CodeInvalidParameter},
			{"dates", NewChannel{CreatedAt: ptr(int64(1) << 60)}, core.CodeInvalidDateCreated},
		} {
			if _, err := create(w.api, row.in); err == nil || core.AsError(err).Code != row.code {
				t.Errorf("%s: error is %v, want %d", row.name, err, row.code)
			}
		}
		named := must(create(alice, NewChannel{UniqueName: ptr("general"), FriendlyName: ptr(""), CreatedBy: "mallory"}))(t)
		if named.Channel.CreatedBy != "alice" || named.Channel.FriendlyName != nil || named.Channel.Type != TypePublic || named.Channel.Attributes != "{}" {
			t.Errorf("channel is %+v", named.Channel)
		}
		_, err := create(w.api, NewChannel{UniqueName: ptr("general")})
		w.code(core.CodeUniqueNameExists, err)
		other := must(create(w.api, NewChannel{Type: TypePrivate, CreatedBy: "importer", CreatedAt: ptr(int64(7))}))(t)
		if other.Channel.CreatedBy != "importer" || other.Channel.CreatedAt != 7 || other.Channel.UpdatedAt != 7 {
			t.Errorf("restored channel is %+v", other.Channel)
		}
		w.take()

		// Who is no member has the rights of the service role only.
		_, err = w.chat.UpdateChannel(w.ctx(), w.as("bob"), "general", ChannelPatch{FriendlyName: ptr("x")})
		w.code(core.CodeNotAuthorized, err)
		_, err = w.chat.FetchChannel(w.ctx(), alice, other.Channel.SID)
		w.code(core.CodeChannelNotFound, err)
		must(w.chat.AddMember(w.ctx(), alice, "general", NewMember{Identity: "alice"}))(t)
		w.take()
		room := must(w.chat.UpdateChannel(w.ctx(), alice, "general", ChannelPatch{FriendlyName: ptr("General"), Attributes: ptr(`{"a":1}`)}))(t)
		changes := w.take()
		seq := changes[0].(ChannelChanged).Seq
		if len(changes) != 1 || seq.DocumentEvent() != 1 || *room.Channel.FriendlyName != "General" {
			t.Errorf("changes are %+v", changes)
		}
		must(w.chat.UpdateChannel(w.ctx(), alice, "general", ChannelPatch{FriendlyName: ptr("General")}))(t)
		if len(w.take()) != 0 {
			t.Error("an update without a change made an event")
		}
		_, err = w.chat.UpdateChannel(w.ctx(), w.api, other.Channel.SID, ChannelPatch{UniqueName: ptr("general")})
		w.code(core.CodeUniqueNameExists, err)
		must(w.chat.UpdateChannel(w.ctx(), w.api, "general", ChannelPatch{UniqueName: ptr("")}))(t)
		room = must(w.chat.UpdateChannel(w.ctx(), w.api, other.Channel.SID, ChannelPatch{UniqueName: ptr("general"), CreatedAt: ptr(int64(3))}))(t)
		if room.Channel.CreatedAt != 3 || room.Channel.UpdatedAt < 1e15 {
			t.Errorf("dates are %d and %d", room.Channel.CreatedAt, room.Channel.UpdatedAt)
		}
		list := must(w.chat.ListChannels(w.ctx(), w.svc, nil, Page{Size: 1}))(t)
		if len(list.Items) != 1 || list.Items[0].Channel.SID != named.Channel.SID {
			t.Errorf("first page is %+v", list)
		}
		w.code(0, w.chat.DeleteChannel(w.ctx(), alice, named.Channel.SID)) // deleted between two pages
		list = must(w.chat.ListChannels(w.ctx(), w.svc, []string{TypePrivate}, Page{Size: 1, Token: list.Next}))(t)
		if len(list.Items) != 1 || list.Items[0].Channel.SID != other.Channel.SID || list.Next != "" {
			t.Errorf("second page is %+v", list)
		}
	})
}

func TestDeleteChannel(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{}, "alice", "bob")
		must(w.chat.CreateInvite(w.ctx(), w.api, ch.SID, NewInvite{Identity: "carol"}))(t)
		must(w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookWebhook, URL: "http://x.test/", Filters: []string{"onMessageSent"}}))(t)
		alice := w.as("alice")
		w.send(alice, ch.SID, "x")
		w.code(core.CodeNotAuthorized, w.chat.DeleteChannel(w.ctx(), alice, ch.SID))
		w.take()
		w.code(0, w.chat.DeleteChannel(w.ctx(), w.api, ch.SID))
		gone := map[string]bool{}
		for _, change := range w.take() {
			switch c := change.(type) {
			case UserChannelChanged:
				if c.Item.Status != StatusGone || c.Item.LastEv != c.Item.CreatedEv+1 {
					t.Errorf("item is %+v", c.Item)
				}
				gone[c.Identity] = true
			case ChannelDeleted:
				if c.Seq.ListEvent() != 1 {
					t.Errorf("counters are %+v", c.Seq)
				}
				gone["the channel"] = true
			}
		}
		if len(gone) != 4 {
			t.Errorf("gone: %v", gone)
		}
		_, err := w.chat.SendMessage(w.ctx(), alice, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeChannelNotFound, err)
		for _, table := range []string{"channel", "channel_seq", "message", "member", "invite", "channel_webhook"} {
			w.rows(table, 0)
		}
		w.rows("user_channel", 3)
	})
}

func (w *world) rows(table string, want int64) {
	w.Helper()
	err := w.st.View(w.ctx(), func(r *store.Reader) error {
		var n int64
		err := r.One("SELECT count(*) FROM "+table, nil, &n)
		if n != want {
			w.Errorf("%s has %d rows, want %d", table, n, want)
		}
		return err
	})
	if err != nil {
		w.Error(err)
	}
}

func TestDirectory(t *testing.T) {
	each(t, func(w *world) {
		alice := w.as("alice")
		joined := w.channel(NewChannel{FriendlyName: ptr("joined")}, "alice")
		invited := w.channel(NewChannel{Type: TypePrivate})
		must(w.chat.CreateInvite(w.ctx(), w.api, invited.SID, NewInvite{Identity: "alice"}))(t)
		w.channel(NewChannel{Type: TypePrivate})
		public := w.channel(NewChannel{})
		for range 3 {
			w.send(w.api, joined.SID, "x")
		}
		must(w.chat.SetHorizon(w.ctx(), alice, joined.SID, ptr(int64(0))))(t)
		w.code(0, w.chat.DeleteMessage(w.ctx(), w.api, joined.SID, "1"))

		list := must(w.chat.PublicChannels(w.ctx(), alice, Page{}))(t)
		if len(list.Items) != 2 || list.Items[0].Status() != StatusJoined || list.Items[1].Status() != StatusStranger || list.Items[1].Channel.SID != public.SID {
			t.Fatalf("directory is %+v", list.Items)
		}
		if s := list.Items[0]; *s.Unread != 1 || s.Seq.MessagesCount() != 2 || s.Seq.Members != 1 || *s.Horizon() != 0 || s.Level() != LevelDefault {
			t.Errorf("standing is %+v, unread %d", s, *s.Unread)
		}
		var seen []string
		for token := ""; ; {
			page := must(w.chat.UserChannels(w.ctx(), alice, "alice", Page{Size: 1, Token: token}))(t)
			for _, s := range page.Items {
				seen = append(seen, s.Status())
			}
			if token = page.Next; token == "" {
				break
			}
		}
		if len(seen) != 2 {
			t.Errorf("user's channels are %v", seen)
		}
		_, err := w.chat.UserChannels(w.ctx(), w.as("bob"), "alice", Page{})
		w.code(core.CodeNotAuthorized, err)
		_, err = w.chat.UserChannel(w.ctx(), w.api, "alice", public.SID)
		w.code(core.CodeChannelNotFound, err)
		s := must(w.chat.UpdateUserChannel(w.ctx(), w.api, "alice", joined.SID, UserChannelPatch{NotificationLevel: ptr(LevelMuted), Horizon: &Horizon{Index: ptr(int64(2))}}))(t)
		if s.Level() != LevelMuted || *s.Unread != 0 || s.Member.ConsumedAt == nil {
			t.Errorf("standing is %+v", s)
		}
		_, err = w.chat.UpdateUserChannel(w.ctx(), w.api, "alice", joined.SID, UserChannelPatch{NotificationLevel: ptr("loud")})
		w.code(core.CodeInvalidNotification, err)
		if must(w.chat.FetchChannel(w.ctx(), alice, invited.SID))(t).Status() != StatusInvited {
			t.Error("the invited user does not see the channel")
		}
		counts := must(w.chat.JoinedCounts(w.ctx(), []int64{alice.User.ID}))(t)
		if counts[alice.User.ID] != 1 {
			t.Errorf("counts are %v", counts)
		}
	})
}
