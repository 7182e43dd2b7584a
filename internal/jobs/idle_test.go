package jobs_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// counted counts the snapshots that are taken.
type counted struct {
	store.Engine
	reads atomic.Int64
}

func (c *counted) Read(ctx context.Context, fn func(store.Conn) error) error {
	c.reads.Add(1)
	return c.Engine.Read(ctx, fn)
}

// A runner with nothing to do, or with a timer far away, looks once in a poll and not more.
func TestIdleRunnerRests(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		engine := &counted{Engine: open()}
		s, err := store.Open(t.Context(), engine, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		o := fast()
		o.Poll = 50 * time.Millisecond
		start(t, s, kind(func(context.Context, *jobs.Claimed) error { return nil }), o)
		for _, what := range []string{"empty", "a timer far away"} {
			begin, before := time.Now(), engine.reads.Load()
			until(t, "some polls", func() bool { return engine.reads.Load() >= before+4 })
			looks := engine.reads.Load() - before
			took := time.Since(begin) // in this order: while the test itself waits for its turn, the runner looks again
			// Two to spare: for the first look, and for what the enqueued job rang.
			if most := int64(took/o.Poll) + 3; looks > most || took < 2*o.Poll {
				t.Errorf("%s: %d looks in %s", what, looks, took)
			}
			enqueue(t, s, jobs.Job{RunAt: time.Now().Add(time.Hour).UnixMicro()})
		}
	})
}
