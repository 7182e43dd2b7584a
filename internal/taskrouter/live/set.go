package live

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"parley/internal/taskrouter/live/query"
)

// Subject names a set within a workspace: an index and the text of a query, or what [Numbers] returns.
type Subject struct {
	Index, Query string
	numbers      bool
}

// Item is a row of a set as it is shown.
type Item struct {
	Key  string
	Data []byte // JSON; shared, must not be changed
	Rev  int64  // the event that made it what it is
}

// Change is an event of a set: an item that is new or different, or one that is gone, of which Data is nil.
type Change struct {
	Item
	Removed bool
}

// Replay is what a watcher has to be told first.
type Replay struct {
	Changes []Change // what it missed, in order
	Whole   bool     // Changes is all that there is; what else the watcher knows is gone
	Last    int64    // where the set stands
}

// row is an item before a set numbers it. Sets share rows.
type row struct {
	id     int64 // of what is shown
	key    string
	data   []byte
	stable int  // as far as a difference counts: what follows changes with time alone
	ended  bool // shows only where it is asked for by name
}

func (r *row) same(as *row) bool {
	return bytes.Equal(r.data[:r.stable], as.data[:as.stable])
}

type entry struct {
	*row
	rev int64
}

func (e *entry) item() Item { return Item{e.key, e.data, e.rev} }

// maxGone bounds the removals that a set remembers for watchers who were away.
const maxGone = 128

// set is what matches a query, with its history. The lock of its floor guards it.
type set struct {
	Subject
	query *query.Query
	pins  []query.Pin // what every match has one of
	bound bool        // pins narrow the set down

	entries map[int64]*entry
	gone    []Change // ascending
	since   int64    // what happened after this event is known
	last    int64    // the newest event

	watches map[*watch]struct{}
	idle    time.Time // since when nobody watches
	news    []Change  // not told yet
}

// names reports whether the set asks for a thing by its SID.
func (s *set) names(sid string) bool {
	return slices.ContainsFunc(s.pins, func(p query.Pin) bool { return p.Value == sid })
}

func (s *set) tick(now time.Time) int64 {
	s.last = max(s.last+1, now.UnixMicro())
	return s.last
}

// put enters a row, or what has become of it. A set that is full takes no more.
func (s *set) put(r *row, now time.Time) {
	e := s.entries[r.id]
	switch {
	case e == nil && len(s.entries) >= maxItems:
		return
	case e == nil:
		e = &entry{}
		s.entries[r.id] = e
	case e.same(r):
		return
	}
	e.row, e.rev = r, s.tick(now)
	s.news = append(s.news, Change{Item: e.item()})
}

// drop takes a row out.
func (s *set) drop(id int64, now time.Time) {
	e := s.entries[id]
	if e == nil {
		return
	}
	delete(s.entries, id)
	c := Change{Item{Key: e.key, Rev: s.tick(now)}, true}
	if len(s.gone) == maxGone {
		s.since = s.gone[0].Rev
		s.gone = slices.Delete(s.gone, 0, 1)
	}
	s.gone = append(s.gone, c)
	s.news = append(s.news, c)
}

// begin makes what is in the set its beginning, as it were: whoever knows an earlier or another state gets the whole.
func (s *set) begin(now time.Time) {
	s.since = s.tick(now)
	for _, e := range s.entries {
		e.rev = s.since
	}
	s.gone, s.news = nil, nil
}

// items lists the set in the order in which its things were made.
func (s *set) items() []Item {
	sorted := make([]*entry, 0, len(s.entries))
	for _, e := range s.entries {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b *entry) int { return cmp.Compare(a.id, b.id) })
	list := make([]Item, len(sorted))
	for i, e := range sorted {
		list[i] = e.item()
	}
	return list
}

// ahead is how far the clock of another node may be ahead, and an event of it so in our future.
const ahead = time.Minute

// replay tells what happened after an event. One that this set did not number, because it is another node's or from before a restart, makes
// it begin anew with higher numbers: clients ignore what bears a lower one than they have.
func (s *set) replay(after int64, now time.Time) Replay {
	switch {
	case after == s.last:
	case after >= s.since && after < s.last:
		var missed []Change
		for _, e := range s.entries {
			if e.rev > after {
				missed = append(missed, Change{Item: e.item()})
			}
		}
		for _, c := range s.gone {
			if c.Rev > after {
				missed = append(missed, c)
			}
		}
		slices.SortFunc(missed, func(a, b Change) int { return cmp.Compare(a.Rev, b.Rev) })
		return Replay{Changes: missed, Last: s.last}
	default:
		if after < now.Add(ahead).UnixMicro() {
			s.last = max(s.last, after)
		}
		s.begin(now)
		var all []Change
		for _, item := range s.items() {
			all = append(all, Change{Item: item})
		}
		return Replay{Changes: all, Whole: true, Last: s.last}
	}
	return Replay{Last: s.last}
}

// tell hands out what is new.
func (s *set) tell() (told int) {
	if len(s.news) == 0 {
		return 0
	}
	for w := range s.watches {
		if !w.Owner.Closed() {
			w.Tell(s.news)
			told++
		}
	}
	s.news = nil
	return told
}
