package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// SetHorizon sets the actor's own consumption horizon and returns its unread count (rest-semantics §2.7): nil without a horizon.
// It goes where it is told, backwards too; advancing only is the client's business (chat-sdk-protocol §7.2).
func (c *Chat) SetHorizon(ctx context.Context, a Actor, ref string, index *int64) (unread *int64, err error) {
	h := Horizon{Index: index}
	var already bool
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) error {
		if err := checkHorizon(&h, r.Now()); err != nil {
			return err
		}
		if by.member == nil {
			return core.E(core.CodeNotMember)
		}
		// Clients report the same horizon again and again; that needs no transaction.
		if already = sameIndex(by.member.ConsumedIndex, index); already {
			unread, err = unreadOf(r, ch, index)
		}
		return err
	})
	if err != nil || already {
		return unread, err
	}
	if c.asks(&a, preMemberUpdate) {
		if _, err := c.askMemberUpdate(ctx, &a, ref, a.Identity, MemberPatch{Horizon: &h}); err != nil {
			return nil, err
		}
	}
	err = c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if by.member == nil {
			return core.E(core.CodeNotMember)
		}
		before := by.member.LastEv
		if err := c.moveHorizon(tx, room, by.user.key(), by.member, h); err != nil {
			return err
		}
		if unread, err = unreadOf(&tx.Reader, room.Channel, index); err != nil || by.member.LastEv == before {
			return err
		}
		return c.fireMember(tx, eventMemberUpdated, &a, room, by.member)
	})
	return unread, err
}

func sameIndex(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// moveHorizon writes a member's horizon into the roster and into the user's map, in this order; m is brought up to date.
func (c *Chat) moveHorizon(tx *store.Tx, room *Room, u userKey, m *Member, h Horizon) error {
	if h.Keep {
		if h.Index = m.ConsumedIndex; h.Index == nil {
			return nil
		}
	}
	if sameIndex(m.ConsumedIndex, h.Index) && h.At == nil {
		return nil
	}
	room.Seq.Horizons++
	m.ConsumedIndex, m.ConsumedAt, m.LastEv = h.Index, nil, room.Seq.RosterEvent()
	if h.Index != nil {
		m.ConsumedAt = h.at(tx.Now())
	}
	if err := tx.Defer("UPDATE member SET consumed_index = $2, consumed_at = $3, last_ev = $4 WHERE id = $1",
		m.ID, m.ConsumedIndex, m.ConsumedAt, m.LastEv); err != nil {
		return err
	}
	if err := room.save(tx); err != nil {
		return err
	}
	emitMember(tx, room.Channel, m)
	return c.touchUserChannel(tx, room.Channel, u, "", m.ConsumedIndex)
}

// unreadOf counts the messages after a horizon.
func unreadOf(r *store.Reader, ch *Channel, index *int64) (*int64, error) {
	seq, err := seqTable.One(r, "WHERE channel_id = $1", ch.ID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, core.E(core.CodeChannelNotFound)
	}
	if err != nil {
		return nil, err
	}
	s := &Standing{Room: Room{ch, *seq}, Member: &Member{ConsumedIndex: index}}
	err = countUnread(r, []*Standing{s})
	return s.Unread, err
}
