package taskrouter

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"parley/internal/store"
)

const (
	keepEvents = 30 * 24 * time.Hour // taskrouter-studio A.12
	tidyEvery  = time.Minute
	tidyBatch  = 500
)

// lapsed is what time has ended, by workspace.
type lapsed struct {
	offers map[int64][]lapsedOffer // pending reservations
	tasks  map[int64][]int64       // assigned for too long, or ended and no more to be kept
	more   bool                    // there may be more than was read
	next   int64                   // when the next thing is due, in microseconds; 0 for never
}

type lapsedOffer struct{ id, task, worker int64 }

func (t *tenure) readLapsed(r *store.Reader, now int64) (l lapsed, err error) {
	l = lapsed{offers: map[int64][]lapsedOffer{}, tasks: map[int64][]int64{}}
	rows := 0
	cond, args := t.elsewhere([]any{now, maxDue})
	err = r.Query(`SELECT workspace_id, id, task_id, worker_id FROM tr_reservation WHERE status = 'pending' AND expires_at <= $1`+cond+` ORDER BY expires_at LIMIT $2`,
		args, func(scan func(...any) error) error {
			var workspace int64
			var o lapsedOffer
			err := scan(&workspace, &o.id, &o.task, &o.worker)
			l.offers[workspace] = append(l.offers[workspace], o)
			rows++
			return err
		})
	if err != nil {
		return l, err
	}
	l.more, rows = rows == maxDue, 0
	err = r.Query(`SELECT workspace_id, id FROM tr_task WHERE due_at > 0 AND due_at <= $1`+cond+` ORDER BY due_at LIMIT $2`,
		args, func(scan func(...any) error) error {
			var workspace, id int64
			err := scan(&workspace, &id)
			l.tasks[workspace] = append(l.tasks[workspace], id)
			rows++
			return err
		})
	if err != nil {
		return l, err
	}
	l.more = l.more || rows == maxDue
	var offer, task int64
	err = r.One(`SELECT COALESCE((SELECT MIN(expires_at) FROM tr_reservation WHERE status = 'pending' AND expires_at > $1), 0),
		COALESCE((SELECT MIN(due_at) FROM tr_task WHERE due_at > $1), 0)`, []any{now}, &offer, &task)
	l.next = sooner(offer, task)
	return l, err
}

// sweep ends what lapsed in a workspace.
func (t *tenure) sweep(ctx context.Context, k *desk, l lapsed) error {
	if offers := l.offers[k.id]; offers != nil {
		if err := t.update(ctx, k, func(u *unit) error { return u.endOffers(offers) }); err != nil {
			return err
		}
	}
	if ids := l.tasks[k.id]; ids != nil {
		return t.update(ctx, k, func(u *unit) error { return u.removeOld(ids) })
	}
	return nil
}

// endOffers times reservations out, and sends their workers into the workspace's timeout activity, whatever else they are at
// (taskrouter-studio A.8).
func (u *unit) endOffers(offers []lapsedOffer) error {
	slices.SortFunc(offers, func(a, b lapsedOffer) int { return cmp.Or(cmp.Compare(a.worker, b.worker), cmp.Compare(a.id, b.id)) })
	var taskIDs, workerIDs []int64
	for _, o := range offers {
		taskIDs, workerIDs = append(taskIDs, o.task), append(workerIDs, o.worker)
	}
	rows, err := u.lockTasks(taskIDs)
	if err != nil {
		return err
	}
	list, args := store.In(nil, slices.Compact(workerIDs))
	staff, err := workers.All(u.r, `WHERE id IN `+list+` ORDER BY id FOR UPDATE`, args...)
	if err != nil {
		return err
	}
	byNumber := byID(staff, func(w *Worker) int64 { return w.ID })
	for _, o := range offers {
		if t, w := rows[o.task], byNumber[o.worker]; t != nil && w != nil {
			if err := u.endOffer(t, w, o.id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (u *unit) endOffer(t *Task, w *Worker, id int64) error {
	r, err := reservations.One(u.r, `WHERE id = $1`, id)
	if errors.Is(err, store.ErrNoRow) {
		return nil
	}
	if err != nil || r.Status != ReservationPending || r.ExpiresAt > u.tx.Now() {
		return err
	}
	if err := u.closeReservation(t, r, ReservationTimeout, 0); err != nil {
		return err
	}
	to := u.Activity(u.Workspace.TimeoutActivityID)
	if to == nil || to.ID == w.ActivityID {
		return nil
	}
	return u.setActivity(w, to, false)
}

// removeOld takes away tasks whose time is over.
func (u *unit) removeOld(ids []int64) error {
	rows, err := u.lockTasks(ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		t := rows[id]
		if t == nil || t.DueAt == 0 || t.DueAt > u.tx.Now() {
			continue
		}
		if err := u.removeTask(t, "task.system-deleted"); err != nil {
			return err
		}
	}
	return nil
}

// tidy removes a batch of events that are old enough. It reports whether there may be more.
func (t *tenure) tidy(ctx context.Context) (more bool, err error) {
	err = t.tr.st.Update(ctx, func(tx *store.Tx) error {
		if err := t.lease.prove(tx, t.fence); err != nil {
			return err
		}
		// SQLite keeps the order of a cross join: by workspaces it finds old events without reading the others.
		n, err := tx.Exec(`DELETE FROM tr_event WHERE id IN (SELECT e.id FROM tr_workspace w CROSS JOIN tr_event e
			WHERE e.workspace_id = w.id AND e.at < $1 LIMIT $2)`, tx.Now()-keepEvents.Microseconds(), tidyBatch)
		more = n == tidyBatch
		return err
	})
	return more, err
}

// forgetDesk ends a desk whose workspace was deleted.
func (t *tenure) forgetDesk(ctx context.Context, k *desk) error {
	delete(t.desks, k.id)
	t.tr.forget(k.id)
	return t.tr.st.Update(ctx, func(tx *store.Tx) error {
		if err := t.lease.prove(tx, t.fence); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM tr_change WHERE workspace_id = $1`, k.id)
		return err
	})
}
