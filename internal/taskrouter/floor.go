package taskrouter

import (
	"parley/internal/core"
	"parley/internal/store"
)

// What is shown to those who watch over a workspace, read in a snapshot of theirs.

// ViewSpace returns a workspace of an account, or 20404.
func (tr *TaskRouter) ViewSpace(r *store.Reader, accountSID, workspaceSID string) (*Space, error) {
	return tr.space(r, accountSID, workspaceSID)
}

// Staff chooses workers: by number or by SID, or all.
type Staff struct {
	IDs  []int64
	SIDs []string
	All  bool
}

// ViewWorkers returns workers of a workspace by rising number; of each choice no more than limit.
func (tr *TaskRouter) ViewWorkers(r *store.Reader, s *Space, of Staff, limit int) (list []*Worker, err error) {
	read := func(condition string, args []any) {
		if err != nil {
			return
		}
		args = append(args, int64(limit))
		var rows []*Worker
		rows, err = workers.All(r, `WHERE workspace_id = $1`+condition+` ORDER BY id LIMIT `+mark(len(args)), args...)
		list = append(list, rows...)
	}
	here := []any{s.Workspace.ID}
	if of.All {
		read(``, here)
		return list, err
	}
	if len(of.IDs) > 0 {
		in, args := store.In(here, of.IDs)
		read(` AND id IN `+in, args)
	}
	if len(of.SIDs) > 0 {
		in, args := store.In(here, of.SIDs)
		read(` AND sid IN `+in, args)
	}
	return list, err
}

// Work chooses reservations: the open ones of workers, of tasks, or all open ones; and by number, whatever their status.
type Work struct {
	IDs, TaskIDs []int64
	WorkerSIDs   []string
	All          bool
}

// ViewReservations returns reservations of a workspace with their tasks but without transfers; of each choice no more than limit, and some
// twice where choices overlap.
func (tr *TaskRouter) ViewReservations(r *store.Reader, s *Space, of Work, limit int) (list []*ReservationView, err error) {
	read := func(condition string, args []any) {
		if err != nil {
			return
		}
		args = append(args, int64(limit))
		err = r.Query(`SELECT `+reservations.Columns("r")+`, w.sid, w.friendly_name FROM tr_reservation r JOIN tr_worker w ON w.id = r.worker_id
			WHERE r.workspace_id = $1 AND `+condition+` ORDER BY r.id LIMIT `+mark(len(args)), args, func(scan func(...any) error) error {
			v := &ReservationView{Space: s}
			row, err := reservations.Scan(scan, &v.WorkerSID, &v.WorkerName)
			if err == nil {
				v.Reservation = *row
				list = append(list, v)
			}
			return err
		})
	}
	here := []any{s.Workspace.ID}
	const open = `r.status IN ` + openStatuses
	if of.All {
		read(open, here)
	} else if len(of.WorkerSIDs) > 0 {
		in, args := store.In(here, of.WorkerSIDs)
		read(open+` AND r.worker_id IN (SELECT id FROM tr_worker WHERE sid IN `+in+`)`, args)
	}
	if len(of.TaskIDs) > 0 && !of.All {
		in, args := store.In(here, of.TaskIDs)
		read(open+` AND r.task_id IN `+in, args)
	}
	if len(of.IDs) > 0 {
		in, args := store.In(here, of.IDs)
		read(`r.id IN `+in, args)
	}
	if err != nil {
		return nil, err
	}
	taskIDs := make([]int64, len(list))
	for i, v := range list {
		taskIDs[i] = v.TaskID
	}
	known, err := byNumber(r, tasks, taskIDs, func(t *Task) int64 { return t.ID })
	for _, v := range list {
		v.Task = known[v.TaskID]
	}
	return list, err
}

// ReservationID is the number behind the SID of a reservation.
func (tr *TaskRouter) ReservationID(sid string) (id int64, ok bool) {
	return tr.codec.Decode("WR", core.SIDReservation, sid)
}
