package taskrouter

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/expr"
)

// TaskFilter narrows ListTasks; "" and nil ask for nothing (taskrouter-studio A.2).
type TaskFilter struct {
	Priority                    *int64
	Statuses                    []string // any of these; each may be several, separated by commas
	WorkflowSID, WorkflowName   string
	TaskQueueSID, TaskQueueName string
	RoutingTarget               string
	Expression                  string // EvaluateTaskAttributes, over bare attributes; one that cannot be parsed is 20001
	HasAddons                   *bool  // no task has any
	Ordering                    string // DateCreated, Priority or VirtualStartTime with :asc or :desc, several by comma; "" is DateCreated:asc
}

// taskBatch is how many tasks are read at once for an expression.
const taskBatch = 1000

// ListTasks returns up to limit tasks after the one whose SID is after ("" for the first).
func (tr *TaskRouter) ListTasks(ctx context.Context, accountSID, workspaceSID string, f TaskFilter, after string, limit int) (list []*TaskView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		q := taskQuery{where: `WHERE workspace_id = $1`, args: []any{v.Workspace.ID}, batch: limit}
		if err := q.filter(v, f); err != nil {
			return err
		}
		if err := q.order(f.Ordering); err != nil {
			return err
		}
		if after != "" {
			if q.after, err = v.taskBefore(after, f.Ordering == ""); err != nil {
				return err
			}
		}
		return q.each(v, func(t *Task) bool {
			list = append(list, &TaskView{v.Space, *t})
			return len(list) < limit
		})
	})
	return list, err
}

// taskBefore returns the last task of the page before. An ended task may have been removed meanwhile; its place in the plain order is known
// from the history, in another it is not.
func (v *view) taskBefore(sid string, plain bool) (*Task, error) {
	t, err := v.task(sid)
	if !core.HasCode(err, core.CodeNotFound) {
		return t, err
	}
	id, ok := v.tr.codec.Decode("WT", core.SIDTask, sid)
	if !ok {
		return nil, badToken()
	}
	t = &Task{ID: id}
	err = v.r.One(`SELECT at FROM tr_event WHERE task_id = $1 AND workspace_id = $2 ORDER BY id LIMIT 1`, []any{id, v.Workspace.ID}, &t.CreatedAt)
	if errors.Is(err, store.ErrNoRow) {
		return nil, badToken()
	}
	if err == nil && !plain {
		return nil, invalid("The last task of the page before was removed, so that the next page is not known; list again from the first page")
	}
	return t, err
}

// taskQuery is a list of tasks as it is read.
type taskQuery struct {
	nobody bool // the filter names something that does not exist
	where  string
	args   []any
	expr   *expr.Expr // nil: every task
	keys   []taskKey  // the last is the number, which no two tasks share
	after  *Task
	batch  int
}

// taskKey is one column of an order.
type taskKey struct {
	column string
	desc   bool
	value  func(t *Task) int64
}

func (q *taskQuery) add(condition string, values ...any) {
	in, args := store.In(q.args, values)
	q.where, q.args = q.where+` AND `+condition+` IN `+in, args
}

// among narrows to numbers; none of them is no task at all.
func (q *taskQuery) among(column string, ids []any) {
	if q.nobody = q.nobody || len(ids) == 0; !q.nobody {
		q.add(column, ids...)
	}
}

