package server

import (
	"context"
	"time"

	"parley/internal/chat/media"
)

// collectEvery is how often media that nobody can reach are removed.
const collectEvery = 10 * time.Minute

func (s *Server) startCollecting(context.Context) error {
	s.periodically("collecting", collectEvery, nil, "media that nobody can reach could not be removed", func(ctx context.Context) error {
		return media.Collect(ctx, s.chat, s.blobs, time.Now(), s.log)
	})
	return nil
}
