package realtime

import (
	"cmp"
	"slices"
	"sync"
)

// phase is a step in the life of a connection; it only grows.
type phase uint8

const (
	open    phase = iota
	closing       // takes nothing more; what is queued is still written
	cut           // takes and writes nothing more
	done          // the sink is closed, the hub has forgotten it
)

// Conn is one connection as the hub sees it. All methods may be called from any goroutine; none but Subscribe and
// Unsubscribe waits for anything.
type Conn struct {
	hub  *Hub
	sink Sink
	info ConnInfo

	subscribing sync.Mutex // one Subscribe or Unsubscribe after the other

	mu         sync.Mutex
	subs       []*subscription // ascending by topic
	queue      *queue          // nil while nothing is queued
	live       int             // bytes of events that are queued or being written
	asked      int             // the same of what the peer asked for: replies and replays
	phase      phase
	reason     Reason
	flushing   bool // a flush runs, or is about to be started
	left       bool // subscriptions and presence are undone
	sinkClosed bool

	shard uint8 // place in the hub's set of connections, under its lock
	place int32
}

// Info returns what the connection was made with.
func (c *Conn) Info() ConnInfo { return c.info }

// Send queues private frames in order: replies and the like. It never blocks. If more than Options.AskedBytes wait
// already, the connection is closed as slow. After a close it does nothing.
func (c *Conn) Send(frames ...[]byte) {
	c.mu.Lock()
	start := c.phase == open && !c.overAsked() && c.putAsked(frames)
	c.mu.Unlock()
	if start {
		go c.flush()
	}
}

// Close ends the connection: it leaves its topics at once, writes what is queued, then closes the sink. It does not wait
// for that. Only the first reason counts.
func (c *Conn) Close(reason Reason) {
	c.mu.Lock()
	if c.phase != open {
		c.mu.Unlock()
		return
	}
	c.phase = closing
	c.because(reason)
	idle := !c.flushing
	c.flushing = true // from here on nobody starts a flush
	c.mu.Unlock()
	c.leave()
	if idle { // so nothing is queued
		c.finish()
	}
}

// Closed reports whether the connection was closed, by whomever.
func (c *Conn) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase != open
}

// abort ends the connection without writing what is queued. c.mu is held, and locks of feeds may be; what needs those
// is done by goroutines that the hub waits for.
func (c *Conn) abort(reason Reason) {
	if c.phase >= cut {
		return
	}
	if c.phase == open {
		c.because(reason)
	}
	c.phase = cut
	c.dropQueue()
	c.hub.running.Add(1) // the connection itself is still counted
	go func() {
		defer c.hub.running.Done()
		c.closeSink() // wakes a write that hangs; the flush then finishes
	}()
	if !c.flushing {
		c.flushing = true
		go c.flush()
	}
}

// because notes the reason. c.mu is held.
func (c *Conn) because(reason Reason) {
	c.reason = reason
	if reason < MaxReasons {
		c.hub.count.closed[reason].Add(1)
	}
}

// finish is the last step. Exactly one goroutine gets here: the last flush, or the one that closed an idle connection.
func (c *Conn) finish() {
	c.mu.Lock()
	c.phase = done
	c.dropQueue()
	c.mu.Unlock()
	c.leave()
	c.closeSink()
	c.hub.removeConn(c)
	c.hub.running.Done()
}

func (c *Conn) closeSink() {
	c.mu.Lock()
	first := !c.sinkClosed
	c.sinkClosed = true
	reason := c.reason
	c.mu.Unlock()
	if first {
		c.sink.Close(reason)
	}
}

// leave undoes the connection's subscriptions and its presence, once.
func (c *Conn) leave() {
	c.mu.Lock()
	if c.left {
		c.mu.Unlock()
		return
	}
	c.left = true
	subs := c.subs
	c.subs = nil
	c.mu.Unlock()
	for _, s := range subs {
		c.hub.detach(s)
	}
	c.hub.presence.leave(c)
}

// find returns the connection's place in a topic, or nil.
func (c *Conn) find(t Topic) *subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i, ok := c.search(t); ok {
		return c.subs[i]
	}
	return nil
}

// search returns where the subscription of t is or should be. c.mu is held.
func (c *Conn) search(t Topic) (int, bool) {
	return slices.BinarySearchFunc(c.subs, t, func(s *subscription, t Topic) int {
		return cmp.Or(cmp.Compare(s.feed.topic.ID, t.ID), cmp.Compare(s.feed.topic.Kind, t.Kind))
	})
}

// link adds s to the connection's list unless the connection is closed or full. feed.mu is held.
func (c *Conn) link(s *subscription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return ErrClosed
	}
	if len(c.subs) >= c.hub.opt.MaxSubscriptions {
		return errTooMany(c.hub.opt.MaxSubscriptions)
	}
	i, ok := c.search(s.feed.topic)
	if ok { // it has left its feed and is about to be removed here
		c.subs[i] = s
		return nil
	}
	c.subs = slices.Insert(c.subs, i, s)
	return nil
}

// unlink removes s from the connection's list; what waits to be written of a state topic is only kept if keep is set.
func (c *Conn) unlink(s *subscription, keep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !keep {
		s.pending = nil
	}
	if i, ok := c.search(s.feed.topic); ok && c.subs[i] == s {
		c.subs = slices.Delete(c.subs, i, i+1)
	}
}
