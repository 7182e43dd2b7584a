package taskrouter

import (
	"strconv"
	"time"

	"parley/internal/store"
	"parley/internal/taskrouter/expr"
)

// Lane is what desks count by: the tasks of one channel in one queue, or with ChannelID 0 all tasks in the queue.
type Lane struct{ QueueID, ChannelID int64 }

// ViewTasksNow counts the tasks of a workspace that have not ended: all of them, and by lane. Lanes without tasks are left out.
func (tr *TaskRouter) ViewTasksNow(r *store.Reader, s *Space) (all *TasksNow, lanes map[Lane]*TasksNow, err error) {
	q := &question{view: &view{s, tr, r}}
	all, lanes = &TasksNow{ByPriority: map[int64]int64{}}, map[Lane]*TasksNow{}
	err = q.openTasks("", 0, func(t *Task) {
		all.add(r.Now(), t)
		for _, l := range [...]Lane{{t.QueueID, 0}, {t.QueueID, t.TaskChannelID}} {
			if lanes[l] == nil {
				lanes[l] = &TasksNow{ByPriority: map[int64]int64{}}
			}
			lanes[l].add(r.Now(), t)
		}
	})
	return all, lanes, err
}

// ViewWorkersNow counts the workers of a workspace by activity: all of them, and those of each queue.
func (tr *TaskRouter) ViewWorkersNow(r *store.Reader, s *Space) (all *WorkersNow, queues map[int64]*WorkersNow, err error) {
	v := &view{s, tr, r}
	all, at := v.newWorkersNow()
	queues = make(map[int64]*WorkersNow, len(s.Queues))
	members := make([]*expr.Expr, len(s.Queues))
	for i, q := range s.Queues {
		queues[q.ID], _ = v.newWorkersNow()
		members[i] = s.Members(q.ID)
	}
	scan := v.allWorkers()
	scan.reads = members
	err = v.eachWorker(scan, func(o *workerObject) bool {
		i, ok := at[o.ActivityID]
		if !ok {
			return true
		}
		all.add(i)
		for n, e := range members {
			if e != nil && e.Eval(o) {
				queues[s.Queues[n].ID].add(i)
			}
		}
		return true
	})
	return all, queues, err
}

// OutcomeSpan is the time by which outcomes are summed up.
const OutcomeSpan = time.Minute

// Outcome says how the waits of a lane ended within one OutcomeSpan.
type Outcome struct {
	Lane
	At        int64 // when the span begins, in microseconds
	Handled   int64 // accepted by a worker
	InTime    int64 // of those, within the time asked about since the task came into the queue
	Abandoned int64 // canceled while they waited, as only tasks are that wait
}

// ViewOutcomes sums up how waits ended since a time; within is how long a task may wait in its queue and be handled in time.
func (tr *TaskRouter) ViewOutcomes(r *store.Reader, s *Space, since int64, within time.Duration) (list []Outcome, err error) {
	span := strconv.FormatInt(OutcomeSpan.Microseconds(), 10)
	err = r.Query(`SELECT queue_id, task_channel_id, at / `+span+`,
		SUM(CASE WHEN type = 'reservation.accepted' THEN 1 ELSE 0 END), SUM(CASE WHEN type = 'reservation.accepted' AND wait_in_queue <= $3 THEN 1 ELSE 0 END),
		SUM(CASE WHEN type = 'task.canceled' THEN 1 ELSE 0 END)
		FROM tr_event WHERE workspace_id = $1 AND at >= $2 AND type IN ('reservation.accepted', 'task.canceled')
		GROUP BY 1, 2, 3 ORDER BY 3, 1, 2`, []any{s.Workspace.ID, since, within.Microseconds()}, func(scan func(...any) error) error {
		var o Outcome
		err := scan(&o.QueueID, &o.ChannelID, &o.At, &o.Handled, &o.InTime, &o.Abandoned)
		o.At *= OutcomeSpan.Microseconds()
		list = append(list, o)
		return err
	})
	return list, err
}
