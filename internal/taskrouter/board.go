package taskrouter

import (
	"encoding/json"
	"errors"
	"time"

	"parley/internal/store"
	"parley/internal/taskrouter/match"
	"parley/internal/taskrouter/workflow"
)

// desk is a workspace as its dispatcher knows it: the board, which is what the store says with all decisions so far, and what of that is
// not written yet. Where a write fails, the board is dropped and the workspace read anew.
type desk struct {
	id    int64
	board *match.Board // nil: to be read
	space *Space       // what the board was told

	notes []int64         // on the board, to be removed with the decisions that follow from them
	fresh map[int64]int64 // tasks that came into a step, with their versions, until the store has it that they had their chance
	busy  bool            // the board may have something to say
	due   int64           // when it has, in microseconds; 0 for never
	gone  bool            // the workspace was deleted

	failures int // in a row
	retry    time.Time
	stale    int // batches in a row of which nothing held
}

// errGone: the workspace was deleted.
var errGone = errors.New("taskrouter: the workspace is gone")

// change is a note that a transaction left for the matcher.
type change struct {
	id, workspace int64
	kind          string
	entity        int64
}

// read brings the board up to date, by the notes, or as a whole where there is none; errGone where there is no workspace.
func (k *desk) read(tr *TaskRouter, r *store.Reader, notes []change) error {
	named := map[string][]int64{}
	for _, n := range notes {
		k.notes = append(k.notes, n.id)
		named[n.kind] = append(named[n.kind], n.entity)
	}
	if k.board == nil {
		k.busy = true
		return k.load(tr, r)
	}
	k.busy = k.busy || len(notes) > 0
	if named[changeConfig] != nil {
		s, err := tr.spaceOf(r, k.id)
		if err != nil {
			return err
		}
		k.configure(s)
	}
	if ids := named[changeWorker]; ids != nil {
		if err := k.readWorkers(r, ids); err != nil {
			return err
		}
	}
	if ids := named[changeTask]; ids != nil {
		return k.readTasks(r, ids)
	}
	return nil
}

// load reads the whole workspace.
func (k *desk) load(tr *TaskRouter, r *store.Reader) error {
	s, err := tr.spaceOf(r, k.id)
	if err != nil {
		return err
	}
	k.board, k.space, k.fresh = match.NewBoard(), nil, map[int64]int64{}
	k.configure(s)
	if _, err := k.putWorkers(r, `workspace_id = $1`, k.id); err != nil {
		return err
	}
	waiting, err := tasks.All(r, `WHERE workspace_id = $1 AND status IN ('pending', 'reserved')`, k.id)
	if err != nil {
		return err
	}
	held, err := readHeld(r, `workspace_id = $1`, k.id)
	if err != nil {
		return err
	}
	k.putTasks(waiting, held)
	return nil
}

// drop forgets the board.
func (k *desk) drop() { k.board, k.notes, k.fresh = nil, nil, nil }

// spaceOf is the newest Space of a workspace by its number, or errGone.
func (tr *TaskRouter) spaceOf(r *store.Reader, id int64) (*Space, error) {
	var rev int64
	err := r.One(`SELECT rev FROM tr_workspace WHERE id = $1`, []any{id}, &rev)
	if errors.Is(err, store.ErrNoRow) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	return tr.spaceByID(r, id, rev)
}

// configure tells the board what is configured, as far as it did not know it.
func (k *desk) configure(s *Space) {
	b, old := k.board, k.space
	if old == nil {
		old = &Space{}
	}
	k.space = s
	b.SetWorkspace(match.Workspace{LIFOFirst: s.Workspace.Prioritize == LIFO})
	tellNews(old.Activities, s.Activities, func(a *Activity) int64 { return a.ID }, func(a *Activity) {
		b.PutActivity(match.Activity{ID: a.ID, SID: a.SID, Name: a.FriendlyName, Available: a.Available})
	}, b.DropActivity)
	tellNews(old.Channels, s.Channels, func(c *TaskChannel) int64 { return c.ID }, func(c *TaskChannel) {
		b.PutChannel(match.Channel{ID: c.ID, UniqueName: c.UniqueName, Optimized: c.Optimized})
	}, b.DropChannel)
	tellNews(old.Queues, s.Queues, func(q *TaskQueue) int64 { return q.ID }, func(q *TaskQueue) {
		b.PutQueue(match.Queue{ID: q.ID, SID: q.SID, Name: q.FriendlyName, Members: s.Members(q.ID), MaxReserved: int(q.MaxReserved), LIFO: q.TaskOrder == LIFO})
	}, b.DropQueue)
	tellNews(old.Workflows, s.Workflows, func(w *Workflow) int64 { return w.ID }, func(w *Workflow) {
		b.PutWorkflow(match.Workflow{ID: w.ID, Plan: s.Plan(w.ID), ReservationTimeout: w.ReservationTimeout * 1e6})
	}, b.DropWorkflow)
}

