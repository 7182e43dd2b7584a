package live

import (
	"slices"
	"time"

	"parley/internal/taskrouter/live/query"
)

// pinned are the members that name a thing and never change: a set that asks for one of them concerns few things.
var pinned = []string{"worker_sid", "reservation_sid", "queue_sid"}

// index knows the sets of one kind of things by what they can hold.
type index struct {
	free   map[*set]struct{}               // may hold anything
	pinned map[query.Pin]map[*set]struct{} // hold only what has the pin
}

func newIndex() *index {
	return &index{map[*set]struct{}{}, map[query.Pin]map[*set]struct{}{}}
}

func (x *index) empty() bool { return len(x.free) == 0 && len(x.pinned) == 0 }

func (x *index) add(s *set) {
	if !s.bound {
		x.free[s] = struct{}{}
		return
	}
	for _, p := range s.pins {
		if x.pinned[p] == nil {
			x.pinned[p] = map[*set]struct{}{}
		}
		x.pinned[p][s] = struct{}{}
	}
}

func (x *index) remove(s *set) {
	delete(x.free, s)
	for _, p := range s.pins {
		if delete(x.pinned[p], s); len(x.pinned[p]) == 0 {
			delete(x.pinned, p)
		}
	}
}

// each calls fn for every set, some more than once.
func (x *index) each(fn func(s *set)) {
	for s := range x.free {
		fn(s)
	}
	for _, sets := range x.pinned {
		for s := range sets {
			fn(s)
		}
	}
}

// values are the pins of a member that any set asks for.
func (x *index) values(field string) (values []string) {
	for p := range x.pinned {
		if p.Field == field {
			values = append(values, p.Value)
		}
	}
	return values
}

// found is what was read of one kind of things.
type found struct {
	rows  []*row
	pins  [][]query.Pin // of each row
	asked []int64       // what must be among the rows, or is gone
}

func (f *found) add(r *row, pins ...query.Pin) {
	f.rows, f.pins = append(f.rows, r), append(f.pins, pins)
}

// apply shows what was found. Where everything was read, what was not found is gone; so it is with a nil found.
func (x *index) apply(f *found, everything bool, now time.Time, touched map[*set]bool) {
	if f == nil {
		f = &found{}
	}
	held := make(map[int64]bool, len(f.rows))
	for i, r := range f.rows {
		held[r.id] = true
		show := func(s *set) {
			if (!r.ended || s.names(r.key)) && s.query.Match(r.data) {
				s.put(r, now)
			} else {
				s.drop(r.id, now)
			}
			if len(s.news) > 0 {
				touched[s] = true
			}
		}
		for s := range x.free {
			show(s)
		}
		for _, p := range f.pins[i] {
			for s := range x.pinned[p] {
				show(s)
			}
		}
	}
	missing := slices.DeleteFunc(slices.Clone(f.asked), func(id int64) bool { return held[id] })
	if !everything && len(missing) == 0 {
		return
	}
	x.each(func(s *set) {
		for _, id := range missing {
			s.drop(id, now)
		}
		if everything {
			for id := range s.entries {
				if !held[id] {
					s.drop(id, now)
				}
			}
		}
		if len(s.news) > 0 {
			touched[s] = true
		}
	})
}
