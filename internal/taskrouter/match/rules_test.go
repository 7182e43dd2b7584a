package match

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"parley/internal/taskrouter/workflow"
)

// scene is a small workspace: queues 1 (WQ1, everybody) and 2 (WQ2, who has level), channels chat and voice, one workflow. Times in it are
// seconds since the tasks were created.
type scene struct {
	*Board
	t *testing.T
}

const start = 1_000 * second

func at(age int64) int64 { return start + age*second }

func newScene(t *testing.T, configuration string) *scene {
	s := &scene{NewBoard(), t}
	s.PutActivity(Activity{ID: 1, SID: "WA1", Name: "Available", Available: true})
	s.PutActivity(Activity{ID: 2, SID: "WA2", Name: "Break"})
	s.PutChannel(Channel{ID: 1, UniqueName: "chat"})
	s.PutChannel(Channel{ID: 2, UniqueName: "voice"})
	s.PutQueue(Queue{ID: 1, SID: "WQ1", Name: "Everyone", Members: mustParse("1==1")})
	s.PutQueue(Queue{ID: 2, SID: "WQ2", Name: "Levels", Members: mustParse("level != null")})
	s.PutWorkflow(Workflow{ID: 1, ReservationTimeout: 120 * second, Plan: mustPlan(configuration)})
	return s
}

const toEveryone = `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1"}]}]}`

type object = map[string]any

// worker is one who is free for one chat.
func (s *scene) worker(id int64, attributes object, edits ...func(*Worker)) {
	w := Worker{
		ID: id, SID: fmt.Sprintf("WK%d", id), Name: fmt.Sprint("worker ", id), Activity: 1, Attributes: attributes,
		Slots: []Slot{{Channel: 1, Capacity: 1, Available: true}},
	}
	for _, edit := range edits {
		edit(&w)
	}
	s.PutWorker(w)
}

func idleSince(age int64) func(*Worker) {
	return func(w *Worker) { w.LastAssigned = at(age); w.Slots[0].LastAssigned = at(age) }
}

func capacity(n int) func(*Worker) { return func(w *Worker) { w.Slots[0].Capacity = n } }

func (s *scene) newTask(id int64, attributes object, edits ...func(*Task)) Task {
	task := Task{
		ID: id, Workflow: 1, Channel: 1, Attributes: attributes, Created: start, VirtualStart: start, Base: start, Fresh: true, OnlySkips: true,
	}
	for _, edit := range edits {
		edit(&task)
	}
	return task
}

func (s *scene) task(id int64, attributes object, edits ...func(*Task)) {
	s.PutTask(s.newTask(id, attributes, edits...))
}

// wants runs the board at an age and checks what it decides, written as brief does.
func (s *scene) wants(age int64, want ...string) []Decision {
	s.t.Helper()
	list, _ := s.Run(at(age), 1000)
	var got []string
	for _, d := range list {
		got = append(got, brief(d))
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("at age %d: got %q, want %q", age, got, want)
	}
	return list
}

func brief(d Decision) string {
	switch d.Kind {
	case Reserve:
		return fmt.Sprintf("%d to %d", d.Task, d.Worker)
	case Move:
		return fmt.Sprintf("%d moves to %d.%d by %s", d.Task, d.To.Filter, d.To.Target, d.Reason)
	case Leave:
		return fmt.Sprintf("%d leaves", d.Task)
	}
	return fmt.Sprintf("%d expires: %s", d.Task, d.Reason)
}

