package bridge

import (
	"time"

	"parley/internal/taskrouter"
)

// The representations of flex-ui-protocol §3.4: every key is there, null where there is no value, but for the transfers of a
// reservation, which clients take for transfers even when they are null. Dates are epoch seconds.

type workerJSON struct {
	AccountSID        string `json:"account_sid"`
	ActivityName      string `json:"activity_name"`
	ActivitySID       string `json:"activity_sid"`
	Attributes        string `json:"attributes"`
	Available         bool   `json:"available"`
	DateCreated       int64  `json:"date_created"`
	DateStatusChanged int64  `json:"date_status_changed"`
	DateUpdated       int64  `json:"date_updated"`
	FriendlyName      string `json:"friendly_name"`
	SID               string `json:"sid"`
	WorkspaceSID      string `json:"workspace_sid"`
	Version           int64  `json:"version"`
}

func showWorker(v *taskrouter.WorkerView) workerJSON {
	j := workerJSON{
		AccountSID: v.Space.Workspace.AccountSID, Attributes: v.Attributes, DateCreated: seconds(v.CreatedAt), DateStatusChanged: seconds(v.StatusChangedAt),
		DateUpdated: seconds(v.UpdatedAt), FriendlyName: v.FriendlyName, SID: v.SID, WorkspaceSID: v.Space.Workspace.SID, Version: v.Version,
	}
	if a := v.Space.Activity(v.ActivityID); a != nil {
		j.ActivitySID, j.ActivityName, j.Available = a.SID, a.FriendlyName, a.Available
	}
	return j
}

type activityJSON struct {
	AccountSID   string `json:"account_sid"`
	Available    bool   `json:"available"`
	DateCreated  int64  `json:"date_created"`
	DateUpdated  int64  `json:"date_updated"`
	FriendlyName string `json:"friendly_name"`
	SID          string `json:"sid"`
	WorkspaceSID string `json:"workspace_sid"`
}

func showActivity(s *taskrouter.Space, a *taskrouter.Activity) activityJSON {
	return activityJSON{s.Workspace.AccountSID, a.Available, seconds(a.CreatedAt), seconds(a.UpdatedAt), a.FriendlyName, a.SID, s.Workspace.SID}
}

type workerChannelJSON struct {
	AccountSID            string  `json:"account_sid"`
	AssignedTasks         int64   `json:"assigned_tasks"`
	Available             bool    `json:"available"`
	Percentage            int64   `json:"available_capacity_percentage"`
	Capacity              int64   `json:"configured_capacity"`
	DateCreated           int64   `json:"date_created"`
	DateUpdated           int64   `json:"date_updated"`
	LastReservedTime      int64   `json:"last_reserved_time"` // milliseconds
	SID                   string  `json:"sid"`
	TaskChannelSID        *string `json:"task_channel_sid"`
	TaskChannelUniqueName *string `json:"task_channel_unique_name"`
	WorkerSID             string  `json:"worker_sid"`
	WorkspaceSID          string  `json:"workspace_sid"`
}

func (b *Bridge) showWorkerChannel(v *taskrouter.WorkerChannelView) workerChannelJSON {
	j := workerChannelJSON{
		AccountSID: v.Space.Workspace.AccountSID, AssignedTasks: v.Held, Available: v.Available, Percentage: v.Percentage(), Capacity: v.Capacity,
		DateCreated: seconds(v.CreatedAt), DateUpdated: seconds(v.UpdatedAt), LastReservedTime: v.AssignedAt / 1e3, SID: b.tr.WorkerChannelSID(v.ID),
		WorkerSID: v.WorkerSID, WorkspaceSID: v.Space.Workspace.SID,
	}
	if c := v.Space.Channel(v.TaskChannelID); c != nil {
		j.TaskChannelSID, j.TaskChannelUniqueName = &c.SID, &c.UniqueName
	}
	return j
}

type taskJSON struct {
	Addons                string  `json:"addons"`
	Age                   int64   `json:"age"`
	Attributes            string  `json:"attributes"`
	DateCreated           int64   `json:"date_created"`
	DateUpdated           int64   `json:"date_updated"`
	Priority              int64   `json:"priority"`
	QueueName             *string `json:"queue_name"`
	QueueSID              *string `json:"queue_sid"`
	Reason                *string `json:"reason"`
	RoutingTarget         *string `json:"routing_target"`
	SID                   string  `json:"sid"`
	AssignmentStatus      string  `json:"assignment_status"`
	TaskChannelUniqueName *string `json:"task_channel_unique_name"`
	TaskChannelSID        *string `json:"task_channel_sid"`
	Timeout               int64   `json:"timeout"`
	WorkflowName          *string `json:"workflow_name"`
	WorkflowSID           *string `json:"workflow_sid"`
	Version               int64   `json:"version"`
	VirtualStartTime      int64   `json:"virtual_start_time"`
}

func (b *Bridge) showTask(s *taskrouter.Space, t *taskrouter.Task) *taskJSON {
	j := &taskJSON{
		Addons: "{}", Age: b.tr.Age(t), Attributes: t.Attributes, DateCreated: seconds(t.CreatedAt), DateUpdated: seconds(t.UpdatedAt),
		Priority: t.Priority, Reason: orNull(t.Reason), RoutingTarget: orNull(t.RoutingTarget), SID: b.tr.TaskSID(t.ID), AssignmentStatus: t.Status,
		Timeout: t.Timeout, Version: t.Version, VirtualStartTime: seconds(t.VirtualStart),
	}
	if q := s.Queue(t.QueueID); q != nil {
		j.QueueSID, j.QueueName = &q.SID, &q.FriendlyName
	}
	if w := s.Workflow(t.WorkflowID); w != nil {
		j.WorkflowSID, j.WorkflowName = &w.SID, &w.FriendlyName
	}
	if c := s.Channel(t.TaskChannelID); c != nil {
		j.TaskChannelSID, j.TaskChannelUniqueName = &c.SID, &c.UniqueName
	}
	return j
}

