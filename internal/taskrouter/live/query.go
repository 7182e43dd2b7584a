package live

import (
	"context"
	"sync/atomic"
	"time"

	"parley/internal/store"
)

// Answer is what matches a query.
type Answer struct {
	Items []Item
	Last  int64 // where the set stands; for Watch
}

// Query answers once, from the store: at most 2,000 items, in the order in which they were made. What is wrong with the query is 54502 or 54507
// to 54510.
func (l *Live) Query(ctx context.Context, at Scope, about Subject) (Answer, error) {
	q, c, err := parse(about)
	if err != nil {
		return Answer{}, err
	}
	s := &set{Subject: about, query: q, entries: map[int64]*entry{}}
	s.pins, s.bound = q.Pins(pinned...)
	now := time.Now()
	err = l.opt.Store.View(ctx, func(r *store.Reader) error {
		clear(s.entries)
		space, err := l.tr.ViewSpace(r, at.AccountSID, at.WorkspaceSID)
		if err != nil {
			return err
		}
		return c.matches(&snapshot{r, l.tr, space}, s, func(row *row) { s.put(row, now) })
	})
	if err != nil {
		return Answer{}, err
	}
	l.count.queries.Add(1)
	s.begin(now)
	return Answer{s.items(), s.last}, nil
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
	floors, sets, watches, queries, turns, changes, errors, busErrors atomic.Int64
}

// Stats are the figures of this node.
type Stats struct {
	Floors, Sets, Watches                      int64 // now: workspaces, different queries, watchers
	Queries, Turns, Changes, Errors, BusErrors int64 // so far: answered, looks at what changed, changes told, failed reads, trouble with the bus
}

// Stats returns the figures.
func (l *Live) Stats() Stats {
	c := &l.count
	return Stats{c.floors.Load(), c.sets.Load(), c.watches.Load(), c.queries.Load(), c.turns.Load(), c.changes.Load(), c.errors.Load(), c.busErrors.Load()}
}
