package chat

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/internal/core"
)

func TestMessages(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{Type: TypePrivate, UniqueName: ptr("room")}, "alice", "bob")
		alice, bob, eve := w.as("alice"), w.as("bob"), w.as("eve")
		w.take()

		first := w.send(alice, ch.SID, "one")
		if first.Index != 0 || first.Author != "alice" || first.MemberID == 0 || first.CreatedEv != 1 || first.ChannelSID != ch.SID {
			t.Fatalf("first message is %+v", first)
		}
		if second := w.send(bob, "room", "two"); second.Index != 1 {
			t.Fatalf("second message by unique name is %+v", second)
		}
		changes := w.take()
		if len(changes) != 2 {
			t.Fatalf("changes are %#v", changes)
		}
		added := changes[0].(MessageAdded)
		if added.Seq.DocumentEvent() != 1 || added.Seq.LastIndex != 0 || added.Channel.SID != ch.SID {
			t.Fatalf("change is %+v", added)
		}

		_, err := w.chat.SendMessage(w.ctx(), eve, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeChannelNotFound, err)
		public := w.channel(NewChannel{})
		_, err = w.chat.SendMessage(w.ctx(), eve, public.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeNotMember, err)
		if len(w.take()) != 1 || w.seq(public).NextIndex != 0 { // the creation of the channel
			t.Error("a refused message left something behind")
		}

		// A membership that ends, and one that begins, count at once although the channel is in memory.
		w.code(0, w.chat.RemoveMember(w.ctx(), w.api, ch.SID, "bob"))
		_, err = w.chat.SendMessage(w.ctx(), bob, ch.SID, NewMessage{Body: ptr("x")})
		w.code(core.CodeChannelNotFound, err)
		must(w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: "eve"}))(t)
		w.send(eve, ch.SID, "three")

		system := w.send(w.api, ch.SID, "notice")
		if system.Author != "system" || system.MemberID != 0 || system.Index != 3 {
			t.Errorf("a server's message is %+v", system)
		}
		named := must(w.chat.SendMessage(w.ctx(), w.api, ch.SID, NewMessage{Body: ptr(""), From: "Bot", CreatedAt: ptr(int64(5))}))(t)
		if named.Author != "Bot" || named.CreatedAt != 5 {
			t.Errorf("a restored message is %+v", named)
		}
		if m := must(w.chat.FetchMessage(w.ctx(), alice, ch.SID, w.chat.MessageSID(first.ID)))(t); m.Body != "one" {
			t.Errorf("fetched %+v", m)
		}
		_, err = w.chat.FetchMessage(w.ctx(), alice, ch.SID, w.chat.MemberSID(first.ID))
		w.code(core.CodeMessageNotFound, err)
	})
}

func TestMessageLimits(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{}, "alice")
		alice := w.as("alice")
		long := strings.Repeat("x", core.MaxBody+1)
		for _, row := range []struct {
			name string
			a    Actor
			in   NewMessage
			code int
		}{
			{"no body", alice, NewMessage{}, core.CodeMessageBodyRequired},
			{"empty body", alice, NewMessage{Body: ptr("")}, 0},
			{"longest body", alice, NewMessage{Body: ptr(long[1:])}, 0},
			{"too long", alice, NewMessage{Body: &long}, core.CodeMessageTooLong},
			{"null byte", alice, NewMessage{Body: ptr("a\x00b")}, core.CodeInvalidParameter},
			{"not UTF-8", alice, NewMessage{Body: ptr("\xff")}, core.CodeInvalidParameter},
			{"attributes", alice, NewMessage{Body: ptr("x"), Attributes: `{"a":`}, core.CodeAttributesInvalid},
			{"long attributes", alice, NewMessage{Body: ptr("x"), Attributes: `"` + strings.Repeat("x", core.MaxAttributes) + `"`}, core.CodeAttributesTooLong},
			{"long author", w.api, NewMessage{Body: ptr("x"), From: strings.Repeat("x", 257)}, core.CodeAuthorTooLong},
			{"long editor", w.api, NewMessage{Body: ptr("x"), LastUpdatedBy: ptr(strings.Repeat("x", 257))}, core.CodeUpdatedByTooLong},
			{"not a media", alice, NewMessage{MediaSID: "nonsense"}, core.CodeInvalidMediaSID},
			{"unknown media", alice, NewMessage{MediaSID: core.NewSID("ME")}, core.CodeMediaNotFound},
			{"dates of a user", alice, NewMessage{Body: ptr("x"), CreatedAt: ptr(int64(1))}, core.CodeInvalidDateCreated},
			{"future", w.api, NewMessage{Body: ptr("x"), CreatedAt: ptr(int64(1) << 60)}, core.CodeInvalidDateCreated},
			{"update before creation", w.api, NewMessage{Body: ptr("x"), CreatedAt: ptr(int64(5)), UpdatedAt: ptr(int64(4))}, core.CodeInvalidDateUpdated},
		} {
			_, err := w.chat.SendMessage(w.ctx(), row.a, ch.SID, row.in)
			if row.code != 0 && (err == nil || core.AsError(err).Code != row.code) || row.code == 0 && err != nil {
				t.Errorf("%s: error is %v, want %d", row.name, err, row.code)
			}
		}
		for _, ref := range []string{"", core.NewSID("CH"), "nobody", "\x00", strings.Repeat("x", 300)} {
			_, err := w.chat.SendMessage(w.ctx(), alice, ref, NewMessage{Body: ptr("x")})
			w.code(core.CodeChannelNotFound, err)
		}
		if n := w.seq(ch).NextIndex; n != 2 {
			t.Errorf("next index is %d: refused messages took indexes", n)
		}
	})
}

