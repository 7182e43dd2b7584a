package rest

import (
	"net/http"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) workflowRoutes(rt *httpapi.Router, list string) {
	rt.Handle(product, "GET "+list, httpapi.Account, h.listWorkflows)
	rt.Handle(product, "POST "+list, httpapi.Account, h.createWorkflow)
	rt.Handle(product, "GET "+list+"/{Sid}", httpapi.Account, h.fetchWorkflow)
	rt.Handle(product, "POST "+list+"/{Sid}", httpapi.Account, h.updateWorkflow)
	rt.Handle(product, "DELETE "+list+"/{Sid}", httpapi.Account, h.deleteWorkflow)
	rt.Handle(product, "GET "+list+"/{Sid}/Warnings", httpapi.Account, h.workflowWarnings)
}

// workflow is taskrouter.v1.workspace.workflow.
type workflow struct {
	AccountSID                    string        `json:"account_sid"`
	AssignmentCallbackURL         *string       `json:"assignment_callback_url"`
	Configuration                 string        `json:"configuration"`
	DateCreated                   string        `json:"date_created"`
	DateUpdated                   string        `json:"date_updated"`
	DocumentContentType           string        `json:"document_content_type"`
	FallbackAssignmentCallbackURL *string       `json:"fallback_assignment_callback_url"`
	FriendlyName                  string        `json:"friendly_name"`
	SID                           string        `json:"sid"`
	TaskReservationTimeout        int64         `json:"task_reservation_timeout"`
	WorkspaceSID                  string        `json:"workspace_sid"`
	URL                           string        `json:"url"`
	Links                         workflowLinks `json:"links"`
}

type workflowLinks struct {
	Statistics           string `json:"statistics"`
	RealTimeStatistics   string `json:"real_time_statistics"`
	CumulativeStatistics string `json:"cumulative_statistics"`
}

func showWorkflow(r *httpapi.Request, w *taskrouter.Workflow) workflow {
	ws := r.Path("WorkspaceSid")
	own := address(r, ws, "Workflows", w.SID)
	return workflow{
		AccountSID: r.Caller.AccountSID, AssignmentCallbackURL: orNull(w.AssignmentURL), Configuration: w.Configuration,
		DateCreated: core.ISO(w.CreatedAt), DateUpdated: core.ISO(w.UpdatedAt), DocumentContentType: "application/json",
		FallbackAssignmentCallbackURL: orNull(w.FallbackURL), FriendlyName: w.FriendlyName, SID: w.SID, TaskReservationTimeout: w.ReservationTimeout,
		WorkspaceSID: ws, URL: own,
		Links: workflowLinks{own + "/Statistics", own + "/RealTimeStatistics", own + "/CumulativeStatistics"},
	}
}

// answerWorkflow shows a workflow that was written, with the warnings about it.
func (h handlers) answerWorkflow(r *httpapi.Request, status int, w *taskrouter.Workflow) (httpapi.Response, error) {
	s, err := h.space(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return warned(status, showWorkflow(r, w), s.Warnings(w))
}

func (h handlers) createWorkflow(r *httpapi.Request) (httpapi.Response, error) {
	n := taskrouter.NewWorkflow{
		FriendlyName: r.Required("FriendlyName", fault), Configuration: r.Required("Configuration", fault),
		AssignmentURL: r.Text("AssignmentCallbackUrl"), FallbackURL: r.Text("FallbackAssignmentCallbackUrl"),
	}
	if timeout := r.Int("TaskReservationTimeout", fault, 1, taskrouter.MaxReservationTimeout); timeout != nil {
		n.ReservationTimeout = *timeout
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	w, err := h.tr.CreateWorkflow(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return h.answerWorkflow(r, http.StatusCreated, w)
}

func (h handlers) updateWorkflow(r *httpapi.Request) (httpapi.Response, error) {
	anew := r.Bool("ReEvaluateTasks")
	p := taskrouter.WorkflowPatch{
		FriendlyName: r.Str("FriendlyName"), Configuration: r.Str("Configuration"), AssignmentURL: r.Str("AssignmentCallbackUrl"),
		FallbackURL: r.Str("FallbackAssignmentCallbackUrl"), ReservationTimeout: r.Int("TaskReservationTimeout", fault, 1, taskrouter.MaxReservationTimeout),
		ReEvaluate: anew != nil && *anew,
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	w, err := h.tr.UpdateWorkflow(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"), p)
	if err != nil {
		return httpapi.Response{}, err
	}
	return h.answerWorkflow(r, http.StatusOK, w)
}

func (h handlers) fetchWorkflow(r *httpapi.Request) (httpapi.Response, error) {
	w, err := h.tr.FetchWorkflow(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showWorkflow(r, w))
}

func (h handlers) workflowWarnings(r *httpapi.Request) (httpapi.Response, error) {
	w, err := h.tr.FetchWorkflow(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.space(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return showWarnings(s.Warnings(w))
}

func (h handlers) deleteWorkflow(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.tr.DeleteWorkflow(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listWorkflows(r *httpapi.Request) (httpapi.Response, error) {
	page, name := r.Page(), r.Str("FriendlyName")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListWorkflows(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), name, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "workflows", page, list, func(w *taskrouter.Workflow) string { return w.SID }, showWorkflow)
}
