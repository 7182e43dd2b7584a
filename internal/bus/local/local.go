// Package local is the bus inside one process: an exchange with any number of endpoints, one per node. Tests run several
// nodes on it; a server without a cluster uses [New], which leads nowhere and costs nothing.
//
// The invariant: Publish calls the receivers before it returns, so nothing is ever lost or reordered.
package local

import (
	"context"
	"slices"
	"sync"

	"parley/internal/bus"
)

// Exchange connects endpoints.
type Exchange struct {
	mu       sync.RWMutex
	subjects map[string][]*subscription // a list is never changed in place: Publish walks it without the lock
}

// NewExchange makes an exchange without endpoints.
func NewExchange() *Exchange {
	return &Exchange{subjects: make(map[string][]*subscription)}
}

// Endpoint adds a node to the exchange.
func (x *Exchange) Endpoint() *Endpoint { return &Endpoint{exchange: x} }

// New makes the bus of a node that has no peers: subscriptions are not even recorded.
func New() *Endpoint { return &Endpoint{} }

// Endpoint is one node's bus.
type Endpoint struct {
	exchange *Exchange // nil: alone

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // calls of this endpoint's functions that run
}

var (
	_ bus.Bus      = (*Endpoint)(nil)
	_ bus.Solitary = (*Endpoint)(nil)
)

type subscription struct {
	owner   *Endpoint
	subject string
	fn      func([]byte)
	turn    sync.Mutex // one call after the other
}

// Publish implements bus.Bus.
func (e *Endpoint) Publish(subject string, data []byte) error {
	if e.isClosed() {
		return bus.ErrClosed
	}
	if e.exchange == nil {
		return nil
	}
	e.exchange.mu.RLock()
	list := e.exchange.subjects[subject]
	e.exchange.mu.RUnlock()
	for _, s := range list {
		if s.owner != e {
			s.call(data)
		}
	}
	return nil
}

func (s *subscription) call(data []byte) {
	if !s.owner.begin() {
		return
	}
	defer s.owner.calls.Done()
	s.turn.Lock()
	defer s.turn.Unlock()
	s.fn(data)
}

// Subscribe implements bus.Bus.
func (e *Endpoint) Subscribe(subject string, fn func([]byte)) (bus.Subscription, error) {
	s := &subscription{owner: e, subject: subject, fn: fn}
	if e.exchange == nil {
		if e.isClosed() {
			return nil, bus.ErrClosed
		}
		return s, nil
	}
	x := e.exchange
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.isClosed() { // checked under the exchange's lock: Close removes what is there, and nothing comes later
		return nil, bus.ErrClosed
	}
	list := x.subjects[subject]
	x.subjects[subject] = append(slices.Clip(list), s)
	return s, nil
}

// Unsubscribe implements bus.Subscription.
func (s *subscription) Unsubscribe() error {
	x := s.owner.exchange
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.keep(s.subject, func(other *subscription) bool { return other != s })
	return nil
}

// keep replaces a subject's list by those that ok admits. x.mu is held.
func (x *Exchange) keep(subject string, ok func(*subscription) bool) {
	var left []*subscription
	for _, s := range x.subjects[subject] {
		if ok(s) {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		delete(x.subjects, subject)
		return
	}
	x.subjects[subject] = left
}

// Flush implements bus.Bus: a subscription is known as soon as it is made.
func (e *Endpoint) Flush(ctx context.Context) error {
	if e.isClosed() {
		return bus.ErrClosed
	}
	return ctx.Err()
}

// Lossless implements bus.Bus.
func (e *Endpoint) Lossless() bool { return true }

// Alone implements bus.Solitary.
func (e *Endpoint) Alone() bool { return e.exchange == nil }

// Close implements bus.Bus. It must not be called by a subscription's function.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	if x := e.exchange; x != nil {
		x.mu.Lock()
		for subject := range x.subjects {
			x.keep(subject, func(s *subscription) bool { return s.owner != e })
		}
		x.mu.Unlock()
	}
	e.calls.Wait()
	return nil
}

func (e *Endpoint) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// begin counts a call unless the endpoint is closed; the count is taken under the lock, so Close waits for it.
func (e *Endpoint) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.calls.Add(1)
	return true
}
