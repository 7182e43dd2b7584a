package match

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/workflow"
)

const second = 1_000_000

func mustParse(text string) *expr.Expr {
	e, err := expr.Parse(text)
	if err != nil {
		panic(err)
	}
	return e
}

func mustPlan(text string) *workflow.Plan {
	p, err := workflow.Parse(text)
	if err != nil {
		panic(err)
	}
	return p
}

// What a random workspace is made of: few values, so that much happens between them.
var (
	someMembers = []*expr.Expr{
		nil, mustParse(`1==1`), mustParse(`1==1`), mustParse(`langs HAS "es"`), mustParse(`worker.level > 1`), mustParse(`activity_name != "Break"`),
		mustParse(`channel.chat.available_capacity_percentage < 60`), mustParse(`worker.channel.voice.assigned_tasks == 0`),
	}
	somePlans = []*workflow.Plan{
		nil,
		mustPlan(`{"task_routing":{"filters":[],"default_filter":{"queue":"WQ1"}}}`),
		mustPlan(`{"task_routing":{"filters":[
			{"expression":"kind == 'a'","targets":[
				{"queue":"WQ1","expression":"task.lang IN worker.langs","order_by":"worker.level DESC, worker.age ASC","timeout":10,"priority":5},
				{"expression":"worker.sid NOT IN task.seen","skip_if":"workers.available == 0","timeout":10},
				{"queue":"second","timeout":20}]},
			{"expression":"lang == 'es'","targets":[{"queue":"WQ3","skip_if":"1==1"},{"queue":"WQ4","skip_if":"workers.WA2 > 1","timeout":5}]}],
			"default_filter":{"queue":"WQ2","priority":"1"}}}`),
		mustPlan(`{"task_routing":{"filters":[
			{"expression":"1==1","targets":[
				{"queue":"WQ2","known_worker_sid":"task.known","known_worker_friendly_name":"task.name","timeout":10,"skip_if":"workers.available < 1"},
				{"expression":"worker.channel.chat.available_capacity_percentage != 50","timeout":10},
				{"queue":"WQ3","expression":"worker.channel.chat.assigned_tasks > 0 OR worker.level == task.level","order_by":"worker.level","skip_if":"1==1","priority":9}]},
			{"expression":"kind == 'a'","targets":[{"queue":"WQ9","timeout":1},{"queue":"WQ1","expression":"x ==","timeout":1},{"queue":"WQ1"}]}]}}`),
	}
	someLangs = [][]any{nil, {"es"}, {"de"}, {"es", "de"}}
)

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func (o *world) randomQueue(r *rand.Rand, id int64) Queue {
	name := pick(r, "first", "second")
	for _, other := range o.queues { // names are unique in a workspace
		if other.ID != id && other.Name == name {
			name = fmt.Sprint("queue ", id)
		}
	}
	return Queue{
		ID: id, SID: fmt.Sprintf("WQ%d", id), Name: name, Members: pick(r, someMembers...),
		MaxReserved: pick(r, 0, 1, 1, 2, 3), LIFO: pick(r, false, false, true),
	}
}

func (d *teller) randomWorker(r *rand.Rand, id int64) Worker {
	attributes := map[string]any{}
	if langs := pick(r, someLangs...); langs != nil {
		attributes["langs"] = langs
	}
	if level := pick[any](r, nil, 1.0, 2.0, 3.0, "7"); level != nil {
		attributes["level"] = level
	}
	attributes["age"] = float64(r.IntN(3))
	w := Worker{
		ID: id, SID: fmt.Sprintf("WK%d", id), Name: fmt.Sprint("worker ", id), Activity: pick[int64](r, 1, 1, 1, 2, 3, 4), Attributes: attributes,
		LastAssigned: d.now - int64(r.IntN(5))*second,
	}
	for c := range int64(3) {
		if d.calm || r.IntN(6) > 0 {
			w.Slots = append(w.Slots, Slot{
				Channel: c + 1, Capacity: r.IntN(4), Held: r.IntN(2), Assigned: r.IntN(2), Available: r.IntN(5) > 0,
				LastAssigned: d.now - int64(r.IntN(5))*second,
			})
		}
	}
	return w
}

