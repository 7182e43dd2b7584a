package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// UpdateMessage changes a message's body or attributes, named by SID or index. A patch without anything leaves it as it is.
func (c *Chat) UpdateMessage(ctx context.Context, a Actor, ref, msgRef string, in MessagePatch) (m *Message, err error) {
	next := in
	if c.asks(&a, preMessageUpdate) {
		if next, err = c.askMessageUpdate(ctx, &a, ref, msgRef, in); err != nil {
			return nil, err
		}
	}
	err = c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		if m, err = c.findMessage(&tx.Reader, room.Channel, msgRef); err != nil {
			return err
		}
		if err := by.mayEditMessage(m, in); err != nil {
			return err
		}
		before := *m
		changed, err := next.apply(&a, tx.Now(), m)
		if err != nil || !changed {
			return err
		}
		if m.Author != before.Author {
			if m.MemberID, err = memberIDOf(&tx.Reader, room.Channel, m.Author); err != nil {
				return err
			}
		}
		if err := room.markEdit(tx, m); err != nil {
			return err
		}
		if err := messageTable.Update(tx, m); err != nil {
			return err
		}
		now := *m
		tx.Emit(MessageChanged{Channel: room.Channel, Message: &now, Before: &before})
		if err := room.save(tx); err != nil {
			return err
		}
		return c.fireMessageUpdated(tx, &a, room, m)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// memberIDOf is the number of the member with an identity; 0 for none, since a server may write in anybody's name.
func memberIDOf(r *store.Reader, ch *Channel, identity string) (id int64, err error) {
	err = r.One("SELECT id FROM member WHERE channel_id = $1 AND identity = $2 AND NOT removed", []any{ch.ID, identity}, &id)
	if errors.Is(err, store.ErrNoRow) {
		return 0, nil
	}
	return id, err
}

func (by *access) mayEditMessage(m *Message, in MessagePatch) error {
	own := by.owns(m.Author)
	if in.Body != nil {
		if err := by.may(EditAnyMessagePermission, own); err != nil {
			return err
		}
	}
	if in.Attributes != nil {
		return by.may(EditAnyMessageAttributesPermission, own)
	}
	return nil
}

func (in *MessagePatch) apply(a *Actor, now int64, m *Message) (changed bool, err error) {
	if in.Body != nil {
		if m.MediaID != 0 {
			return false, core.E(core.CodeMediaBody)
		}
		if err := checkBody(*in.Body); err != nil {
			return false, err
		}
		m.Body, m.WasEdited, changed = *in.Body, true, true
	}
	if in.Attributes != nil {
		if m.Attributes, err = core.CheckAttributes(*in.Attributes, core.MaxAttributes); err != nil {
			return false, err
		}
		changed = true
	}
	if in.From != nil && *in.From != "" && (a.server() || in.decreed) {
		if err := checkAuthor(*in.From); err != nil {
			return false, err
		}
		m.Author, changed = *in.From, true
	}
	if in.CreatedAt != nil || in.UpdatedAt != nil || in.LastUpdatedBy != nil {
		changed = true
	}
	if !changed {
		return false, nil
	}
	if err := checkUpdatedBy(in.LastUpdatedBy); err != nil {
		return false, err
	}
	by := a.name()
	if a.server() && in.LastUpdatedBy != nil {
		by = *in.LastUpdatedBy
	}
	m.LastUpdatedBy = &by
	return true, checkEditDates(a, now, in.CreatedAt, in.UpdatedAt, &m.CreatedAt, &m.UpdatedAt)
}

// markEdit takes the event number of an edit or removal of m and notes it for replays, in place of an earlier note: a message has
// one at most.
func (room *Room) markEdit(tx *store.Tx, m *Message) error {
	if m.LastEv != m.CreatedEv {
		if err := tx.Defer("DELETE FROM message_edit WHERE channel_id = $1 AND ev = $2", m.ChannelID, m.LastEv); err != nil {
			return err
		}
	}
	room.Seq.Edits++
	m.LastEv = room.Seq.ListEvent()
	return tx.Defer("INSERT INTO message_edit (channel_id, ev, message_id, idx, removed) VALUES ($1, $2, $3, $4, $5)",
		m.ChannelID, m.LastEv, m.ID, m.Index, m.Removed)
}

// DeleteMessage removes a message; its index stays taken. Where it was the newest, the channel's last message is another.
func (c *Chat) DeleteMessage(ctx context.Context, a Actor, ref, msgRef string) error {
	if c.asks(&a, preMessageRemove) {
		if err := c.askMessageRemove(ctx, &a, ref, msgRef); err != nil {
			return err
		}
	}
	return c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		m, err := c.findMessage(&tx.Reader, room.Channel, msgRef)
		if err != nil {
			return err
		}
		if err := by.may(DeleteAnyMessagePermission, by.owns(m.Author)); err != nil {
			return err
		}
		before := *m
		m.Removed, m.Body, m.Attributes, m.MediaID, m.Media, m.UpdatedAt = true, "", "{}", 0, nil, tx.Now()
		if err := room.markEdit(tx, m); err != nil {
			return err
		}
		room.Seq.Removed++
		if err := messageTable.Update(tx, m); err != nil {
			return err
		}
		if before.MediaID != 0 {
			if err := tx.Defer("UPDATE media SET message_id = $2 WHERE id = $1", before.MediaID, mediaDropped); err != nil {
				return err
			}
		}
		tx.Emit(MessageChanged{Channel: room.Channel, Message: m, Before: &before})
		if m.Index == room.Seq.LastIndex {
			if err := room.stepBack(tx); err != nil {
				return err
			}
			tx.Emit(ChannelChanged{room.Channel, room.Seq})
		}
		if err := room.save(tx); err != nil {
			return err
		}
		return c.fireMessageRemoved(tx, &a, room, &before)
	})
}

// stepBack finds the newest message that is left.
func (room *Room) stepBack(tx *store.Tx) error {
	s := &room.Seq
	s.Doc++
	err := tx.One("SELECT idx, created_at FROM message WHERE channel_id = $1 AND idx < $2 AND NOT removed ORDER BY idx DESC LIMIT 1",
		[]any{s.ChannelID, s.LastIndex}, &s.LastIndex, &s.LastAt)
	if errors.Is(err, store.ErrNoRow) {
		s.LastIndex, s.LastAt, err = -1, 0, nil
	}
	return err
}
