package chat

import (
	"cmp"
	"slices"

	"parley/internal/store"
)

// Since asks what happened to an object after event number After, up to Upto: its present number, or less to read in parts. For
// message lists Edits must be the channel's Seq.Edits; others ignore it.
type Since struct{ ID, After, Upto, Edits int64 }

// Kind says what happened to an item.
type Kind uint8

// The kinds of Events.
const (
	Added Kind = iota
	Updated
	Removed
)

// Event is what a reader who knows an object up to an event number must learn of one item (chat-sdk-protocol §6.6). Value is the item
// as it is now; of a removed message only its identity is left. The removal of an item that came and went meanwhile is told, too:
// clients do not count live events as position, so the reader may know the item all the same; one who does not passes it over.
type Event[T any] struct {
	Ev    int64
	Kind  Kind
	Value T
}

// eventSince tells what to say of an item that was created and last changed by events; ok is false for nothing. An item of this part
// of a replay that changed after it is told as added here, and as updated in a later part.
func eventSince[T any](at Since, created, last int64, removed bool, value T) (e Event[T], ok bool) {
	e = Event[T]{Ev: last, Value: value}
	isNew := created > at.After && created <= at.Upto
	switch {
	case removed:
		e.Kind = Removed
	case isNew:
		e.Kind = Added
		if last > at.Upto {
			e.Ev = created
		}
	default:
		e.Kind = Updated
	}
	return e, e.Ev > at.After && e.Ev <= at.Upto
}

// sinceRows writes the requests as rows of numbers for values, and indexes them.
func sinceRows(at []Since) ([][]int64, map[int64]Since) {
	rows, byID := make([][]int64, len(at)), make(map[int64]Since, len(at))
	for i, s := range at {
		// After n events at most n indexes were taken, so older messages need no look: created_ev ≤ index + 1 + edits.
		rows[i], byID[s.ID] = []int64{s.ID, s.After, s.Upto, max(0, s.After-s.Edits)}, s
	}
	return rows, byID
}

const sinceHeader = "p(id, since, upto, floor)"

func sortEvents[T any](all map[int64][]Event[T]) {
	for _, events := range all {
		slices.SortFunc(events, func(a, b Event[T]) int { return cmp.Compare(a.Ev, b.Ev) })
	}
}

// ViewMessagesSince reads what happened to message lists, by channel number, in the order of event numbers; ChannelSID is left
// to the caller. Two reads and one for media: new messages are the highest indexes, because created_ev rises with the index;
// edits and removals of older ones stand in message_edit.
func (c *Chat) ViewMessagesSince(r *store.Reader, at []Since) (map[int64][]Event[*Message], error) {
	if len(at) == 0 {
		return nil, nil
	}
	rows, byID := sinceRows(at)
	out := make(map[int64][]Event[*Message], len(at))
	var media []*Message
	add := func(m *Message) {
		if e, ok := eventSince(byID[m.ChannelID], m.CreatedEv, m.LastEv, m.Removed, m); ok {
			out[m.ChannelID] = append(out[m.ChannelID], e)
			if m.MediaID != 0 {
				media = append(media, m)
			}
		}
	}
	with, args := values(sinceHeader, rows)
	scanMessage := func(scan func(...any) error) error {
		m, err := messageTable.Scan(scan)
		add(m)
		return err
	}
	err := r.Query(with+"SELECT "+messageTable.Columns("m")+` FROM p CROSS JOIN message m
		WHERE m.channel_id = p.id AND m.idx >= p.floor AND m.idx < p.upto AND m.created_ev > p.since AND m.created_ev <= p.upto AND NOT m.removed`, args, scanMessage)
	if err != nil {
		return nil, err
	}
	err = r.Query(with+"SELECT "+messageTable.Columns("m")+` FROM p CROSS JOIN message_edit e CROSS JOIN message m
		WHERE e.channel_id = p.id AND e.ev > p.since AND e.ev <= p.upto AND m.channel_id = e.channel_id AND m.idx = e.idx
			AND (m.created_ev <= p.since OR e.removed)`, args, scanMessage)
	if err != nil {
		return nil, err
	}
	sortEvents(out)
	return out, withMedia(r, "", media)
}

// ViewRostersSince reads what happened to rosters, by channel number, in the order of event numbers.
func (c *Chat) ViewRostersSince(r *store.Reader, at []Since) (map[int64][]Event[*Member], error) {
	if len(at) == 0 {
		return nil, nil
	}
	rows, byID := sinceRows(at)
	with, args := values(sinceHeader, rows)
	out := make(map[int64][]Event[*Member], len(at))
	err := r.Query(with+"SELECT "+memberTable.Columns("m")+`, COALESCE(u.sid, '') FROM p CROSS JOIN member m LEFT JOIN chat_user u ON u.id = m.user_id
		WHERE m.channel_id = p.id AND m.last_ev > p.since`, args, func(scan func(...any) error) error {
		var sid string
		m, err := memberTable.Scan(scan, &sid)
		m.UserSID = sid
		if e, ok := eventSince(byID[m.ChannelID], m.CreatedEv, m.LastEv, m.Removed, m); ok {
			out[m.ChannelID] = append(out[m.ChannelID], e)
		}
		return err
	})
	sortEvents(out)
	return out, err
}

// ViewUserChannelsSince reads what happened to users' channel maps, by user number, in the order of event numbers.
func (c *Chat) ViewUserChannelsSince(r *store.Reader, at []Since) (map[int64][]Event[*UserItem], error) {
	if len(at) == 0 {
		return nil, nil
	}
	rows, byID := sinceRows(at)
	with, args := values(sinceHeader, rows)
	items, err := readUserItems(r, with, "FROM p CROSS JOIN user_channel i "+userItemJoins+"WHERE i.user_id = p.id AND i.last_ev > p.since", args)
	out := make(map[int64][]Event[*UserItem], len(at))
	for _, item := range items {
		if e, ok := eventSince(byID[item.UserID], item.CreatedEv, item.LastEv, item.Status == StatusGone, item); ok {
			out[item.UserID] = append(out[item.UserID], e)
		}
	}
	sortEvents(out)
	return out, err
}
