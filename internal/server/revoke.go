package server

import (
	"context"
	"time"
)

// revokeEvery is how often open sockets are held against the keys that signed their tokens, for keys deleted on other nodes.
const revokeEvery = 5 * time.Second

// startRevoking ends the sockets of deleted keys: at once where the key was deleted here.
func (s *Server) startRevoking(context.Context) error {
	s.periodically("revoking", revokeEvery, s.keyDeleted, "sockets of deleted keys could not be ended", func(ctx context.Context) error {
		good := func(keySID string) bool {
			ok, err := s.identity.HasKey(ctx, keySID)
			return ok || err != nil // a store that does not answer is no reason to hang up
		}
		s.sockets.Revoke(good)
		s.bridge.Revoke(good)
		return nil
	})
	return nil
}

// noteKeyDeleted is identity's OnKeyDeleted.
func (s *Server) noteKeyDeleted() {
	select {
	case s.keyDeleted <- struct{}{}:
	default: // it is noted already
	}
}
