package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/studio"
)

// showStep is studio.v2.flow.execution.execution_step and its forms of version 1.
func showStep(v version) func(r *httpapi.Request, st *studio.Step) map[string]any {
	return func(r *httpapi.Request, st *studio.Step) map[string]any {
		own := r.Base.URL(product, v.of(r.Path("FlowSid"), r.Path(v.sid()))+"/Steps/"+st.SID)
		shown := map[string]any{"sid": st.SID, "account_sid": r.Caller.AccountSID, "flow_sid": r.Path("FlowSid"), v.noun + "_sid": r.Path(v.sid()),
			"parent_step_sid": nil, "name": st.Name, "context": struct{}{}, "transitioned_from": st.From, "transitioned_to": st.To, "type": st.Type,
			"date_created": core.ISO(st.CreatedAt), "date_updated": core.ISO(st.CreatedAt), "url": own,
			"links": map[string]string{"step_context": own + "/Context"}}
		if st.ParentSID != "" {
			shown["parent_step_sid"] = st.ParentSID
		}
		return shown
	}
}

func (h handlers) listSteps(r *httpapi.Request, v version) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.studio.ListSteps(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path(v.sid()), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "steps", page, list, func(st *studio.Step) string { return st.SID }, showStep(v))
}

func (h handlers) fetchStep(r *httpapi.Request, v version) (httpapi.Response, error) {
	st, err := h.studio.FetchStep(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path(v.sid()), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showStep(v)(r, st))
}

func (h handlers) stepContext(r *httpapi.Request, v version) (httpapi.Response, error) {
	sid := r.Path("StepSid")
	context, err := h.studio.StepContext(r.Context(), r.Caller.AccountSID, r.Path("FlowSid"), r.Path(v.sid()), sid)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showContext(r, v, context, v.of(r.Path("FlowSid"), r.Path(v.sid()))+"/Steps/"+sid+"/Context", sid))
}
