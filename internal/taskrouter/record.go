package taskrouter

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// note is an event to be recorded: what happened, and to whom. What an event's type does not need is nil.
type note struct {
	Type        string // "task.created", …, see taskrouter-studio A.11
	Task        *Task
	Reservation *Reservation
	Worker      *Worker
	Slot        *WorkerChannel // of Worker
	Transfer    *Transfer
	Queue       *TaskQueue // where it is not the task's
	Workflow    *Workflow  // where it is not the task's
	Channel     *TaskChannel
	Activity    *Activity

	Wait, WaitInQueue int64             // microseconds, where the event ends a wait
	Extra             map[string]string // further fields, in snake case
}

// record writes an event into the history, enqueues its callback if the workspace wants it, and tells the workers whom it concerns.
// It counts the task's events, so save the task afterwards.
func (u *unit) record(n note) error {
	e := &Event{ID: u.tx.NextID(), WorkspaceID: u.Workspace.ID, Type: n.Type, At: u.tx.Now(), Wait: n.Wait, WaitInQueue: n.WaitInQueue}
	lane, seq := "c", u.Workspace.Rev // lockConfig has raised it
	if n.Channel != nil {
		e.TaskChannelID = n.Channel.ID
	}
	if n.Activity != nil {
		e.ActivityID, e.ResourceType, e.ResourceSID = n.Activity.ID, "activity", n.Activity.SID
	} else if n.Channel != nil {
		e.ResourceType, e.ResourceSID = "task-channel", n.Channel.SID
	}
	if n.Queue != nil {
		e.QueueID, e.ResourceType, e.ResourceSID = n.Queue.ID, "task-queue", n.Queue.SID
	}
	if n.Workflow != nil {
		e.WorkflowID, e.ResourceType, e.ResourceSID = n.Workflow.ID, "workflow", n.Workflow.SID
	}
	if n.Worker != nil {
		e.WorkerID, e.ActivityID, e.ResourceType, e.ResourceSID = n.Worker.ID, n.Worker.ActivityID, "worker", n.Worker.SID
	}
	if n.Slot != nil {
		e.TaskChannelID = n.Slot.TaskChannelID
	}
	if n.Task != nil {
		n.Task.Events++
		e.TaskID, e.TaskChannelID, e.WorkflowID = n.Task.ID, n.Task.TaskChannelID, n.Task.WorkflowID
		if n.Queue == nil {
			e.QueueID = n.Task.QueueID
		}
		e.ResourceType, e.ResourceSID = "task", u.tr.TaskSID(n.Task.ID)
		lane, seq = "t"+strconv.FormatInt(n.Task.ID, 10), n.Task.Events
	}
	if n.Reservation != nil {
		e.ReservationID, e.WorkerID = n.Reservation.ID, n.Reservation.WorkerID
		e.ResourceType, e.ResourceSID = "reservation", u.tr.ReservationSID(n.Reservation.ID)
	}
	if e.ResourceType == "" {
		e.ResourceType, e.ResourceSID = "workspace", u.Workspace.SID
	}
	data := u.fields(n)
	e.Data = objectOfTexts(data)
	if err := events.Append(u.tx, e); err != nil {
		return err
	}
	u.tx.Emit(e)
	feed, err := u.tell(n)
	if err != nil {
		return err
	}
	if n.Task == nil && n.Worker != nil {
		lane, seq = "w"+strconv.FormatInt(n.Worker.ID, 10), feed
	}
	if n.Task != nil && u.tr.onTask != nil {
		if err := u.tr.onTask(u.tx, u.Space, n.Type, n.Task); err != nil {
			return err
		}
	}
	return u.callback(e, data, lane, seq)
}

// objectOfTexts writes JSON. Events are the most of what TaskRouter writes, hence not by reflection.
func objectOfTexts(m map[string]string) string {
	b := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ':')
		b = appendText(b, m[name])
	}
	return string(append(b, '}'))
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if c < ' ' {
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			b = append(b, '\\', c)
		}
	}
	return append(append(b, s[from:]...), '"')
}

// callback enqueues the event's post. The order is kept among the events of a task, of a worker, and of what is configured: one
// order for a whole workspace would let one slow answer hold up everything.
func (u *unit) callback(e *Event, data map[string]string, lane string, seq int64) error {
	ws := u.Workspace
	if u.tr.opt.Outbox == nil || ws.EventCallbackURL == "" || !wantsEvent(ws.EventsFilter, e.Type) {
		return nil
	}
	params := map[string]string{
		"Sid": u.tr.EventSID(e.ID), "EventType": e.Type, "EventDescription": describeEvent(e), "AccountSid": ws.AccountSID,
		"ResourceType": e.ResourceType, "ResourceSid": e.ResourceSID,
		"Timestamp": strconv.FormatInt(e.At/1e6, 10), "TimestampMs": strconv.FormatInt(e.At/1e3, 10),
	}
	for k, v := range data {
		params[callbackName(k)] = v
	}
	return u.tr.opt.Outbox.Enqueue(u.tx, Delivery{AccountSID: ws.AccountSID, URL: ws.EventCallbackURL, Params: params,
		Lane: "tr:" + strconv.FormatInt(ws.ID, 10) + ":" + lane, LaneSeq: seq})
}