func TestCandidates(t *testing.T) {
	target := `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ2","expression":"task.lang IN worker.langs","known_worker_sid":"task.known"}]}]}`
	fits := object{"level": 1.0, "langs": []any{"es"}}
	for _, c := range []struct {
		name   string
		worker func(*Worker)
		task   func(*Task)
		want   Obstacle
	}{
		{name: "fits", want: NoObstacle},
		{name: "not in the queue", worker: func(w *Worker) { w.Attributes = object{"langs": []any{"es"}} }, want: NotInQueue},
		{name: "activity", worker: func(w *Worker) { w.Activity = 2 }, want: ActivityNotReady},
		{name: "unknown activity", worker: func(w *Worker) { w.Activity = 9 }, want: ActivityNotReady},
		{name: "no slot", worker: func(w *Worker) { w.Slots[0].Channel = 2 }, want: ChannelNotReady},
		{name: "channel unavailable", worker: func(w *Worker) { w.Slots[0].Available = false }, want: ChannelNotReady},
		{name: "capacity zero", worker: capacity(0), want: NoCapacity},
		{name: "all held", worker: func(w *Worker) { w.Slots[0] = Slot{Channel: 1, Capacity: 2, Held: 2, Available: true} }, want: NoCapacity},
		{name: "one of two held", worker: func(w *Worker) { w.Slots[0] = Slot{Channel: 1, Capacity: 2, Held: 1, Available: true} }, want: NoObstacle},
		{name: "expression", task: func(k *Task) { k.Attributes = object{"lang": "de"} }, want: ExpressionNotTrue},
		{name: "already offered", task: func(k *Task) { k.Holders = []int64{1} }, want: AlreadyOffered},
		{name: "hands it on itself", task: func(k *Task) { k.Keepers = []int64{1} }, want: AlreadyOffered},
		{name: "known worker", task: func(k *Task) { k.Attributes = object{"lang": "es", "known": "WK1"} }, want: NoObstacle},
		{name: "known worker is another", task: func(k *Task) { k.Attributes = object{"lang": "es", "known": "WK2"} }, want: NotTheKnownWorker},
		{name: "known worker is null", task: func(k *Task) { k.Attributes = object{"lang": "es", "known": nil} }, want: NoObstacle},
		{name: "known worker, but expression", task: func(k *Task) { k.Attributes = object{"lang": "de", "known": "WK1"} }, want: ExpressionNotTrue},
		{name: "routed to it", task: func(k *Task) { k.Target, k.Attributes = "WK1", nil }, want: NoObstacle},
		{
			name: "routed to it, outside the queue", worker: func(w *Worker) { w.Attributes = object{} },
			task: func(k *Task) { k.Target = "WK1" }, want: NoObstacle,
		},
		{
			name: "routed to it, busy", worker: capacity(0),
			task: func(k *Task) { k.Target = "WK1" }, want: NoCapacity,
		},
		{
			name: "routed to it whatever its capacity", worker: func(w *Worker) { w.Activity, w.Slots = 2, nil },
			task: func(k *Task) { k.Target, k.IgnoreCapacity = "WK1", true }, want: NoObstacle,
		},
		{
			name: "capacity counts without a worker target", worker: capacity(0),
			task: func(k *Task) { k.IgnoreCapacity = true }, want: NoCapacity,
		},
		{name: "routed to another", task: func(k *Task) { k.Target = "WK2" }, want: NotTheTarget},
		{
			name: "routed to a queue", worker: func(w *Worker) { w.Attributes = object{} },
			task: func(k *Task) { k.Target = "WQ1" }, want: NoObstacle,
		},
		{
			name: "routed to a queue, not in it", worker: func(w *Worker) { w.Attributes = object{} },
			task: func(k *Task) { k.Target = "WQ2" }, want: NotInQueue,
		},
		{name: "routed to no queue", task: func(k *Task) { k.Target = "WQ9" }, want: NotInQueue},
		{name: "routed to a workflow", task: func(k *Task) { k.Target = "WW1" }, want: NoObstacle},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, target)
			edits := []func(*Worker){func(*Worker) {}, c.worker}
			s.worker(1, fits, edits[:1+btoi(c.worker != nil)]...)
			changes := []func(*Task){func(*Task) {}, c.task}
			s.task(1, object{"lang": "es"}, changes[:1+btoi(c.task != nil)]...)
			e, ok := s.Why(1)
			if want := []Ruled{{c.want, 1, []int64{1}}}; !ok || !reflect.DeepEqual(e.Workers, want) {
				t.Errorf("explained by %+v, want %+v", e.Workers, want)
			}
			if c.want == NoObstacle {
				s.wants(0, "1 to 1")
			} else {
				s.wants(0)
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTaskOrder(t *testing.T) {
	type waiting struct{ id, queue, priority, start int64 }
	for _, c := range []struct {
		name      string
		lifo      []int64 // queues
		lifoFirst bool
		tasks     []waiting
		want      []int64
	}{
		{name: "first in, first out", tasks: []waiting{{1, 1, 0, 3}, {2, 1, 0, 1}, {3, 1, 0, 2}}, want: []int64{2, 3, 1}},
		{name: "priority before age", tasks: []waiting{{1, 1, 0, 1}, {2, 1, 5, 2}, {3, 1, 5, 3}}, want: []int64{2, 3, 1}},
		{name: "equal ones by number", tasks: []waiting{{2, 1, 0, 1}, {1, 1, 0, 1}}, want: []int64{1, 2}},
		{name: "last in, first out, whatever the priority", lifo: []int64{1}, tasks: []waiting{{1, 1, 9, 1}, {2, 1, 0, 3}, {3, 1, 5, 2}}, want: []int64{2, 3, 1}},
		{name: "priority over all queues", tasks: []waiting{{1, 1, 1, 1}, {2, 2, 2, 2}, {3, 1, 3, 3}}, want: []int64{3, 2, 1}},
		{name: "of equal priority FIFO queues first", lifo: []int64{1}, tasks: []waiting{{1, 1, 0, 1}, {2, 2, 0, 2}}, want: []int64{2, 1}},
		{name: "of equal priority LIFO queues first", lifo: []int64{2}, lifoFirst: true, tasks: []waiting{{1, 1, 0, 1}, {2, 2, 0, 2}}, want: []int64{2, 1}},
		{name: "then age over all queues", tasks: []waiting{{1, 1, 0, 2}, {2, 2, 0, 1}, {3, 1, 0, 3}}, want: []int64{2, 1, 3}},
		{
			// Queue 1 offers its newest task first, so the priority of the older one counts only when it is its turn.
			name: "a LIFO queue among others", lifo: []int64{1},
			tasks: []waiting{{1, 1, 9, 1}, {2, 1, 0, 3}, {3, 2, 5, 2}}, want: []int64{3, 2, 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, `{"filters":[{"expression":"q == 1","targets":[{"queue":"WQ1"}]},{"expression":"q == 2","targets":[{"queue":"WQ2"}]}]}`)
			s.SetWorkspace(Workspace{LIFOFirst: c.lifoFirst})
			for _, id := range c.lifo {
				q := s.queues[id].Queue
				q.LIFO = true
				s.PutQueue(q)
			}
			var want []string
			for _, w := range c.tasks {
				s.task(w.id, object{"q": float64(w.queue)}, func(k *Task) {
					k.Priority, k.VirtualStart, k.Step.Filter = w.priority, at(w.start), int(w.queue-1)
				})
			}
			for _, id := range c.want {
				want = append(want, fmt.Sprintf("%d to 1", id))
			}
			s.worker(1, object{"level": 1.0}, capacity(9))
			s.wants(9, want...)
		})
	}
}

func TestWorkerOrder(t *testing.T) {
	level := func(id int64, v any) func(*scene) {
		return func(s *scene) { s.worker(id, object{"routing": object{"level": v}}, idleSince(-id)) } // the greater number is idle longer
	}
	for _, c := range []struct {
		name, orderBy string
		workers       []func(*scene)
		want          []int64
	}{
		{"idle longest", "", []func(*scene){level(1, nil), level(3, nil), level(2, nil)}, []int64{3, 2, 1}},
		{"ascending", "worker.routing.level ASC", []func(*scene){level(1, 2.0), level(2, 3.0), level(3, 1.0)}, []int64{3, 1, 2}},
		{"descending", "worker.routing.level DESC", []func(*scene){level(1, 2.0), level(2, 3.0), level(3, 1.0)}, []int64{2, 1, 3}},
		{"ascending without a word", "worker.routing.level", []func(*scene){level(1, 2.0), level(2, 1.0)}, []int64{2, 1}},
		{"missing goes last, ascending", "worker.routing.level ASC", []func(*scene){level(1, 2.0), level(2, nil), level(3, 3.0)}, []int64{1, 3, 2}},
		{"missing goes last, descending", "worker.routing.level DESC", []func(*scene){level(1, -2.0), level(2, nil), level(3, -3.0)}, []int64{1, 3, 2}},
		{"equal ones by idle time", "worker.routing.level DESC", []func(*scene){level(1, 2.0), level(2, 2.0), level(3, 1.0)}, []int64{2, 1, 3}},
		{"text makes the clause ignored", "worker.routing.level DESC", []func(*scene){level(1, 9.0), level(2, "1"), level(3, 1.0)}, []int64{3, 2, 1}},
		{"a fraction makes the clause ignored", "worker.routing.level DESC", []func(*scene){level(1, 9.0), level(2, 1.5)}, []int64{2, 1}},
		{"second key", "worker.nothing DESC, worker.routing.level ASC", []func(*scene){level(1, 2.0), level(2, 3.0), level(3, 1.0)}, []int64{3, 1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, fmt.Sprintf(`{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","order_by":%q}]}]}`, c.orderBy))
			var want []string
			for i, id := range c.want {
				s.task(int64(i+1), nil)
				want = append(want, fmt.Sprintf("%d to %d", i+1, id))
			}
			for _, put := range c.workers {
				put(s)
			}
			s.wants(0, want...)
		})
	}
}

