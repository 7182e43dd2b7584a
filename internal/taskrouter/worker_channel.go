package taskrouter

import (
	"context"
	"errors"
	"strconv"

	"parley/internal/core"
	"parley/internal/store"
)

// addChannelToWorkers gives every worker of the workspace a channel of a new kind (taskrouter-studio A.3). The caller has locked what is
// configured.
func (u *unit) addChannelToWorkers(c *TaskChannel) error {
	list, err := workers.All(u.r, `WHERE workspace_id = $1 ORDER BY id`, u.Workspace.ID)
	if err != nil {
		return err
	}
	for _, w := range list {
		if err := u.addWorkerChannel(w.ID, c); err != nil {
			return err
		}
	}
	return nil
}

// addWorkerChannel makes a worker's channel of the default capacity.
func (u *unit) addWorkerChannel(workerID int64, c *TaskChannel) error {
	return workerChannels.Append(u.tx, &WorkerChannel{ID: u.tx.NextID(), WorkerID: workerID, TaskChannelID: c.ID, Capacity: 1, Available: true,
		CreatedAt: u.tx.Now(), UpdatedAt: u.tx.Now()})
}

// workerChannel returns a channel of a worker by its SID or by that or the unique name of its task channel, or 20404. lock is "" or
// " FOR UPDATE".
func (v *view) workerChannel(w *Worker, ref, lock string) (*WorkerChannel, error) {
	column, id := "id", int64(0)
	if c := v.ChannelByRef(ref); c != nil {
		column, id = "task_channel_id", c.ID
	} else if n, ok := v.tr.codec.Decode("WC", core.SIDWorkerChannel, ref); ok {
		id = n
	}
	c, err := workerChannels.One(v.r, `WHERE worker_id = $1 AND `+column+` = $2`+lock, w.ID, id)
	if errors.Is(err, store.ErrNoRow) {
		return nil, notFound("WorkerChannel", ref)
	}
	return c, err
}

// FetchWorkerChannel returns a channel of a worker, or 20404. ref is its SID, or that or the unique name of its task channel.
func (tr *TaskRouter) FetchWorkerChannel(ctx context.Context, accountSID, workspaceSID, workerSID, ref string) (cv *WorkerChannelView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		w, err := v.worker(workerSID)
		if err != nil {
			return err
		}
		c, err := v.workerChannel(w, ref, "")
		if err == nil {
			cv = &WorkerChannelView{v.Space, *c, w.SID}
		}
		return err
	})
	return cv, err
}

// ListWorkerChannels returns up to limit channels of a worker after the one whose SID is after, in the order in which they were made.
func (tr *TaskRouter) ListWorkerChannels(ctx context.Context, accountSID, workspaceSID, workerSID, after string, limit int) (list []*WorkerChannelView, err error) {
	err = tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		w, err := v.worker(workerSID)
		if err != nil {
			return err
		}
		from := int64(0)
		if after != "" {
			var ok bool
			if from, ok = tr.codec.Decode("WC", core.SIDWorkerChannel, after); !ok {
				return badToken()
			}
		}
		rows, err := workerChannels.All(v.r, `WHERE worker_id = $1 AND id > $2 ORDER BY id LIMIT $3`, w.ID, from, int64(limit))
		for _, c := range rows {
			list = append(list, &WorkerChannelView{v.Space, *c, w.SID})
		}
		return err
	})
	return list, err
}

// UpdateWorkerChannel sets how much of a task channel a worker takes (0: nothing new) and whether it takes any; nil leaves a value. What the
// worker holds already stays.
func (tr *TaskRouter) UpdateWorkerChannel(ctx context.Context, accountSID, workspaceSID, workerSID, ref string, capacity *int64, available *bool) (cv *WorkerChannelView, err error) {
	err = tr.update(ctx, accountSID, workspaceSID, func(u *unit) error {
		w, err := u.worker(workerSID)
		if err != nil {
			return err
		}
		c, err := u.workerChannel(w, ref, " FOR UPDATE")
		if err != nil {
			return err
		}
		if err := u.setCapacity(w, c, capacity, available); err != nil {
			return err
		}
		cv = &WorkerChannelView{u.Space, *c, w.SID}
		return nil
	})
	return cv, err
}

func (u *unit) setCapacity(w *Worker, c *WorkerChannel, capacity *int64, available *bool) error {
	before := *c
	setIf(&c.Capacity, capacity)
	setIf(&c.Available, available)
	if c.Capacity < 0 {
		return invalid("Capacity must not be negative")
	}
	if *c == before {
		return nil
	}
	c.UpdatedAt = u.tx.Now()
	if err := workerChannels.Update(u.tx, c); err != nil {
		return err
	}
	if c.Capacity != before.Capacity {
		previous := map[string]string{"worker_channel_previous_capacity": strconv.FormatInt(before.Percentage(), 10)}
		if err := u.record(note{Type: "worker.capacity.update", Worker: w, Slot: c, Extra: previous}); err != nil {
			return err
		}
	}
	if c.Available != before.Available {
		if err := u.record(note{Type: "worker.channel.availability.update", Worker: w, Slot: c}); err != nil {
			return err
		}
	}
	return u.changed(changeWorker, w.ID)
}
