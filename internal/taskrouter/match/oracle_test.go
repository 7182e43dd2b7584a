package match

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/workflow"
)

// world holds the same facts as a Board and decides by looking at all of them each time. It is slow and plainly follows the rules; what it
// decides is right.
type world struct {
	workspace  Workspace
	activities map[int64]Activity
	channels   map[int64]Channel
	queues     map[int64]Queue
	workflows  map[int64]Workflow
	workers    map[int64]*Worker
	tasks      map[int64]*Task

	tried     []int64 // tasks that entered a step and got nothing: skip_if is next
	decisions []Decision
}

func newWorld() *world {
	return &world{
		activities: map[int64]Activity{}, channels: map[int64]Channel{}, queues: map[int64]Queue{}, workflows: map[int64]Workflow{},
		workers: map[int64]*Worker{}, tasks: map[int64]*Task{},
	}
}

func sorted[V any](m map[int64]V) []int64 { return slices.Sorted(maps.Keys(m)) }

func (o *world) plan(t *Task) *workflow.Plan {
	f, ok := o.workflows[t.Workflow]
	if !ok {
		return nil
	}
	return f.Plan
}

func routed(t *Task, prefix string) bool { return strings.HasPrefix(t.Target, prefix) }

// target is what the task's step asks for; nil if nobody can say.
func (o *world) target(t *Task) *workflow.Target {
	if routed(t, "WK") || routed(t, "WQ") {
		return &workflow.Target{}
	}
	plan := o.plan(t)
	if plan == nil {
		return nil
	}
	if target := plan.At(t.Step); target != nil {
		return target
	}
	return &workflow.Target{}
}

// queue is the task's queue, the zero value if it has none.
func (o *world) queue(t *Task) Queue {
	if routed(t, "WQ") {
		return o.bySID(t.Target)
	}
	if q, ok := o.queues[t.Queue]; ok {
		return q
	}
	if target := o.target(t); target != nil {
		return o.named(target.Queue)
	}
	return Queue{}
}

func (o *world) bySID(sid string) Queue {
	for _, id := range sorted(o.queues) {
		if o.queues[id].SID == sid {
			return o.queues[id]
		}
	}
	return Queue{}
}

func (o *world) named(ref string) Queue {
	if q := o.bySID(ref); q.ID != 0 {
		return q
	}
	for _, id := range sorted(o.queues) {
		if o.queues[id].Name == ref {
			return o.queues[id]
		}
	}
	return Queue{}
}

// facts of a worker as expressions see them.
func (o *world) facts(w *Worker) map[string]any {
	all := map[string]any{}
	maps.Copy(all, w.Attributes.(map[string]any))
	all["sid"], all["friendly_name"] = w.SID, w.Name
	all["activity_sid"], all["activity_name"] = nil, nil
	if a, ok := o.activities[w.Activity]; ok {
		all["activity_sid"], all["activity_name"] = a.SID, a.Name
	}
	channels := map[string]any{}
	for _, s := range w.Slots {
		if c, ok := o.channels[s.Channel]; ok {
			percentage := 0.0
			if s.Capacity > s.Held {
				percentage = math.Floor(100 * (1 - float64(s.Held)/float64(s.Capacity)))
			}
			channels[c.UniqueName] = map[string]any{
				"configured_capacity": float64(s.Capacity), "assigned_tasks": float64(s.Assigned), "available_capacity_percentage": percentage,
			}
		}
	}
	all["channel"] = channels
	return all
}

func (o *world) member(w *Worker, q Queue) bool {
	if q.Members == nil {
		return false
	}
	env := o.facts(w)
	env["worker"] = o.facts(w)
	return q.Members.Eval(expr.Map(env))
}

func slotOf(w *Worker, channel int64) *Slot {
	for i := range w.Slots {
		if w.Slots[i].Channel == channel {
			return &w.Slots[i]
		}
	}
	return nil
}

// candidate reports whether a task can be offered to a worker (taskrouter-studio A.4.3, A.4.10, A.4.11, A.6).
func (o *world) candidate(t *Task, w *Worker) bool {
	target := o.target(t)
	if target == nil || slices.Contains(t.Holders, w.ID) || slices.Contains(t.Keepers, w.ID) {
		return false
	}
	if routed(t, "WK") && w.SID != t.Target {
		return false
	}
	if !routed(t, "WK") && !o.member(w, o.queue(t)) {
		return false
	}
	task, _ := t.Attributes.(map[string]any)
	if !routed(t, "WK") {
		if v := expr.Lookup(expr.Map(task), target.KnownWorker); target.KnownWorker != nil && v != nil {
			if v != w.SID {
				return false
			}
		} else if v := expr.Lookup(expr.Map(task), target.KnownName); target.KnownName != nil && v != nil && v != w.Name {
			return false
		}
	}
	if target.WhereText != "" && (target.Where == nil || !target.Where.Eval(expr.Map{"task": task, "worker": o.facts(w)})) {
		return false
	}
	if routed(t, "WK") && t.IgnoreCapacity {
		return true
	}
	_, known := o.channels[t.Channel]
	s := slotOf(w, t.Channel)
	return known && s != nil && o.activities[w.Activity].Available && s.Available && s.Held < s.Capacity
}

