package live

import (
	"encoding/json"
	"strconv"
	"sync"

	"parley/internal/taskrouter"
)

// noted is what has changed, by number, or that it may be anything.
type noted struct {
	Workers      []int64 `json:"w,omitempty"`
	Tasks        []int64 `json:"t,omitempty"`
	Reservations []int64 `json:"r,omitempty"`
	Some         bool    `json:"s,omitempty"` // something that is configured, if at all
	All          bool    `json:"a,omitempty"`
}

func (n *noted) empty() bool {
	return !n.All && !n.Some && len(n.Workers)+len(n.Tasks)+len(n.Reservations) == 0
}

// maxNoted is how many things are noted one by one; more are read as a whole.
const maxNoted = 1000

// notes gathers what changed until it is read.
type notes struct {
	mu                           sync.Mutex
	workers, tasks, reservations map[int64]bool
	some, all                    bool
}

func (k *notes) add(n *noted) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.some, k.all = k.some || n.Some, k.all || n.All
	for _, p := range []struct {
		into *map[int64]bool
		ids  []int64
	}{{&k.workers, n.Workers}, {&k.tasks, n.Tasks}, {&k.reservations, n.Reservations}} {
		for _, id := range p.ids {
			if *p.into == nil {
				*p.into = map[int64]bool{}
			}
			(*p.into)[id] = true
		}
		k.all = k.all || len(*p.into) > maxNoted
	}
}

// take returns what was noted and begins anew.
func (k *notes) take() *noted {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := &noted{idsOf(k.workers), idsOf(k.tasks), idsOf(k.reservations), k.some, k.all}
	k.workers, k.tasks, k.reservations, k.some, k.all = nil, nil, nil, false, false
	return n
}

func idsOf(set map[int64]bool) (list []int64) {
	for id := range set {
		list = append(list, id)
	}
	return list
}

// committed notes what a transaction did, here and on other nodes.
func (l *Live) committed(changes []any) {
	var by map[int64]*noted
	of := func(workspaceID int64) *noted {
		if by == nil {
			by = map[int64]*noted{}
		}
		if by[workspaceID] == nil {
			by[workspaceID] = &noted{}
		}
		return by[workspaceID]
	}
	for _, c := range changes {
		switch c := c.(type) {
		case taskrouter.Changed:
			of(c.WorkspaceID).Some = true
		case *taskrouter.Event:
			n := of(c.WorkspaceID)
			switch {
			case c.ReservationID != 0:
				n.Reservations, n.Tasks = append(n.Reservations, c.ReservationID), append(n.Tasks, c.TaskID)
			case c.TaskID != 0:
				n.Tasks = append(n.Tasks, c.TaskID)
			case c.WorkerID != 0:
				n.Workers = append(n.Workers, c.WorkerID)
			default:
				n.Some = true
			}
		}
	}
	for id, n := range by {
		l.mu.Lock()
		f := l.floors[id]
		l.mu.Unlock()
		if f != nil {
			f.note(n)
		}
		l.publish(id, n)
	}
}

// subject is the place on the bus where nodes say what they changed in a workspace.
func subject(workspaceID int64) string { return "live." + strconv.FormatInt(workspaceID, 10) }

func (l *Live) publish(workspaceID int64, n *noted) {
	if l.opt.Bus == nil {
		return
	}
	data, err := json.Marshal(n)
	if err == nil {
		err = l.opt.Bus.Publish(subject(workspaceID), data)
	}
	if err != nil { // the others see it with their next check
		l.count.busErrors.Add(1)
	}
}

// heard takes the word of another node.
func (f *floor) heard(data []byte) {
	var n noted
	if json.Unmarshal(data, &n) != nil {
		f.live.count.busErrors.Add(1)
		return
	}
	f.note(&n)
}
