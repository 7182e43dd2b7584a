package jobs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// TestStopCutsAClaim: what a look claims while Stop ends what runs is given back at once and not run, or Stop would wait for it without end.
func TestStopCutsAClaim(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var runs atomic.Int64
		began := make(chan struct{})
		kinds := map[string]Kind{"test": {Run: func(ctx context.Context, _ *Claimed) error {
			if runs.Add(1) == 1 {
				close(began)
			}
			<-ctx.Done()
			return ctx.Err()
		}}}
		r := NewRunner(s, kinds, Options{Concurrency: 1})
		enqueue := func() {
			if err := s.Update(t.Context(), func(tx *store.Tx) error { return Enqueue(tx, Job{Kind: "test"}) }); err != nil {
				t.Fatal(err)
			}
		}
		enqueue()
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-began
		enqueue()
		late, err := r.claim(t.Context(), 1, nil, nil) // as the runner's look does, which is full at present
		if err != nil || len(late) != 1 {
			t.Fatalf("claimed %d, %v", len(late), err)
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Stop(stopped); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		r.start(t.Context(), late[0], &running)
		running.Wait()
		if n := runs.Load(); n != 1 {
			t.Errorf("%d runs", n)
		}
		if again, err := r.claim(t.Context(), 2, nil, nil); err != nil || len(again) != 2 || again[0].Failures+again[1].Failures != 0 {
			t.Errorf("claimed %d afterwards, %v", len(again), err)
		}
	})
}