func (o *world) overdue(t *Task, now int64) bool {
	target := o.target(t)
	return target != nil && target.Timeout > 0 && !t.Fresh && t.Base+target.Timeout*1_000_000 <= now
}

// best is the worker who should have a task, or nil.
func (o *world) best(t *Task, now int64) *Worker {
	if len(t.Holders) >= max(1, o.queue(t).MaxReserved) || o.overdue(t, now) {
		return nil
	}
	var list []*Worker
	for _, id := range sorted(o.workers) {
		if o.candidate(t, o.workers[id]) {
			list = append(list, o.workers[id])
		}
	}
	if len(list) == 0 {
		return nil
	}
	last := func(w *Worker) int64 {
		if s := slotOf(w, t.Channel); s != nil && o.channels[t.Channel].Optimized {
			return s.LastAssigned
		}
		return w.LastAssigned
	}
	held := func(w *Worker) int {
		if s := slotOf(w, t.Channel); s != nil {
			return s.Held
		}
		return 0
	}
	keys := o.target(t).OrderBy
	for _, key := range keys {
		for _, w := range list {
			v := expr.Lookup(expr.Map(o.facts(w)), key.Path)
			if _, ok := expr.Integer(v); v != nil && !ok {
				keys = nil
			}
		}
	}
	slices.SortFunc(list, func(v, w *Worker) int {
		for _, key := range keys {
			a, okA := expr.Integer(expr.Lookup(expr.Map(o.facts(v)), key.Path))
			b, okB := expr.Integer(expr.Lookup(expr.Map(o.facts(w)), key.Path))
			switch {
			case okA && !okB:
				return -1
			case okB && !okA:
				return 1
			case okA && okB && a != b && key.Desc:
				return cmp.Compare(b, a)
			case okA && okB && a != b:
				return cmp.Compare(a, b)
			}
		}
		return cmp.Or(cmp.Compare(last(v), last(w)), cmp.Compare(held(v), held(w)), cmp.Compare(v.ID, w.ID))
	})
	return list[0]
}

// offer finds the first offer that can be made: of each queue the first task that has a candidate, of these the first across queues
// (taskrouter-studio A.7).
func (o *world) offer(now int64) (*Task, *Worker) {
	heads := map[int64]*Task{}
	for _, id := range sorted(o.tasks) {
		t := o.tasks[id]
		q := o.queue(t)
		if h := heads[q.ID]; (h == nil || inQueueBefore(t, h, q)) && o.best(t, now) != nil {
			heads[q.ID] = t
		}
	}
	var first *Task
	for _, id := range sorted(heads) {
		if t := heads[id]; first == nil || o.acrossBefore(t, first) {
			first = t
		}
	}
	if first == nil {
		return nil, nil
	}
	return first, o.best(first, now)
}

func inQueueBefore(a, b *Task, q Queue) bool {
	switch {
	case q.LIFO && a.VirtualStart != b.VirtualStart:
		return a.VirtualStart > b.VirtualStart
	case q.LIFO:
		return a.ID > b.ID
	case a.Priority != b.Priority:
		return a.Priority > b.Priority
	case a.VirtualStart != b.VirtualStart:
		return a.VirtualStart < b.VirtualStart
	}
	return a.ID < b.ID
}

func (o *world) acrossBefore(a, b *Task) bool {
	p, q := o.queue(a), o.queue(b)
	switch {
	case a.Priority != b.Priority:
		return a.Priority > b.Priority
	case p.LIFO != q.LIFO:
		return p.LIFO == o.workspace.LIFOFirst
	case a.VirtualStart != b.VirtualStart:
		return a.VirtualStart < b.VirtualStart
	}
	return a.ID < b.ID
}

// run decides what is to be done now, up to a limit.
func (o *world) run(now int64, limit int) []Decision {
	o.decisions = nil
	for len(o.decisions) < limit {
		if o.ring(now) {
			continue
		}
		if len(o.tried) > 0 {
			t := o.tasks[o.tried[0]]
			o.tried = o.tried[1:]
			o.settle(t)
			continue
		}
		if t, w := o.offer(now); t != nil {
			o.reserve(t, w, now)
			continue
		}
		for _, id := range sorted(o.tasks) {
			if o.tasks[id].Fresh {
				o.tried = append(o.tried, id)
			}
		}
		if len(o.tried) == 0 {
			break
		}
	}
	return o.decisions
}