func wantsEvent(filter, event string) bool {
	return filter == "" || slices.Contains(strings.FieldsFunc(filter, func(r rune) bool { return r == ',' || r == ' ' }), event)
}

// describeEvent says in words what a type says: "task-queue.entered" is "Task Queue entered".
func describeEvent(e *Event) string {
	subject, verb, _ := strings.Cut(e.Type, ".")
	words := strings.Split(subject, "-")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ") + " " + e.ResourceSID + " " + strings.ReplaceAll(strings.ReplaceAll(verb, "-", " "), ".", " ")
}

// callbackName turns a field's name in the history into that in a callback: "task_channel_unique_name" is "TaskChannelUniqueName".
func callbackName(field string) string {
	words := strings.Split(field, "_")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// fields are the event's own data (taskrouter-studio A.11); all values are texts (A.12).
func (u *unit) fields(n note) map[string]string {
	f := map[string]string{"workspace_sid": u.Workspace.SID, "workspace_name": u.Workspace.FriendlyName}
	if n.Task != nil {
		u.taskFields(f, n.Task)
	}
	if n.Queue != nil {
		f["task_queue_sid"], f["task_queue_name"], f["task_queue_target_expression"] = n.Queue.SID, n.Queue.FriendlyName, n.Queue.TargetWorkers
	}
	if n.Workflow != nil {
		f["workflow_sid"], f["workflow_name"] = n.Workflow.SID, n.Workflow.FriendlyName
	}
	if n.Channel != nil {
		channelFields(f, n.Channel)
	}
	if n.Activity != nil {
		f["activity_sid"], f["activity_name"], f["activity_available"] = n.Activity.SID, n.Activity.FriendlyName, strconv.FormatBool(n.Activity.Available)
	}
	if n.Worker != nil {
		u.workerFields(f, n.Worker)
	}
	if s := n.Slot; s != nil {
		if c := u.Channel(s.TaskChannelID); c != nil {
			f["task_channel_sid"], f["task_channel_unique_name"] = c.SID, c.UniqueName
		}
		f["worker_channel_available"] = strconv.FormatBool(s.Available)
		f["worker_channel_available_capacity"] = strconv.FormatInt(s.Percentage(), 10)
		f["worker_channel_task_count"] = strconv.FormatInt(s.Held, 10)
	}
	if r := n.Reservation; r != nil {
		f["reservation_sid"], f["reservation_version"] = u.tr.ReservationSID(r.ID), strconv.FormatInt(r.Version, 10)
		if r.ReasonCode != 0 {
			f["reservation_reason_code"] = strconv.FormatInt(r.ReasonCode, 10)
		}
	}
	if t := n.Transfer; t != nil {
		f["task_transfer_sid"], f["transfer_mode"], f["transfer_to"], f["transfer_type"] = u.tr.TransferSID(t.ID), t.Mode, t.Target, t.Type
		f["transfer_status"], f["transfer_started"] = t.Status, core.ISO(t.CreatedAt)
		f["transfer_initiating_reservation_sid"] = u.tr.ReservationSID(t.ReservationID)
		if t.FailedReason != "" {
			f["transfer_failed_reason"] = t.FailedReason
		}
	}
	maps.Copy(f, n.Extra)
	return f
}

func (u *unit) taskFields(f map[string]string, t *Task) {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	f["task_sid"], f["task_attributes"], f["task_priority"] = u.tr.TaskSID(t.ID), t.Attributes, number(t.Priority)
	f["task_age"], f["task_assignment_status"], f["task_version"] = number((u.tx.Now()-t.CreatedAt)/1e6), t.Status, number(t.Version)
	f["task_date_created"] = number(t.CreatedAt / 1e6)
	switch t.Status {
	case TaskCanceled:
		f["task_canceled_reason"] = t.Reason
	case TaskWrapping, TaskCompleted:
		f["task_completed_reason"] = t.Reason
	}
	if t.RoutingTarget != "" {
		f["task_routing_target"] = t.RoutingTarget
	}
	if c := u.Channel(t.TaskChannelID); c != nil {
		channelFields(f, c)
	}
	if q := u.Queue(t.QueueID); q != nil {
		f["task_queue_sid"], f["task_queue_name"], f["task_queue_target_expression"] = q.SID, q.FriendlyName, q.TargetWorkers
		f["task_queue_entered_date"], f["task_age_in_queue"] = number(t.QueueEnteredAt/1e6), number((u.tx.Now()-t.QueueEnteredAt)/1e6)
	}
	if w := u.Workflow(t.WorkflowID); w != nil {
		f["workflow_sid"], f["workflow_name"] = w.SID, w.FriendlyName
	}
}

func channelFields(f map[string]string, c *TaskChannel) {
	f["task_channel_sid"], f["task_channel_name"], f["task_channel_unique_name"] = c.SID, c.FriendlyName, c.UniqueName
	f["task_channel_optimized_routing"] = strconv.FormatBool(c.Optimized)
}

func (u *unit) workerFields(f map[string]string, w *Worker) {
	f["worker_sid"], f["worker_name"], f["worker_attributes"], f["worker_version"] = w.SID, w.FriendlyName, w.Attributes, strconv.FormatInt(w.Version, 10)
	if a := u.Activity(w.ActivityID); a != nil {
		f["worker_activity_sid"], f["worker_activity_name"] = a.SID, a.FriendlyName
	}
}

// tell hands the event to the sockets of those whom it concerns: the reservation's worker; of a task or a transfer everybody who holds the
// task; of a worker the worker. Events of what is configured concern nobody. It returns the number of the worker's event, 0 for none.
func (u *unit) tell(n note) (feed int64, err error) {
	switch {
	case n.Reservation != nil:
		v, err := u.reservationView(n)
		if err != nil {
			return 0, err
		}
		return u.signal(Signal{WorkerID: n.Reservation.WorkerID, Type: n.Type, Reservation: v})
	case n.Transfer != nil:
		w, err := u.workerByID(n.Transfer.WorkerID)
		if err != nil {
			return 0, err
		}
		return 0, u.tellHolders(n.Task.ID, Signal{Type: n.Type, Transfer: &TransferView{u.Space, *n.Transfer, w.SID}})
	case n.Task != nil:
		if n.Task.Status == TaskPending || !slices.Contains([]string{"task.updated", "task.canceled", "task.completed", "task.wrapup"}, n.Type) {
			return 0, nil // nobody holds a pending task, and no client knows other events of tasks
		}
		return 0, u.tellHolders(n.Task.ID, Signal{Type: n.Type, Task: &TaskView{u.Space, *n.Task}})
	case n.Worker != nil && n.Slot != nil:
		return u.signal(Signal{WorkerID: n.Worker.ID, Type: n.Type, WorkerChannel: &WorkerChannelView{u.Space, *n.Slot, n.Worker.SID}})
	case n.Worker != nil:
		return u.signal(Signal{WorkerID: n.Worker.ID, Type: n.Type, Worker: &WorkerView{u.Space, *n.Worker}})
	}
	return 0, nil
}

func (u *unit) tellHolders(taskID int64, s Signal) error {
	var holders []int64
	err := u.r.Query(`SELECT DISTINCT worker_id FROM tr_reservation WHERE task_id = $1 AND status IN ('pending', 'accepted', 'wrapping') ORDER BY worker_id`,
		[]any{taskID}, func(scan func(...any) error) error {
			holders = append(holders, 0)
			return scan(&holders[len(holders)-1])
		})
	if err != nil {
		return err
	}
	for _, s.WorkerID = range holders {
		if _, err := u.signal(s); err != nil {
			return err
		}
	}
	return nil
}

// signal numbers an event for its worker and hands it out after the commit.
func (u *unit) signal(s Signal) (int64, error) {
	err := u.tx.One(`UPDATE tr_worker_seq SET feed = feed + 1 WHERE worker_id = $1 RETURNING feed`, []any{s.WorkerID}, &s.Seq)
	if err != nil {
		return 0, err
	}
	u.tx.Emit(s)
	return s.Seq, nil
}

// reservationView completes a reservation for those who are told of it.
func (u *unit) reservationView(n note) (*ReservationView, error) {
	v := &ReservationView{Space: u.Space, Reservation: *n.Reservation}
	w := n.Worker
	if w == nil || w.ID != n.Reservation.WorkerID {
		var err error
		if w, err = u.workerByID(n.Reservation.WorkerID); err != nil {
			return nil, err
		}
	}
	v.WorkerSID, v.WorkerName = w.SID, w.FriendlyName
	if n.Task != nil {
		t := *n.Task
		v.Task = &t
	}
	return v, u.addTransfers(v)
}

// addTransfers sets the transfers of a reservation that is under way.
func (v *view) addTransfers(rv *ReservationView) (err error) {
	if rv.TransferID != 0 {
		if rv.Incoming, err = transfers.One(v.r, `WHERE id = $1`, rv.TransferID); err != nil {
			return err
		}
		from, err := v.workerByID(rv.Incoming.WorkerID)
		if err != nil && !errors.Is(err, store.ErrNoRow) {
			return err
		}
		if err == nil {
			rv.IncomingWorkerSID = from.SID
		}
	}
	if rv.Task == nil || rv.Task.TransferID == 0 || rv.Task.TransferID == rv.TransferID {
		return nil
	}
	t, err := transfers.One(v.r, `WHERE id = $1`, rv.Task.TransferID)
	if err == nil && t.ReservationID == rv.Reservation.ID {
		rv.Outgoing = t
	}
	return err
}