func TestOptimizedChannelTakesWhoIsIdleLongestOnIt(t *testing.T) {
	for _, optimized := range []bool{false, true} {
		s := newScene(t, toEveryone)
		s.worker(1, nil, func(w *Worker) { w.LastAssigned, w.Slots[0].LastAssigned = at(-1), at(-9) })
		s.worker(2, nil, func(w *Worker) { w.LastAssigned, w.Slots[0].LastAssigned = at(-5), at(-5) })
		s.PutChannel(Channel{ID: 1, UniqueName: "chat", Optimized: optimized})
		s.task(1, nil)
		s.wants(0, map[bool]string{false: "1 to 2", true: "1 to 1"}[optimized])
	}
}

// Workers who are offered something within one Run take turns, although the clock stands still.
func TestRunGoesRound(t *testing.T) {
	s := newScene(t, toEveryone)
	s.worker(1, nil, capacity(3))
	s.worker(2, nil, capacity(3))
	for id := range int64(6) {
		s.task(id+1, nil)
	}
	s.wants(0, "1 to 1", "2 to 2", "3 to 1", "4 to 2", "5 to 1", "6 to 2")
}

const twoTimeouts = `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","timeout":10,"priority":3},{"queue":"WQ2","timeout":10,"priority":7}]}]}`