// drop takes a task out of the world.
func (o *world) drop(id int64) {
	delete(o.tasks, id)
	o.tried = slices.DeleteFunc(slices.Clone(o.tried), func(tried int64) bool { return tried == id })
}

func (o *world) ring(now int64) bool {
	var first *Task
	var firstDue int64
	for _, id := range sorted(o.tasks) {
		t := o.tasks[id]
		due := int64(math.MaxInt64)
		if t.Expires != 0 && t.Expires <= now {
			due = t.Expires
		}
		if o.overdue(t, now) && len(t.Holders) == 0 {
			due = min(due, t.Base+o.target(t).Timeout*1_000_000)
		}
		if t.Attempts >= MaxAttempts && len(t.Holders) == 0 {
			due = math.MinInt64
		}
		if due < math.MaxInt64 && (first == nil || due < firstDue) {
			first, firstDue = t, due
		}
	}
	if first == nil {
		return false
	}
	t := first
	switch {
	case t.Expires != 0 && t.Expires <= now:
		o.expire(t, "Task TTL Exceeded")
	case t.Attempts >= MaxAttempts && len(t.Holders) == 0:
		o.expire(t, "Task TTL Exceeded or Max assignment count exceeded")
	default:
		o.advance(t, false)
	}
	return true
}

func (o *world) settle(t *Task) {
	t.Fresh = false
	target := o.target(t)
	if target == nil || target.SkipIf == nil {
		return
	}
	counts := map[string]any{"available": 0.0, "unavailable": 0.0}
	for _, w := range o.workers {
		if o.member(w, o.queue(t)) {
			a := o.activities[w.Activity]
			key := "unavailable"
			if a.Available {
				key = "available"
			}
			counts[key] = counts[key].(float64) + 1
			n, _ := counts[a.SID].(float64)
			counts[a.SID] = n + 1
		}
	}
	for _, a := range o.activities {
		if counts[a.SID] == nil {
			counts[a.SID] = 0.0
		}
	}
	if target.SkipIf.Eval(expr.Map{"workers": counts}) {
		o.advance(t, true)
	}
}

func (o *world) decide(t *Task, d Decision) {
	d.Task, d.Version, d.Base, d.OnlySkips = t.ID, t.Version, t.Base, t.OnlySkips
	t.Version++
	o.decisions = append(o.decisions, d)
}

func (o *world) reserve(t *Task, w *Worker, now int64) {
	timeout := int64(120_000_000)
	if f, ok := o.workflows[t.Workflow]; ok {
		timeout = f.ReservationTimeout
	}
	o.decide(t, Decision{Kind: Reserve, Worker: w.ID, Queue: o.queue(t).ID, Expires: now + timeout, From: t.Step, To: t.Step})
	if len(t.Holders) == 0 {
		t.Attempts++
	}
	t.Holders = append(slices.Clone(t.Holders), w.ID)
	t.Fresh = false
	w.LastAssigned = now
	w.Slots = slices.Clone(w.Slots)
	if s := slotOf(w, t.Channel); s != nil {
		s.Held++
		s.LastAssigned = now
	}
}

func (o *world) expire(t *Task, reason string) {
	o.decide(t, Decision{Kind: Expire, Queue: o.queue(t).ID, From: t.Step, To: t.Step, Reason: reason})
	o.drop(t.ID)
	for _, id := range t.Holders {
		o.release(id, t.Channel)
	}
}

// release ends a reservation of a worker.
func (o *world) release(worker, channel int64) {
	if w := o.workers[worker]; w != nil {
		w.Slots = slices.Clone(w.Slots)
		if s := slotOf(w, channel); s != nil && s.Held > 0 {
			s.Held--
		}
	}
}

func (o *world) advance(t *Task, skipped bool) {
	from, queue := t.Step, o.queue(t).ID
	task, _ := t.Attributes.(map[string]any)
	next, ok := o.plan(t).Next(expr.Map(task), from, skipped, t.OnlySkips)
	if !skipped {
		t.Base += o.target(t).Timeout * 1_000_000
		t.OnlySkips = false
	}
	if !ok {
		o.decide(t, Decision{Kind: Leave, Queue: queue, From: from, To: from, Skipped: skipped, Reason: "Task canceled on Workflow timeout"})
		o.drop(t.ID)
		return
	}
	t.Step, t.Fresh = next, true
	target := o.plan(t).At(next)
	t.Queue = o.named(target.Queue).ID
	if target.Priority != nil {
		t.Priority = *target.Priority
	}
	reason := "timeout"
	if skipped {
		reason = "skip"
	}
	o.decide(t, Decision{Kind: Move, Queue: t.Queue, From: from, To: next, Priority: target.Priority, Skipped: skipped, Reason: reason})
}
