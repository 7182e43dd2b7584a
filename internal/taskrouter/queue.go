package taskrouter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/workflow"
)

// MaxReserved is the largest MaxReservedWorkers of a queue (taskrouter-studio A.14).
const MaxReserved = 50

const (
	maxQueues      = 5000   // taskrouter-studio A.14
	maxLongName    = 256    // characters; ours: no limit of the names of queues and workflows is documented
	everybody      = "1==1" // the default of TargetWorkers
	statusesOfOpen = `('pending', 'reserved', 'assigned', 'wrapping')`
)

// NewTaskQueue is the input of CreateTaskQueue.
type NewTaskQueue struct {
	FriendlyName                                  string
	TargetWorkers                                 *string // nil is everybody, "" nobody
	MaxReserved                                   int64   // 0 is 1
	TaskOrder                                     string  // FIFO, or LIFO
	AssignmentActivitySID, ReservationActivitySID string  // "" for none
}

// TaskQueuePatch is the input of UpdateTaskQueue; nil leaves a value, an activity "" takes it away.
type TaskQueuePatch struct {
	FriendlyName, TargetWorkers, TaskOrder        *string
	MaxReserved                                   *int64
	AssignmentActivitySID, ReservationActivitySID *string
}

// TaskQueueFilter narrows ListTaskQueues (taskrouter-studio A.2); nil asks for nothing.
type TaskQueueFilter struct {
	FriendlyName     *string
	WorkerAttributes *string // a JSON object: the queues that would have such a worker
	WorkerSID        *string // the queues that have this worker
	Ordering         string  // FriendlyName, DateCreated or DateUpdated with :asc or :desc; "" is in the order in which they were made
}

// CreateTaskQueue makes a queue. TargetWorkers that cannot be parsed and a name that is taken are 20001.
func (tr *TaskRouter) CreateTaskQueue(ctx context.Context, accountSID, workspaceSID string, n NewTaskQueue) (q *TaskQueue, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		q, err = u.createQueue(core.NewSID("WQ"), n)
		return err
	})
	return q, err
}

func (u *unit) createQueue(sid string, n NewTaskQueue) (*TaskQueue, error) {
	if err := u.lockConfig(); err != nil {
		return nil, err
	}
	if len(u.Queues) >= maxQueues {
		return nil, invalid("A workspace has at most %d task queues", maxQueues)
	}
	now := u.tx.Now()
	q := &TaskQueue{ID: u.tx.NextID(), SID: sid, WorkspaceID: u.Workspace.ID, FriendlyName: n.FriendlyName, TargetWorkers: everybody,
		MaxReserved: cmp.Or(n.MaxReserved, 1), TaskOrder: cmp.Or(n.TaskOrder, FIFO), CreatedAt: now, UpdatedAt: now}
	setIf(&q.TargetWorkers, n.TargetWorkers)
	if err := u.checkQueue(q, &n.AssignmentActivitySID, &n.ReservationActivitySID); err != nil {
		return nil, err
	}
	if err := queueTaken(queues.Insert(u.tx, q)); err != nil {
		return nil, err
	}
	return q, u.record(note{Type: "task-queue.created", Queue: q})
}

// checkQueue sets a queue's activities, and refuses a queue that could not be.
func (u *unit) checkQueue(q *TaskQueue, assignment, reservation *string) error {
	if err := u.chooseOptional(&q.AssignmentActivityID, "AssignmentActivitySid", assignment); err != nil {
		return err
	}
	if err := u.chooseOptional(&q.ReservationActivityID, "ReservationActivitySid", reservation); err != nil {
		return err
	}
	if q.MaxReserved < 1 || q.MaxReserved > MaxReserved {
		return invalid("MaxReservedWorkers must be from 1 to %d", MaxReserved)
	}
	if q.TaskOrder != FIFO && q.TaskOrder != LIFO {
		return invalid("TaskOrder must be %s or %s, not %q", FIFO, LIFO, clip(q.TaskOrder))
	}
	if _, err := expr.Parse(q.TargetWorkers); err != nil {
		return invalid("TargetWorkers is not valid: %v", err)
	}
	return checkLongName(q.FriendlyName)
}

// chooseOptional is chooseActivity for one that may be none.
func (u *unit) chooseOptional(dst *int64, name string, sid *string) error {
	if sid != nil && *sid == "" {
		*dst = 0
		return nil
	}
	return u.chooseActivity(dst, name, sid)
}

// checkLongName refuses the FriendlyName of a queue or a workflow.
func checkLongName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxLongName {
		return invalid("FriendlyName must have 1 to %d characters", maxLongName)
	}
	return nil
}

func queueTaken(err error) error {
	if errors.Is(err, store.ErrUnique) {
		return invalid("TaskQueue with the same friendly name already exists")
	}
	return err
}

// FetchTaskQueue returns a queue, or 20404.
func (tr *TaskRouter) FetchTaskQueue(ctx context.Context, accountSID, workspaceSID, sid string) (*TaskQueue, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return s.queue(sid)
}

func (s *Space) queue(sid string) (*TaskQueue, error) {
	if q := s.QueueBySID(sid); q != nil {
		return q, nil
	}
	return nil, notFound("TaskQueue", sid)
}

