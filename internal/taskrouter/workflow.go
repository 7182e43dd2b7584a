package taskrouter

import (
	"cmp"
	"context"

	"parley/internal/core"
	"parley/internal/taskrouter/workflow"
)

// MaxReservationTimeout is the largest TaskReservationTimeout of a workflow in seconds (taskrouter-studio A.2).
const MaxReservationTimeout = 86_400

const (
	defaultReservationTimeout = 120 // seconds
	// maxWorkflows is ours: all workflows of a workspace are kept in memory, ready for use.
	maxWorkflows = 5000
	// maxReEvaluated bounds the tasks that begin anew with a workflow, since that is one transaction.
	maxReEvaluated = 10_000
)

// Warning is a part of a workflow or a queue that does not do what it seems to do.
type Warning = workflow.Warning

// NewWorkflow is the input of CreateWorkflow.
type NewWorkflow struct {
	FriendlyName, Configuration string
	AssignmentURL, FallbackURL  string // "" for none
	ReservationTimeout          int64  // seconds; 0 is 120
}

// WorkflowPatch is the input of UpdateWorkflow; nil leaves a value.
type WorkflowPatch struct {
	FriendlyName, Configuration, AssignmentURL, FallbackURL *string
	ReservationTimeout                                      *int64
	ReEvaluate                                              bool // the tasks that are pending in it begin again at its top
}

// CreateWorkflow makes a workflow. A configuration that has not the shape of one is 20001; what in it cannot be parsed, or names nothing
// known, is kept and never matches (Space.Warnings).
func (tr *TaskRouter) CreateWorkflow(ctx context.Context, accountSID, workspaceSID string, n NewWorkflow) (w *Workflow, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		w, err = u.createWorkflow(core.NewSID("WW"), n)
		return err
	})
	return w, err
}

func (u *unit) createWorkflow(sid string, n NewWorkflow) (*Workflow, error) {
	if err := u.lockConfig(); err != nil {
		return nil, err
	}
	if len(u.Workflows) >= maxWorkflows {
		return nil, invalid("A workspace has at most %d workflows", maxWorkflows)
	}
	now := u.tx.Now()
	w := &Workflow{ID: u.tx.NextID(), SID: sid, WorkspaceID: u.Workspace.ID, FriendlyName: n.FriendlyName, Configuration: n.Configuration,
		AssignmentURL: n.AssignmentURL, FallbackURL: n.FallbackURL, ReservationTimeout: cmp.Or(n.ReservationTimeout, defaultReservationTimeout),
		CreatedAt: now, UpdatedAt: now}
	if err := w.check(); err != nil {
		return nil, err
	}
	if err := workflows.Insert(u.tx, w); err != nil {
		return nil, err
	}
	return w, u.record(note{Type: "workflow.created", Workflow: w})
}

// check refuses a workflow that could not be.
func (w *Workflow) check() error {
	if err := checkLongName(w.FriendlyName); err != nil {
		return err
	}
	if _, err := workflow.Parse(w.Configuration); err != nil {
		return invalid("Configuration is not valid: %v", err)
	}
	if w.ReservationTimeout < 1 || w.ReservationTimeout > MaxReservationTimeout {
		return invalid("TaskReservationTimeout must be from 1 to %d seconds", MaxReservationTimeout)
	}
	if err := checkURL("AssignmentCallbackUrl", w.AssignmentURL); err != nil {
		return err
	}
	return checkURL("FallbackAssignmentCallbackUrl", w.FallbackURL)
}

// FetchWorkflow returns a workflow, or 20404.
func (tr *TaskRouter) FetchWorkflow(ctx context.Context, accountSID, workspaceSID, sid string) (*Workflow, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return s.workflow(sid)
}

func (s *Space) workflow(sid string) (*Workflow, error) {
	if w := s.WorkflowBySID(sid); w != nil {
		return w, nil
	}
	return nil, notFound("Workflow", sid)
}

