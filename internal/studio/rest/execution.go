package rest

import (
	"encoding/json"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/studio"
)

// version is one of the forms in which executions are served. Engagements are what they were called at first: version 1 has both.
type version struct {
	path, list, noun string
	create           func(r *httpapi.Request, v version) (httpapi.Response, error)
}

// of is the path of an execution.
func (v version) of(flowSID, sid string) string {
	return strings.Join([]string{v.path, "Flows", flowSID, v.list, sid}, "/")
}

// sid is the name of the path's value that is an execution's SID, where something follows.
func (v version) sid() string {
	if v.noun == "engagement" {
		return "EngagementSid"
	}
	return "ExecutionSid"
}

// mount mounts a route. Of version 2, the page of flows reads all, and ends executions.
func (v version) mount(h handlers, rt *httpapi.Router, pattern string, serve func(r *httpapi.Request, v version) (httpapi.Response, error)) {
	handler := func(r *httpapi.Request) (httpapi.Response, error) { return serve(r, v) }
	if v.path == "/v2" && (strings.HasPrefix(pattern, "GET ") || strings.HasSuffix(pattern, "/{Sid}") && strings.HasPrefix(pattern, "POST ")) {
		h.watched(rt, pattern, handler)
		return
	}
	rt.Handle(product, pattern, httpapi.Account, handler)
}

func (h handlers) executionRoutes(rt *httpapi.Router, v version) {
	list := v.path + "/Flows/{FlowSid}/" + v.list
	one, below := list+"/{Sid}", list+"/{"+v.sid()+"}"
	for pattern, serve := range map[string]func(r *httpapi.Request, v version) (httpapi.Response, error){
		"POST " + list: v.create, "GET " + list: h.listExecutions, "GET " + one: h.fetchExecution, "DELETE " + one: h.deleteExecution,
		"GET " + below + "/Context": h.executionContext, "GET " + below + "/Steps": h.listSteps, "GET " + below + "/Steps/{Sid}": h.fetchStep,
		"GET " + below + "/Steps/{StepSid}/Context": h.stepContext,
	} {
		v.mount(h, rt, pattern, serve)
	}
	if v.noun == "execution" {
		v.mount(h, rt, "POST "+one, h.updateExecution)
	}
}

// showExecution is studio.v1.flow.execution, studio.v1.flow.engagement or studio.v2.flow.execution, which has no contact_sid.
func (h handlers) showExecution(v version) func(r *httpapi.Request, e *studio.Execution) map[string]any {
	return func(r *httpapi.Request, e *studio.Execution) map[string]any {
		sid := h.studio.ExecutionSID(e.ID)
		own := r.Base.URL(product, v.of(e.FlowSID, sid))
		shown := map[string]any{"sid": sid, "account_sid": e.AccountSID, "flow_sid": e.FlowSID, "contact_channel_address": e.Address,
			"context": struct{}{}, "status": statusOf(e), "date_created": core.ISO(e.CreatedAt), "date_updated": core.ISO(e.UpdatedAt), "url": own,
			"links": map[string]string{"steps": own + "/Steps", v.noun + "_context": own + "/Context"}}
		if v.path == "/v1" {
			shown["contact_sid"] = studio.ContactSID(e.AccountSID, e.Contact)
		}
		return shown
	}
}

func statusOf(e *studio.Execution) string {
	if e.Active {
		return "active"
	}
	return "ended"
}

func readExecution(r *httpapi.Request) (studio.NewExecution, error) {
	n := studio.NewExecution{To: r.Required("To", fault), From: r.Required("From", fault), Parameters: r.Text("Parameters")}
	return n, r.Err()
}

func (h handlers) createExecution(r *httpapi.Request, v version) (httpapi.Response, error) {
	n, err := readExecution(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	e, err := h.studio.CreateExecution(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(h.showExecution(v)(r, e))
}

// ensureExecution answers 200 in any case, as version 1 does: with the execution that is active for the contact where there is one.
func (h handlers) ensureExecution(r *httpapi.Request, v version) (httpapi.Response, error) {
	n, err := readExecution(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	e, err := h.studio.EnsureExecution(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showExecution(v)(r, e))
}

func (h handlers) fetchExecution(r *httpapi.Request, v version) (httpapi.Response, error) {
	e, err := h.studio.FetchExecution(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showExecution(v)(r, e))
}

// updateExecution ends an execution, which is all that can be changed of one.
func (h handlers) updateExecution(r *httpapi.Request, v version) (httpapi.Response, error) {
	r.Required("Status", fault)
	status := r.Enum("Status", fault, "active", "ended")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if *status != "ended" {
		return httpapi.Response{}, core.Ef(fault, "Status can only be set to ended")
	}
	e, err := h.studio.EndExecution(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showExecution(v)(r, e))
}

func (h handlers) deleteExecution(r *httpapi.Request, _ version) (httpapi.Response, error) {
	if err := h.studio.DeleteExecution(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listExecutions(r *httpapi.Request, v version) (httpapi.Response, error) {
	page := r.Page()
	by := studio.ExecutionFilter{From: r.Time("DateCreatedFrom", fault), To: r.Time("DateCreatedTo", fault)}
	if status := r.Enum("Status", fault, "active", "ended"); status != nil {
		active := *status == "active"
		by.Active = &active
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.studio.ListExecutions(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), by, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, strings.ToLower(v.list), page, list, h.sidOf, h.showExecution(v))
}

func (h handlers) sidOf(e *studio.Execution) string { return h.studio.ExecutionSID(e.ID) }

func (h handlers) executionContext(r *httpapi.Request, v version) (httpapi.Response, error) {
	sid := r.Path(v.sid())
	e, err := h.studio.FetchExecution(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), sid)
	if err != nil {
		return httpapi.Response{}, err
	}
	context, err := e.Context()
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showContext(r, v, context, v.of(e.FlowSID, sid)+"/Context", ""))
}

// showContext is the context of an execution, or of one of its steps.
func showContext(r *httpapi.Request, v version, context json.RawMessage, path, stepSID string) map[string]any {
	shown := map[string]any{"account_sid": r.Caller.AccountSID, "flow_sid": r.Path("FlowSid"), v.noun + "_sid": r.Path(v.sid()), "context": context,
		"url": r.Base.URL(product, path)}
	if stepSID != "" {
		shown["step_sid"] = stepSID
	}
	return shown
}
