package match

import (
	"fmt"
	"testing"
)

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
