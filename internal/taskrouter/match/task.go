package match

import (
	"slices"
	"strings"

	"parley/internal/taskrouter/expr"
)

// task is a waiting task and where it is filed.
type task struct {
	Task
	attributes expr.Map

	// Set by file.
	flow  *flow  // nil: unknown
	aim   *aim   // nil: there is no workflow to say whom it is for
	home  *queue // whose order it is in; nowhere if it is in none
	at    rank   // its place in that order
	class *class // nil: it takes no offers now
	due   rank   // its place among the timers

	closed bool // the step's timeout has passed while it is offered: no more offers until these end
}

func (t *task) forWorker() bool { return strings.HasPrefix(t.Target, "WK") }
func (t *task) forQueue() bool  { return strings.HasPrefix(t.Target, "WQ") }

// PutTask tells of a task that waits. With pending reservations it is not Fresh, whatever is said.
func (b *Board) PutTask(f Task) {
	if t := b.tasks[f.ID]; t != nil {
		b.unfile(t)
	}
	t := &task{Task: f}
	t.attributes, _ = f.Attributes.(map[string]any)
	t.Holders = slices.Clone(f.Holders)
	t.Fresh = f.Fresh && len(f.Holders) == 0
	b.tasks[t.ID] = t
	b.file(t)
}

// DropTask tells that a task does not wait any more.
func (b *Board) DropTask(id int64) {
	if t := b.tasks[id]; t != nil {
		b.drop(t)
	}
}

func (b *Board) drop(t *task) {
	b.unfile(t)
	delete(b.tasks, t.ID)
}

// file gives a task its place: in its queue's order and class, among the timers, and among the fresh ones.
func (b *Board) file(t *task) {
	t.flow = b.flows[t.Workflow]
	t.aim, t.home = b.place(t)
	t.at = taskRank(&t.Task, t.home.LIFO)
	t.closed = false // the timer tells
	if t.takesOffers() {
		b.join(t)
	}
	if t.Fresh {
		b.fresh.put(rank{t.ID}, t)
	}
	b.setTimer(t)
}

func (b *Board) unfile(t *task) {
	b.leave(t)
	b.fresh.cut(rank{t.ID})
	b.tried.cut(rank{t.ID})
	b.timers.cut(t.due)
}

// place finds whom a task is for, and its queue.
func (b *Board) place(t *task) (*aim, *queue) {
	home := b.queues[t.Queue]
	a := anybody
	switch {
	case t.forWorker():
	case t.forQueue():
		home = b.queuesBySID[t.Target]
	case t.flow == nil || t.flow.Plan == nil:
		a = nil
	default:
		a = t.flow.at(t.Step)
		if home == nil {
			home = b.queueNamed(a.Queue)
		}
	}
	if home == nil {
		home = b.nowhere
	}
	return a, home
}

// takesOffers reports whether the task waits for more reservations.
func (t *task) takesOffers() bool {
	return t.aim != nil && !t.aim.never() && (t.home.ID != 0 || t.forWorker()) && !t.closed && len(t.Holders) < t.home.maxReserved()
}

// setTimer arranges that the task is looked at when it is due.
func (b *Board) setTimer(t *task) {
	b.timers.cut(t.due)
	if due := t.dueAt(); due != 0 {
		t.due = rank{due, t.ID}
		b.timers.put(t.due, t)
	}
}

// dueAt is when something is to be done about the task, 0 for never: its step's timeout once skip_if was looked at, its time to live, or its
// number of attempts, for which it is always too late.
func (t *task) dueAt() int64 {
	if t.worn() {
		return lowest[0]
	}
	due := t.Expires
	if end := t.deadline(); end != 0 && !t.Fresh && !t.closed && (due == 0 || end < due) {
		due = end
	}
	return due
}

// deadline is when the step's timeout ends, 0 for never.
func (t *task) deadline() int64 {
	if t.aim == nil || t.aim.Timeout == 0 {
		return 0
	}
	return t.Base + t.aim.Timeout*1_000_000
}

// worn reports whether the task was offered as often as a task may be.
func (t *task) worn() bool { return t.Attempts >= MaxAttempts && len(t.Holders) == 0 }

// holds reports whether the task is offered to a worker, or still is with it.
func (t *task) holds(worker int64) bool {
	return slices.Contains(t.Holders, worker) || slices.Contains(t.Keepers, worker)
}

// NextDue is when the earliest step timeout or time to live ends, in microseconds; 0 if none does. It may lie in the past: then Run has
// something to do.
func (b *Board) NextDue() int64 {
	if t := b.timers.first(); t != nil {
		return max(t.due[0], 1)
	}
	return 0
}
