package rest

import (
	"net/http"
	"slices"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) workerRoutes(rt *httpapi.Router) {
	const list, one = "/v1/Workspaces/{WorkspaceSid}/Workers", "/v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}"
	rt.Handle(product, "GET "+list, httpapi.Account, h.listWorkers)
	rt.Handle(product, "POST "+list, httpapi.Account, h.createWorker)
	rt.Handle(product, "GET "+one, httpapi.Account, h.fetchWorker)
	rt.Handle(product, "POST "+one, httpapi.Account, h.updateWorker)
	rt.Handle(product, "DELETE "+one, httpapi.Account, h.deleteWorker)
	rt.Handle(product, "GET "+one+"/Channels", httpapi.Account, h.listWorkerChannels)
	rt.Handle(product, "GET "+one+"/Channels/{Sid}", httpapi.Account, h.fetchWorkerChannel)
	rt.Handle(product, "POST "+one+"/Channels/{Sid}", httpapi.Account, h.updateWorkerChannel)
}

// worker is taskrouter.v1.workspace.worker.
type worker struct {
	AccountSID        string      `json:"account_sid"`
	ActivityName      *string     `json:"activity_name"`
	ActivitySID       *string     `json:"activity_sid"`
	Attributes        string      `json:"attributes"`
	Available         bool        `json:"available"`
	DateCreated       string      `json:"date_created"`
	DateStatusChanged string      `json:"date_status_changed"`
	DateUpdated       string      `json:"date_updated"`
	FriendlyName      string      `json:"friendly_name"`
	SID               string      `json:"sid"`
	WorkspaceSID      string      `json:"workspace_sid"`
	URL               string      `json:"url"`
	Links             workerLinks `json:"links"`
}

// workerLinks lead to the worker's own resources, and to the statistics of all workers.
type workerLinks struct {
	Channels             string  `json:"channels"`
	Activity             *string `json:"activity"`
	Workspace            string  `json:"workspace"`
	Statistics           string  `json:"statistics"`
	RealTimeStatistics   string  `json:"real_time_statistics"`
	CumulativeStatistics string  `json:"cumulative_statistics"`
	WorkerStatistics     string  `json:"worker_statistics"`
	WorkerChannels       string  `json:"worker_channels"`
	Reservations         string  `json:"reservations"`
}

func showWorker(r *httpapi.Request, w *taskrouter.WorkerView) worker {
	ws := w.Space.Workspace
	all := address(r, ws.SID, "Workers")
	own := all + "/" + w.SID
	out := worker{
		AccountSID: ws.AccountSID, Attributes: w.Attributes, DateCreated: core.ISO(w.CreatedAt), DateStatusChanged: core.ISO(w.StatusChangedAt),
		DateUpdated: core.ISO(w.UpdatedAt), FriendlyName: w.FriendlyName, SID: w.SID, WorkspaceSID: ws.SID, URL: own,
		Links: workerLinks{
			Channels: own + "/Channels", Workspace: address(r, ws.SID), Statistics: all + "/Statistics",
			RealTimeStatistics: all + "/RealTimeStatistics", CumulativeStatistics: all + "/CumulativeStatistics",
			WorkerStatistics: own + "/Statistics", WorkerChannels: own + "/Channels", Reservations: own + "/Reservations",
		},
	}
	if a := w.Space.Activity(w.ActivityID); a != nil {
		out.ActivityName, out.ActivitySID, out.Available = &a.FriendlyName, &a.SID, a.Available
		out.Links.Activity = orNull(address(r, ws.SID, "Activities", a.SID))
	}
	return out
}

func (h handlers) createWorker(r *httpapi.Request) (httpapi.Response, error) {
	n := taskrouter.NewWorker{
		FriendlyName: r.Required("FriendlyName", core.CodeTaskRouterInvalid), ActivitySID: r.Text("ActivitySid"), Attributes: r.Text("Attributes"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	w, err := h.tr.CreateWorker(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusCreated, w.Version, showWorker(r, w))
}

func (h handlers) updateWorker(r *httpapi.Request) (httpapi.Response, error) {
	p := taskrouter.WorkerPatch{
		FriendlyName: r.Str("FriendlyName"), ActivitySID: r.Str("ActivitySid"), Attributes: r.Str("Attributes"),
		RejectPending: r.Bool("RejectPendingReservations"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	w, err := h.tr.UpdateWorker(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("WorkerSid"), p, r.Header.Get("If-Match"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusOK, w.Version, showWorker(r, w))
}

func (h handlers) fetchWorker(r *httpapi.Request) (httpapi.Response, error) {
	w, err := h.tr.FetchWorker(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("WorkerSid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusOK, w.Version, showWorker(r, w))
}

func (h handlers) deleteWorker(r *httpapi.Request) (httpapi.Response, error) {
	err := h.tr.DeleteWorker(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("WorkerSid"), r.Header.Get("If-Match"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listWorkers(r *httpapi.Request) (httpapi.Response, error) {
	page := followed(r)
	f := taskrouter.WorkerFilter{
		FriendlyName: r.Text("FriendlyName"), ActivitySID: r.Text("ActivitySid"), ActivityName: r.Text("ActivityName"), Available: truth(r, "Available"),
		TaskQueueSID: r.Text("TaskQueueSid"), TaskQueueName: r.Text("TaskQueueName"), Expression: r.Text("TargetWorkersExpression"),
		Ordering: r.Text("Ordering"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListWorkers(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), f, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "workers", page, list, func(w *taskrouter.WorkerView) string { return w.SID }, showWorker)
}

// truth reads what TaskRouter takes for a boolean where it filters or makes an activity: true, 1 and yes; anything else is false
// (taskrouter-studio A.2). nil is absent.
func truth(r *httpapi.Request, name string) *bool {
	v := r.Str(name)
	if v == nil {
		return nil
	}
	yes := slices.Contains([]string{"true", "1", "yes"}, strings.ToLower(*v))
	return &yes
}
