package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

const seqColumns = "channel_id, next_index, edits, doc, roster, horizons, hooks, removed, members, last_index, last_at"

func scanSeq(s *Seq) []any {
	return []any{&s.ChannelID, &s.NextIndex, &s.Edits, &s.Doc, &s.Roster, &s.Horizons, &s.Hooks, &s.Removed, &s.Members, &s.LastIndex, &s.LastAt}
}

// byRef is the condition for a channel that a path names by SID or unique name (rest-semantics §1.1), with arguments $1, the
// service's number, and $2, the name.
func byRef(ref string) string {
	if core.IsSID("CH", ref) {
		return "service_id = $1 AND sid = $2"
	}
	return "service_id = $1 AND unique_name = $2"
}

// checkRef refuses a name that no channel can have, before the store sees it.
func checkRef(ref string) error {
	if ref == "" || len(ref) > core.MaxName || !core.CleanText(ref) {
		return core.E(core.CodeChannelNotFound)
	}
	return nil
}

// OpenTx locks a channel, named by SID or unique name, for the rest of the transaction. 50300 when it is not there.
func (c *Chat) OpenTx(tx *store.Tx, svc *Service, ref string) (*Room, error) {
	if err := checkRef(ref); err != nil {
		return nil, err
	}
	room := &Room{}
	err := tx.One(`UPDATE channel_seq SET edits = edits WHERE channel_id = (SELECT id FROM channel WHERE `+byRef(ref)+`) RETURNING `+seqColumns,
		[]any{svc.ID, ref}, scanSeq(&room.Seq)...)
	if err != nil {
		return nil, or(err, core.CodeChannelNotFound)
	}
	room.Channel, err = channelTable.One(&tx.Reader, "WHERE id = $1", room.Seq.ChannelID)
	return room, or(err, core.CodeChannelNotFound)
}

// save writes the counters of an open room, which only the transaction that holds its lock may do.
func (room *Room) save(tx *store.Tx) error {
	s := &room.Seq
	return tx.Defer(`UPDATE channel_seq SET next_index = $2, edits = $3, doc = $4, roster = $5, horizons = $6, hooks = $7,
		removed = $8, members = $9, last_index = $10, last_at = $11 WHERE channel_id = $1`,
		s.ChannelID, s.NextIndex, s.Edits, s.Doc, s.Roster, s.Horizons, s.Hooks, s.Removed, s.Members, s.LastIndex, s.LastAt)
}

// FindChannelTx reads a channel, named by SID or unique name, without locking it. 50300 when it is not there.
func (c *Chat) FindChannelTx(r *store.Reader, svc *Service, ref string) (*Channel, error) {
	if err := checkRef(ref); err != nil {
		return nil, err
	}
	ch, err := channelTable.One(r, "WHERE "+byRef(ref), svc.ID, ref)
	return ch, or(err, core.CodeChannelNotFound)
}

// readRoom reads a channel with its counters, without locking it.
func (c *Chat) readRoom(r *store.Reader, svc *Service, ref string) (*Room, error) {
	ch, err := c.FindChannelTx(r, svc, ref)
	if err != nil {
		return nil, err
	}
	seq, err := seqTable.One(r, "WHERE channel_id = $1", ch.ID)
	if err != nil {
		return nil, or(err, core.CodeChannelNotFound)
	}
	return &Room{ch, *seq}, nil
}

// change runs a use case on a locked channel: it opens the room and asks for the actor's access.
func (c *Chat) change(ctx context.Context, a Actor, ref string, fn func(tx *store.Tx, room *Room, by *access) error) error {
	return c.st.Update(ctx, func(tx *store.Tx) error {
		room, err := c.OpenTx(tx, a.Service, ref)
		if err != nil {
			return err
		}
		by, err := c.access(&tx.Reader, &a, room.Channel)
		if err != nil {
			return err
		}
		return fn(tx, room, by)
	})
}

// look runs a use case that reads a channel which the actor can see.
func (c *Chat) look(ctx context.Context, a Actor, ref string, fn func(r *store.Reader, ch *Channel, by *access) error) error {
	return c.st.View(ctx, func(r *store.Reader) error {
		ch, err := c.FindChannelTx(r, a.Service, ref)
		if err != nil {
			return err
		}
		by, err := c.access(r, &a, ch)
		if err != nil {
			return err
		}
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		return fn(r, ch, by)
	})
}

// access is where an actor stands to a channel, and what its roles allow.
type access struct {
	a               *Actor
	channel         *Channel
	user            *User        // nil for a server
	item            *UserChannel // nil for a stranger
	member          *Member      // nil unless joined
	service, inside Permissions
}

// access reads where an actor stands. An identity without a user (it was deleted meanwhile) is 50200.
func (c *Chat) access(r *store.Reader, a *Actor, ch *Channel) (*access, error) {
	by := &access{a: a, channel: ch}
	if a.server() {
		return by, nil
	}
	var err error
	if by.user, by.service, err = c.actor(r, a); err != nil {
		return nil, err
	}
	by.item, err = userChannelTable.One(r, "WHERE user_id = $1 AND channel_id = $2", by.user.ID, ch.ID)
	if errors.Is(err, store.ErrNoRow) {
		if by.item = nil; by.founds() {
			by.inside, err = c.permissions(r, a.Service.ID, a.Service.DefaultCreatorRole)
			return by, err
		}
		return by, nil
	}
	if err != nil || by.item.Status != StatusJoined {
		return by, err
	}
	if by.member, err = c.memberOf(r, ch, by.user); err != nil || by.member == nil {
		return by, err
	}
	by.inside, err = c.permissions(r, a.Service.ID, by.member.RoleSID)
	return by, err
}

// actor reads an SDK actor's user and what its service role allows.
func (c *Chat) actor(r *store.Reader, a *Actor) (*User, Permissions, error) {
	u, err := userTable.One(r, "WHERE service_id = $1 AND identity = $2", a.Service.ID, a.Identity)
	if err != nil {
		return nil, 0, or(err, core.CodeUserNotFound)
	}
	p, err := c.permissions(r, a.Service.ID, u.RoleSID)
	return u, p, err
}

// founds reports whether the actor made the channel and was never in it nor invited yet. Creating is not joining
// (chat-sdk-protocol §8.2), so its creator must be able to enter a private channel; until then it has the creator's role.
func (by *access) founds() bool { return by.item == nil && by.owns(by.channel.CreatedBy) }

// sees reports whether the channel exists for the actor: a private one does for members and invited users (rest-semantics §2.7),
// and for who founds it.
func (by *access) sees() bool {
	return by.a.server() || by.channel.Type == TypePublic || by.item != nil && by.item.Status != StatusGone || by.founds()
}

// may refuses what the actor's roles do not allow (50107); 50300 where the actor cannot even see the channel.
func (by *access) may(perm Permissions, own bool) error {
	if by.a.server() || Allowed(perm, by.service, by.inside, own) {
		return nil
	}
	if !by.sees() {
		return core.E(core.CodeChannelNotFound)
	}
	return core.E(core.CodeNotAuthorized)
}

// owns reports whether something of this identity is the actor's own.
func (by *access) owns(identity string) bool { return !by.a.server() && by.a.Identity == identity }

// reads refuses to show what is inside the channel to SDK users who are not members (chat-sdk-protocol §5).
func (by *access) reads() error {
	if by.a.server() || by.member != nil {
		return nil
	}
	return core.E(core.CodeNotMember)
}