// The documented case: with two targets of 10 s each the task leaves the first at age 10 and the second at age 20.
func TestTimeoutsAddUp(t *testing.T) {
	s := newScene(t, twoTimeouts)
	s.task(1, nil, func(k *Task) { k.Version = 4 })
	s.wants(0)
	if due := s.NextDue(); due != at(10) {
		t.Errorf("next due at %d", due)
	}
	s.wants(9)
	d := s.wants(10, "1 moves to 0.1 by timeout")[0]
	if d.Queue != 2 || d.Base != at(10) || *d.Priority != 7 || d.OnlySkips || d.Skipped || d.Version != 4 {
		t.Errorf("moved as %+v", d)
	}
	s.wants(19)
	d = s.wants(20, "1 leaves")[0]
	if d.Reason != "Task canceled on Workflow timeout" || d.Skipped || d.Version != 5 {
		t.Errorf("left as %+v", d)
	}
	if s.NextDue() != 0 {
		t.Error("something is due after the last task has left")
	}
}

// A look that comes late sees every deadline as it was; yet each step that a task enters is tried once.
func TestLateLook(t *testing.T) {
	s := newScene(t, twoTimeouts)
	s.task(1, nil)
	s.wants(0)
	s.wants(25, "1 moves to 0.1 by timeout", "1 leaves")

	s.task(2, nil)
	s.wants(0)
	q := s.queues[1].Queue
	q.Members = nil
	s.PutQueue(q)
	s.worker(1, object{"level": 1.0})
	s.wants(25, "2 moves to 0.1 by timeout", "2 to 1")
}

// The documented case: a reservation ends unanswered at age 8, and 12 s of that 20 s window remain.
func TestReservationsDoNotStopTheClock(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","timeout":20},{}]}]}`)
	s.worker(1, nil)
	s.task(1, nil)
	if d := s.wants(0, "1 to 1")[0]; d.Expires != at(120) || d.Queue != 1 {
		t.Errorf("reserved as %+v", d)
	}
	s.worker(1, nil, func(w *Worker) { w.Activity = 2 })
	s.task(1, nil, func(k *Task) { k.Version, k.Fresh, k.Attempts = 2, false, 1 })
	s.wants(8)
	s.wants(19)
	s.wants(20, "1 moves to 0.1 by timeout")
}

// The documented case: a reservation that is pending at the deadline lives on to its own end, and only then does the task move on.
func TestPendingReservationAtTheDeadline(t *testing.T) {
	s := newScene(t, twoTimeouts)
	q := s.queues[1].Queue
	q.MaxReserved = 2
	s.PutQueue(q)
	s.worker(1, nil)
	s.task(1, nil)
	s.wants(0, "1 to 1")
	s.wants(10)
	s.worker(2, nil) // the step is over: nobody else is asked
	s.wants(11)
	if e, _ := s.Why(1); e.Waits == "" {
		t.Errorf("not explained: %+v", e)
	}
	s.task(1, nil, func(k *Task) { k.Version, k.Fresh, k.Attempts = 2, false, 1 })
	d := s.wants(13, "1 moves to 0.1 by timeout")[0]
	if d.Base != at(10) {
		t.Errorf("the next step counts from %d", d.Base)
	}
	s.wants(20, "1 leaves")
}

func TestTimeoutGoesOnWithTheNextMatchingFilterButNotTheDefault(t *testing.T) {
	s := newScene(t, `{"filters":[
		{"expression":"a == 1","targets":[{"queue":"WQ1","timeout":5}]},
		{"expression":"a == 2","targets":[{"queue":"WQ1"}]},
		{"expression":"a == 1","targets":[{"queue":"WQ2","timeout":5}]}],"default_filter":{"queue":"WQ1"}}`)
	s.task(1, object{"a": 1.0})
	s.wants(5, "1 moves to 2.0 by timeout")
	s.wants(10, "1 leaves")
}