// ListWorkflows returns up to limit workflows after the SID after ("" for the first), in the order in which they were made; name filters by
// friendly name.
func (tr *TaskRouter) ListWorkflows(ctx context.Context, accountSID, workspaceSID string, name *string, last string, limit int) ([]*Workflow, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return after(s.Workflows, func(w *Workflow) string { return w.SID }, last, limit, func(w *Workflow) bool {
		return name == nil || w.FriendlyName == *name
	})
}

// UpdateWorkflow changes a workflow. Tasks that wait in it stay where they are, unless the patch asks to re-evaluate them.
func (tr *TaskRouter) UpdateWorkflow(ctx context.Context, accountSID, workspaceSID, sid string, p WorkflowPatch) (w *Workflow, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		old, err := u.workflow(sid)
		if err != nil {
			return err
		}
		changed := *old
		w = &changed
		setIf(&w.FriendlyName, p.FriendlyName)
		setIf(&w.Configuration, p.Configuration)
		setIf(&w.AssignmentURL, p.AssignmentURL)
		setIf(&w.FallbackURL, p.FallbackURL)
		setIf(&w.ReservationTimeout, p.ReservationTimeout)
		if err := w.check(); err != nil {
			return err
		}
		w.UpdatedAt = u.tx.Now()
		if err := workflows.Update(u.tx, w); err != nil {
			return err
		}
		if err := u.record(note{Type: "workflow.updated", Workflow: w}); err != nil {
			return err
		}
		if !p.ReEvaluate {
			return nil
		}
		return u.reEvaluate(w)
	})
	return w, err
}

// reEvaluate lets the tasks that are pending in a changed workflow begin again at its top, as old as they are; what is offered to
// somebody goes on (taskrouter-studio A.4). All or none: a task that no filter takes any more refuses the change.
func (u *unit) reEvaluate(w *Workflow) (err error) {
	if u.Space, err = loadSpace(u.r, u.Workspace.ID); err != nil {
		return err
	}
	list, err := tasks.All(u.r, `WHERE workspace_id = $1 AND workflow_id = $2 AND status = 'pending' ORDER BY id LIMIT $3 FOR UPDATE`,
		u.Workspace.ID, w.ID, int64(maxReEvaluated+1))
	if err != nil {
		return err
	}
	if len(list) > maxReEvaluated {
		return invalid("More than %d tasks wait in the workflow; update it without ReEvaluateTasks", maxReEvaluated)
	}
	for _, t := range list {
		if !t.followsFilters() {
			continue
		}
		u.touch(t)
		t.StepBase, t.OnlySkips = t.CreatedAt, true
		if err := u.enterFirst(t, "task.updated"); err != nil {
			return err
		}
		if err := u.settled(t); err != nil {
			return err
		}
	}
	return nil
}

// DeleteWorkflow removes a workflow that no task is in; else it is 20001.
func (tr *TaskRouter) DeleteWorkflow(ctx context.Context, accountSID, workspaceSID, sid string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		w, err := u.workflow(sid)
		if err != nil {
			return err
		}
		err = u.inUse(`SELECT id FROM tr_task WHERE workspace_id = $1 AND workflow_id = $2 AND status IN `+statusesOfOpen, []any{u.Workspace.ID, w.ID},
			"Workflow %s cannot be deleted while tasks are in it", sid)
		if err != nil {
			return err
		}
		if err := workflows.Delete(u.tx, w); err != nil {
			return err
		}
		return u.record(note{Type: "workflow.deleted", Workflow: w})
	})
}

// Warnings says what of a workflow does not do what it seems to do, names of queues and activities that do not exist included.
func (s *Space) Warnings(w *Workflow) []Warning {
	return workflow.Check(w.Configuration, workflow.Known{
		Queue:    func(ref string) bool { return s.QueueByRef(ref) != nil },
		Activity: func(sid string) bool { return s.ActivityBySID(sid) != nil },
	})
}
