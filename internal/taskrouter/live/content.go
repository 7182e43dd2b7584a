package live

import (
	"encoding/json"
	"strconv"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live/query"
)

// The indexes (flex-ui-protocol §5.7).
const (
	Workers      = "tr-worker"
	Reservations = "tr-reservation" // the open ones, and those that a query names
	Queues       = "tr-queue"
)

// snapshot is a moment of the store.
type snapshot struct {
	r     *store.Reader
	tr    *taskrouter.TaskRouter
	space *taskrouter.Space
}

// content is how the things of an index are read.
type content struct {
	// matches calls fn for what matches the query of a set.
	matches func(v *snapshot, s *set, fn func(*row)) error
	// changed reads what was noted, as far as sets may show it.
	changed func(v *snapshot, x *index, n *noted) (*found, error)
}

var contents = map[string]content{
	Workers:      {matchingWorkers, changedWorkers},
	Reservations: {matchingReservations, changedReservations},
	Queues:       {matchingQueues, changedQueues},
}

// named are the values of a member that a set asks for.
func (s *set) named(field string) (values []string) {
	for _, p := range s.pins {
		if p.Field == field {
			values = append(values, p.Value)
		}
	}
	return values
}

// reservationIDs are the numbers of reservations; what is no SID of one is nobody's.
func (v *snapshot) reservationIDs(sids []string) (ids []int64) {
	for _, sid := range sids {
		if id, ok := v.tr.ReservationID(sid); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

func matchingWorkers(v *snapshot, s *set, fn func(*row)) error {
	of := taskrouter.Staff{All: true}
	if s.bound {
		of = taskrouter.Staff{SIDs: s.named("worker_sid")}
	}
	list, err := v.tr.ViewWorkers(v.r, v.space, of, maxRead)
	for _, w := range list {
		if r := v.worker(w); s.query.Match(r.data) {
			fn(r)
		}
	}
	return err
}

// maxRead bounds what one read of a workspace takes.
const maxRead = 50_000

func changedWorkers(v *snapshot, x *index, n *noted) (*found, error) {
	f := &found{asked: n.Workers}
	of := taskrouter.Staff{IDs: n.Workers}
	if n.All && len(x.free) > 0 {
		of.All = true
	} else if n.All {
		of.SIDs = x.values("worker_sid")
	}
	list, err := v.tr.ViewWorkers(v.r, v.space, of, maxRead)
	for _, w := range list {
		f.add(v.worker(w), query.Pin{Field: "worker_sid", Value: w.SID})
	}
	return f, err
}

func (v *snapshot) worker(w *taskrouter.Worker) *row {
	j := struct {
		SID             string          `json:"worker_sid"`
		Name            string          `json:"friendly_name"`
		Activity        string          `json:"activity_name"`
		Attributes      json.RawMessage `json:"attributes"`
		Updated         string          `json:"date_updated"`
		ActivityChanged string          `json:"date_activity_changed"`
		Workspace       string          `json:"workspace_sid"`
	}{SID: w.SID, Name: w.FriendlyName, Attributes: object(w.Attributes), Updated: core.ISO(w.UpdatedAt), ActivityChanged: core.ISO(w.StatusChangedAt),
		Workspace: v.space.Workspace.SID}
	if a := v.space.Activity(w.ActivityID); a != nil {
		j.Activity = a.FriendlyName
	}
	return newRow(w.ID, w.SID, j)
}

func matchingReservations(v *snapshot, s *set, fn func(*row)) error {
	of := taskrouter.Work{All: true}
	if s.bound {
		of = taskrouter.Work{WorkerSIDs: s.named("worker_sid"), IDs: v.reservationIDs(s.named("reservation_sid"))}
	}
	list, err := v.tr.ViewReservations(v.r, v.space, of, maxRead)
	for _, rv := range list {
		if r := v.reservation(rv); s.query.Match(r.data) {
			fn(r)
		}
	}
	return err
}

func changedReservations(v *snapshot, x *index, n *noted) (*found, error) {
	of := taskrouter.Work{IDs: n.Reservations, TaskIDs: n.Tasks}
	if n.All {
		of.All = len(x.free) > 0
		of.WorkerSIDs = x.values("worker_sid")
		of.IDs = append(of.IDs, v.reservationIDs(x.values("reservation_sid"))...)
	}
	f := &found{asked: n.Reservations}
	list, err := v.tr.ViewReservations(v.r, v.space, of, maxRead)
	for _, rv := range list {
		f.add(v.reservation(rv), query.Pin{Field: "worker_sid", Value: rv.WorkerSID}, query.Pin{Field: "reservation_sid", Value: v.tr.ReservationSID(rv.ID)})
	}
	return f, err
}

func (v *snapshot) reservation(rv *taskrouter.ReservationView) *row {
	type shown struct {
		SID           string          `json:"reservation_sid"`
		TaskSID       string          `json:"task_sid"`
		Worker        string          `json:"worker_sid"`
		Status        string          `json:"status"`
		TaskStatus    *string         `json:"task_status"`
		Attributes    json.RawMessage `json:"attributes"`
		Priority      int64           `json:"task_priority"`
		Queue         *string         `json:"queue_name"`
		Channel       *string         `json:"task_channel_unique_name"`
		RoutingTarget *string         `json:"task_routing_target"`
		Workspace     string          `json:"workspace_sid"`
		Created       string          `json:"date_created"`
		Updated       string          `json:"date_updated"`
	}
	j := shown{SID: v.tr.ReservationSID(rv.ID), TaskSID: v.tr.TaskSID(rv.TaskID), Worker: rv.WorkerSID, Status: rv.Status, Attributes: object(""),
		Workspace: v.space.Workspace.SID, Created: core.ISO(rv.CreatedAt), Updated: core.ISO(rv.UpdatedAt)}
	queueID, age := rv.QueueID, int64(0)
	if t := rv.Task; t != nil {
		j.TaskStatus, j.Attributes, j.Priority = &t.Status, object(t.Attributes), t.Priority
		queueID, age = t.QueueID, (v.r.Now()-t.CreatedAt)/1e6
		if t.RoutingTarget != "" {
			j.RoutingTarget = &t.RoutingTarget
		}
	}
	if q := v.space.Queue(queueID); q != nil {
		j.Queue = &q.FriendlyName
	}
	if c := v.space.Channel(rv.TaskChannelID); c != nil {
		j.Channel = &c.UniqueName
	}
	r := newRow(rv.ID, j.SID, j)
	r.ended = !rv.Open()
	r.stable = len(r.data) - 1 // the age follows
	r.data = append(strconv.AppendInt(append(r.data[:r.stable], `,"task_age":`...), age, 10), '}')
	return r
}

func matchingQueues(v *snapshot, s *set, fn func(*row)) error {
	for _, q := range v.space.Queues {
		if r := v.queue(q); s.query.Match(r.data) {
			fn(r)
		}
	}
	return nil
}

// changedQueues reads queues with what is configured, so there is nothing to read for less.
func changedQueues(v *snapshot, _ *index, n *noted) (*found, error) {
	f := &found{}
	if n.All {
		for _, q := range v.space.Queues {
			f.add(v.queue(q), query.Pin{Field: "queue_sid", Value: q.SID})
		}
	}
	return f, nil
}

func (v *snapshot) queue(q *taskrouter.TaskQueue) *row {
	return newRow(q.ID, q.SID, struct {
		SID       string `json:"queue_sid"`
		Name      string `json:"queue_name"`
		Workspace string `json:"workspace_sid"`
		Updated   string `json:"date_updated"`
	}{q.SID, q.FriendlyName, v.space.Workspace.SID, core.ISO(q.UpdatedAt)})
}

func newRow(id int64, key string, shown any) *row {
	data, err := json.Marshal(shown)
	if err != nil { // attributes were checked when they were set
		data = []byte(`{}`)
	}
	return &row{id: id, key: key, data: data, stable: len(data)}
}

// object is the text of attributes, which is an object or nothing.
func object(attributes string) json.RawMessage {
	if attributes == "" {
		return json.RawMessage(`{}`)
	}
	return json.RawMessage(attributes)
}
