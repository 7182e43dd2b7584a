package taskrouter

import (
	"context"
	"errors"
	"regexp"

	"parley/internal/core"
	"parley/internal/store"
)

// defaultChannel is the unique name of the task channel of tasks that name none.
const defaultChannel = "default"

// maxTaskChannels bounds the task channels of a workspace: each worker has a channel for each of them.
const maxTaskChannels = 100

// uniqueName is what expressions can read, as in worker.channel.chat (taskrouter-studio A.5).
var uniqueName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]{0,63}$`)

// defaultChannels are the task channels of a new workspace (taskrouter-studio A.3).
func defaultChannels() []TaskChannel {
	return []TaskChannel{
		{FriendlyName: "Default", UniqueName: defaultChannel}, {FriendlyName: "Voice", UniqueName: "voice"}, {FriendlyName: "Video", UniqueName: "video"},
		{FriendlyName: "SMS", UniqueName: "sms"}, {FriendlyName: "Programmable Chat", UniqueName: "chat"},
	}
}

// NewTaskChannel is the input of CreateTaskChannel.
type NewTaskChannel struct {
	FriendlyName, UniqueName string
	Optimized                bool
}

// TaskChannelPatch is the input of UpdateTaskChannel; nil leaves a value.
type TaskChannelPatch struct {
	FriendlyName *string
	Optimized    *bool
}

// CreateTaskChannel makes a task channel, and a channel of it for every worker. A unique name that is taken is 20409.
func (tr *TaskRouter) CreateTaskChannel(ctx context.Context, accountSID, workspaceSID string, n NewTaskChannel) (c *TaskChannel, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		if len(u.Channels) >= maxTaskChannels {
			return invalid("A workspace has at most %d task channels", maxTaskChannels)
		}
		if err := checkName(n.FriendlyName); err != nil {
			return err
		}
		if !uniqueName.MatchString(n.UniqueName) {
			return invalid("UniqueName must have 1 to 64 letters, digits, _ and $ and must not begin with a digit: expressions read it")
		}
		now := u.tx.Now()
		c = &TaskChannel{ID: u.tx.NextID(), SID: core.NewSID("TC"), WorkspaceID: u.Workspace.ID, FriendlyName: n.FriendlyName, UniqueName: n.UniqueName,
			Optimized: n.Optimized, CreatedAt: now, UpdatedAt: now}
		if err := taskChannels.Insert(u.tx, c); errors.Is(err, store.ErrUnique) {
			return core.Ef(core.CodeConflict, "TaskChannel with the unique name %s already exists", n.UniqueName)
		} else if err != nil {
			return err
		}
		if err := u.addChannelToWorkers(c); err != nil {
			return err
		}
		return u.record(note{Type: "task-channel.created", Channel: c})
	})
	return c, err
}

// FetchTaskChannel returns a task channel by SID or unique name, or 20404.
func (tr *TaskRouter) FetchTaskChannel(ctx context.Context, accountSID, workspaceSID, ref string) (*TaskChannel, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return s.taskChannel(ref)
}

func (s *Space) taskChannel(ref string) (*TaskChannel, error) {
	if c := s.ChannelByRef(ref); c != nil {
		return c, nil
	}
	return nil, notFound("TaskChannel", ref)
}

// ListTaskChannels returns up to limit task channels after the SID after ("" for the first), in the order in which they were made.
func (tr *TaskRouter) ListTaskChannels(ctx context.Context, accountSID, workspaceSID, last string, limit int) ([]*TaskChannel, error) {
	s, err := tr.Space(ctx, accountSID, workspaceSID)
	if err != nil {
		return nil, err
	}
	return after(s.Channels, func(c *TaskChannel) string { return c.SID }, last, limit, func(*TaskChannel) bool { return true })
}

// UpdateTaskChannel changes a task channel; its unique name stays.
func (tr *TaskRouter) UpdateTaskChannel(ctx context.Context, accountSID, workspaceSID, ref string, p TaskChannelPatch) (c *TaskChannel, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		old, err := u.taskChannel(ref)
		if err != nil {
			return err
		}
		changed := *old
		c = &changed
		setIf(&c.FriendlyName, p.FriendlyName)
		setIf(&c.Optimized, p.Optimized)
		if err := checkName(c.FriendlyName); err != nil {
			return err
		}
		c.UpdatedAt = u.tx.Now()
		if err := taskChannels.Update(u.tx, c); err != nil {
			return err
		}
		return u.record(note{Type: "task-channel.updated", Channel: c})
	})
	return c, err
}

// DeleteTaskChannel removes a task channel, and every worker's channel of it. One that tasks use is 20001, and so is the default, which
// tasks use that name none.
func (tr *TaskRouter) DeleteTaskChannel(ctx context.Context, accountSID, workspaceSID, ref string) error {
	return tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		if err := u.lockConfig(); err != nil {
			return err
		}
		c, err := u.taskChannel(ref)
		if err != nil {
			return err
		}
		if c.UniqueName == defaultChannel {
			return invalid("TaskChannel %s cannot be deleted: it is the one of tasks that name none", c.UniqueName)
		}
		err = u.inUse(`SELECT id FROM tr_task WHERE workspace_id = $1 AND task_channel_id = $2`, []any{u.Workspace.ID, c.ID},
			"TaskChannel %s is in use by tasks; delete them first", c.UniqueName)
		if err != nil {
			return err
		}
		if err := u.tx.Defer(`DELETE FROM tr_worker_channel WHERE task_channel_id = $1`, c.ID); err != nil {
			return err
		}
		if err := taskChannels.Delete(u.tx, c); err != nil {
			return err
		}
		return u.record(note{Type: "task-channel.deleted", Channel: c})
	})
}
