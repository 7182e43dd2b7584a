package bridge

import (
	"parley/internal/taskrouter"
)

func listQueues(c *call) (any, error) {
	at := c.span()
	f := taskrouter.TaskQueueFilter{FriendlyName: c.text("FriendlyName"), WorkerSID: c.text("WorkerSid"), Ordering: c.word("Ordering")}
	if c.fault != nil {
		return nil, c.fault
	}
	s, err := c.b.tr.Space(c, c.who.account, c.who.workspace)
	if err != nil {
		return nil, err
	}
	rows, err := c.b.tr.ListTaskQueues(c, c.who.account, c.who.workspace, f, at.after, at.size+1)
	if err != nil {
		return nil, err
	}
	return pageOf(at, rows, func(q *taskrouter.TaskQueue) string { return q.SID }, func(q *taskrouter.TaskQueue) queueJSON { return showQueue(s, q) }), nil
}

func fetchQueue(c *call) (any, error) {
	s, err := c.b.tr.Space(c, c.who.account, c.who.workspace)
	if err != nil {
		return nil, err
	}
	q, err := c.b.tr.FetchTaskQueue(c, c.who.account, c.who.workspace, c.ids[1])
	if err != nil {
		return nil, err
	}
	return showQueue(s, q), nil
}
