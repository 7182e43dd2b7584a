package taskrouter

import (
	"context"

	"parley/internal/core"
	"parley/internal/store"
)

// maxEventsFilter is the length of a workspace's list of event types in bytes; ours, none is documented.
const maxEventsFilter = 4096

// The templates of CreateWorkspace (taskrouter-studio A.3).
const (
	TemplateNone = "NONE"
	TemplateFIFO = "FIFO" // with a queue for everybody and a workflow that leads to it
)

// NewWorkspace is the input of CreateWorkspace. "" takes the default.
type NewWorkspace struct {
	FriendlyName, EventCallbackURL, EventsFilter string
	Template                                     string // TemplateNone, or TemplateFIFO
	Prioritize                                   string // FIFO, or LIFO
	MultiTask                                    *bool
}

// WorkspacePatch is the input of UpdateWorkspace; nil leaves a value.
type WorkspacePatch struct {
	FriendlyName, EventCallbackURL, EventsFilter *string
	DefaultActivitySID, TimeoutActivitySID       *string
	Prioritize                                   *string
	MultiTask                                    *bool
}

// Space returns a workspace of the account with all that is configured in it, or 20404.
func (tr *TaskRouter) Space(ctx context.Context, accountSID, workspaceSID string) (s *Space, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		s = v.Space
		return nil
	})
	return s, err
}

