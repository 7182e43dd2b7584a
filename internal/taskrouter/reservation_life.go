package taskrouter

import (
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// openStatuses are those that use capacity.
const openStatuses = `('pending', 'accepted', 'wrapping')`

// offer reserves a locked task for a worker for so many seconds; transferID is the task's transfer under way. What was known when this was
// decided may be old by now: with ok false the worker is not available, has no capacity left or holds the task already, and
// nothing was written. ignoreCapacity asks for neither availability nor capacity (taskrouter-studio A.7).
func (u *unit) offer(t *Task, workerID, timeoutSeconds, transferID int64, ignoreCapacity bool) (ok bool, err error) {
	w, err := u.takeCapacity(t, workerID, ignoreCapacity)
	if w == nil || err != nil {
		return false, err
	}
	u.touch(t)
	if err := u.reserve(t, w, timeoutSeconds, transferID); err != nil {
		return false, err
	}
	return true, u.saveTask(t)
}

// takeCapacity proves that a worker may be offered a task, and counts that. It returns nil for one who may not.
func (u *unit) takeCapacity(t *Task, workerID int64, ignore bool) (*Worker, error) {
	w, err := workers.One(u.r, `WHERE id = $1 AND workspace_id = $2 FOR SHARE`, workerID, u.Workspace.ID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil //nolint:nilnil // said above
	}
	if err != nil {
		return nil, err
	}
	condition := ` AND NOT EXISTS (SELECT 1 FROM tr_reservation r WHERE r.task_id = $4 AND r.worker_id = $2 AND r.status IN ` + openStatuses + `)`
	if !ignore {
		if a := u.Activity(w.ActivityID); a == nil || !a.Available {
			return nil, nil //nolint:nilnil // said above
		}
		condition += ` AND held < capacity AND available`
	}
	n, err := u.tx.Exec(`UPDATE tr_worker_channel SET held = held + 1, assigned_at = $1 WHERE worker_id = $2 AND task_channel_id = $3`+condition,
		u.tx.Now(), w.ID, t.TaskChannelID, t.ID)
	if err != nil || n == 0 {
		return nil, err
	}
	// An offer counts as work given: or who rejects a task would be the first to be offered it again.
	return w, u.tx.Defer(`UPDATE tr_worker_seq SET assigned_at = $1 WHERE worker_id = $2`, u.tx.Now(), w.ID)
}

// reserve makes the reservation of a touched task for a worker whose capacity is taken.
func (u *unit) reserve(t *Task, w *Worker, timeoutSeconds, transferID int64) error {
	now := u.tx.Now()
	r := &Reservation{ID: u.tx.NextID(), WorkspaceID: t.WorkspaceID, TaskID: t.ID, WorkerID: w.ID, QueueID: t.QueueID, TaskChannelID: t.TaskChannelID,
		Status: ReservationPending, Timeout: timeoutSeconds, ExpiresAt: now + timeoutSeconds*1e6, TransferID: transferID, CreatedAt: now, UpdatedAt: now}
	if err := reservations.Append(u.tx, r); err != nil {
		return err
	}
	if t.Status == TaskPending {
		t.Status, t.Attempts = TaskReserved, t.Attempts+1
	}
	t.StepFresh = false
	if err := u.record(note{Type: "reservation.created", Task: t, Reservation: r, Worker: w}); err != nil {
		return err
	}
	if wf := u.Workflow(t.WorkflowID); wf == nil || wf.AssignmentURL == "" || u.tr.opt.Outbox == nil {
		return nil
	}
	return u.tr.opt.Outbox.EnqueueAssignment(u.tx, r.ID)
}

// lockReservationByID returns a reservation, which nobody else changes any more, with its locked task; store.ErrNoRow when they were
// removed. The numbers come from a row that was read before.
func (u *unit) lockReservationByID(id, taskID int64) (*Task, *Reservation, error) {
	t, err := u.lockTaskByID(taskID)
	if err != nil {
		return nil, nil, err
	}
	r, err := reservations.One(u.r, `WHERE id = $1`, id)
	return t, r, err
}

// closeReservation ends a pending reservation of a locked task without success: the status is ReservationTimeout, ReservationCanceled,
// ReservationRescinded or ReservationRejected. The task waits again when nobody else is offered it.
func (u *unit) closeReservation(t *Task, r *Reservation, status string, reasonCode int64) error {
	u.touch(t)
	if err := u.moveReservation(t, r, status, reasonCode); err != nil {
		return err
	}
	if err := u.withdrawn(t, r); err != nil {
		return err
	}
	return u.settled(t)
}

// withdrawn puts a touched task back among those that wait when the reservation that was closed was its last.
func (u *unit) withdrawn(t *Task, r *Reservation) error {
	if t.Status != TaskReserved {
		return nil
	}
	if t.TransferID != 0 {
		return u.missedTransfer(t, r)
	}
	var pending int64
	err := u.r.One(`SELECT COUNT(*) FROM tr_reservation WHERE task_id = $1 AND status = 'pending'`, []any{t.ID}, &pending)
	if err == nil && pending == 0 {
		t.Status = TaskPending
	}
	return err
}

// acceptReservation gives a locked task to w, the worker of a pending reservation; whoever else is offered it has lost it.
func (u *unit) acceptReservation(t *Task, r *Reservation, w *Worker) error {
	switch r.Status {
	case ReservationPending:
	case ReservationRescinded:
		return core.Ef(core.CodeGone, "Reservation %s is rescinded: task %s was given to another worker or has moved on", u.tr.ReservationSID(r.ID), u.tr.TaskSID(t.ID))
	default:
		return u.unfit(r, "accepted", ReservationPending)
	}
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	n := note{Type: "reservation.accepted", Task: t, Reservation: r, Worker: w}
	n.Wait, n.WaitInQueue = u.waited(t)
	u.touch(t)
	t.Status, t.DueAt = TaskAssigned, u.tx.Now()+assignedFor.Microseconds()
	if err := u.setReservation(r, ReservationAccepted); err != nil {
		return err
	}
	if err := u.record(n); err != nil {
		return err
	}
	for _, other := range open {
		if other.ID == r.ID || other.Status != ReservationPending {
			continue
		}
		if err := u.moveReservation(t, other, ReservationRescinded, 0); err != nil {
			return err
		}
	}
	if t.TransferID != 0 {
		if err := u.completeTransfer(t); err != nil {
			return err
		}
	}
	return u.settled(t)
}

// advanceReservation moves an accepted reservation on to ReservationWrapping or ReservationCompleted. The task goes with the last of those who
// hold it: after a warm transfer these may be two.
func (u *unit) advanceReservation(t *Task, r *Reservation, status string) error {
	if r.Status != ReservationAccepted && (r.Status != ReservationWrapping || status == ReservationWrapping) {
		if status == ReservationWrapping {
			return u.unfit(r, status, ReservationAccepted)
		}
		return u.unfit(r, status, ReservationAccepted+" or "+ReservationWrapping)
	}
	if t.TransferID != 0 {
		return core.Ef(core.CodeDuringTransfer, "Reservation %s cannot be %s while its task is being transferred; cancel the transfer, or wait for its end",
			u.tr.ReservationSID(r.ID), status)
	}
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	u.touch(t)
	next := TaskCompleted
	for _, o := range open {
		is := o.Status
		if o.ID == r.ID {
			is = status
		}
		if is == ReservationAccepted {
			next = TaskAssigned
		} else if is == ReservationWrapping && next == TaskCompleted {
			next = TaskWrapping
		}
	}
	if next != t.Status {
		t.Status = next
		n := note{Type: "task.wrapup", Task: t}
		if next == TaskCompleted {
			n.Type, t.DueAt = "task.completed", u.tx.Now()+endedFor.Microseconds()
		}
		if err := u.record(n); err != nil {
			return err
		}
	}
	if err := u.moveReservation(t, r, status, 0); err != nil {
		return err
	}
	return u.settled(t)
}

// unfit refuses a change that a reservation's status does not allow.
func (u *unit) unfit(r *Reservation, wanted, needed string) error {
	err := core.Ef(core.CodeTaskRouterInvalid, "Reservation %s cannot be %s because it is not %s: it is %s", u.tr.ReservationSID(r.ID), wanted, needed, r.Status)
	err.Details = map[string]any{"reservation_status": r.Status, "version": r.Version}
	return err
}

// openReservations returns those reservations of a locked task that use capacity. Where there are several, their workers' channels are
// locked in the order that all transactions keep.
func (u *unit) openReservations(t *Task) ([]*Reservation, error) {
	open, err := reservations.All(u.r, `WHERE task_id = $1 AND status IN `+openStatuses+` ORDER BY worker_id`, t.ID)
	if err != nil || len(open) < 2 {
		return open, err
	}
	ids := make([]int64, len(open))
	for i, r := range open {
		ids[i] = r.WorkerID
	}
	return open, u.lockSlots(ids)
}

// lockSlots locks the channels of several workers before the transaction changes any of them: two that met in different orders would wait
// for each other. A worker's own counters (tr_worker_seq) come after its channels.
func (u *unit) lockSlots(workerIDs []int64) error {
	list, args := store.In(nil, workerIDs)
	return u.r.Query(`SELECT id FROM tr_worker_channel WHERE worker_id IN `+list+` ORDER BY worker_id, id FOR UPDATE`, args,
		func(scan func(...any) error) error {
			var id int64
			return scan(&id)
		})
}

// moveReservation gives a reservation of a touched task another status and tells of it.
func (u *unit) moveReservation(t *Task, r *Reservation, status string, reasonCode int64) error {
	r.ReasonCode = reasonCode
	if err := u.setReservation(r, status); err != nil {
		return err
	}
	w, err := u.workerByID(r.WorkerID)
	if err != nil {
		return err
	}
	event := status
	if status == ReservationWrapping {
		event = "wrapup"
	}
	return u.record(note{Type: "reservation." + event, Task: t, Reservation: r, Worker: w})
}

// setReservation writes a reservation's new status, and what that changes of the capacity that it uses.
func (u *unit) setReservation(r *Reservation, status string) error {
	held, assigned := r.uses()
	r.Status, r.Version, r.UpdatedAt = status, r.Version+1, u.tx.Now()
	if err := reservations.Update(u.tx, r); err != nil {
		return err
	}
	heldNow, assignedNow := r.uses()
	err := u.tx.Defer(`UPDATE tr_worker_channel SET held = held + $1, assigned = assigned + $2 WHERE worker_id = $3 AND task_channel_id = $4`,
		heldNow-held, assignedNow-assigned, r.WorkerID, r.TaskChannelID)
	if err != nil {
		return err
	}
	return u.changed(changeWorker, r.WorkerID)
}

// uses is what a reservation counts for in its worker's channel: in WorkerChannel.Held and Assigned.
func (r *Reservation) uses() (held, assigned int64) {
	if r.Open() {
		held = 1
	}
	if r.Status == ReservationAccepted {
		assigned = 1
	}
	return held, assigned
}
