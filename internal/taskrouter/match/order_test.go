package match

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

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
