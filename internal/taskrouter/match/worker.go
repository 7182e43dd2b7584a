package match

import (
	"reflect"
	"slices"

	"parley/internal/taskrouter/expr"
)

// worker is a worker, its queues, and its places among the free ones.
type worker struct {
	Worker
	attributes expr.Map
	edition    int       // rises whenever the worker is other than before, its load aside
	activity   *Activity // nil if it is unknown
	slots      []slot
	queues     map[*queue]struct{} // those that it belongs to
}

type slot struct {
	Slot
	channel *channel // nil if it is unknown
	idle    bool     // it is in channel.idle, under the rank at
	at      rank
}

func (w *worker) slot(channel int64) *slot {
	for i := range w.slots {
		if w.slots[i].Slot.Channel == channel {
			return &w.slots[i]
		}
	}
	return nil
}

func (w *worker) available() bool { return w.activity != nil && w.activity.Available }

func (s *slot) free() bool { return s.Available && s.Held < s.Capacity }

// rank is the worker's place among the free ones of a channel: who was offered something longest ago goes first. Of those who were at the same
// time, as happens within a Run, the one with less to do.
func (w *worker) rank(s *slot) rank {
	last := w.LastAssigned
	if s.channel.Optimized {
		last = s.LastAssigned
	}
	return rank{last, int64(s.Held), w.ID}
}

// PutWorker tells of a worker.
func (b *Board) PutWorker(f Worker) {
	w := b.workers[f.ID]
	if w == nil {
		w = &worker{queues: map[*queue]struct{}{}}
		b.workers[f.ID] = w
	}
	forget(b.workersBySID, w.SID, w)
	forget(b.workersByName, w.Name, w)
	b.workersBySID[f.SID], b.workersByName[f.Name] = w, w
	same := w.ID == f.ID && w.SID == f.SID && w.Name == f.Name && w.Activity == f.Activity && reflect.DeepEqual(w.Attributes, f.Attributes)
	b.change(w, !same, func() {
		w.Worker = f
		w.attributes, _ = f.Attributes.(map[string]any)
		w.slots = make([]slot, len(f.Slots))
		for i, s := range f.Slots {
			w.slots[i].Slot = s
		}
	})
}

// DropWorker tells that a worker is gone.
func (b *Board) DropWorker(id int64) {
	w := b.workers[id]
	if w == nil {
		return
	}
	b.change(w, false, func() { w.slots = nil })
	for q := range w.queues {
		q.count(w.Activity, -1)
		delete(q.news, w)
	}
	delete(b.workers, id)
	forget(b.workersBySID, w.SID, w)
	forget(b.workersByName, w.Name, w)
}

// changeWorkers brings workers up to date after something changed that they refer to.
func (b *Board) changeWorkers(which func(*worker) bool) {
	for _, w := range b.workers {
		if which(w) {
			b.change(w, true, func() {})
		}
	}
}

// change edits a worker, and brings up to date what depends on it. Unless it is said to be other than before, only its load and its
// places in the orders have changed.
func (b *Board) change(w *worker, other bool, edit func()) {
	b.disturb(w)
	var were [8]int64 // most workers have no more channels
	idle := were[:0]
	for i := range w.slots {
		s := &w.slots[i]
		if !s.idle {
			continue
		}
		s.idle = false
		s.channel.idle.cut(s.at)
		idle = append(idle, s.Slot.Channel)
		for q := range w.queues {
			if line := q.line[s.Slot.Channel]; line != nil {
				line.cut(s.at)
			}
		}
	}
	for q := range w.queues {
		q.count(w.Activity, -1)
	}

	edit()
	if other {
		w.edition++
	}
	w.activity = b.activities[w.Activity]
	for i := range w.slots {
		w.slots[i].channel = b.channels[w.slots[i].Slot.Channel]
	}
	for q := range w.queues {
		q.count(w.Activity, 1)
	}
	for _, q := range b.queuesToDecide(other) {
		if q.enroll(w) {
			b.tell(q, w)
		}
	}

	freer := other
	for i := range w.slots {
		s := &w.slots[i]
		if s.idle = s.channel != nil && w.available() && s.free(); s.idle {
			s.at = w.rank(s)
			s.channel.idle.put(s.at, w)
			for q := range w.queues {
				if _, new := q.news[w]; new {
					q.join(w, s)
				}
			}
			freer = freer || !slices.Contains(idle, s.Slot.Channel)
		}
	}
	for q := range w.queues {
		if freer || q.byLoad > 0 {
			b.tell(q, w)
		}
	}
	for _, key := range [...]wanted{{sid: w.SID}, {name: w.Name}} {
		for c := range b.wanted[key] {
			b.mark(c)
		}
	}
	b.disturb(w)
}

// queuesToDecide are those whose membership may change with a worker.
func (b *Board) queuesToDecide(other bool) map[int64]*queue {
	if other {
		return b.queues
	}
	return b.byLoad
}

// enroll decides again whether a worker belongs to a queue, and reports whether it does and did not.
func (q *queue) enroll(w *worker) (gained bool) {
	_, was := w.queues[q]
	is := q.has(w)
	switch {
	case is && !was:
		w.queues[q] = struct{}{}
		q.count(w.Activity, 1)
	case was && !is:
		delete(w.queues, q)
		delete(q.news, w)
		q.count(w.Activity, -1)
	}
	return is && !was
}

// count keeps the number of a queue's workers by activity.
func (q *queue) count(activity int64, by int) {
	if q.members[activity] += by; q.members[activity] == 0 {
		delete(q.members, activity)
	}
}

// Get is what target expressions read as worker (taskrouter-studio A.5). An attribute named channel is seen if it is no object.
func (w *worker) Get(name string) any {
	switch name {
	case "sid":
		return w.SID
	case "friendly_name":
		return w.Name
	case "activity_sid", "activity_name":
		switch {
		case w.activity == nil:
			return nil
		case name == "activity_sid":
			return w.activity.SID
		}
		return w.activity.Name
	case "channel":
		switch own := w.attributes[name].(type) {
		case nil, map[string]any:
			return (*load)(w)
		default:
			return own
		}
	}
	return w.attributes[name]
}

// bare is a worker as TargetWorkers reads it: without a prefix, or with worker before the name.
type bare worker

func (w *bare) Get(name string) any {
	if name == "worker" {
		return (*worker)(w)
	}
	return (*worker)(w).Get(name)
}

// load is a worker's channels by their unique names.
type load worker

func (l *load) Get(name string) any {
	for i := range l.slots {
		if s := &l.slots[i]; s.channel != nil && s.channel.UniqueName == name {
			return s
		}
	}
	return nil
}

// Get is what expressions read of one channel.
func (s *slot) Get(name string) any {
	switch name {
	case "configured_capacity":
		return s.Capacity
	case "assigned_tasks":
		return s.Assigned
	case "available_capacity_percentage":
		if s.Held >= s.Capacity {
			return 0
		}
		return 100 * (s.Capacity - s.Held) / s.Capacity
	}
	return nil
}

// candidateEnv is what a target's expression reads.
type candidateEnv struct {
	task   expr.Map
	worker *worker
}

func (e *candidateEnv) Get(name string) any {
	switch name {
	case "task":
		return e.task
	case "worker":
		return e.worker
	}
	return nil
}
