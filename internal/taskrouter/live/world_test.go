package live_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/bus"
	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live"
)

const patience = 30 * time.Second

// world is a workspace as a new instance has it, with a clock that a test can put forward.
type world struct {
	testing.TB
	ahead atomic.Int64 // of the real time, in nanoseconds

	account, workspace, queue, workflow, agent string
}

// node is a process on the world's store.
type node struct {
	*world
	st *store.Store
	tr *taskrouter.TaskRouter
	d  *taskrouter.Dispatcher
	l  *live.Live
}

func newWorld(t testing.TB) *world {
	return &world{TB: t, account: core.NewSID("AC"), workspace: core.NewSID("WS"), queue: core.NewSID("WQ"), workflow: core.NewSID("WW"), agent: core.NewSID("WK")}
}

func (w *world) at() live.Scope { return live.Scope{AccountSID: w.account, WorkspaceSID: w.workspace} }

// node starts a process; the first one makes the workspace and matches.
func (w *world) node(e store.Engine, b bus.Bus, first bool, o live.Options) *node {
	w.Helper()
	st, err := store.Open(w.Context(), e, store.Options{Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }})
	w.must(err)
	w.Cleanup(func() { _ = st.Close() })
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	w.must(err)
	n := &node{world: w, st: st, tr: taskrouter.New(st, codec, taskrouter.Options{})}
	n.d = taskrouter.NewDispatcher(n.tr, taskrouter.DispatcherOptions{Sole: true})
	o.Store, o.TaskRouter, o.Bus = st, n.tr, b
	n.l = live.New(o)
	w.Cleanup(func() { w.must(n.l.Stop(context.Background())) })
	if !first {
		return n
	}
	w.must(st.Update(w.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'test', 'active', 'x', 0, 0)`, w.account)
		if err != nil {
			return err
		}
		return n.tr.ProvisionTx(tx, taskrouter.Provision{AccountSID: w.account, WorkspaceSID: w.workspace, QueueSID: w.queue, WorkflowSID: w.workflow, WorkerSID: w.agent, WorkerName: "agent"})
	}))
	w.must(n.d.Start(w.Context()))
	w.Cleanup(func() { w.must(n.d.Stop(context.Background())) })
	return n
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// eventually waits until what says nothing more.
func (w *world) eventually(what func() string) {
	w.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		fault := what()
		if fault == "" {
			return
		}
		if time.Now().After(late) {
			w.Fatal(fault)
		}
	}
}

func (n *node) forward(d time.Duration) {
	n.ahead.Add(int64(d))
	n.d.Wake()
}

func (n *node) activity(name string) string {
	n.Helper()
	s, err := n.tr.Space(n.Context(), n.account, n.workspace)
	n.must(err)
	for _, a := range s.Activities {
		if a.FriendlyName == name {
			return a.SID
		}
	}
	n.Fatalf("there is no activity %q", name)
	return ""
}

func (n *node) move(worker, activity string) {
	n.Helper()
	sid := n.activity(activity)
	_, err := n.tr.UpdateWorker(n.Context(), n.account, n.workspace, worker, taskrouter.WorkerPatch{ActivitySID: &sid}, "")
	n.must(err)
}

func (n *node) worker(name, attributes, activity string) string {
	n.Helper()
	w, err := n.tr.CreateWorker(n.Context(), n.account, n.workspace, taskrouter.NewWorker{FriendlyName: name, Attributes: attributes, ActivitySID: n.activity(activity)})
	n.must(err)
	return w.SID
}

func (n *node) task(channel string, priority int64) string {
	n.Helper()
	t, err := n.tr.CreateTask(n.Context(), n.account, n.workspace, taskrouter.NewTask{WorkflowSID: n.workflow, Attributes: `{"name":"Ann"}`, TaskChannel: channel, Priority: &priority})
	n.must(err)
	return n.tr.TaskSID(t.ID)
}

// offered waits for the pending reservation of a task.
func (n *node) offered(task string) (sid string) {
	n.Helper()
	n.eventually(func() string {
		list, err := n.tr.ListReservations(n.Context(), n.account, n.workspace, taskrouter.ReservationFilter{TaskSID: task, Status: taskrouter.ReservationPending}, "", 1)
		n.must(err)
		if len(list) == 0 {
			return "the task is offered to nobody"
		}
		sid = n.tr.ReservationSID(list[0].ID)
		return ""
	})
	return sid
}

func (n *node) answer(task, reservation, status string) {
	n.Helper()
	_, err := n.tr.UpdateReservation(n.Context(), n.account, n.workspace, taskrouter.ReservationRef{TaskSID: task, SID: reservation}, taskrouter.ReservationPatch{Status: &status}, "")
	n.must(err)
}

// accept lets whoever is offered a task accept it.
func (n *node) accept(task string) (reservation string) {
	n.Helper()
	reservation = n.offered(task)
	n.answer(task, reservation, taskrouter.ReservationAccepted)
	return reservation
}

func (n *node) end(task, status string) {
	n.Helper()
	_, err := n.tr.UpdateTask(n.Context(), n.account, n.workspace, task, taskrouter.TaskPatch{AssignmentStatus: &status}, "")
	n.must(err)
}
