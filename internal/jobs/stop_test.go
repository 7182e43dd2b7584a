package jobs

import (
	"context"
	"errors"
	"sync"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// TestStopCutsAClaim: what a look claims while Stop ends what runs is given back at once and not run, or Stop would wait for it without end.
func TestStopCutsAClaim(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		ran := false
		kinds := map[string]Kind{"test": {Run: func(ctx context.Context, _ *Claimed) error { ran = true; <-ctx.Done(); return ctx.Err() }}}
		r := NewRunner(s, kinds, Options{})
		if err := s.Update(t.Context(), func(tx *store.Tx) error { return Enqueue(tx, Job{Kind: "test"}) }); err != nil {
			t.Fatal(err)
		}
		claimed, err := r.claim(t.Context(), 1, nil, nil)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %d, %v", len(claimed), err)
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Stop(stopped); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		r.mu.Lock()
		r.cut = true // as when ctx was found to have ended, which an idle loop may forestall
		r.mu.Unlock()
		var running sync.WaitGroup
		r.start(t.Context(), claimed[0], &running)
		running.Wait()
		if ran {
			t.Error("it was run")
		}
		if again, err := r.claim(t.Context(), 1, nil, nil); err != nil || len(again) != 1 || again[0].Failures != 0 {
			t.Errorf("claimed %d afterwards, %v", len(again), err)
		}
	})
}
