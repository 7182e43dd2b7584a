package flex

import (
	"strconv"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// maxTaskAttributes bounds a task's attributes in characters (taskrouter-studio A.6).
const maxTaskAttributes = 4096

// taskAttributes are what the tasks of a channel say (rest-semantics §4.2). What the request gives wins, but for the channel.
func (n NewChannel) taskAttributes(flow *Flow, channelSID string) (string, error) {
	all := map[string]any{"channelType": flow.ChannelType, "name": n.from()}
	if n.Target != "" {
		all["customerAddress"] = n.Target
	}
	if n.TaskAttributes != "" {
		given, ok := parse(n.TaskAttributes)
		if !ok {
			return "", core.Ef(core.CodeFlexValidation, "TaskAttributes must be a JSON object such as {\"language\":\"en\"}")
		}
		for name, v := range given {
			all[name] = v
		}
	}
	all["channelSid"] = channelSID
	text, err := encode(all)
	if n := utf8.RuneCountInString(text); err == nil && n > maxTaskAttributes {
		err = core.Ef(core.CodeFlexValidation, "TaskAttributes are too long: with what Flex adds they have %d characters; a task has at most %d", n, maxTaskAttributes)
	}
	return text, err
}

// createTask makes a task for a channel and returns its SID.
func (x *Flex) createTask(tx *store.Tx, flow *Flow, attributes string) (string, error) {
	in, err := flow.Handler()
	if err != nil {
		return "", err
	}
	t, err := x.tr.CreateTaskTx(tx, flow.AccountSID, in.WorkspaceSID, taskrouter.NewTask{Attributes: attributes, WorkflowSID: in.WorkflowSID,
		TaskChannel: in.Channel, Priority: in.Priority, Timeout: in.Timeout})
	if e := core.AsError(err); err != nil && e.Status < 500 {
		return "", core.Ef(core.CodeFlexConfiguration, "Flex Flow %s cannot make a task: %s", flow.SID, e.Message).Because(err)
	}
	if err != nil {
		return "", err
	}
	return x.tr.TaskSID(t.ID), nil
}

// tieTask makes a task that exists one about a channel (rest-semantics §4.1).
func (x *Flex) tieTask(tx *store.Tx, flow *Flow, taskSID, channelSID string) error {
	in, err := flow.Handler()
	if err != nil {
		return err
	}
	t, err := x.tr.FetchTaskTx(&tx.Reader, flow.AccountSID, in.WorkspaceSID, taskSID)
	if err == nil {
		var text string
		if text, err = with(t.Attributes, map[string]any{"channelSid": channelSID, "channelType": flow.ChannelType}); err != nil {
			return err
		}
		_, err = x.tr.UpdateTaskTx(tx, flow.AccountSID, in.WorkspaceSID, taskSID, taskrouter.TaskPatch{Attributes: &text}, strconv.FormatInt(t.Version, 10))
	}
	if e := core.AsError(err); err != nil && e.Status < 500 && e.Code != core.CodePreconditionFailed {
		return core.Ef(core.CodeFlexValidation, "TaskSid: %s", e.Message).Because(err)
	}
	return err
}

// taskHappened keeps account of the tasks that are about a channel, inside TaskRouter's own transaction, and has a channel looked after
// when a task of it ends.
func (x *Flex) taskHappened(tx *store.Tx, space *taskrouter.Space, event string, t *taskrouter.Task) error {
	switch event {
	case "task.created", "task.updated":
		return noteTask(tx, space, t)
	case "task.wrapup":
		return enqueueEnd(tx, space, t, false)
	case "task.completed", "task.canceled":
		return enqueueEnd(tx, space, t, true)
	case "task.deleted", "task.system-deleted":
		if err := tx.Defer(`DELETE FROM flex_task WHERE task_id = $1`, t.ID); err != nil || !t.UnderWay() {
			return err // what has ended before was looked after then
		}
		return enqueueEnd(tx, space, t, true)
	}
	return nil
}

// noteTask writes down which channel a task is about now.
func noteTask(tx *store.Tx, space *taskrouter.Space, t *taskrouter.Task) error {
	channelSID := channelOf(t.Attributes)
	if !core.IsSID("CH", channelSID) {
		return tx.Defer(`DELETE FROM flex_task WHERE task_id = $1`, t.ID)
	}
	return tx.Defer(`INSERT INTO flex_task (task_id, account_sid, channel_sid) VALUES ($1, $2, $3)
		ON CONFLICT (task_id) DO UPDATE SET channel_sid = excluded.channel_sid`, t.ID, space.Workspace.AccountSID, channelSID)
}

// hasOpenTask reports whether a conversation about the channel is still under way. A task that is handed on is.
func (x *Flex) hasOpenTask(r *store.Reader, accountSID, channelSID string) (bool, error) {
	const newest = 1000 // tasks are removed soon after their end, so that a channel has one or two
	var ids []int64
	err := r.Query(`SELECT task_id FROM flex_task WHERE channel_sid = $1 AND account_sid = $2 ORDER BY task_id DESC LIMIT $3`, []any{channelSID, accountSID, newest}, func(scan func(...any) error) error {
		ids = append(ids, 0)
		return scan(&ids[len(ids)-1])
	})
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return x.tr.AnyUnderWayTx(r, ids)
}
