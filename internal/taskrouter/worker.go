package taskrouter

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// maxWorkers is how many workers a workspace may have (taskrouter-studio A.14).
const maxWorkers = 15_000

// NewWorker is the input of CreateWorker.
type NewWorker struct {
	SID          string // "" makes one
	FriendlyName string
	ActivitySID  string // "" is the workspace's default
	Attributes   string // "" is "{}"
}

// WorkerPatch is the input of UpdateWorker; nil leaves a value.
type WorkerPatch struct {
	FriendlyName, ActivitySID, Attributes *string
	RejectPending                         *bool // with an unavailable activity: give back what is offered and not yet accepted
}

// CreateWorker makes a worker with a channel of capacity 1 for every task channel (taskrouter-studio A.3). A name that is taken,
// without regard to case, is 20001, too many workers are 14240.
func (tr *TaskRouter) CreateWorker(ctx context.Context, accountSID, workspaceSID string, n NewWorker) (v *WorkerView, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.shareConfig(); err != nil {
			return err
		}
		w, err := u.createWorker(n)
		if err == nil {
			v = &WorkerView{u.Space, *w}
		}
		return err
	})
	return v, err
}

// createWorker needs what is configured to be locked, or shared, by its caller: the worker gets a channel of each kind.
func (u *unit) createWorker(n NewWorker) (*Worker, error) {
	now := u.tx.Now()
	w := &Worker{ID: u.tx.NextID(), SID: n.SID, WorkspaceID: u.Workspace.ID, FriendlyName: n.FriendlyName, NameKey: strings.ToLower(n.FriendlyName),
		ActivityID: u.Workspace.DefaultActivityID, StatusChangedAt: now, CreatedAt: now, UpdatedAt: now}
	if err := checkName(n.FriendlyName); err != nil {
		return nil, err
	}
	var err error
	if w.Attributes, err = checkAttributes(n.Attributes); err != nil {
		return nil, err
	}
	if n.ActivitySID != "" {
		a, err := u.knownActivity(n.ActivitySID)
		if err != nil {
			return nil, err
		}
		w.ActivityID = a.ID
	}
	var count int64
	if err := u.tx.One(`SELECT COUNT(*) FROM tr_worker WHERE workspace_id = $1`, []any{w.WorkspaceID}, &count); err != nil {
		return nil, err
	}
	if count >= maxWorkers {
		return nil, core.Ef(core.CodeTooManyWorkers, "A workspace has at most %d workers", maxWorkers)
	}
	if w.SID == "" {
		w.SID = core.NewSID("WK")
	}
	if err := nameTaken(workers.Insert(u.tx, w)); err != nil {
		return nil, err
	}
	if err := u.tx.Defer(`INSERT INTO tr_worker_seq (worker_id, feed, assigned_at) VALUES ($1, 0, 0)`, w.ID); err != nil {
		return nil, err
	}
	for _, c := range u.Channels {
		if err := u.addWorkerChannel(w.ID, c); err != nil {
			return nil, err
		}
	}
	if err := u.record(note{Type: "worker.created", Worker: w}); err != nil {
		return nil, err
	}
	return w, u.changed(changeWorker, w.ID)
}

func nameTaken(err error) error {
	if errors.Is(err, store.ErrUnique) {
		return invalid("Worker with the same friendly name already exists")
	}
	return err
}

// knownActivity returns an activity that a parameter names, or 20001.
func (u *unit) knownActivity(sid string) (*Activity, error) {
	if a := u.ActivityBySID(sid); a != nil {
		return a, nil
	}
	return nil, invalid("ActivitySid %q is not an activity of this workspace", clip(sid))
}

// UpdateWorker changes a worker: its attributes as a whole, its name, its activity.
func (tr *TaskRouter) UpdateWorker(ctx context.Context, accountSID, workspaceSID, workerSID string, p WorkerPatch, ifMatch string) (v *WorkerView, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		w, err := u.updateWorker(workerSID, p, ifMatch)
		if err == nil {
			v = &WorkerView{u.Space, *w}
		}
		return err
	})
	return v, err
}

func (u *unit) updateWorker(sid string, p WorkerPatch, ifMatch string) (*Worker, error) {
	reject := p.RejectPending != nil && *p.RejectPending
	if reject && p.ActivitySID == nil {
		return nil, invalid("RejectPendingReservations needs the ActivitySid of an activity that is not available")
	}
	if p.ActivitySID != nil {
		if err := u.shareConfig(); err != nil {
			return nil, err
		}
	}
	if reject {
		if err := u.lockOffered(sid); err != nil {
			return nil, err
		}
	}
	w, err := u.lockWorker(sid)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(ifMatch, w.Version); err != nil {
		return nil, err
	}
	if p.ActivitySID != nil {
		to, err := u.knownActivity(*p.ActivitySID)
		if err != nil {
			return nil, err
		}
		if err := u.setActivity(w, to, reject); err != nil {
			return nil, err
		}
	}
	return w, u.describeWorker(w, p)
}

// describeWorker sets what a patch says of a worker itself, and saves it if that is something new.
func (u *unit) describeWorker(w *Worker, p WorkerPatch) error {
	before := *w
	setIf(&w.FriendlyName, p.FriendlyName)
	w.NameKey = strings.ToLower(w.FriendlyName)
	if err := checkName(w.FriendlyName); err != nil {
		return err
	}
	if p.Attributes != nil {
		var err error
		if w.Attributes, err = checkAttributes(*p.Attributes); err != nil {
			return err
		}
	}
	if *w == before {
		return nil
	}
	return u.saveWorker(w, note{Type: "worker.attributes.update", Worker: w})
}

