package match

import (
	"fmt"
	"testing"
)

// The workspace of the benchmarks: 1,000 workers and 20 queues by skill, five languages that targets ask for. In the first ten queues all
// workers are busy and tasks wait; in the others workers are free.
const (
	benchQueues  = 20
	benchWorkers = 1000
	benchLangs   = 5
)

type bench struct {
	*Board
	now, next int64
}

func newBench(waiting int) *bench {
	b := &bench{Board: NewBoard(), now: 1_000 * second}
	b.PutActivity(Activity{ID: 1, SID: "WA1", Name: "Available", Available: true})
	b.PutChannel(Channel{ID: 1, UniqueName: "chat"})
	for i := range int64(benchQueues) {
		b.PutQueue(Queue{ID: i + 1, SID: fmt.Sprintf("WQ%d", i+1), Members: mustParse(fmt.Sprintf(`skills HAS "s%d"`, i))})
		b.PutWorkflow(Workflow{ID: i + 1, ReservationTimeout: 120 * second, Plan: mustPlan(fmt.Sprintf(`{"task_routing":{"filters":[
			{"expression":"1==1","targets":[{"queue":"WQ%d","expression":"task.lang IN worker.langs","timeout":86400}]}]}}`, i+1))})
	}
	for id := range int64(benchWorkers) {
		b.PutWorker(b.agent(id, id%benchQueues < benchQueues/2))
	}
	for range waiting {
		b.PutTask(b.task(b.next % (benchQueues / 2)))
	}
	b.Run(b.now, 1_000_000)
	return b
}

// agent is worker id, whose skill is its number modulo 20.
func (b *bench) agent(id int64, busy bool) Worker {
	held := 0
	if busy {
		held = 1
	}
	return Worker{
		ID: id + 1, SID: fmt.Sprintf("WK%d", id+1), Activity: 1, LastAssigned: b.now,
		Attributes: map[string]any{"skills": []any{fmt.Sprintf("s%d", id%benchQueues)}, "langs": []any{"l0", "l1", "l2", "l3", "l4"}},
		Slots:      []Slot{{Channel: 1, Capacity: 1, Held: held, Available: true}},
	}
}

// task is a new task for the queue of a skill.
func (b *bench) task(skill int64) Task {
	b.next++
	return Task{
		ID: b.next, Workflow: skill + 1, Queue: skill + 1, Channel: 1, Created: b.now, VirtualStart: b.now + b.next, Base: b.now, Fresh: true,
		OnlySkips: true, Attributes: map[string]any{"lang": fmt.Sprintf("l%d", b.next/benchQueues%benchLangs)},
	}
}

func (b *bench) run(tb testing.TB, want int) []Decision {
	b.now++
	d, _ := b.Run(b.now, 1000)
	if len(d) != want {
		tb.Fatalf("%d decisions, not %d: %+v", len(d), want, d)
	}
	return d
}

func BenchmarkRun(b *testing.B) {
	cases := []struct {
		name string
		op   func(tb testing.TB, b *bench)
	}{
		{"task comes, workers are free", func(tb testing.TB, b *bench) {
			task := b.task(15)
			task.Attributes = map[string]any{"lang": "l0"}
			b.PutTask(task)
			d := b.run(tb, 1)[0]
			b.DropTask(d.Task)
			b.PutWorker(b.agent(d.Worker-1, false))
		}},
		{"worker becomes free, tasks wait", func(tb testing.TB, b *bench) {
			b.PutWorker(b.agent(5, false))
			d := b.run(tb, 1)[0]
			b.DropTask(d.Task)
			b.PutTask(b.task(5))
		}},
		{"worker becomes free, suits none", func(tb testing.TB, b *bench) {
			w := b.agent(5, false)
			w.Attributes = map[string]any{"skills": []any{"s1", "s2", "s3", "s5"}}
			b.PutWorker(w)
			b.run(tb, 0)
			b.PutWorker(b.agent(5, true))
		}},
		{"task comes, suits nobody", func(tb testing.TB, b *bench) {
			task := b.task(15)
			task.Attributes = map[string]any{"lang": "l9"}
			b.PutTask(task)
			b.run(tb, 0)
			b.DropTask(task.ID)
		}},
		{"nothing happened", func(tb testing.TB, b *bench) { b.run(tb, 0) }},
	}
	for _, c := range cases {
		for _, waiting := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/waiting=%d", c.name, waiting), func(b *testing.B) {
				board := newBench(waiting)
				for b.Loop() {
					c.op(b, board)
				}
			})
		}
	}
}

// BenchmarkLoad is a board told of everything at once, as after a start.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		newBench(100_000)
	}
}
