package realtime

import (
	"cmp"
	"slices"
	"sync"

	"parley/internal/bus"
)

// The most that a feed keeps for later, of early events and of events for those who are still subscribing. Beyond it the
// events are let go and read from the Source.
const (
	keptEvents = 1024
	keptBytes  = 1 << 20
)

// event is one numbered frame.
type event struct {
	seq   int64
	frame []byte
}

// feed is one topic that somebody on this node watches. It hands events on in order:
//
//	seq <= last      known already, dropped
//	seq == last+1    handed on
//	seq >  last+1    parked; if the gap stays, the repairer reads what is missing
//
// Feeds of state topics hand on whatever is newer than last.
type feed struct {
	hub   *Hub
	topic Topic
	state bool

	mu   sync.Mutex
	last int64 // number of the newest event that was handed on; -1 before the first reading
	want int64 // newest number that is known to exist
	mark int64 // last, when the repair was scheduled: a feed that moves is not repaired
	vain int   // fills in a row that found nothing of what is wanted

	subs    []*subscription
	opening int // subscriptions that wait for their reading

	parked kept // early events, ascending
	recent kept // while somebody is opening: all events handed on after number since (state: the newest only)
	since  int64

	bus     bus.Subscription
	known   bool // the bus has confirmed the subscription
	queued  bool // the repairer has it in its list
	filling bool // the repairer is reading for it; live events are parked
	behind  bool // a subscription's position is before last and not in recent
	gone    bool // the object was deleted; dropped once everybody has its last events
	dead    bool // nobody watches it any more; it is not in the hub's map, or about to leave it
}

// kept is a list of events, bounded by keptEvents and keptBytes.
type kept struct {
	events []event
	bytes  int
}

// insert adds e at its place and reports false if there is no room. A number that is there already stays as it is.
func (k *kept) insert(e event) bool {
	at := len(k.events)
	if at > 0 && k.events[at-1].seq >= e.seq {
		var found bool
		at, found = slices.BinarySearchFunc(k.events, e.seq, func(a event, seq int64) int { return cmp.Compare(a.seq, seq) })
		if found {
			return true
		}
	}
	if len(k.events) >= keptEvents || k.bytes+len(e.frame) > keptBytes && len(k.events) > 0 {
		return false
	}
	k.events = slices.Insert(k.events, at, e)
	k.bytes += len(e.frame)
	return true
}

func (k *kept) clear() { *k = kept{} }

// subscription is one connection's place in a feed.
type subscription struct {
	conn *Conn
	feed *feed

	at      int32 // index in feed.subs, -1 once it has left; under feed.mu
	opening bool  // live events wait for the reading; under feed.mu

	// pos is the number up to which everything is queued: under feed.mu, or under conn.mu if the topic is state.
	pos     int64
	pending *event // state: the newest frame, to be written when its turn comes; under conn.mu
}

// accept takes an event from a publisher or the bus. f.mu is held.
func (f *feed) accept(e event, w *wakes) {
	if f.dead || e.seq <= f.last {
		return
	}
	f.want = max(f.want, e.seq)
	switch {
	case e.frame == nil: // somebody has to read it
	case f.state:
		f.deliver(e, w)
	case f.last >= 0 && !f.filling && e.seq == f.last+1:
		f.deliver(e, w)
		f.drain(w)
	case !f.parked.insert(e):
		f.parked.clear()
	}
	f.scheduleIfNeeded()
}

// drain hands on parked events as far as they follow without a gap. f.mu is held.
func (f *feed) drain(w *wakes) {
	n := 0
	for _, e := range f.parked.events {
		if e.seq > f.last+1 {
			break
		}
		if e.seq == f.last+1 {
			f.deliver(e, w)
		}
		n++
	}
	if n == len(f.parked.events) {
		f.parked.clear()
		return
	}
	for _, e := range f.parked.events[:n] {
		f.parked.bytes -= len(e.frame)
	}
	f.parked.events = slices.Delete(f.parked.events, 0, n)
}

