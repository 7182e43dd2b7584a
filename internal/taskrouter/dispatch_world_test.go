package taskrouter_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
)

// cluster is a store with a workspace, and nodes on it that share a clock which a test can put forward.
type cluster struct {
	*testing.T
	open               func() store.Engine
	ahead              atomic.Int64 // of the real time, in nanoseconds
	still              atomic.Int64 // the real time at which the clock stands, in nanoseconds; 0 where it goes
	account, workspace string
	queue, workflow    string
	nodes              []*node
	onTask             func(*store.Tx, *taskrouter.Space, string, *taskrouter.Task) error // of every node
	rivals             int                                                                // further dispatchers in each process
}

// node is a process of the cluster.
type node struct {
	*taskrouter.TaskRouter
	c  *cluster
	st *store.Store
	d  *taskrouter.Dispatcher
}

// eachCluster runs a test on both engines, on a workspace as a new instance has it, but for its worker.
func eachCluster(t *testing.T, fn func(c *cluster)) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		c := &cluster{T: t, open: open, account: core.NewSID("AC"), workspace: core.NewSID("WS"), queue: core.NewSID("WQ"), workflow: core.NewSID("WW")}
		fn(c)
	})
}

func (c *cluster) now() time.Time {
	at := time.Now()
	if still := c.still.Load(); still != 0 {
		at = time.Unix(0, still)
	}
	return at.Add(time.Duration(c.ahead.Load()))
}

// stand lets the clock go by forward only: nothing ends by itself, however long the test takes.
func (c *cluster) stand() { c.still.Store(time.Now().UnixNano()) }

// forward puts the clock forward and lets everybody look.
func (c *cluster) forward(d time.Duration) {
	c.ahead.Add(int64(d))
	for _, n := range c.nodes {
		n.d.Wake()
	}
}

