package taskrouter

import "parley/internal/taskrouter/expr"

// TasksNow counts the tasks that have not ended. Ages are microseconds.
type TasksNow struct {
	Pending, Reserved, Assigned, Wrapping int64
	ByPriority                            map[int64]int64
	// The task that waits longest since it was made, and the one that waits longest in its queue; 0 where none waits.
	LongestID, LongestAge               int64
	LongestInQueueID, LongestInQueueAge int64
}

// Total is the number of all.
func (t *TasksNow) Total() int64 { return t.Pending + t.Reserved + t.Assigned + t.Wrapping }

func (t *TasksNow) add(now int64, row *Task) {
	switch row.Status {
	case TaskPending:
		t.Pending++
	case TaskReserved:
		t.Reserved++
	case TaskAssigned:
		t.Assigned++
	case TaskWrapping:
		t.Wrapping++
	}
	t.ByPriority[row.Priority]++
	if !row.Waits() {
		return
	}
	if age := now - row.CreatedAt; t.LongestID == 0 || age > t.LongestAge {
		t.LongestID, t.LongestAge = row.ID, age
	}
	if age := now - row.QueueEnteredAt; t.LongestInQueueID == 0 || age > t.LongestInQueueAge {
		t.LongestInQueueID, t.LongestInQueueAge = row.ID, age
	}
}

// openTasks calls fn for each task that has not ended, oldest first, with what counting needs of it. column and id narrow to a queue or
// workflow; "" takes all.
func (q *question) openTasks(column string, id int64, fn func(t *Task)) error {
	tail, args := `WHERE workspace_id = $1 AND status IN ('pending', 'reserved', 'assigned', 'wrapping')`, []any{q.Workspace.ID}
	if column != "" {
		args = append(args, id)
		tail += ` AND ` + column + ` = ` + mark(len(args))
	}
	if q.channel != nil {
		args = append(args, q.channel.ID)
		tail += ` AND task_channel_id = ` + mark(len(args))
	}
	return q.r.Query(`SELECT id, queue_id, task_channel_id, status, priority, created_at, queue_entered_at FROM tr_task `+tail+` ORDER BY created_at, id`, args,
		func(scan func(...any) error) error {
			var t Task
			err := scan(&t.ID, &t.QueueID, &t.TaskChannelID, &t.Status, &t.Priority, &t.CreatedAt, &t.QueueEnteredAt)
			if err == nil {
				fn(&t)
			}
			return err
		})
}

func (q *question) tasksNow(column string, id int64) (*TasksNow, error) {
	t := &TasksNow{ByPriority: map[int64]int64{}}
	return t, q.openTasks(column, id, func(row *Task) { t.add(q.r.Now(), row) })
}

// WorkersNow counts workers by what they do.
type WorkersNow struct {
	ByActivity []ActivityCount // all activities, in the order in which they were made
	Total      int64
	Available  int64 // in available activities, whether they have work or not
}

// ActivityCount is how many workers do something.
type ActivityCount struct {
	*Activity
	Workers int64
}

func (v *view) newWorkersNow() (*WorkersNow, map[int64]int) {
	w, at := &WorkersNow{ByActivity: make([]ActivityCount, len(v.Activities))}, map[int64]int{}
	for i, a := range v.Activities {
		w.ByActivity[i].Activity, at[a.ID] = a, i
	}
	return w, at
}

func (w *WorkersNow) add(i int) {
	c := &w.ByActivity[i]
	c.Workers++
	w.Total++
	if c.Available {
		w.Available++
	}
}

// workersNow counts the workers of a scan. With a task channel it is those who take work of it: their channel is available and has a capacity.
func (q *question) workersNow(s *workerScan) (*WorkersNow, error) {
	w, at := q.newWorkersNow()
	q.takers(s)
	return w, q.eachWorker(s, func(o *workerObject) bool {
		if i, ok := at[o.ActivityID]; ok {
			w.add(i)
		}
		return true
	})
}

func (q *question) takers(s *workerScan) {
	if q.channel == nil {
		return
	}
	s.args = append(s.args, q.channel.ID)
	s.where += ` AND id IN (SELECT worker_id FROM tr_worker_channel WHERE task_channel_id = ` + mark(len(s.args)) + ` AND available AND capacity > 0)`
}

// queuesNow sets the real-time part for several queues.
func (q *question) queuesNow(list []*Statistics) error {
	tasks := make(map[int64]*TasksNow, len(list))
	scan, at := q.allWorkers(), map[int64]int{}
	q.takers(scan)
	members := make([]*expr.Expr, len(list))
	for i, s := range list {
		s.Tasks = &TasksNow{ByPriority: map[int64]int64{}}
		s.Workers, at = q.newWorkersNow()
		tasks[s.Queue.ID], members[i] = s.Tasks, q.Members(s.Queue.ID)
	}
	scan.reads = members
	err := q.eachWorker(scan, func(o *workerObject) bool {
		i, ok := at[o.ActivityID]
		for n, e := range members {
			if ok && e != nil && e.Eval(o) {
				list[n].Workers.add(i)
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	column, id := "", int64(0)
	if len(list) == 1 {
		column, id = "queue_id", list[0].Queue.ID
	}
	return q.openTasks(column, id, func(row *Task) {
		if t := tasks[row.QueueID]; t != nil {
			t.add(q.r.Now(), row)
		}
	})
}
