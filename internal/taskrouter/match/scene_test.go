package match

import (
	"fmt"
	"slices"
	"testing"
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

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
