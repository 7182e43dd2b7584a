package studio

import (
	"context"
	"errors"
	"strconv"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// sweepBatch is how many executions one transaction of a sweep changes.
const sweepBatch = 200

// Sweep ends executions that are too old and removes those that ended too long ago. Nodes may sweep at once.
func (s *Studio) Sweep(ctx context.Context) error {
	return errors.Join(s.expire(ctx), s.clean(ctx))
}

// expire ends what began more than a lifetime ago (taskrouter-studio B.5).
func (s *Studio) expire(ctx context.Context) error {
	for {
		ids, err := s.some(ctx, `active AND created_at < $1 ORDER BY created_at LIMIT $2`, s.store.Now()-s.o.Limits.Lifetime.Microseconds())
		if err != nil || len(ids) == 0 {
			return err
		}
		var faults error // one that cannot go on must not keep the others
		for _, id := range ids {
			faults = errors.Join(faults, s.update(ctx, func(tx *store.Tx, no refused) error {
				e, err := lockExecution(tx, id)
				if errors.Is(err, store.ErrNoRow) || err == nil && !e.Active {
					return nil
				}
				if err != nil {
					return err
				}
				if err := s.resume(tx, no, e, machine.Event{Kind: machine.EventExpired}); err != nil || !e.Active {
					return err
				}
				return (&turn{s: s, tx: tx, e: e}).end(endBroken)
			}))
		}
		if faults != nil {
			return faults
		}
	}
}

// clean removes what ended more than Keep ago.
func (s *Studio) clean(ctx context.Context) error {
	for {
		ids, err := s.some(ctx, `NOT active AND updated_at < $1 ORDER BY updated_at LIMIT $2`, s.store.Now()-s.o.Keep.Microseconds())
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.store.Update(ctx, func(tx *store.Tx) error { return forget(tx, ids) }); err != nil {
			return err
		}
	}
}

// some reads the numbers of a batch of executions.
func (s *Studio) some(ctx context.Context, cond string, arg int64) (ids []int64, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		ids, err = pick(r, cond, arg)
		return err
	})
	return ids, err
}

func pick(r *store.Reader, cond string, arg int64) (ids []int64, err error) {
	err = r.Query(`SELECT id FROM studio_execution WHERE `+cond, []any{arg, int64(sweepBatch)}, func(scan func(...any) error) error {
		ids = append(ids, 0)
		return scan(&ids[len(ids)-1])
	})
	return ids, err
}

// runForget removes what is kept of a deleted flow's executions, a batch at a time.
func (s *Studio) runForget(ctx context.Context, job *jobs.Claimed) error {
	flowID, err := strconv.ParseInt(job.Payload, 10, 64)
	if err != nil {
		return jobs.Dead(err)
	}
	for done := false; !done; {
		err := s.store.Update(ctx, func(tx *store.Tx) error {
			ids, err := pick(&tx.Reader, `flow_id = $1 ORDER BY created_at, id LIMIT $2`, flowID)
			if err != nil {
				return err
			}
			if done = len(ids) == 0; done {
				return job.Complete(tx)
			}
			return forget(tx, ids)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
