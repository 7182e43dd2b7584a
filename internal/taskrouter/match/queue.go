package match

import "parley/internal/taskrouter/expr"

// queue is a queue with the classes of tasks that wait in it.
type queue struct {
	Queue
	members map[int64]int // how many workers belong to it, by activity

	classes ordered[*class] // by the rank of their first tasks
	byLoad  int             // classes whose condition depends on the workers' load

	// What a Run has to look at: the classes marked so, and for all classes the workers who got freer. Nothing before cursor is
	// left to be looked at.
	marked int
	news   map[*worker]struct{}
	line   map[int64]*ordered[*worker] // the news who can take work, by channel, who waits longest first
	cursor rank

	verdicts map[*class]map[*worker]*verdict // what classes with several tasks think of workers, while something is to be looked at

	offer offer // the first that can be made, unless stale
	stale bool
}

func newQueue() *queue {
	return &queue{members: map[int64]int{}, news: map[*worker]struct{}{}, line: map[int64]*ordered[*worker]{},
		verdicts: map[*class]map[*worker]*verdict{}, cursor: highest}
}

// join puts a worker who is among the news into the line of a channel.
func (q *queue) join(w *worker, s *slot) {
	line := q.line[s.Slot.Channel]
	if line == nil {
		line = &ordered[*worker]{}
		q.line[s.Slot.Channel] = line
	}
	line.put(s.at, w)
}

// forgetNews says that everything in the queue was looked at.
func (q *queue) forgetNews() {
	clear(q.news)
	clear(q.line)
	clear(q.verdicts)
}

func (q *queue) maxReserved() int { return max(1, q.MaxReserved) }

// has reports whether the queue's expression takes a worker.
func (q *queue) has(w *worker) bool { return q.Members != nil && q.Members.Eval((*bare)(w)) }

// PutQueue tells of a queue.
func (b *Board) PutQueue(f Queue) {
	q := b.queues[f.ID]
	if q == nil {
		q = newQueue()
		b.queues[f.ID] = q
	}
	forget(b.queuesBySID, q.SID, q)
	forget(b.queuesByName, q.Name, q)
	b.queuesBySID[f.SID], b.queuesByName[f.Name] = q, q
	old := q.Queue
	q.Queue = f
	delete(b.byLoad, q.ID)
	if f.Members != nil && ReadsLoad(f.Members) {
		b.byLoad[q.ID] = q
	}
	for _, w := range b.workers {
		if q.enroll(w) {
			b.tell(q, w)
		}
	}
	old.Members = f.Members
	if old != f {
		b.refile(func(t *task) bool { return t.home == q || t.home == b.nowhere || t.Queue == q.ID })
	}
}

// DropQueue tells that a queue is gone: tasks in it are offered to nobody, unless they are for one worker.
func (b *Board) DropQueue(id int64) {
	q := b.queues[id]
	if q == nil {
		return
	}
	delete(b.queues, id)
	delete(b.byLoad, q.ID)
	forget(b.queuesBySID, q.SID, q)
	forget(b.queuesByName, q.Name, q)
	for _, w := range b.workers {
		delete(w.queues, q)
	}
	b.refile(func(t *task) bool { return t.home == q })
	delete(b.busy, q)
}

// forget takes v out of an index, unless somebody else has its key by now.
func forget[T comparable](index map[string]T, key string, v T) {
	if index[key] == v {
		delete(index, key)
	}
}

// queueNamed finds a queue by SID or, as old configurations write it, by name (taskrouter-studio A.4).
func (b *Board) queueNamed(ref string) *queue {
	if q := b.queuesBySID[ref]; q != nil {
		return q
	}
	return b.queuesByName[ref]
}

// Eligible counts the workers of a queue, and those of them whose activity is available.
func (b *Board) Eligible(queue int64) (total, available int) {
	q := b.queues[queue]
	if q == nil {
		return 0, 0
	}
	return b.eligible(q)
}

func (b *Board) eligible(q *queue) (total, available int) {
	for id, n := range q.members {
		total += n
		if a := b.activities[id]; a != nil && a.Available {
			available += n
		}
	}
	return total, available
}

// headcount is what a skip_if reads: the workers of its target's queue by activity, whatever their capacity (taskrouter-studio A.4).
type headcount struct {
	b *Board
	q *queue
}

// Get answers "workers", and of it "available", "unavailable" and the SIDs of activities.
func (h headcount) Get(name string) any {
	if name == "workers" {
		return headcounts(h)
	}
	return nil
}

type headcounts headcount

func (h headcounts) Get(name string) any {
	total, available := h.b.eligible(h.q)
	switch name {
	case "available":
		return available
	case "unavailable":
		return total - available
	}
	for id, a := range h.b.activities {
		if a.SID == name {
			return h.q.members[id]
		}
	}
	return nil
}

// ReadsLoad reports whether an expression over workers reads what they have to do: the values of their channels.
func ReadsLoad(e *expr.Expr) bool {
	for _, path := range e.Paths() {
		if len(path) > 1 && path[0] == "worker" {
			path = path[1:]
		}
		if path[0] == "channel" {
			return true
		}
	}
	return false
}
