package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"parley/internal/store"
)

// Kind says how jobs of a kind run. The zero value of each option is what most kinds use.
type Kind struct {
	// Run does the work. nil completes the job; an error is retried, see RetryIn and Dead. ctx ends when the lease is lost or the
	// runner must stop at once; then Run should return soon, and what it returns is not counted as a failure.
	Run         func(ctx context.Context, job *Claimed) error
	MaxAttempts int                              // failures that make a dead letter; 0 means 20
	Backoff     func(failures int) time.Duration // before the next attempt; nil means 1 s doubled up to 5 min, with jitter
	// Failed, where it is set, takes part in the transaction that writes a failure down; job.Failures does not count it yet.
	Failed func(tx *store.Tx, job *Claimed, dead bool, err error) error
}

// Options for NewRunner. The zero value of each is what production uses.
type Options struct {
	Concurrency int           // most runs at a time; 0 means 64
	PerKey      int           // most runs of one key; 0 means an eighth of Concurrency
	Lease       time.Duration // how long a dead node's jobs wait; 0 means 30 s
	Sole        bool          // no other runner works on this store, so what is claimed at the start was left by a death and is free at once
	Poll        time.Duration // looks for what no doorbell told, at least this often; 0 means 1 s
	Log         *slog.Logger
}

// Runner claims jobs and runs them.
type Runner struct {
	store *store.Store
	kinds map[string]Kind
	names []string
	o     Options
	node  int64 // of this runner; claims bear it

	bell     chan struct{} // there may be something to do
	due      atomic.Bool   // and it is due now
	nextLook atomic.Int64  // when the loop looks by itself, in microseconds of the store's clock

	mu     sync.Mutex
	runs   map[*run]struct{}
	perKey map[string]int
	cut    bool // Stop waits no longer: what is claimed now is given back
	counts Counts

	life    sync.Mutex // guards the start and the stop
	quit    chan struct{}
	stopped chan struct{}
}

// NewRunner makes a runner; make it before the store's first Update, because it listens to what transactions enqueue.
func NewRunner(s *store.Store, kinds map[string]Kind, o Options) *Runner {
	o.Concurrency = orDefault(o.Concurrency, 64)
	o.PerKey = orDefault(o.PerKey, max(1, o.Concurrency/8))
	o.Lease = orDefault(o.Lease, 30*time.Second)
	o.Poll = orDefault(o.Poll, time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Runner{
		store: s, kinds: kinds, o: o, node: rand.Int64N(math.MaxInt64) + 1,
		bell: make(chan struct{}, 1), runs: map[*run]struct{}{}, perKey: map[string]int{},
	}
	for name := range kinds {
		r.names = append(r.names, name)
	}
	r.nextLook.Store(math.MaxInt64)
	s.OnCommit(r.committed)
	return r
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// committed hears what transactions of this process enqueued.
func (r *Runner) committed(changes []any) {
	for _, c := range changes {
		if e, ok := c.(Enqueued); ok && e.RunAt < r.nextLook.Load() {
			if e.RunAt <= e.Now {
				r.due.Store(true)
			}
			r.ring()
		}
	}
}

func (r *Runner) ring() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// Start begins to run jobs. ctx gives values to the handlers' contexts; the runner ends by Stop.
func (r *Runner) Start(ctx context.Context) error {
	r.life.Lock()
	defer r.life.Unlock()
	if r.quit != nil {
		return errors.New("jobs: the runner was started before")
	}
	if r.o.Sole {
		if err := r.freeAll(ctx); err != nil {
			return err
		}
	}
	r.quit, r.stopped = make(chan struct{}), make(chan struct{})
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(r.stopped)
		defer cancel()
		r.loop(work)
	}()
	return nil
}

// freeAll ends all leases.
func (r *Runner) freeAll(ctx context.Context) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE job SET run_at = $1, claimed_by = 0 WHERE state = 0 AND claimed_by <> 0`, tx.Now())
		return err
	})
}

// Stop claims no more and waits for the jobs in work. When ctx ends first, their contexts end, what they did not complete is left to
// other nodes at once, and Stop returns ctx's error after they returned. It may be called without a Start, and again.
func (r *Runner) Stop(ctx context.Context) error {
	r.life.Lock()
	defer r.life.Unlock()
	if r.quit == nil {
		return nil
	}
	select {
	case <-r.quit:
	default:
		close(r.quit)
	}
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	r.cut = true
	for run := range r.runs {
		run.cancel(errStopping)
	}
	r.mu.Unlock()
	<-r.stopped
	return ctx.Err()
}

var errStopping = errors.New("jobs: the runner stops")

// loop looks for jobs when the bell rings, when the next one is due, and every Poll. It returns when all runs have ended.
func (r *Runner) loop(ctx context.Context) {
	var running, extending sync.WaitGroup
	idle := make(chan struct{})
	extending.Go(func() { r.extendLeases(ctx, idle) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.quit:
			running.Wait()
			close(idle)
			extending.Wait()
			return
		case <-r.bell:
		case <-timer.C:
		}
		// A commit from here on rings, however late its job is due: the look below may miss it.
		r.nextLook.Store(math.MaxInt64)
		now, wait := r.look(ctx, &running)
		r.nextLook.Store(now + wait.Microseconds())
		timer.Reset(wait)
	}
}
