package taskrouter

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/expr"
)

// Bounds of a task's parameters (taskrouter-studio A.6, A.14).
const (
	maxPriority  = math.MaxInt32
	defaultTTL   = 86_400 // seconds
	maxTTL       = 1_209_600
	plainChannel = "default"
	assignedFor  = 24 * time.Hour  // an assignment that lasts longer is ended by the system
	endedFor     = 5 * time.Minute // an ended task can be read for so long
)

// NewTask is the input of CreateTask. SIDs are texts as they came; nil and "" are what was not given.
type NewTask struct {
	Attributes     string // JSON object, "" is "{}"
	WorkflowSID    string // may be left out in a workspace with a single workflow, and with a routing target
	TaskChannel    string // SID or unique name, "" is "default"
	Priority       *int64
	Timeout        *int64 // seconds to live until it is accepted
	VirtualStart   *int64 // microseconds
	RoutingTarget  string // WK…, WQ… or WW…: bypasses the filters
	TaskQueueSID   string // the queue where it belongs; without a routing target it is one
	IgnoreCapacity *bool  // only for a worker as target, and there true unless given
}

// CreateTask makes a task and lets it enter its workflow. One that no filter takes is not made (20001, taskrouter-studio A.4.7).
func (tr *TaskRouter) CreateTask(ctx context.Context, accountSID, workspaceSID string, n NewTask) (v *TaskView, err error) {
	err = tr.st.Update(ctx, func(tx *store.Tx) error {
		v, err = tr.CreateTaskTx(tx, accountSID, workspaceSID, n)
		return err
	})
	return v, err
}

// CreateTaskTx is CreateTask inside a transaction that has changed nothing configured and locked nothing of the workspace.
func (tr *TaskRouter) CreateTaskTx(tx *store.Tx, accountSID, workspaceSID string, n NewTask) (*TaskView, error) {
	u, err := tr.open(tx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	if err := u.shareConfig(); err != nil {
		return nil, err
	}
	t, err := u.createTask(n)
	if err != nil {
		return nil, err
	}
	return &TaskView{u.Space, *t}, nil
}

func (u *unit) createTask(n NewTask) (*Task, error) {
	now := u.tx.Now()
	t := &Task{ID: u.tx.NextID(), WorkspaceID: u.Workspace.ID, Status: TaskPending, Timeout: defaultTTL, VirtualStart: now, StepBase: now,
		OnlySkips: true, CreatedAt: now, UpdatedAt: now}
	channel := n.TaskChannel
	if channel == "" {
		channel = plainChannel
	}
	err := u.describeTask(t, TaskPatch{Attributes: &n.Attributes, TaskChannel: &channel, Priority: n.Priority, VirtualStart: n.VirtualStart})
	if err != nil {
		return nil, err
	}
	if n.Timeout != nil {
		if *n.Timeout < 1 || *n.Timeout > maxTTL {
			return nil, invalid("Timeout must be from 1 to %d seconds", maxTTL)
		}
		t.Timeout = *n.Timeout
	}
	if err := u.aimTask(t, n); err != nil {
		return nil, err
	}
	if err := u.enterFirst(t, "task.created"); err != nil {
		return nil, err
	}
	if err := tasks.Append(u.tx, t); err != nil {
		return nil, err
	}
	return t, u.changed(changeTask, t.ID)
}

// describeTask sets what a patch says of a task itself.
func (u *unit) describeTask(t *Task, p TaskPatch) (err error) {
	if p.Attributes != nil {
		if t.Attributes, err = checkAttributes(*p.Attributes); err != nil {
			return err
		}
	}
	if p.TaskChannel != nil {
		c := u.ChannelByRef(*p.TaskChannel)
		if c == nil {
			return invalid("TaskChannel %q is neither the SID nor the unique name of a task channel of this workspace", clip(*p.TaskChannel))
		}
		t.TaskChannelID = c.ID
	}
	if p.Priority != nil {
		if *p.Priority < 0 || *p.Priority > maxPriority {
			return invalid("Priority must be from 0 to %d", maxPriority)
		}
		t.Priority = *p.Priority
	}
	if v := p.VirtualStart; v != nil {
		if *v > u.tx.Now() || *v < time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
			return invalid("VirtualStartTime must lie between the year 1900 and now")
		}
		t.VirtualStart = *v
	}
	if p.Reason != nil {
		if len(*p.Reason) > maxAttributes || !core.CleanText(*p.Reason) {
			return invalid("Reason must be a text of at most %d bytes", maxAttributes)
		}
		t.Reason = *p.Reason
	}
	return nil
}

