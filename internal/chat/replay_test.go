package chat

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"parley/internal/store"

	"pgregory.net/rapid"
)

// mirror is what a client knows of one object: its items by key, as text, and the event number up to which it knows them.
type mirror struct {
	at    int64
	items map[string]string
}

func newMirror() *mirror { return &mirror{items: map[string]string{}} }

func (m *mirror) clone() *mirror { return &mirror{m.at, maps.Clone(m.items)} }

// apply follows an event as the SDKs do, and complains about names that they would misunderstand (chat-sdk-protocol §6.5).
func (m *mirror) apply(t *rapid.T, ev int64, kind Kind, key, value string) {
	if ev <= m.at {
		t.Fatalf("event %d of %s after %d", ev, key, m.at)
	}
	m.at = ev
	_, known := m.items[key]
	switch kind {
	case Added:
		if known {
			t.Fatalf("%s added twice", key)
		}
	case Updated:
		if !known {
			t.Fatalf("%s updated before it was added", key)
		}
	case Removed:
		delete(m.items, key)
		return
	}
	m.items[key] = value
}

// live is the mirror of a client that misses nothing: it follows the changes as they are committed.
type live struct{ messages, roster, channels *mirror }

func (l live) clone() live { return live{l.messages.clone(), l.roster.clone(), l.channels.clone()} }

func messageText(m *Message) string { return m.Author + ":" + m.Body + m.Attributes }

func memberText(m *Member) string {
	horizon := int64(-1)
	if m.ConsumedIndex != nil {
		horizon = *m.ConsumedIndex
	}
	return fmt.Sprint(m.Identity, m.RoleSID, m.Attributes, horizon)
}

func itemText(status, level string, consumed *int64) string {
	if consumed == nil {
		return status + level
	}
	return fmt.Sprint(status, level, *consumed)
}

func kindOfItem(created, last int64, removed bool) Kind {
	switch {
	case removed:
		return Removed
	case created == last:
		return Added
	}
	return Updated
}

func (l live) follow(t *rapid.T, changes []any, user int64) {
	for _, change := range changes {
		switch c := change.(type) {
		case MessageAdded:
			l.messages.apply(t, c.Message.CreatedEv, Added, fmt.Sprint(c.Message.Index), messageText(c.Message))
		case MessageChanged:
			l.messages.apply(t, c.Message.LastEv, kindOfItem(0, c.Message.LastEv, c.Message.Removed), fmt.Sprint(c.Message.Index), messageText(c.Message))
		case MemberChanged:
			m := c.Member
			l.roster.apply(t, m.LastEv, kindOfItem(m.CreatedEv, m.LastEv, m.Removed), fmt.Sprint(m.ID), memberText(m))
		case UserChannelChanged:
			if i := c.Item; i.UserID == user {
				l.channels.apply(t, i.LastEv, kindOfItem(i.CreatedEv, i.LastEv, i.Status == StatusGone), i.ChannelSID,
					itemText(i.Status, i.NotificationLevel, c.ConsumedIndex))
			}
		}
	}
}

// Replaying from any past position, in one part or in several, gives what a client knows that missed nothing.
func TestReplayEqualsHistory(t *testing.T) {
	each(t, func(w *world) {
		people := []string{"alice", "bob", "carol"}
		var me Actor
		for _, p := range people {
			if a := w.as(p); p == "alice" {
				me = a
			}
		}
		roles := []string{w.svc.DefaultChannelRole, w.svc.DefaultCreatorRole}
		w.take()
		rapid.Check(t, func(rt *rapid.T) {
			channels := []*Channel{w.channel(NewChannel{}), w.channel(NewChannel{Type: TypePrivate})}
			w.take()
			now := live{newMirror(), newMirror(), newMirror()}
			now.channels.at = w.userSeq(me).Channels
			past := []live{now.clone()}
			for step := range rapid.IntRange(1, 25).Draw(rt, "steps") {
				who := rapid.SampledFrom(people).Draw(rt, "who")
				ref := fmt.Sprint(rapid.IntRange(0, 6).Draw(rt, "index"))
				ch := channels[0]
				var err error
				switch rapid.IntRange(0, 10).Draw(rt, "what") {
				case 0, 1, 2:
					_, err = w.chat.SendMessage(w.ctx(), w.api, ch.SID, NewMessage{From: who, Body: ptr(fmt.Sprint("body ", step))})
				case 3:
					_, err = w.chat.UpdateMessage(w.ctx(), w.api, ch.SID, ref, MessagePatch{Body: ptr(fmt.Sprint("edit ", step))})
				case 4:
					err = w.chat.DeleteMessage(w.ctx(), w.api, ch.SID, ref)
				case 5:
					_, err = w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: who})
				case 6:
					err = w.chat.RemoveMember(w.ctx(), w.api, ch.SID, who)
				case 7:
					_, err = w.chat.UpdateMember(w.ctx(), w.api, ch.SID, who, MemberPatch{Attributes: ptr(fmt.Sprint(step)),
						RoleSID: ptr(rapid.SampledFrom(roles).Draw(rt, "role")), Horizon: &Horizon{Index: ptr(int64(step))}})
				case 8:
					_, err = w.chat.UpdateUserChannel(w.ctx(), w.api, who, ch.SID, UserChannelPatch{NotificationLevel: ptr(LevelMuted)})
				case 9:
					_, err = w.chat.CreateInvite(w.ctx(), w.api, channels[1].SID, NewInvite{Identity: who})
				case 10:
					err = w.chat.DeleteInvite(w.ctx(), w.api, channels[1].SID, who)
				}
				_ = err // many steps are refused in their turn; refused ones must change nothing
				now.follow(rt, w.take(), me.User.ID)
				past = append(past, now.clone())
			}
			from := past[rapid.IntRange(0, len(past)-1).Draw(rt, "from")]
			w.replay(rt, from, channels[0], me.User, rapid.SampledFrom([]int64{1, 2, 1000}).Draw(rt, "part"))
			for name, pair := range map[string][2]*mirror{
				"messages": {from.messages, now.messages}, "roster": {from.roster, now.roster}, "channels": {from.channels, now.channels},
			} {
				if !maps.Equal(pair[0].items, pair[1].items) {
					rt.Fatalf("%s: replay gives %v, history %v", name, pair[0].items, pair[1].items)
				}
			}
			if s := w.seq(channels[0]); s.ListEvent() != now.messages.at || s.RosterEvent() != now.roster.at {
				rt.Fatalf("the counters %+v and the events (%d, %d) differ", s, now.messages.at, now.roster.at)
			}
			w.compareViews(rt, now, channels[0])
			for _, ch := range channels {
				w.code(0, w.chat.DeleteChannel(w.ctx(), w.api, ch.SID))
			}
			w.take()
		})
	})
}

