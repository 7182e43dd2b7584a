package taskrouter

import (
	"context"
	"errors"
	"fmt"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/match"
	"parley/internal/taskrouter/workflow"
)

// Why answers "why did nobody match?".
type Why struct {
	TaskView
	Filtered    bool              // the task waits in a step of its workflow
	FilterName  string            // of that step
	Explanation match.Explanation // empty where the task does not wait
	Names       map[int64]*Worker // those whom the explanation names
}

// Why explains why a task waits: its step, and for every worker of the workspace the first thing that rules it out. It is
// computed from the store as it is now, on any node; 20404 where there is no such task.
func (tr *TaskRouter) Why(ctx context.Context, accountSID, workspaceSID, taskSID string) (why *Why, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		t, err := v.task(taskSID)
		if err != nil {
			return err
		}
		why = &Why{TaskView: TaskView{v.Space, *t}}
		if !t.Waits() {
			return nil
		}
		k := desk{id: v.Workspace.ID, board: match.NewBoard(), fresh: map[int64]int64{}}
		k.configure(v.Space)
		if _, err := k.putWorkers(v.r, `workspace_id = $1`, k.id); err != nil {
			return err
		}
		if err := k.readTasks(v.r, []int64{t.ID}); err != nil {
			return err
		}
		if plan := v.Plan(t.WorkflowID); plan != nil && t.followsFilters() {
			why.Filtered, why.FilterName = true, stepFields(plan, t.step())["workflow_filter_name"]
		}
		why.Explanation, _ = k.board.Why(t.ID)
		if err := v.elsewhere(why.Explanation.Faults); err != nil {
			return err
		}
		why.Names, err = v.named(why.Explanation)
		return err
	})
	return why, err
}

// elsewhere tells known workers of the account's other workspaces from those who do not exist (taskrouter-studio A.4.10).
func (v *view) elsewhere(faults []match.Fault) error {
	for i := range faults {
		f := &faults[i]
		if f.Code != match.KnownUnknown || !core.IsSID("WK", f.Worker) {
			continue
		}
		var id int64
		err := v.r.One(`SELECT w.id FROM tr_worker w JOIN tr_workspace s ON s.id = w.workspace_id WHERE w.sid = $1 AND s.account_sid = $2`,
			[]any{f.Worker, v.Workspace.AccountSID}, &id)
		switch {
		case err == nil:
			f.Code, f.Message = match.KnownElsewhere, fmt.Sprintf("the known worker %q belongs to another workspace", f.Worker)
		case !errors.Is(err, store.ErrNoRow):
			return err
		}
	}
	return nil
}

// named reads the workers whom an explanation names.
func (v *view) named(e match.Explanation) (map[int64]*Worker, error) {
	ids := e.Holders
	for _, r := range e.Workers {
		ids = append(ids, r.Examples...)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := store.In(nil, ids)
	rows, err := workers.All(v.r, `WHERE id IN `+list, args...)
	return byID(rows, func(w *Worker) int64 { return w.ID }), err
}

// warn says in the log that a task begins to wait where nobody of the workspace belongs, or for a known worker whom it cannot have.
func (t *tenure) warn(ctx context.Context, k *desk, task *Task) {
	log := t.log.With("workspace", k.space.Workspace.SID, "task", t.tr.TaskSID(task.ID))
	if q := k.space.Queue(task.QueueID); q != nil {
		if total, _ := k.board.Eligible(q.ID); total == 0 {
			log.Info("a task waits in a queue to which no worker belongs", "queue", q.SID, "queue_name", q.FriendlyName)
			return
		}
	}
	if !asksForKnown(k.space.Plan(task.WorkflowID), task.step()) {
		return
	}
	e, _ := k.board.Why(task.ID)
	if err := t.tr.st.View(ctx, func(r *store.Reader) error { return (&view{k.space, t.tr, r}).elsewhere(e.Faults) }); err != nil {
		log.Error("where a known worker belongs cannot be read", "error", err)
	}
	for _, f := range e.Faults {
		log.Info("a task waits for a known worker whom it cannot have", "code", f.Code, "fault", f.Message)
	}
}

func asksForKnown(p *workflow.Plan, s workflow.Step) bool {
	if p == nil || p.At(s) == nil {
		return false
	}
	return p.At(s).KnownWorker != nil || p.At(s).KnownName != nil
}
