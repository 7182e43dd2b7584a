package taskrouter

import (
	"context"
	"errors"
	"time"

	"parley/internal/store"
)

// SetAttended records that a node has, or has no more, a client that asked for its worker to be taken offline when it is gone. A worker
// who is back is not taken offline for having left another node.
func (tr *TaskRouter) SetAttended(ctx context.Context, workerID, nodeID int64, here bool) error {
	return tr.st.Update(ctx, func(tx *store.Tx) error {
		if err := lockAttended(tx, workerID); err != nil {
			if errors.Is(err, store.ErrNoRow) {
				return nil
			}
			return err
		}
		if !here {
			_, err := tx.Exec(`UPDATE tr_attended SET left_at = $1 WHERE worker_id = $2 AND node_id = $3 AND left_at = 0`, tx.Now(), workerID, nodeID)
			return err
		}
		if _, err := tx.Exec(`DELETE FROM tr_attended WHERE worker_id = $1 AND left_at > 0`, workerID); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO tr_attended (worker_id, node_id, left_at) VALUES ($1, $2, 0) ON CONFLICT (worker_id, node_id) DO NOTHING`, workerID, nodeID)
		return err
	})
}

// lockAttended lets the rows of a worker change one after the other.
func lockAttended(tx *store.Tx, workerID int64) error {
	return tx.One(`SELECT id FROM tr_worker WHERE id = $1 FOR UPDATE`, []any{workerID}, &workerID)
}

// LeaveNode is SetAttended for all workers of a node that ends.
func (tr *TaskRouter) LeaveNode(ctx context.Context, nodeID int64) error {
	return tr.st.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE tr_attended SET left_at = $1 WHERE node_id = $2 AND left_at = 0`, tx.Now(), nodeID)
		return err
	})
}

// SweepAttended moves workers who have been gone for a while to the default activity of their workspace. A node that died has left
// its workers when that is noticed. Any node may call it at any time.
func (tr *TaskRouter) SweepAttended(ctx context.Context, after time.Duration) error {
	var gone []int64
	err := tr.st.View(ctx, func(r *store.Reader) error {
		return r.Query(`SELECT DISTINCT worker_id FROM tr_attended WHERE left_at > 0 AND left_at <= $1
			OR left_at = 0 AND NOT EXISTS (SELECT 1 FROM node WHERE node.id = tr_attended.node_id) ORDER BY worker_id LIMIT 500`,
			[]any{r.Now() - after.Microseconds()}, func(scan func(...any) error) error {
				gone = append(gone, 0)
				return scan(&gone[len(gone)-1])
			})
	})
	for _, id := range gone {
		if err == nil {
			err = tr.st.Update(ctx, func(tx *store.Tx) error { return tr.takeOffline(tx, id, after) })
		}
	}
	return err
}

func (tr *TaskRouter) takeOffline(tx *store.Tx, workerID int64, after time.Duration) error {
	var workspaceID int64
	err := tx.One(`SELECT workspace_id FROM tr_worker WHERE id = $1`, []any{workerID}, &workspaceID)
	if errors.Is(err, store.ErrNoRow) {
		_, err := tx.Exec(`DELETE FROM tr_attended WHERE worker_id = $1`, workerID)
		return err
	}
	if err != nil {
		return err
	}
	s, err := tr.spaceOf(&tx.Reader, workspaceID)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	u := &unit{view{s, tr, &tx.Reader}, tx}
	if err := u.shareConfig(); err != nil {
		return err
	}
	err = lockAttended(tx, workerID)
	if errors.Is(err, store.ErrNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE tr_attended SET left_at = $1 WHERE worker_id = $2 AND left_at = 0
		AND NOT EXISTS (SELECT 1 FROM node WHERE node.id = tr_attended.node_id)`, tx.Now(), workerID)
	if err != nil {
		return err
	}
	done, err := tx.Exec(`DELETE FROM tr_attended WHERE worker_id = $1 AND left_at > 0 AND left_at <= $2`, workerID, tx.Now()-after.Microseconds())
	if err != nil || done == 0 {
		return err
	}
	var left int64
	if err := tx.One(`SELECT COUNT(*) FROM tr_attended WHERE worker_id = $1`, []any{workerID}, &left); err != nil || left > 0 {
		return err
	}
	w, err := workers.One(u.r, `WHERE id = $1 FOR UPDATE`, workerID)
	if err != nil {
		return err
	}
	to := u.Activity(u.Workspace.DefaultActivityID)
	if to == nil {
		return nil
	}
	return u.setActivity(w, to, false)
}
