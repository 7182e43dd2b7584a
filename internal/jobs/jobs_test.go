package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestRunsAfterTheCommitOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var ran journal
		start(t, s, kind(func(_ context.Context, job *jobs.Claimed) error { ran.add(job.Payload); return nil }), fast())
		err := s.Update(t.Context(), func(tx *store.Tx) error {
			return errors.Join(jobs.Enqueue(tx, jobs.Job{Kind: "test", Payload: "undone"}), errOwn)
		})
		if !errors.Is(err, errOwn) {
			t.Fatal(err)
		}
		enqueue(t, s, jobs.Job{Payload: "done"}, jobs.Job{Kind: "of another program version", Payload: "not ours"})
		until(t, "one run", func() bool { return len(ran.all()) == 1 && count(t, s, "kind = 'test'") == 0 })
		if got := ran.all(); got[0] != "done" || count(t, s, "TRUE") != 1 {
			t.Errorf("ran %q", got)
		}
	})
}

// Lanes keep their order while heads fail, several nodes work, and jobs are added in between.
func TestLanesKeepTheirOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		const lanes, each = 8, 25
		a, b := open(), open()
		var mu sync.Mutex
		done, busy := map[string][]int64{}, map[string]bool{}
		run := func(_ context.Context, job *jobs.Claimed) error {
			mu.Lock()
			if busy[job.Lane] {
				t.Errorf("two jobs of lane %s at once", job.Lane)
			}
			busy[job.Lane] = true
			mu.Unlock()
			defer func() { mu.Lock(); busy[job.Lane] = false; mu.Unlock() }()
			if job.Failures < 2 && rand.IntN(3) == 0 {
				return errOwn
			}
			mu.Lock()
			done[job.Lane] = append(done[job.Lane], job.LaneSeq)
			mu.Unlock()
			return nil
		}
		start(t, a, kind(run), fast())
		start(t, b, kind(run), fast())
		// As chat does it: the number comes from a counter's row, which orders the commits.
		for l := range lanes {
			err := a.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO id_block (name, next_id) VALUES ($1, 1)`, fmt.Sprint(l))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for w := range 4 {
			all.Go(func() {
				s := []*store.Store{a, b}[w%2]
				for i := range lanes * each / 4 {
					lane := fmt.Sprint((w + i) % lanes)
					err := s.Update(context.Background(), func(tx *store.Tx) error {
						var seq int64
						if err := tx.One(`UPDATE id_block SET next_id = next_id + 1 WHERE name = $1 RETURNING next_id`, []any{lane}, &seq); err != nil {
							return err
						}
						return jobs.Enqueue(tx, jobs.Job{Kind: "test", Lane: lane, LaneSeq: seq})
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		empty(t, a)
		mu.Lock()
		defer mu.Unlock()
		total := 0
		for lane, seqs := range done {
			total += len(seqs)
			if !slices.IsSorted(seqs) || len(slices.Compact(slices.Clone(seqs))) != len(seqs) {
				t.Errorf("lane %s ran in the order %v", lane, seqs)
			}
		}
		if total != lanes*each {
			t.Errorf("%d jobs ran, want %d", total, lanes*each)
		}
	})
}

func TestDeadLettersDoNotBlockTheirLane(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var ran journal
		kinds := kind(func(_ context.Context, job *jobs.Claimed) error {
			ran.add(fmt.Sprint(job.Payload, job.Failures))
			switch job.Payload {
			case "tried":
				return errOwn
			case "hopeless":
				return jobs.Dead(fmt.Errorf("no use: %w \xff\x00 %s", errOwn, strings.Repeat("ö", 1000)))
			case "panics":
				if job.Failures == 0 {
					panic("on purpose")
				}
			}
			return nil
		})
		k := kinds["test"]
		k.MaxAttempts = 3
		kinds["test"] = k
		r, stop := start(t, s, kinds, fast())
		enqueue(t, s, jobs.Job{Lane: "l", LaneSeq: 1, Payload: "tried"}, jobs.Job{Lane: "l", LaneSeq: 2, Payload: "hopeless"},
			jobs.Job{Lane: "l", LaneSeq: 3, Payload: "panics"}, jobs.Job{Lane: "l", LaneSeq: 4, Payload: "last"})
		empty(t, s)
		stop()
		want := []string{"tried0", "tried1", "tried2", "hopeless0", "panics0", "panics1", "last0"}
		if got := ran.all(); !slices.Equal(got, want) {
			t.Errorf("ran %q, want %q", got, want)
		}
		st, err := r.Stats(t.Context())
		if err != nil || st.Dead != 2 || st.Due != 0 || st.Running != 0 || st.Completed != 2 || st.GaveUp != 2 || st.Failed != 3 {
			t.Errorf("stats %+v, %v", st, err)
		}
	})
}

func TestTimersAreExact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		const n = 2000
		s := open()
		var mu sync.Mutex
		late := map[string]time.Duration{}
		o := fast()
		o.Poll = time.Hour // only the timer may wake the runner
		start(t, s, kind(func(_ context.Context, job *jobs.Claimed) error {
			var at int64
			if _, err := fmt.Sscan(job.Payload, &at); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if _, twice := late[job.Payload]; twice {
				t.Error("a timer ran twice")
			}
			late[job.Payload] = time.Since(time.UnixMicro(at))
			return nil
		}), o)
		begin := time.Now().Add(time.Second).UnixMicro()
		var list []jobs.Job
		for i := range int64(n) {
			at := begin + (i*7919%n)*700 // in no order
			list = append(list, jobs.Job{RunAt: at, Payload: fmt.Sprint(at)})
		}
		enqueue(t, s, list...)
		empty(t, s)
		mu.Lock()
		defer mu.Unlock()
		var all []time.Duration
		for at, d := range late {
			if d < 0 {
				t.Errorf("the timer of %s was early by %s", at, -d)
			}
			all = append(all, d)
		}
		if len(all) != n {
			t.Fatalf("%d of %d timers ran", len(all), n)
		}
		slices.Sort(all)
		t.Logf("late: p50 %s, p99 %s", all[n/2], all[n*99/100])
	})
}

// One timer alone, with nothing else to wake the runner, is exact to milliseconds.
func TestEarlierTimerRearms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		ran := make(chan string, 2)
		o := fast()
		o.Poll = time.Hour
		start(t, s, kind(func(_ context.Context, job *jobs.Claimed) error { ran <- job.Payload; return nil }), o)
		now := time.Now()
		enqueue(t, s, jobs.Job{RunAt: now.Add(time.Hour).UnixMicro(), Payload: "later"})
		enqueue(t, s, jobs.Job{RunAt: now.Add(300 * time.Millisecond).UnixMicro(), Payload: "sooner"})
		if got := <-ran; got != "sooner" || time.Since(now) < 300*time.Millisecond {
			t.Errorf("%s ran after %s", got, time.Since(now))
		}
	})
}

func TestSlowReceiverLeavesRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		release := make(chan struct{})
		var slow, most, quick atomic.Int64
		o := fast()
		o.Concurrency, o.PerKey = 6, 2
		r, _ := start(t, s, kind(func(_ context.Context, job *jobs.Claimed) error {
			if job.Key == "slow" {
				most.Store(max(most.Load(), slow.Add(1)))
				<-release
				slow.Add(-1)
				return nil
			}
			quick.Add(1)
			return nil
		}), o)
		var list []jobs.Job
		for i := range 100 {
			list = append(list, jobs.Job{Key: "slow", Lane: fmt.Sprint("s", i)})
		}
		for i := range 100 {
			list = append(list, jobs.Job{Key: "quick", Lane: fmt.Sprint("q", i)})
		}
		enqueue(t, s, list...)
		until(t, "the quick receiver's jobs", func() bool { return quick.Load() == 100 })
		until(t, "figures of the slow ones alone", func() bool {
			st, err := r.Stats(t.Context())
			return err == nil && st.Running == 2 && st.Due == 98 && st.OldestDue > 0 && st.Completed == 100
		})
		close(release)
		empty(t, s)
		if most.Load() > 2 {
			t.Errorf("%d runs of one key at once", most.Load())
		}
	})
}

func TestTokenIsStable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var tokens journal
		start(t, s, kind(func(_ context.Context, job *jobs.Claimed) error {
			tokens.add(job.Token())
			if job.Failures == 0 {
				return jobs.RetryIn(0, errOwn)
			}
			return nil
		}), fast())
		enqueue(t, s, jobs.Job{Lane: "l", LaneSeq: 1}, jobs.Job{Lane: "l", LaneSeq: 1})
		empty(t, s)
		got := tokens.all()
		if len(got) != 4 || got[0] != got[1] || got[2] != got[3] || got[0] == got[2] || len(got[0]) != 36 {
			t.Errorf("tokens %q", got)
		}
	})
}
