package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// mediaDropped stands in Media.MessageID when the message, or its channel, was removed: the bytes may be collected.
const mediaDropped = -1

// maxMediaText bounds a media's file name, type and category in bytes.
const maxMediaText = 256

// MediaID reserves the number, and with it the SID, of a media that is to be uploaded.
func (c *Chat) MediaID(ctx context.Context) (id int64, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		id = tx.NextID()
		return nil
	})
	return id, err
}

// CreateMedia records an upload after its bytes are stored. Its author is the actor.
func (c *Chat) CreateMedia(ctx context.Context, a Actor, in NewMedia) (m *Media, err error) {
	if in.Filename != nil && (len(*in.Filename) > maxMediaText || !core.CleanText(*in.Filename)) {
		return nil, core.Ef(core.CodeInvalidParameter, "Filename must be UTF-8 text of at most %d bytes", maxMediaText)
	}
	if len(in.ContentType) > maxMediaText || !core.CleanText(in.ContentType) || len(in.Category) > maxMediaText || !core.CleanText(in.Category) {
		return nil, core.Ef(core.CodeInvalidParameter, "Content-Type and Category must be text of at most %d bytes", maxMediaText)
	}
	if in.Category == "" {
		in.Category = "media"
	}
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		m = &Media{ID: in.ID, ServiceID: a.Service.ID, Author: a.name(), Category: in.Category, ContentType: in.ContentType,
			Filename: in.Filename, Size: in.Size, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		return mediaTable.Insert(tx, m)
	})
	return m, err
}

// attachMedia ties an upload to the message that shows it: once (50508), and an SDK user's own only (50507).
func (c *Chat) attachMedia(tx *store.Tx, a *Actor, ch *Channel, m *Message) error {
	f, err := mediaTable.One(&tx.Reader, "WHERE id = $1 AND service_id = $2", m.MediaID, ch.ServiceID)
	if errors.Is(err, store.ErrNoRow) || err == nil && !a.server() && f.Author != a.Identity {
		return core.E(core.CodeMediaNotFound)
	}
	if err != nil {
		return err
	}
	n, err := tx.Exec("UPDATE media SET channel_id = $2, message_id = $3, updated_at = $4 WHERE id = $1 AND message_id = 0", f.ID, ch.ID, m.ID, tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return core.E(core.CodeMediaSent)
	}
	f.ChannelID, f.MessageID, f.UpdatedAt, f.ChannelSID = ch.ID, m.ID, tx.Now(), ch.SID
	m.Media = f
	return nil
}

// FetchMedia reads a media that the actor uploaded, or that was sent to a channel of which the actor is a member.
func (c *Chat) FetchMedia(ctx context.Context, a Actor, sid string) (m *Media, err error) {
	id, ok := c.codec.Decode("ME", core.SIDMedia, sid)
	if !ok {
		return nil, core.E(core.CodeMediaNotFound)
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		m, err = mediaTable.One(r, "WHERE id = $1 AND service_id = $2", id, a.Service.ID)
		if err != nil {
			return or(err, core.CodeMediaNotFound)
		}
		if m.MessageID == mediaDropped {
			return core.E(core.CodeMediaNotFound)
		}
		if m.ChannelID == 0 {
			if !a.server() && m.Author != a.Identity {
				return core.E(core.CodeMediaNotFound)
			}
			return nil
		}
		ch, err := channelTable.One(r, "WHERE id = $1", m.ChannelID)
		if err != nil {
			return or(err, core.CodeMediaNotFound)
		}
		m.ChannelSID = ch.SID
		if a.server() || m.Author == a.Identity {
			return nil
		}
		by, err := c.access(r, &a, ch)
		if err == nil && by.reads() != nil {
			err = core.E(core.CodeMediaNotFound)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// LinkedMedia reads a media without asking who wants it: whoever calls holds a signed link.
func (c *Chat) LinkedMedia(ctx context.Context, sid string) (m *Media, err error) {
	id, ok := c.codec.Decode("ME", core.SIDMedia, sid)
	if !ok {
		return nil, core.E(core.CodeMediaNotFound)
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		m, err = mediaTable.One(r, "WHERE id = $1 AND message_id <> $2", id, mediaDropped)
		return or(err, core.CodeMediaNotFound)
	})
	return m, err
}

// withMedia reads the media of messages along, and fills in their channel's SID.
func withMedia(r *store.Reader, channelSID string, rows []*Message) error {
	var ids []int64
	for _, m := range rows {
		m.ChannelSID = channelSID
		if m.MediaID != 0 {
			ids = append(ids, m.MediaID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	cond, args := inIDs(nil, ids)
	found, err := mediaTable.All(r, "WHERE id IN "+cond, args...)
	if err != nil {
		return err
	}
	byID := make(map[int64]*Media, len(found))
	for _, f := range found {
		f.ChannelSID = channelSID
		byID[f.ID] = f
	}
	for _, m := range rows {
		m.Media = byID[m.MediaID]
	}
	return nil
}

// CollectableMedia lists uploads whose bytes nobody can reach any more: never sent and uploaded before a time, or their message
// is gone.
func (c *Chat) CollectableMedia(ctx context.Context, unsentBefore int64, limit int) (rows []*Media, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error {
		if rows, err = mediaTable.All(r, "WHERE message_id = $1 ORDER BY created_at LIMIT $2", mediaDropped, limit); err != nil || len(rows) > 0 {
			return err
		}
		rows, err = mediaTable.All(r, "WHERE message_id = 0 AND created_at < $1 ORDER BY created_at LIMIT $2", unsentBefore, limit)
		return err
	})
	return rows, err
}

// ForgetMedia removes the record of a collectable media. The bytes may go where it reports true: otherwise the media was sent
// meanwhile.
func (c *Chat) ForgetMedia(ctx context.Context, id int64) (gone bool, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("DELETE FROM media WHERE id = $1 AND message_id <= 0", id)
		gone = n > 0
		return err
	})
	return gone, err
}
