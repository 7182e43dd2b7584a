package jobs_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// TestPostpone: a postponed job counts no failure and takes along what else is due of its key; other keys run on.
func TestPostpone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var ran journal
		var closed atomic.Bool
		closed.Store(true)
		var claims atomic.Int64
		run := func(_ context.Context, job *jobs.Claimed) error {
			if job.Key == "down" {
				claims.Add(1)
				if closed.Load() {
					return jobs.Postpone(300 * time.Millisecond)
				}
			}
			if job.Failures != 0 {
				t.Errorf("%s has %d failures", job.Payload, job.Failures)
			}
			ran.add(job.Payload)
			return nil
		}
		var list []jobs.Job
		for range 40 {
			list = append(list, jobs.Job{Key: "down", Payload: "down"})
		}
		enqueue(t, s, append(list, jobs.Job{Key: "up", Payload: "up"})...)
		o := fast()
		o.Concurrency = 4
		start(t, s, kind(run), o)
		until(t, "the job of another key", func() bool { return slices.Contains(ran.all(), "up") })
		until(t, "the postponed jobs", func() bool { return count(t, s, "state = 0 AND run_at > $1", s.Now()) == 40 })
		if n := claims.Load(); n > 20 {
			t.Errorf("%d claims postponed 40 jobs", n)
		}
		closed.Store(false)
		empty(t, s)
		if n := len(ran.all()); n != 41 {
			t.Errorf("%d jobs ran", n)
		}
	})
}

// TestFailedTakesPart: what Failed writes stands exactly where the failure is written down.
func TestFailedTakesPart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var told journal
		kinds := map[string]jobs.Kind{"test": {MaxAttempts: 2, Backoff: once,
			Run: func(context.Context, *jobs.Claimed) error { return errOwn },
			Failed: func(tx *store.Tx, job *jobs.Claimed, dead bool, err error) error {
				tx.AfterCommit(func() {
					if dead {
						told.add("dead")
					} else {
						told.add(err.Error())
					}
				})
				return tx.Defer(`INSERT INTO setting (name, value) VALUES ($1, 'x')`, job.Token()+string(rune('a'+job.Failures)))
			}}}
		enqueue(t, s, jobs.Job{})
		start(t, s, kinds, fast())
		until(t, "the dead letter", func() bool { return count(t, s, "state = 2") == 1 })
		until(t, "what the commits told", func() bool { return len(told.all()) >= 2 }) // a dead letter is seen a moment before it is told of
		if got := told.all(); !slices.Equal(got, []string{errOwn.Error(), "dead"}) {
			t.Errorf("told %v", got)
		}
	})
}

// TestRevive: dead letters of a lane run again in their old order, one after another, and not in the lane that has gone on without them.
func TestRevive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var ran journal
		var failing atomic.Bool
		failing.Store(true)
		var running atomic.Int64
		run := func(_ context.Context, job *jobs.Claimed) error {
			if failing.Load() {
				return jobs.Dead(errOwn)
			}
			if running.Add(1) > 1 {
				t.Error("two jobs of one lane run at once")
			}
			ran.add(job.Payload)
			running.Add(-1)
			return nil
		}
		for i, p := range []string{"a", "b", "c"} {
			enqueue(t, s, jobs.Job{Lane: "l", LaneSeq: int64(i + 1), Payload: p})
		}
		start(t, s, kind(run), fast())
		until(t, "three dead letters", func() bool { return count(t, s, "state = 2") == 3 })
		failing.Store(false)
		revive := func(want bool, id int64) {
			t.Helper()
			var ok bool
			err := s.Update(t.Context(), func(tx *store.Tx) (err error) {
				ok, err = jobs.Revive(tx, id)
				return err
			})
			if err != nil || ok != want {
				t.Fatalf("revived %v, %v", ok, err)
			}
		}
		var ids []int64
		err := s.View(t.Context(), func(r *store.Reader) error {
			return r.Query("SELECT id FROM job ORDER BY lane_seq", nil, func(scan func(...any) error) error {
				var id int64
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Update(t.Context(), func(tx *store.Tx) error {
			for _, id := range ids {
				if _, err := jobs.Revive(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		empty(t, s)
		if got := ran.all(); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("ran %v", got)
		}
		revive(false, ids[0])
	})
}
