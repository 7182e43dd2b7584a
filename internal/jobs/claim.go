package jobs

import (
	"context"
	"math"
	"sync"
	"time"

	"parley/internal/store"
)

// contended is the pause where jobs are due that another node holds at this moment.
const contended = 5 * time.Millisecond

// look claims and starts what is due, as far as there is room. It returns the store's time and how long until the next look.
func (r *Runner) look(ctx context.Context, running *sync.WaitGroup) (now int64, wait time.Duration) {
	if len(r.names) == 0 {
		return 0, r.o.Poll
	}
	for empty := false; ; {
		select {
		case <-r.quit:
			return now, r.o.Poll
		default:
		}
		free, full, perKey := r.room()
		if free == 0 {
			return now, r.o.Poll // the run that ends next rings the bell
		}
		if !r.due.Swap(false) {
			var at int64
			var err error
			if at, now, err = r.next(ctx, full); err != nil {
				r.o.Log.Error("looking for jobs failed", "error", err)
				return now, r.o.Poll
			}
			if at > now {
				return now, time.Duration(min(r.o.Poll.Microseconds(), at-now)) * time.Microsecond // at may be as far as numbers go
			}
		}
		jobs, err := r.claim(ctx, free, full, perKey)
		if err != nil {
			r.o.Log.Error("claiming jobs failed", "error", err)
			return now, r.o.Poll
		}
		for _, job := range jobs {
			r.start(ctx, job, running)
		}
		if len(jobs) == 0 {
			if empty {
				return now, contended
			}
			empty = true
		}
	}
}

// room is how many more jobs may run, which keys have no room, and how many runs each key has.
func (r *Runner) room() (free int, full []string, perKey map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	perKey = make(map[string]int, len(r.perKey))
	for key, n := range r.perKey {
		if perKey[key] = n; n >= r.o.PerKey {
			full = append(full, key)
		}
	}
	return r.o.Concurrency - len(r.runs), full, perKey
}

// claimable is the condition of jobs that this runner may claim, without the time.
func (r *Runner) claimable(full []string) (cond string, args []any) {
	list, args := store.In(nil, r.names)
	cond = `state = 0 AND kind IN ` + list
	if len(full) > 0 {
		list, args = store.In(args, full)
		cond += ` AND flow_key NOT IN ` + list
	}
	return cond, args
}

// next is when the next job is due; far in the future when there is none.
func (r *Runner) next(ctx context.Context, full []string) (at, now int64, err error) {
	at = math.MaxInt64
	cond, args := r.claimable(full)
	err = r.store.View(ctx, func(rd *store.Reader) error {
		now = rd.Now()
		return rd.Query(`SELECT run_at FROM job WHERE `+cond+` ORDER BY run_at, id LIMIT 1`, args,
			func(scan func(dest ...any) error) error { return scan(&at) })
	})
	return at, now, err
}

// claim takes the lease of up to free due jobs, the longest due first, within the limit of each key.
func (r *Runner) claim(ctx context.Context, free int, full []string, perKey map[string]int) (jobs []*Claimed, err error) {
	cond, condArgs := r.claimable(full)
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		// More than there is room for, since some may be beyond their key's limit; the next look does without those keys.
		window := 2*free + 16
		args := append(append([]any{}, condArgs...), tx.Now(), window)
		due, limit := placeholder(len(args)-1), placeholder(len(args))
		taken, ids := map[string]int{}, []int64{}
		err := tx.Query(`SELECT id, flow_key FROM job WHERE `+cond+` AND run_at <= `+due+` ORDER BY run_at, id LIMIT `+limit+` FOR UPDATE SKIP LOCKED`, args,
			func(scan func(dest ...any) error) error {
				var id int64
				var key string
				if err := scan(&id, &key); err != nil {
					return err
				}
				if len(ids) < free && (key == "" || perKey[key]+taken[key] < r.o.PerKey) {
					taken[key]++
					ids = append(ids, id)
				}
				return nil
			})
		jobs = nil
		if err != nil || len(ids) == 0 {
			return err
		}
		list, args := store.In([]any{tx.Now() + r.o.Lease.Microseconds(), r.node}, ids)
		return tx.Query(`UPDATE job SET run_at = $1, claimed_by = $2, attempt = attempt + 1 WHERE id IN `+list+`
			RETURNING id, kind, lane, lane_seq, flow_key, run_at, payload, attempt, failures, created_at`, args,
			func(scan func(dest ...any) error) error {
				c := &Claimed{node: r.node}
				jobs = append(jobs, c)
				return scan(&c.ID, &c.Kind, &c.Lane, &c.LaneSeq, &c.Key, &c.RunAt, &c.Payload, &c.Attempt, &c.Failures, &c.CreatedAt)
			})
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}
