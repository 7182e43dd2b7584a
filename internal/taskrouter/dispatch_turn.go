package taskrouter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"parley/internal/store"
)

const (
	maxNotes  = 500 // read at a time
	maxDue    = 50  // ended by time in one transaction
	batchSize = 50  // decisions in one transaction, which on SQLite holds up everybody else's

	idle         = 20 * time.Millisecond // the least wait after a turn that found nothing to do: clocks may differ
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// tenure is one time of leading. What it knows is true while nobody else holds the lease.
type tenure struct {
	*Dispatcher
	fence    int64
	desks    map[int64]*desk
	begun    bool
	tidyAt   int64 // when old events are looked for
	failures int   // looks in a row
}

func newTenure(d *Dispatcher, fence int64) *tenure {
	return &tenure{Dispatcher: d, fence: fence, desks: map[int64]*desk{}}
}

// sight is what a look found.
type sight struct {
	now    int64
	full   bool // there are more notes
	lapsed      // what time has ended
}

// turn looks once and does what is due: a batch of each kind and workspace, so that none waits for another. It returns when to look again.
func (t *tenure) turn(ctx context.Context) time.Duration {
	var s sight
	if err := t.tr.st.View(ctx, func(r *store.Reader) (err error) { s, err = t.look(r); return err }); err != nil {
		t.failures++
		t.log.Error("TaskRouter's dispatcher cannot read", "error", err)
		return pause(t.failures)
	}
	t.failures = 0
	next, again := s.next, s.full || s.more
	for _, id := range slices.Sorted(maps.Keys(t.desks)) {
		if _, ok := t.lease.held(); !ok || t.stopping() {
			return 0
		}
		k := t.desks[id]
		if k.paused() {
			continue
		}
		if err := guarded(func() error { return t.serve(ctx, k, s) }); err != nil {
			t.failed(k, err)
			again = again || !k.paused()
			continue
		}
		again = again || k.busy
		next = sooner(next, k.due)
	}
	if s.now >= t.tidyAt {
		more, err := t.tidy(ctx)
		if err != nil {
			t.log.Error("old events of TaskRouter could not be removed", "error", err)
		}
		t.tidyAt = s.now + tidyEvery.Microseconds()
		if more {
			t.tidyAt = s.now
		}
		again = again || more
	}
	if again {
		return 0
	}
	return t.rest(sooner(next, t.tidyAt) - s.now)
}

// serve does what is due in one workspace.
func (t *tenure) serve(ctx context.Context, k *desk, s sight) error {
	if k.gone {
		return t.forgetDesk(ctx, k)
	}
	if err := t.sweep(ctx, k, s.lapsed); err != nil {
		return err
	}
	return t.step(ctx, k, s.now)
}

// guarded turns a panic into an error: what one workspace has in it must not stop the others, nor the process.
func guarded(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return fn()
}

// look reads, in one snapshot, what was noted and what is due, and brings the boards up to date.
func (t *tenure) look(r *store.Reader) (s sight, err error) {
	s.now = r.Now()
	if !t.begun {
		if err := t.survey(r); err != nil {
			return s, err
		}
	}
	notes, err := t.readNotes(r)
	if err != nil {
		return s, err
	}
	s.full = len(notes) == maxNotes
	if s.lapsed, err = t.readLapsed(r, s.now); err != nil {
		return s, err
	}
	byDesk := map[int64][]change{}
	for _, n := range notes {
		byDesk[n.workspace] = append(byDesk[n.workspace], n)
		t.desk(n.workspace)
	}
	for id := range s.offers {
		t.desk(id)
	}
	for id := range s.tasks {
		t.desk(id)
	}
	for id, k := range t.desks {
		if k.paused() {
			continue
		}
		err := guarded(func() error { return k.read(t.tr, r, byDesk[id]) })
		if errors.Is(err, errGone) {
			k.drop()
			k.gone = true
		} else if err != nil {
			t.failed(k, err)
		}
	}
	t.begun = true
	return s, nil
}

// survey finds the workspaces where tasks wait; the others come with their first note.
func (t *tenure) survey(r *store.Reader) error {
	return r.Query(`SELECT DISTINCT workspace_id FROM tr_task WHERE status IN ('pending', 'reserved')`, nil, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		t.desk(id)
		return err
	})
}

func (t *tenure) desk(id int64) *desk {
	k := t.desks[id]
	if k == nil {
		k = &desk{id: id}
		t.desks[id] = k
	}
	return k
}

// elsewhere is a condition that leaves out the workspaces whose failure is not yet to be tried again: they must not hold up the others.
func (t *tenure) elsewhere(args []any) (string, []any) {
	var out []int64
	for id, k := range t.desks {
		if k.paused() {
			out = append(out, id)
		}
	}
	if out == nil {
		return "", args
	}
	list, args := store.In(args, out)
	return ` AND workspace_id NOT IN ` + list, args
}

func (t *tenure) readNotes(r *store.Reader) (notes []change, err error) {
	cond, args := t.elsewhere([]any{maxNotes})
	err = r.Query(`SELECT id, workspace_id, kind, entity_id FROM tr_change WHERE id > 0`+cond+` ORDER BY id LIMIT $1`, args, func(scan func(...any) error) error {
		var n change
		err := scan(&n.id, &n.workspace, &n.kind, &n.entity)
		notes = append(notes, n)
		return err
	})
	return notes, err
}

// failed sorts out an error: a lost lease ends the tenure; after any other the workspace is read anew, after a pause if that is no remedy
// by itself.
func (t *tenure) failed(k *desk, err error) {
	k.drop()
	switch {
	case errors.Is(err, errLeaseLost):
		t.lease.lost(t.fence)
	case errors.Is(err, errReconfigured):
	default:
		k.failures++
		k.retry = time.Now().Add(pause(k.failures))
		t.log.Error("TaskRouter's decisions on a workspace could not be committed", "workspace", k.id, "failures", k.failures, "error", err)
	}
}

func (k *desk) paused() bool { return time.Now().Before(k.retry) }

// pause is how long to wait after a number of failures in a row.
func pause(failures int) time.Duration { return min(longestPause, firstPause<<min(failures-1, 10)) }

// sooner is the earlier of two times, where 0 is never.
func sooner(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// rest is how long to sleep when the next thing is due in so many microseconds.
func (t *tenure) rest(micros int64) time.Duration {
	d := min(time.Duration(min(micros, math.MaxInt64/1000))*time.Microsecond, t.poll())
	for _, k := range t.desks {
		if k.paused() {
			d = min(d, time.Until(k.retry))
		}
	}
	return max(d, idle)
}

func (t *tenure) stopping() bool {
	select {
	case <-t.quit:
		return true
	default:
		return false
	}
}
