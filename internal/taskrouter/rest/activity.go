package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) activityRoutes(rt *httpapi.Router, list string) {
	rt.Handle(product, "GET "+list, httpapi.Account, h.listActivities)
	rt.Handle(product, "POST "+list, httpapi.Account, h.createActivity)
	rt.Handle(product, "GET "+list+"/{Sid}", httpapi.Account, h.fetchActivity)
	rt.Handle(product, "POST "+list+"/{Sid}", httpapi.Account, h.updateActivity)
	rt.Handle(product, "DELETE "+list+"/{Sid}", httpapi.Account, h.deleteActivity)
}

// activity is taskrouter.v1.workspace.activity.
type activity struct {
	AccountSID   string        `json:"account_sid"`
	Available    bool          `json:"available"`
	DateCreated  string        `json:"date_created"`
	DateUpdated  string        `json:"date_updated"`
	FriendlyName string        `json:"friendly_name"`
	SID          string        `json:"sid"`
	WorkspaceSID string        `json:"workspace_sid"`
	URL          string        `json:"url"`
	Links        workspaceLink `json:"links"`
}

// workspaceLink leads back to the workspace.
type workspaceLink struct {
	Workspace string `json:"workspace"`
}

func showActivity(r *httpapi.Request, a *taskrouter.Activity) activity {
	ws := r.Path("WorkspaceSid")
	return activity{
		AccountSID: r.Caller.AccountSID, Available: a.Available, DateCreated: core.ISO(a.CreatedAt), DateUpdated: core.ISO(a.UpdatedAt),
		FriendlyName: a.FriendlyName, SID: a.SID, WorkspaceSID: ws, URL: address(r, ws, "Activities", a.SID), Links: workspaceLink{address(r, ws)},
	}
}

func (h handlers) createActivity(r *httpapi.Request) (httpapi.Response, error) {
	available := truth(r, "Available")
	n := taskrouter.NewActivity{FriendlyName: r.Required("FriendlyName", fault), Available: available != nil && *available}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	a, err := h.tr.CreateActivity(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showActivity(r, a))
}

// updateActivity does not look at Available, which clients send and the original ignores (taskrouter-studio A.2).
func (h handlers) updateActivity(r *httpapi.Request) (httpapi.Response, error) {
	p := taskrouter.ActivityPatch{FriendlyName: r.Str("FriendlyName")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	a, err := h.tr.UpdateActivity(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"), p)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showActivity(r, a))
}

func (h handlers) fetchActivity(r *httpapi.Request) (httpapi.Response, error) {
	a, err := h.tr.FetchActivity(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showActivity(r, a))
}

func (h handlers) deleteActivity(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.tr.DeleteActivity(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listActivities(r *httpapi.Request) (httpapi.Response, error) {
	page, f := r.Page(), taskrouter.ActivityFilter{FriendlyName: r.Str("FriendlyName"), Available: truth(r, "Available")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListActivities(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), f, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "activities", page, list, func(a *taskrouter.Activity) string { return a.SID }, showActivity)
}
