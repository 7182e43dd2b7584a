package live

import (
	"context"
	"strconv"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Numbers is the set of what is counted of a queue, or of the workspace where queueSID is "" (flex-ui-protocol §5.7). To open one of a
// queue that there is not is 54300.
func Numbers(queueSID string) Subject { return Subject{Query: queueSID, numbers: true} }

// The keys of the items.
const (
	KeyWorkspace     = "workspace" // of the workspace
	KeyTasksNow      = "tasks_now" // of a queue, as those that follow
	KeyThirtyMinutes = "tasks_thirty_minutes"
	KeyToday         = "tasks_today"
	KeyWorkers       = "worker_activities_statistics"
)

// numbersEvery is the least time between two counts of a workspace.
const numbersEvery = time.Second

// numbers is what was counted last of a workspace.
type numbers struct {
	tr   *taskrouter.TaskRouter
	sets map[*set]struct{} // that show them

	at         time.Time // of the last count
	due        bool      // something has changed since
	workersDue bool      // with workers, or what is configured

	space  *taskrouter.Space
	tasks  *taskrouter.TasksNow
	lanes  map[taskrouter.Lane]*taskrouter.TasksNow
	all    *taskrouter.WorkersNow
	queues map[int64]*taskrouter.WorkersNow
	past   past
	now    int64
}

// note remembers that there is something to be counted.
func (n *numbers) note(what *noted) {
	n.due = true
	n.workersDue = n.workersDue || what.All || what.Some || len(what.Workers) > 0
}

// owed is how long it is until the numbers must be counted again; ok is false where nothing asks for it.
func (n *numbers) owed(now time.Time) (wait time.Duration, ok bool) {
	return max(0, n.at.Add(numbersEvery).Sub(now)), n.due && len(n.sets) > 0
}

// countNumbers counts anew. The number of queries does not depend on that of queues, and only changed workers are looked at again.
func (f *floor) countNumbers(ctx context.Context) error {
	n := &f.numbers
	next := *n
	err := f.live.opt.Store.View(ctx, func(r *store.Reader) (err error) {
		next.now = r.Now()
		if next.space, err = f.live.tr.ViewSpace(r, f.at.AccountSID, f.at.WorkspaceSID); err != nil {
			return err
		}
		if next.tasks, next.lanes, err = f.live.tr.ViewTasksNow(r, next.space); err != nil {
			return err
		}
		if n.workersDue || n.all == nil || n.space.Workspace.Rev != next.space.Workspace.Rev {
			if next.all, next.queues, err = f.live.tr.ViewWorkersNow(r, next.space); err != nil {
				return err
			}
		}
		since := n.past.since(f.dayBegan(next.now), next.now)
		list, err := f.live.tr.ViewOutcomes(r, next.space, since, f.live.opt.ServiceLevel)
		if err == nil {
			next.past = n.past.with(list, since, next.now)
		}
		return err
	})
	if err != nil && !core.HasCode(err, core.CodeNotFound) {
		return err
	}
	*n = next
	n.at, n.due, n.workersDue = time.Now(), false, false
	if err != nil { // the workspace was deleted
		n.space = nil
	}
	f.live.count.counts.Add(1)
	return nil
}

// dayBegan is the beginning of the day of a time, in the zone of Options.Zone.
func (f *floor) dayBegan(at int64) int64 {
	y, m, d := core.FromMicros(at).In(f.live.opt.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, f.live.opt.Zone).UnixMicro()
}

// show puts the numbers into a set.
func (f *floor) show(s *set, now time.Time) {
	n := &f.numbers
	if n.space != nil && s.Query == "" {
		s.put(newRow(0, KeyWorkspace, n.workspace()), now)
		return
	}
	var q *taskrouter.TaskQueue
	if n.space != nil {
		q = n.space.QueueBySID(s.Query)
	}
	if q == nil {
		for id := range s.entries {
			s.drop(id, now)
		}
		return
	}
	day := f.dayBegan(n.now)
	s.put(newRow(0, KeyTasksNow, n.tasksNow(q)), now)
	s.put(newRow(1, KeyThirtyMinutes, n.outcomes(q, n.now-recent.Microseconds())), now)
	s.put(newRow(2, KeyToday, n.outcomes(q, day)), now)
	s.put(newRow(3, KeyWorkers, workersJSON(n.queues[q.ID])), now)
}

type activityJSON struct {
	SID     string `json:"sid"`
	Name    string `json:"friendly_name"`
	Workers int64  `json:"workers"`
}

func activitiesJSON(w *taskrouter.WorkersNow) []activityJSON {
	list := make([]activityJSON, len(w.ByActivity))
	for i, a := range w.ByActivity {
		list[i] = activityJSON{a.SID, a.FriendlyName, a.Workers}
	}
	return list
}

func workersJSON(w *taskrouter.WorkersNow) any {
	return struct {
		Available  int64          `json:"total_available_workers"`
		Eligible   int64          `json:"total_eligible_workers"`
		Activities []activityJSON `json:"activity_statistics"`
	}{w.Available, w.Total, activitiesJSON(w)}
}

type statusJSON struct {
	Reserved int64 `json:"reserved"`
	Pending  int64 `json:"pending"`
	Assigned int64 `json:"assigned"`
	Wrapping int64 `json:"wrapping"`
}

func (n *numbers) workspace() any {
	t := n.tasks
	return struct {
		Workers     int64          `json:"total_workers"`
		Activities  []activityJSON `json:"activity_statistics"`
		Tasks       int64          `json:"total_tasks"`
		ByStatus    statusJSON     `json:"tasks_by_status"`
		LongestFrom *string        `json:"longest_task_waiting_from"`
	}{n.all.Total, activitiesJSON(n.all), t.Total(), statusJSON{t.Reserved, t.Pending, t.Assigned, t.Wrapping}, n.longest(t)}
}

// longest is since when the task that waits longest in its queue is there, null where none waits.
func (n *numbers) longest(t *taskrouter.TasksNow) *string {
	if t.LongestInQueueID == 0 {
		return nil
	}
	from := core.ISO(n.now - t.LongestInQueueAge)
	return &from
}

type tasksJSON struct {
	Reserved    int64            `json:"reserved_tasks"`
	Pending     int64            `json:"pending_tasks"`
	Assigned    int64            `json:"assigned_tasks"`
	Wrapping    int64            `json:"wrapping_tasks"`
	Total       int64            `json:"total_tasks"`
	ByPriority  map[string]int64 `json:"tasks_by_priority"`
	LongestSID  *string          `json:"longest_task_waiting_sid"`
	LongestFrom *string          `json:"longest_task_waiting_from"`
}

// tasksNow is of a queue as a whole ("queue"), and of each channel of which it has tasks.
func (n *numbers) tasksNow(q *taskrouter.TaskQueue) map[string]tasksJSON {
	show := func(t *taskrouter.TasksNow) tasksJSON {
		if t == nil {
			t = &taskrouter.TasksNow{}
		}
		j := tasksJSON{Reserved: t.Reserved, Pending: t.Pending, Assigned: t.Assigned, Wrapping: t.Wrapping, Total: t.Total(),
			ByPriority: map[string]int64{}, LongestFrom: n.longest(t)}
		for p, tasks := range t.ByPriority {
			j.ByPriority[strconv.FormatInt(p, 10)] = tasks
		}
		if t.LongestInQueueID != 0 {
			sid := n.tr.TaskSID(t.LongestInQueueID)
			j.LongestSID = &sid
		}
		return j
	}
	shown := map[string]tasksJSON{"queue": show(n.lanes[taskrouter.Lane{QueueID: q.ID}])}
	for _, c := range n.space.Channels {
		if t := n.lanes[taskrouter.Lane{QueueID: q.ID, ChannelID: c.ID}]; t != nil {
			shown[c.SID] = show(t)
		}
	}
	return shown
}

type outcomeJSON struct {
	SLA       float64 `json:"sla_percentage"` // 0 to 1; -1, which desks show as a dash, where there was nothing to be measured
	Handled   int64   `json:"handled_tasks_count"`
	Abandoned int64   `json:"abandoned_tasks_count"`
}

// outcomes is how waits in a queue ended since a time, as a whole and by channel.
func (n *numbers) outcomes(q *taskrouter.TaskQueue, since int64) map[string]outcomeJSON {
	sums := n.past.sums(q.ID, since)
	show := func(o taskrouter.Outcome) outcomeJSON {
		j := outcomeJSON{SLA: -1, Handled: o.Handled, Abandoned: o.Abandoned}
		if all := o.Handled + o.Abandoned; all > 0 {
			j.SLA = float64(o.InTime) / float64(all)
		}
		return j
	}
	shown := map[string]outcomeJSON{"queue": show(sums[0])}
	for _, c := range n.space.Channels {
		if o, ok := sums[c.ID]; ok {
			shown[c.SID] = show(o)
		}
	}
	return shown
}
