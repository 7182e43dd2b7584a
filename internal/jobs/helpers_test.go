package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parley/internal/jobs"
	"parley/internal/store"
)

var errOwn = errors.New("on purpose")

// fast are options under which tests need not wait long.
func fast() jobs.Options { return jobs.Options{Lease: 30 * time.Second, Poll: 200 * time.Millisecond} }

func once(failures int) time.Duration { return time.Millisecond }

// start runs a runner until the test ends, or until stop is called.
func start(t *testing.T, s *store.Store, kinds map[string]jobs.Kind, o jobs.Options) (r *jobs.Runner, stop func()) {
	t.Helper()
	r = jobs.NewRunner(s, kinds, o)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	t.Cleanup(stop)
	return r, stop
}

func kind(run func(ctx context.Context, job *jobs.Claimed) error) map[string]jobs.Kind {
	return map[string]jobs.Kind{"test": {Run: run, Backoff: once}}
}

func enqueue(t *testing.T, s *store.Store, list ...jobs.Job) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		for _, j := range list {
			if j.Kind == "" {
				j.Kind = "test"
			}
			if err := jobs.Enqueue(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func count(t *testing.T, s *store.Store, cond string, args ...any) (n int) {
	t.Helper()
	err := s.View(context.Background(), func(r *store.Reader) error {
		return r.One(`SELECT COUNT(*) FROM job WHERE `+cond, args, &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// empty waits until no job is left.
func empty(t *testing.T, s *store.Store) {
	t.Helper()
	until(t, "an empty queue", func() bool { return count(t, s, "state < 2") == 0 })
}

// journal collects what ran, in order.
type journal struct {
	mu   sync.Mutex
	list []string
}

func (j *journal) add(s string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, s)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.list...)
}
