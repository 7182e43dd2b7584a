package taskrouter

import (
	"parley/internal/core"
)

// touch begins the one change that a use case makes to a locked task. What is recorded and shown from then on bears the new version.
func (u *unit) touch(t *Task) { t.Version, t.UpdatedAt = t.Version+1, u.tx.Now() }

// saveTask writes a locked task after touch and after its events were recorded.
func (u *unit) saveTask(t *Task) error { return tasks.Update(u.tx, t) }

// settled saves a task and leaves a note for the matcher.
func (u *unit) settled(t *Task) error {
	if err := u.saveTask(t); err != nil {
		return err
	}
	return u.changed(changeTask, t.ID)
}

// cancelTask ends a locked task that waits, and withdraws what is offered of it. One that is being handed on goes back to whom it came from
// instead: that person is still at work with it.
func (u *unit) cancelTask(t *Task, reason string) error {
	u.touch(t)
	var err error
	if t.TransferID != 0 {
		err = u.failTransfer(t, reason)
	} else {
		err = u.finishTask(t, TaskCanceled, reason)
	}
	if err != nil {
		return err
	}
	return u.settled(t)
}

// finishTask ends a touched task, and then its open reservations with it: the status is TaskCanceled or TaskCompleted.
func (u *unit) finishTask(t *Task, status, reason string) error {
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	n := note{Type: "task.completed", Task: t}
	end := ReservationCompleted
	if status == TaskCanceled {
		n.Type, end = "task.canceled", ReservationCanceled
		n.Wait, n.WaitInQueue = u.waited(t)
	}
	t.Status, t.Reason, t.DueAt = status, reason, u.tx.Now()+endedFor.Microseconds()
	if err := u.record(n); err != nil {
		return err
	}
	for _, r := range open {
		if err := u.moveReservation(t, r, end, 0); err != nil {
			return err
		}
	}
	return nil
}

// wrapTask begins the work after an assigned task that was touched, for everybody who has accepted it.
func (u *unit) wrapTask(t *Task, reason string) error {
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	t.Status, t.Reason = TaskWrapping, reason
	if err := u.record(note{Type: "task.wrapup", Task: t}); err != nil {
		return err
	}
	for _, r := range open {
		if r.Status != ReservationAccepted {
			continue
		}
		if err := u.moveReservation(t, r, ReservationWrapping, 0); err != nil {
			return err
		}
	}
	return nil
}

// removeTask takes a locked task away, with its reservations and transfers: event is task.deleted or task.system-deleted. Who is offered it
// is told that it was canceled, who had accepted it that it is completed (taskrouter-studio A.6). The history stays.
func (u *unit) removeTask(t *Task, event string) error {
	u.touch(t)
	if t.TransferID != 0 {
		if err := u.endTransfer(t, TransferCanceled, ""); err != nil {
			return err
		}
	}
	open, err := u.openReservations(t)
	if err != nil {
		return err
	}
	if err := u.record(note{Type: event, Task: t}); err != nil {
		return err
	}
	for _, r := range open {
		end := ReservationCompleted
		if r.Status == ReservationPending {
			end = ReservationCanceled
		}
		if err := u.moveReservation(t, r, end, 0); err != nil {
			return err
		}
	}
	for _, table := range []string{"tr_reservation", "tr_transfer"} {
		if err := u.tx.Defer(`DELETE FROM `+table+` WHERE task_id = $1`, t.ID); err != nil {
			return err
		}
	}
	if err := tasks.Delete(u.tx, t); err != nil {
		return err
	}
	return u.changed(changeTask, t.ID)
}

// waited is how long a task has waited by now, on the whole and in its queue, in microseconds. One that is handed on waits since then.
func (u *unit) waited(t *Task) (all, inQueue int64) {
	now, since := u.tx.Now(), t.CreatedAt
	if t.TransferID != 0 {
		since = t.StepBase
	}
	if t.QueueEnteredAt != 0 {
		inQueue = now - max(since, t.QueueEnteredAt)
	}
	return now - since, inQueue
}

// misplaced refuses a change that a task's status does not allow; who raced with somebody else sees how it stands now.
func misplaced(t *Task, format string, args ...any) error {
	err := core.Ef(core.CodeTaskRouterInvalid, format, args...)
	err.Details = map[string]any{"assignment_status": t.Status, "version": t.Version}
	return err
}
