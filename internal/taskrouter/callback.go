package taskrouter

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/workflow"
)

// assignment is what is known of a reservation when its callback is made.
type assignment struct {
	space    *Space
	workflow *Workflow
	task     *Task
	worker   *Worker
	ref      ReservationRef
	at       int64
}

// CallAssignment makes the assignment callback of a reservation that is still pending, and follows the instruction in the answer
// (taskrouter-studio A.9). post makes one signed call within its time limit; where the first address does not answer 200 with JSON, the
// fallback is asked. Whatever goes wrong, the reservation stays pending for a person or the API to act on, and the documented code is
// logged; an error is returned only where the store failed.
func (tr *TaskRouter) CallAssignment(ctx context.Context, reservationID int64,
	post func(ctx context.Context, accountSID, url string, form url.Values) (status int, contentType string, body []byte, err error)) error {
	a, err := tr.assignment(ctx, reservationID)
	if a == nil || err != nil {
		return err
	}
	form := a.form(tr)
	for _, address := range []string{a.workflow.AssignmentURL, a.workflow.FallbackURL} {
		if address == "" {
			continue
		}
		status, contentType, body, err := post(ctx, a.space.Workspace.AccountSID, address, form)
		answer, fault := readInstruction(status, contentType, body, err)
		if fault == nil {
			return tr.follow(ctx, a, answer)
		}
		a.warn(tr, fault)
	}
	return nil
}

// assignment reads what the callback says; nil where there is nothing to call for any more.
func (tr *TaskRouter) assignment(ctx context.Context, reservationID int64) (a *assignment, err error) {
	err = tr.st.View(ctx, func(r *store.Reader) error {
		row, err := reservations.One(r, `WHERE id = $1 AND status = 'pending'`, reservationID)
		if err != nil {
			return err
		}
		var rev int64
		if err := r.One(`SELECT rev FROM tr_workspace WHERE id = $1`, []any{row.WorkspaceID}, &rev); err != nil {
			return err
		}
		found := &assignment{at: r.Now()}
		if found.space, err = tr.spaceByID(r, row.WorkspaceID, rev); err != nil {
			return err
		}
		if found.task, err = tasks.One(r, `WHERE id = $1`, row.TaskID); err != nil {
			return err
		}
		if found.worker, err = workers.One(r, `WHERE id = $1`, row.WorkerID); err != nil {
			return err
		}
		found.ref = ReservationRef{TaskSID: tr.TaskSID(row.TaskID), SID: tr.ReservationSID(row.ID)}
		if found.workflow = found.space.Workflow(found.task.WorkflowID); found.workflow != nil {
			a = found
		}
		return nil
	})
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil //nolint:nilnil // said above
	}
	return a, err
}

func (a *assignment) form(tr *TaskRouter) url.Values {
	t, w, ws := a.task, a.worker, a.space.Workspace
	form := url.Values{
		"AccountSid": {ws.AccountSID}, "WorkspaceSid": {ws.SID}, "WorkflowSid": {a.workflow.SID}, "TaskQueueSid": {""},
		"TaskSid": {tr.TaskSID(t.ID)}, "TaskAttributes": {t.Attributes}, "TaskAge": {strconv.FormatInt((a.at-t.CreatedAt)/1e6, 10)},
		"TaskPriority": {strconv.FormatInt(t.Priority, 10)}, "WorkerSid": {w.SID}, "WorkerName": {w.FriendlyName}, "WorkerAttributes": {w.Attributes},
		"ReservationSid": {a.ref.SID}, "Timestamp": {strconv.FormatInt(a.at/1e6, 10)},
	}
	if q := a.space.Queue(t.QueueID); q != nil {
		form.Set("TaskQueueSid", q.SID)
	}
	return form
}

// instruction is the answer to an assignment callback.
type instruction struct {
	Name        string  `json:"instruction"`
	ActivitySID *string `json:"activity_sid"`
	CallSID     *string `json:"call_sid"`
	URL         *string `json:"url"`
}

