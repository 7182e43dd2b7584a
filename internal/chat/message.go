package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// SendMessage appends a message. This is the hot path: one statement takes the index and the event numbers, and with them the
// channel's lock; one adds the row. All that the rules ask comes from a snapshot in memory, which those numbers prove true.
func (c *Chat) SendMessage(ctx context.Context, a Actor, ref string, in NewMessage) (m *Message, err error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	draft, err := c.draft(&a, in)
	if err != nil {
		return nil, err
	}
	if _, err := c.serviceEntry(ctx, "", a.Service.ID); err != nil { // the roles, fresh in memory
		return nil, err
	}
	known, err := c.snapshotOf(ctx, a.Service, ref)
	if err != nil {
		return nil, err
	}
	if c.asks(&a, in.preSend()) {
		if in, draft, err = c.askSend(ctx, &a, known, in, draft); err != nil {
			return nil, err
		}
	}
	stale := false
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		next := *draft
		next.CreatedAt, next.UpdatedAt = tx.Now(), tx.Now()
		if err := checkDates(&a, tx.Now(), in.CreatedAt, in.UpdatedAt, &next.CreatedAt, &next.UpdatedAt); err != nil {
			return err
		}
		room := Room{Channel: known.channel}
		err := tx.One(`UPDATE channel_seq SET next_index = next_index + 1, last_index = next_index, last_at = $2 WHERE channel_id = $1 RETURNING `+seqColumns,
			[]any{known.channel.ID, next.CreatedAt}, scanSeq(&room.Seq)...)
		if err != nil {
			stale = true
			return or(err, core.CodeChannelNotFound)
		}
		current, err := known.refresh(&tx.Reader, known.channel.ID, &room.Seq)
		if err != nil {
			return err
		}
		if current != known {
			stale = true
			tx.AfterCommit(func() { c.rooms.put(current) })
		}
		room.Channel = current.channel
		if err := c.write(tx, &a, &room, current, &next, in); err != nil {
			return err
		}
		m = &next
		return nil
	})
	if err != nil {
		if stale {
			c.rooms.forget(known.channel.SID) // the next one reads it anew, outside the transaction
		}
		return nil, err
	}
	return m, nil
}

// SendMessageTx is SendMessage of a server on an open room, inside a transaction; nobody is asked before.
func (c *Chat) SendMessageTx(tx *store.Tx, a Actor, room *Room, in NewMessage) (*Message, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	m, err := c.draft(&a, in)
	if err != nil {
		return nil, err
	}
	m.CreatedAt, m.UpdatedAt = tx.Now(), tx.Now()
	known := c.rooms.get(room.Channel.SID)
	if known == nil {
		known = &snapshot{doc: -1, roster: -1, hooksAt: -1}
	}
	current, err := known.refresh(&tx.Reader, room.Channel.ID, &room.Seq)
	if err != nil {
		return nil, err
	}
	room.Seq.NextIndex, room.Seq.LastIndex, room.Seq.LastAt = room.Seq.NextIndex+1, room.Seq.NextIndex, tx.Now()
	if err := c.write(tx, &a, room, current, m, in); err != nil {
		return nil, err
	}
	return m, room.save(tx)
}

// check refuses what is wrong with a message in itself (rest-semantics §2.8).
func (in *NewMessage) check() error {
	if in.Body == nil && in.MediaSID == "" {
		return core.E(core.CodeMessageBodyRequired)
	}
	if in.Body != nil {
		if err := checkBody(*in.Body); err != nil {
			return err
		}
	}
	if err := checkAuthor(in.From); err != nil {
		return err
	}
	return checkUpdatedBy(in.LastUpdatedBy)
}

func checkBody(s string) error {
	if len(s) > core.MaxBody {
		return core.Ef(core.CodeMessageTooLong, "Body has %d bytes; at most %d are allowed", len(s), core.MaxBody)
	}
	return checkText("Body", s)
}

func checkAuthor(s string) error {
	if len(s) > core.MaxIdentity {
		return core.Ef(core.CodeAuthorTooLong, "From has %d bytes; at most %d are allowed", len(s), core.MaxIdentity)
	}
	return checkText("From", s)
}

func checkUpdatedBy(s *string) error {
	if s == nil {
		return nil
	}
	if len(*s) > core.MaxIdentity {
		return core.Ef(core.CodeUpdatedByTooLong, "LastUpdatedBy has %d bytes; at most %d are allowed", len(*s), core.MaxIdentity)
	}
	return checkText("LastUpdatedBy", *s)
}

// draft is the message as far as it depends on the input only.
func (c *Chat) draft(a *Actor, in NewMessage) (m *Message, err error) {
	m = &Message{Author: a.name(), Quiet: in.Quiet}
	if m.Attributes, err = core.CheckAttributes(in.Attributes, core.MaxAttributes); err != nil {
		return nil, err
	}
	if in.Body != nil {
		m.Body = *in.Body
	}
	if in.MediaSID != "" {
		var ok bool
		if m.MediaID, ok = c.codec.Decode("ME", core.SIDMedia, in.MediaSID); !ok {
			if core.IsSID("ME", in.MediaSID) {
				return nil, core.E(core.CodeMediaNotFound)
			}
			return nil, core.E(core.CodeInvalidMediaSID)
		}
	}
	if in.From != "" && (a.server() || in.decreed) {
		m.Author = in.From
	}
	if a.server() {
		m.LastUpdatedBy = in.LastUpdatedBy
	}
	return m, nil
}

