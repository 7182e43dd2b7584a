package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley/internal/store"
)

const (
	defaultAttempts = 20
	firstBackoff    = time.Second
	maxBackoff      = 5 * time.Minute
	maxErrorText    = 500 // bytes of last_error
)

// run is one job in work.
type run struct {
	job    *Claimed
	cancel context.CancelCauseFunc
	lease  *time.Timer // ends the run when the lease was not extended in time
}

// trusted is how long a node relies on a lease of its own. It is shorter than the lease, which other nodes measure by
// their clocks.
func (r *Runner) trusted() time.Duration { return r.o.Lease * 5 / 6 }

func (r *Runner) start(ctx context.Context, job *Claimed, running *sync.WaitGroup) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &run{job: job, cancel: cancel}
	w.lease = time.AfterFunc(r.trusted(), func() { cancel(ErrLeaseLost) })
	r.mu.Lock()
	r.runs[w] = struct{}{}
	if job.Key != "" {
		r.perKey[job.Key]++
	}
	if r.cut { // the claim was under way when Stop came
		cancel(errStopping)
	}
	r.mu.Unlock()
	running.Go(func() {
		kind, err := r.kinds[job.Kind], context.Cause(ctx)
		if err == nil {
			err = call(ctx, kind.Run, job)
		}
		cause := context.Cause(ctx)
		w.lease.Stop()
		cancel(nil)
		r.finish(context.WithoutCancel(ctx), kind, job, err, cause)
		r.mu.Lock()
		delete(r.runs, w)
		if r.perKey[job.Key]--; r.perKey[job.Key] <= 0 {
			delete(r.perKey, job.Key)
		}
		r.mu.Unlock()
		r.ring()
	})
}

// call runs a handler and turns a panic into an error.
func call(ctx context.Context, fn func(context.Context, *Claimed) error, job *Claimed) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return fn(ctx, job)
}

// finish writes down what became of a run. Where that fails, the lease runs out and the job runs again.
func (r *Runner) finish(ctx context.Context, kind Kind, job *Claimed, err, cause error) {
	log := r.o.Log.With("kind", job.Kind, "job", job.ID, "attempt", job.Attempt)
	var word retry
	asked := errors.As(err, &word)
	failures := job.Failures + 1
	var counted *uint64
	var written error
	switch {
	case job.completed:
		counted = &r.counts.Completed
		if err != nil {
			log.Warn("a job failed after its completion", "error", err)
		}
	case err == nil:
		counted = &r.counts.Completed
		written = r.store.Update(ctx, job.Complete)
	case errors.Is(cause, ErrLeaseLost):
		written = ErrLeaseLost
	case errors.Is(cause, errStopping):
		written = r.settle(ctx, job, stateReady, 0, job.Failures, "", nil)
	case word.postponed:
		written = r.settle(ctx, job, stateReady, word.after, job.Failures, "", func(tx *store.Tx) error { return job.postponeKey(tx, word.after) })
	case word.dead, failures >= orDefault(kind.MaxAttempts, defaultAttempts):
		counted = &r.counts.GaveUp
		log.Error("a job was given up", "failures", failures, "error", err)
		written = r.settle(ctx, job, stateDead, 0, failures, err.Error(), kind.failed(job, true, err))
	default:
		counted = &r.counts.Failed
		after := word.after
		if !asked {
			after = backoff(kind, failures)
		}
		log.Info("a job failed and will be tried again", "failures", failures, "after", after, "error", err)
		written = r.settle(ctx, job, stateReady, after, failures, err.Error(), kind.failed(job, false, err))
	}
	if written != nil {
		counted = &r.counts.Lost
		log.Warn("the end of a job could not be written; it will run again", "error", written)
	}
	if counted != nil {
		r.mu.Lock()
		*counted++
		r.mu.Unlock()
	}
}

// failed is what Failed does in a transaction, or nil.
func (k Kind) failed(job *Claimed, dead bool, err error) func(tx *store.Tx) error {
	if k.Failed == nil {
		return nil
	}
	return func(tx *store.Tx) error { return k.Failed(tx, job, dead, err) }
}

// maxPostponed bounds how many jobs one transaction moves.
const maxPostponed = 1000

// postponeKey lets the other due jobs of the key wait too.
func (c *Claimed) postponeKey(tx *store.Tx, after time.Duration) error {
	if c.Key == "" {
		return nil
	}
	return tx.Defer(`UPDATE job SET run_at = $1 WHERE id IN (SELECT id FROM job WHERE state = 0 AND flow_key = $2 AND claimed_by = 0 AND run_at <= $3
		ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)`, tx.Now()+after.Microseconds(), c.Key, tx.Now(), maxPostponed)
}

// settle gives the claim back, for another attempt after a while or as a dead letter; more, unless nil, belongs to the same transaction.
func (r *Runner) settle(ctx context.Context, job *Claimed, state int, after time.Duration, failures int, text string, more func(tx *store.Tx) error) error {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "")
	}
	return r.store.Update(ctx, func(tx *store.Tx) error {
		at := tx.Now() + after.Microseconds()
		n, err := tx.Exec(`UPDATE job SET state = $1, run_at = $2, claimed_by = 0, failures = $3, last_error = $4
			WHERE id = $5 AND claimed_by = $6 AND attempt = $7`, state, at, failures, text, job.ID, job.node, job.Attempt)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLeaseLost
		}
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		if state == stateDead {
			return job.next(tx)
		}
		tx.Emit(Enqueued{RunAt: at, Now: tx.Now()})
		return nil
	})
}

func backoff(kind Kind, failures int) time.Duration {
	if kind.Backoff != nil {
		return kind.Backoff(failures)
	}
	d := min(maxBackoff, firstBackoff<<min(failures-1, 16))
	return d/2 + rand.N(d/2+1) // half to whole, so that what failed together does not come back together
}

// extendLeases keeps the claims of what is in work until idle is closed.
func (r *Runner) extendLeases(ctx context.Context, idle <-chan struct{}) {
	tick := time.NewTicker(r.o.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-idle:
			return
		case <-tick.C:
		}
		r.mu.Lock()
		var runs []*run
		var ids []int64
		for w := range r.runs {
			runs, ids = append(runs, w), append(ids, w.job.ID)
		}
		r.mu.Unlock()
		if len(runs) == 0 {
			continue
		}
		begin := time.Now()
		held := map[int64]int{} // attempt by job
		err := r.store.Update(ctx, func(tx *store.Tx) error {
			clear(held)
			list, args := store.In([]any{tx.Now() + r.o.Lease.Microseconds(), r.node}, ids)
			return tx.Query(`UPDATE job SET run_at = $1 WHERE claimed_by = $2 AND id IN `+list+` RETURNING id, attempt`, args,
				func(scan func(dest ...any) error) error {
					var id int64
					var attempt int
					err := scan(&id, &attempt)
					held[id] = attempt
					return err
				})
		})
		if err != nil {
			r.o.Log.Error("extending leases failed", "error", err)
			continue // each run ends by its own timer, unless the next tick is in time
		}
		for _, w := range runs {
			switch {
			case held[w.job.ID] != w.job.Attempt:
				w.cancel(ErrLeaseLost) // lost, or completed a moment ago
			case w.lease.Stop(): // not when it has fired
				w.lease.Reset(r.trusted() - time.Since(begin))
			}
		}
	}
}

func placeholder(n int) string { return "$" + strconv.Itoa(n) }
