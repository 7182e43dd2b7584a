package bridge

import (
	"strconv"

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

// rank is what somebody is among the workers: by the role in the token, or by a role in the worker's attributes (taskrouter.Ranks).
func (c *call) rank() int {
	return max(taskrouter.Rank(c.who.role), taskrouter.RankOf(c.self.Attributes))
}

// mayChange refuses a change of a worker that is not for the caller: other workers are for who leads them, and nobody makes somebody out to
// be more than they are themselves, nor changes the attributes of who is more. ifMatch is the version of another worker whose
// roles were looked at, else "".
func (c *call) mayChange(workerSID string, attributes *string) (ifMatch string, err error) {
	own, other := c.rank(), workerSID != c.who.worker
	if other && own < 1 {
		return "", forbidden("Only a supervisor or an admin may change another worker")
	}
	if attributes == nil {
		return "", nil
	}
	if taskrouter.RankOf(*attributes) > max(own, 0) {
		return "", forbidden("Nobody may give a role that is higher than their own")
	}
	if !other {
		return "", nil
	}
	w, err := c.b.tr.FetchWorker(c, c.who.account, c.who.workspace, workerSID)
	if err != nil {
		return "", err
	}
	if taskrouter.RankOf(w.Attributes) > own {
		return "", forbidden("Nobody may change the attributes of a worker whose role is higher than their own")
	}
	return strconv.FormatInt(w.Version, 10), nil
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
