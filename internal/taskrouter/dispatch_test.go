package taskrouter_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/store"
	"parley/internal/taskrouter"
)

func TestATaskIsOfferedAndDone(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		early := n.create(taskrouter.NewTask{})
		worker := n.worker("ann", "", "Available")
		r := n.offered(early, 1)[0]
		if r.WorkerSID != worker || n.task(early).Status != taskrouter.TaskReserved || r.Timeout != 120 {
			c.Errorf("the reservation is %+v", r.Reservation)
		}
		late := n.create(taskrouter.NewTask{})
		n.quiet()
		if got := n.offers(late, ""); len(got) != 0 {
			c.Errorf("a worker of capacity 1 is offered a second task: %+v", got[0].Reservation)
		}
		n.must(n.answer(r, taskrouter.ReservationAccepted))
		n.must(n.answer(r, taskrouter.ReservationCompleted))
		n.offered(late, 1)
		want := []string{"workflow.entered", "task-queue.entered", "task.created", "workflow.target-matched", "reservation.created", "reservation.accepted",
			"task.completed", "reservation.completed"}
		if got := n.history(early); !slices.Equal(got, want) {
			c.Errorf("its events are %q", got)
		}
	})
}

// Who rejects a task is not the first to be offered it again.
func TestARejectedTaskGoesRound(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		n.worker("ann", "", "Available")
		n.worker("bob", "", "Available")
		task := n.create(taskrouter.NewTask{})
		var asked []string
		for range 4 {
			r := n.offered(task, 1)[0]
			asked = append(asked, r.WorkerSID)
			n.must(n.answer(r, taskrouter.ReservationRejected))
		}
		if asked[0] == asked[1] || asked[0] != asked[2] || asked[1] != asked[3] {
			c.Errorf("asked in turn: %q", asked)
		}
		if got := n.task(task).Attempts; got < 4 {
			c.Errorf("%d attempts", got)
		}
	})
}

func TestAReservationTimesOut(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		c.stand()
		n := c.sole()
		flow := n.newWorkflow(`{"task_routing":{"filters":[],"default_filter":{"queue":"`+c.queue+`"}}}`, 5)
		worker := n.worker("ann", "", "Available")
		task := n.create(taskrouter.NewTask{WorkflowSID: flow})
		r := n.offered(task, 1)[0]
		c.forward(5 * time.Second)
		n.status(task, taskrouter.TaskPending)
		v := must[*taskrouter.WorkerView](c)(n.FetchWorker(c.Context(), c.account, c.workspace, worker))
		if name := v.Space.Activity(v.ActivityID).FriendlyName; name != "Offline" {
			c.Errorf("the worker is %s", name)
		}
		if err := n.answer(r, taskrouter.ReservationAccepted); err == nil {
			c.Error("a reservation was accepted after its end")
		}
		n.move(worker, "Available")
		if again := n.offered(task, 1)[0]; again.Reservation.ID == r.Reservation.ID {
			c.Error("the reservation lives again")
		}
	})
}

// The timeouts of a workflow's steps add up, counted from the task's creation; a skipped one takes no time.
func TestStepsByTime(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		c.stand()
		n := c.sole()
		other := n.newQueue("other", "1==2", 1)
		flow := n.newWorkflow(fmt.Sprintf(`{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"%s","timeout":10},
			{"queue":"%s","skip_if":"1==1","timeout":99},{"queue":"%s","priority":7,"timeout":10}]}]}}`, c.queue, c.queue, other), 5)
		task := n.create(taskrouter.NewTask{WorkflowSID: flow})
		n.quiet()
		c.forward(9 * time.Second)
		n.quiet()
		if v := n.task(task); v.StepTarget != 0 || v.StepFresh {
			c.Errorf("at age 9 it is in target %d, fresh: %v", v.StepTarget, v.StepFresh)
		}
		c.forward(time.Second)
		c.wait(func() string {
			if v := n.task(task); v.StepTarget != 2 || v.Priority != 7 || v.Space.Queue(v.QueueID).SID != other || v.StepFresh {
				return fmt.Sprintf("at age 10: %+v", v.Task)
			}
			return ""
		})
		c.forward(10 * time.Second)
		if v := n.status(task, taskrouter.TaskCanceled); v.Reason != "Task canceled on Workflow timeout" {
			c.Errorf("canceled because of %q", v.Reason)
		}
		want := []string{"workflow.entered", "task-queue.entered", "task.created", "workflow.target-matched", "task-queue.timeout", "workflow.target-matched",
			"task-queue.moved", "task-queue.entered", "workflow.target-matched", "task-queue.timeout", "workflow.timeout", "task.canceled"}
		if got := n.history(task); !slices.Equal(got, want) {
			c.Errorf("its events are %q", got)
		}
	})
}

