package taskrouter

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// scene is a workspace with two queues, a workflow that tells them apart by language, and three available agents. Nobody matches: tests offer
// tasks themselves.
type scene struct {
	*testing.T
	st           *store.Store
	tr           *TaskRouter
	account, ws  string
	everyone, es *TaskQueue
	flow         *Workflow
	agents       []*WorkerView
	now          atomic.Int64 // microseconds

	mu       sync.Mutex
	signals  []Signal
	assigned []int64 // reservations whose callback was enqueued
}

func eachScene(t *testing.T, play func(s *scene)) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		s := &scene{T: t, account: core.NewSID("AC")}
		s.now.Store(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).UnixMicro())
		st, err := store.Open(t.Context(), open(), store.Options{Now: func() time.Time { return time.UnixMicro(s.now.Load()) }})
		s.must(err)
		t.Cleanup(func() { _ = st.Close() })
		codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
		s.must(err)
		s.st, s.tr = st, New(st, codec, Options{Outbox: s})
		st.OnCommit(func(changes []any) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, c := range changes {
				if signal, ok := c.(Signal); ok {
					s.signals = append(s.signals, signal)
				}
			}
		})
		s.furnish()
		play(s)
	})
}

func (s *scene) furnish() {
	ctx := s.Context()
	s.must(s.st.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'test', 'active', 'x', $2, $2)`,
			s.account, tx.Now())
		return err
	}))
	space, err := s.tr.CreateWorkspace(ctx, s.account, NewWorkspace{FriendlyName: "test"})
	s.must(err)
	s.ws = space.Workspace.SID
	s.everyone, err = s.tr.CreateTaskQueue(ctx, s.account, s.ws, NewTaskQueue{FriendlyName: "Everyone", MaxReserved: 2})
	s.must(err)
	s.es, err = s.tr.CreateTaskQueue(ctx, s.account, s.ws, NewTaskQueue{FriendlyName: "Spanish"})
	s.must(err)
	s.flow = s.workflow(`{"task_routing":{"filters":[{"filter_friendly_name":"es","expression":"language == 'es'","targets":[{"queue":"`+s.es.SID+
		`","priority":7,"timeout":30},{"queue":"`+s.everyone.SID+`"}]}],"default_filter":{"queue":"`+s.everyone.SID+`"}}}`, "")
	available := find(space.Activities, func(a *Activity) bool { return a.Available })
	for _, name := range []string{"ann", "bob", "cy"} {
		w, err := s.tr.CreateWorker(ctx, s.account, s.ws, NewWorker{FriendlyName: name, ActivitySID: available.SID})
		s.must(err)
		s.agents = append(s.agents, w)
	}
}

func (s *scene) workflow(configuration, url string) *Workflow {
	s.Helper()
	w, err := s.tr.CreateWorkflow(s.Context(), s.account, s.ws, NewWorkflow{FriendlyName: "flow", Configuration: configuration, AssignmentURL: url})
	s.must(err)
	return w
}

// Enqueue implements Outbox.
func (s *scene) Enqueue(*store.Tx, Delivery) error { return nil }

// EnqueueAssignment implements Outbox.
func (s *scene) EnqueueAssignment(tx *store.Tx, reservationID int64) error {
	tx.AfterCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.assigned = append(s.assigned, reservationID)
	})
	return nil
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// refused wants an error of a code whose message holds a text.
func (s *scene) refused(err error, code int, text string) {
	s.Helper()
	if !core.HasCode(err, code) || !strings.Contains(err.Error(), text) {
		s.Errorf("error %v, want code %d with %q", err, code, text)
	}
}

func (s *scene) create(n NewTask) *TaskView {
	s.Helper()
	if n.WorkflowSID == "" {
		n.WorkflowSID = s.flow.SID
	}
	t, err := s.tr.CreateTask(s.Context(), s.account, s.ws, n)
	s.must(err)
	return t
}

// tryOffer does what the dispatcher does, to a task that waits.
func (s *scene) tryOffer(t *TaskView, w *WorkerView) (ok bool) {
	s.Helper()
	ok, err := s.tryOfferAtOnce(t, w)
	s.must(err)
	return ok
}

func (s *scene) tryOfferAtOnce(t *TaskView, w *WorkerView) (ok bool, err error) {
	err = s.tr.update(s.Context(), s.account, s.ws, func(u *unit) error {
		row, err := u.lockTaskByID(t.ID)
		if err != nil || !row.Waits() {
			return err
		}
		ok, err = u.offer(row, w.ID, 120, row.TransferID, false)
		return err
	})
	return ok, err
}

// offer offers a task and returns its reservation's SID.
func (s *scene) offer(t *TaskView, w *WorkerView) string {
	s.Helper()
	if !s.tryOffer(t, w) {
		s.Fatalf("%s could not be offered the task", w.FriendlyName)
	}
	return s.held(t, w).SID()
}

// held is the newest reservation of a task for a worker.
func (s *scene) held(t *TaskView, w *WorkerView) *heldView {
	s.Helper()
	list, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{TaskSID: s.tr.TaskSID(t.ID), WorkerSID: w.SID}, "", 100)
	s.must(err)
	if len(list) == 0 {
		s.Fatalf("%s has no reservation", w.FriendlyName)
	}
	return &heldView{list[len(list)-1], s}
}

type heldView struct {
	*ReservationView
	s *scene
}

func (h *heldView) SID() string { return h.s.tr.ReservationSID(h.ID) }

// answer changes a reservation's status.
func (s *scene) answer(t *TaskView, sid, status string) error {
	_, err := s.tr.UpdateReservation(context.Background(), s.account, s.ws, ReservationRef{TaskSID: s.tr.TaskSID(t.ID), SID: sid}, ReservationPatch{Status: &status}, "")
	return err
}

// set changes a task's status.
func (s *scene) set(t *TaskView, status string) error {
	_, err := s.tr.UpdateTask(context.Background(), s.account, s.ws, s.tr.TaskSID(t.ID), TaskPatch{AssignmentStatus: &status}, "")
	return err
}

// close ends a pending reservation as time does.
func (s *scene) close(t *TaskView, sid, status string) {
	s.Helper()
	s.must(s.tr.update(s.Context(), s.account, s.ws, func(u *unit) error {
		r, err := u.reservation(sid)
		if err != nil {
			return err
		}
		row, r, err := u.lockReservationByID(r.ID, t.ID)
		if err != nil {
			return err
		}
		return u.closeReservation(row, r, status, 0)
	}))
}

func (s *scene) fetch(t *TaskView) *TaskView {
	s.Helper()
	got, err := s.tr.FetchTask(s.Context(), s.account, s.ws, s.tr.TaskSID(t.ID))
	s.must(err)
	return got
}

// open are the reservations of a task that use capacity.
func (s *scene) open(t *TaskView) []*ReservationView {
	s.Helper()
	list, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{TaskSID: s.tr.TaskSID(t.ID), Active: true}, "", 100)
	s.must(err)
	return list
}

// until waits for what somebody else does.
func (s *scene) until(done func() bool) {
	s.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatal("it did not come to that")
		}
	}
}

