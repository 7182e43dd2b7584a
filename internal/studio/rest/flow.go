package rest

import (
	"encoding/json"
	"strconv"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/studio"
)

func (h handlers) flowRoutes(rt *httpapi.Router) {
	const list, one = "/v2/Flows", "/v2/Flows/{Sid}"
	h.watched(rt, "GET "+list, h.listFlows)
	rt.Handle(product, "POST "+list, httpapi.Account, h.createFlow)
	rt.Handle(product, "POST "+list+"/Validate", httpapi.Account, h.validateFlow)
	h.watched(rt, "GET "+one, h.fetchFlow)
	rt.Handle(product, "POST "+one, httpapi.Account, h.updateFlow)
	rt.Handle(product, "DELETE "+one, httpapi.Account, h.deleteFlow)
	h.watched(rt, "GET "+one+"/Revisions", h.listRevisions)
	h.watched(rt, "GET "+one+"/Revisions/{Revision}", h.fetchRevision)
	rt.Handle(product, "GET "+one+"/TestUsers", httpapi.Account, h.fetchTestUsers)
	rt.Handle(product, "POST "+one+"/TestUsers", httpapi.Account, h.updateTestUsers)
	rt.Handle(product, "GET /v1/Flows", httpapi.Account, h.listOldFlows)
	rt.Handle(product, "GET /v1/Flows/{Sid}", httpapi.Account, h.fetchOldFlow)
	rt.Handle(product, "DELETE /v1/Flows/{Sid}", httpapi.Account, h.deleteFlow)
}

// flow is studio.v2.flow.
type flow struct {
	revision
	Warnings   json.RawMessage `json:"warnings"`
	WebhookURL string          `json:"webhook_url"`
	Links      flowLinks       `json:"links"`
}

type flowLinks struct {
	TestUsers  string `json:"test_users"`
	Revisions  string `json:"revisions"`
	Executions string `json:"executions"`
}

// revision is studio.v2.flow.flow_revision.
type revision struct {
	SID           string          `json:"sid"`
	AccountSID    string          `json:"account_sid"`
	FriendlyName  string          `json:"friendly_name"`
	Definition    json.RawMessage `json:"definition"`
	Status        string          `json:"status"`
	Revision      int64           `json:"revision"`
	CommitMessage *string         `json:"commit_message"`
	Valid         *bool           `json:"valid"`
	Errors        json.RawMessage `json:"errors"`
	DateCreated   string          `json:"date_created"`
	DateUpdated   string          `json:"date_updated"`
	URL           string          `json:"url"`
}

func showFlow(r *httpapi.Request, v studio.Shown) flow {
	own := address(r, "/v2/Flows", v.Flow.SID)
	f := flow{revision: showRevision(r, v), Warnings: json.RawMessage(v.At.Warnings),
		WebhookURL: r.Base.URL("webhooks", "/v1/Accounts/"+v.Flow.AccountSID+"/Flows/"+v.Flow.SID),
		Links:      flowLinks{own + "/TestUsers", own + "/Revisions", own + "/Executions"}}
	f.URL, f.DateCreated, f.DateUpdated = own, core.ISO(v.Flow.CreatedAt), core.ISO(v.Flow.UpdatedAt)
	return f
}

func showRevision(r *httpapi.Request, v studio.Shown) revision {
	return revision{SID: v.Flow.SID, AccountSID: v.Flow.AccountSID, FriendlyName: v.At.FriendlyName, Definition: json.RawMessage(v.At.Definition),
		Status: v.At.Status, Revision: v.At.Number, CommitMessage: v.At.CommitMessage, Valid: &v.At.Valid, Errors: json.RawMessage(v.At.Errors),
		DateCreated: core.ISO(v.At.CreatedAt), DateUpdated: core.ISO(v.At.CreatedAt),
		URL: address(r, "/v2/Flows", v.Flow.SID, "Revisions", strconv.FormatInt(v.At.Number, 10))}
}

// listedFlow and listedRevision leave out what lists do not have (taskrouter-studio B.1).
func listedFlow(r *httpapi.Request, v studio.Shown) flow {
	f := showFlow(r, v)
	f.Definition, f.Valid, f.Errors, f.Warnings = nil, nil, nil, nil
	return f
}

func listedRevision(r *httpapi.Request, v studio.Shown) revision {
	at := showRevision(r, v)
	at.Definition, at.Valid, at.Errors = nil, nil, nil
	return at
}

func readFlow(r *httpapi.Request) studio.FlowPatch {
	p := studio.FlowPatch{FriendlyName: r.Str("FriendlyName"), Definition: r.Str("Definition"), CommitMessage: r.Str("CommitMessage")}
	r.Required("Status", fault)
	if status := r.Enum("Status", fault, studio.StatusDraft, studio.StatusPublished); status != nil {
		p.Status = *status
	}
	if p.Definition != nil { // JSON, or a text that holds JSON
		var text string
		if json.Unmarshal([]byte(*p.Definition), &text) == nil {
			p.Definition = &text
		}
	}
	return p
}

