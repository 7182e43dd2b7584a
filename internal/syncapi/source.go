package syncapi

import (
	"context"
	"slices"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/realtime"
	"parley/internal/store"
)

// What the Data of events is, by kind of topic: what is needed to encode them once more.
type (
	documentEvent struct{ room *chat.Room }
	messageEvent  struct {
		kind    chat.Kind
		message *chat.Message
	}
	memberEvent struct {
		kind      chat.Kind
		member    *chat.Member
		serviceID int64
	}
	channelEvent struct {
		kind chat.Kind
		item *chat.UserItem
		at   int64
	}
	infoEvent struct {
		item infoItem
		user *chat.User
	}
	plainEvent struct{ *plain }
	goneEvent  struct{}
)

// chunk is how many event numbers one replay covers. A client that is further behind gets its replay in parts (§6.4,
// `interrupted`), so that one poke cannot make the server hold a whole history.
const chunk = 500

// viewer is who reads, carried through realtime to Read so that the right to watch is decided in the snapshot that
// answers. Read notes what it refused, and where it stopped early.
type viewer struct {
	user    *User
	worker  string         // SID, "" for none
	watched map[int64]bool // channels that it may read without being in them
	refused map[realtime.Topic]error
	partial map[realtime.Topic]bool
}

type viewerKey struct{}

// State implements realtime.Source: a document event carries the whole document.
func (s *Sync) State(k realtime.Kind) bool { return k == Document || k == Plain }

// Positions implements realtime.Source.
func (s *Sync) Positions(ctx context.Context, topics []realtime.Topic) ([]int64, error) {
	channels, users := idsOf(topics, func(t realtime.Topic) realtime.Topic { return t })
	out := make([]int64, len(topics))
	err := s.st.View(ctx, func(r *store.Reader) error {
		seqs, err := s.seqs(r, channels)
		if err != nil {
			return err
		}
		userSeqs, err := s.userSeqs(r, users)
		if err != nil {
			return err
		}
		plains, err := readPlains(r, topics, func(t realtime.Topic) realtime.Topic { return t })
		if err != nil {
			return err
		}
		for i, t := range topics {
			out[i] = -1
			switch t.Kind {
			case Channels, Info:
				if seq, ok := userSeqs[t.ID]; ok {
					out[i] = userPosition(t.Kind, &seq)
				}
			case Plain:
				if d := plains[t.ID]; d != nil {
					out[i] = d.Revision
				}
			default:
				if seq, ok := seqs[t.ID]; ok {
					out[i] = position(t.Kind, &seq)
				}
			}
		}
		return nil
	})
	return out, err
}

func (s *Sync) seqs(r *store.Reader, ids []int64) (map[int64]chat.Seq, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.chat.ViewSeqs(r, ids)
}

func (s *Sync) userSeqs(r *store.Reader, ids []int64) (map[int64]chat.UserSeq, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.chat.ViewUserSeqs(r, ids)
}

func position(kind realtime.Kind, seq *chat.Seq) int64 {
	switch kind {
	case Document:
		return seq.DocumentEvent()
	case Messages:
		return seq.ListEvent()
	default:
		return seq.RosterEvent()
	}
}

func userPosition(kind realtime.Kind, seq *chat.UserSeq) int64 {
	if kind == Channels {
		return seq.Channels
	}
	return seq.Info
}

// idsOf splits what is asked for into channels and users, each once.
func idsOf[T any](list []T, topic func(T) realtime.Topic) (channels, users []int64) {
	for _, x := range list {
		switch t := topic(x); t.Kind {
		case Document, Messages, Roster:
			channels = append(channels, t.ID)
		case Channels, Info:
			users = append(users, t.ID)
		}
	}
	slices.Sort(channels)
	slices.Sort(users)
	return slices.Compact(channels), slices.Compact(users)
}

