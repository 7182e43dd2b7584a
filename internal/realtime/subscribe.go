package realtime

import (
	"context"
	"fmt"

	"parley/internal/core"
)

// Subscribe makes the connection watch topics, each from the position that its peer has reached. reply gets the Source's
// readings, in the order of at, and returns for each the private frames that go out before any live event of that topic:
// what was missed, and the confirmation. Live events follow exactly from Reading.Seq on.
//
// A topic that is watched already is replayed again. A topic that is not found is not watched; its frames (a refusal) go
// out all the same. If the right to watch was withdrawn, or the object deleted, while the Source was read, its reading is given
// to reply as not found; between that and the confirmation nothing goes out for it, and the peer will ask again.
//
// Errors: those of the Source; 20429 if there are too many topics; ErrClosed. After an error nothing was queued, and
// the connection watches what it watched before. Calls wait for one another; reply must not call Subscribe or Unsubscribe.
func (c *Conn) Subscribe(ctx context.Context, at []Position, reply func([]Reading) [][][]byte) error {
	if len(at) == 0 {
		return nil
	}
	c.subscribing.Lock()
	defer c.subscribing.Unlock()
	c.mu.Lock()
	refused := c.phase != open || c.overAsked()
	c.mu.Unlock()
	if refused {
		return ErrClosed
	}
	o := opening{conn: c, subs: make([]*subscription, 0, len(at)), fresh: make([]bool, 0, len(at))}
	readings, err := o.read(ctx, at)
	if err != nil {
		o.undo()
		return err
	}
	o.recheck(readings)
	o.finish(readings, reply(readings))
	c.hub.count.replays.Add(int64(len(at)))
	return nil
}

// Unsubscribe ends subscriptions. Topics that the connection does not watch are ignored.
func (c *Conn) Unsubscribe(topics ...Topic) {
	c.subscribing.Lock()
	defer c.subscribing.Unlock()
	for _, t := range topics {
		if s := c.find(t); s != nil {
			c.unlink(s, false)
			c.hub.detach(s)
		}
	}
}

// opening is one Subscribe on its way.
type opening struct {
	conn  *Conn
	subs  []*subscription
	fresh []bool // made by this call
}

// read first makes the connection hear of everything, then reads.
func (o *opening) read(ctx context.Context, at []Position) ([]Reading, error) {
	h := o.conn.hub
	flush := false
	for _, p := range at {
		known, err := o.add(p.Topic)
		if err != nil {
			return nil, err
		}
		flush = flush || !known
	}
	if flush {
		o.flushBus(ctx)
	}
	readings, err := h.source.Read(ctx, at)
	if err == nil && len(readings) != len(at) {
		err = core.Internal(fmt.Errorf("realtime: the source gave %d readings for %d positions", len(readings), len(at)))
	}
	return readings, err
}

// add makes the connection a subscriber that waits for its reading, and reports whether the bus knows of the topic.
func (o *opening) add(t Topic) (known bool, err error) {
	h := o.conn.hub
	if s := o.conn.find(t); s != nil {
		f := s.feed
		f.mu.Lock()
		attached := s.at >= 0
		if attached {
			f.begin(s)
			known = f.known
			o.subs, o.fresh = append(o.subs, s), append(o.fresh, false)
		}
		f.mu.Unlock()
		if attached {
			return known, nil
		}
	}
	f := h.acquire(t)
	s := &subscription{conn: o.conn, feed: f, at: -1}
	if err := o.conn.link(s); err != nil {
		dead := f.dieIfEmpty()
		f.mu.Unlock()
		if dead {
			h.release(f)
		}
		return false, err
	}
	f.attach(s)
	f.begin(s)
	known = f.known
	f.mu.Unlock()
	o.subs, o.fresh = append(o.subs, s), append(o.fresh, true)
	return known, nil
}

// flushBus makes sure that the bus knows the new feeds. A bus that is out of reach is no reason to refuse: the positions
// are checked.
func (o *opening) flushBus(ctx context.Context) {
	h := o.conn.hub
	if err := h.bus.Flush(ctx); err != nil {
		h.busTrouble("flush", err)
		return
	}
	for _, s := range o.subs {
		s.feed.mu.Lock()
		s.feed.known = true
		s.feed.mu.Unlock()
	}
}

// recheck turns the readings of what was left meanwhile into "not found", so that the peer learns of it at once.
func (o *opening) recheck(readings []Reading) {
	for i, s := range o.subs {
		s.feed.mu.Lock()
		if s.at < 0 {
			readings[i] = Reading{}
		}
		s.feed.mu.Unlock()
	}
}

// finish queues the frames and makes the subscriptions live.
func (o *opening) finish(readings []Reading, frames [][][]byte) {
	h := o.conn.hub
	w := h.newWakes()
	for i, s := range o.subs {
		var out [][]byte
		if i < len(frames) {
			out = frames[i]
		}
		f := s.feed
		f.mu.Lock()
		dead := false
		switch {
		case !readings[i].Found:
			w.add(o.conn, o.conn.pushAll(out))
			o.conn.unlink(s, true)
			dead = f.detach(s)
		case s.at >= 0:
			f.settle(s, readings[i].Seq, out, w)
		}
		f.mu.Unlock()
		if dead {
			h.release(f)
		}
	}
	h.start(w)
}

// undo takes back what add did.
func (o *opening) undo() {
	h := o.conn.hub
	w := h.newWakes()
	for i, s := range o.subs {
		f := s.feed
		f.mu.Lock()
		dead := false
		switch {
		case s.at < 0:
		case o.fresh[i]:
			o.conn.unlink(s, false)
			dead = f.detach(s)
		default:
			f.settle(s, o.conn.position(s), nil, w)
		}
		f.mu.Unlock()
		if dead {
			h.release(f)
		}
	}
	h.start(w)
}

// position returns where s is. feed.mu is held.
func (c *Conn) position(s *subscription) int64 {
	c.mu.Lock() // for state topics
	defer c.mu.Unlock()
	return s.pos
}
