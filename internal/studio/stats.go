package studio

import (
	"sync"

	"parley/internal/store"
	"parley/internal/webhook"
)

// tally counts what one transaction did.
type tally struct{ started, ended, steps, warnings uint64 }

// Stats are the figures of this node since its start.
type Stats struct {
	Started, Ended, Steps, Warnings       uint64
	CallsOK, CallsFailed, CallsUnanswered uint64
}

// counts guards the figures.
type counts struct {
	mu sync.Mutex
	Stats
}

// count adds what a transaction did once it is committed.
func (s *Studio) count(tx *store.Tx, t tally) {
	tx.AfterCommit(func() {
		c := &s.counts
		c.mu.Lock()
		defer c.mu.Unlock()
		c.Started, c.Ended, c.Steps, c.Warnings = c.Started+t.started, c.Ended+t.ended, c.Steps+t.steps, c.Warnings+t.warnings
	})
}

// called counts a request to somebody else's server.
func (s *Studio) called(got webhook.Response) {
	c := &s.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case got.Outcome == webhook.OK:
		c.CallsOK++
	case got.Status != 0:
		c.CallsFailed++
	default:
		c.CallsUnanswered++
	}
}

// Stats returns the figures.
func (s *Studio) Stats() Stats {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	return s.counts.Stats
}
