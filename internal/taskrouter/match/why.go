package match

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"parley/internal/taskrouter/workflow"
)

// Obstacle is why a worker is no candidate for a task.
type Obstacle string

// The obstacles, in the order in which they are looked at: the first that applies to a worker is the one that is told.
const (
	NotTheTarget      Obstacle = "not the routing target"
	NotInQueue        Obstacle = "not in the queue"
	NotTheKnownWorker Obstacle = "not the known worker"
	AlreadyOffered    Obstacle = "already offered" // or it has the task and hands it on
	ActivityNotReady  Obstacle = "activity unavailable"
	ChannelNotReady   Obstacle = "channel unavailable"
	NoCapacity        Obstacle = "no capacity"
	ExpressionNotTrue Obstacle = "target expression false"
	NoObstacle        Obstacle = "candidate"
)

const maxExamples = 20

// Explanation says why a task waits.
type Explanation struct {
	Step       workflow.Step
	Queue      int64 // 0: it is in none
	QueueName  string
	Expression string // of the step's target, "" for none
	Holders    []int64
	Waits      string // why no worker is looked for now; "" if one is
	Faults     []Fault
	Workers    []Ruled // by obstacle, in the order of the constants
}

// Ruled is the workers whom one obstacle rules out.
type Ruled struct {
	Obstacle Obstacle
	Count    int
	Examples []int64 // up to 20, by number
}

// Fault is something that is configured wrongly, or an attribute that refers to somebody who cannot take the task.
type Fault struct {
	Code    int // see below; 0: none is documented
	Message string
	Worker  string // SID of the known worker whom the board does not know
}

// The codes of known workers whom a task cannot have (taskrouter-studio A.14).
const (
	KnownNotInQueue = 40152
	KnownUnknown    = 40154
	KnownElsewhere  = 40155 // for who sees other workspaces too; a board sees one
)

// Why explains why a waiting task has no worker; false if the board knows no such task. It looks at every worker of the workspace.
func (b *Board) Why(taskID int64) (e Explanation, ok bool) {
	t := b.tasks[taskID]
	if t == nil {
		return e, false
	}
	e = Explanation{Step: t.Step, Queue: t.home.ID, QueueName: t.home.Name, Holders: slices.Clone(t.Holders), Faults: b.faults(t)}
	if t.aim == nil {
		return e, true
	}
	e.Expression = t.aim.WhereText
	switch {
	case t.closed:
		e.Waits = "the step's timeout has passed; the task moves on when its pending reservations end"
	case len(t.Holders) >= t.home.maxReserved():
		e.Waits = "it is offered to as many workers at once as the queue reserves"
	}
	ruled := map[Obstacle]*Ruled{}
	for _, id := range slices.Sorted(maps.Keys(b.workers)) {
		o := b.obstacle(t, b.workers[id])
		r := ruled[o]
		if r == nil {
			r = &Ruled{Obstacle: o}
			ruled[o] = r
		}
		r.Count++
		if len(r.Examples) < maxExamples {
			r.Examples = append(r.Examples, id)
		}
	}
	for _, o := range []Obstacle{NotTheTarget, NotInQueue, NotTheKnownWorker, AlreadyOffered, ActivityNotReady, ChannelNotReady, NoCapacity,
		ExpressionNotTrue, NoObstacle} {
		if r := ruled[o]; r != nil {
			e.Workers = append(e.Workers, *r)
		}
	}
	return e, true
}

// obstacle finds the first thing that rules a worker out.
func (b *Board) obstacle(t *task, w *worker) Obstacle {
	key := t.classKey()
	_, member := w.queues[t.home]
	s := w.slot(t.Channel)
	switch {
	case key.routed && b.worker(key.only) != w:
		return NotTheTarget
	case !key.routed && !member:
		return NotInQueue
	case key.only != (wanted{}) && b.worker(key.only) != w:
		return NotTheKnownWorker
	case t.holds(w.ID):
		return AlreadyOffered
	case key.ignore:
		return NoObstacle
	case !w.available():
		return ActivityNotReady
	case s == nil || s.channel == nil || !s.Available:
		return ChannelNotReady
	case !s.free():
		return NoCapacity
	case t.aim.never() || t.aim.Where != nil && !t.aim.Where.Eval(&candidateEnv{t.attributes, w}):
		return ExpressionNotTrue
	}
	return NoObstacle
}

// faults finds what is wrong with the task's way itself.
func (b *Board) faults(t *task) (list []Fault) {
	add := func(code int, format string, args ...any) {
		list = append(list, Fault{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case t.aim == nil && t.flow == nil:
		add(0, "the task's workflow does not exist")
		return list
	case t.aim == nil:
		add(0, "the workflow's configuration cannot be read")
		return list
	case t.aim == anybody && !t.forWorker() && !t.forQueue():
		add(0, "the workflow has no filter %d with a target %d any more; the task waits in its queue without conditions", t.Step.Filter, t.Step.Target)
	}
	switch {
	case t.forWorker():
		if b.workersBySID[t.Target] == nil {
			add(0, "there is no worker %q, to whom the task is routed", t.Target)
		}
		return list
	case t.home == b.nowhere:
		add(0, "there is no queue %q", cmp.Or(t.aim.Queue, t.Target))
		return list
	case t.home.Members == nil:
		add(0, "the queue's worker expression cannot be read, so that nobody belongs to it")
	}
	if t.aim.never() {
		add(0, "the target's expression %q cannot be read, so that it suits nobody", t.aim.WhereText)
	}
	if only := t.knownWorker(); only != (wanted{}) {
		w := b.worker(only)
		if w == nil {
			add(KnownUnknown, "the known worker %q does not exist", cmp.Or(only.sid, only.name))
			list[len(list)-1].Worker = only.sid
		} else if _, member := w.queues[t.home]; !member {
			add(KnownNotInQueue, "the known worker %q does not belong to the queue", w.SID)
		}
	}
	return list
}
