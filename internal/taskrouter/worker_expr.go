package taskrouter

import (
	"encoding/json"
	"slices"

	"parley/internal/store"
	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/match"
)

// workerObject is a worker as queues and filters read it: its attributes without a prefix, the pseudo attributes, the load of its channels, and
// the same again behind "worker." (taskrouter-studio A.5).
type workerObject struct {
	space *Space
	*Worker
	slots      []*WorkerChannel
	attributes map[string]any
	decoded    bool // attributes is what Attributes say; many expressions ask for none
}

// Get returns a member, nil where there is none.
func (o *workerObject) Get(name string) any {
	switch name {
	case "sid":
		return o.SID
	case "friendly_name":
		return o.FriendlyName
	case "activity_sid":
		if a := o.space.Activity(o.ActivityID); a != nil {
			return a.SID
		}
		return nil
	case "activity_name":
		if a := o.space.Activity(o.ActivityID); a != nil {
			return a.FriendlyName
		}
		return nil
	case "channel":
		switch own := o.attribute(name).(type) {
		case nil, map[string]any:
			return slotsObject{o}
		default:
			return own // as the matcher sees it
		}
	case "worker":
		return o
	}
	return o.attribute(name)
}

func (o *workerObject) attribute(name string) any {
	if !o.decoded {
		o.decoded = true
		_ = json.Unmarshal([]byte(o.Attributes), &o.attributes) // what is stored was checked; what is no object has no members
	}
	return o.attributes[name]
}

// slotsObject finds a worker's channels by unique name.
type slotsObject struct{ of *workerObject }

// Get returns the load of a channel, nil where the worker has none of that name.
func (o slotsObject) Get(name string) any {
	for _, s := range o.of.slots {
		if c := o.of.space.Channel(s.TaskChannelID); c != nil && c.UniqueName == name {
			return slotObject{s}
		}
	}
	return nil
}

type slotObject struct{ *WorkerChannel }

// Get returns what may be asked of a channel (taskrouter-studio A.5).
func (o slotObject) Get(name string) any {
	switch name {
	case "configured_capacity":
		return o.Capacity
	case "assigned_tasks":
		return o.Assigned
	case "available_capacity_percentage":
		return o.Percentage()
	}
	return nil
}

// objects makes workers readable for expressions, with the load of their channels where one of the expressions asks for it. Give it at most
// workerBatch of them. nil among the expressions is one that cannot be parsed.
func (v *view) objects(list []*Worker, exprs ...*expr.Expr) ([]*workerObject, error) {
	objects := make([]*workerObject, len(list))
	byID := make(map[int64]*workerObject, len(list))
	for i, w := range list {
		objects[i] = &workerObject{space: v.Space, Worker: w}
		byID[w.ID] = objects[i]
	}
	if len(list) == 0 || !slices.ContainsFunc(exprs, func(e *expr.Expr) bool { return e != nil && match.ReadsLoad(e) }) {
		return objects, nil
	}
	ids := make([]int64, len(list))
	for i, w := range list {
		ids[i] = w.ID
	}
	in, args := store.In(nil, ids)
	slots, err := workerChannels.All(v.r, `WHERE worker_id IN `+in, args...)
	for _, s := range slots {
		o := byID[s.WorkerID]
		o.slots = append(o.slots, s)
	}
	return objects, err
}

// matches reports whether every expression is true of a worker.
func (o *workerObject) matches(exprs []*expr.Expr) bool {
	for _, e := range exprs {
		if e == nil || !e.Eval(o) {
			return false
		}
	}
	return true
}
