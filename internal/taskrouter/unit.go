package taskrouter

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// view is one snapshot of a workspace.
type view struct {
	*Space
	tr *TaskRouter
	r  *store.Reader
}

// unit is one transaction on a workspace.
type unit struct {
	view
	tx *store.Tx
}

// view runs fn on a snapshot of a workspace of the account; 20404 where there is none.
func (tr *TaskRouter) view(ctx context.Context, accountSID, workspaceSID string, fn func(v *view) error) error {
	return tr.st.View(ctx, func(r *store.Reader) error {
		s, err := tr.space(r, accountSID, workspaceSID)
		if err != nil {
			return err
		}
		return fn(&view{s, tr, r})
	})
}

// update runs fn in a transaction on a workspace of the account; 20404 where there is none.
func (tr *TaskRouter) update(ctx context.Context, accountSID, workspaceSID string, fn func(u *unit) error) error {
	return tr.st.Update(ctx, func(tx *store.Tx) error {
		u, err := tr.open(tx, accountSID, workspaceSID)
		if err != nil {
			return err
		}
		return fn(u)
	})
}

// open is update inside a transaction that is under way and has changed nothing configured yet.
func (tr *TaskRouter) open(tx *store.Tx, accountSID, workspaceSID string) (*unit, error) {
	s, err := tr.space(&tx.Reader, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return &unit{view{s, tr, &tx.Reader}, tx}, nil
}

// lockConfig takes the workspace for a change of what is configured, raises its revision, and reads it anew if somebody
// changed it meanwhile. Call it before looking at what is to be changed. What the transaction itself then changes shows only after
// loadSpace.
func (u *unit) lockConfig() error {
	var rev int64
	err := u.tx.One(`UPDATE tr_workspace SET rev = rev + 1 WHERE id = $1 RETURNING rev`, []any{u.Workspace.ID}, &rev)
	if errors.Is(err, store.ErrNoRow) {
		return notFound("Workspace", u.Workspace.SID)
	}
	if err != nil {
		return err
	}
	if rev == u.Workspace.Rev+1 {
		s, ws := *u.Space, *u.Workspace
		ws.Rev, s.Workspace = rev, &ws
		u.Space = &s
	} else if u.Space, err = loadSpace(u.r, u.Workspace.ID); err != nil {
		return err
	}
	return u.changed(changeConfig, 0)
}

// shareConfig keeps what is configured as it is until the transaction ends, and reads it anew if somebody changed it meanwhile. Call it
// before anything else of the workspace is locked, where a row is to refer to what is configured.
func (u *unit) shareConfig() error {
	var rev int64
	err := u.tx.One(`SELECT rev FROM tr_workspace WHERE id = $1 FOR SHARE`, []any{u.Workspace.ID}, &rev)
	if errors.Is(err, store.ErrNoRow) {
		return notFound("Workspace", u.Workspace.SID)
	}
	if err != nil || rev == u.Workspace.Rev {
		return err
	}
	u.Space, err = loadSpace(u.r, u.Workspace.ID)
	return err
}

// The kinds of notes for the matcher.
const (
	changeConfig = "config" // anything that Space shows
	changeTask   = "task"
	changeWorker = "worker" // or its channels
)

// Changed is emitted when a workspace has something new for the matcher.
type Changed struct{ WorkspaceID int64 }

// changed leaves a note for the matcher: it reads the entity, or finds it gone, after this transaction.
func (u *unit) changed(kind string, id int64) error {
	u.tx.Emit(Changed{u.Workspace.ID})
	return u.tx.Defer(`INSERT INTO tr_change (id, workspace_id, kind, entity_id) VALUES ($1, $2, $3, $4)`, u.tx.NextID(), u.Workspace.ID, kind, id)
}

// task returns a task of the workspace by SID, or 20404.
func (v *view) task(sid string) (*Task, error) { return v.taskRow(sid, "") }

// lockTask is task for a change: nobody else changes it, its reservations or its transfers until the transaction ends.
func (u *unit) lockTask(sid string) (*Task, error) { return u.taskRow(sid, " FOR UPDATE") }

func (v *view) taskRow(sid, lock string) (*Task, error) {
	if id, ok := v.tr.codec.Decode("WT", core.SIDTask, sid); ok {
		t, err := tasks.One(v.r, `WHERE id = $1 AND workspace_id = $2`+lock, id, v.Workspace.ID)
		if !errors.Is(err, store.ErrNoRow) {
			return t, err
		}
	}
	return nil, notFound("Task", sid)
}

// taskByID is task for a number that came from the store; store.ErrNoRow when it was removed.
func (u *unit) lockTaskByID(id int64) (*Task, error) {
	return tasks.One(u.r, `WHERE id = $1 AND workspace_id = $2 FOR UPDATE`, id, u.Workspace.ID)
}

// reservation returns a reservation of the workspace by SID, or 20404.
func (v *view) reservation(sid string) (*Reservation, error) {
	if id, ok := v.tr.codec.Decode("WR", core.SIDReservation, sid); ok {
		r, err := reservations.One(v.r, `WHERE id = $1 AND workspace_id = $2`, id, v.Workspace.ID)
		if !errors.Is(err, store.ErrNoRow) {
			return r, err
		}
	}
	return nil, notFound("Reservation", sid)
}

// worker returns a worker of the workspace by SID, or 20404.
func (v *view) worker(sid string) (*Worker, error) { return v.workerRow(sid, "") }

// lockWorker is worker for a change.
func (u *unit) lockWorker(sid string) (*Worker, error) { return u.workerRow(sid, " FOR UPDATE") }

func (v *view) workerRow(sid, lock string) (*Worker, error) {
	if core.IsSID("WK", sid) {
		w, err := workers.One(v.r, `WHERE sid = $1 AND workspace_id = $2`+lock, sid, v.Workspace.ID)
		if !errors.Is(err, store.ErrNoRow) {
			return w, err
		}
	}
	return nil, notFound("Worker", sid)
}

// workerByID is worker for a number that came from the store.
func (v *view) workerByID(id int64) (*Worker, error) { return workers.One(v.r, `WHERE id = $1`, id) }

// inUse refuses a change with these words where a query finds a row.
func (v *view) inUse(sql string, args []any, format string, words ...any) error {
	var id int64
	err := v.r.One(sql+` LIMIT 1`, args, &id)
	switch {
	case errors.Is(err, store.ErrNoRow):
		return nil
	case err != nil:
		return err
	}
	return invalid(format, words...)
}
