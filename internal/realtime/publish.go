package realtime

import (
	"errors"

	"parley/internal/bus"
)

// Wants reports whether publishing on t can reach anybody. If not, the caller need not even make the frame: whoever
// subscribes later reads it. Ask after the commit.
func (h *Hub) Wants(t Topic) bool { return !h.alone || h.lookup(t) != nil }

// Publish hands a committed event to all who watch its topic, here and on other nodes. It must be called after the
// commit; order between callers does not matter. A nil frame stands for one that everybody should read.
func (h *Hub) Publish(t Topic, seq int64, frame []byte) {
	h.PublishAll([]Change{{t, seq, frame}})
}

// PublishAll is Publish for the changes of one commit: what they mean for one connection leaves in one write.
func (h *Hub) PublishAll(changes []Change) {
	w := h.newWakes()
	for i := range changes {
		h.accept(&changes[i], w)
	}
	h.start(w)
	if h.alone {
		return
	}
	for i := range changes {
		c := &changes[i]
		subject := c.Topic.subject()
		err := h.bus.Publish(subject, packEvent(c.Seq, c.Frame))
		if errors.Is(err, bus.ErrTooLarge) {
			err = h.bus.Publish(subject, packEvent(c.Seq, nil))
		}
		if err != nil {
			h.busTrouble("publish", err)
		}
	}
}

func (h *Hub) accept(c *Change, w *wakes) {
	if f := h.lookup(c.Topic); f != nil {
		f.mu.Lock()
		f.accept(event{c.Seq, c.Frame}, w)
		f.mu.Unlock()
	}
}

// Gone says that the object was deleted and that its last event was published. Its subscriptions end, here and on other
// nodes, once everybody has that event.
func (h *Hub) Gone(t Topic) {
	h.dropFeed(t, false)
	if !h.alone {
		h.tell(t, packGone())
	}
}

// dropFeed ends a feed at once if it is complete, else after a look at the Source. What another node says is always
// looked at: the last event may have been lost before it.
func (h *Hub) dropFeed(t Topic, look bool) {
	f := h.lookup(t)
	if f == nil {
		return
	}
	f.mu.Lock()
	dead := false
	if look || f.last < 0 || f.filling || f.broken() {
		f.gone = true
		f.scheduleIfNeeded()
	} else {
		dead = f.drop()
	}
	f.mu.Unlock()
	if dead {
		h.release(f)
	}
}

// UnsubscribeWhere ends the subscriptions to t, on this node, of the connections that match. match must not call the hub.
func (h *Hub) UnsubscribeWhere(t Topic, match func(ConnInfo) bool) {
	f := h.lookup(t)
	if f == nil {
		return
	}
	f.mu.Lock()
	var leaving []*subscription
	for _, s := range f.subs {
		if match(s.conn.info) {
			leaving = append(leaving, s)
		}
	}
	dead := false
	for _, s := range leaving {
		s.conn.unlink(s, false)
		dead = f.detach(s)
	}
	f.mu.Unlock()
	if dead {
		h.release(f)
	}
}

// Expel ends the subscriptions of an identity to t, here and on other nodes: it lost the right to watch. Another node may
// miss it; Options.OnRecovered tells when to do it again.
func (h *Hub) Expel(t Topic, identity string) {
	h.expel(t, identity)
	if !h.alone {
		h.tell(t, packExpel(identity))
	}
}

func (h *Hub) expel(t Topic, identity string) {
	h.UnsubscribeWhere(t, func(i ConnInfo) bool { return i.Identity == identity })
}

func (h *Hub) tell(t Topic, data []byte) {
	if err := h.bus.Publish(t.subject(), data); err != nil {
		h.busTrouble("publish", err)
	}
}

// receive takes what another node said about t.
func (h *Hub) receive(t Topic, data []byte) {
	m, ok := unpack(data)
	if !ok {
		h.count.busErr.Add(1)
		return
	}
	switch m.op {
	case opEvent:
		w := h.newWakes()
		h.accept(&Change{t, m.seq, m.frame}, w)
		h.start(w)
	case opGone:
		h.dropFeed(t, true)
	case opExpel:
		h.expel(t, m.identity)
	}
}