// ListTaskQueues returns up to limit queues after the SID after ("" for the first).
func (tr *TaskRouter) ListTaskQueues(ctx context.Context, accountSID, workspaceSID string, f TaskQueueFilter, last string, limit int) (list []*TaskQueue, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		order, err := queueOrder(f.Ordering)
		if err != nil {
			return err
		}
		workers, err := v.membersToBe(f)
		if err != nil {
			return err
		}
		sorted := v.Queues
		if order != nil {
			sorted = slices.SortedStableFunc(slices.Values(v.Queues), order)
		}
		list, err = after(sorted, func(q *TaskQueue) string { return q.SID }, last, limit, func(q *TaskQueue) bool {
			if f.FriendlyName != nil && q.FriendlyName != *f.FriendlyName {
				return false
			}
			members := v.Members(q.ID)
			return !slices.ContainsFunc(workers, func(w expr.Object) bool { return members == nil || !members.Eval(w) })
		})
		return err
	})
	return list, err
}

// membersToBe are the workers whom a filter asks for: each must be a member of a queue that is listed.
func (v *view) membersToBe(f TaskQueueFilter) (list []expr.Object, err error) {
	if f.WorkerAttributes != nil {
		var attributes map[string]any
		if json.Unmarshal([]byte(*f.WorkerAttributes), &attributes) != nil || attributes == nil {
			return nil, invalid("EvaluateWorkerAttributes must be a JSON object such as {\"language\":\"en\"}")
		}
		list = append(list, pretended(attributes))
	}
	if f.WorkerSID != nil {
		w, err := v.worker(*f.WorkerSID)
		if err != nil {
			return nil, err
		}
		slots, err := workerChannels.All(v.r, `WHERE worker_id = $1`, w.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, &workerObject{space: v.Space, Worker: w, slots: slots})
	}
	return list, nil
}

// pretended is a worker of whom nothing but attributes is known; they are found behind "worker." too.
type pretended map[string]any

// Get returns an attribute, nil where there is none.
func (p pretended) Get(name string) any {
	if name == "worker" {
		return expr.Map(p)
	}
	return p[name]
}

// queueOrder is the comparison that an Ordering asks for, nil for none.
func queueOrder(ordering string) (func(a, b *TaskQueue) int, error) {
	if ordering == "" {
		return nil, nil
	}
	key, direction, _ := strings.Cut(strings.ToLower(ordering), ":")
	var order func(a, b *TaskQueue) int
	switch key {
	case "friendlyname":
		order = func(a, b *TaskQueue) int { return strings.Compare(a.FriendlyName, b.FriendlyName) }
	case "datecreated":
		order = func(a, b *TaskQueue) int { return cmp.Compare(a.CreatedAt, b.CreatedAt) }
	case "dateupdated":
		order = func(a, b *TaskQueue) int { return cmp.Compare(a.UpdatedAt, b.UpdatedAt) }
	}
	switch {
	case order == nil || direction != "" && direction != "asc" && direction != "desc":
		return nil, invalid("Ordering must be FriendlyName, DateCreated or DateUpdated with :asc or :desc, not %q", clip(ordering))
	case direction == "desc":
		return func(a, b *TaskQueue) int { return order(b, a) }, nil
	}
	return order, nil
}

// UpdateTaskQueue changes a queue. Workers whom new TargetWorkers take get its tasks at once.
func (tr *TaskRouter) UpdateTaskQueue(ctx context.Context, accountSID, workspaceSID, sid string, p TaskQueuePatch) (q *TaskQueue, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		old, err := u.queue(sid)
		if err != nil {
			return err
		}
		changed := *old
		q = &changed
		setIf(&q.FriendlyName, p.FriendlyName)
		setIf(&q.TargetWorkers, p.TargetWorkers)
		setIf(&q.MaxReserved, p.MaxReserved)
		setIf(&q.TaskOrder, p.TaskOrder)
		if err := u.checkQueue(q, p.AssignmentActivitySID, p.ReservationActivitySID); err != nil {
			return err
		}
		q.UpdatedAt = u.tx.Now()
		if err := queueTaken(queues.Update(u.tx, q)); err != nil {
			return err
		}
		if q.TargetWorkers == old.TargetWorkers {
			return nil // no event is documented for other changes
		}
		return u.record(note{Type: "task-queue.expression.updated", Queue: q})
	})
	return q, err
}

// DeleteTaskQueue removes a queue in which no task sits; else it is 20001.
func (tr *TaskRouter) DeleteTaskQueue(ctx context.Context, accountSID, workspaceSID, sid string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		q, err := u.queue(sid)
		if err != nil {
			return err
		}
		err = u.inUse(`SELECT id FROM tr_task WHERE workspace_id = $1 AND queue_id = $2 AND status IN `+statusesOfOpen, []any{u.Workspace.ID, q.ID},
			"TaskQueue %s cannot be deleted while tasks are in it", sid)
		if err != nil {
			return err
		}
		if err := queues.Delete(u.tx, q); err != nil {
			return err
		}
		return u.record(note{Type: "task-queue.deleted", Queue: q})
	})
}

// Warnings says what of a queue does not do what it seems to do.
func (q *TaskQueue) Warnings() []Warning { return workflow.CheckQueue(q.TargetWorkers) }
