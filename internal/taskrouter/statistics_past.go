package taskrouter

import (
	"maps"
	"slices"
	"strings"
)

// Past is what happened in a period.
type Past struct {
	Start, End int64 // microseconds

	TasksCreated, TasksEntered, TasksMoved, TasksCompleted, TasksCanceled, TasksDeleted int64
	WorkflowEntered, WorkflowTimedOut                                                   int64

	ReservationsCreated, ReservationsAccepted, ReservationsRejected, ReservationsTimedOut, ReservationsCanceled, ReservationsRescinded int64

	UntilAccepted, UntilCanceled Spread // since the task was made
	InQueueUntilAccepted         Spread // since it entered its queue
	Splits                       []Split
	Activities                   []ActivityTime // of workers
}

// Spread describes durations in microseconds.
type Spread struct{ Count, Total, Min, Max int64 }

// Avg is the mean, 0 of nothing.
func (s Spread) Avg() int64 {
	if s.Count == 0 {
		return 0
	}
	return s.Total / s.Count
}

func (s *Spread) merge(o Spread) {
	if o.Count == 0 {
		return
	}
	if s.Count == 0 || o.Min < s.Min {
		s.Min = o.Min
	}
	s.Count, s.Total, s.Max = s.Count+o.Count, s.Total+o.Total, max(s.Max, o.Max)
}

// Split counts what ended a wait of less than so many seconds (below), and of at least as many (above).
type Split struct {
	Seconds                      int64
	BelowAccepted, AboveAccepted int64
	BelowCanceled, AboveCanceled int64
}

// counted maps the types of events to what they count.
var counted = map[string]func(p *Past) *int64{
	"task.created":          func(p *Past) *int64 { return &p.TasksCreated },
	"task-queue.entered":    func(p *Past) *int64 { return &p.TasksEntered },
	"task-queue.moved":      func(p *Past) *int64 { return &p.TasksMoved },
	"task.completed":        func(p *Past) *int64 { return &p.TasksCompleted },
	"task.canceled":         func(p *Past) *int64 { return &p.TasksCanceled },
	"task.deleted":          func(p *Past) *int64 { return &p.TasksDeleted },
	"workflow.entered":      func(p *Past) *int64 { return &p.WorkflowEntered },
	"workflow.timeout":      func(p *Past) *int64 { return &p.WorkflowTimedOut },
	"reservation.created":   func(p *Past) *int64 { return &p.ReservationsCreated },
	"reservation.accepted":  func(p *Past) *int64 { return &p.ReservationsAccepted },
	"reservation.rejected":  func(p *Past) *int64 { return &p.ReservationsRejected },
	"reservation.timeout":   func(p *Past) *int64 { return &p.ReservationsTimedOut },
	"reservation.canceled":  func(p *Past) *int64 { return &p.ReservationsCanceled },
	"reservation.rescinded": func(p *Past) *int64 { return &p.ReservationsRescinded },
}

// tally is what the events of one type are summed up to.
type tally struct {
	kind          string
	count         int64
	wait, inQueue Spread
	below         []int64 // as many as there are thresholds
}

func (q *question) newPast() *Past {
	p := &Past{Start: q.start, End: q.end}
	for _, s := range q.split {
		p.Splits = append(p.Splits, Split{Seconds: s})
	}
	return p
}

func (p *Past) add(t *tally) {
	*counted[t.kind](p) += t.count
	switch t.kind {
	case "reservation.accepted":
		p.UntilAccepted.merge(t.wait)
		p.InQueueUntilAccepted.merge(t.inQueue)
		for i, n := range t.below {
			p.Splits[i].BelowAccepted += n
			p.Splits[i].AboveAccepted += t.count - n
		}
	case "task.canceled":
		p.UntilCanceled.merge(t.wait)
		for i, n := range t.below {
			p.Splits[i].BelowCanceled += n
			p.Splits[i].AboveCanceled += t.count - n
		}
	}
}

// tallies sums up the events of the period by type and by the column group, which is queue_id, workflow_id or worker_id. column and id
// narrow to one queue, workflow or worker; "" takes all.
func (q *question) tallies(group, column string, id int64, fn func(id int64, t *tally)) error {
	types, args := types(counted), []any{q.Workspace.ID, q.start, q.end}
	tail := `WHERE workspace_id = $1 AND at >= $2 AND at <= $3 AND type IN ` + types
	if column != "" {
		args = append(args, id)
		tail += ` AND ` + column + ` = ` + mark(len(args))
	}
	if q.channel != nil {
		args = append(args, q.channel.ID)
		tail += ` AND task_channel_id = ` + mark(len(args))
	}
	var below strings.Builder
	for _, s := range q.split {
		args = append(args, s*1e6)
		below.WriteString(`, SUM(CASE WHEN wait < ` + mark(len(args)) + ` THEN 1 ELSE 0 END)`)
	}
	return q.r.Query(`SELECT `+group+`, type, COUNT(*), CAST(SUM(wait) AS BIGINT), MIN(wait), MAX(wait), CAST(SUM(wait_in_queue) AS BIGINT),
		MIN(wait_in_queue), MAX(wait_in_queue)`+below.String()+` FROM tr_event `+tail+` GROUP BY `+group+`, type`, args,
		func(scan func(...any) error) error {
			of, t := int64(0), tally{below: make([]int64, len(q.split))}
			dest := []any{&of, &t.kind, &t.count, &t.wait.Total, &t.wait.Min, &t.wait.Max, &t.inQueue.Total, &t.inQueue.Min, &t.inQueue.Max}
			for i := range t.below {
				dest = append(dest, &t.below[i])
			}
			err := scan(dest...)
			if err == nil {
				t.wait.Count, t.inQueue.Count = t.count, t.count
				fn(of, &t)
			}
			return err
		})
}

// types writes the list of a condition; the words are our own.
func types[V any](of map[string]V) string {
	return `('` + strings.Join(slices.Sorted(maps.Keys(of)), `', '`) + `')`
}

// tasksPast is the past of the tasks of a queue or workflow, or of all.
func (q *question) tasksPast(column string, id int64) (*Past, error) {
	p := q.newPast()
	return p, q.tallies("queue_id", column, id, func(_ int64, t *tally) { p.add(t) })
}

// queuesPast sets the cumulative part for several queues.
func (q *question) queuesPast(list []*Statistics) error {
	byQueue := make(map[int64]*Past, len(list))
	for _, s := range list {
		s.Past = q.newPast()
		byQueue[s.Queue.ID] = s.Past
	}
	column, id := "", int64(0)
	if len(list) == 1 {
		column, id = "queue_id", list[0].Queue.ID
	}
	return q.tallies("queue_id", column, id, func(queue int64, t *tally) {
		if p := byQueue[queue]; p != nil {
			p.add(t)
		}
	})
}
