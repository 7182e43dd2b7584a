package delivery

import (
	"context"
	"strconv"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
)

// block bounds how many rows one transaction of a replay or of a clean-up touches.
const block = 500

func mark(n int) string { return "$" + strconv.Itoa(n) }

// Replay makes a dead letter due again, with its idempotency token and as many retries as at first. 20409 for what is no dead letter.
func (d *Deliveries) Replay(ctx context.Context, accountSID, sid string) (f *Failure, err error) {
	err = d.o.Store.Update(ctx, func(tx *store.Tx) error {
		if err := lock(tx, accountSID); err != nil {
			return err
		}
		if f, err = find(&tx.Reader, accountSID, sid); err != nil {
			return err
		}
		if f.State != StateDead {
			return core.Ef(core.CodeConflict, "The call is %s; only a dead letter can be replayed", f.State)
		}
		return revive(tx, f)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ReplayAll makes every dead letter of an account due again, the oldest first, and returns how many they were. Those of one lane are called in
// their old order.
func (d *Deliveries) ReplayAll(ctx context.Context, accountSID string) (n int, err error) {
	last := int64(0)
	for {
		var rows []*Failure
		err := d.o.Store.Update(ctx, func(tx *store.Tx) error {
			if err := lock(tx, accountSID); err != nil {
				return err
			}
			rows, err = failures.All(&tx.Reader, "WHERE account_sid = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4", accountSID, StateDead, last, block)
			for _, f := range rows {
				if err := revive(tx, f); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return n, err
		}
		if n += len(rows); len(rows) < block {
			return n, nil
		}
		last = rows[len(rows)-1].ID // what died again meanwhile is not called without end
	}
}

// lock lets replays of an account follow one another, as jobs.Revive asks.
func lock(tx *store.Tx, accountSID string) error {
	var sid string
	return tx.One(`SELECT sid FROM account WHERE sid = $1 FOR UPDATE`, []any{accountSID}, &sid)
}

func revive(tx *store.Tx, f *Failure) error {
	if _, err := jobs.Revive(tx, f.ID); err != nil {
		return err
	}
	f.State, f.Failures, f.UpdatedAt = StateRetrying, 0, tx.Now()
	return failures.Update(tx, f)
}

// Clean removes what is older than it may be kept, and what an account has beyond maxKept, with the jobs of dead letters.
func (d *Deliveries) Clean(ctx context.Context) error {
	old := d.o.Store.Now() - d.o.Keep.Microseconds()
	if err := d.drop(ctx, "updated_at < $1 AND state <> '"+StateRetrying+"'", old); err != nil {
		return err
	}
	full := map[string]int64{} // the newest number that is too many, by account
	err := d.o.Store.View(ctx, func(r *store.Reader) error {
		var accounts []string
		err := r.Query(`SELECT account_sid FROM webhook_failure GROUP BY account_sid HAVING count(*) > $1`, []any{maxKept}, func(scan func(...any) error) error {
			var sid string
			err := scan(&sid)
			accounts = append(accounts, sid)
			return err
		})
		for _, sid := range accounts {
			var id int64
			if err := r.One(`SELECT id FROM webhook_failure WHERE account_sid = $1 ORDER BY id DESC LIMIT 1 OFFSET $2`, []any{sid, maxKept}, &id); err != nil {
				return err
			}
			full[sid] = id
		}
		return err
	})
	if err != nil {
		return err
	}
	for sid, id := range full {
		if err := d.drop(ctx, "account_sid = $1 AND id <= $2 AND state <> '"+StateRetrying+"'", sid, id); err != nil {
			return err
		}
	}
	return nil
}

// drop removes the entries that a condition names, and their dead letters, block by block.
func (d *Deliveries) drop(ctx context.Context, cond string, args ...any) error {
	for {
		var ids []int64
		err := d.o.Store.Update(ctx, func(tx *store.Tx) error {
			ids = ids[:0]
			err := tx.Query(`SELECT id FROM webhook_failure WHERE `+cond+` ORDER BY id LIMIT `+mark(len(args)+1)+` FOR UPDATE`, append(args[:len(args):len(args)], block),
				func(scan func(...any) error) error {
					var id int64
					err := scan(&id)
					ids = append(ids, id)
					return err
				})
			if err != nil || len(ids) == 0 {
				return err
			}
			list, in := store.In(nil, ids)
			if err := tx.Defer(`DELETE FROM job WHERE state = 2 AND id IN `+list, in...); err != nil {
				return err
			}
			return tx.Defer(`DELETE FROM webhook_failure WHERE id IN `+list, in...)
		})
		if err != nil || len(ids) < block {
			return err
		}
	}
}