// aimTask sets the workflow, the routing target and what comes with it (taskrouter-studio A.4.11, A.6).
func (u *unit) aimTask(t *Task, n NewTask) error {
	queue := u.QueueBySID(n.TaskQueueSID)
	if n.TaskQueueSID != "" && queue == nil {
		return invalid("TaskQueueSid %q is not a task queue of this workspace", clip(n.TaskQueueSID))
	}
	t.RoutingTarget = n.RoutingTarget
	if t.RoutingTarget == "" {
		t.RoutingTarget = n.TaskQueueSID
	}
	workflow, err := u.taskWorkflow(n.WorkflowSID, t.RoutingTarget != "")
	if err != nil {
		return err
	}
	switch prefix(t.RoutingTarget) {
	case "":
	case "WK":
		if _, err := u.worker(t.RoutingTarget); err != nil {
			return badTarget("RoutingTarget", "worker", t.RoutingTarget, err)
		}
		t.IgnoreCapacity = true
		setIf(&t.IgnoreCapacity, n.IgnoreCapacity)
	case "WQ":
		target := u.QueueBySID(t.RoutingTarget)
		if target == nil {
			return badTarget("RoutingTarget", "task queue", t.RoutingTarget, nil)
		}
		if queue != nil && queue != target {
			return invalid("TaskQueueSid must be the task queue that RoutingTarget names, or be left out")
		}
		queue = target
	case "WW":
		if workflow = u.WorkflowBySID(t.RoutingTarget); workflow == nil {
			return badTarget("RoutingTarget", "workflow", t.RoutingTarget, nil)
		}
	default:
		return invalid("RoutingTarget must be the SID of a worker, a task queue or a workflow, not %q", clip(t.RoutingTarget))
	}
	if prefix(t.RoutingTarget) != "WK" && n.IgnoreCapacity != nil && *n.IgnoreCapacity {
		return invalid("IgnoreCapacity is only valid with a worker as RoutingTarget")
	}
	if workflow != nil {
		t.WorkflowID = workflow.ID
	}
	if queue != nil && !t.followsFilters() {
		t.QueueID, t.QueueEnteredAt = queue.ID, u.tx.Now()
	}
	return nil
}

// taskWorkflow finds a task's workflow; only a task with a routing target can do without one.
func (u *unit) taskWorkflow(sid string, targeted bool) (*Workflow, error) {
	if sid != "" {
		w := u.WorkflowBySID(sid)
		if w == nil {
			return nil, invalid("WorkflowSid %q is not a workflow of this workspace", clip(sid))
		}
		return w, nil
	}
	switch {
	case len(u.Workflows) == 1:
		return u.Workflows[0], nil
	case targeted:
		return nil, nil //nolint:nilnil // a task that goes straight to its target needs no workflow
	}
	return nil, invalid("WorkflowSid field is required")
}

// prefix is the kind that a SID claims to be of.
func prefix(sid string) string {
	if len(sid) < 2 {
		return sid
	}
	return sid[:2]
}

// badTarget refuses a SID in a parameter of a routing target. An error of the store stays what it is.
func badTarget(field, what, sid string, err error) error {
	if err != nil && !core.HasCode(err, core.CodeNotFound) {
		return err
	}
	return invalid("%s %q is not a %s of this workspace", field, clip(sid), what)
}

// followsFilters reports whether the task goes through its workflow; a worker or a queue as target bypasses it.
func (t *Task) followsFilters() bool {
	return !strings.HasPrefix(t.RoutingTarget, "WK") && !strings.HasPrefix(t.RoutingTarget, "WQ")
}

// ExpiresAt is when the task's time to live ends, in microseconds; 0 for none. While it is handed on, its time does not run: it has been
// accepted before.
func (t *Task) ExpiresAt() int64 {
	if t.TransferID != 0 {
		return 0
	}
	return t.CreatedAt + t.Timeout*1e6
}

// Age is how long ago a task was made, in seconds.
func (tr *TaskRouter) Age(t *Task) int64 { return (tr.st.Now() - t.CreatedAt) / 1e6 }

// object is the task's attributes as expressions read them.
func (t *Task) object() expr.Map {
	var m map[string]any
	_ = json.Unmarshal([]byte(t.Attributes), &m) // they were checked when they were set
	return m
}

// FetchTask returns a task, or 20404.
func (tr *TaskRouter) FetchTask(ctx context.Context, accountSID, workspaceSID, taskSID string) (tv *TaskView, err error) {
	err = tr.st.View(ctx, func(r *store.Reader) error {
		tv, err = tr.FetchTaskTx(r, accountSID, workspaceSID, taskSID)
		return err
	})
	return tv, err
}

// FetchTaskTx is FetchTask inside a transaction or snapshot.
func (tr *TaskRouter) FetchTaskTx(r *store.Reader, accountSID, workspaceSID, taskSID string) (*TaskView, error) {
	s, err := tr.space(r, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	t, err := (&view{s, tr, r}).task(taskSID)
	if err != nil {
		return nil, err
	}
	return &TaskView{s, *t}, nil
}
