package live

import (
	"context"
	"sync"
	"time"

	"parley/internal/bus"
	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Bounds.
const (
	maxItems   = 2000   // of a set, and of an answer
	maxSets    = 20_000 // of a workspace on this node
	maxWatches = 2000   // of one owner
)

// floor is a workspace that somebody watches.
type floor struct {
	live *Live
	at   Scope
	id   int64
	bus  bus.Subscription // nil: nobody else speaks of this workspace

	notes notes
	wake  chan struct{}

	mu     sync.Mutex // of all that follows; held while the store is read, so that nothing older replaces what is newer
	closed bool
	rev    int64 // of the Space that the sets show; 0 for none
	sets   map[Subject]*set
	index  map[string]*index // by name
	owners map[Owner]map[string]*watch

	numbers numbers
}

func newFloor(l *Live, at Scope, id int64) *floor {
	f := &floor{live: l, at: at, id: id, wake: make(chan struct{}, 1), sets: map[Subject]*set{}, index: map[string]*index{}, owners: map[Owner]map[string]*watch{},
		numbers: numbers{tr: l.tr, sets: map[*set]struct{}{}}}
	for name := range contents {
		f.index[name] = newIndex()
	}
	if l.opt.Bus != nil {
		sub, err := l.opt.Bus.Subscribe(subject(id), f.heard)
		if err != nil { // changes that others make are then shown by the next check
			l.opt.Log.Warn("cannot hear what other nodes change in a workspace", "workspace", at.WorkspaceSID, "cause", err)
		} else {
			f.bus = sub
		}
	}
	l.count.floors.Add(1)
	return f
}

// note adds to what is to be read, and wakes whoever reads.
func (f *floor) note(n *noted) {
	f.notes.add(n)
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run reads what was noted, and now and then everything, until nobody watches any more.
func (f *floor) run() {
	defer f.leave()
	check := time.NewTicker(f.live.opt.CheckEvery)
	defer check.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	<-pause.C
	counting := time.NewTimer(0)
	defer counting.Stop()
	for {
		select {
		case <-f.live.ctx.Done():
			return
		case <-f.wake:
		case <-counting.C:
		case <-check.C:
			f.notes.add(&noted{All: true})
			f.review()
			if f.sweep() {
				return
			}
		}
		if wait, ok := f.turn(); ok {
			counting.Reset(wait)
		}
		pause.Reset(f.live.opt.Coalesce) // what comes meanwhile shares the next turn
		select {
		case <-f.live.ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// turn reads what was noted, and says when something is to be counted.
func (f *floor) turn() (wait time.Duration, ok bool) {
	ctx, cancel := context.WithTimeout(f.live.ctx, f.live.opt.CheckEvery)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(ctx); err != nil && ctx.Err() == nil {
		f.live.count.errors.Add(1)
		f.live.opt.Log.Warn("what is shown of a workspace could not be read", "workspace", f.at.WorkspaceSID, "cause", err)
	}
	return f.numbers.owed(time.Now())
}

// leave undoes what newFloor did.
func (f *floor) leave() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.live.mu.Lock()
	if f.live.floors[f.id] == f {
		delete(f.live.floors, f.id)
	}
	f.live.mu.Unlock()
	if f.bus != nil {
		_ = f.bus.Unsubscribe() // the bus may be gone
	}
	f.live.count.floors.Add(-1)
}

// review ends the watches of workers who may watch no more: they were deleted, or have lost their role.
func (f *floor) review() {
	ctx, cancel := context.WithTimeout(f.live.ctx, f.live.opt.CheckEvery)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	var sids []string
	seen := map[string]bool{}
	for _, list := range f.owners {
		for _, w := range list {
			if !seen[w.Worker] {
				seen[w.Worker] = true
				sids = append(sids, w.Worker)
			}
		}
	}
	leads := map[string]*taskrouter.Worker{}
	err := f.live.opt.Store.View(ctx, func(r *store.Reader) error {
		clear(leads)
		space, err := f.live.tr.ViewSpace(r, f.at.AccountSID, f.at.WorkspaceSID)
		if err != nil {
			return err
		}
		list, err := f.live.tr.ViewWorkers(r, space, taskrouter.Staff{SIDs: sids}, maxRead)
		for _, w := range list {
			leads[w.SID] = w
		}
		return err
	})
	if err != nil && !core.HasCode(err, core.CodeNotFound) {
		return // who cannot be looked up now is reviewed the next time
	}
	for owner, list := range f.owners {
		for sid, w := range list {
			if worker := leads[w.Worker]; worker == nil || !w.Granted && !taskrouter.HasLeadingRole(worker.Attributes) {
				f.unwatch(owner, sid)
			}
		}
	}
}

// sweep forgets watchers who are gone, and sets that nobody has watched for a while. It reports that nothing is left.
func (f *floor) sweep() (empty bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for owner, list := range f.owners {
		if owner.Closed() {
			for sid := range list {
				f.unwatch(owner, sid)
			}
		}
	}
	for _, s := range f.sets {
		if len(s.watches) == 0 && time.Since(s.idle) > f.live.opt.Linger {
			f.forget(s)
		}
	}
	f.closed = len(f.sets) == 0
	return f.closed
}

func (f *floor) forget(s *set) {
	delete(f.sets, s.Subject)
	delete(f.numbers.sets, s)
	if x := f.index[s.Index]; x != nil {
		x.remove(s)
	}
	f.live.count.sets.Add(-1)
}

// refresh brings the sets up to what is committed and tells their watchers. The lock is held.
func (f *floor) refresh(ctx context.Context) error {
	if len(f.sets) == 0 {
		return nil
	}
	if n := f.notes.take(); !n.empty() {
		if err := f.read(ctx, n); err != nil {
			f.notes.add(n)
			return err
		}
		f.numbers.note(n)
		f.live.count.turns.Add(1)
	}
	if wait, ok := f.numbers.owed(time.Now()); !ok || wait > 0 {
		return nil
	}
	if err := f.countNumbers(ctx); err != nil {
		return err
	}
	for s := range f.numbers.sets {
		f.show(s, time.Now())
		f.live.count.changes.Add(int64(s.tell()))
	}
	return nil
}

func (f *floor) read(ctx context.Context, n *noted) error {
	found := make(map[string]*found, len(contents))
	rev := int64(0)
	err := f.live.opt.Store.View(ctx, func(r *store.Reader) error {
		clear(found)
		space, err := f.live.tr.ViewSpace(r, f.at.AccountSID, f.at.WorkspaceSID)
		if core.HasCode(err, core.CodeNotFound) { // it was deleted, with all that was in it
			n.All = true
			return nil
		}
		if err != nil {
			return err
		}
		if rev = space.Workspace.Rev; rev != f.rev {
			n.All = true
		}
		v := &snapshot{r, f.live.tr, space}
		for name, c := range contents {
			if f.index[name].empty() {
				continue
			}
			if found[name], err = c.changed(v, f.index[name], n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.rev = rev
	now, touched := time.Now(), map[*set]bool{}
	for name, x := range f.index {
		x.apply(found[name], n.All, now, touched)
	}
	for s := range touched {
		f.live.count.changes.Add(int64(s.tell()))
	}
	return nil
}

// open returns a set, and reads it where there is none yet. The lock is held.
func (f *floor) open(ctx context.Context, about Subject) (*set, error) {
	if s := f.sets[about]; s != nil {
		return s, nil
	}
	if len(f.sets) >= maxSets {
		return nil, core.Ef(core.CodeTooManyRequests, "At most %d different queries may be live in a workspace", maxSets)
	}
	s := newSet(about)
	var err error
	if about.numbers {
		err = f.fillNumbers(ctx, s)
	} else {
		err = f.fill(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	s.begin(time.Now())
	f.sets[about] = s
	f.live.count.sets.Add(1)
	return s, nil
}

func newSet(about Subject) *set {
	return &set{Subject: about, entries: map[int64]*entry{}, watches: map[*watch]struct{}{}, idle: time.Now()}
}

// fill reads what matches a query.
func (f *floor) fill(ctx context.Context, s *set) error {
	rev, err := f.live.fill(ctx, f.at, s)
	if err != nil {
		return err
	}
	if f.rev == 0 {
		f.rev = rev
	}
	f.index[s.Index].add(s)
	return nil
}

// fillNumbers shows what was counted, which is counted now where that was not done lately.
func (f *floor) fillNumbers(ctx context.Context, s *set) error {
	n := &f.numbers
	var space *taskrouter.Space
	err := f.live.opt.Store.View(ctx, func(r *store.Reader) (err error) {
		space, err = f.live.tr.ViewSpace(r, f.at.AccountSID, f.at.WorkspaceSID)
		return err
	})
	if err != nil {
		return err
	}
	if s.Query != "" && space.QueueBySID(s.Query) == nil {
		return core.Ef(core.CodeSyncNameNotFound, "Unique name not found")
	}
	if time.Since(n.at) >= numbersEvery || n.space == nil || n.space.Workspace.Rev != space.Workspace.Rev {
		n.workersDue = n.workersDue || len(n.sets) == 0 // nobody has looked at them meanwhile
		if err := f.countNumbers(ctx); err != nil {
			return err
		}
	}
	f.show(s, time.Now())
	n.sets[s] = struct{}{}
	return nil
}

// Owner is the connection to which watchers belong.
type Owner interface {
	// Closed reports that it is gone for good.
	Closed() bool
}

// Watch is a wish to be told of the changes of a set.
type Watch struct {
	Owner Owner
	SID   string // names it among those of its owner; one of the same name is replaced
	// Worker is the SID of who watches. The watch ends soon after the worker is deleted or, unless its token has Granted the role of one
	// who leads, has no such role any more.
	Worker  string
	Granted bool
	// Tell hands over changes in order. It must not wait, nor call back.
	Tell func([]Change)
}

type watch struct {
	Watch
	set *set
}

// watch enters a watch; begin is told what it has missed, before anything else. The lock is held.
func (f *floor) watch(s *set, w Watch, after int64, begin func(Replay)) error {
	f.unwatch(w.Owner, w.SID)
	list := f.owners[w.Owner]
	if len(list) >= maxWatches {
		return core.Ef(core.CodeTooManyRequests, "One connection may watch at most %d queries; close some", maxWatches)
	}
	if list == nil {
		list = map[string]*watch{}
		f.owners[w.Owner] = list
	}
	begin(s.replay(after, time.Now()))
	entered := &watch{w, s}
	list[w.SID] = entered
	s.watches[entered] = struct{}{}
	f.live.count.watches.Add(1)
	return nil
}

// unwatch undoes watch. The lock is held.
func (f *floor) unwatch(owner Owner, sid string) {
	list := f.owners[owner]
	w := list[sid]
	if w == nil {
		return
	}
	delete(list, sid)
	if len(list) == 0 {
		delete(f.owners, owner)
	}
	delete(w.set.watches, w)
	w.set.idle = time.Now()
	f.live.count.watches.Add(-1)
}