func (q *taskQuery) filter(v *view, f TaskFilter) error {
	if f.HasAddons != nil && *f.HasAddons {
		q.nobody = true
	}
	if f.Priority != nil {
		q.add(`priority`, *f.Priority)
	}
	if f.RoutingTarget != "" {
		q.add(`routing_target`, f.RoutingTarget)
	}
	if len(f.Statuses) > 0 {
		var wanted []any
		for _, s := range strings.Split(strings.Join(f.Statuses, ","), ",") {
			if !slices.Contains([]string{TaskPending, TaskReserved, TaskAssigned, TaskWrapping, TaskCompleted, TaskCanceled}, s) {
				return invalid("AssignmentStatus must be pending, reserved, assigned, wrapping, completed or canceled, not %q", clip(s))
			}
			wanted = append(wanted, s)
		}
		q.add(`status`, wanted...)
	}
	if f.WorkflowSID != "" || f.WorkflowName != "" {
		var ids []any
		for _, w := range v.Workflows {
			if (f.WorkflowSID == "" || w.SID == f.WorkflowSID) && (f.WorkflowName == "" || w.FriendlyName == f.WorkflowName) {
				ids = append(ids, w.ID)
			}
		}
		q.among(`workflow_id`, ids)
	}
	if f.TaskQueueSID != "" || f.TaskQueueName != "" {
		var ids []any
		for _, w := range v.Queues {
			if (f.TaskQueueSID == "" || w.SID == f.TaskQueueSID) && (f.TaskQueueName == "" || w.FriendlyName == f.TaskQueueName) {
				ids = append(ids, w.ID)
			}
		}
		q.among(`queue_id`, ids)
	}
	if f.Expression == "" {
		return nil
	}
	var err error
	if q.expr, err = expr.Parse(f.Expression); err != nil {
		return invalid("EvaluateTaskAttributes is not valid: %v", err)
	}
	q.batch = taskBatch
	return nil
}

func (q *taskQuery) order(text string) error {
	if text == "" {
		text = "DateCreated:asc"
	}
	for part := range strings.SplitSeq(text, ",") {
		name, direction, _ := strings.Cut(strings.TrimSpace(part), ":")
		var k taskKey
		switch strings.ToLower(name) {
		case "datecreated":
			k = taskKey{column: "created_at", value: func(t *Task) int64 { return t.CreatedAt }}
		case "priority":
			k = taskKey{column: "priority", value: func(t *Task) int64 { return t.Priority }}
		case "virtualstarttime":
			k = taskKey{column: "virtual_start", value: func(t *Task) int64 { return t.VirtualStart }}
		default:
			return invalid("Ordering must be made of DateCreated, Priority and VirtualStartTime, each with :asc or :desc, not %q", clip(part))
		}
		switch strings.ToLower(direction) {
		case "", "asc":
		case "desc":
			k.desc = true
		default:
			return invalid("Ordering must say :asc or :desc, not %q", clip(direction))
		}
		if slices.ContainsFunc(q.keys, func(o taskKey) bool { return o.column == k.column }) {
			return invalid("Ordering names %s twice", name)
		}
		q.keys = append(q.keys, k)
	}
	has := func(column string) bool {
		return slices.ContainsFunc(q.keys, func(k taskKey) bool { return k.column == column })
	}
	if has("created_at") && has("virtual_start") {
		return invalid("Ordering cannot be by DateCreated and by VirtualStartTime at once")
	}
	q.keys = append(q.keys, taskKey{"id", q.keys[len(q.keys)-1].desc, func(t *Task) int64 { return t.ID }})
	return nil
}

// each calls fn for the tasks in order until fn says no.
func (q *taskQuery) each(v *view, fn func(t *Task) (more bool)) error {
	if q.nobody {
		return nil
	}
	var order []string
	for _, k := range q.keys {
		if k.desc {
			k.column += ` DESC`
		}
		order = append(order, k.column)
	}
	for {
		tail, args := q.beyond()
		rows, err := tasks.All(v.r, tail+` ORDER BY `+strings.Join(order, `, `)+` LIMIT `+strconv.Itoa(q.batch), args...)
		if err != nil {
			return err
		}
		for _, t := range rows {
			if (q.expr == nil || q.expr.Eval(t.object())) && !fn(t) {
				return nil
			}
		}
		if len(rows) < q.batch {
			return nil
		}
		q.after = rows[len(rows)-1]
	}
}

// beyond is the condition for what comes after the last task read: the first key beyond its own, or the same and the second beyond, …
func (q *taskQuery) beyond() (string, []any) {
	if q.after == nil {
		return q.where, q.args
	}
	args := slices.Clip(q.args)
	var ways []string
	same := ""
	for _, k := range q.keys {
		args = append(args, k.value(q.after))
		value, compare := mark(len(args)), ` > `
		if k.desc {
			compare = ` < `
		}
		ways = append(ways, `(`+same+k.column+compare+value+`)`)
		same += k.column + ` = ` + value + ` AND `
	}
	return q.where + ` AND (` + strings.Join(ways, ` OR `) + `)`, args
}
