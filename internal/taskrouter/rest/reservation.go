package rest

import (
	"net/http"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

// reservationRoutes mounts the reservations below their tasks and below their workers: they are the same.
func (h handlers) reservationRoutes(rt *httpapi.Router) {
	for _, list := range []string{
		"/v1/Workspaces/{WorkspaceSid}/Tasks/{TaskSid}/Reservations",
		"/v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Reservations",
	} {
		rt.Handle(product, "GET "+list, httpapi.Account, h.listReservations)
		rt.Handle(product, "GET "+list+"/{Sid}", httpapi.Account, h.fetchReservation)
		rt.Handle(product, "POST "+list+"/{Sid}", httpapi.Account, h.updateReservation)
	}
}

// reservation is taskrouter.v1.workspace.task.task_reservation and taskrouter.v1.workspace.worker.worker_reservation.
type reservation struct {
	AccountSID        string           `json:"account_sid"`
	DateCreated       string           `json:"date_created"`
	DateUpdated       string           `json:"date_updated"`
	ReservationStatus string           `json:"reservation_status"`
	SID               string           `json:"sid"`
	TaskSID           string           `json:"task_sid"`
	WorkerName        string           `json:"worker_name"`
	WorkerSID         string           `json:"worker_sid"`
	WorkspaceSID      string           `json:"workspace_sid"`
	URL               string           `json:"url"`
	Links             reservationLinks `json:"links"`
}

type reservationLinks struct {
	Task      string `json:"task"`
	Worker    string `json:"worker"`
	Workspace string `json:"workspace"`
}

// showReservation gives the URL by which the reservation was reached.
func (h handlers) showReservation(r *httpapi.Request, v *taskrouter.ReservationView) reservation {
	ws, sid, taskSID := v.Space.Workspace, h.tr.ReservationSID(v.ID), h.tr.TaskSID(v.TaskID)
	out := reservation{
		AccountSID: ws.AccountSID, DateCreated: core.ISO(v.CreatedAt), DateUpdated: core.ISO(v.UpdatedAt), ReservationStatus: v.Status, SID: sid,
		TaskSID: taskSID, WorkerName: v.WorkerName, WorkerSID: v.WorkerSID, WorkspaceSID: ws.SID,
		Links: reservationLinks{
			Task: address(r, ws.SID, "Tasks", taskSID), Worker: address(r, ws.SID, "Workers", v.WorkerSID), Workspace: address(r, ws.SID),
		},
	}
	place := out.Links.Task
	if r.Path("WorkerSid") != "" {
		place = out.Links.Worker
	}
	out.URL = place + "/Reservations/" + sid
	return out
}

func reservationRef(r *httpapi.Request) taskrouter.ReservationRef {
	return taskrouter.ReservationRef{TaskSID: r.Path("TaskSid"), WorkerSID: r.Path("WorkerSid"), SID: r.Path("Sid")}
}

func (h handlers) fetchReservation(r *httpapi.Request) (httpapi.Response, error) {
	v, err := h.tr.FetchReservation(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), reservationRef(r))
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusOK, v.Version, h.showReservation(r, v))
}

// updateReservation leaves out the parameters of instructions for calls: such an instruction is refused, whatever they say.
func (h handlers) updateReservation(r *httpapi.Request) (httpapi.Response, error) {
	p := taskrouter.ReservationPatch{Status: r.Str("ReservationStatus"), WorkerActivitySID: r.Str("WorkerActivitySid"), Instruction: r.Str("Instruction")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	v, err := h.tr.UpdateReservation(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), reservationRef(r), p, r.Header.Get("If-Match"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return versioned(http.StatusOK, v.Version, h.showReservation(r, v))
}

func (h handlers) listReservations(r *httpapi.Request) (httpapi.Response, error) {
	page := followed(r)
	f := taskrouter.ReservationFilter{TaskSID: r.Path("TaskSid"), WorkerSID: r.Path("WorkerSid"), Status: r.Text("ReservationStatus")}
	if f.WorkerSID == "" {
		f.WorkerSID = r.Text("WorkerSid")
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListReservations(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), f, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	sid := func(v *taskrouter.ReservationView) string { return h.tr.ReservationSID(v.ID) }
	return httpapi.ListRows(r, product, "reservations", page, list, sid, h.showReservation)
}
