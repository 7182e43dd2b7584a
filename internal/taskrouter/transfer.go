package taskrouter

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// NewTransfer is the input of StartTransfer (taskrouter-studio A.10).
type NewTransfer struct {
	ReservationSID string // of the worker who hands the task on
	TaskSID        string // may be left out
	To             string // WK…, WQ… or WW…
	Mode           string // TransferWarm ("" too) or TransferCold
	Attributes     string // JSON object that is merged into the task's attributes; "" for none
	Priority       *int64 // of the task in the queue where it goes
}

// StartTransfer offers an assigned task to another worker, or lets it look for one in a queue or a workflow. It stays with the worker who
// hands it on until somebody has accepted it. A worker who cannot take it now is refused at once.
func (tr *TaskRouter) StartTransfer(ctx context.Context, accountSID, workspaceSID, workerSID string, n NewTransfer) (v *TransferView, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.shareConfig(); err != nil {
			return err
		}
		found, w, err := u.find(ReservationRef{WorkerSID: workerSID, SID: n.ReservationSID})
		if err != nil {
			return err
		}
		t, r, err := u.lockReservationByID(found.ID, found.TaskID)
		if errors.Is(err, store.ErrNoRow) {
			return notFound("Reservation", n.ReservationSID)
		}
		if err != nil {
			return err
		}
		tf, err := u.startTransfer(t, r, w, n)
		if err == nil {
			v = &TransferView{u.Space, *tf, w.SID}
		}
		return err
	})
	return v, err
}

func (u *unit) startTransfer(t *Task, r *Reservation, w *Worker, n NewTransfer) (*Transfer, error) {
	if n.TaskSID != "" && n.TaskSID != u.tr.TaskSID(t.ID) {
		return nil, invalid("TaskSid %q is not the task of reservation %s", clip(n.TaskSID), n.ReservationSID)
	}
	if t.TransferID != 0 {
		return nil, core.Ef(core.CodeDuringTransfer, "Task %s is being transferred already; cancel that transfer first", u.tr.TaskSID(t.ID))
	}
	if t.Status != TaskAssigned || r.Status != ReservationAccepted {
		return nil, misplaced(t, "Cannot transfer task %s because it is not currently assigned", u.tr.TaskSID(t.ID))
	}
	now := u.tx.Now()
	tf := &Transfer{ID: u.tx.NextID(), WorkspaceID: t.WorkspaceID, TaskID: t.ID, ReservationID: r.ID, WorkerID: w.ID, QueueID: t.QueueID, WorkflowID: t.WorkflowID,
		QueueEnteredAt: t.QueueEnteredAt, Priority: t.Priority, RoutingTarget: t.RoutingTarget, Mode: strings.ToUpper(n.Mode), Target: n.To,
		Type: TransferToQueue, Status: TransferInitiated, CreatedAt: now, UpdatedAt: now}
	if tf.Mode == "" {
		tf.Mode = TransferWarm
	}
	if tf.Mode != TransferWarm && tf.Mode != TransferCold {
		return nil, invalid("Mode must be WARM or COLD, not %q", clip(n.Mode))
	}
	merged, err := mergeAttributes(t, n.Attributes)
	if err != nil {
		return nil, err
	}
	if err := u.describeTask(t, TaskPatch{Attributes: &merged, Priority: n.Priority}); err != nil {
		return nil, err
	}
	u.touch(t)
	t.Status, t.DueAt, t.TransferID, t.RoutingTarget = TaskReserved, 0, tf.ID, n.To
	t.StepBase, t.OnlySkips = now, true
	target, err := u.transferTarget(t, tf, w)
	if err != nil {
		return nil, err
	}
	if err := transfers.Insert(u.tx, tf); err != nil {
		return nil, err
	}
	if err := u.recordTransfer(t, tf, "task.transfer-initiated"); err != nil {
		return nil, err
	}
	if err := u.sendTransfer(t, tf, target); err != nil {
		return nil, err
	}
	return tf, u.settled(t)
}

// transferTarget checks whom a task is handed on to. It returns the worker, if it is one.
func (u *unit) transferTarget(t *Task, tf *Transfer, from *Worker) (*Worker, error) {
	switch prefix(tf.Target) {
	case "WK":
		w, err := u.worker(tf.Target)
		if err != nil {
			return nil, badTarget("To", "worker", tf.Target, err)
		}
		if w.ID == from.ID {
			return nil, invalid("To must be another worker than the one who hands the task on")
		}
		tf.Type = TransferToWorker
		return w, u.lockSlots([]int64{from.ID, w.ID})
	case "WQ":
		if u.QueueBySID(tf.Target) == nil {
			return nil, badTarget("To", "task queue", tf.Target, nil)
		}
	case "WW":
		wf := u.WorkflowBySID(tf.Target)
		if wf == nil {
			return nil, badTarget("To", "workflow", tf.Target, nil)
		}
		t.WorkflowID = wf.ID
	default:
		return nil, invalid("To must be the SID of a worker, a task queue or a workflow, not %q", clip(tf.Target))
	}
	return nil, nil //nolint:nilnil // said above
}

// sendTransfer offers the task to its new worker, or puts it where the matcher looks for one.
func (u *unit) sendTransfer(t *Task, tf *Transfer, to *Worker) error {
	switch {
	case to != nil:
		w, err := u.takeCapacity(t, to.ID, false)
		if err != nil {
			return err
		}
		if w == nil {
			return invalid("Worker %s is not available, or has no capacity left on the task's channel", to.SID)
		}
		timeout := int64(defaultReservationTimeout)
		if wf := u.Workflow(t.WorkflowID); wf != nil {
			timeout = wf.ReservationTimeout
		}
		return u.reserve(t, w, timeout, tf.ID)
	case prefix(tf.Target) == "WQ":
		return u.enterQueue(t, u.QueueBySID(tf.Target).ID)
	}
	return u.enterFirst(t, "task.updated")
}

