package rest

import (
	"strconv"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/studio"
)

// What Parley has beyond the published API, for those who look after flows.
func (h handlers) extensionRoutes(rt *httpapi.Router) {
	h.watched(rt, "GET /v2/Executions", h.listActive)
	h.watched(rt, "GET /v2/Executions/{Sid}", h.fetchAny)
	h.watched(rt, "GET /v2/Flows/{Sid}/Diff", h.diffRevisions)
	h.watched(rt, "GET /v2/Flows/{FlowSid}/Executions/{ExecutionSid}/Warnings", h.listWarnings)
}

// showWaiting shows an execution with what it waits for, or why it ended.
func (h handlers) showWaiting(r *httpapi.Request, e *studio.Execution) map[string]any {
	v := version{path: "/v2", list: "Executions", noun: "execution"}
	shown := h.showExecution(v)(r, e)
	delete(shown, "context")
	shown["revision"], shown["waiting_for"], shown["steps"] = e.Revision, e.WaitingFor, e.Steps
	shown["initiated_by"], shown["widget"], shown["deadline"] = orNull(e.InitiatedBy), orNull(e.Widget), nil
	if e.Deadline != 0 {
		shown["deadline"] = core.ISO(e.Deadline)
	}
	shown["links"].(map[string]string)["warnings"] = r.Base.URL(product, v.of(e.FlowSID, h.sidOf(e))+"/Warnings")
	return shown
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listActive lists the active executions of all flows.
func (h handlers) listActive(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.studio.ListActive(r.Context(), r.Caller.AccountSID, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "executions", page, list, h.sidOf, h.showWaiting)
}

// fetchAny shows an execution of any flow, active or not.
func (h handlers) fetchAny(r *httpapi.Request) (httpapi.Response, error) {
	e, err := h.studio.FindExecution(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showWaiting(r, e))
}

// diffRevisions says how two revisions of a flow differ.
func (h handlers) diffRevisions(r *httpapi.Request) (httpapi.Response, error) {
	from, to := r.Required("From", fault), r.Required("To", fault)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	d, err := h.studio.Diff(r.Context(), r.Caller.AccountSID, r.Path("Sid"), from, to)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(map[string]any{"sid": r.Path("Sid"), "account_sid": r.Caller.AccountSID, "from": d.From, "to": d.To, "changes": d.Changes,
		"url": address(r, "/v2/Flows", r.Path("Sid"), "Diff?"+r.URL.RawQuery)})
}

// warning is something that an execution met and went on from.
type warning struct {
	Code        int64   `json:"code"`
	FlowSID     string  `json:"flow_sid"`
	Widget      *string `json:"widget"`
	Message     string  `json:"message"`
	MoreInfo    string  `json:"more_info"`
	DateCreated string  `json:"date_created"`
}

func showWarning(r *httpapi.Request, w *studio.Warning) warning {
	return warning{Code: w.Code, FlowSID: w.FlowSID, Widget: orNull(w.Widget), Message: w.Message, DateCreated: core.ISO(w.CreatedAt),
		MoreInfo: r.Base.Scheme + "://" + r.Base.Host + "/errors/" + strconv.FormatInt(w.Code, 10)}
}

func (h handlers) listWarnings(r *httpapi.Request) (httpapi.Response, error) {
	page, after := r.Page(), int64(0)
	if token := page.After(); token != "" {
		var err error
		if after, err = strconv.ParseInt(token, 10, 64); err != nil {
			r.Fault(core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave"))
		}
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.studio.ListWarnings(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path("ExecutionSid"), after, page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "warnings", page, list, func(w *studio.Warning) string { return strconv.FormatInt(w.ID, 10) }, showWarning)
}