// deliver hands e on to all that are ready for it. f.mu is held; e follows last.
func (f *feed) deliver(e event, w *wakes) {
	f.last = e.seq
	if f.opening > 0 {
		f.remember(e)
	}
	if f.state {
		shared := &event{e.seq, e.frame}
		replaced := int64(0)
		for _, s := range f.subs {
			if !s.opening {
				start, over := s.conn.mark(s, shared)
				w.add(s.conn, start)
				if over {
					replaced++
				}
			}
		}
		if replaced > 0 {
			f.hub.count.replaced.Add(replaced)
		}
		return
	}
	for _, s := range f.subs {
		// Another position is one ahead (it has read this event itself) or behind (it is about to be repaired).
		if !s.opening && s.pos == e.seq-1 {
			s.pos = e.seq
			w.add(s.conn, s.conn.push(e.frame, classLive))
		}
	}
}

// remember keeps e for those who are opening. f.mu is held.
func (f *feed) remember(e event) {
	if f.state {
		f.recent = kept{events: append(f.recent.events[:0], e)}
		return
	}
	if !f.recent.insert(e) {
		f.forget()
	}
}

// forget lets go of recent events: who reads an older position than last has to read again. f.mu is held.
func (f *feed) forget() {
	f.recent.clear()
	f.since = f.last
}

// begin makes s wait for its reading. f.mu is held.
func (f *feed) begin(s *subscription) {
	if s.opening {
		return
	}
	s.opening = true
	if f.opening++; f.opening == 1 {
		f.forget()
	}
}

// end is the opposite of begin. f.mu is held.
func (f *feed) end(s *subscription) {
	if !s.opening {
		return
	}
	s.opening = false
	if f.opening--; f.opening == 0 {
		f.recent.clear()
	}
}

// settle makes s live from position pos, after frames; what was handed on since then follows at once. f.mu is held.
func (f *feed) settle(s *subscription, pos int64, frames [][]byte, w *wakes) {
	if f.last < 0 {
		f.last = pos
		f.since = pos
	}
	f.want = max(f.want, pos)
	if f.state {
		w.add(s.conn, s.conn.restart(s, pos, frames))
		for _, e := range f.recent.events {
			if e.seq > pos {
				start, _ := s.conn.mark(s, &e)
				w.add(s.conn, start)
			}
		}
	} else {
		s.pos = pos
		w.add(s.conn, s.conn.pushAll(frames))
		switch {
		case pos >= f.last:
		case s.opening && pos >= f.since:
			for _, e := range f.recent.events {
				if e.seq > s.pos {
					s.pos = e.seq
					w.add(s.conn, s.conn.push(e.frame, classLive))
				}
			}
		default:
			f.behind = true
		}
	}
	f.end(s)
	if !f.state && !f.filling {
		f.drain(w)
	}
	f.scheduleIfNeeded()
}

// attach adds s, which is new. f.mu is held.
func (f *feed) attach(s *subscription) {
	s.at = int32(len(f.subs))
	f.subs = append(f.subs, s)
	f.hub.count.subscriptions.Add(1)
}

// detach removes s and reports that the feed is now dead, so that the caller releases it after unlocking. f.mu is held.
func (f *feed) detach(s *subscription) bool {
	if s.at < 0 {
		return false
	}
	f.end(s)
	last := len(f.subs) - 1
	f.subs[s.at] = f.subs[last]
	f.subs[s.at].at = s.at
	f.subs[last] = nil
	f.subs = f.subs[:last]
	s.at = -1
	f.hub.count.subscriptions.Add(-1)
	return f.dieIfEmpty()
}

// dieIfEmpty reports that nobody watches the feed. f.mu is held.
func (f *feed) dieIfEmpty() bool {
	if len(f.subs) > 0 || f.dead {
		return false
	}
	f.dead = true
	f.parked.clear()
	f.recent.clear()
	return true
}

// drop detaches everybody: the object is gone. It returns true as detach does. f.mu is held.
func (f *feed) drop() bool {
	for _, s := range f.subs {
		s.at = -1
		s.opening = false
		s.conn.unlink(s, true)
	}
	f.hub.count.subscriptions.Add(-int64(len(f.subs)))
	f.subs = nil
	f.opening = 0
	return f.dieIfEmpty()
}

// broken reports that the feed needs the Source. f.mu is held.
func (f *feed) broken() bool {
	return !f.dead && f.last >= 0 && (f.want > f.last || f.behind || f.gone)
}

// scheduleIfNeeded asks the repairer to look at the feed in a while. f.mu is held.
func (f *feed) scheduleIfNeeded() {
	if !f.queued && !f.filling && f.broken() {
		f.queued = true
		f.mark = f.last
		f.hub.repair.add(f)
	}
}
