package taskrouter

import (
	"context"
	"errors"
	"slices"

	"parley/internal/store"
	"parley/internal/taskrouter/match"
)

// maxStale is how many batches in a row may be stale altogether. One is when somebody was quicker; more is a board that is wrong.
const maxStale = 3

var (
	// errReconfigured: the workspace was configured anew after the board decided.
	errReconfigured = errors.New("taskrouter: the workspace has changed")
	errWrongBoard   = errors.New("taskrouter: the board does not agree with the store")
)

// batch is what one transaction makes true: decisions, and that the notes from which they follow were read.
type batch struct {
	*desk
	at        int64 // the time by which was decided
	decisions []match.Decision
	settled   map[int64]int64 // tasks, with versions, that have had their chance on entering a step: an offer, or a look at skip_if
	stale     int             // decisions that did not hold
	waiting   []*Task         // of the settled ones, those that wait now
}

// step decides and commits one batch. Afterwards the desk is busy if there is more.
func (t *tenure) step(ctx context.Context, k *desk, now int64) error {
	if due := k.board.NextDue(); !k.busy && (due == 0 || due > now) {
		k.due = due
		return nil
	}
	b := &batch{desk: k, at: now}
	b.decisions, k.busy = k.board.Run(now, batchSize)
	k.due = k.board.NextDue()
	for _, d := range b.decisions {
		delete(k.fresh, d.Task)
		switch d.Kind {
		case match.Move:
			k.fresh[d.Task] = d.Version + 1
		case match.Reserve:
			k.due = sooner(k.due, d.Expires)
		}
	}
	if !k.busy {
		b.settled = k.takeFresh()
		k.busy = len(k.fresh) > 0
	}
	if len(b.decisions) == 0 && len(b.settled) == 0 && len(k.notes) == 0 {
		return nil
	}
	if err := t.update(ctx, k, b.write); err != nil {
		return err
	}
	k.notes, k.failures = nil, 0
	for _, task := range b.waiting {
		t.warn(ctx, k, task)
	}
	return k.judge(b)
}

// takeFresh takes up to maxNotes of the tasks that entered a step.
func (k *desk) takeFresh() map[int64]int64 {
	taken := k.fresh
	if len(taken) <= maxNotes {
		k.fresh = map[int64]int64{}
		return taken
	}
	taken = map[int64]int64{}
	for id, version := range k.fresh {
		if len(taken) == maxNotes {
			break
		}
		taken[id] = version
		delete(k.fresh, id)
	}
	return taken
}

// judge finds a board that never holds.
func (k *desk) judge(b *batch) error {
	if b.stale < max(len(b.decisions), 1) {
		k.stale = 0
		return nil
	}
	if k.stale++; k.stale <= maxStale {
		return nil
	}
	k.stale = 0
	return errWrongBoard
}

// update runs fn in a transaction of this tenure on a workspace: it proves the lease, and that what is configured is as the board was told
// (else errReconfigured), which both hold until it ends.
func (t *tenure) update(ctx context.Context, k *desk, fn func(u *unit) error) error {
	return t.tr.st.Update(ctx, func(tx *store.Tx) error {
		if err := t.lease.prove(tx, t.fence); err != nil {
			return err
		}
		u := &unit{view{k.space, t.tr, &tx.Reader}, tx}
		if err := u.shareConfig(); err != nil {
			return err
		}
		if u.Space != k.space {
			return errReconfigured
		}
		return fn(u)
	})
}

// write runs inside the transaction, perhaps more than once. Each decision is proved: a task must be as the board knew it, a worker must
// be able to take it. What does not hold is left out, and noted to be read again.
func (b *batch) write(u *unit) error {
	b.stale, b.waiting = 0, nil
	rows, err := b.lock(u)
	if err != nil {
		return err
	}
	known := map[int64]bool{} // of each task, whether it is as the board knew it
	for _, d := range b.decisions {
		if _, asked := known[d.Task]; !asked {
			t := rows[d.Task]
			known[d.Task] = t != nil && t.Version == d.Version && t.Waits()
		}
	}
	for _, d := range b.inOrder() {
		ok := known[d.Task]
		if ok {
			if ok, err = u.apply(rows[d.Task], d, b.at); err != nil {
				return err
			}
		}
		if !ok {
			b.stale++
			if err := u.misjudged(d); err != nil {
				return err
			}
		}
	}
	if err := b.settle(u, rows); err != nil {
		return err
	}
	return removeNotes(u.tx, b.notes)
}

// lock takes the tasks by rising number.
func (b *batch) lock(u *unit) (map[int64]*Task, error) {
	var ids []int64
	for _, d := range b.decisions {
		ids = append(ids, d.Task)
	}
	for id := range b.settled {
		ids = append(ids, id)
	}
	return u.lockTasks(ids)
}

// lockTasks locks those of the workspace's tasks that are still there.
func (u *unit) lockTasks(ids []int64) (map[int64]*Task, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	list, args := store.In(nil, slices.Compact(ids)) // a condition on the workspace would have SQLite read all of its tasks
	rows, err := tasks.All(u.r, `WHERE id IN `+list+` ORDER BY id FOR UPDATE`, args...)
	return byID(rows, func(t *Task) int64 { return t.ID }), err
}

// inOrder is the decisions in the order of locks: what concerns tasks alone, then offers by worker. A task's own order is kept: nothing
// but offers follows an offer within a run.
func (b *batch) inOrder() []match.Decision {
	list := slices.Clone(b.decisions)
	slices.SortStableFunc(list, func(x, y match.Decision) int { return int(x.Worker - y.Worker) })
	return list
}

// misjudged notes what a stale decision was about.
func (u *unit) misjudged(d match.Decision) error {
	if err := u.changed(changeTask, d.Task); err != nil {
		return err
	}
	if d.Worker == 0 {
		return nil
	}
	return u.changed(changeWorker, d.Worker)
}

// settle writes that tasks have had their chance on entering a step, so that skip_if is not looked at again.
func (b *batch) settle(u *unit, rows map[int64]*Task) error {
	var ids []int64
	for id, version := range b.settled {
		if t := rows[id]; t != nil && t.StepFresh && t.Version == version {
			ids = append(ids, id)
			b.waiting = append(b.waiting, t)
		}
	}
	if ids == nil {
		return nil
	}
	list, args := store.In(nil, ids)
	return u.tx.Defer(`UPDATE tr_task SET step_fresh = FALSE WHERE id IN `+list, args...)
}

func removeNotes(tx *store.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, args := store.In(nil, ids)
	return tx.Defer(`DELETE FROM tr_change WHERE id IN `+list, args...)
}