// snapshotOf returns what is known of a channel, from memory for one that is named by SID.
func (c *Chat) snapshotOf(ctx context.Context, svc *Service, ref string) (known *snapshot, err error) {
	if core.IsSID("CH", ref) {
		if known = c.rooms.get(ref); known != nil {
			if known.channel.ServiceID != svc.ID {
				return nil, core.E(core.CodeChannelNotFound)
			}
			return known, nil
		}
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		ch, err := c.FindChannelTx(r, svc, ref)
		if err != nil {
			return err
		}
		known, err = readSnapshot(r, ch.ID)
		return or(err, core.CodeChannelNotFound)
	})
	if err != nil {
		return nil, err
	}
	c.rooms.put(known)
	return known, nil
}

// write checks who sends and writes the message with what it causes.
func (c *Chat) write(tx *store.Tx, a *Actor, room *Room, current *snapshot, m *Message, in NewMessage) error {
	ch, seq := room.Channel, &room.Seq
	author := current.seats[m.Author]
	if !a.server() {
		if err := c.maySend(&tx.Reader, a, ch, current.seats[a.Identity], m.MediaID != 0); err != nil {
			return err
		}
	}
	m.ChannelSID, m.ID, m.ChannelID, m.Index = ch.SID, tx.NextID(), ch.ID, seq.NextIndex-1
	m.MemberID = author.memberID
	m.CreatedEv, m.LastEv = seq.ListEvent(), seq.ListEvent()
	if m.MediaID != 0 {
		if err := c.attachMedia(tx, a, ch, m); err != nil {
			return err
		}
	}
	if err := messageTable.Append(tx, m); err != nil {
		return err
	}
	tx.Emit(MessageAdded{Channel: ch, Seq: *seq, Message: m})
	if !m.Quiet {
		if err := c.notify(tx, a, Notice{Kind: pushNewMessage, ChannelID: ch.ID, MessageID: m.ID}); err != nil {
			return err
		}
	}
	if len(current.hooks) == 0 && a.Service.PostWebhookURL == nil {
		return nil
	}
	return c.fire(tx, current.hooks, c.messageSent(a, ch, seq, m, author.roleSID))
}

func (c *Chat) maySend(r *store.Reader, a *Actor, ch *Channel, sender seat, media bool) error {
	if sender.memberID == 0 {
		by, err := c.access(r, a, ch)
		if err != nil {
			return err
		}
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		return core.E(core.CodeNotMember)
	}
	perm := SendMessagePermission
	if media {
		perm = SendMediaMessagePermission
	}
	inside, err := c.permissions(r, ch.ServiceID, sender.roleSID)
	if err != nil {
		return err
	}
	if !Allowed(perm, 0, inside, true) {
		return core.E(core.CodeNotAuthorized)
	}
	return nil
}

// findMessage reads a message by SID, or by index as older clients do; 50500 for one that is not there or was removed.
func (c *Chat) findMessage(r *store.Reader, ch *Channel, ref string) (*Message, error) {
	tail, arg := "id = $2", int64(0)
	if id, ok := c.codec.Decode("IM", core.SIDMessage, ref); ok {
		arg = id
	} else if index, ok := parseIndex(ref); ok {
		tail, arg = "idx = $2", index
	} else {
		return nil, core.E(core.CodeMessageNotFound)
	}
	m, err := messageTable.One(r, "WHERE channel_id = $1 AND "+tail, ch.ID, arg)
	if errors.Is(err, store.ErrNoRow) || err == nil && m.Removed {
		return nil, core.E(core.CodeMessageNotFound)
	}
	if err != nil {
		return nil, err
	}
	return m, withMedia(r, ch.SID, []*Message{m})
}

// parseIndex reads a message index as written: digits only.
func parseIndex(s string) (n int64, ok bool) {
	if s == "" || len(s) > 15 {
		return 0, false
	}
	for _, d := range []byte(s) {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// FetchMessage reads a message by SID or index.
func (c *Chat) FetchMessage(ctx context.Context, a Actor, ref, msgRef string) (m *Message, err error) {
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) (err error) {
		if err := by.reads(); err != nil {
			return err
		}
		m, err = c.findMessage(r, ch, msgRef)
		return err
	})
	return m, err
}

// ListMessages lists a channel's messages by index. The token is the index of the last message of the page before.
func (c *Chat) ListMessages(ctx context.Context, a Actor, ref string, p Page) (out List[*Message], err error) {
	size, err := p.size()
	if err != nil {
		return out, err
	}
	index, more, err := fromIndex(p)
	if err != nil {
		return out, err
	}
	g := Range[int64]{Limit: size + 1, Desc: p.Desc}
	if more {
		if p.Desc {
			index--
		} else {
			index++
		}
		g.From = &index
	}
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) error {
		if err := by.reads(); err != nil {
			return err
		}
		rows, err := c.ViewMessages(r, ch, g)
		if len(rows) > size {
			rows = rows[:size]
			out.Next = formatIndex(rows[size-1].Index)
		}
		out.Items = rows
		return err
	})
	return out, err
}
