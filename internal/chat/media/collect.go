package media

import (
	"context"
	"log/slog"
	"time"

	"parley/internal/blob"
	"parley/internal/chat"
)

const (
	// UnsentFor is how long an upload may wait for the message that shows it.
	UnsentFor = 24 * time.Hour
	// collectBatch is how many are looked for at a time.
	collectBatch = 100
)

// Collect removes the media that nobody can reach any more: never sent, or whose message is gone. Several nodes may do it at
// once. The record goes first: a crash in between leaves bytes without a record, and never a record without bytes.
func Collect(ctx context.Context, c *chat.Chat, blobs blob.Store, now time.Time, log *slog.Logger) error {
	for {
		rows, err := c.CollectableMedia(ctx, now.Add(-UnsentFor).UnixMicro(), collectBatch)
		if err != nil {
			return err
		}
		for _, m := range rows {
			gone, err := c.ForgetMedia(ctx, m.ID)
			if err != nil {
				return err
			}
			if !gone {
				continue
			}
			if err := blobs.Delete(ctx, c.MediaSID(m.ID)); err != nil {
				log.Warn("the bytes of a media could not be removed", "media", c.MediaSID(m.ID), "error", err)
			}
		}
		if len(rows) < collectBatch {
			return nil
		}
	}
}
