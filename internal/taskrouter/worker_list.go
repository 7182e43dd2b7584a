package taskrouter

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"parley/internal/store"
	"parley/internal/taskrouter/expr"
)

// WorkerFilter narrows ListWorkers; "" and nil ask for nothing (taskrouter-studio A.2).
type WorkerFilter struct {
	FriendlyName                string // without regard to case
	ActivitySID, ActivityName   string
	Available                   *bool
	TaskQueueSID, TaskQueueName string // whose workers
	Expression                  string // TargetWorkersExpression, as of a queue; one that cannot be parsed is 20001
	Ordering                    string // FriendlyName, DateCreated or DateStatusChanged, with :asc or :desc; "" is in the order in which they were made
}

// ListWorkers returns up to limit workers after the one whose SID is after ("" for the first).
func (tr *TaskRouter) ListWorkers(ctx context.Context, accountSID, workspaceSID string, f WorkerFilter, after string, limit int) (list []*WorkerView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		scan, err := v.scan(f)
		if err != nil {
			return err
		}
		if after != "" {
			if scan.after, err = v.worker(after); err != nil {
				return badToken()
			}
		}
		if len(scan.exprs) == 0 {
			scan.batch = min(limit, workerBatch)
		}
		return v.eachWorker(scan, func(o *workerObject) bool {
			list = append(list, &WorkerView{v.Space, *o.Worker})
			return len(list) < limit
		})
	})
	return list, err
}

// workerBatch is how many workers are read at once for their expressions.
const workerBatch = 1000

// workerScan says which workers are to be read, and in which order.
type workerScan struct {
	nobody bool
	where  string // conditions on columns, with their args
	args   []any
	exprs  []*expr.Expr // all must be true; nil is never
	reads  []*expr.Expr // what the reader evaluates itself
	column string
	desc   bool
	after  *Worker
	batch  int // how many rows are read at once
}

// allWorkers reads every worker, for expressions that are evaluated by the reader.
func (v *view) allWorkers() *workerScan {
	return &workerScan{where: `WHERE workspace_id = $1`, args: []any{v.Workspace.ID}, column: "id", batch: workerBatch}
}

// scan turns a filter into a scan, or 20001.
func (v *view) scan(f WorkerFilter) (*workerScan, error) {
	s := v.allWorkers()
	if f.FriendlyName != "" {
		s.args = append(s.args, strings.ToLower(f.FriendlyName))
		s.where += ` AND name_key = ` + mark(len(s.args))
	}
	if f.ActivitySID != "" || f.ActivityName != "" || f.Available != nil {
		var ids []int64
		for _, a := range v.Activities {
			if (f.ActivitySID == "" || a.SID == f.ActivitySID) && (f.ActivityName == "" || a.FriendlyName == f.ActivityName) &&
				(f.Available == nil || a.Available == *f.Available) {
				ids = append(ids, a.ID)
			}
		}
		if s.nobody = len(ids) == 0; !s.nobody {
			var in string
			in, s.args = store.In(s.args, ids)
			s.where += ` AND activity_id IN ` + in
		}
	}
	if f.TaskQueueSID != "" || f.TaskQueueName != "" {
		q := find(v.Queues, func(q *TaskQueue) bool {
			return (f.TaskQueueSID == "" || q.SID == f.TaskQueueSID) && (f.TaskQueueName == "" || q.FriendlyName == f.TaskQueueName)
		})
		if q == nil {
			s.nobody = true
		} else {
			s.exprs = append(s.exprs, v.Members(q.ID))
		}
	}
	if f.Expression != "" {
		e, err := expr.Parse(f.Expression)
		if err != nil {
			return nil, invalid("TargetWorkersExpression is not valid: %v", err)
		}
		s.exprs = append(s.exprs, e)
	}
	return s, s.order(f.Ordering)
}

func (s *workerScan) order(ordering string) error {
	if ordering == "" {
		return nil
	}
	key, direction, _ := strings.Cut(ordering, ":")
	switch strings.ToLower(key) {
	case "friendlyname":
		s.column = "name_key"
	case "datecreated":
		s.column = "created_at"
	case "datestatuschanged":
		s.column = "status_changed_at"
	default:
		return invalid("Ordering must be FriendlyName, DateCreated or DateStatusChanged with :asc or :desc, not %q", clip(ordering))
	}
	switch strings.ToLower(direction) {
	case "", "asc":
	case "desc":
		s.desc = true
	default:
		return invalid("Ordering must end in :asc or :desc, not %q", clip(direction))
	}
	return nil
}

// key is the value of the column by which a scan is ordered.
func (s *workerScan) key(w *Worker) any {
	switch s.column {
	case "name_key":
		return w.NameKey
	case "created_at":
		return w.CreatedAt
	case "status_changed_at":
		return w.StatusChangedAt
	}
	return w.ID
}

// eachWorker calls fn for the workers of a scan in its order until fn says no.
func (v *view) eachWorker(s *workerScan, fn func(o *workerObject) (more bool)) error {
	if s.nobody {
		return nil
	}
	compare, direction := ` > `, ``
	if s.desc {
		compare, direction = ` < `, ` DESC`
	}
	for {
		tail, args := s.where, s.args
		if s.after != nil {
			args = append(args[:len(args):len(args)], s.key(s.after), s.after.ID)
			key, id := mark(len(args)-1), mark(len(args))
			tail += ` AND (` + s.column + compare + key + ` OR (` + s.column + ` = ` + key + ` AND id` + compare + id + `))`
		}
		tail += ` ORDER BY ` + s.column + direction + `, id` + direction + ` LIMIT ` + strconv.Itoa(s.batch)
		rows, err := workers.All(v.r, tail, args...)
		if err != nil {
			return err
		}
		objects, err := v.objects(rows, slices.Concat(s.exprs, s.reads)...)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if o.matches(s.exprs) && !fn(o) {
				return nil
			}
		}
		if len(rows) < s.batch {
			return nil
		}
		s.after = rows[len(rows)-1]
	}
}

func mark(n int) string { return "$" + strconv.Itoa(n) }