func TestSkipIf(t *testing.T) {
	const chain = `{"filters":[
		{"expression":"1==1","targets":[{"queue":"WQ2","skip_if":%q,"timeout":30},{"queue":"WQ2","skip_if":"1==1"}]},
		{"expression":"1==1","targets":[{"queue":"WQ2","skip_if":"1==1"}]}]%s}`
	skipped := []string{"1 moves to 0.1 by skip", "1 moves to 1.0 by skip"}
	for _, c := range []struct {
		name, skipIf, rest string
		worker             func(*Worker)
		want               []string
	}{
		{"somebody takes it", "1==1", "", func(*Worker) {}, []string{"1 to 1"}},
		{"nobody is free, then the default", "1==1", `,"default_filter":{"queue":"WQ1"}`, capacity(0), append(skipped[:2:2], "1 moves to 2.0 by skip")},
		{"no default", "1==1", "", capacity(0), append(skipped[:2:2], "1 leaves")},
		{"available goes by activity, not capacity", "workers.available == 0", "", capacity(0), nil},
		{"not available", "workers.available == 0 AND workers.unavailable == 1", "", func(w *Worker) { w.Activity = 2 }, append(skipped[:2:2], "1 leaves")},
		{"by activity SID", "workers.WA2 > 0", "", func(w *Worker) { w.Activity = 2 }, append(skipped[:2:2], "1 leaves")},
		{"by activity SID, nobody there", "workers.WA2 > 0", "", capacity(0), nil},
		{"workers of that queue only", "workers.available == 0", "", func(w *Worker) { w.Attributes = nil }, append(skipped[:2:2], "1 leaves")},
		{"cannot be parsed", "workers.available ==", "", capacity(0), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, fmt.Sprintf(chain, c.skipIf, c.rest))
			s.worker(1, object{"level": 1.0}, c.worker)
			s.task(1, nil)
			list := s.wants(0, c.want...)
			if n := len(list); n > 0 && list[n-1].Kind != Reserve && (!list[n-1].Skipped || !list[n-1].OnlySkips) {
				t.Errorf("the last decision does not say that it was by skips: %+v", list[n-1])
			}
		})
	}
}

func TestSkipIfIsLookedAtOnEntryOnly(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","skip_if":"workers.available == 0"},{"queue":"WQ2"}]}]}`)
	s.worker(1, nil, capacity(0))
	s.task(1, nil)
	s.wants(0)
	s.worker(1, nil, func(w *Worker) { w.Activity = 2 })
	s.wants(1)
}

// A task that is tried after others of its kind finds no worker left, and goes on.
func TestSkipIfOfTheOneForWhomNobodyIsLeft(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","skip_if":"1==1"},{"queue":"WQ2"}]}]}`)
	s.worker(1, nil)
	s.task(1, nil)
	s.task(2, nil)
	s.wants(0, "1 to 1", "2 moves to 0.1 by skip")
}

// A step that was skipped takes none of the task's time.
func TestSkippedStepTakesNoTime(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","timeout":60,"skip_if":"1==1"},{"queue":"WQ2","timeout":10}]}]}`)
	s.task(1, nil)
	if d := s.wants(0, "1 moves to 0.1 by skip")[0]; d.Base != start || !d.OnlySkips {
		t.Errorf("skipped as %+v", d)
	}
	s.wants(9)
	s.wants(10, "1 leaves")
}

func TestNoDefaultAfterATimeout(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","timeout":5},{"queue":"WQ2","skip_if":"1==1"}]}],"default_filter":{"queue":"WQ1"}}`)
	s.task(1, nil)
	d := s.wants(5, "1 moves to 0.1 by timeout", "1 leaves")[1]
	if !d.Skipped || d.OnlySkips {
		t.Errorf("left as %+v", d)
	}
}

func TestDefaultIsNeverLeft(t *testing.T) {
	s := newScene(t, `{"default_filter":{"queue":"WQ1","timeout":1,"skip_if":"1==1"}}`)
	s.task(1, nil)
	s.wants(100)
	s.worker(1, nil)
	s.wants(1000, "1 to 1")
}