// stands wants a task's status, and those of its reservations by worker, such as "ann accepted".
func (s *scene) stands(t *TaskView, status string, reservations ...string) {
	s.Helper()
	if got := s.fetch(t).Status; got != status {
		s.Errorf("the task is %s, want %s", got, status)
	}
	list, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{TaskSID: s.tr.TaskSID(t.ID)}, "", 100)
	s.must(err)
	var got []string
	for _, r := range list {
		got = append(got, r.WorkerName+" "+r.Status)
	}
	if !slices.Equal(got, reservations) {
		s.Errorf("reservations %q, want %q", got, reservations)
	}
	s.counted()
}

// counted wants every worker's counters to be the number of its reservations.
func (s *scene) counted() {
	s.Helper()
	s.must(s.st.View(context.Background(), func(r *store.Reader) error {
		return r.Query(`SELECT c.worker_id, c.held, c.assigned,
			(SELECT COUNT(*) FROM tr_reservation r WHERE r.worker_id = c.worker_id AND r.task_channel_id = c.task_channel_id AND r.status IN ('pending', 'accepted', 'wrapping')),
			(SELECT COUNT(*) FROM tr_reservation r WHERE r.worker_id = c.worker_id AND r.task_channel_id = c.task_channel_id AND r.status = 'accepted')
			FROM tr_worker_channel c`, nil, func(scan func(...any) error) error {
			var worker, held, assigned, open, accepted int64
			if err := scan(&worker, &held, &assigned, &open, &accepted); err != nil {
				return err
			}
			if held != open || assigned != accepted {
				s.Errorf("worker %d: held %d of %d, assigned %d of %d", worker, held, open, assigned, accepted)
			}
			return nil
		})
	}))
}

// events are the types in the history of a task, in order.
func (s *scene) events(t *TaskView) (types []string) {
	s.Helper()
	s.must(s.st.View(s.Context(), func(r *store.Reader) error {
		list, err := events.All(r, `WHERE task_id = $1 ORDER BY id`, t.ID)
		for _, e := range list {
			types = append(types, e.Type)
		}
		return err
	}))
	return types
}

// happened wants the last events of a task.
func (s *scene) happened(t *TaskView, want ...string) {
	s.Helper()
	got := s.events(t)
	if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
		s.Errorf("events %q, want %q at the end", got, want)
	}
}

// told are the types of the signals to a worker since the last call.
func (s *scene) told(w *WorkerView) (types []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signals = slices.DeleteFunc(s.signals, func(signal Signal) bool {
		if signal.WorkerID != w.ID {
			return false
		}
		types = append(types, signal.Type)
		return true
	})
	return types
}

// reach brings a new task into a status, given to the first agent.
func (s *scene) reach(status string) *TaskView {
	s.Helper()
	t := s.create(NewTask{})
	if status == TaskPending {
		return t
	}
	if status == TaskCanceled {
		s.must(s.set(t, TaskCanceled))
		return t
	}
	sid := s.offer(t, s.agents[0])
	if status == TaskReserved {
		return t
	}
	s.must(s.answer(t, sid, ReservationAccepted))
	if status != TaskAssigned {
		s.must(s.set(t, status))
	}
	return t
}

// roomy gives an agent room for many tasks.
func (s *scene) roomy(w *WorkerView, capacity int64) {
	s.Helper()
	_, err := s.tr.UpdateWorkerChannel(s.Context(), s.account, s.ws, w.SID, "default", &capacity, nil)
	s.must(err)
}
