package bridge

import (
	"parley/internal/core"
	"parley/internal/taskrouter"
)

// own runs a command that only the worker itself may give: its path names the worker second.
func own(run func(*call) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if c.ids[1] != c.who.worker {
			return nil, forbidden("Only the worker itself may do this")
		}
		return run(c)
	}
}

func forbidden(why string) error { return core.Ef(core.CodeForbidden, "%s", why) }

// leads reports whether somebody may look after other workers: by the role in the token, or by a role in the worker's attributes.
func (c *call) leads() (bool, error) {
	if taskrouter.LeadingRole(c.who.role) {
		return true, nil
	}
	w, err := c.b.tr.FetchWorker(c, c.who.account, c.who.workspace, c.who.worker)
	if err != nil {
		return false, err
	}
	return taskrouter.HasLeadingRole(w.Attributes), nil
}

// holds refuses a task that the worker has nothing to do with: tasks that were made for it, and those of which it holds a reservation
// or, to look at, has held one.
func (c *call) holds(taskSID string, now bool) error {
	t, err := c.b.tr.FetchTask(c, c.who.account, c.who.workspace, taskSID)
	if err != nil {
		return err
	}
	if t.RoutingTarget == c.who.worker {
		return nil
	}
	list, err := c.b.tr.ListReservations(c, c.who.account, c.who.workspace,
		taskrouter.ReservationFilter{TaskSID: taskSID, WorkerSID: c.who.worker, Active: now}, "", 1)
	if err == nil && len(list) == 0 {
		err = forbidden("The worker does not hold this task")
	}
	return err
}
