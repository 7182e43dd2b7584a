package taskrouter_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/internal/core"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/match"
)

// leads waits until some node holds the lease, and returns its fence.
func (n *node) leads(above int64) (fence int64) {
	n.c.Helper()
	n.c.wait(func() string {
		fence = n.number(`SELECT fence FROM tr_lease`)
		if fence > above {
			return ""
		}
		return fmt.Sprintf("the fence is %d", fence)
	})
	return fence
}

// sound checks what must hold whatever happened: the counters of capacity are the open reservations, nobody is over capacity, and no task
// has two winners or two reservations of one worker.
func (n *node) sound() {
	n.c.Helper()
	for what, sql := range map[string]string{
		"a counter of capacity is wrong": `SELECT COUNT(*) FROM tr_worker_channel c WHERE held <> (SELECT COUNT(*) FROM tr_reservation r
			WHERE r.worker_id = c.worker_id AND r.task_channel_id = c.task_channel_id AND r.status IN ('pending', 'accepted', 'wrapping'))`,
		"a counter of accepted work is wrong": `SELECT COUNT(*) FROM tr_worker_channel c WHERE assigned <> (SELECT COUNT(*) FROM tr_reservation r
			WHERE r.worker_id = c.worker_id AND r.task_channel_id = c.task_channel_id AND r.status = 'accepted')`,
		"a worker has more than its capacity": `SELECT COUNT(*) FROM tr_worker_channel WHERE held > capacity`,
		"a task has two winners": `SELECT COUNT(*) FROM tr_task t WHERE (SELECT COUNT(*) FROM tr_reservation r
			WHERE r.task_id = t.id AND r.status IN ('accepted', 'wrapping')) > 1`,
		"a worker is offered a task twice": `SELECT COUNT(*) FROM tr_reservation a JOIN tr_reservation b ON b.task_id = a.task_id AND b.worker_id = a.worker_id AND b.id > a.id
			WHERE a.status IN ('pending', 'accepted', 'wrapping') AND b.status IN ('pending', 'accepted', 'wrapping')`,
		"a pending task has a reservation": `SELECT COUNT(*) FROM tr_task t WHERE status = 'pending' AND EXISTS (SELECT 1 FROM tr_reservation r
			WHERE r.task_id = t.id AND r.status IN ('pending', 'accepted', 'wrapping'))`,
		"a reserved task has no reservation": `SELECT COUNT(*) FROM tr_task t WHERE status = 'reserved' AND transfer_id = 0 AND NOT EXISTS (SELECT 1 FROM tr_reservation r
			WHERE r.task_id = t.id AND r.status = 'pending')`,
	} {
		if count := n.number(sql); count != 0 {
			n.c.Errorf("%s (%d)", what, count)
		}
	}
}

// settled waits until no task waits for whom there is a worker: offers are made in batches, and those that nobody answers end meanwhile.
func (n *node) settled() {
	n.c.Helper()
	n.c.wait(func() string {
		list := must[[]*taskrouter.TaskView](n.c)(n.ListTasks(n.c.Context(), n.c.account, n.c.workspace, taskrouter.TaskFilter{Statuses: []string{"pending"}}, "", 1000))
		for _, v := range list {
			why := must[*taskrouter.Why](n.c)(n.Why(n.c.Context(), n.c.account, n.c.workspace, n.TaskSID(v.ID)))
			for _, r := range why.Explanation.Workers {
				if r.Obstacle == match.NoObstacle {
					return fmt.Sprintf("task %d waits beside %d workers who could take it: %+v", v.ID, r.Count, v.Task)
				}
			}
		}
		return ""
	})
}

// A node dies without a word: another takes over when the lease ends, and no reservation is doubled and no timer lost.
func TestTakeover(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		c.stand()
		a := c.node(taskrouter.DispatcherOptions{})
		fence := a.leads(0)
		flow := a.newWorkflow(`{"task_routing":{"filters":[],"default_filter":{"queue":"`+c.queue+`"}}}`, 20)
		a.worker("ann", "", "Available")
		offered := a.create(taskrouter.NewTask{WorkflowSID: flow})
		first := a.offered(offered, 1)[0]
		ttl := int64(40)
		waits := a.create(taskrouter.NewTask{WorkflowSID: flow, Timeout: &ttl})
		a.quiet()
		b := c.node(taskrouter.DispatcherOptions{})
		_ = a.st.Close() // from now on it can do nothing
		bob := b.worker("bob", "", "Available")
		if b.number(`SELECT fence FROM tr_lease`) != fence || len(b.offers(waits, "")) != 0 {
			c.Error("a node matched beside the one that holds the lease")
		}
		c.forward(3 * time.Second)
		b.leads(fence)
		if r := b.offered(waits, 1)[0]; r.WorkerSID != bob {
			c.Errorf("offered to %s", r.WorkerSID)
		}
		if list := b.offers(offered, ""); len(list) != 1 || list[0].Reservation.ID != first.Reservation.ID {
			c.Errorf("the reservation of the dead node became %d", len(list))
		}
		c.forward(17 * time.Second)
		b.status(offered, taskrouter.TaskPending)
		c.forward(20 * time.Second)
		b.status(waits, taskrouter.TaskCanceled)
		b.sound()
	})
}

