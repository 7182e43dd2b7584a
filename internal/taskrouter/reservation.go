package taskrouter

import (
	"context"
	"errors"
	"slices"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// ReservationRef names a reservation by its task or by its worker; the other SID is "".
type ReservationRef struct{ TaskSID, WorkerSID, SID string }

// ReservationPatch is the input of UpdateReservation; nil leaves a value. An instruction is accept or reject; those for calls are refused.
type ReservationPatch struct {
	Status, WorkerActivitySID, Instruction *string
}

// UpdateReservation accepts, rejects, wraps up or completes a reservation, and moves its worker to another activity if that is asked for.
// A status that its own does not allow is 20001; accepting a rescinded one is 20410 (taskrouter-studio A.8).
func (tr *TaskRouter) UpdateReservation(ctx context.Context, accountSID, workspaceSID string, ref ReservationRef, p ReservationPatch, ifMatch string) (v *ReservationView, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if p.WorkerActivitySID != nil {
			if err := u.shareConfig(); err != nil {
				return err
			}
		}
		found, w, err := u.find(ref)
		if err != nil {
			return err
		}
		t, r, err := u.lockReservationByID(found.ID, found.TaskID)
		if errors.Is(err, store.ErrNoRow) {
			return notFound("Reservation", ref.SID)
		}
		if err != nil {
			return err
		}
		if err := checkVersion(ifMatch, r.Version); err != nil {
			return err
		}
		if err := u.updateReservation(t, r, w, p); err != nil {
			return err
		}
		v, err = u.reservationView(note{Task: t, Reservation: r, Worker: w})
		return err
	})
	return v, err
}

func (u *unit) updateReservation(t *Task, r *Reservation, w *Worker, p ReservationPatch) error {
	status, err := wantedStatus(t, p)
	if err != nil {
		return err
	}
	var to *Activity
	if p.WorkerActivitySID != nil {
		if to, err = u.knownActivity(*p.WorkerActivitySID); err != nil {
			return err
		}
		if w, err = u.lockWorker(w.SID); err != nil { // before its channels
			return err
		}
	}
	switch status {
	case ReservationAccepted:
		err = u.acceptReservation(t, r, w)
	case ReservationRejected:
		if r.Status != ReservationPending {
			return u.unfit(r, status, ReservationPending)
		}
		err = u.closeReservation(t, r, status, 0)
	case ReservationWrapping, ReservationCompleted:
		err = u.advanceReservation(t, r, status)
	default:
		return invalid("ReservationStatus must be accepted, rejected, wrapping or completed, not %q", clip(status))
	}
	if err != nil || to == nil {
		return err
	}
	return u.setActivity(w, to, false)
}

// wantedStatus is the status that a patch asks for, be it by an instruction.
func wantedStatus(t *Task, p ReservationPatch) (string, error) {
	if p.Instruction == nil {
		if p.Status == nil {
			return "", invalid("ReservationStatus or Instruction is required")
		}
		return *p.Status, nil
	}
	status := ""
	switch *p.Instruction {
	case "accept":
		status = ReservationAccepted
	case "reject":
		status = ReservationRejected
	default:
		return "", refuseInstruction(*p.Instruction, t.TransferID != 0, core.CodeTaskRouterInvalid)
	}
	if p.Status != nil && *p.Status != status {
		return "", invalid("ReservationStatus=%s contradicts Instruction=%s; send one of them", clip(*p.Status), *p.Instruction)
	}
	return status, nil
}

// refuseInstruction is the documented error of an instruction that Parley does not follow (taskrouter-studio A.14); unknown is the code of
// one that nobody knows.
func refuseInstruction(name string, duringTransfer bool, unknown int) *core.Error {
	code, known := map[string]int{
		"call": core.CodeCallRefused, "dequeue": core.CodeDequeueRefused, "redirect": core.CodeRedirectRefused,
		"conference": core.CodeConferenceRefused, "supervise": core.CodeSuperviseState,
	}[name]
	switch {
	case !known:
		return core.Ef(unknown, "Instruction %q is unknown; use accept or reject", clip(name))
	case duringTransfer && code != core.CodeConferenceRefused && code != core.CodeSuperviseState:
		return core.Ef(core.CodeDuringTransfer, "Instruction %s is not allowed while the task is being transferred", name)
	}
	return core.Ef(code, "Parley carries no voice, so it does not follow the instruction %s; use accept or reject", name)
}

// find returns a reservation and its worker, or 20404.
func (v *view) find(ref ReservationRef) (r *Reservation, w *Worker, err error) {
	var t *Task
	if ref.TaskSID != "" {
		t, err = v.task(ref.TaskSID)
	} else {
		w, err = v.worker(ref.WorkerSID)
	}
	if err != nil {
		return nil, nil, err
	}
	if r, err = v.reservation(ref.SID); err != nil {
		return nil, nil, err
	}
	if t != nil && r.TaskID != t.ID || w != nil && r.WorkerID != w.ID {
		return nil, nil, notFound("Reservation", ref.SID)
	}
	if w == nil {
		w, err = v.workerByID(r.WorkerID)
	}
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil, notFound("Reservation", ref.SID) // it went with its worker
	}
	return r, w, err
}

