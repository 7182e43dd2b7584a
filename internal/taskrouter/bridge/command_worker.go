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

// updateWorker changes activity and attributes.
func updateWorker(c *call) (any, error) {
	p := taskrouter.WorkerPatch{ActivitySID: c.text("ActivitySid"), Attributes: c.text("Attributes"), RejectPending: c.flag("RejectPendingReservations")}
	if c.fault != nil {
		return nil, c.fault
	}
	if p.ActivitySID == nil {
		p.RejectPending = nil
	}
	ifMatch, err := c.mayChange(c.ids[1], p.Attributes)
	if err != nil {
		return nil, err
	}
	if c.ids[1] == c.who.worker {
		ifMatch = c.ownVersion()
	}
	v, err := c.b.tr.UpdateWorker(c, c.who.account, c.who.workspace, c.ids[1], p, ifMatch)
	if err != nil {
		return nil, err
	}
	return showWorker(v), nil
}

// ownVersion is the If-Match of a change of the own worker; the SDK sends that along, too, when it changes another one. It counts the version
// up with reservations and capacities, which are no changes of a worker here; so a number beyond ours is ours.
func (c *call) ownVersion() string {
	told, err := strconv.ParseInt(c.ifMatch, 10, 64)
	if err != nil {
		return c.ifMatch
	}
	return strconv.FormatInt(min(told, c.self.Version), 10)
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