// skip_if is looked at when a task comes into a step, and not again because somebody changes or takes over.
func TestSkipIsForTheEntry(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		flow := n.newWorkflow(fmt.Sprintf(`{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"%s","skip_if":"workers.available == 0"},
			{"queue":"%s"}]}]}}`, c.queue, c.queue), 60)
		worker := n.worker("ann", "", "Available")
		n.offered(n.create(taskrouter.NewTask{WorkflowSID: flow}), 1)
		task := n.create(taskrouter.NewTask{WorkflowSID: flow}) // she is available, but has no capacity left
		n.quiet()
		n.move(worker, "Unavailable")
		priority := int64(3)
		must[*taskrouter.TaskView](c)(n.UpdateTask(c.Context(), c.account, c.workspace, task, taskrouter.TaskPatch{Priority: &priority}, ""))
		n.quiet()
		n.must(n.d.Stop(c.Context()))
		n = c.sole()
		skips := n.create(taskrouter.NewTask{WorkflowSID: flow})
		c.wait(func() string {
			if n.task(skips).StepTarget != 1 {
				return "the task that came later did not skip"
			}
			return ""
		})
		if v := n.task(task); v.StepTarget != 0 {
			c.Error("the task skipped long after it had come")
		}
	})
}

func TestTimeToLive(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		n.worker("ann", "", "Available")
		ttl := int64(30)
		offered := n.create(taskrouter.NewTask{Timeout: &ttl})
		n.offered(offered, 1)
		waits := n.create(taskrouter.NewTask{Timeout: &ttl})
		c.forward(30 * time.Second)
		for _, task := range []string{offered, waits} {
			if v := n.status(task, taskrouter.TaskCanceled); v.Reason != "Task TTL Exceeded" {
				c.Errorf("canceled because of %q", v.Reason)
			}
		}
		if held := n.number(`SELECT SUM(held) FROM tr_worker_channel`); held != 0 {
			c.Errorf("%d places are taken by nothing", held)
		}
	})
}

func TestWhatIsOldGoes(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		worker := n.worker("ann", "", "Available")
		task := n.create(taskrouter.NewTask{})
		n.must(n.answer(n.offered(task, 1)[0], taskrouter.ReservationAccepted))
		id := n.task(task).ID
		c.forward(24 * time.Hour)
		c.wait(func() string {
			if n.number(`SELECT COUNT(*) FROM tr_task`) != 0 {
				return "a task that was assigned for a day is still there"
			}
			return ""
		})
		if n.number(`SELECT COUNT(*) FROM tr_event WHERE task_id = $1 AND type = 'task.system-deleted'`, id) != 1 {
			c.Error("its removal is no event")
		}
		task = n.create(taskrouter.NewTask{})
		r := n.offered(task, 1)[0]
		if r.WorkerSID != worker {
			c.Errorf("offered to %s", r.WorkerSID)
		}
		n.must(n.answer(r, taskrouter.ReservationAccepted))
		n.must(n.answer(r, taskrouter.ReservationCompleted))
		c.forward(5 * time.Minute)
		c.wait(func() string {
			if n.number(`SELECT COUNT(*) FROM tr_task`) != 0 {
				return "a task that ended five minutes ago is still there"
			}
			return ""
		})
		c.forward(30 * 24 * time.Hour)
		c.wait(func() string {
			if count := n.number(`SELECT COUNT(*) FROM tr_event`); count != 0 {
				return fmt.Sprintf("%d events are older than 30 days", count)
			}
			return ""
		})
	})
}

