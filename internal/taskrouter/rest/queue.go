package rest

import (
	"net/http"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) queueRoutes(rt *httpapi.Router, list string) {
	rt.Handle(product, "GET "+list, httpapi.AccountOrToken, h.forWorkers(h.listQueues))
	rt.Handle(product, "POST "+list, httpapi.Account, h.createQueue)
	rt.Handle(product, "GET "+list+"/{Sid}", httpapi.Account, h.fetchQueue)
	rt.Handle(product, "POST "+list+"/{Sid}", httpapi.Account, h.updateQueue)
	rt.Handle(product, "DELETE "+list+"/{Sid}", httpapi.Account, h.deleteQueue)
	rt.Handle(product, "GET "+list+"/{Sid}/Warnings", httpapi.Account, h.queueWarnings)
}

// queue is taskrouter.v1.workspace.task_queue.
type queue struct {
	AccountSID              string     `json:"account_sid"`
	AssignmentActivitySID   *string    `json:"assignment_activity_sid"`
	AssignmentActivityName  *string    `json:"assignment_activity_name"`
	DateCreated             string     `json:"date_created"`
	DateUpdated             string     `json:"date_updated"`
	FriendlyName            string     `json:"friendly_name"`
	MaxReservedWorkers      int64      `json:"max_reserved_workers"`
	ReservationActivitySID  *string    `json:"reservation_activity_sid"`
	ReservationActivityName *string    `json:"reservation_activity_name"`
	SID                     string     `json:"sid"`
	TargetWorkers           string     `json:"target_workers"`
	TaskOrder               string     `json:"task_order"`
	URL                     string     `json:"url"`
	WorkspaceSID            string     `json:"workspace_sid"`
	Links                   queueLinks `json:"links"`
}

// queueLinks leave out the activities that the queue does not have: clients read the links as texts.
type queueLinks struct {
	AssignmentActivity     string `json:"assignment_activity,omitempty"`
	ReservationActivity    string `json:"reservation_activity,omitempty"`
	Workspace              string `json:"workspace"`
	Statistics             string `json:"statistics"`
	RealTimeStatistics     string `json:"real_time_statistics"`
	CumulativeStatistics   string `json:"cumulative_statistics"`
	ListStatistics         string `json:"list_statistics"`
	BulkRealTimeStatistics string `json:"bulk_real_time_statistics"`
}

func showQueue(s *taskrouter.Space) func(*httpapi.Request, *taskrouter.TaskQueue) queue {
	return func(r *httpapi.Request, q *taskrouter.TaskQueue) queue {
		ws := s.Workspace
		all := address(r, ws.SID, "TaskQueues")
		own := all + "/" + q.SID
		out := queue{
			AccountSID: ws.AccountSID, DateCreated: core.ISO(q.CreatedAt), DateUpdated: core.ISO(q.UpdatedAt), FriendlyName: q.FriendlyName,
			MaxReservedWorkers: q.MaxReserved, SID: q.SID, TargetWorkers: q.TargetWorkers, TaskOrder: q.TaskOrder, URL: own, WorkspaceSID: ws.SID,
			Links: queueLinks{
				Workspace: address(r, ws.SID), Statistics: own + "/Statistics", RealTimeStatistics: own + "/RealTimeStatistics",
				CumulativeStatistics: own + "/CumulativeStatistics", ListStatistics: all + "/Statistics", BulkRealTimeStatistics: all + "/RealTimeStatistics",
			},
		}
		if a := s.Activity(q.AssignmentActivityID); a != nil {
			out.AssignmentActivitySID, out.AssignmentActivityName = &a.SID, &a.FriendlyName
			out.Links.AssignmentActivity = address(r, ws.SID, "Activities", a.SID)
		}
		if a := s.Activity(q.ReservationActivityID); a != nil {
			out.ReservationActivitySID, out.ReservationActivityName = &a.SID, &a.FriendlyName
			out.Links.ReservationActivity = address(r, ws.SID, "Activities", a.SID)
		}
		return out
	}
}

// answerQueue shows a queue that was written, with the warnings about it.
func (h handlers) answerQueue(r *httpapi.Request, status int, q *taskrouter.TaskQueue) (httpapi.Response, error) {
	s, err := h.space(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return warned(status, showQueue(s)(r, q), q.Warnings())
}

func (h handlers) createQueue(r *httpapi.Request) (httpapi.Response, error) {
	n := taskrouter.NewTaskQueue{
		FriendlyName: r.Required("FriendlyName", fault), TargetWorkers: r.Str("TargetWorkers"),
		AssignmentActivitySID: r.Text("AssignmentActivitySid"), ReservationActivitySID: r.Text("ReservationActivitySid"),
	}
	if max := r.Int("MaxReservedWorkers", fault, 1, taskrouter.MaxReserved); max != nil {
		n.MaxReserved = *max
	}
	if order := r.Enum("TaskOrder", fault, taskrouter.FIFO, taskrouter.LIFO); order != nil {
		n.TaskOrder = *order
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	q, err := h.tr.CreateTaskQueue(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return h.answerQueue(r, http.StatusCreated, q)
}

func (h handlers) updateQueue(r *httpapi.Request) (httpapi.Response, error) {
	p := taskrouter.TaskQueuePatch{
		FriendlyName: r.Str("FriendlyName"), TargetWorkers: r.Str("TargetWorkers"), TaskOrder: r.Enum("TaskOrder", fault, taskrouter.FIFO, taskrouter.LIFO),
		MaxReserved:           r.Int("MaxReservedWorkers", fault, 1, taskrouter.MaxReserved),
		AssignmentActivitySID: r.Str("AssignmentActivitySid"), ReservationActivitySID: r.Str("ReservationActivitySid"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	q, err := h.tr.UpdateTaskQueue(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"), p)
	if err != nil {
		return httpapi.Response{}, err
	}
	return h.answerQueue(r, http.StatusOK, q)
}

func (h handlers) fetchQueue(r *httpapi.Request) (httpapi.Response, error) {
	q, err := h.tr.FetchTaskQueue(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.space(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showQueue(s)(r, q))
}

func (h handlers) queueWarnings(r *httpapi.Request) (httpapi.Response, error) {
	q, err := h.tr.FetchTaskQueue(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return showWarnings(q.Warnings())
}

func (h handlers) deleteQueue(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.tr.DeleteTaskQueue(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listQueues(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	f := taskrouter.TaskQueueFilter{
		FriendlyName: r.Str("FriendlyName"), WorkerAttributes: r.Str("EvaluateWorkerAttributes"), WorkerSID: r.Str("WorkerSid"), Ordering: r.Text("Ordering"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.space(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListTaskQueues(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), f, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "task_queues", page, list, func(q *taskrouter.TaskQueue) string { return q.SID }, showQueue(s))
}
