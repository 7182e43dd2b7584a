package server

import (
	"context"
	"sync"
	"time"
)

// revokeEvery is how often open sockets are held against the keys that signed their tokens, for keys deleted on other nodes.
const revokeEvery = 5 * time.Second

// startRevoking ends the sockets of deleted keys: at once where the key was deleted here.
func (s *Server) startRevoking(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(revokeEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.keyDeleted:
			case <-tick.C:
			}
			good := func(keySID string) bool {
				ok, err := s.identity.HasKey(ctx, keySID)
				return ok || err != nil // a store that does not answer is no reason to hang up
			}
			s.sockets.Revoke(good)
			s.bridge.Revoke(good)
		}
	})
	s.later("revoking", func(context.Context) error { cancel(); done.Wait(); return nil })
	return nil
}

// noteKeyDeleted is identity's OnKeyDeleted.
func (s *Server) noteKeyDeleted() {
	select {
	case s.keyDeleted <- struct{}{}:
	default: // it is noted already
	}
}