func TestKnownWorker(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[
		{"queue":"WQ2","known_worker_sid":"task.sid","known_worker_friendly_name":"task.name"}]}]}`)
	faults := func(id int64, codes ...int) {
		t.Helper()
		e, _ := s.Why(id)
		var got []int
		for _, f := range e.Faults {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, codes) {
			t.Errorf("task %d has faults %+v, want %v", id, e.Faults, codes)
		}
	}
	s.worker(1, nil)
	s.task(1, object{"sid": "WK9"})
	s.task(2, object{"sid": "WK1"})
	s.task(3, object{"sid": 7.0})
	s.task(4, object{"name": "worker 3"})
	s.wants(0)
	faults(1, 40154)
	faults(2, 40152)
	faults(3, 40154)
	faults(4, 40154)
	s.worker(9, object{"level": 1.0}) // they come to exist, or to the queue
	s.worker(1, object{"level": 1.0})
	s.worker(3, object{"level": 1.0})
	s.wants(1, "1 to 9", "2 to 1", "4 to 3")
	faults(3, 40154)
}

func TestSeveralReservationsOfOneTask(t *testing.T) {
	s := newScene(t, toEveryone)
	q := s.queues[1].Queue
	q.MaxReserved = 3
	s.PutQueue(q)
	s.worker(1, nil, capacity(5))
	s.worker(2, nil)
	s.task(1, nil)
	list := s.wants(0, "1 to 1", "1 to 2")
	if list[0].Version != 0 || list[1].Version != 1 {
		t.Errorf("versions of %+v", list)
	}
	s.worker(3, nil)
	s.worker(4, nil)
	s.wants(1, "1 to 3")
	s.task(2, nil)
	s.wants(2, "2 to 4", "2 to 1")
}

// The first task of a kind is offered already to the only worker who suits: then what counts is the place of the next one of its kind.
func TestSecondOfItsKind(t *testing.T) {
	s := newScene(t, byLang)
	q := s.queues[1].Queue
	q.MaxReserved = 2
	s.PutQueue(q)
	langs := object{"langs": []any{"es", "de"}}
	s.worker(1, langs)
	s.task(1, object{"lang": "es"})
	s.wants(0, "1 to 1")
	s.task(2, object{"lang": "es"}, func(k *Task) { k.VirtualStart = at(2) })
	s.task(3, object{"lang": "de"}, func(k *Task) { k.VirtualStart = at(1) })
	s.worker(1, langs, func(w *Worker) { w.Slots[0].Capacity, w.Slots[0].Held = 3, 1 })
	s.wants(3, "3 to 1", "2 to 1")
}

// Who rejected may be offered the task again, but the others who are free come first, for they were not offered it last.
func TestRejectedTaskIsOfferedAgain(t *testing.T) {
	s := newScene(t, toEveryone)
	s.worker(1, nil)
	s.task(1, nil)
	s.wants(0, "1 to 1")
	again := func(k *Task) { k.Version, k.Fresh, k.Attempts = k.Version+2, false, 1 }
	s.worker(1, nil, idleSince(0))
	s.task(1, nil, again)
	s.wants(1, "1 to 1")
	s.worker(1, nil, idleSince(1))
	s.worker(2, nil)
	s.task(1, nil, again)
	s.wants(2, "1 to 2")
}

func TestTimeToLive(t *testing.T) {
	s := newScene(t, toEveryone)
	expires := func(k *Task) { k.Expires = at(5) }
	s.task(1, nil, expires)
	s.wants(0)
	if due := s.NextDue(); due != at(5) {
		t.Errorf("next due at %d", due)
	}
	s.wants(4)
	s.wants(5, "1 expires: Task TTL Exceeded")
	// Its pending reservations end with it, and the worker is free for the next.
	s.worker(1, nil)
	s.task(2, nil, expires)
	s.wants(4, "2 to 1")
	s.task(3, nil)
	s.wants(5, "2 expires: Task TTL Exceeded", "3 to 1")
}

func TestAttempts(t *testing.T) {
	s := newScene(t, toEveryone)
	s.worker(1, nil)
	s.task(1, nil, func(k *Task) { k.Attempts = 999 })
	s.wants(0, "1 to 1")
	s.worker(1, nil)
	s.task(1, nil, func(k *Task) { k.Attempts, k.Fresh = 1000, false })
	if due := s.NextDue(); due == 0 || due > at(0) {
		t.Errorf("next due at %d", due)
	}
	s.wants(1, "1 expires: Task TTL Exceeded or Max assignment count exceeded")
}

func TestLimit(t *testing.T) {
	s := newScene(t, toEveryone)
	s.worker(1, nil, capacity(5))
	for id := range int64(5) {
		s.task(id+1, nil)
	}
	for i := range 5 {
		if d, more := s.Run(at(0), 1); len(d) != 1 || !more || d[0].Task != int64(i+1) {
			t.Fatalf("part %d: %+v, more is %v", i, d, more)
		}
	}
	if d, more := s.Run(at(0), 1); len(d) != 0 || more {
		t.Errorf("after the last: %+v, more is %v", d, more)
	}
}

// What is told between the parts of an interrupted run counts for the rest of it.
func TestNewsBetweenTheParts(t *testing.T) {
	one := func(s *scene, want string) {
		t.Helper()
		if d, _ := s.Run(at(9), 1); len(d) != 1 || brief(d[0]) != want {
			t.Fatalf("decided %+v, want %s", d, want)
		}
	}
	t.Run("a task comes before what was looked at", func(t *testing.T) {
		s := newScene(t, byLang)
		s.task(1, object{"lang": "de"})
		s.task(2, object{"lang": "de"})
		s.task(3, object{"lang": "es"})
		s.wants(1)
		s.worker(1, object{"langs": []any{"es", "de"}}, capacity(3))
		one(s, "1 to 1")
		s.task(4, object{"lang": "es"}, func(k *Task) { k.Priority = 1 })
		one(s, "4 to 1")
		one(s, "2 to 1")
	})
	t.Run("a task goes that was next", func(t *testing.T) {
		s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","known_worker_sid":"task.known"},{"queue":"WQ2"}]}]}`)
		s.task(1, object{"known": "WK1"})
		s.task(2, nil, func(k *Task) { k.Step.Target = 1 })
		s.task(3, nil, func(k *Task) { k.Step.Target = 1 })
		s.worker(1, nil)
		s.worker(2, object{"level": 1.0})
		one(s, "1 to 1")
		s.DropTask(2)
		one(s, "3 to 2")
	})
}