func (d *teller) randomTask(r *rand.Rand, id int64) Task {
	now := d.now
	attributes := map[string]any{"kind": pick[any](r, "a", "b"), "lang": pick[any](r, "es", "de", nil), "level": pick[any](r, 1.0, 2.0, nil)}
	if r.IntN(3) == 0 {
		attributes["seen"] = []any{fmt.Sprintf("WK%d", r.IntN(4))}
	}
	if r.IntN(3) == 0 {
		attributes["known"] = pick[any](r, "WK1", "WK2", "WK9", 7.0, nil)
	}
	if r.IntN(3) == 0 {
		attributes["name"] = pick[any](r, "worker 1", "worker 3", nil)
	}
	t := Task{
		ID: id, Version: int64(r.IntN(5)), Workflow: int64(r.IntN(4)), Channel: int64(1 + r.IntN(3)), Attributes: attributes,
		Priority: int64(r.IntN(3)), Created: now, VirtualStart: now - int64(r.IntN(4))*second, Fresh: true, Base: now, OnlySkips: true,
		Attempts: pick(r, 0, 0, 0, 0, MaxAttempts-1, MaxAttempts),
	}
	if d.calm {
		t.Workflow, t.Channel, t.Attempts = int64(2+r.IntN(2)), int64(1+r.IntN(2)), 0
	} else {
		t.Queue = pick[int64](r, 0, 0, 0, 1, 2, 9)
		t.Target = pick(r, "", "", "", "", "WK1", "WK2", "WK9", "WQ1", "WQ9", "WW1")
		t.IgnoreCapacity = r.IntN(2) == 0
		if r.IntN(2) == 0 {
			t.Expires = now + int64(r.IntN(40))*second
		}
	}
	if r.IntN(8) == 0 {
		t.Keepers = []int64{int64(1 + r.IntN(6))}
	}
	if plan := d.plan(&t); plan != nil {
		t.Step, _ = plan.Enter(expr.Map(attributes))
	}
	if !d.calm && r.IntN(6) == 0 {
		t.Step = workflow.Step{Filter: r.IntN(3), Target: r.IntN(4)}
		t.Fresh, t.OnlySkips = r.IntN(2) == 0, false
	}
	return t
}

// teller is where facts go: the world, and a board that is told the same.
type teller struct {
	*world
	board *Board
	now   int64
	next  int64 // the last task
	// calm: what is configured stays, tasks are much alike and most may be given away. So nothing but what happens to workers and tasks
	// makes the board look.
	calm bool
}

func (d *teller) putWorker(w Worker) {
	d.workers[w.ID] = &w
	d.board.PutWorker(w)
}

func (d *teller) putTask(t Task) {
	d.drop(t.ID)
	d.tasks[t.ID] = &t
	d.board.PutTask(t)
}

// happen lets something happen to the workspace.
func (d *teller) happen(r *rand.Rand) {
	kind := r.IntN(24)
	if d.calm {
		kind = 6 + r.IntN(18)
	}
	switch kind {
	case 0:
		d.workspace = Workspace{LIFOFirst: r.IntN(2) == 0}
		d.board.SetWorkspace(d.workspace)
	case 1:
		id := int64(1 + r.IntN(3))
		a := Activity{ID: id, SID: fmt.Sprintf("WA%d", id), Name: pick(r, "Available", "Break"), Available: r.IntN(3) > 0}
		if r.IntN(5) == 0 {
			delete(d.activities, id)
			d.board.DropActivity(id)
		} else {
			d.activities[id] = a
			d.board.PutActivity(a)
		}
	case 2:
		id := int64(1 + r.IntN(3))
		if r.IntN(5) == 0 {
			delete(d.channels, id)
			d.board.DropChannel(id)
		} else {
			d.channels[id] = Channel{ID: id, UniqueName: []string{"chat", "voice", "sms"}[id-1], Optimized: r.IntN(2) == 0}
			d.board.PutChannel(d.channels[id])
		}
	case 3, 4:
		id := int64(1 + r.IntN(4))
		if r.IntN(5) == 0 {
			delete(d.queues, id)
			d.board.DropQueue(id)
			break
		}
		d.queues[id] = d.randomQueue(r, id)
		d.board.PutQueue(d.queues[id])
	case 5:
		id := int64(1 + r.IntN(3))
		if r.IntN(5) == 0 {
			delete(d.workflows, id)
			d.board.DropWorkflow(id)
		} else {
			d.workflows[id] = Workflow{ID: id, Plan: pick(r, somePlans...), ReservationTimeout: 30 * second}
			d.board.PutWorkflow(d.workflows[id])
		}
	case 6, 7, 8, 9:
		d.putWorker(d.randomWorker(r, int64(1+r.IntN(6))))
	case 10:
		id := int64(1 + r.IntN(6))
		delete(d.workers, id)
		d.board.DropWorker(id)
	case 11, 12, 13, 14, 15:
		d.next++
		d.putTask(d.randomTask(r, d.next))
	case 16:
		if id := d.someTask(r); id != 0 {
			d.drop(id)
			d.board.DropTask(id)
		}
	case 17:
		if id := d.someTask(r); id != 0 {
			d.putTask(d.randomTask(r, id))
		}
	case 18, 19, 20, 21:
		d.answer(r)
	default:
		d.now += int64(r.IntN(8)) * second
	}
}