// node starts a process. The first one makes the workspace.
func (c *cluster) node(o taskrouter.DispatcherOptions) *node {
	c.Helper()
	st, err := store.Open(c.Context(), c.open(), store.Options{Now: c.now})
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = st.Close() })
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		c.Fatal(err)
	}
	n := &node{TaskRouter: taskrouter.New(st, codec, taskrouter.Options{}), c: c, st: st}
	n.SetOnTask(c.onTask)
	n.d = taskrouter.NewDispatcher(n.TaskRouter, o)
	var rivals []*node
	for range c.rivals {
		rivals = append(rivals, &node{TaskRouter: n.TaskRouter, c: c, st: st, d: taskrouter.NewDispatcher(n.TaskRouter, o)})
	}
	if len(c.nodes) == 0 {
		n.update(func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'test', 'active', 'x', $2, $2)`, c.account, tx.Now())
			if err != nil {
				return err
			}
			return n.ProvisionTx(tx, taskrouter.Provision{AccountSID: c.account, WorkspaceSID: c.workspace, QueueSID: c.queue, WorkflowSID: c.workflow,
				WorkerSID: core.NewSID("WK"), WorkerName: "agent"})
		})
	}
	c.start(n)
	for _, r := range rivals {
		c.start(r)
	}
	return n
}

func (c *cluster) start(n *node) {
	c.Helper()
	if err := n.d.Start(c.Context()); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = n.d.Stop(context.Background()) })
	c.nodes = append(c.nodes, n)
}

// sole is the node of a cluster of one.
func (c *cluster) sole() *node {
	c.Helper()
	return c.node(taskrouter.DispatcherOptions{Sole: true})
}

func (n *node) update(fn func(tx *store.Tx) error) {
	n.c.Helper()
	if err := n.st.Update(n.c.Context(), fn); err != nil {
		n.c.Fatal(err)
	}
}

// number reads one number.
func (n *node) number(sql string, args ...any) (v int64) {
	n.c.Helper()
	err := n.st.View(n.c.Context(), func(r *store.Reader) error { return r.One(sql, args, &v) })
	if err != nil {
		n.c.Fatal(err)
	}
	return v
}

func must[T any](c *cluster) func(v T, err error) T {
	return func(v T, err error) T {
		c.Helper()
		if err != nil {
			c.Fatal(err)
		}
		return v
	}
}

func (n *node) worker(name, attributes, activity string) string {
	n.c.Helper()
	w := must[*taskrouter.WorkerView](n.c)(n.CreateWorker(n.c.Context(), n.c.account, n.c.workspace, taskrouter.NewWorker{
		FriendlyName: name, Attributes: attributes, ActivitySID: n.activity(activity)}))
	return w.SID
}

func (n *node) activity(name string) string {
	n.c.Helper()
	s := must[*taskrouter.Space](n.c)(n.Space(n.c.Context(), n.c.account, n.c.workspace))
	for _, a := range s.Activities {
		if a.FriendlyName == name {
			return a.SID
		}
	}
	n.c.Fatalf("there is no activity %q", name)
	return ""
}

func (n *node) move(worker, activity string) {
	n.c.Helper()
	sid := n.activity(activity)
	must[*taskrouter.WorkerView](n.c)(n.UpdateWorker(n.c.Context(), n.c.account, n.c.workspace, worker, taskrouter.WorkerPatch{ActivitySID: &sid}, ""))
}

func (n *node) capacity(worker, channel string, capacity int64) {
	n.c.Helper()
	must[*taskrouter.WorkerChannelView](n.c)(n.UpdateWorkerChannel(n.c.Context(), n.c.account, n.c.workspace, worker, channel, &capacity, nil))
}

func (n *node) newQueue(name, members string, reserves int64) string {
	n.c.Helper()
	return must[*taskrouter.TaskQueue](n.c)(n.CreateTaskQueue(n.c.Context(), n.c.account, n.c.workspace, taskrouter.NewTaskQueue{
		FriendlyName: name, TargetWorkers: &members, MaxReserved: reserves})).SID
}

func (n *node) newWorkflow(configuration string, timeout int64) string {
	n.c.Helper()
	return must[*taskrouter.Workflow](n.c)(n.CreateWorkflow(n.c.Context(), n.c.account, n.c.workspace, taskrouter.NewWorkflow{
		FriendlyName: "flow", Configuration: configuration, ReservationTimeout: timeout})).SID
}

func (n *node) create(t taskrouter.NewTask) string {
	n.c.Helper()
	if t.WorkflowSID == "" {
		t.WorkflowSID = n.c.workflow
	}
	return n.TaskSID(must[*taskrouter.TaskView](n.c)(n.CreateTask(n.c.Context(), n.c.account, n.c.workspace, t)).ID)
}

func (n *node) task(sid string) *taskrouter.TaskView {
	n.c.Helper()
	return must[*taskrouter.TaskView](n.c)(n.FetchTask(n.c.Context(), n.c.account, n.c.workspace, sid))
}

// status waits for a task's status.
func (n *node) status(task, status string) *taskrouter.TaskView {
	n.c.Helper()
	var v *taskrouter.TaskView
	n.c.wait(func() string {
		v = n.task(task)
		if v.Status == status {
			return ""
		}
		return fmt.Sprintf("the task is %s, not %s", v.Status, status)
	})
	return v
}

// offers are the task's reservations of a status, oldest first.
func (n *node) offers(task, status string) []*taskrouter.ReservationView {
	n.c.Helper()
	return must[[]*taskrouter.ReservationView](n.c)(n.ListReservations(n.c.Context(), n.c.account, n.c.workspace, taskrouter.ReservationFilter{TaskSID: task, Status: status}, "", 1000))
}

// offered waits until a number of pending reservations of a task are there.
func (n *node) offered(task string, count int) []*taskrouter.ReservationView {
	n.c.Helper()
	var list []*taskrouter.ReservationView
	n.c.wait(func() string {
		if list = n.offers(task, taskrouter.ReservationPending); len(list) == count {
			return ""
		}
		return fmt.Sprintf("%d pending reservations, not %d", len(list), count)
	})
	return list
}

func (n *node) answer(r *taskrouter.ReservationView, status string) error {
	ref := taskrouter.ReservationRef{WorkerSID: r.WorkerSID, SID: n.ReservationSID(r.Reservation.ID)}
	_, err := n.UpdateReservation(context.WithoutCancel(n.c.Context()), n.c.account, n.c.workspace, ref, taskrouter.ReservationPatch{Status: &status}, "")
	return err
}

func (n *node) must(err error) {
	n.c.Helper()
	if err != nil {
		n.c.Fatal(err)
	}
}

// wait asks until the answer is "", or fails with the answer.
func (c *cluster) wait(ask func() string) {
	c.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		fault := ask()
		if fault == "" {
			return
		}
		if time.Now().After(deadline) {
			c.Fatal(fault)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// quiet waits until every note was read.
func (n *node) quiet() {
	n.c.Helper()
	n.c.wait(func() string {
		if count := n.number(`SELECT COUNT(*) FROM tr_change`); count > 0 {
			return fmt.Sprintf("%d notes are not read", count)
		}
		return ""
	})
}

// history are the types of a task's events, in order.
func (n *node) history(task string) (types []string) {
	n.c.Helper()
	n.must(n.st.View(n.c.Context(), func(r *store.Reader) error {
		return r.Query(`SELECT type FROM tr_event WHERE task_id = $1 ORDER BY id`, []any{n.task(task).ID}, func(scan func(...any) error) error {
			types = append(types, "")
			return scan(&types[len(types)-1])
		})
	}))
	return types
}