func (h handlers) createFlow(r *httpapi.Request) (httpapi.Response, error) {
	r.Required("FriendlyName", fault)
	r.Required("Definition", fault)
	patch := readFlow(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	v, err := h.studio.CreateFlow(r.Context(), r.Caller.AccountSID, patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showFlow(r, v))
}

func (h handlers) updateFlow(r *httpapi.Request) (httpapi.Response, error) {
	patch := readFlow(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	v, err := h.studio.UpdateFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid"), patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showFlow(r, v))
}

// validateFlow answers studio.v2.flow_validate, or 81022 with what is wrong.
func (h handlers) validateFlow(r *httpapi.Request) (httpapi.Response, error) {
	r.Required("FriendlyName", fault)
	r.Required("Definition", fault)
	patch := readFlow(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.studio.Validate(r.Context(), r.Caller.AccountSID, patch); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(struct {
		Valid bool `json:"valid"`
	}{true})
}

func (h handlers) fetchFlow(r *httpapi.Request) (httpapi.Response, error) {
	v, err := h.studio.FetchFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showFlow(r, v))
}

func (h handlers) deleteFlow(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.studio.DeleteFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listFlows(r *httpapi.Request) (httpapi.Response, error) {
	return flowsAs(h, r, listedFlow)
}

// flowsAs lists flows in the form of a version of the API.
func flowsAs[T any](h handlers, r *httpapi.Request, show func(*httpapi.Request, studio.Shown) T) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.studio.ListFlows(r.Context(), r.Caller.AccountSID, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "flows", page, list, func(v studio.Shown) string { return v.Flow.SID }, show)
}

func (h handlers) fetchRevision(r *httpapi.Request) (httpapi.Response, error) {
	v, err := h.studio.FetchRevision(r.Context(), r.Caller.AccountSID, r.Path("Sid"), r.Path("Revision"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showRevision(r, v))
}

func (h handlers) listRevisions(r *httpapi.Request) (httpapi.Response, error) {
	page, before := r.Page(), int64(0)
	if after := page.After(); after != "" {
		var err error
		if before, err = strconv.ParseInt(after, 10, 64); err != nil || before < 1 {
			r.Fault(core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave"))
		}
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.studio.ListRevisions(r.Context(), r.Caller.AccountSID, r.Path("Sid"), before, page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "revisions", page, list, func(v studio.Shown) string { return strconv.FormatInt(v.At.Number, 10) }, listedRevision)
}

// testUsers is studio.v2.flow.test_user.
type testUsers struct {
	SID       string   `json:"sid"`
	TestUsers []string `json:"test_users"`
	URL       string   `json:"url"`
}

func showTestUsers(r *httpapi.Request, f *studio.Flow) testUsers {
	return testUsers{f.SID, f.TestUserList(), address(r, "/v2/Flows", f.SID, "TestUsers")}
}

func (h handlers) fetchTestUsers(r *httpapi.Request) (httpapi.Response, error) {
	v, err := h.studio.FetchFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showTestUsers(r, v.Flow))
}

func (h handlers) updateTestUsers(r *httpapi.Request) (httpapi.Response, error) {
	users := r.List("TestUsers")
	if users == nil {
		r.Fault(core.Ef(fault, "Missing required parameter TestUsers"))
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	f, err := h.studio.SetTestUsers(r.Context(), r.Caller.AccountSID, r.Path("Sid"), users)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showTestUsers(r, f))
}

// oldFlow is studio.v1.flow.
type oldFlow struct {
	SID          string            `json:"sid"`
	AccountSID   string            `json:"account_sid"`
	FriendlyName string            `json:"friendly_name"`
	Status       string            `json:"status"`
	Version      int64             `json:"version"`
	DateCreated  string            `json:"date_created"`
	DateUpdated  string            `json:"date_updated"`
	URL          string            `json:"url"`
	Links        map[string]string `json:"links"`
}

func showOldFlow(r *httpapi.Request, v studio.Shown) oldFlow {
	own := address(r, "/v1/Flows", v.Flow.SID)
	return oldFlow{SID: v.Flow.SID, AccountSID: v.Flow.AccountSID, FriendlyName: v.At.FriendlyName, Status: v.At.Status, Version: v.At.Number,
		DateCreated: core.ISO(v.Flow.CreatedAt), DateUpdated: core.ISO(v.Flow.UpdatedAt), URL: own,
		Links: map[string]string{"engagements": own + "/Engagements", "executions": own + "/Executions"}}
}

func (h handlers) fetchOldFlow(r *httpapi.Request) (httpapi.Response, error) {
	v, err := h.studio.FetchFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showOldFlow(r, v))
}

func (h handlers) listOldFlows(r *httpapi.Request) (httpapi.Response, error) {
	return flowsAs(h, r, showOldFlow)
}