// What a class of several tasks found out about workers is asked anew when they change.
func TestVerdictsEndWithWhatTheyWereAbout(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","expression":"worker.level < 9","order_by":"worker.level ASC"}]}]}`)
	for id := range int64(4) {
		s.task(id+1, nil)
	}
	s.worker(1, object{"level": 1.0}, capacity(9))
	s.worker(2, object{"level": 2.0}, capacity(9))
	for _, step := range []struct {
		level float64 // of the first worker
		want  string
	}{{1, "1 to 1"}, {3, "2 to 2"}, {0, "3 to 1"}, {9, "4 to 2"}} {
		s.worker(1, object{"level": step.level}, capacity(9))
		if d, _ := s.Run(at(9), 1); len(d) != 1 || brief(d[0]) != step.want {
			t.Errorf("with level %v decided %+v, want %s", step.level, d, step.want)
		}
	}
}

const byLang = `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","expression":"worker.langs HAS task.lang"}]}]}`

// A class that suited nobody is looked at again when somebody suits who has its first task already.
func TestSomebodySuitsAfterAll(t *testing.T) {
	s := newScene(t, byLang)
	q := s.queues[1].Queue
	q.MaxReserved = 2
	s.PutQueue(q)
	s.task(1, object{"lang": "es"})
	s.wants(0)
	s.worker(1, object{"langs": []any{"es"}}, capacity(2))
	s.wants(1, "1 to 1")
	s.task(2, object{"lang": "es"})
	s.wants(2, "2 to 1")
}

// A changed workflow counts for the tasks that wait in it.
func TestChangedWorkflow(t *testing.T) {
	plan := func(expression string, timeout int) Workflow {
		return Workflow{ID: 1, Plan: mustPlan(fmt.Sprintf(`{"filters":[{"expression":"1==1","targets":[{"queue":"WQ1","expression":%q,"timeout":%d},{}]}]}`,
			expression, timeout))}
	}
	s := newScene(t, toEveryone)
	s.PutWorkflow(plan("1==0", 30))
	s.worker(1, nil, capacity(2))
	s.task(1, nil)
	s.task(2, nil)
	s.wants(0)
	s.PutWorkflow(plan("1==1", 30))
	s.wants(1, "1 to 1", "2 to 1")

	s = newScene(t, toEveryone)
	s.PutQueue(Queue{ID: 1, SID: "WQ1", Members: mustParse("1==1"), MaxReserved: 2})
	s.PutWorkflow(plan("1==1", 5))
	s.worker(1, nil)
	s.task(1, nil)
	s.wants(0, "1 to 1")
	s.wants(5) // its step is over, unless it is made longer
	s.PutWorkflow(plan("1==1", 60))
	s.worker(2, nil)
	s.wants(6, "1 to 2")
}

