package server

import (
	"context"
	"sync"
	"time"
)

// periodically does something from time to time, and when now says so (nil never does), until the server stops, which waits for the end of
// what is under way. failed says in the log that it could not be done.
func (s *Server) periodically(name string, every time.Duration, now <-chan struct{}, failed string, work func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-now:
			case <-tick.C:
			}
			if err := work(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn(failed, "error", err)
			}
		}
	})
	s.later(name, func(context.Context) error { cancel(); done.Wait(); return nil })
}
