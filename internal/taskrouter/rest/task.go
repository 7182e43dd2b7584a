package rest

import (
	"math"
	"net/http"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) taskRoutes(rt *httpapi.Router) {
	const list, one = "/v1/Workspaces/{WorkspaceSid}/Tasks", "/v1/Workspaces/{WorkspaceSid}/Tasks/{TaskSid}"
	rt.Handle(product, "GET "+list, httpapi.Account, h.listTasks)
	rt.Handle(product, "POST "+list, httpapi.Account, h.createTask)
	rt.Handle(product, "GET "+one, httpapi.Account, h.fetchTask)
	rt.Handle(product, "POST "+one, httpapi.Account, h.updateTask)
	rt.Handle(product, "DELETE "+one, httpapi.Account, h.deleteTask)
	h.reservationRoutes(rt)
}

// task is taskrouter.v1.workspace.task.
type task struct {
	AccountSID            string    `json:"account_sid"`
	Addons                string    `json:"addons"`
	Age                   int64     `json:"age"`
	AssignmentStatus      string    `json:"assignment_status"`
	Attributes            string    `json:"attributes"`
	DateCreated           string    `json:"date_created"`
	DateUpdated           string    `json:"date_updated"`
	IgnoreCapacity        bool      `json:"ignore_capacity"`
	Priority              int64     `json:"priority"`
	Reason                *string   `json:"reason"`
	RoutingTarget         *string   `json:"routing_target"`
	SID                   string    `json:"sid"`
	TaskChannelSID        *string   `json:"task_channel_sid"`
	TaskChannelUniqueName *string   `json:"task_channel_unique_name"`
	TaskQueueEnteredDate  *string   `json:"task_queue_entered_date"`
	TaskQueueName         *string   `json:"task_queue_friendly_name"`
	TaskQueueSID          *string   `json:"task_queue_sid"`
	Timeout               int64     `json:"timeout"`
	VirtualStartTime      string    `json:"virtual_start_time"`
	WorkflowName          *string   `json:"workflow_friendly_name"`
	WorkflowSID           *string   `json:"workflow_sid"`
	WorkspaceSID          string    `json:"workspace_sid"`
	URL                   string    `json:"url"`
	Links                 taskLinks `json:"links"`
}

type taskLinks struct {
	TaskQueue    *string `json:"task_queue"`
	Workflow     *string `json:"workflow"`
	Workspace    string  `json:"workspace"`
	Reservations string  `json:"reservations"`
}

func (h handlers) showTask(r *httpapi.Request, t *taskrouter.TaskView) task {
	ws, sid := t.Space.Workspace, h.tr.TaskSID(t.ID)
	own := address(r, ws.SID, "Tasks", sid)
	out := task{
		AccountSID: ws.AccountSID, Addons: "{}", Age: h.tr.Age(&t.Task), AssignmentStatus: t.Status, Attributes: t.Attributes,
		DateCreated: core.ISO(t.CreatedAt), DateUpdated: core.ISO(t.UpdatedAt), IgnoreCapacity: t.IgnoreCapacity, Priority: t.Priority,
		Reason: orNull(t.Reason), RoutingTarget: orNull(t.RoutingTarget), SID: sid, Timeout: t.Timeout, VirtualStartTime: core.ISO(t.VirtualStart),
		WorkspaceSID: ws.SID, URL: own, Links: taskLinks{Workspace: address(r, ws.SID), Reservations: own + "/Reservations"},
	}
	if c := t.Space.Channel(t.TaskChannelID); c != nil {
		out.TaskChannelSID, out.TaskChannelUniqueName = &c.SID, &c.UniqueName
	}
	if q := t.Space.Queue(t.QueueID); q != nil {
		out.TaskQueueSID, out.TaskQueueName, out.TaskQueueEnteredDate = &q.SID, &q.FriendlyName, orNull(core.ISO(t.QueueEnteredAt))
		out.Links.TaskQueue = orNull(address(r, ws.SID, "TaskQueues", q.SID))
	}
	if w := t.Space.Workflow(t.WorkflowID); w != nil {
		out.WorkflowSID, out.WorkflowName = &w.SID, &w.FriendlyName
		out.Links.Workflow = orNull(address(r, ws.SID, "Workflows", w.SID))
	}
	return out
}

func (h handlers) createTask(r *httpapi.Request) (httpapi.Response, error) {
	const fault = core.CodeTaskRouterInvalid
	n := taskrouter.NewTask{
		Attributes: r.Text("Attributes"), WorkflowSID: r.Text("WorkflowSid"), TaskChannel: r.Text("TaskChannel"),
		Priority: r.Int("Priority", fault, 0, math.MaxInt32), Timeout: r.Int("Timeout", fault, 1, math.MaxInt32),
		VirtualStart: r.Time("VirtualStartTime", fault), RoutingTarget: r.Text("RoutingTarget"), TaskQueueSID: r.Text("TaskQueueSid"),
		IgnoreCapacity: r.Bool("IgnoreCapacity"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	t, err := h.tr.CreateTask(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusCreated, t.Version, h.showTask(r, t))
}

func (h handlers) updateTask(r *httpapi.Request) (httpapi.Response, error) {
	const fault = core.CodeTaskRouterInvalid
	p := taskrouter.TaskPatch{
		Attributes: r.Str("Attributes"), AssignmentStatus: r.Str("AssignmentStatus"), Reason: r.Str("Reason"), TaskChannel: r.Str("TaskChannel"),
		Priority: r.Int("Priority", fault, 0, math.MaxInt32), VirtualStart: r.Time("VirtualStartTime", fault),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	t, err := h.tr.UpdateTask(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("TaskSid"), p, r.Header.Get("If-Match"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusOK, t.Version, h.showTask(r, t))
}

func (h handlers) fetchTask(r *httpapi.Request) (httpapi.Response, error) {
	t, err := h.tr.FetchTask(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("TaskSid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusOK, t.Version, h.showTask(r, t))
}

func (h handlers) deleteTask(r *httpapi.Request) (httpapi.Response, error) {
	err := h.tr.DeleteTask(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("TaskSid"), r.Header.Get("If-Match"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listTasks(r *httpapi.Request) (httpapi.Response, error) {
	page := followed(r)
	f := taskrouter.TaskFilter{
		Priority: r.Int("Priority", core.CodeTaskRouterInvalid, 0, math.MaxInt32), Statuses: r.List("AssignmentStatus"),
		WorkflowSID: r.Text("WorkflowSid"), WorkflowName: r.Text("WorkflowName"), TaskQueueSID: r.Text("TaskQueueSid"),
		TaskQueueName: r.Text("TaskQueueName"), RoutingTarget: r.Text("RoutingTarget"), Expression: r.Text("EvaluateTaskAttributes"),
		HasAddons: r.Bool("HasAddons"), Ordering: r.Text("Ordering"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListTasks(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), f, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "tasks", page, list, func(t *taskrouter.TaskView) string { return h.tr.TaskSID(t.ID) }, h.showTask)
}
