package bridge

import (
	"strconv"

	"parley/internal/taskrouter"
)

func listActivities(c *call) (any, error) {
	s, err := c.b.tr.Space(c, c.who.account, c.who.workspace)
	if err != nil {
		return nil, err
	}
	c.b.answered(c.who.worker, readActivities)
	all := span{size: len(s.Activities)} // a workspace has few
	return pageOf(all, s.Activities, nil, func(a *taskrouter.Activity) activityJSON { return showActivity(s, a) }), nil
}

func listWorkers(c *call) (any, error) {
	at := c.span()
	f := taskrouter.WorkerFilter{
		FriendlyName: c.word("FriendlyName"), ActivitySID: c.word("ActivitySid"), ActivityName: c.word("ActivityName"),
		Expression: c.word("TargetWorkersExpression"), Ordering: c.word("Ordering"),
	}
	if c.fault != nil {
		return nil, c.fault
	}
	rows, err := c.b.tr.ListWorkers(c, c.who.account, c.who.workspace, f, at.after, at.size+1)
	if err != nil {
		return nil, err
	}
	return pageOf(at, rows, func(v *taskrouter.WorkerView) string { return v.SID }, showWorker), nil
}

func fetchWorker(c *call) (any, error) {
	v, err := c.b.tr.FetchWorker(c, c.who.account, c.who.workspace, c.ids[1])
	if err != nil {
		return nil, err
	}
	return showWorker(v), nil
}

// updateWorker changes activity and attributes. A worker may not make itself a supervisor.
func updateWorker(c *call) (any, error) {
	p := taskrouter.WorkerPatch{ActivitySID: c.text("ActivitySid"), Attributes: c.text("Attributes"), RejectPending: c.flag("RejectPendingReservations")}
	if c.fault != nil {
		return nil, c.fault
	}
	if p.ActivitySID == nil {
		p.RejectPending = nil
	}
	self := c.ids[1] == c.who.worker
	raises := p.Attributes != nil && taskrouter.HasLeadingRole(*p.Attributes)
	if !self || raises {
		leads, err := c.leads()
		if err != nil {
			return nil, err
		}
		if !leads {
			return nil, forbidden("Only a supervisor or an administrator may change another worker, or make one a supervisor")
		}
	}
	ifMatch, err := c.workerVersion(self)
	if err != nil {
		return nil, err
	}
	v, err := c.b.tr.UpdateWorker(c, c.who.account, c.who.workspace, c.ids[1], p, ifMatch)
	if err != nil {
		return nil, err
	}
	return showWorker(v), nil
}

// workerVersion is the If-Match of a change of a worker. The SDK sends its own worker's version along when it changes another one, so then
// there is none. And it counts its version up with reservations and capacities, which are no changes of a worker here; so a number
// beyond ours is ours.
func (c *call) workerVersion(self bool) (string, error) {
	if !self || c.ifMatch == "" {
		return "", nil
	}
	told, err := strconv.ParseInt(c.ifMatch, 10, 64)
	if err != nil {
		return c.ifMatch, nil
	}
	v, err := c.b.tr.FetchWorker(c, c.who.account, c.who.workspace, c.who.worker)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(min(told, v.Version), 10), nil
}

func listChannels(c *call) (any, error) {
	at := c.span()
	if c.fault != nil {
		return nil, c.fault
	}
	rows, err := c.b.tr.ListWorkerChannels(c, c.who.account, c.who.workspace, c.who.worker, at.after, at.size+1)
	if err != nil {
		return nil, err
	}
	c.b.answered(c.who.worker, readChannels)
	return pageOf(at, rows, func(v *taskrouter.WorkerChannelView) string { return c.b.tr.WorkerChannelSID(v.ID) }, c.b.showWorkerChannel), nil
}
