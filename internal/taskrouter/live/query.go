package live

import (
	"context"
	"sync/atomic"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/live/query"
)

// Answer is what matches a query.
type Answer struct {
	Items []Item
	Last  int64 // where the set stands; for Watch
}

// Query answers once, from the store: at most 2,000 items, in the order in which they were made. What is wrong with the query is 54502 or 54507
// to 54510.
func (l *Live) Query(ctx context.Context, at Scope, about Subject) (Answer, error) {
	s := newSet(about)
	if _, err := l.fill(ctx, at, s); err != nil {
		return Answer{}, err
	}
	l.count.queries.Add(1)
	s.begin(time.Now())
	return Answer{s.items(), s.last}, nil
}

// fill reads what matches the query of a set, and tells the revision of what is configured.
func (l *Live) fill(ctx context.Context, at Scope, s *set) (rev int64, err error) {
	c, ok := contents[s.Index]
	if !ok {
		return 0, core.Ef(core.CodeSyncIndexName, "Invalid index name; there are %s, %s and %s", Workers, Reservations, Queues)
	}
	if s.query, err = query.Parse(s.Query); err != nil {
		return 0, err
	}
	s.pins, s.bound = s.query.Pins(pinned...)
	now := time.Now()
	err = l.opt.Store.View(ctx, func(r *store.Reader) error {
		clear(s.entries)
		space, err := l.tr.ViewSpace(r, at.AccountSID, at.WorkspaceSID)
		if err != nil {
			return err
		}
		rev = space.Workspace.Rev
		return c.matches(&snapshot{r, l.tr, space}, s, func(row *row) { s.put(row, now) })
	})
	return rev, err
}

// Open answers as Query does, and keeps the answer up for a while, so that Watch can follow it.
func (l *Live) Open(ctx context.Context, at Scope, about Subject) (Answer, error) {
	f, err := l.enter(ctx, at)
	if err != nil {
		return Answer{}, err
	}
	defer f.mu.Unlock()
	s, err := f.open(ctx, about)
	if err != nil {
		return Answer{}, err
	}
	l.count.queries.Add(1)
	return Answer{s.items(), s.last}, nil
}

// Watch tells w what changes in a set. First begin is told what happened after the event that w knows last; it must not wait, nor call back.
// A watch ends with its owner, or by Unwatch.
func (l *Live) Watch(ctx context.Context, at Scope, about Subject, w Watch, after int64, begin func(Replay)) error {
	f, err := l.enter(ctx, at)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	s, err := f.open(ctx, about)
	if err != nil {
		return err
	}
	return f.watch(s, w, after, begin)
}

// Unwatch ends a watch, in whatever workspace it is.
func (l *Live) Unwatch(owner Owner, sid string) {
	l.mu.Lock()
	var list []*floor
	for _, f := range l.floors {
		list = append(list, f)
	}
	l.mu.Unlock()
	for _, f := range list {
		f.mu.Lock()
		f.unwatch(owner, sid)
		f.mu.Unlock()
	}
}

// counters are the figures of Stats.
type counters struct {
	floors, sets, watches, queries, turns, counts, changes, errors, busErrors atomic.Int64
}

// Stats are the figures of this node.
type Stats struct {
	Floors, Sets, Watches                              int64 // now: workspaces, different queries, watchers
	Queries, Turns, Counts, Changes, Errors, BusErrors int64 // so far: answered, looks at what changed, counts of statistics, changes told, failed reads, trouble with the bus
}

// Stats returns the figures.
func (l *Live) Stats() Stats {
	c := &l.count
	return Stats{c.floors.Load(), c.sets.Load(), c.watches.Load(), c.queries.Load(), c.turns.Load(), c.counts.Load(), c.changes.Load(), c.errors.Load(), c.busErrors.Load()}
}