// readInstruction reads an answer; a fault is one that does not count as an answer, so that the fallback is asked.
func readInstruction(status int, contentType string, body []byte, err error) (in instruction, fault *core.Error) {
	switch kind, _, _ := mime.ParseMediaType(contentType); {
	case err != nil:
		return in, core.Ef(core.CodeCallbackContentType, "The assignment callback was not answered").Because(err)
	case status != http.StatusOK:
		return in, core.Ef(core.CodeCallbackContentType, "The assignment callback was answered with status %d; it must be 200", status)
	case len(body) == 0:
		return in, nil
	case kind != "application/json":
		return in, core.Ef(core.CodeCallbackContentType, "The assignment callback was answered with content of type %q; it must be application/json", clip(contentType))
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return in, core.Ef(core.CodeCallbackNotJSON, "The answer to the assignment callback is not a JSON object").Because(err)
	}
	return in, nil
}

// follow does what an answer says. What cannot be done is logged.
func (tr *TaskRouter) follow(ctx context.Context, a *assignment, in instruction) error {
	ws := a.space.Workspace
	patch := ReservationPatch{Instruction: &in.Name}
	var err error
	switch in.Name {
	case "":
		return nil // the receiver acts by the API, or leaves it to the worker
	case "accept":
		_, err = tr.UpdateReservation(ctx, ws.AccountSID, ws.SID, a.ref, patch, "")
	case "reject":
		if patch.WorkerActivitySID = in.ActivitySID; in.ActivitySID != nil && a.space.ActivityBySID(*in.ActivitySID) == nil {
			err = core.Ef(core.CodeRejectActivity, "activity_sid %q is not an activity of the workspace", clip(*in.ActivitySID))
			break
		}
		_, err = tr.UpdateReservation(ctx, ws.AccountSID, ws.SID, a.ref, patch, "")
	case "redirect":
		if in.CallSID != nil || in.URL != nil {
			err = refuseInstruction(in.Name, a.task.TransferID != 0, core.CodeUnknownInstruction)
			break
		}
		err = tr.redirect(ctx, a)
	default:
		err = refuseInstruction(in.Name, a.task.TransferID != 0, core.CodeUnknownInstruction)
	}
	if fault, ok := errors.AsType[*core.Error](err); ok && fault.Status < http.StatusInternalServerError {
		a.warn(tr, fault)
		return nil
	}
	return err
}

// redirect withdraws the task from whoever is offered it and sends it to its workflow's default_filter.
func (tr *TaskRouter) redirect(ctx context.Context, a *assignment) error {
	ws := a.space.Workspace
	return tr.update(ctx, ws.AccountSID, ws.SID, func(u *unit) error {
		if err := u.shareConfig(); err != nil {
			return err
		}
		t, err := u.lockTask(a.ref.TaskSID)
		if err != nil {
			return err
		}
		r, err := u.reservation(a.ref.SID)
		if err != nil {
			return err
		}
		if r.Status != ReservationPending {
			return u.unfit(r, "redirected", ReservationPending)
		}
		if t.TransferID != 0 {
			return refuseInstruction("redirect", true, core.CodeUnknownInstruction)
		}
		return u.sendToDefault(t)
	})
}

func (u *unit) sendToDefault(t *Task) error {
	plan := u.Plan(t.WorkflowID)
	if plan == nil || !t.followsFilters() || plan.Default == nil {
		return core.Ef(core.CodeRedirectRefused, "Instruction redirect needs a workflow with a default_filter; Parley carries no voice, so there is no call to redirect")
	}
	step := workflow.Step{Filter: len(plan.Filters)}
	if t.StepFilter == int64(step.Filter) {
		return core.Ef(core.CodeRedirectRefused, "Instruction redirect sends a task to the default_filter, and this one is there already")
	}
	u.touch(t)
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	for _, r := range open {
		if err := u.moveReservation(t, r, ReservationRescinded, 0); err != nil {
			return err
		}
	}
	t.Status = TaskPending
	if err := u.enterStep(t, plan, step); err != nil {
		return err
	}
	if err := u.record(note{Type: "workflow.target-matched", Task: t, Extra: stepFields(plan, step)}); err != nil {
		return err
	}
	return u.settled(t)
}

// warn logs a fault of a callback as the vendor's debugger would.
func (a *assignment) warn(tr *TaskRouter, fault *core.Error) {
	tr.log.Warn("an assignment callback had no effect", "code", fault.Code, "error", fault.Error(), "task", a.ref.TaskSID, "reservation", a.ref.SID,
		"workflow", a.workflow.SID)
}