func (d *teller) someTask(r *rand.Rand) int64 {
	if len(d.tasks) == 0 {
		return 0
	}
	return pick(r, sorted(d.tasks)...)
}

// answer lets a worker accept or reject an offer, or lets it time out.
func (d *teller) answer(r *rand.Rand) {
	id := d.someTask(r)
	if id == 0 || len(d.tasks[id].Holders) == 0 {
		return
	}
	t := *d.tasks[id]
	who := pick(r, t.Holders...)
	if r.IntN(2) == 0 { // accepted: the others are rescinded
		d.drop(id)
		d.board.DropTask(id)
		for _, other := range t.Holders {
			if other != who {
				d.tellRelease(other, t.Channel)
			}
		}
		return
	}
	t.Holders = slices.DeleteFunc(slices.Clone(t.Holders), func(w int64) bool { return w == who })
	t.Version++
	d.putTask(t)
	d.tellRelease(who, t.Channel)
}

func (d *teller) tellRelease(worker, channel int64) {
	d.release(worker, channel)
	if w := d.workers[worker]; w != nil {
		d.board.PutWorker(*w)
	}
}

// copied returns the world as it is now, for somebody else to change.
func (o *world) copied() *world {
	c := *o
	c.workers, c.tasks = map[int64]*Worker{}, map[int64]*Task{}
	for id, w := range o.workers {
		v := *w
		c.workers[id] = &v
	}
	for id, t := range o.tasks {
		v := *t
		c.tasks[id] = &v
	}
	return &c
}

// anew is a board that is told the whole world at once, in an order of its own.
func (o *world) anew(r *rand.Rand) *Board {
	b := NewBoard()
	tell := []func(){func() { b.SetWorkspace(o.workspace) }}
	for _, id := range sorted(o.activities) {
		tell = append(tell, func() { b.PutActivity(o.activities[id]) })
	}
	for _, id := range sorted(o.channels) {
		tell = append(tell, func() { b.PutChannel(o.channels[id]) })
	}
	for _, id := range sorted(o.queues) {
		tell = append(tell, func() { b.PutQueue(o.queues[id]) })
	}
	for _, id := range sorted(o.workflows) {
		tell = append(tell, func() { b.PutWorkflow(o.workflows[id]) })
	}
	for _, id := range sorted(o.workers) {
		tell = append(tell, func() { b.PutWorker(*o.workers[id]) })
	}
	for _, id := range sorted(o.tasks) {
		tell = append(tell, func() { b.PutTask(*o.tasks[id]) })
	}
	r.Shuffle(len(tell), func(i, j int) { tell[i], tell[j] = tell[j], tell[i] })
	for _, f := range tell {
		f()
	}
	return b
}

// The property: whatever happened before, a board decides what somebody decides who looks at the whole workspace each time; and so does a
// board that is told everything anew, and one that is interrupted.
func TestBoardDecidesAsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, seed := range rapid.SliceOfN(rapid.Uint64(), 1, 8).Draw(t, "workspaces") {
			checkWorkspace(t, rand.New(rand.NewPCG(seed, 0)), rapid.IntRange(1, 60).Draw(t, "runs"))
		}
	})
}

