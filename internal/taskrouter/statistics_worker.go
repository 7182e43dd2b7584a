package taskrouter

import "encoding/json"

// ActivityTime describes how long workers stayed in an activity. Each stay counts as far as it lies in the period.
type ActivityTime struct {
	*Activity
	Spread
}

// workersPast is the past of the workers of a scan; with everybody, also of those who were deleted since.
func (q *question) workersPast(s *workerScan, everybody bool) (*Past, error) {
	var list []*Worker
	chosen := map[int64]bool{}
	err := q.eachWorker(s, func(o *workerObject) bool {
		list, chosen[o.ID] = append(list, &Worker{ID: o.ID, ActivityID: o.ActivityID, CreatedAt: o.CreatedAt}), true // no more is asked of thousands
		return true
	})
	if err != nil {
		return nil, err
	}
	return q.workPast("", 0, list, func(id int64) bool { return everybody || chosen[id] })
}

func (q *question) workerPast(w *Worker) (*Past, error) {
	return q.workPast("worker_id", w.ID, []*Worker{w}, func(int64) bool { return true })
}

// workPast counts the reservations of the workers whom counts names, and their time; list are those who live.
func (q *question) workPast(column string, id int64, list []*Worker, counts func(id int64) bool) (*Past, error) {
	p := q.newPast()
	err := q.tallies("worker_id", column, id, func(worker int64, t *tally) {
		if worker > 0 && counts(worker) {
			p.add(t)
		}
	})
	if err != nil {
		return nil, err
	}
	p.Activities, err = q.activityTimes(column, id, list, counts)
	return p, err
}

// stay is the time of a worker in an activity; activity is nil where that was deleted since.
type stay struct {
	activity *Activity
	since    int64
}

// activityTimes goes through the changes since the start of the period, until now: what a worker did when the period began is what its first
// change ended, or what it does now if there was none.
func (q *question) activityTimes(column string, id int64, list []*Worker, counts func(id int64) bool) ([]ActivityTime, error) {
	times, at := make([]ActivityTime, len(q.Activities)), map[*Activity]*Spread{}
	for i, a := range q.Activities {
		times[i].Activity, at[a] = a, &times[i].Spread
	}
	ended := func(s stay, now int64) {
		from, to := max(s.since, q.start), min(now, q.end)
		if spread := at[s.activity]; spread != nil && to > from {
			spread.merge(Spread{1, to - from, to - from, to - from})
		}
	}
	last := map[int64]stay{}
	tail, args := `WHERE workspace_id = $1 AND at >= $2 AND type IN ('worker.created', 'worker.activity.update', 'worker.deleted')`, []any{q.Workspace.ID, q.start}
	if column != "" {
		args = append(args, id)
		tail += ` AND ` + column + ` = ` + mark(len(args))
	}
	err := q.r.Query(`SELECT worker_id, type, at, activity_id, data FROM tr_event `+tail+` ORDER BY at, id`, args, func(scan func(...any) error) error {
		var e Event
		if err := scan(&e.WorkerID, &e.Type, &e.At, &e.ActivityID, &e.Data); err != nil || !counts(e.WorkerID) {
			return err
		}
		before, known := last[e.WorkerID]
		if !known {
			before = stay{q.activityBefore(&e), q.start}
		}
		ended(before, e.At)
		last[e.WorkerID] = stay{q.Activity(e.ActivityID), e.At}
		return nil
	})
	for _, w := range list {
		s, known := last[w.ID]
		if !known {
			s = stay{q.Activity(w.ActivityID), w.CreatedAt}
		}
		ended(s, q.end)
	}
	return times, err
}

// activityBefore is what a worker did until an event.
func (v *view) activityBefore(e *Event) *Activity {
	switch e.Type {
	case "worker.created":
		return nil
	case "worker.deleted":
		return v.Activity(e.ActivityID)
	}
	var data struct {
		Previous string `json:"worker_previous_activity_sid"`
	}
	_ = json.Unmarshal([]byte(e.Data), &data) // we wrote it; without it the stay is not counted
	return v.ActivityBySID(data.Previous)
}
