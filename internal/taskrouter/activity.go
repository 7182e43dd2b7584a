package taskrouter

import (
	"context"

	"parley/internal/core"
)

// maxActivities is how many activities a workspace may have (taskrouter-studio A.14).
const maxActivities = 100

// NewActivity is the input of CreateActivity.
type NewActivity struct {
	FriendlyName string
	Available    bool // for good: it cannot be changed
}

// ActivityPatch is the input of UpdateActivity; nil leaves a value.
type ActivityPatch struct{ FriendlyName *string }

// ActivityFilter narrows ListActivities; nil asks for nothing.
type ActivityFilter struct {
	FriendlyName *string
	Available    *bool
}

// CreateActivity makes an activity; more than a workspace may have are 20001.
func (tr *TaskRouter) CreateActivity(ctx context.Context, accountSID, workspaceSID string, n NewActivity) (a *Activity, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		if len(u.Activities) >= maxActivities {
			return invalid("A workspace has at most %d activities", maxActivities)
		}
		if err := checkName(n.FriendlyName); err != nil {
			return err
		}
		now := u.tx.Now()
		a = &Activity{ID: u.tx.NextID(), SID: core.NewSID("WA"), WorkspaceID: u.Workspace.ID, FriendlyName: n.FriendlyName, Available: n.Available, CreatedAt: now, UpdatedAt: now}
		if err := activities.Insert(u.tx, a); err != nil {
			return err
		}
		return u.record(note{Type: "activity.created", Activity: a})
	})
	return a, err
}

// FetchActivity returns an activity, or 20404.
func (tr *TaskRouter) FetchActivity(ctx context.Context, accountSID, workspaceSID, sid string) (*Activity, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return s.activity(sid)
}

func (s *Space) activity(sid string) (*Activity, error) {
	if a := s.ActivityBySID(sid); a != nil {
		return a, nil
	}
	return nil, notFound("Activity", sid)
}

// ListActivities returns up to limit activities after the SID after ("" for the first), in the order in which they were made.
func (tr *TaskRouter) ListActivities(ctx context.Context, accountSID, workspaceSID string, f ActivityFilter, last string, limit int) ([]*Activity, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return after(s.Activities, func(a *Activity) string { return a.SID }, last, limit, func(a *Activity) bool {
		return (f.FriendlyName == nil || a.FriendlyName == *f.FriendlyName) && (f.Available == nil || a.Available == *f.Available)
	})
}

// UpdateActivity changes an activity's name, the one thing of it that can be changed.
func (tr *TaskRouter) UpdateActivity(ctx context.Context, accountSID, workspaceSID, sid string, p ActivityPatch) (a *Activity, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		old, err := u.activity(sid)
		if err != nil {
			return err
		}
		changed := *old
		a = &changed
		setIf(&a.FriendlyName, p.FriendlyName)
		if err := checkName(a.FriendlyName); err != nil {
			return err
		}
		a.UpdatedAt = u.tx.Now()
		if err := activities.Update(u.tx, a); err != nil {
			return err
		}
		return u.record(note{Type: "activity.updated", Activity: a})
	})
	return a, err
}

// DeleteActivity removes an activity that no worker is in and nothing configured names; one in use is 20001.
func (tr *TaskRouter) DeleteActivity(ctx context.Context, accountSID, workspaceSID, sid string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		a, err := u.activity(sid)
		if err != nil {
			return err
		}
		if a.ID == u.Workspace.DefaultActivityID || a.ID == u.Workspace.TimeoutActivityID {
			return invalid("Activity %s is the workspace's default or timeout activity; choose another one for that first", sid)
		}
		if q := find(u.Queues, func(q *TaskQueue) bool { return q.AssignmentActivityID == a.ID || q.ReservationActivityID == a.ID }); q != nil {
			return invalid("Activity %s is in use by TaskQueue %s; take it from there first", sid, q.SID)
		}
		err = u.inUse(`SELECT id FROM tr_worker WHERE activity_id = $1`, []any{a.ID}, "Activity %s is in use: move its workers to another one first", sid)
		if err != nil {
			return err
		}
		if err := activities.Delete(u.tx, a); err != nil {
			return err
		}
		return u.record(note{Type: "activity.deleted", Activity: a})
	})
}
