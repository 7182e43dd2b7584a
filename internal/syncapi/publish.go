package syncapi

import (
	"context"
	"slices"

	"parley/internal/chat"
	"parley/internal/realtime"
)

// publish turns what a transaction did into events for those who watch. It runs after the commit, on the goroutine that made
// it; events that nobody watches are not even encoded.
func (s *Sync) publish(changes []any) {
	hub := s.hub.Load()
	if hub == nil {
		return
	}
	p := publication{s: s, hub: hub}
	p.list = p.room[:0]
	for _, change := range changes {
		p.add(change)
	}
	if len(p.list) > 0 {
		hub.PublishAll(p.list)
	}
	for _, x := range p.expelled {
		if !slices.Contains(p.gone, x.topic) { // else the removal of the object itself ends the subscription, after it was told
			hub.Expel(x.topic, x.user)
		}
	}
	for _, t := range p.gone {
		hub.Gone(t)
	}
}

// publication collects what one transaction means to watchers, so that it leaves in one write for each of them.
type publication struct {
	s        *Sync
	hub      *realtime.Hub
	list     []realtime.Change
	room     [4]realtime.Change // of list, for the usual few
	expelled []expulsion
	gone     []realtime.Topic
}

// expulsion ends a user's right to watch, once the removal itself was published.
type expulsion struct {
	topic realtime.Topic
	user  string
}

func (p *publication) event(t realtime.Topic, seq int64, encode func() []byte) {
	if p.hub.Wants(t) {
		p.list = append(p.list, realtime.Change{Topic: t, Seq: seq, Frame: encode()})
	}
}

func (p *publication) add(change any) {
	s := p.s
	switch c := change.(type) {
	case chat.MessageAdded:
		p.event(realtime.Topic{Kind: Messages, ID: c.Channel.ID}, c.Message.CreatedEv, func() []byte {
			return s.message(nil, chat.Added, c.Message.CreatedEv, c.Message)
		})
		p.document(c.Channel, &c.Seq)
	case chat.MessageChanged:
		kind, m := chat.Updated, c.Message
		if m.Removed {
			kind = chat.Removed
			if c.Before != nil {
				m = c.Before
			}
		}
		p.event(realtime.Topic{Kind: Messages, ID: c.Channel.ID}, c.Message.LastEv, func() []byte {
			return s.message(nil, kind, c.Message.LastEv, m)
		})
	case chat.ChannelChanged:
		p.document(c.Channel, &c.Seq)
	case chat.MemberChanged:
		p.member(&c)
	case chat.UserChannelChanged:
		p.event(realtime.Topic{Kind: Channels, ID: c.Item.UserID}, c.Item.LastEv, func() []byte {
			item := chat.UserItem{UserChannel: c.Item, Type: c.Channel.Type, ConsumedIndex: c.ConsumedIndex}
			return s.userChannel(nil, kindOf(c.Item.CreatedEv, c.Item.LastEv, c.Item.Status == chat.StatusGone), c.Item.LastEv, c.Channel.UpdatedAt, &item)
		})
		if c.Item.Status == chat.StatusGone {
			p.expel(c.Channel, c.Identity)
		}
	case chat.UserChanged:
		p.info(c.User, c.Since)
	case chat.ChannelDeleted:
		p.deleted(&c)
	case plainSaved:
		p.event(c.topic(), c.Revision, func() []byte { return s.plainUpdated(nil, c.plain) })
	case plainRemoved:
		p.event(c.topic(), c.Revision+1, func() []byte { return s.removed(nil, c.topic(), c.Revision+1, c.UpdatedAt) })
		if p.hub.Wants(c.topic()) {
			p.gone = append(p.gone, c.topic())
		}
	}
}

func (p *publication) document(ch *chat.Channel, seq *chat.Seq) {
	p.event(realtime.Topic{Kind: Document, ID: ch.ID}, seq.DocumentEvent(), func() []byte { return p.s.documentUpdated(nil, ch, seq) })
}

func (p *publication) member(c *chat.MemberChanged) {
	m := c.Member
	p.event(realtime.Topic{Kind: Roster, ID: c.Channel.ID}, m.LastEv, func() []byte {
		return p.s.member(nil, kindOf(m.CreatedEv, m.LastEv, m.Removed), m.LastEv, p.s.shown(context.Background(), c.Channel.ServiceID, m))
	})
	if m.Removed {
		p.expel(c.Channel, m.Identity)
	}
}

// expel takes from a user what only members may watch, and the document of a private channel.
func (p *publication) expel(ch *chat.Channel, identity string) {
	user := UserKey(ch.ServiceID, identity)
	for _, kind := range [...]realtime.Kind{Roster, Messages, Document} {
		if kind == Document && ch.Type == chat.TypePublic {
			continue
		}
		if t := (realtime.Topic{Kind: kind, ID: ch.ID}); p.hub.Wants(t) {
			p.expelled = append(p.expelled, expulsion{t, user})
		}
	}
}

// info publishes the items of a user's info that changed after since, in the order of their events.
func (p *publication) info(u *chat.User, since int64) {
	t := realtime.Topic{Kind: Info, ID: u.ID}
	if !p.hub.Wants(t) {
		return
	}
	for _, item := range infoSince(u, since) {
		p.list = append(p.list, realtime.Change{Topic: t, Seq: item.ev, Frame: p.s.info(nil, item, u)})
	}
}

func (p *publication) deleted(c *chat.ChannelDeleted) {
	for kind, seq := range map[realtime.Kind]int64{
		Document: c.Seq.DocumentEvent(), Messages: c.Seq.ListEvent(), Roster: c.Seq.RosterEvent(),
	} {
		t := realtime.Topic{Kind: kind, ID: c.Channel.ID}
		p.event(t, seq+1, func() []byte { return p.s.removed(nil, t, seq+1, c.Channel.UpdatedAt) })
		if p.hub.Wants(t) {
			p.gone = append(p.gone, t)
		}
	}
}

func kindOf(created, last int64, removed bool) chat.Kind {
	switch {
	case removed:
		return chat.Removed
	case created == last:
		return chat.Added
	}
	return chat.Updated
}

// Recovered does for events that were read from the store what publish does for those that came by themselves; it is the
// hub's OnRecovered.
func (s *Sync) Recovered(t realtime.Topic, events []realtime.Event) {
	hub := s.hub.Load()
	if hub == nil || t.Kind != Roster {
		return
	}
	for _, e := range events {
		x, ok := e.Data.(memberEvent)
		if !ok || x.kind != chat.Removed {
			continue
		}
		for _, kind := range [...]realtime.Kind{Roster, Messages} {
			hub.Expel(realtime.Topic{Kind: kind, ID: t.ID}, UserKey(x.serviceID, x.member.Identity))
		}
	}
}