// ListWorkspaces returns up to limit workspaces of the account after the SID after ("" for the first), in the order in which they were made;
// name filters by friendly name.
func (tr *TaskRouter) ListWorkspaces(ctx context.Context, accountSID string, name *string, after string, limit int) (list []*Space, err error) {
	err = tr.st.View(ctx, func(r *store.Reader) error {
		tail, args := `WHERE account_sid = $1`, []any{accountSID}
		if after != "" {
			from, err := tr.space(r, accountSID, after)
			if err != nil {
				return badToken()
			}
			args = append(args, from.Workspace.ID)
			tail += ` AND id > ` + mark(len(args))
		}
		if name != nil {
			args = append(args, *name)
			tail += ` AND friendly_name = ` + mark(len(args))
		}
		args = append(args, int64(limit))
		rows, err := workspaces.All(r, tail+` ORDER BY id LIMIT `+mark(len(args)), args...)
		if err != nil {
			return err
		}
		for _, w := range rows {
			s, err := tr.spaceByID(r, w.ID, w.Rev)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

// CreateWorkspace makes a workspace with the usual activities and task channels, and what its template adds (taskrouter-studio A.3).
func (tr *TaskRouter) CreateWorkspace(ctx context.Context, accountSID string, n NewWorkspace) (s *Space, err error) {
	err = tr.st.Update(ctx, func(tx *store.Tx) error {
		u, err := tr.createWorkspace(tx, accountSID, core.NewSID("WS"), n, "Offline", "Available", "Unavailable")
		if err != nil {
			return err
		}
		if n.Template == TemplateFIFO {
			if err := u.addFIFO(); err != nil {
				return err
			}
		}
		s, err = loadSpace(u.r, u.Workspace.ID)
		return err
	})
	return s, err
}

// createWorkspace makes a workspace under a SID with activities of these names; the first is where workers begin, and where they go who
// let work time out. Only "Available" is available.
func (tr *TaskRouter) createWorkspace(tx *store.Tx, accountSID, sid string, n NewWorkspace, names ...string) (*unit, error) {
	now := tx.Now()
	ws := &Workspace{ID: tx.NextID(), SID: sid, AccountSID: accountSID, FriendlyName: n.FriendlyName, EventCallbackURL: n.EventCallbackURL,
		EventsFilter: n.EventsFilter, MultiTask: true, Prioritize: FIFO, CreatedAt: now, UpdatedAt: now}
	if n.Prioritize != "" {
		ws.Prioritize = n.Prioritize
	}
	if n.Template != "" && n.Template != TemplateNone && n.Template != TemplateFIFO {
		return nil, invalid("Template must be %s or %s, not %q", TemplateNone, TemplateFIFO, clip(n.Template))
	}
	if err := ws.check(n.MultiTask); err != nil {
		return nil, err
	}
	for i, name := range names {
		a := &Activity{ID: tx.NextID(), SID: core.NewSID("WA"), WorkspaceID: ws.ID, FriendlyName: name, Available: name == "Available", CreatedAt: now, UpdatedAt: now}
		if i == 0 {
			ws.DefaultActivityID, ws.TimeoutActivityID = a.ID, a.ID
		}
		if err := activities.Insert(tx, a); err != nil {
			return nil, err
		}
	}
	for _, c := range defaultChannels() {
		c.ID, c.SID, c.WorkspaceID, c.CreatedAt, c.UpdatedAt = tx.NextID(), core.NewSID("TC"), ws.ID, now, now
		if err := taskChannels.Insert(tx, &c); err != nil {
			return nil, err
		}
	}
	if err := workspaces.Insert(tx, ws); err != nil {
		return nil, err
	}
	s, err := loadSpace(&tx.Reader, ws.ID)
	if err != nil {
		return nil, err
	}
	u := &unit{view{s, tr, &tx.Reader}, tx}
	if err := u.lockConfig(); err != nil {
		return nil, err
	}
	return u, u.record(note{Type: "workspace.created"})
}

// addFIFO adds what TemplateFIFO promises (taskrouter-studio A.3).
func (u *unit) addFIFO() error {
	q, err := u.createQueue(core.NewSID("WQ"), NewTaskQueue{FriendlyName: "Sample Queue"})
	if err != nil {
		return err
	}
	config := `{"task_routing":{"filters":[{"filter_friendly_name":"Default","expression":"1==1","targets":[{"queue":"` + q.SID + `","priority":0}]}]}}`
	_, err = u.createWorkflow(core.NewSID("WW"), NewWorkflow{FriendlyName: "Default Fifo Workflow", Configuration: config})
	return err
}

// check refuses a workspace that could not be. multiTask is what a request asks for: every workspace is multi-tasking and stays so
// (taskrouter-studio A.2).
func (w *Workspace) check(multiTask *bool) error {
	if multiTask != nil && !*multiTask {
		return invalid("MultiTaskEnabled cannot be false: workers of every workspace take several tasks, as their channels' capacity says")
	}
	if w.Prioritize != FIFO && w.Prioritize != LIFO {
		return invalid("PrioritizeQueueOrder must be %s or %s, not %q", FIFO, LIFO, clip(w.Prioritize))
	}
	if len(w.EventsFilter) > maxEventsFilter {
		return invalid("EventsFilter has %d bytes; at most %d are allowed", len(w.EventsFilter), maxEventsFilter)
	}
	if err := checkURL("EventCallbackUrl", w.EventCallbackURL); err != nil {
		return err
	}
	return checkName(w.FriendlyName)
}

// UpdateWorkspace changes a workspace.
func (tr *TaskRouter) UpdateWorkspace(ctx context.Context, accountSID, workspaceSID string, p WorkspacePatch) (s *Space, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		ws := *u.Workspace
		setIf(&ws.FriendlyName, p.FriendlyName)
		setIf(&ws.EventCallbackURL, p.EventCallbackURL)
		setIf(&ws.EventsFilter, p.EventsFilter)
		setIf(&ws.Prioritize, p.Prioritize)
		if err := u.chooseActivity(&ws.DefaultActivityID, "DefaultActivitySid", p.DefaultActivitySID); err != nil {
			return err
		}
		if err := u.chooseActivity(&ws.TimeoutActivityID, "TimeoutActivitySid", p.TimeoutActivitySID); err != nil {
			return err
		}
		if err := ws.check(p.MultiTask); err != nil {
			return err
		}
		ws.UpdatedAt = u.tx.Now()
		if err := workspaces.Update(u.tx, &ws); err != nil {
			return err
		}
		if u.Space, err = loadSpace(u.r, ws.ID); err != nil {
			return err
		}
		s = u.Space
		return u.record(note{Type: "workspace.updated"})
	})
	return s, err
}

// chooseActivity sets the number of the activity that a parameter names, or 20001. nil leaves it.
func (u *unit) chooseActivity(dst *int64, name string, sid *string) error {
	if sid == nil {
		return nil
	}
	a := u.ActivityBySID(*sid)
	if a == nil {
		return invalid("%s %q is not an activity of this workspace", name, clip(*sid))
	}
	*dst = a.ID
	return nil
}

// DeleteWorkspace removes a workspace with everything in it, its history too. Its last event is posted if the workspace asked for that.
func (tr *TaskRouter) DeleteWorkspace(ctx context.Context, accountSID, workspaceSID string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		if err := u.record(note{Type: "workspace.deleted"}); err != nil {
			return err
		}
		id := u.Workspace.ID
		if err := u.tellOfRemoval(); err != nil {
			return err
		}
		for _, table := range []string{"tr_worker_seq", "tr_worker_channel"} {
			if err := u.tx.Defer(`DELETE FROM `+table+` WHERE worker_id IN (SELECT id FROM tr_worker WHERE workspace_id = $1)`, id); err != nil {
				return err
			}
		}
		for _, table := range []string{"tr_task", "tr_reservation", "tr_transfer", "tr_worker", "tr_workflow", "tr_queue", "tr_task_channel", "tr_activity", "tr_event"} {
			if err := u.tx.Defer(`DELETE FROM `+table+` WHERE workspace_id = $1`, id); err != nil {
				return err
			}
		}
		u.tx.AfterCommit(func() { tr.forget(id) })
		return workspaces.Delete(u.tx, u.Workspace)
	})
}

// tellOfRemoval tells workers that they go, and the conductor of channels that the tasks do. In the history, which goes too, nothing is
// written.
func (u *unit) tellOfRemoval() error {
	err := u.r.Query(`UPDATE tr_worker_seq SET feed = feed + 1 WHERE worker_id IN (SELECT id FROM tr_worker WHERE workspace_id = $1) RETURNING worker_id, feed`,
		[]any{u.Workspace.ID}, func(scan func(...any) error) error {
			s := Signal{Type: "worker.deleted"}
			err := scan(&s.WorkerID, &s.Seq)
			u.tx.Emit(s)
			return err
		})
	if err != nil || u.tr.onTask == nil {
		return err
	}
	return u.tellOfTasks()
}

func (u *unit) tellOfTasks() error {
	for last := int64(0); ; {
		rows, err := tasks.All(u.r, `WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3`, u.Workspace.ID, last, int64(taskBatch))
		if err != nil {
			return err
		}
		for _, t := range rows {
			if err := u.tr.onTask(u.tx, u.Space, "task.deleted", t); err != nil {
				return err
			}
			last = t.ID
		}
		if len(rows) < taskBatch {
			return nil
		}
	}
}
