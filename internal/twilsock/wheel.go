package twilsock

import (
	"sync"
	"time"
)

// wheel wakes sessions at about the time they asked for: one goroutine and two pointers for each session instead of a timer
// for each. It turns every tickEvery; a session may ask for any time less than one turn ahead.
type wheel struct {
	mu    sync.Mutex
	slots [wheelSlots]*session // doubly linked lists
	at    int64                // the last tick that was handled
}

const (
	tickEvery  = 250 * time.Millisecond
	wheelSlots = 256 // one turn is 64 s
	farthest   = (wheelSlots - 1) * tickEvery
)

func tickOf(t time.Time) int64 { return t.UnixMilli() / tickEvery.Milliseconds() }

// put arranges for s to be returned by due at time t, or at the next tick if that is earlier than now. It replaces an
// earlier request.
func (w *wheel) put(s *session, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(s)
	tick := max(min(tickOf(t), w.at+wheelSlots-1), w.at+1)
	s.slot = uint16(tick%wheelSlots) + 1
	head := &w.slots[s.slot-1]
	s.next = *head
	if s.next != nil {
		s.next.prev = s
	}
	*head = s
}

// remove takes s off the wheel.
func (w *wheel) remove(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(s)
}

func (w *wheel) unlink(s *session) {
	if s.slot == 0 {
		return
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		w.slots[s.slot-1] = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.next, s.prev, s.slot = nil, nil, 0
}

// due takes the sessions off the wheel whose time has come until now, and appends them to list.
func (w *wheel) due(now time.Time, list []*session) []*session {
	w.mu.Lock()
	defer w.mu.Unlock()
	for end := tickOf(now); w.at < end; {
		w.at++
		for head := &w.slots[w.at%wheelSlots]; *head != nil; {
			s := *head
			w.unlink(s)
			list = append(list, s)
		}
	}
	return list
}

// all returns every session on the wheel.
func (w *wheel) all() (list []*session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.slots {
		for ; s != nil; s = s.next {
			list = append(list, s)
		}
	}
	return list
}
