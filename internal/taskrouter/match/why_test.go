package match

import (
	"testing"

	"parley/internal/taskrouter/workflow"
)

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