// saveWorker writes a locked worker that was changed, as its next version.
func (u *unit) saveWorker(w *Worker, n note) error {
	w.Version++
	w.UpdatedAt = u.tx.Now()
	if err := nameTaken(workers.Update(u.tx, w)); err != nil {
		return err
	}
	if err := u.record(n); err != nil {
		return err
	}
	return u.changed(changeWorker, w.ID)
}

// setActivity moves a locked worker to another activity. Offered work stays offered, unless rejectPending asks to give it back, which
// only an unavailable activity allows (taskrouter-studio A.8).
func (u *unit) setActivity(w *Worker, to *Activity, rejectPending bool) error {
	if rejectPending && to.Available {
		return invalid("RejectPendingReservations is only valid with an activity that is not available, and %s is available", to.SID)
	}
	if rejectPending {
		if err := u.rejectOffered(w); err != nil {
			return err
		}
	}
	if to.ID == w.ActivityID {
		return nil
	}
	spent := u.tx.Now() - w.StatusChangedAt
	extra := map[string]string{
		"worker_time_in_previous_activity":    strconv.FormatInt(spent/1e6, 10),
		"worker_time_in_previous_activity_ms": strconv.FormatInt(spent/1e3, 10),
	}
	if from := u.Activity(w.ActivityID); from != nil {
		extra["worker_previous_activity_sid"], extra["worker_previous_activity_name"] = from.SID, from.FriendlyName
	}
	w.ActivityID, w.StatusChangedAt = to.ID, u.tx.Now()
	return u.saveWorker(w, note{Type: "worker.activity.update", Worker: w, Extra: extra})
}

// offered are the pending reservations of a worker, in the order in which they were made.
const offered = `WHERE worker_id = $1 AND status = 'pending' ORDER BY id`

// lockOffered locks the tasks that are offered to a worker, which come before the worker in the order of locks.
func (u *unit) lockOffered(workerSID string) error {
	w, err := u.worker(workerSID)
	if err != nil {
		return err
	}
	list, err := reservations.All(u.r, offered, w.ID)
	if err != nil {
		return err
	}
	var ids []int64
	for _, r := range list {
		ids = append(ids, r.TaskID)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if _, err := u.lockTaskByID(id); err != nil && !errors.Is(err, store.ErrNoRow) {
			return err
		}
	}
	return nil
}

// rejectOffered gives back what a locked worker was offered: it is offered nothing more. A task that it was offered after lockOffered is
// locked late, and before the worker's channels, which whoever changes that task may wait for.
func (u *unit) rejectOffered(w *Worker) error {
	list, err := reservations.All(u.r, offered, w.ID)
	if err != nil {
		return err
	}
	rows := make(map[int64]*Task, len(list))
	for _, r := range list {
		if rows[r.TaskID], err = u.lockTaskByID(r.TaskID); err != nil && !errors.Is(err, store.ErrNoRow) {
			return err
		}
	}
	if err := u.lockSlots([]int64{w.ID}); err != nil {
		return err
	}
	if list, err = reservations.All(u.r, offered, w.ID); err != nil { // some ended before their task was locked
		return err
	}
	for _, r := range list {
		if err := u.closeReservation(rows[r.TaskID], r, ReservationRejected, 0); err != nil {
			return err
		}
	}
	return nil
}

// DeleteWorker removes a worker who is in an unavailable activity and holds no work; anything else is 20001.
func (tr *TaskRouter) DeleteWorker(ctx context.Context, accountSID, workspaceSID, workerSID, ifMatch string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		w, err := u.lockWorker(workerSID)
		if err != nil {
			return err
		}
		if err := checkVersion(ifMatch, w.Version); err != nil {
			return err
		}
		if a := u.Activity(w.ActivityID); a != nil && a.Available {
			return invalid("Worker %s is in the available activity %s; move it to one that is not available, such as Offline, before you delete it", w.SID, a.SID)
		}
		if _, err := u.tx.Exec(`DELETE FROM tr_worker_channel WHERE worker_id = $1`, w.ID); err != nil { // nothing can be offered from here on
			return err
		}
		var open int64
		err = u.tx.One(`SELECT COUNT(*) FROM tr_reservation WHERE worker_id = $1 AND status IN ('pending', 'accepted', 'wrapping')`, []any{w.ID}, &open)
		if err != nil {
			return err
		}
		if open > 0 {
			return invalid("Worker %s has %d open reservations; end them before you delete it", w.SID, open)
		}
		if err := u.record(note{Type: "worker.deleted", Worker: w}); err != nil {
			return err
		}
		if _, err := u.tx.Exec(`DELETE FROM tr_worker_seq WHERE worker_id = $1`, w.ID); err != nil {
			return err
		}
		if err := workers.Delete(u.tx, w); err != nil {
			return err
		}
		return u.changed(changeWorker, w.ID)
	})
}

// FetchWorker returns a worker, or 20404.
func (tr *TaskRouter) FetchWorker(ctx context.Context, accountSID, workspaceSID, workerSID string) (wv *WorkerView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		w, err := v.worker(workerSID)
		if err == nil {
			wv = &WorkerView{v.Space, *w}
		}
		return err
	})
	return wv, err
}