func checkWorkspace(t *rapid.T, r *rand.Rand, runs int) {
	d := &teller{world: newWorld(), now: 1_000 * second, calm: r.IntN(2) == 0}
	for _, id := range []int64{1, 2, 3, 4} {
		d.activities[id] = Activity{ID: id, SID: fmt.Sprintf("WA%d", id), Name: "Available", Available: id < 3}
		d.channels[id] = Channel{ID: id, UniqueName: []string{"chat", "voice", "sms", "video"}[id-1], Optimized: id == 2}
		d.queues[id] = d.randomQueue(r, id)
		if id < 4 {
			d.workflows[id] = Workflow{ID: id, Plan: somePlans[id], ReservationTimeout: 30 * second}
		}
	}
	d.board = d.anew(r)
	for range runs {
		for range r.IntN(5) {
			d.happen(r)
		}
		before := d.copied()
		limit := pick(r, 1, 3, 1000, 1000, 1000)
		got, more := d.board.Run(d.now, limit)
		if len(d.tried) == 0 { // what was tried already is the one thing that a new board cannot know
			anew, _ := d.anew(r).Run(d.now, limit)
			if !reflect.DeepEqual(anew, got) {
				t.Fatalf("the board decides\n%s\na new one\n%s", shown(got), shown(anew))
			}
		}
		if want := d.run(d.now, limit); !reflect.DeepEqual(got, want) || more != (len(want) == limit) {
			t.Fatalf("the board decides\n%s(more: %v), the oracle\n%s", shown(got), more, shown(want))
		}
		checkDecisions(t, before, got)
		checkBoard(t, d, more)
	}
}

func shown(list []Decision) (s string) {
	for _, d := range list {
		s += fmt.Sprintf("%+v\n", d)
	}
	return s
}

// checkDecisions checks what must hold of decisions by themselves, whoever made them.
func checkDecisions(t *rapid.T, before *world, list []Decision) {
	for _, d := range list {
		task := before.tasks[d.Task]
		if task == nil {
			t.Fatalf("%+v is about a task that does not wait", d)
		}
		if d.Version != task.Version {
			t.Fatalf("%+v: the version is %d", d, task.Version)
		}
		task.Version++
		switch d.Kind {
		case Reserve:
			w := before.workers[d.Worker]
			if !before.candidate(task, w) {
				t.Fatalf("%+v: the worker is no candidate", d)
			}
			if s := slotOf(w, task.Channel); s != nil && s.Held >= s.Capacity && !task.IgnoreCapacity {
				t.Fatalf("%+v: over capacity", d)
			}
			if len(task.Holders) >= max(1, before.queue(task).MaxReserved) {
				t.Fatalf("%+v: too many offers of one task", d)
			}
			task.Holders = append(slices.Clone(task.Holders), d.Worker)
			w.Slots = slices.Clone(w.Slots)
			if s := slotOf(w, task.Channel); s != nil {
				s.Held++
			}
			task.Fresh = false
		case Move:
			if d.To.Filter < d.From.Filter || d.To.Filter == d.From.Filter && d.To.Target <= d.From.Target {
				t.Fatalf("%+v does not go down", d)
			}
			task.Step, task.Queue, task.Base, task.Fresh = d.To, d.Queue, d.Base, true
			if d.Priority != nil {
				task.Priority = *d.Priority
			}
		default:
			delete(before.tasks, d.Task)
			for _, id := range task.Holders {
				before.release(id, task.Channel)
			}
		}
	}
}

// checkBoard checks that a board which has run counts right and leaves no pair that could be matched.
func checkBoard(t *rapid.T, d *teller, more bool) {
	for id, q := range d.queues {
		total, available := 0, 0
		for _, w := range d.workers {
			if d.member(w, q) {
				total++
				if d.activities[w.Activity].Available {
					available++
				}
			}
		}
		if gotTotal, gotAvailable := d.board.Eligible(id); gotTotal != total || gotAvailable != available {
			t.Fatalf("queue %d has %d workers, %d available; the board counts %d, %d", id, total, available, gotTotal, gotAvailable)
		}
	}
	for id, task := range d.tasks {
		e, ok := d.board.Why(id)
		if !ok {
			t.Fatalf("the board does not know task %d", id)
		}
		count := 0
		for _, r := range e.Workers {
			count += r.Count
			if r.Obstacle == NoObstacle && e.Waits == "" && !more {
				t.Fatalf("task %d waits although %v could take it", task.ID, r.Examples)
			}
		}
		if o := len(d.workers); count != o && d.target(task) != nil {
			t.Fatalf("%d of %d workers are explained", count, o)
		}
	}
	if len(d.board.tasks) != len(d.tasks) {
		t.Fatalf("the board has %d tasks, there are %d: %v", len(d.board.tasks), len(d.tasks), slices.Sorted(maps.Keys(d.board.tasks)))
	}
}
