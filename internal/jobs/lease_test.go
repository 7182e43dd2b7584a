package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// A node dies: another takes its job over, and what the dead one still does has no effect.
func TestTakeoverAndFencing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b, c := open(), open(), open()
		o := fast()
		o.Lease = 3 * time.Second // long enough that the first node does not lose it while it lives
		began, release, late := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		start(t, a, kind(func(ctx context.Context, job *jobs.Claimed) error {
			close(began)
			<-ctx.Done() // its own clock tells it first
			if !errors.Is(context.Cause(ctx), jobs.ErrLeaseLost) {
				t.Errorf("the context ended with %v", context.Cause(ctx))
			}
			<-release
			late <- c.Update(context.Background(), func(tx *store.Tx) error {
				if _, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ('effect', 'of the dead one')`); err != nil {
					return err
				}
				return job.Complete(tx)
			})
			return nil
		}), o)
		enqueue(t, a, jobs.Job{Lane: "l", LaneSeq: 1}, jobs.Job{Lane: "l", LaneSeq: 2})
		<-began
		_ = a.Close() // no more extensions
		var ran journal
		start(t, b, kind(func(_ context.Context, job *jobs.Claimed) error {
			ran.add(fmt.Sprint(job.LaneSeq, " attempt ", job.Attempt, " failures ", job.Failures))
			return nil
		}), fast())
		empty(t, b)
		if got := ran.all(); len(got) != 2 || got[0] != "1 attempt 2 failures 0" || got[1] != "2 attempt 1 failures 0" {
			t.Errorf("taken over: %q", got)
		}
		close(release)
		if err := <-late; !errors.Is(err, jobs.ErrLeaseLost) {
			t.Errorf("the late completion: %v", err)
		}
		err := b.View(t.Context(), func(r *store.Reader) error {
			var v string
			return r.One(`SELECT value FROM setting WHERE name = 'effect'`, nil, &v)
		})
		if !errors.Is(err, store.ErrNoRow) {
			t.Errorf("the dead one's effect is there: %v", err)
		}
	})
}

// A sole runner does not wait for the leases of the process that died before it.
func TestASoleRunnerTakesOverAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		o := fast()
		o.Lease = time.Hour
		began, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		start(t, a, kind(func(context.Context, *jobs.Claimed) error {
			close(began)
			<-release
			return nil
		}), o)
		enqueue(t, a, jobs.Job{})
		<-began
		_ = a.Close()
		o.Sole = true
		var ran journal
		start(t, b, kind(func(_ context.Context, job *jobs.Claimed) error {
			ran.add(fmt.Sprint("attempt ", job.Attempt, " failures ", job.Failures))
			return nil
		}), o)
		empty(t, b)
		if got := ran.all(); len(got) != 1 || got[0] != "attempt 2 failures 0" {
			t.Errorf("taken over: %q", got)
		}
	})
}

func TestLongRunsKeepTheirLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		t.Parallel() // it waits most of the time
		o := fast()
		o.Lease = 6 * time.Second // an extension may be late by half of it
		var runs atomic.Int64
		run := func(ctx context.Context, job *jobs.Claimed) error {
			runs.Add(1)
			select {
			case <-ctx.Done():
				t.Error("the lease was lost")
			case <-time.After(o.Lease * 4 / 3):
			}
			return nil
		}
		a, b := open(), open()
		start(t, a, kind(run), o)
		start(t, b, kind(run), o)
		enqueue(t, a, jobs.Job{})
		empty(t, a)
		if runs.Load() != 1 {
			t.Errorf("%d runs", runs.Load())
		}
	})
}

func TestTwoRunnersShareWithoutOverlap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		const n = 600
		a, b := open(), open()
		var mu sync.Mutex
		ran := map[int64]int{}
		var byNode [2]atomic.Int64
		run := func(node int) func(context.Context, *jobs.Claimed) error {
			return func(_ context.Context, job *jobs.Claimed) error {
				byNode[node].Add(1)
				mu.Lock()
				defer mu.Unlock()
				ran[job.ID]++
				return nil
			}
		}
		o := fast()
		o.Concurrency = 4
		start(t, a, kind(run(0)), o)
		start(t, b, kind(run(1)), o)
		var list []jobs.Job
		for range n {
			list = append(list, jobs.Job{})
		}
		enqueue(t, a, list...)
		empty(t, a)
		mu.Lock()
		defer mu.Unlock()
		for id, times := range ran {
			if times != 1 {
				t.Errorf("job %d ran %d times", id, times)
			}
		}
		if len(ran) != n {
			t.Errorf("%d of %d ran", len(ran), n)
		}
		t.Logf("shares: %d and %d", byNode[0].Load(), byNode[1].Load())
	})
}

// A handler's effect and the completion of its job are one transaction, and may leave the next job behind.
func TestEffectAndCompletionAreOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		r, stop := start(t, s, kind(func(ctx context.Context, job *jobs.Claimed) error {
			return s.Update(ctx, func(tx *store.Tx) error {
				if _, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, '')`, job.Payload); err != nil {
					return err
				}
				if job.Failures == 0 {
					return errOwn
				}
				if len(job.Payload) < 5 {
					if err := jobs.Enqueue(tx, jobs.Job{Kind: "test", Lane: job.Lane, LaneSeq: job.LaneSeq + 1, Payload: job.Payload + "x"}); err != nil {
						return err
					}
				}
				return job.Complete(tx)
			})
		}), fast())
		enqueue(t, s, jobs.Job{Lane: "flow", LaneSeq: 1, Payload: "x"})
		empty(t, s)
		stop()
		if st, err := r.Stats(t.Context()); err != nil || st.Completed != 5 || st.Failed != 5 || st.Lost != 0 {
			t.Errorf("stats %+v, %v", st, err)
		}
	})
}

func TestStop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		began := make(chan struct{}, 2)
		r := jobs.NewRunner(a, kind(func(ctx context.Context, job *jobs.Claimed) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}), fast())
		if err := r.Stop(t.Context()); err != nil {
			t.Errorf("stop before start: %v", err)
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context()); err == nil {
			t.Error("started twice")
		}
		enqueue(t, a, jobs.Job{}, jobs.Job{})
		<-began
		<-began
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Stop(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("stop: %v", err)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Errorf("second stop: %v", err)
		}
		// Another node goes on at once, long before the lease would end.
		var failures atomic.Int64
		start(t, b, kind(func(_ context.Context, job *jobs.Claimed) error { failures.Add(int64(job.Failures)); return nil }), fast())
		empty(t, b)
		if failures.Load() != 0 {
			t.Error("a stop was counted as a failure")
		}
	})
}

func TestStopLeavesNoGoroutine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		before := goleak.IgnoreCurrent()
		_, stop := start(t, s, kind(func(context.Context, *jobs.Claimed) error { return nil }), fast())
		enqueue(t, s, jobs.Job{})
		empty(t, s)
		stop()
		goleak.VerifyNone(t, before)
	})
}