func TestEditAndRemoveMessages(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{CreatedBy: "admin"}, "alice", "bob", "admin")
		alice, bob, admin := w.as("alice"), w.as("bob"), w.as("admin")
		for i := range 3 {
			w.send(alice, ch.SID, fmt.Sprint(i))
		}
		edit := func(a Actor, ref string, in MessagePatch) (*Message, error) {
			return w.chat.UpdateMessage(w.ctx(), a, ch.SID, ref, in)
		}
		_, err := edit(bob, "1", MessagePatch{Body: ptr("x")})
		w.code(core.CodeNotAuthorized, err)
		_, err = edit(bob, "1", MessagePatch{Attributes: ptr("1")})
		w.code(core.CodeNotAuthorized, err)
		w.code(core.CodeNotAuthorized, w.chat.DeleteMessage(w.ctx(), bob, ch.SID, "1"))
		m := must(edit(alice, "1", MessagePatch{Body: ptr("own")}))(t)
		if m.Body != "own" || !m.WasEdited || m.LastEv != 4 || *m.LastUpdatedBy != "alice" {
			t.Errorf("edited message is %+v", m)
		}
		m = must(edit(admin, "1", MessagePatch{Attributes: ptr(`{"by":"admin"}`)}))(t)
		if m.Body != "own" || m.LastEv != 5 || *m.LastUpdatedBy != "admin" {
			t.Errorf("edited message is %+v", m)
		}
		if m = must(edit(w.api, "1", MessagePatch{}))(t); m.LastEv != 5 {
			t.Error("an empty patch made an event")
		}
		w.take()

		w.code(0, w.chat.DeleteMessage(w.ctx(), admin, ch.SID, "2"))
		changes := w.take()
		removed, doc := changes[0].(MessageChanged), changes[1].(ChannelChanged)
		if !removed.Message.Removed || removed.Message.Body != "" || removed.Before.Body != "2" || removed.Message.LastEv != 6 {
			t.Errorf("removal is %+v", removed)
		}
		if doc.Seq.LastIndex != 1 || doc.Seq.DocumentEvent() != 4 || doc.Seq.MessagesCount() != 2 {
			t.Errorf("document is %+v", doc.Seq)
		}
		w.code(core.CodeMessageNotFound, w.chat.DeleteMessage(w.ctx(), admin, ch.SID, "2"))
		w.code(0, w.chat.DeleteMessage(w.ctx(), alice, ch.SID, "0"))
		if len(w.take()) != 1 {
			t.Error("removing an older message changed the document")
		}
		if m := w.send(bob, ch.SID, "next"); m.Index != 3 {
			t.Errorf("index %d: a removed one was given again", m.Index)
		}
		list := must(w.chat.ListMessages(w.ctx(), bob, ch.SID, Page{Size: 1}))(t)
		if len(list.Items) != 1 || list.Items[0].Index != 1 || list.Next != "1" {
			t.Errorf("first page is %+v", list)
		}
		list = must(w.chat.ListMessages(w.ctx(), bob, ch.SID, Page{Size: 5, Token: "1"}))(t)
		if len(list.Items) != 1 || list.Items[0].Index != 3 || list.Next != "" {
			t.Errorf("second page is %+v", list)
		}
		list = must(w.chat.ListMessages(w.ctx(), bob, ch.SID, Page{Size: 5, Token: "3", Desc: true}))(t)
		if len(list.Items) != 1 || list.Items[0].Index != 1 {
			t.Errorf("page down is %+v", list)
		}
		_, err = w.chat.ListMessages(w.ctx(), bob, ch.SID, Page{Token: "-1"})
		w.code(core.CodePageTokenNegative, err)
	})
}

// 64 senders in one channel: indexes without gaps, each event number once.
func TestConcurrentSenders(t *testing.T) {
	each(t, func(w *world) {
		const senders, rounds = 64, 8
		var names []string
		for i := range senders {
			names = append(names, fmt.Sprintf("user%d", i))
		}
		ch := w.channel(NewChannel{}, names...)
		w.take()
		var wg sync.WaitGroup
		for _, name := range names {
			a := w.as(name)
			wg.Go(func() {
				for range rounds {
					if _, err := w.chat.SendMessage(t.Context(), a, ch.SID, NewMessage{Body: ptr("x")}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Go(func() { // the snapshot is overtaken all the time
			for i := range rounds {
				if _, err := w.chat.UpdateChannel(t.Context(), w.api, ch.SID, ChannelPatch{FriendlyName: ptr(fmt.Sprint(i))}); err != nil {
					t.Error(err)
				}
				if _, err := w.chat.AddMember(t.Context(), w.api, ch.SID, NewMember{Identity: fmt.Sprintf("late%d", i)}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		indexes, list, document := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
		for _, change := range w.take() {
			switch c := change.(type) {
			case MessageAdded:
				indexes[c.Message.Index], list[c.Message.CreatedEv] = true, true
				document[c.Seq.DocumentEvent()] = true
			case ChannelChanged:
				document[c.Seq.DocumentEvent()] = true
			}
		}
		for i := range int64(senders * rounds) {
			if !indexes[i] || !list[i+1] {
				t.Fatalf("index %d or event %d is missing", i, i+1)
			}
		}
		for ev := range int64(senders*rounds + rounds) {
			if !document[ev+1] {
				t.Fatalf("document event %d is missing", ev+1)
			}
		}
	})
}
