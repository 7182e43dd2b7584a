package taskrouter

import (
	"errors"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/workflow"
)

// Space is a workspace with all that is configured in it, as of one revision. It is shared and never changes; whoever holds
// one can name what a row refers to.
type Space struct {
	Workspace *Workspace

	// In the order in which they were made.
	Activities []*Activity
	Channels   []*TaskChannel
	Queues     []*TaskQueue
	Workflows  []*Workflow

	activities map[int64]*Activity
	channels   map[int64]*TaskChannel
	queues     map[int64]*TaskQueue
	workflows  map[int64]*Workflow

	members map[int64]*expr.Expr     // of each queue; nil where it cannot be parsed
	plans   map[int64]*workflow.Plan // of each workflow; nil where it cannot be parsed
}

// Activity returns an activity by number, or nil.
func (s *Space) Activity(id int64) *Activity { return s.activities[id] }

// Channel returns a task channel by number, or nil.
func (s *Space) Channel(id int64) *TaskChannel { return s.channels[id] }

// Queue returns a task queue by number, or nil.
func (s *Space) Queue(id int64) *TaskQueue { return s.queues[id] }

// Workflow returns a workflow by number, or nil.
func (s *Space) Workflow(id int64) *Workflow { return s.workflows[id] }

// Members is the expression of a queue, nil where it cannot be parsed and so matches nobody.
func (s *Space) Members(queueID int64) *expr.Expr { return s.members[queueID] }

// Plan is the parsed configuration of a workflow, or nil.
func (s *Space) Plan(workflowID int64) *workflow.Plan { return s.plans[workflowID] }

// ActivityBySID returns an activity, or nil.
func (s *Space) ActivityBySID(sid string) *Activity {
	return find(s.Activities, func(a *Activity) bool { return a.SID == sid })
}

// ChannelByRef returns a task channel by SID or unique name, or nil.
func (s *Space) ChannelByRef(ref string) *TaskChannel {
	return find(s.Channels, func(c *TaskChannel) bool { return c.SID == ref || c.UniqueName == ref })
}

// QueueBySID returns a queue, or nil.
func (s *Space) QueueBySID(sid string) *TaskQueue {
	return find(s.Queues, func(q *TaskQueue) bool { return q.SID == sid })
}

// QueueByRef returns a queue by SID or, as old configurations write it, by name (taskrouter-studio A.4); nil when there is none.
func (s *Space) QueueByRef(ref string) *TaskQueue {
	if q := s.QueueBySID(ref); q != nil {
		return q
	}
	return find(s.Queues, func(q *TaskQueue) bool { return q.FriendlyName == ref })
}

// WorkflowBySID returns a workflow, or nil.
func (s *Space) WorkflowBySID(sid string) *Workflow {
	return find(s.Workflows, func(w *Workflow) bool { return w.SID == sid })
}

func find[T any](list []*T, is func(*T) bool) *T {
	for _, v := range list {
		if is(v) {
			return v
		}
	}
	return nil
}

// space returns a workspace of an account, or 20404. The reader must not have changed anything configured: what is read is kept
// for others.
func (tr *TaskRouter) space(r *store.Reader, accountSID, sid string) (*Space, error) {
	id, rev, err := findWorkspace(r, accountSID, sid)
	if err != nil {
		return nil, err
	}
	return tr.spaceByID(r, id, rev)
}

// SpaceTx reads a workspace of an account, or 20404, inside a transaction that may have configured it itself: nothing is kept.
func (tr *TaskRouter) SpaceTx(r *store.Reader, accountSID, sid string) (*Space, error) {
	id, _, err := findWorkspace(r, accountSID, sid)
	if err != nil {
		return nil, err
	}
	return loadSpace(r, id)
}

func findWorkspace(r *store.Reader, accountSID, sid string) (id, rev int64, err error) {
	if core.IsSID("WS", sid) { // other text may be such as the store refuses
		err = r.One(`SELECT id, rev FROM tr_workspace WHERE sid = $1 AND account_sid = $2`, []any{sid, accountSID}, &id, &rev)
		if err != nil && !errors.Is(err, store.ErrNoRow) {
			return 0, 0, err
		}
	}
	if id == 0 {
		return 0, 0, notFound("Workspace", sid)
	}
	return id, rev, nil
}

