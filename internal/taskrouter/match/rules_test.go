package match

import (
	"fmt"
	"reflect"
	"testing"
)

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