// readPlains reads the plain documents among topics, by number.
func readPlains[T any](r *store.Reader, list []T, topic func(T) realtime.Topic) (map[int64]*plain, error) {
	var ids []int64
	for _, x := range list {
		if t := topic(x); t.Kind == Plain {
			ids = append(ids, t.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := store.In(nil, ids)
	rows, err := plains.All(r, `WHERE id IN `+in, args...)
	found := make(map[int64]*plain, len(rows))
	for _, d := range rows {
		found[d.ID] = d
	}
	return found, err
}

// snapshot is what one Read found.
type snapshot struct {
	plains   map[int64]*plain
	rooms    map[int64]*chat.Room
	users    map[int64]*chat.UserView
	standing map[int64]*chat.UserItem // of the viewer, by channel
	messages map[int64][]chat.Event[*chat.Message]
	members  map[int64][]chat.Event[*chat.Member]
	channels map[int64][]chat.Event[*chat.UserItem]
}

// Read implements realtime.Source. However many positions it is asked for, it reads the store a constant number of times.
func (s *Sync) Read(ctx context.Context, at []realtime.Position) (out []realtime.Reading, err error) {
	who, _ := ctx.Value(viewerKey{}).(*viewer)
	err = s.st.View(ctx, func(r *store.Reader) error {
		out, err = s.rounds(r, who, at)
		return err
	})
	for i := range out {
		s.hideHorizons(ctx, out[i].Events)
	}
	return out, err
}

// hideHorizons takes the horizons out of roster events of services that keep them to their owners. It asks for the service,
// which may read the store, so no snapshot is open.
func (s *Sync) hideHorizons(ctx context.Context, events []realtime.Event) {
	for i, e := range events {
		if x, ok := e.Data.(memberEvent); ok {
			x.member = s.shown(ctx, x.serviceID, x.member)
			events[i].Data = x
		}
	}
}

// shown is a member as the others may see it: without its horizon if the service has its read status off (rest-semantics §2.7).
func (s *Sync) shown(ctx context.Context, serviceID int64, m *chat.Member) *chat.Member {
	if m.ConsumedIndex == nil {
		return m
	}
	if svc, err := s.chat.ServiceByID(ctx, serviceID); err == nil && svc.ReadStatus {
		return m
	}
	c := *m
	c.ConsumedIndex, c.ConsumedAt = nil, nil
	return &c
}

// rounds reads topics that are asked for at several positions in several rounds, since each position has its own answer. It
// happens only when the hub repairs what some of its watchers have and others have not, for a bounded number of positions.
func (s *Sync) rounds(r *store.Reader, who *viewer, at []realtime.Position) ([]realtime.Reading, error) {
	seen := make(map[realtime.Topic]bool, len(at))
	var now, later []int
	for i, p := range at {
		if seen[p.Topic] {
			later = append(later, i)
		} else {
			seen[p.Topic] = true
			now = append(now, i)
		}
	}
	if len(later) == 0 {
		return s.read(r, who, at)
	}
	out := make([]realtime.Reading, len(at))
	for _, part := range [...][]int{now, later} {
		positions := make([]realtime.Position, len(part))
		for i, where := range part {
			positions[i] = at[where]
		}
		readings, err := s.rounds(r, who, positions)
		if err != nil {
			return nil, err
		}
		for i, where := range part {
			out[where] = readings[i]
		}
	}
	return out, nil
}

func (s *Sync) read(r *store.Reader, who *viewer, at []realtime.Position) ([]realtime.Reading, error) {
	channels, users := idsOf(at, func(p realtime.Position) realtime.Topic { return p.Topic })
	var snap snapshot
	var err error
	if snap.plains, err = readPlains(r, at, func(p realtime.Position) realtime.Topic { return p.Topic }); err != nil {
		return nil, err
	}
	if len(channels) > 0 {
		if snap.rooms, err = s.chat.ViewRooms(r, channels); err != nil {
			return nil, err
		}
		if who != nil {
			if snap.standing, err = s.chat.ViewUserItems(r, who.user.ID, channels); err != nil {
				return nil, err
			}
		}
	}
	if len(users) > 0 {
		if snap.users, err = s.chat.ViewUsers(r, users); err != nil {
			return nil, err
		}
	}
	out := make([]realtime.Reading, len(at))
	var messages, members, maps []chat.Since
	for i, p := range at {
		reading := &out[i]
		if err := snap.open(who, p.Topic); err != nil {
			if who != nil {
				who.refused[p.Topic] = err
			} else {
				reading.Events = []realtime.Event{{Seq: p.Since + 1, Data: goneEvent{}}}
			}
			continue
		}
		reading.Found = true
		reading.Seq = snap.position(p.Topic)
		since := chat.Since{ID: p.Topic.ID, After: p.Since, Upto: reading.Seq}
		if since.After >= since.Upto {
			continue
		}
		switch p.Topic.Kind {
		case Messages:
			if who != nil && since.Upto-since.After > chunk {
				since.Upto = since.After + chunk
			}
			since.Edits = snap.rooms[p.Topic.ID].Seq.Edits
			messages = append(messages, since)
		case Roster:
			members = append(members, since)
		case Channels:
			maps = append(maps, since)
		}
	}
	if err := s.readSince(r, &snap, messages, members, maps); err != nil {
		return nil, err
	}
	for i, p := range at {
		if out[i].Found && p.Since < out[i].Seq {
			if err := s.events(r, &snap, who, p, &out[i]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (s *Sync) readSince(r *store.Reader, snap *snapshot, messages, members, maps []chat.Since) (err error) {
	if len(messages) > 0 {
		if snap.messages, err = s.chat.ViewMessagesSince(r, messages); err != nil {
			return err
		}
	}
	if len(members) > 0 {
		if snap.members, err = s.chat.ViewRostersSince(r, members); err != nil {
			return err
		}
	}
	if len(maps) > 0 {
		snap.channels, err = s.chat.ViewUserChannelsSince(r, maps)
	}
	return err
}

// events fills in what a reader of one topic missed.
func (s *Sync) events(r *store.Reader, snap *snapshot, who *viewer, p realtime.Position, out *realtime.Reading) error {
	switch p.Topic.Kind {
	case Plain:
		out.Events = []realtime.Event{{Seq: out.Seq, Data: plainEvent{snap.plains[p.Topic.ID]}}}
	case Document:
		out.Events = []realtime.Event{{Seq: out.Seq, Data: documentEvent{snap.rooms[p.Topic.ID]}}}
	case Info:
		u := snap.users[p.Topic.ID].User
		for _, item := range infoSince(u, p.Since) {
			out.Events = append(out.Events, realtime.Event{Seq: item.ev, Data: infoEvent{item, u}})
		}
	case Roster:
		service := snap.rooms[p.Topic.ID].Channel.ServiceID
		for _, e := range snap.members[p.Topic.ID] {
			out.Events = append(out.Events, realtime.Event{Seq: e.Ev, Data: memberEvent{e.Kind, e.Value, service}})
		}
	case Channels:
		for _, e := range snap.channels[p.Topic.ID] {
			out.Events = append(out.Events, realtime.Event{Seq: e.Ev, Data: channelEvent{e.Kind, e.Value, r.Now()}})
		}
	case Messages:
		events := snap.messages[p.Topic.ID]
		if who != nil && out.Seq-p.Since > chunk {
			var err error
			if events, err = s.part(r, who, p, &snap.rooms[p.Topic.ID].Seq, events); err != nil {
				return err
			}
			out.Found = !who.partial[p.Topic]
		}
		for _, e := range events {
			out.Events = append(out.Events, realtime.Event{Seq: e.Ev, Data: messageEvent{e.Kind, e.Value}})
		}
	}
	return nil
}

// part makes sure that a replay in parts gets on: a part whose numbers were all overtaken holds no events, and the client
// would ask for it again for ever.
func (s *Sync) part(r *store.Reader, who *viewer, p realtime.Position, seq *chat.Seq, events []chat.Event[*chat.Message]) ([]chat.Event[*chat.Message], error) {
	for size := int64(chunk); len(events) == 0; {
		size *= 4
		at := chat.Since{ID: p.Topic.ID, After: p.Since, Upto: min(seq.ListEvent(), p.Since+size), Edits: seq.Edits}
		found, err := s.chat.ViewMessagesSince(r, []chat.Since{at})
		if err != nil {
			return nil, err
		}
		if events = found[p.Topic.ID]; at.Upto == seq.ListEvent() {
			return events, nil
		}
	}
	who.partial[p.Topic] = true
	return events, nil
}

func (snap *snapshot) position(t realtime.Topic) int64 {
	switch t.Kind {
	case Channels, Info:
		return userPosition(t.Kind, &snap.users[t.ID].Seq)
	case Plain:
		return snap.plains[t.ID].Revision
	}
	return position(t.Kind, &snap.rooms[t.ID].Seq)
}

// open decides who may open an object (§5). Nobody asks: the node itself does, and only existence counts.
func (snap *snapshot) open(who *viewer, t realtime.Topic) error {
	notFound := core.E(familyOf(t.Kind).notFound)
	switch t.Kind {
	case Channels, Info:
		u := snap.users[t.ID]
		switch {
		case u == nil || who != nil && u.User.ServiceID != who.user.ServiceID:
			return notFound
		case who != nil && t.Kind == Channels && t.ID != who.user.ID:
			return forbidden()
		}
		return nil
	case Plain:
		d := snap.plains[t.ID]
		if d == nil || who != nil && d.Owner != who.worker {
			return notFound
		}
		return nil
	case Document, Messages, Roster:
		room := snap.rooms[t.ID]
		if room == nil {
			return notFound
		}
		if who == nil {
			return nil
		}
		if who.watched[t.ID] && room.Channel.ServiceID == who.user.ServiceID {
			return nil
		}
		return may(who.user, room.Channel, snap.standing[t.ID], t.Kind)
	}
	return notFound
}

// may decides whether a user may open an object of a channel: members all of them; invited users, the creator (whose client opens
// what it has just made, §11) and, if the channel is public, anybody the document. To others a private channel does not exist.
func may(u *User, ch *chat.Channel, standing *chat.UserItem, kind realtime.Kind) error {
	status := chat.StatusGone
	if standing != nil {
		status = standing.Status
	}
	switch {
	case ch.ServiceID != u.ServiceID || ch.Type != chat.TypePublic && status == chat.StatusGone && ch.CreatedBy != u.Identity:
		return core.E(familyOf(kind).notFound)
	case kind != Document && status != chat.StatusJoined:
		return forbidden()
	}
	return nil
}

// infoSince lists the items of a user's info that changed after since, in the order of their events.
func infoSince(u *chat.User, since int64) []infoItem {
	var items []infoItem
	for _, item := range infoItems(u) {
		if item.ev > since {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b infoItem) int { return int(a.ev - b.ev) })
	return items
}

// Encode implements realtime.Source: the live form of an event that Read returned.
func (s *Sync) Encode(t realtime.Topic, e realtime.Event) []byte { return s.encode(nil, t, e) }

func (s *Sync) encode(p *poke, t realtime.Topic, e realtime.Event) []byte {
	switch x := e.Data.(type) {
	case documentEvent:
		return s.documentUpdated(p, x.room.Channel, &x.room.Seq)
	case messageEvent:
		return s.message(p, x.kind, e.Seq, x.message)
	case memberEvent:
		return s.member(p, x.kind, e.Seq, x.member)
	case channelEvent:
		return s.userChannel(p, x.kind, e.Seq, x.at, x.item)
	case infoEvent:
		return s.info(p, x.item, x.user)
	case plainEvent:
		return s.plainUpdated(p, x.plain)
	}
	return s.removed(p, t, e.Seq, 0)
}
