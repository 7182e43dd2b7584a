package bridge

import (
	"parley/internal/taskrouter"
)

func createTask(c *call) (any, error) {
	n := taskrouter.NewTask{
		Attributes: c.word("Attributes"), WorkflowSID: c.word("WorkflowSid"), TaskQueueSID: c.word("TaskQueueSid"), RoutingTarget: c.word("RoutingTarget"),
		TaskChannel: c.word("TaskChannelSid"), VirtualStart: c.time("VirtualStartTime"),
	}
	if name := c.word("TaskChannelUniqueName"); n.TaskChannel == "" {
		n.TaskChannel = name
	}
	if c.fault != nil {
		return nil, c.fault
	}
	return c.task(c.b.tr.CreateTask(c, c.who.account, c.who.workspace, n))
}

func fetchTask(c *call) (any, error) {
	if err := c.holds(c.ids[1], false); err != nil {
		return nil, err
	}
	return c.task(c.b.tr.FetchTask(c, c.who.account, c.who.workspace, c.ids[1]))
}

func updateTask(c *call) (any, error) {
	p := taskrouter.TaskPatch{
		Attributes: c.text("Attributes"), AssignmentStatus: c.text("AssignmentStatus"), Reason: c.text("Reason"), VirtualStart: c.time("VirtualStartTime"),
	}
	if c.fault != nil {
		return nil, c.fault
	}
	if err := c.holds(c.ids[1], true); err != nil {
		return nil, err
	}
	return c.task(c.b.tr.UpdateTask(c, c.who.account, c.who.workspace, c.ids[1], p, c.ifMatch))
}

func (c *call) task(v *taskrouter.TaskView, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return c.b.showTask(v.Space, &v.Task), nil
}