type reservationJSON struct {
	AccountSID         string        `json:"account_sid"`
	DateCreated        int64         `json:"date_created"`
	DateUpdated        int64         `json:"date_updated"`
	ReservationStatus  string        `json:"reservation_status"`
	SID                string        `json:"sid"`
	Task               *taskJSON     `json:"task,omitempty"`
	ReservationTimeout int64         `json:"reservation_timeout"`
	WorkerSID          string        `json:"worker_sid"`
	WorkspaceSID       string        `json:"workspace_sid"`
	Version            int64         `json:"version"`
	CanceledReasonCode int64         `json:"canceled_reason_code,omitempty"`
	Incoming           *transferJSON `json:"task_transfer,omitempty"`
	Outgoing           *transferJSON `json:"active_outgoing_task_transfer,omitempty"`
}

func (b *Bridge) showReservation(v *taskrouter.ReservationView) reservationJSON {
	j := reservationJSON{
		AccountSID: v.Space.Workspace.AccountSID, DateCreated: seconds(v.CreatedAt), DateUpdated: seconds(v.UpdatedAt), ReservationStatus: v.Status,
		SID: b.tr.ReservationSID(v.ID), ReservationTimeout: v.Timeout, WorkerSID: v.WorkerSID, WorkspaceSID: v.Space.Workspace.SID, Version: v.Version,
		CanceledReasonCode: v.ReasonCode,
	}
	if v.Task != nil {
		j.Task = b.showTask(v.Space, v.Task)
	}
	if v.Incoming != nil {
		j.Incoming = b.showTransfer(v.Space, v.Incoming, v.IncomingWorkerSID)
	}
	if v.Outgoing != nil {
		j.Outgoing = b.showTransfer(v.Space, v.Outgoing, v.WorkerSID)
	}
	return j
}

type transferJSON struct {
	DateCreated    int64   `json:"date_created"`
	DateUpdated    int64   `json:"date_updated"`
	ReservationSID string  `json:"initiating_reservation_sid"`
	WorkerSID      *string `json:"initiating_worker_sid"`
	QueueSID       *string `json:"initiating_queue_sid"`
	WorkflowSID    *string `json:"initiating_workflow_sid"`
	SID            string  `json:"sid"`
	Mode           string  `json:"transfer_mode"`
	To             string  `json:"transfer_to"`
	Type           string  `json:"transfer_type"`
	Status         string  `json:"transfer_status"`
	FailedReason   *string `json:"transfer_failed_reason"`
	TaskSID        string  `json:"task_sid"`
}

func (b *Bridge) showTransfer(s *taskrouter.Space, t *taskrouter.Transfer, workerSID string) *transferJSON {
	j := &transferJSON{
		DateCreated: seconds(t.CreatedAt), DateUpdated: seconds(t.UpdatedAt), ReservationSID: b.tr.ReservationSID(t.ReservationID), WorkerSID: orNull(workerSID),
		SID: b.tr.TransferSID(t.ID), Mode: t.Mode, To: t.Target, Type: t.Type, Status: t.Status, FailedReason: orNull(t.FailedReason), TaskSID: b.tr.TaskSID(t.TaskID),
	}
	if q := s.Queue(t.QueueID); q != nil {
		j.QueueSID = &q.SID
	}
	if w := s.Workflow(t.WorkflowID); w != nil {
		j.WorkflowSID = &w.SID
	}
	return j
}

type queueJSON struct {
	FriendlyName            string  `json:"friendly_name"`
	ReservationActivityName *string `json:"reservation_activity_name"`
	AssignmentActivityName  *string `json:"assignment_activity_name"`
	TargetWorkers           string  `json:"target_workers"`
	MaxReservedWorkers      int64   `json:"max_reserved_workers"`
	TaskOrder               string  `json:"task_order"`
	ReservationActivitySID  *string `json:"reservation_activity_sid"`
	AssignmentActivitySID   *string `json:"assignment_activity_sid"`
	WorkspaceSID            string  `json:"workspace_sid"`
	AccountSID              string  `json:"account_sid"`
	SID                     string  `json:"sid"`
	DateCreated             int64   `json:"date_created"`
	DateUpdated             int64   `json:"date_updated"`
	LIFOQueue               bool    `json:"lifo_queue"`
}

func showQueue(s *taskrouter.Space, q *taskrouter.TaskQueue) queueJSON {
	j := queueJSON{
		FriendlyName: q.FriendlyName, TargetWorkers: q.TargetWorkers, MaxReservedWorkers: q.MaxReserved, TaskOrder: q.TaskOrder,
		WorkspaceSID: s.Workspace.SID, AccountSID: s.Workspace.AccountSID, SID: q.SID, DateCreated: seconds(q.CreatedAt), DateUpdated: seconds(q.UpdatedAt),
		LIFOQueue: q.TaskOrder == taskrouter.LIFO,
	}
	if a := s.Activity(q.ReservationActivityID); a != nil {
		j.ReservationActivitySID, j.ReservationActivityName = &a.SID, &a.FriendlyName
	}
	if a := s.Activity(q.AssignmentActivityID); a != nil {
		j.AssignmentActivitySID, j.AssignmentActivityName = &a.SID, &a.FriendlyName
	}
	return j
}

func seconds(us int64) int64 { return us / int64(time.Second/time.Microsecond) }

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