func (w *world) userSeq(a Actor) (s UserSeq) {
	w.Helper()
	err := w.st.View(w.ctx(), func(r *store.Reader) error {
		all, err := w.chat.ViewUserSeqs(r, []int64{a.User.ID})
		s = all[a.User.ID]
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// replay brings a client up to date from the store, part events at a time.
func (w *world) replay(t *rapid.T, l live, ch *Channel, u *User, part int64) {
	err := w.st.View(w.ctx(), func(r *store.Reader) error {
		seqs, err := w.chat.ViewSeqs(r, []int64{ch.ID, 0})
		if err != nil {
			return err
		}
		s := seqs[ch.ID]
		for l.messages.at < s.ListEvent() {
			upto := min(l.messages.at+part, s.ListEvent())
			all, err := w.chat.ViewMessagesSince(r, []Since{{ID: ch.ID, After: l.messages.at, Upto: upto, Edits: s.Edits}, {ID: 1, Upto: 5}})
			if err != nil {
				return err
			}
			for _, e := range all[ch.ID] {
				l.messages.apply(t, e.Ev, e.Kind, fmt.Sprint(e.Value.Index), messageText(e.Value))
			}
			l.messages.at = upto
		}
		for l.roster.at < s.RosterEvent() {
			upto := min(l.roster.at+part, s.RosterEvent())
			all, err := w.chat.ViewRostersSince(r, []Since{{ID: ch.ID, After: l.roster.at, Upto: upto}})
			if err != nil {
				return err
			}
			for _, e := range all[ch.ID] {
				l.roster.apply(t, e.Ev, e.Kind, fmt.Sprint(e.Value.ID), memberText(e.Value))
			}
			l.roster.at = upto
		}
		users, err := w.chat.ViewUserSeqs(r, []int64{u.ID})
		if err != nil {
			return err
		}
		end := users[u.ID].Channels
		for l.channels.at < end {
			upto := min(l.channels.at+part, end)
			all, err := w.chat.ViewUserChannelsSince(r, []Since{{ID: u.ID, After: l.channels.at, Upto: upto}})
			if err != nil {
				return err
			}
			for _, e := range all[u.ID] {
				// A channel left and joined again meanwhile is told as added although the client knows it: the same key.
				if e.Kind == Added {
					delete(l.channels.items, e.Value.ChannelSID)
				}
				l.channels.apply(t, e.Ev, e.Kind, e.Value.ChannelSID, itemText(e.Value.Status, e.Value.NotificationLevel, e.Value.ConsumedIndex))
			}
			l.channels.at = upto
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compareViews checks that what a client reads at its start is what another knows that followed.
func (w *world) compareViews(t *rapid.T, now live, ch *Channel) {
	err := w.st.View(w.ctx(), func(r *store.Reader) error {
		read := map[string]string{}
		messages, err := w.chat.ViewMessages(r, ch, Range[int64]{Limit: 100})
		if err != nil {
			return err
		}
		for _, m := range messages {
			read[fmt.Sprint(m.Index)] = messageText(m)
		}
		if !maps.Equal(read, now.messages.items) {
			t.Fatalf("messages: read %v, followed %v", read, now.messages.items)
		}
		backwards, err := w.chat.ViewMessages(r, ch, Range[int64]{Limit: 100, Desc: true})
		slices.Reverse(backwards)
		if err != nil || !slices.EqualFunc(messages, backwards, func(a, b *Message) bool { return a.ID == b.ID }) {
			t.Fatalf("backwards: %v", err)
		}
		rosters, err := w.chat.ViewRosters(r, []int64{ch.ID})
		clear(read)
		for _, m := range rosters[ch.ID] {
			read[fmt.Sprint(m.ID)] = memberText(m)
		}
		if err != nil || !maps.Equal(read, now.roster.items) {
			t.Fatalf("roster: read %v, followed %v (%v)", read, now.roster.items, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