// spaceByID is space for a known workspace and its revision.
func (tr *TaskRouter) spaceByID(r *store.Reader, id, rev int64) (*Space, error) {
	tr.mu.Lock()
	s := tr.spaces[id]
	tr.mu.Unlock()
	if s != nil && s.Workspace.Rev == rev {
		return s, nil
	}
	s, err := loadSpace(r, id)
	if err != nil {
		return nil, err
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if known := tr.spaces[id]; known == nil || known.Workspace.Rev < s.Workspace.Rev {
		tr.spaces[id] = s
	}
	return s, nil
}

func loadSpace(r *store.Reader, id int64) (s *Space, err error) {
	s = &Space{members: map[int64]*expr.Expr{}, plans: map[int64]*workflow.Plan{}}
	if s.Workspace, err = workspaces.One(r, `WHERE id = $1`, id); err != nil {
		return nil, err
	}
	const tail = `WHERE workspace_id = $1 ORDER BY id`
	if s.Activities, err = activities.All(r, tail, id); err != nil {
		return nil, err
	}
	if s.Channels, err = taskChannels.All(r, tail, id); err != nil {
		return nil, err
	}
	if s.Queues, err = queues.All(r, tail, id); err != nil {
		return nil, err
	}
	if s.Workflows, err = workflows.All(r, tail, id); err != nil {
		return nil, err
	}
	s.activities = byID(s.Activities, func(a *Activity) int64 { return a.ID })
	s.channels = byID(s.Channels, func(c *TaskChannel) int64 { return c.ID })
	s.queues = byID(s.Queues, func(q *TaskQueue) int64 { return q.ID })
	s.workflows = byID(s.Workflows, func(w *Workflow) int64 { return w.ID })
	for _, q := range s.Queues {
		if e, err := expr.Parse(q.TargetWorkers); err == nil {
			s.members[q.ID] = e
		}
	}
	for _, w := range s.Workflows {
		if p, err := workflow.Parse(w.Configuration); err == nil {
			s.plans[w.ID] = p
		}
	}
	return s, nil
}

func byID[T any](list []*T, id func(*T) int64) map[int64]*T {
	m := make(map[int64]*T, len(list))
	for _, v := range list {
		m[id(v)] = v
	}
	return m
}

// forget drops a workspace that was deleted.
func (tr *TaskRouter) forget(id int64) {
	tr.mu.Lock()
	delete(tr.spaces, id)
	tr.mu.Unlock()
}

func notFound(what, sid string) error {
	return core.Ef(core.CodeNotFound, "%s %q was not found", what, clip(sid))
}

// invalid is the general refusal of a parameter (taskrouter-studio A.14).
func invalid(format string, args ...any) error {
	return core.Ef(core.CodeTaskRouterInvalid, format, args...)
}

// WorkspaceOf returns the SID of the workspace that has a workflow; 20001 if no workspace of the account has.
func (tr *TaskRouter) WorkspaceOf(r *store.Reader, accountSID, workflowSID string) (sid string, err error) {
	if core.IsSID("WW", workflowSID) {
		err = r.One(`SELECT s.sid FROM tr_workflow w JOIN tr_workspace s ON s.id = w.workspace_id WHERE w.sid = $1 AND s.account_sid = $2`,
			[]any{workflowSID, accountSID}, &sid)
		if !errors.Is(err, store.ErrNoRow) {
			return sid, err
		}
	}
	return "", invalid("WorkflowSid %q is not a workflow of this account", clip(workflowSID))
}

// HasTaskChannel reports whether a workspace of the account has a task channel of a SID or unique name.
func (tr *TaskRouter) HasTaskChannel(r *store.Reader, accountSID, ref string) (bool, error) {
	var id int64
	if !core.CleanText(ref) {
		return false, nil
	}
	err := r.One(`SELECT c.id FROM tr_task_channel c JOIN tr_workspace s ON s.id = c.workspace_id WHERE s.account_sid = $1 AND (c.sid = $2 OR c.unique_name = $2) LIMIT 1`,
		[]any{accountSID, ref}, &id)
	if errors.Is(err, store.ErrNoRow) {
		return false, nil
	}
	return err == nil, err
}