// FetchReservation returns a reservation, or 20404.
func (tr *TaskRouter) FetchReservation(ctx context.Context, accountSID, workspaceSID string, ref ReservationRef) (rv *ReservationView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		r, w, err := v.find(ref)
		if err != nil {
			return err
		}
		list, err := v.reservationViews([]*Reservation{r}, []*Worker{w})
		if err == nil {
			rv = list[0]
		}
		return err
	})
	return rv, err
}

// ReservationFilter chooses reservations: of a task, of a worker, or of both.
type ReservationFilter struct {
	TaskSID, WorkerSID string
	Status             string // "" for all; one that there is not is 20001
	Active             bool   // only those that use capacity
}

var reservationStatuses = [...]string{ReservationPending, ReservationAccepted, ReservationRejected, ReservationTimeout, ReservationCanceled,
	ReservationRescinded, ReservationWrapping, ReservationCompleted}

// ListReservations returns up to limit reservations after the one whose SID is after, in the order in which they were made.
func (tr *TaskRouter) ListReservations(ctx context.Context, accountSID, workspaceSID string, f ReservationFilter, after string, limit int) (list []*ReservationView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		list, err = v.listReservations(f, after, limit)
		return err
	})
	return list, err
}

func (v *view) listReservations(f ReservationFilter, after string, limit int) ([]*ReservationView, error) {
	where, args := `WHERE r.workspace_id = $1`, []any{v.Workspace.ID}
	add := func(condition string, value any) {
		args = append(args, value)
		where += ` AND ` + condition + mark(len(args))
	}
	if f.TaskSID != "" {
		t, err := v.task(f.TaskSID)
		if err != nil {
			return nil, err
		}
		add(`r.task_id = `, t.ID)
	}
	if f.WorkerSID != "" {
		w, err := v.worker(f.WorkerSID)
		if core.HasCode(err, core.CodeNotFound) && f.TaskSID != "" {
			return nil, nil // here it is a filter, not a place
		}
		if err != nil {
			return nil, err
		}
		add(`r.worker_id = `, w.ID)
	}
	if f.Status != "" {
		if !slices.Contains(reservationStatuses[:], f.Status) {
			return nil, invalid("ReservationStatus must be one of %s, not %q", strings.Join(reservationStatuses[:], ", "), clip(f.Status))
		}
		add(`r.status = `, f.Status)
	}
	if f.Active {
		where += ` AND r.status IN ` + openStatuses
	}
	if after != "" {
		id, ok := v.tr.codec.Decode("WR", core.SIDReservation, after)
		if !ok {
			return nil, badToken()
		}
		add(`r.id > `, id)
	}
	args = append(args, int64(limit))
	var rows []*Reservation
	var holders []*Worker
	err := v.r.Query(`SELECT `+reservations.Columns("r")+`, w.sid, w.friendly_name FROM tr_reservation r JOIN tr_worker w ON w.id = r.worker_id `+
		where+` ORDER BY r.id LIMIT `+mark(len(args)), args, func(scan func(...any) error) error {
		w := &Worker{}
		r, err := reservations.Scan(scan, &w.SID, &w.FriendlyName)
		rows, holders = append(rows, r), append(holders, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.reservationViews(rows, holders)
}

// reservationViews completes reservations, given their workers, in at most three queries.
func (v *view) reservationViews(rows []*Reservation, holders []*Worker) ([]*ReservationView, error) {
	var taskIDs, transferIDs []int64
	for _, r := range rows {
		taskIDs = append(taskIDs, r.TaskID)
		if r.TransferID != 0 {
			transferIDs = append(transferIDs, r.TransferID)
		}
	}
	known, err := byNumber(v.r, tasks, taskIDs, func(t *Task) int64 { return t.ID })
	if err != nil {
		return nil, err
	}
	for _, t := range known {
		if t.TransferID != 0 {
			transferIDs = append(transferIDs, t.TransferID)
		}
	}
	handed, err := byNumber(v.r, transfers, transferIDs, func(t *Transfer) int64 { return t.ID })
	if err != nil {
		return nil, err
	}
	var fromIDs []int64
	for _, t := range handed {
		fromIDs = append(fromIDs, t.WorkerID)
	}
	from, err := byNumber(v.r, workers, fromIDs, func(w *Worker) int64 { return w.ID })
	if err != nil {
		return nil, err
	}
	list := make([]*ReservationView, len(rows))
	for i, r := range rows {
		rv := &ReservationView{Space: v.Space, Reservation: *r, WorkerSID: holders[i].SID, WorkerName: holders[i].FriendlyName, Task: known[r.TaskID]}
		if rv.Incoming = handed[r.TransferID]; rv.Incoming != nil {
			if w := from[rv.Incoming.WorkerID]; w != nil {
				rv.IncomingWorkerSID = w.SID
			}
		}
		if rv.Task != nil {
			if t := handed[rv.Task.TransferID]; t != nil && t.ReservationID == r.ID {
				rv.Outgoing = t
			}
		}
		list[i] = rv
	}
	return list, nil
}

// byNumber reads the rows with the given numbers, none twice.
func byNumber[T any](r *store.Reader, table *store.Table[T], ids []int64, id func(*T) int64) (map[int64]*T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := store.In(nil, ids)
	rows, err := table.All(r, `WHERE id IN `+in, args...)
	return byID(rows, id), err
}
