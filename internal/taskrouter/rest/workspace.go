package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

// fault is the code of parameters that cannot be read.
const fault = core.CodeTaskRouterInvalid

func (h handlers) workspaceRoutes(rt *httpapi.Router) {
	const list, one = "/v1/Workspaces", "/v1/Workspaces/{WorkspaceSid}"
	rt.Handle(product, "GET "+list, httpapi.Account, h.listWorkspaces)
	rt.Handle(product, "POST "+list, httpapi.Account, h.createWorkspace)
	rt.Handle(product, "GET "+one, httpapi.Account, h.fetchWorkspace)
	rt.Handle(product, "POST "+one, httpapi.Account, h.updateWorkspace)
	rt.Handle(product, "DELETE "+one, httpapi.Account, h.deleteWorkspace)
	h.activityRoutes(rt, one+"/Activities")
	h.taskChannelRoutes(rt, one+"/TaskChannels")
	h.queueRoutes(rt, one+"/TaskQueues")
	h.workflowRoutes(rt, one+"/Workflows")
}

// workspace is taskrouter.v1.workspace.
type workspace struct {
	AccountSID           string         `json:"account_sid"`
	DateCreated          string         `json:"date_created"`
	DateUpdated          string         `json:"date_updated"`
	DefaultActivityName  *string        `json:"default_activity_name"`
	DefaultActivitySID   *string        `json:"default_activity_sid"`
	EventCallbackURL     string         `json:"event_callback_url"`
	EventsFilter         *string        `json:"events_filter"`
	FriendlyName         string         `json:"friendly_name"`
	MultiTaskEnabled     bool           `json:"multi_task_enabled"`
	SID                  string         `json:"sid"`
	TimeoutActivityName  *string        `json:"timeout_activity_name"`
	TimeoutActivitySID   *string        `json:"timeout_activity_sid"`
	PrioritizeQueueOrder string         `json:"prioritize_queue_order"`
	URL                  string         `json:"url"`
	Links                workspaceLinks `json:"links"`
}

type workspaceLinks struct {
	Activities           string `json:"activities"`
	Statistics           string `json:"statistics"`
	RealTimeStatistics   string `json:"real_time_statistics"`
	CumulativeStatistics string `json:"cumulative_statistics"`
	TaskQueues           string `json:"task_queues"`
	Tasks                string `json:"tasks"`
	Workers              string `json:"workers"`
	Workflows            string `json:"workflows"`
	TaskChannels         string `json:"task_channels"`
	Events               string `json:"events"`
}

func showWorkspace(r *httpapi.Request, s *taskrouter.Space) workspace {
	w := s.Workspace
	below := func(part string) string { return address(r, w.SID, part) }
	out := workspace{
		AccountSID: w.AccountSID, DateCreated: core.ISO(w.CreatedAt), DateUpdated: core.ISO(w.UpdatedAt),
		EventCallbackURL: w.EventCallbackURL, EventsFilter: orNull(w.EventsFilter), FriendlyName: w.FriendlyName,
		MultiTaskEnabled: w.MultiTask, SID: w.SID, PrioritizeQueueOrder: w.Prioritize, URL: address(r, w.SID),
		Links: workspaceLinks{
			Activities: below("Activities"), Statistics: below("Statistics"), RealTimeStatistics: below("RealTimeStatistics"),
			CumulativeStatistics: below("CumulativeStatistics"), TaskQueues: below("TaskQueues"), Tasks: below("Tasks"), Workers: below("Workers"),
			Workflows: below("Workflows"), TaskChannels: below("TaskChannels"), Events: below("Events"),
		},
	}
	out.DefaultActivitySID, out.DefaultActivityName = activityNames(s, w.DefaultActivityID)
	out.TimeoutActivitySID, out.TimeoutActivityName = activityNames(s, w.TimeoutActivityID)
	return out
}

// activityNames are the SID and the name of an activity, null for none.
func activityNames(s *taskrouter.Space, id int64) (sid, name *string) {
	if a := s.Activity(id); a != nil {
		return &a.SID, &a.FriendlyName
	}
	return nil, nil
}

func (h handlers) createWorkspace(r *httpapi.Request) (httpapi.Response, error) {
	n := taskrouter.NewWorkspace{
		FriendlyName: r.Required("FriendlyName", fault), EventCallbackURL: r.Text("EventCallbackUrl"), EventsFilter: r.Text("EventsFilter"),
		MultiTask: r.Bool("MultiTaskEnabled"),
	}
	if template := r.Enum("Template", fault, taskrouter.TemplateNone, taskrouter.TemplateFIFO); template != nil {
		n.Template = *template
	}
	if order := r.Enum("PrioritizeQueueOrder", fault, taskrouter.FIFO, taskrouter.LIFO); order != nil {
		n.Prioritize = *order
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.tr.CreateWorkspace(r.Context(), r.Caller.AccountSID, n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showWorkspace(r, s))
}

func (h handlers) updateWorkspace(r *httpapi.Request) (httpapi.Response, error) {
	p := taskrouter.WorkspacePatch{
		FriendlyName: r.Str("FriendlyName"), EventCallbackURL: r.Str("EventCallbackUrl"), EventsFilter: r.Str("EventsFilter"),
		DefaultActivitySID: r.Str("DefaultActivitySid"), TimeoutActivitySID: r.Str("TimeoutActivitySid"),
		Prioritize: r.Enum("PrioritizeQueueOrder", fault, taskrouter.FIFO, taskrouter.LIFO), MultiTask: r.Bool("MultiTaskEnabled"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.tr.UpdateWorkspace(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), p)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showWorkspace(r, s))
}

// space is the workspace that a request is about, for names in its answer.
func (h handlers) space(r *httpapi.Request) (*taskrouter.Space, error) {
	return h.tr.Space(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"))
}

func (h handlers) fetchWorkspace(r *httpapi.Request) (httpapi.Response, error) {
	s, err := h.space(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showWorkspace(r, s))
}

func (h handlers) deleteWorkspace(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.tr.DeleteWorkspace(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listWorkspaces(r *httpapi.Request) (httpapi.Response, error) {
	page, name := r.Page(), r.Str("FriendlyName")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListWorkspaces(r.Context(), r.Caller.AccountSID, name, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "workspaces", page, list, func(s *taskrouter.Space) string { return s.Workspace.SID }, showWorkspace)
}
