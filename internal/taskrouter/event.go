package taskrouter

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// EventFilter narrows ListEvents; "" asks for nothing (taskrouter-studio A.12). What it names need not exist any more.
type EventFilter struct {
	Period
	SID, Type                                                     string
	TaskSID, ReservationSID, WorkerSID, TaskQueueSID, WorkflowSID string
	TaskChannel                                                   string // SID or unique name
}

// EventView is an event to be shown.
type EventView struct {
	Space *Space
	Event
}

// Description says in words what happened.
func (e *EventView) Description() string { return describeEvent(&e.Event) }

// FetchEvent returns an event of any age that is kept, or 20404.
func (tr *TaskRouter) FetchEvent(ctx context.Context, accountSID, workspaceSID, sid string) (ev *EventView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		e, err := v.event(sid)
		if err == nil {
			ev = &EventView{v.Space, *e}
		}
		return err
	})
	return ev, err
}

func (v *view) event(sid string) (*Event, error) {
	if id, ok := v.tr.codec.Decode("EV", core.SIDTaskEvent, sid); ok {
		e, err := events.One(v.r, `WHERE id = $1 AND workspace_id = $2`, id, v.Workspace.ID)
		if !errors.Is(err, store.ErrNoRow) {
			return e, err
		}
	}
	return nil, notFound("Event", sid)
}

// ListEvents returns up to limit events before the one whose SID is after ("" for the first), the newest first.
func (tr *TaskRouter) ListEvents(ctx context.Context, accountSID, workspaceSID string, f EventFilter, after string, limit int) (list []*EventView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		tail, args, err := v.history(f)
		if err != nil {
			return err
		}
		if after != "" {
			last, err := v.event(after)
			if err != nil {
				return badToken()
			}
			args = append(args, last.At, last.ID)
			at, id := mark(len(args)-1), mark(len(args))
			tail += ` AND at <= ` + at + ` AND (at < ` + at + ` OR id < ` + id + `)`
		}
		args = append(args, int64(limit))
		rows, err := events.All(v.r, tail+` ORDER BY at DESC, id DESC LIMIT `+mark(len(args)), args...)
		for _, e := range rows {
			list = append(list, &EventView{v.Space, *e})
		}
		return err
	})
	return list, err
}

// history writes the condition of a filter.
func (v *view) history(f EventFilter) (tail string, args []any, err error) {
	start, end, err := f.bounds(v.r.Now())
	if err != nil {
		return "", nil, err
	}
	tail, args = `WHERE workspace_id = $1 AND at >= $2 AND at <= $3`, []any{v.Workspace.ID, start, end}
	is := func(column string, value any) {
		args = append(args, value)
		tail += ` AND ` + column + ` = ` + mark(len(args))
	}
	if f.Type != "" {
		is("type", f.Type)
	}
	number := func(column, prefix string, kind core.SIDKind, sid string) {
		if sid != "" {
			id, _ := v.tr.codec.Decode(prefix, kind, sid) // another SID is that of number 0, which no row has
			is(column, id)
			tail += ` AND ` + column + ` > 0` // which lets the index of tasks serve
		}
	}
	number("id", "EV", core.SIDTaskEvent, f.SID)
	number("task_id", "WT", core.SIDTask, f.TaskSID)
	number("reservation_id", "WR", core.SIDReservation, f.ReservationSID)
	if sid := f.TaskQueueSID; sid != "" {
		if q := v.QueueBySID(sid); q != nil {
			is("queue_id", q.ID)
		} else {
			is("resource_sid", sid) // of what was deleted, its own events can still be found
		}
	}
	if sid := f.WorkflowSID; sid != "" {
		if w := v.WorkflowBySID(sid); w != nil {
			is("workflow_id", w.ID)
		} else {
			is("resource_sid", sid)
		}
	}
	if ref := f.TaskChannel; ref != "" {
		if c := v.ChannelByRef(ref); c != nil {
			is("task_channel_id", c.ID)
		} else {
			is("resource_sid", ref)
		}
	}
	if sid := f.WorkerSID; sid != "" {
		w, err := v.worker(sid)
		switch {
		case err == nil:
			is("worker_id", w.ID)
		case core.HasCode(err, core.CodeNotFound):
			is("resource_sid", sid)
		default:
			return "", nil, err
		}
	}
	return tail, args, nil
}