// mergeAttributes sets the members of a JSON object in the task's attributes.
func mergeAttributes(t *Task, text string) (string, error) {
	if text == "" {
		return t.Attributes, nil
	}
	var add map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &add) != nil || add == nil {
		return "", invalid("Attributes must be a JSON object such as {\"reason\":\"billing\"}")
	}
	if len(add) == 0 {
		return t.Attributes, nil
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(t.Attributes), &all); err != nil {
		return "", err
	}
	maps.Copy(all, add)
	merged, err := json.Marshal(all)
	return string(merged), err
}

// CancelTransfer gives a task that nobody has accepted yet back to the worker who handed it on.
func (tr *TaskRouter) CancelTransfer(ctx context.Context, accountSID, workspaceSID, workerSID, transferSID string) (v *TransferView, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		w, err := u.worker(workerSID)
		if err != nil {
			return err
		}
		id, ok := tr.codec.Decode("TT", core.SIDTransfer, transferSID)
		if !ok {
			return notFound("Transfer", transferSID)
		}
		tf, err := transfers.One(u.r, `WHERE id = $1 AND workspace_id = $2 AND worker_id = $3`, id, u.Workspace.ID, w.ID)
		if errors.Is(err, store.ErrNoRow) {
			return notFound("Transfer", transferSID)
		}
		if err != nil {
			return err
		}
		t, err := u.lockTaskByID(tf.TaskID)
		if errors.Is(err, store.ErrNoRow) {
			return notFound("Transfer", transferSID)
		}
		if err != nil {
			return err
		}
		if tf, err = transfers.One(u.r, `WHERE id = $1`, id); err != nil { // as it is under the lock
			return err
		}
		if tf.Status != TransferInitiated {
			return invalid("Transfer %s is already %s . Cannot cancel transfer.", transferSID, tf.Status)
		}
		u.touch(t)
		if err := u.endTransfer(t, TransferCanceled, ""); err != nil {
			return err
		}
		if tf, err = transfers.One(u.r, `WHERE id = $1`, id); err != nil {
			return err
		}
		v = &TransferView{u.Space, *tf, w.SID}
		return u.settled(t)
	})
	return v, err
}

// completeTransfer ends the transfer of a touched task that was accepted: the worker who handed it on leaves at once after a cold one.
func (u *unit) completeTransfer(t *Task) error {
	tf, err := transfers.One(u.r, `WHERE id = $1`, t.TransferID)
	if err != nil {
		return err
	}
	t.TransferID, t.RoutingTarget = 0, tf.RoutingTarget
	if err := u.saveTransfer(t, tf, TransferComplete, "", "task.transfer-completed"); err != nil {
		return err
	}
	if tf.Mode != TransferCold {
		return nil
	}
	r, err := reservations.One(u.r, `WHERE id = $1`, tf.ReservationID)
	if err != nil {
		return err
	}
	return u.moveReservation(t, r, ReservationCompleted, 0)
}

// missedTransfer says what becomes of a transfer whose target has not accepted it: a worker as target was the only one; a queue may have
// others, so the task goes on looking (taskrouter-studio A.10).
func (u *unit) missedTransfer(t *Task, r *Reservation) error {
	tf, err := transfers.One(u.r, `WHERE id = $1`, t.TransferID)
	if err != nil {
		return err
	}
	if tf.Type == TransferToWorker {
		return u.failTransfer(t, "The worker's reservation was "+r.Status)
	}
	return u.recordTransfer(t, tf, "task.transfer-attempt-failed")
}

func (u *unit) failTransfer(t *Task, reason string) error {
	return u.endTransfer(t, TransferFailed, reason)
}

// endTransfer gives a touched task back to the worker who handed it on: the status is TransferFailed or TransferCanceled.
func (u *unit) endTransfer(t *Task, status, reason string) error {
	tf, err := transfers.One(u.r, `WHERE id = $1`, t.TransferID)
	if err != nil {
		return err
	}
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	t.Status, t.DueAt, t.TransferID = TaskAssigned, u.tx.Now()+assignedFor.Microseconds(), 0
	t.QueueID, t.WorkflowID, t.QueueEnteredAt, t.Priority, t.RoutingTarget = tf.QueueID, tf.WorkflowID, tf.QueueEnteredAt, tf.Priority, tf.RoutingTarget
	for _, r := range open {
		if r.Status != ReservationPending {
			continue
		}
		if err := u.moveReservation(t, r, ReservationCanceled, 0); err != nil {
			return err
		}
	}
	return u.saveTransfer(t, tf, status, reason, "task.transfer-"+status)
}

func (u *unit) saveTransfer(t *Task, tf *Transfer, status, reason, event string) error {
	tf.Status, tf.FailedReason, tf.UpdatedAt = status, reason, u.tx.Now()
	if err := transfers.Update(u.tx, tf); err != nil {
		return err
	}
	return u.recordTransfer(t, tf, event)
}

func (u *unit) recordTransfer(t *Task, tf *Transfer, event string) error {
	w, err := u.workerByID(tf.WorkerID)
	if err != nil {
		return err
	}
	return u.record(note{Type: event, Task: t, Transfer: tf, Extra: map[string]string{"transfer_initiating_worker_sid": w.SID}})
}
