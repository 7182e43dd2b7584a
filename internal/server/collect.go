package server

import (
	"context"
	"sync"
	"time"

	"parley/internal/chat/media"
)

// collectEvery is how often media that nobody can reach are removed.
const collectEvery = 10 * time.Minute

// startCollecting removes such media from time to time until the server stops.
func (s *Server) startCollecting(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(collectEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := media.Collect(ctx, s.chat, s.blobs, time.Now(), s.log); err != nil && ctx.Err() == nil {
				s.log.Warn("media that nobody can reach could not be removed", "error", err)
			}
		}
	})
	s.later("collecting", func(context.Context) error { cancel(); done.Wait(); return nil })
	return nil
}
