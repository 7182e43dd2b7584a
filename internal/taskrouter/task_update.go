package taskrouter

import (
	"context"

	"parley/internal/store"
)

// TaskPatch is the input of UpdateTask; nil leaves a value.
type TaskPatch struct {
	Attributes, AssignmentStatus, Reason, TaskChannel *string
	Priority, VirtualStart                            *int64 // microseconds
}

// UpdateTask changes a task. A status that its own does not allow is 20001 (taskrouter-studio A.6).
func (tr *TaskRouter) UpdateTask(ctx context.Context, accountSID, workspaceSID, taskSID string, p TaskPatch, ifMatch string) (v *TaskView, err error) {
	err = tr.st.Update(ctx, func(tx *store.Tx) error {
		v, err = tr.UpdateTaskTx(tx, accountSID, workspaceSID, taskSID, p, ifMatch)
		return err
	})
	return v, err
}

// UpdateTaskTx is UpdateTask inside a transaction that has changed nothing configured and locked nothing of the workspace.
func (tr *TaskRouter) UpdateTaskTx(tx *store.Tx, accountSID, workspaceSID, taskSID string, p TaskPatch, ifMatch string) (*TaskView, error) {
	u, err := tr.open(tx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	if p.Attributes != nil || p.TaskChannel != nil {
		if err := u.shareConfig(); err != nil {
			return nil, err
		}
	}
	t, err := u.lockTask(taskSID)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(ifMatch, t.Version); err != nil {
		return nil, err
	}
	if err := u.updateTask(t, p); err != nil {
		return nil, err
	}
	return &TaskView{u.Space, *t}, nil
}

func (u *unit) updateTask(t *Task, p TaskPatch) error {
	if err := u.mayBecome(t, p.AssignmentStatus); err != nil {
		return err
	}
	if t.Ended() {
		return misplaced(t, "Task %s is %s and cannot be changed any more", u.tr.TaskSID(t.ID), t.Status)
	}
	before := *t
	if err := u.describeTask(t, p); err != nil {
		return err
	}
	if *t == before && p.AssignmentStatus == nil {
		return nil
	}
	u.touch(t)
	if p.AssignmentStatus != nil {
		if p.Attributes != nil && *p.AssignmentStatus != TaskCanceled {
			return invalid("Attributes and AssignmentStatus=%s must be two requests", *p.AssignmentStatus)
		}
		if err := u.setStatus(t, *p.AssignmentStatus); err != nil {
			return err
		}
	}
	if t.Status == TaskPending && t.Attributes != before.Attributes && t.followsFilters() {
		t.StepBase, t.OnlySkips = t.CreatedAt, true // it begins at the top, as old as it is
		if err := u.enterFirst(t, "task.updated"); err != nil {
			return err
		}
	} else if err := u.record(note{Type: "task.updated", Task: t}); err != nil {
		return err
	}
	return u.settled(t)
}

// mayBecome checks a status that a request asks for. The texts are the vendor's, because deployed code reads them.
func (u *unit) mayBecome(t *Task, status *string) error {
	if status == nil {
		return nil
	}
	sid := u.tr.TaskSID(t.ID)
	switch *status {
	case TaskCanceled:
		if !t.Waits() {
			return misplaced(t, "Cannot cancel task %s because it is not pending or reserved.", sid)
		}
		if t.TransferID != 0 {
			return misplaced(t, "Cannot cancel task %s because it is being transferred; cancel the transfer first.", sid)
		}
	case TaskWrapping:
		if t.Status != TaskAssigned {
			return misplaced(t, "Cannot wrap up a task %s because it's not currently assigned", sid)
		}
	case TaskCompleted:
		if t.Status != TaskAssigned && t.Status != TaskWrapping {
			return misplaced(t, "Cannot complete task %s because it is not currently assigned.", sid)
		}
	default:
		return invalid("AssignmentStatus must be %s, %s or %s, not %q; the others follow from reservations", TaskCanceled, TaskWrapping, TaskCompleted, clip(*status))
	}
	return nil
}

// setStatus moves a touched task to a status that mayBecome allows.
func (u *unit) setStatus(t *Task, status string) error {
	if status == TaskWrapping {
		return u.wrapTask(t, t.Reason)
	}
	return u.finishTask(t, status, t.Reason)
}

// DeleteTask removes a task, in whatever status.
func (tr *TaskRouter) DeleteTask(ctx context.Context, accountSID, workspaceSID, taskSID, ifMatch string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		t, err := u.lockTask(taskSID)
		if err != nil {
			return err
		}
		if err := checkVersion(ifMatch, t.Version); err != nil {
			return err
		}
		return u.removeTask(t, "task.deleted")
	})
}
