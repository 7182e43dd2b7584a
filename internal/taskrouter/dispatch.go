package taskrouter

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// How often a dispatcher looks by itself, for what no bell told.
const (
	soloPoll    = time.Second
	clusterPoll = 250 * time.Millisecond
)

// DispatcherOptions of NewDispatcher.
type DispatcherOptions struct {
	// Sole: no other process uses the store. Then this one matches from the start, whoever did so before.
	Sole bool
	// Ring tells the dispatchers of other nodes that there is something to do; they are to be told by Wake. It is called, never often at
	// once, where this node changed something and another matches. nil: nobody is told, and they look by themselves.
	Ring func()
	Log  *slog.Logger
}

// Dispatcher drives the matcher: it reads the notes that changes leave (tr_change), keeps a board of each workspace, commits what the
// boards decide, and does what is due by time. Of all nodes that share a store the one that holds the lease does so.
//
// It has two goroutines from Start to Stop: one keeps the lease, one does all else.
type Dispatcher struct {
	tr    *TaskRouter
	o     DispatcherOptions
	lease *lease
	log   *slog.Logger

	bell  chan struct{}
	local atomic.Bool // the bell rang for a change of this node

	life   sync.Mutex // guards the start and the stop
	quit   chan struct{}
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// NewDispatcher makes a dispatcher. Make it before the store's first Update, because it listens to commits.
func NewDispatcher(tr *TaskRouter, o DispatcherOptions) *Dispatcher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{tr: tr, o: o, log: o.Log, bell: make(chan struct{}, 1),
		lease: &lease{st: tr.st, holder: rand.Text(), sole: o.Sole, log: o.Log}}
	tr.st.OnCommit(func(changes []any) {
		for _, c := range changes {
			if _, ok := c.(Changed); ok {
				d.local.Store(true)
				d.Wake()
				return
			}
		}
	})
	return d
}

// Wake makes the dispatcher look for changes at once. It does not block.
func (d *Dispatcher) Wake() {
	select {
	case d.bell <- struct{}{}:
	default:
	}
}

// Start begins to dispatch; it ends by Stop, not with ctx.
func (d *Dispatcher) Start(ctx context.Context) error {
	d.life.Lock()
	defer d.life.Unlock()
	if d.quit != nil {
		return errors.New("taskrouter: the dispatcher was started before")
	}
	if d.o.Sole {
		if err := d.lease.claim(ctx); err != nil {
			return err
		}
	}
	d.quit = make(chan struct{})
	ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if !d.o.Sole {
		d.ended.Go(func() { d.lease.keep(ctx, d.quit, d.Wake) })
	}
	d.ended.Go(func() { d.loop(ctx) })
	return nil
}

// Stop ends both goroutines, after what they commit at the moment, and gives the lease to whoever wants it. When ctx ends first, they
// wait no longer for a turn at the store. It may be called without a Start, and again.
func (d *Dispatcher) Stop(ctx context.Context) error {
	d.life.Lock()
	defer d.life.Unlock()
	if d.quit == nil {
		return nil
	}
	select {
	case <-d.quit:
		return nil
	default:
		close(d.quit)
	}
	defer context.AfterFunc(ctx, d.cancel)()
	d.ended.Wait()
	d.cancel()
	return d.lease.release(ctx)
}

// loop looks when the bell rings, when something is due, and every now and then.
func (d *Dispatcher) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var t *tenure
	for {
		select {
		case <-d.quit:
			return
		case <-d.bell:
		case <-timer.C:
		}
		local := d.local.Swap(false)
		fence, leads := d.lease.held()
		wait := soloPoll
		switch {
		case !leads:
			t = nil
			if local && d.o.Ring != nil {
				d.o.Ring()
			}
		case t == nil || t.fence != fence:
			t = newTenure(d, fence)
			fallthrough
		default:
			wait = t.turn(ctx)
		}
		timer.Reset(wait)
	}
}

// poll is how long the leader waits where nothing is due.
func (d *Dispatcher) poll() time.Duration {
	if d.o.Sole {
		return soloPoll
	}
	return clusterPoll
}