// A task that looks for a new worker in a queue is not offered to the one who hands it on.
func TestATransferIsNotForWhoBeganIt(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		ann := n.worker("ann", "", "Available")
		n.capacity(ann, "default", 3)
		task := n.create(taskrouter.NewTask{})
		r := n.offered(task, 1)[0]
		n.must(n.answer(r, taskrouter.ReservationAccepted))
		must[*taskrouter.TransferView](c)(n.StartTransfer(c.Context(), c.account, c.workspace, ann, taskrouter.NewTransfer{ReservationSID: n.ReservationSID(r.Reservation.ID), To: c.queue}))
		n.quiet()
		bob := n.worker("bob", "", "Available")
		offer := n.offered(task, 1)[0]
		if offer.WorkerSID != bob {
			c.Fatalf("offered to %s", offer.WorkerSID)
		}
		n.must(n.answer(offer, taskrouter.ReservationAccepted))
		if v := n.task(task); v.Status != taskrouter.TaskAssigned || v.TransferID != 0 {
			c.Errorf("after the transfer: %+v", v.Task)
		}
	})
}

func TestSeveralAreAskedAtOnce(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		queue := n.newQueue("many", "1==1", 3)
		flow := n.newWorkflow(`{"task_routing":{"filters":[],"default_filter":{"queue":"`+queue+`"}}}`, 60)
		for i := range 5 {
			n.worker(fmt.Sprint("worker ", i), "", "Available")
		}
		task := n.create(taskrouter.NewTask{WorkflowSID: flow})
		offers := n.offered(task, 3)
		n.must(n.answer(offers[1], taskrouter.ReservationAccepted))
		if err := n.answer(offers[0], taskrouter.ReservationAccepted); err == nil {
			c.Error("two workers have it")
		}
		if v := n.task(task); v.Status != taskrouter.TaskAssigned || v.Attempts != 1 {
			c.Errorf("the task: %+v", v.Task)
		}
	})
}

// What is configured anew holds for the tasks that wait.
func TestConfigurationReachesTheBoard(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		n.worker("ann", `{"skill":"x"}`, "Available")
		queue := n.newQueue("few", "skill == 'y'", 1)
		flow := n.newWorkflow(`{"task_routing":{"filters":[],"default_filter":{"queue":"`+queue+`"}}}`, 60)
		task := n.create(taskrouter.NewTask{WorkflowSID: flow})
		n.quiet()
		members := "skill == 'x'"
		must[*taskrouter.TaskQueue](c)(n.UpdateTaskQueue(c.Context(), c.account, c.workspace, queue, taskrouter.TaskQueuePatch{TargetWorkers: &members}))
		n.offered(task, 1)
	})
}

func TestADeletedWorkspaceIsForgotten(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		n.create(taskrouter.NewTask{})
		n.quiet()
		n.must(n.DeleteWorkspace(c.Context(), c.account, c.workspace))
		n.quiet()
		s := must[*taskrouter.Space](c)(n.CreateWorkspace(c.Context(), c.account, taskrouter.NewWorkspace{FriendlyName: "new"}))
		c.workspace = s.Workspace.SID
		c.queue = n.newQueue("all", "1==1", 1)
		c.workflow = n.newWorkflow(`{"task_routing":{"filters":[],"default_filter":{"queue":"`+c.queue+`"}}}`, 60)
		n.worker("ann", "", "Available")
		n.offered(n.create(taskrouter.NewTask{}), 1)
	})
}

// A decision whose commit fails, or panics, is made again.
func TestAnErrorIsTriedAgain(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		fault, crash := make(chan struct{}, 1), make(chan struct{}, 1)
		c.onTask = func(_ *store.Tx, _ *taskrouter.Space, event string, _ *taskrouter.Task) error {
			select {
			case <-fault:
				return fmt.Errorf("a fault in %s", event)
			case <-crash:
				panic("a crash in " + event)
			default:
				return nil
			}
		}
		n := c.sole()
		task := n.create(taskrouter.NewTask{})
		n.quiet()
		ann := n.worker("ann", "", "Offline")
		n.quiet()
		fault <- struct{}{} // the offer is the next event of a task
		n.move(ann, "Available")
		r := n.offered(task, 1)[0]
		if held := n.number(`SELECT SUM(held) FROM tr_worker_channel`); held != 1 || r.WorkerSID != ann {
			c.Errorf("%d places are taken", held)
		}
		crash <- struct{}{} // the next event is that of a reservation's end
		c.forward(120 * time.Second)
		n.status(task, taskrouter.TaskPending)
	})
}