// A node that stops hands the lease over at once.
func TestStopHandsOver(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	eachCluster(t, func(c *cluster) {
		a := c.node(taskrouter.DispatcherOptions{})
		fence := a.leads(0)
		b := c.node(taskrouter.DispatcherOptions{})
		if err := b.d.Start(c.Context()); err == nil {
			c.Error("a dispatcher starts twice")
		}
		a.must(a.d.Stop(c.Context()))
		a.must(a.d.Stop(c.Context()))
		b.leads(fence)
		b.worker("ann", "", "Available")
		a.offered(a.create(taskrouter.NewTask{}), 1) // a node that does not match any more leaves notes as any other
	})
}

// A sole node takes the lease from whoever has it; that one decides no more, though it believes for a while that it may.
func TestASoleNodeTakesTheLease(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		a := c.node(taskrouter.DispatcherOptions{})
		fence := a.leads(0)
		b := c.sole()
		if got := b.number(`SELECT fence FROM tr_lease`); got != fence+1 {
			c.Errorf("the fence is %d after %d", got, fence)
		}
		b.worker("ann", "", "Available")
		for range 5 {
			task := a.create(taskrouter.NewTask{})
			a.d.Wake()
			r := b.offered(task, 1)[0]
			b.must(b.answer(r, taskrouter.ReservationAccepted))
			b.must(b.answer(r, taskrouter.ReservationCompleted))
		}
		b.sound()
		if got := b.number(`SELECT COUNT(*) FROM tr_reservation`); got != 5 {
			c.Errorf("%d reservations", got)
		}
	})
}

// Nodes tell one another by their bells, and one alone matches.
func TestTwoNodes(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		c.stand() // the leader stays the leader
		var rung [2]atomic.Int64
		var first, second atomic.Pointer[node]
		ring := func(from int, to *atomic.Pointer[node]) func() {
			return func() {
				if n := to.Load(); n != nil {
					rung[from].Add(1)
					n.d.Wake()
				}
			}
		}
		a := c.node(taskrouter.DispatcherOptions{Ring: ring(0, &second)})
		fence := a.leads(0)
		b := c.node(taskrouter.DispatcherOptions{Ring: ring(1, &first)})
		first.Store(a)
		second.Store(b)
		const workers, each = 8, 20
		for i := range workers {
			b.capacity(b.worker(fmt.Sprint("worker ", i), "", "Available"), "default", 2*each/workers)
		}
		var all sync.WaitGroup
		for _, n := range c.nodes {
			all.Go(func() {
				for range each {
					_, err := n.CreateTask(context.Background(), c.account, c.workspace, taskrouter.NewTask{WorkflowSID: c.workflow})
					if err != nil {
						c.Error(err)
					}
				}
			})
		}
		all.Wait()
		c.wait(func() string {
			if count := b.number(`SELECT COUNT(*) FROM tr_reservation`); count < 2*each {
				return fmt.Sprintf("%d reservations of %d", count, 2*each)
			}
			return ""
		})
		b.quiet()
		b.sound()
		if got := b.number(`SELECT COUNT(*) FROM tr_reservation`); got != 2*each {
			c.Errorf("%d reservations", got)
		}
		if rung[0].Load() != 0 || rung[1].Load() == 0 || b.number(`SELECT fence FROM tr_lease`) != fence {
			c.Errorf("the leader rang %d times, the other %d times", rung[0].Load(), rung[1].Load())
		}
	})
}

