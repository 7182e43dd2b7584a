package match

import (
	"encoding/json"

	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/workflow"
)

// class is waiting tasks of one queue that are alike for every worker who holds none of them: the same channel and step, and the same values
// of all attributes that the step's conditions read.
type class struct {
	key   classKey
	home  *queue
	aim   *aim
	tasks ordered[*task]
	at    rank // of the first task, under which the class is in home.classes

	// marked: every free worker is to be looked at, not only the queue's news.
	marked bool
	// barren: no free worker suits, the queue's news aside. So a task that joins need not be tried.
	barren bool
}

type classKey struct {
	home     *queue
	workflow int64
	step     workflow.Step
	channel  int64
	only     wanted // the one worker that the tasks are for; zero: anybody
	routed   bool   // only is the routing target, not a known worker: whether it belongs to the queue does not matter
	ignore   bool   // nor does its capacity
	values   string // of the attributes that the step's condition reads
}

// wanted names a worker by SID or by name, whether it exists or not.
type wanted struct {
	sid, name string
	broken    bool // the task refers to something that is no text, so to nobody
}

func (b *Board) worker(w wanted) *worker {
	switch {
	case w.sid != "":
		return b.workersBySID[w.sid]
	case w.name != "":
		return b.workersByName[w.name]
	}
	return nil
}

// join adds a task to its class.
func (b *Board) join(t *task) {
	key := t.classKey()
	c := b.classes[key]
	if c == nil {
		c = &class{key: key, home: t.home, aim: t.aim, at: highest}
		b.open(c)
	}
	t.class = c
	c.tasks.put(t.at, t)
	b.reorder(c)
	if !c.barren {
		b.mark(c)
	}
}

// leave takes a task out of its class.
func (b *Board) leave(t *task) {
	c := t.class
	if c == nil {
		return
	}
	t.class = nil
	c.tasks.cut(t.at)
	b.reorder(c)
	if c.tasks.len == 0 {
		b.close(c)
	}
}

func (b *Board) open(c *class) {
	b.classes[c.key] = c
	if c.aim.byLoad {
		c.home.byLoad++
	}
	if only := c.key.only; only != (wanted{}) {
		if b.wanted[only] == nil {
			b.wanted[only] = map[*class]struct{}{}
		}
		b.wanted[only][c] = struct{}{}
	}
}

func (b *Board) close(c *class) {
	delete(b.classes, c.key)
	delete(c.home.verdicts, c)
	if c.aim.byLoad {
		c.home.byLoad--
	}
	if only := c.key.only; only != (wanted{}) {
		if delete(b.wanted[only], c); len(b.wanted[only]) == 0 {
			delete(b.wanted, only)
		}
	}
	c.unmark()
}

// reorder gives a class the place of its first task.
func (b *Board) reorder(c *class) {
	q := c.home
	q.stale = true
	first := c.tasks.first()
	if first != nil && first.at == c.at {
		return
	}
	if c.at != highest {
		q.classes.cut(c.at)
		c.at = highest
	}
	if first != nil {
		c.at = first.at
		q.classes.put(c.at, c)
		if _, busy := b.busy[q]; busy && c.at.before(q.cursor) {
			q.cursor = c.at
		}
	}
}

// mark says that a class is to be looked at with every free worker.
func (b *Board) mark(c *class) {
	if !c.marked {
		c.marked = true
		c.home.marked++
	}
	b.wake(c.home, c.at)
}

func (c *class) unmark() {
	if c.marked {
		c.marked = false
		c.home.marked--
	}
}

// tell says that a worker got freer for a queue: each class of it is to be looked at with that worker.
func (b *Board) tell(q *queue, w *worker) {
	if q.classes.len > 0 {
		if _, known := q.news[w]; !known {
			q.news[w] = struct{}{}
			for i := range w.slots {
				if s := &w.slots[i]; s.idle {
					q.join(w, s)
				}
			}
		}
		b.wake(q, lowest)
	}
}

// wake says that something in a queue, not before a place, is to be looked at.
func (b *Board) wake(q *queue, at rank) {
	b.busy[q] = struct{}{}
	q.stale = true
	if at.before(q.cursor) {
		q.cursor = at
	}
}

// classKey tells the task's class.
func (t *task) classKey() classKey {
	k := classKey{home: t.home, workflow: t.Workflow, step: t.Step, channel: t.Channel}
	if t.forWorker() || t.forQueue() {
		k.workflow, k.step = 0, workflow.Step{}
	}
	if t.forWorker() {
		k.only, k.routed, k.ignore = wanted{sid: t.Target}, true, t.IgnoreCapacity
	} else {
		k.only = t.knownWorker()
	}
	var values []byte
	for _, path := range t.aim.reads {
		values = appendValue(values, expr.Lookup(t.attributes, path))
	}
	k.values = string(values)
	return k
}

// knownWorker is the worker to whom the task's attributes refer where the step asks for one; zero if there is none
// (taskrouter-studio A.4).
func (t *task) knownWorker() wanted {
	if t.aim.KnownWorker != nil {
		if v := expr.Lookup(t.attributes, t.aim.KnownWorker); v != nil {
			sid, _ := v.(string)
			return wanted{sid: sid, broken: sid == ""}
		}
	}
	if t.aim.KnownName != nil {
		if v := expr.Lookup(t.attributes, t.aim.KnownName); v != nil {
			name, _ := v.(string)
			return wanted{name: name, broken: name == ""}
		}
	}
	return wanted{}
}

// appendValue writes a value so that different ones differ, also in a row.
func appendValue(to []byte, v any) []byte {
	encoded, _ := json.Marshal(v) // what was decoded from JSON always encodes
	return append(append(to, encoded...), '\n')
}
