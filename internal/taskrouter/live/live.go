package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"parley/internal/bus"
	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Options of New. Zero values of times stand for the defaults.
type Options struct {
	Store      *store.Store
	TaskRouter *taskrouter.TaskRouter
	Bus        bus.Bus // nil: this is the only node
	Log        *slog.Logger

	Coalesce   time.Duration // the least time between two looks at what changed in a workspace; default 100 ms
	CheckEvery time.Duration // how often everything that is watched is read anew; default 10 s
	Linger     time.Duration // how long a set is kept up that nobody watches; default 1 min

	ServiceLevel time.Duration  // how long a task may wait in its queue and be handled in time; default 30 s
	Zone         *time.Location // whose midnight begins a day; default that of the process
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&o.Coalesce, 100 * time.Millisecond}, {&o.CheckEvery, 10 * time.Second}, {&o.Linger, time.Minute},
		{&o.ServiceLevel, 30 * time.Second}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if bus.Alone(o.Bus) {
		o.Bus = nil
	}
}

// Live answers queries and keeps up the sets that are watched.
type Live struct {
	opt   Options
	tr    *taskrouter.TaskRouter
	count counters

	mu      sync.Mutex
	floors  map[int64]*floor // by workspace; those that are watched
	stopped bool

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New makes a Live that hears of what the store commits; so make it before the store's first Update.
func New(o Options) *Live {
	o.setDefaults()
	l := &Live{opt: o, tr: o.TaskRouter, floors: map[int64]*floor{}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	o.Store.OnCommit(l.committed)
	return l
}

// Stop ends what runs in the background. What is asked from here on is refused with 503.
func (l *Live) Stop(context.Context) error {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.cancel()
	l.running.Wait()
	return nil
}

// Scope is the workspace that is looked at.
type Scope struct{ AccountSID, WorkspaceSID string }

// enter returns the floor of a workspace with its lock held and all that was noted so far read; 20404 where there is no workspace.
func (l *Live) enter(ctx context.Context, at Scope) (*floor, error) {
	var space *taskrouter.Space
	err := l.opt.Store.View(ctx, func(r *store.Reader) (err error) {
		space, err = l.tr.ViewSpace(r, at.AccountSID, at.WorkspaceSID)
		return err
	})
	if err != nil {
		return nil, err
	}
	for {
		f, err := l.floor(at, space.Workspace.ID)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			continue // its last set was dropped in between
		}
		if err := f.refresh(ctx); err != nil {
			f.mu.Unlock()
			return nil, err
		}
		return f, nil
	}
}

func (l *Live) floor(at Scope, id int64) (*floor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return nil, core.Ef(core.CodeUnavailable, "This server is stopping; connect again")
	}
	f := l.floors[id]
	if f == nil {
		f = newFloor(l, at, id)
		l.floors[id] = f
		l.running.Go(f.run)
	}
	return f, nil
}