// Customers, agents and supervisors do as they please for a while, and two dispatchers compete.
func TestRandomLife(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		c.rivals = 1
		a := c.node(taskrouter.DispatcherOptions{})
		a.leads(0)
		queue := a.newQueue("three", "level > 3", 3)
		flow := a.newWorkflow(fmt.Sprintf(`{"task_routing":{"filters":[{"expression":"vip == true","targets":[
			{"queue":"%s","expression":"worker.level > task.level","skip_if":"workers.available == 0","priority":5,"timeout":30},{"queue":"%s","timeout":60}]}],
			"default_filter":{"queue":"%s"}}}`, queue, c.queue, c.queue), 4)
		var crew []string
		for i := range 10 {
			crew = append(crew, a.worker(fmt.Sprint("worker ", i), fmt.Sprintf(`{"level":%d}`, i), "Available"))
			a.capacity(crew[i], "default", int64(1+i%3))
		}
		var all sync.WaitGroup
		var enough atomic.Bool
		for i := range 6 {
			l := life{node: a, crew: crew, flow: flow, rnd: rand.New(rand.NewPCG(uint64(i), 1)),
				activities: []string{a.activity("Available"), a.activity("Available"), a.activity("Break"), a.activity("Offline")}}
			all.Go(func() {
				for !enough.Load() {
					if err := l.act(); err != nil {
						c.Error(err)
						return
					}
				}
			})
		}
		for deadline := time.Now().Add(20 * time.Second); !enough.Load(); {
			step := 20 * time.Millisecond
			if rand.IntN(100) == 0 {
				step = 3 * time.Second // the lease ends, too
			}
			c.forward(step)
			time.Sleep(20 * time.Millisecond)
			enough.Store(a.number(`SELECT COUNT(*) FROM tr_event WHERE type LIKE 'reservation.%'`) > 200 || time.Now().After(deadline))
		}
		all.Wait()
		a.quiet()
		a.sound()
		for _, w := range crew {
			a.move(w, "Available")
		}
		a.quiet()
		a.sound()
		a.settled()
	})
}

// life is one of many who act at random.
type life struct {
	*node
	crew, activities []string
	flow             string
	rnd              *rand.Rand
}

func (l *life) act() error {
	ctx, account, workspace := context.Background(), l.c.account, l.c.workspace
	var err error
	switch n := l.rnd.IntN(20); {
	case n < 5:
		_, err = l.CreateTask(ctx, account, workspace, taskrouter.NewTask{WorkflowSID: l.flow,
			Attributes: fmt.Sprintf(`{"vip":%v,"level":%d}`, l.rnd.IntN(2) == 0, l.rnd.IntN(12))})
	case n < 6:
		_, err = l.UpdateWorker(ctx, account, workspace, l.crew[l.rnd.IntN(len(l.crew))], taskrouter.WorkerPatch{ActivitySID: &l.activities[l.rnd.IntN(4)]}, "")
	case n < 7:
		err = l.touchTask(ctx)
	default:
		err = l.work(ctx, l.crew[l.rnd.IntN(len(l.crew))])
	}
	var refused *core.Error
	if errors.As(err, &refused) { // somebody was quicker
		return nil
	}
	return err
}

// touchTask cancels a task that waits, or changes its attributes.
func (l *life) touchTask(ctx context.Context) error {
	list, err := l.ListTasks(ctx, l.c.account, l.c.workspace, taskrouter.TaskFilter{Statuses: []string{"pending", "reserved"}}, "", 10)
	if err != nil || len(list) == 0 {
		return err
	}
	canceled, attributes := taskrouter.TaskCanceled, `{"vip":true,"level":1}`
	p := taskrouter.TaskPatch{Attributes: &attributes}
	if l.rnd.IntN(2) == 0 {
		p = taskrouter.TaskPatch{AssignmentStatus: &canceled}
	}
	_, err = l.UpdateTask(ctx, l.c.account, l.c.workspace, l.TaskSID(list[l.rnd.IntN(len(list))].ID), p, "")
	return err
}

// work does something with one of a worker's reservations.
func (l *life) work(ctx context.Context, worker string) error {
	list, err := l.ListReservations(ctx, l.c.account, l.c.workspace, taskrouter.ReservationFilter{WorkerSID: worker, Active: true}, "", 10)
	if err != nil || len(list) == 0 {
		return err
	}
	r := list[l.rnd.IntN(len(list))]
	switch n := l.rnd.IntN(10); {
	case r.Reservation.Status != taskrouter.ReservationPending && n == 0:
		_, err = l.StartTransfer(ctx, l.c.account, l.c.workspace, worker, taskrouter.NewTransfer{ReservationSID: l.ReservationSID(r.Reservation.ID), To: l.c.queue, Mode: "COLD"})
		return err
	case r.Reservation.Status != taskrouter.ReservationPending:
		return l.answer(r, taskrouter.ReservationCompleted)
	case n < 3:
		return l.answer(r, taskrouter.ReservationRejected)
	case n < 9:
		return l.answer(r, taskrouter.ReservationAccepted)
	}
	return nil // it will time out
}