func TestWhy(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		n := c.sole()
		queue := n.newQueue("few", "skill == 'x'", 1)
		flow := n.newWorkflow(`{"task_routing":{"filters":[],"default_filter":{"queue":"`+queue+`","known_worker_sid":"task.friend"}}}`, 60)
		busy := n.worker("busy", `{"skill":"x"}`, "Available")
		n.offered(n.create(taskrouter.NewTask{WorkflowSID: flow}), 1)
		n.worker("off", `{"skill":"x"}`, "Offline")
		n.worker("other", `{"skill":"y"}`, "Available")
		ask := func(attributes string) string {
			task := n.create(taskrouter.NewTask{WorkflowSID: flow, Attributes: attributes})
			why := must[*taskrouter.Why](c)(n.Why(c.Context(), c.account, c.workspace, task))
			var text []string
			for _, r := range why.Explanation.Workers {
				text = append(text, fmt.Sprintf("%d %s", r.Count, r.Obstacle))
			}
			for _, f := range why.Explanation.Faults {
				text = append(text, fmt.Sprint(f.Code))
			}
			return strings.Join(text, ", ")
		}
		if got := ask(`{}`); got != "2 not in the queue, 1 activity unavailable, 1 no capacity" {
			c.Error(got)
		}
		if got := ask(`{"friend":"` + busy + `"}`); got != "2 not in the queue, 1 not the known worker, 1 no capacity" {
			c.Error(got)
		}
		if got := ask(`{"friend":"WK00000000000000000000000000000000"}`); !strings.HasSuffix(got, "40154") {
			c.Error(got)
		}
		elsewhere := must[*taskrouter.Space](c)(n.CreateWorkspace(c.Context(), c.account, taskrouter.NewWorkspace{FriendlyName: "elsewhere"}))
		stranger := must[*taskrouter.WorkerView](c)(n.CreateWorker(c.Context(), c.account, elsewhere.Workspace.SID, taskrouter.NewWorker{FriendlyName: "stranger"}))
		if got := ask(`{"friend":"` + stranger.SID + `"}`); !strings.HasSuffix(got, "40155") {
			c.Error(got)
		}
	})
}

// A task that begins to wait for nobody is in the log, once for each step.
func TestWaitsInVainAreLogged(t *testing.T) {
	eachCluster(t, func(c *cluster) {
		var log lines
		n := c.node(taskrouter.DispatcherOptions{Sole: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
		empty := n.newQueue("empty", "1==2", 1)
		flow := n.newWorkflow(fmt.Sprintf(`{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"%s","known_worker_sid":"task.friend","timeout":10},
			{"queue":"%s"}]}]}}`, c.queue, empty), 60)
		task := n.create(taskrouter.NewTask{WorkflowSID: flow, Attributes: `{"friend":"WK00000000000000000000000000000000"}`})
		n.create(taskrouter.NewTask{WorkflowSID: flow}) // it waits for anybody
		n.quiet()
		priority := int64(2)
		must[*taskrouter.TaskView](c)(n.UpdateTask(c.Context(), c.account, c.workspace, task, taskrouter.TaskPatch{Priority: &priority}, ""))
		n.quiet()
		c.wait(log.has("code=40154", 1))
		c.forward(10 * time.Second)
		c.wait(log.has("no worker belongs", 2))
		c.wait(log.has("code=40154", 1))
	})
}

// lines are a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// has asks how often a text is in the log.
func (l *lines) has(text string, times int) func() string {
	return func() string {
		l.mu.Lock()
		defer l.mu.Unlock()
		if got := strings.Count(l.text.String(), text); got != times {
			return fmt.Sprintf("%q is %d times in the log: %s", text, got, l.text.String())
		}
		return ""
	}
}