func tellNews[T comparable](old, now []*T, id func(*T) int64, put func(*T), drop func(int64)) {
	was := byID(old, id)
	for _, v := range now {
		if o := was[id(v)]; o == nil || *o != *v {
			put(v)
		}
		delete(was, id(v))
	}
	for gone := range was {
		drop(gone)
	}
}

// readWorkers tells the board of workers, some of which may be gone.
func (k *desk) readWorkers(r *store.Reader, ids []int64) error {
	list, args := store.In(nil, ids)
	found, err := k.putWorkers(r, `id IN `+list, args...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !found[id] {
			k.board.DropWorker(id)
		}
	}
	return nil
}

func (k *desk) putWorkers(r *store.Reader, cond string, args ...any) (found map[int64]bool, err error) {
	slots := map[int64][]match.Slot{}
	err = r.Query(`SELECT worker_id, task_channel_id, capacity, available, held, assigned, assigned_at FROM tr_worker_channel
		WHERE worker_id IN (SELECT id FROM tr_worker WHERE `+cond+`) ORDER BY id`, args, func(scan func(...any) error) error {
		var worker int64
		var s match.Slot
		err := scan(&worker, &s.Channel, &s.Capacity, &s.Available, &s.Held, &s.Assigned, &s.LastAssigned)
		slots[worker] = append(slots[worker], s)
		return err
	})
	if err != nil {
		return nil, err
	}
	found = map[int64]bool{}
	err = r.Query(`SELECT id, sid, friendly_name, activity_id, attributes, assigned_at FROM tr_worker JOIN tr_worker_seq ON worker_id = id
		WHERE `+cond+` ORDER BY id`, args, func(scan func(...any) error) error {
		var w match.Worker
		var attributes string
		if err := scan(&w.ID, &w.SID, &w.Name, &w.Activity, &attributes, &w.LastAssigned); err != nil {
			return err
		}
		w.Attributes, w.Slots, found[w.ID] = decoded(attributes), slots[w.ID], true
		k.board.PutWorker(w)
		return nil
	})
	return found, err
}

// readTasks tells the board of tasks, some of which may be gone or wait no more.
func (k *desk) readTasks(r *store.Reader, ids []int64) error {
	list, args := store.In(nil, ids)
	found, err := tasks.All(r, `WHERE id IN `+list, args...)
	if err != nil {
		return err
	}
	held, err := readHeld(r, `task_id IN `+list, args...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		k.board.DropTask(id)
		delete(k.fresh, id)
	}
	k.putTasks(found, held)
	return nil
}

// readHeld finds the open reservations of tasks, of which only task, worker and status are set.
func readHeld(r *store.Reader, cond string, args ...any) (held map[int64][]Reservation, err error) {
	held = map[int64][]Reservation{}
	err = r.Query(`SELECT task_id, worker_id, status FROM tr_reservation WHERE status IN `+openStatuses+` AND `+cond+` ORDER BY id`, args,
		func(scan func(...any) error) error {
			var o Reservation
			err := scan(&o.TaskID, &o.WorkerID, &o.Status)
			held[o.TaskID] = append(held[o.TaskID], o)
			return err
		})
	return held, err
}

// putTasks tells the board of those tasks that wait.
func (k *desk) putTasks(list []*Task, held map[int64][]Reservation) {
	for _, t := range list {
		if !t.Waits() {
			continue
		}
		f := t.fact()
		for _, o := range held[t.ID] {
			if o.Status == ReservationPending {
				f.Holders = append(f.Holders, o.WorkerID)
			} else {
				f.Keepers = append(f.Keepers, o.WorkerID)
			}
		}
		k.board.PutTask(f)
		if f.Fresh && len(f.Holders) == 0 {
			k.fresh[t.ID] = t.Version
		}
	}
}

// fact is what the board knows of a task, but for its holders.
func (t *Task) fact() match.Task {
	return match.Task{
		ID: t.ID, Version: t.Version, Workflow: t.WorkflowID, Queue: t.QueueID, Channel: t.TaskChannelID, Attributes: decoded(t.Attributes),
		Priority: t.Priority, Created: t.CreatedAt, VirtualStart: t.VirtualStart,
		Step: t.step(), Fresh: t.StepFresh, Base: t.StepBase, OnlySkips: t.OnlySkips,
		Target: t.RoutingTarget, IgnoreCapacity: t.IgnoreCapacity, Attempts: int(t.Attempts), Expires: t.ExpiresAt(),
	}
}

func (t *Task) step() workflow.Step {
	return workflow.Step{Filter: int(t.StepFilter), Target: int(t.StepTarget)}
}

// decoded is JSON that was checked when it came in.
func decoded(text string) (v any) {
	_ = json.Unmarshal([]byte(text), &v)
	return v
}