func TestWorkersThemselvesInExpressions(t *testing.T) {
	for expression, want := range map[string]bool{
		`sid == "WK1"`:                true,
		`worker.sid == "WK1"`:         true,
		`friendly_name == "worker 1"`: true,
		`activity_sid == "WA1" AND activity_name == "Available"`:  true,
		`channel.chat.configured_capacity == 3`:                   true,
		`worker.channel.chat.assigned_tasks == 1`:                 true,
		`worker.channel.chat.available_capacity_percentage == 33`: true,
		`channel.voice.available_capacity_percentage == 0`:        true,
		`channel.sms.configured_capacity == null`:                 true,
		`channel.chat.nothing != null`:                            false,
		`level == 4`:                                              true,
		`worker.level == 4`:                                       true,
		`task.level == 4`:                                         false,
	} {
		s := newScene(t, toEveryone)
		s.PutQueue(Queue{ID: 1, SID: "WQ1", Members: mustParse(expression)})
		s.worker(1, object{"level": 4.0}, func(w *Worker) {
			w.Slots = []Slot{{Channel: 1, Capacity: 3, Held: 2, Assigned: 1, Available: true}, {Channel: 2}}
		})
		if total, available := s.Eligible(1); (total == 1) != want || available != total {
			t.Errorf("%s: %d workers, %d available", expression, total, available)
		}
	}
	s := newScene(t, toEveryone)
	s.PutQueue(Queue{ID: 1, SID: "WQ1", Members: mustParse(`channel == "web"`)})
	s.worker(1, object{"channel": "web"}, func(w *Worker) { w.Activity = 7 })
	if total, available := s.Eligible(1); total != 1 || available != 0 {
		t.Errorf("an own attribute named channel: %d workers, %d available", total, available)
	}
	if total, _ := s.Eligible(9); total != 0 {
		t.Errorf("%d workers in no queue", total)
	}
}

func TestWhyTellsFaults(t *testing.T) {
	s := newScene(t, `{"filters":[{"expression":"1==1","targets":[{"queue":"WQ7"},{"queue":"WQ1","expression":"x =="}]}]}`)
	s.PutWorkflow(Workflow{ID: 2})
	s.PutQueue(Queue{ID: 3, SID: "WQ3"})
	for i, c := range []struct {
		edit func(*Task)
		want string
	}{
		{func(*Task) {}, `there is no queue "WQ7"`},
		{func(k *Task) { k.Step.Target = 1 }, `the target's expression "x ==" cannot be read, so that it suits nobody`},
		{func(k *Task) { k.Workflow = 9 }, "the task's workflow does not exist"},
		{func(k *Task) { k.Workflow = 2 }, "the workflow's configuration cannot be read"},
		{func(k *Task) { k.Target = "WK7" }, `there is no worker "WK7", to whom the task is routed`},
		{func(k *Task) { k.Target = "WQ8" }, `there is no queue "WQ8"`},
		{func(k *Task) { k.Target = "WQ3" }, "the queue's worker expression cannot be read, so that nobody belongs to it"},
		{func(k *Task) { k.Queue, k.Step = 2, workflow.Step{Filter: 5} }, "the workflow has no filter 5 with a target 0 any more; the task waits in its queue without conditions"},
	} {
		id := int64(i + 1)
		s.task(id, nil, c.edit)
		if e, ok := s.Why(id); !ok || len(e.Faults) != 1 || e.Faults[0].Message != c.want {
			t.Errorf("task %d: %+v, want %q", id, e.Faults, c.want)
		}
	}
	if _, ok := s.Why(99); ok {
		t.Error("a task that is not there is explained")
	}
}

func TestWhyGivesExamples(t *testing.T) {
	s := newScene(t, toEveryone)
	for id := range int64(30) {
		s.worker(id+1, nil, capacity(int(id%2)))
	}
	s.task(1, nil, func(k *Task) { k.Attempts = 1 })
	e, _ := s.Why(1)
	if len(e.Workers) != 2 || e.Workers[0].Count != 15 || e.Workers[1].Count != 15 || e.Queue != 1 || e.QueueName != "Everyone" {
		t.Fatalf("explained as %+v", e)
	}
	for id := range int64(30) {
		s.worker(id+31, nil, capacity(0))
	}
	if e, _ := s.Why(1); e.Workers[0].Count != 45 || len(e.Workers[0].Examples) != 20 {
		t.Errorf("explained as %+v", e.Workers[0])
	}
}

// The ordered set against a sorted map.
func TestOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o ordered[rank]
		known := map[rank]bool{}
		number := rapid.Int64Range(-2, 2)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			at := rank{number.Draw(t, "a"), number.Draw(t, "b"), number.Draw(t, "c")}
			if rapid.Bool().Draw(t, "cut") {
				o.cut(at)
				delete(known, at)
			} else if !known[at] {
				o.put(at, at)
				known[at] = true
			}
			all := slices.SortedFunc(maps.Keys(known), rank.compare)
			from, _ := slices.BinarySearchFunc(all, at, rank.compare)
			if got := slices.Collect(o.from(at)); !slices.Equal(got, all[from:]) {
				t.Fatalf("from %v: %v, want %v", at, got, all[from:])
			}
			if o.len != len(all) || len(all) > 0 && o.first() != all[0] {
				t.Fatalf("%d values, first %v; want %v", o.len, o.first(), all)
			}
		}
	})
}
