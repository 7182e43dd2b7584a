// Package rest shows the failed webhook calls of an account and replays them. It is an extension of ours: the hosted service had a debugger
// in its place (docs/webhooks.md).
package rest

import (
	"parley/internal/core"
	"parley/internal/delivery"
	"parley/internal/httpapi"
)

const (
	product = "monitor"
	path    = "/v1/WebhookFailures"
)

// Routes mounts the resource.
func Routes(rt *httpapi.Router, d *delivery.Deliveries) {
	h := handlers{d}
	rt.Handle(product, "GET "+path, httpapi.Account, h.list)
	rt.Handle(product, "GET "+path+"/{Sid}", httpapi.Account, h.fetch)
	rt.Handle(product, "POST "+path+"/Replay", httpapi.Account, h.replayAll)
	rt.Handle(product, "POST "+path+"/{Sid}/Replay", httpapi.Account, h.replay)
}

type handlers struct{ deliveries *delivery.Deliveries }

type failure struct {
	SID              string            `json:"sid"`
	AccountSID       string            `json:"account_sid"`
	Event            string            `json:"event_type"`
	Target           string            `json:"request_url"`
	Method           string            `json:"request_method"`
	State            string            `json:"state"`
	Failures         int64             `json:"failures"`
	Status           *int64            `json:"response_status"`
	Error            string            `json:"error"`
	IdempotencyToken string            `json:"idempotency_token"`
	DateCreated      string            `json:"date_created"`
	DateUpdated      string            `json:"date_updated"`
	URL              string            `json:"url"`
	Links            map[string]string `json:"links"`
}

func show(r *httpapi.Request, f *delivery.Failure) failure {
	url := r.Base.URL(product, path+"/"+f.SID)
	out := failure{
		SID: f.SID, AccountSID: f.AccountSID, Event: f.Event, Target: f.Target, Method: f.Method, State: f.State, Failures: f.Failures, Error: f.Error,
		IdempotencyToken: f.IdempotencyToken(), DateCreated: core.ISO(f.CreatedAt), DateUpdated: core.ISO(f.UpdatedAt), URL: url,
		Links: map[string]string{"replay": url + "/Replay"},
	}
	if f.Status != 0 {
		out.Status = &f.Status
	}
	return out
}

func (h handlers) list(r *httpapi.Request) (httpapi.Response, error) {
	page, state := r.Page(), r.Enum("State", core.CodeInvalidParameter, delivery.States()...)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	wanted := ""
	if state != nil {
		wanted = *state
	}
	rows, err := h.deliveries.List(r.Context(), r.Caller.AccountSID, wanted, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "failures", page, rows, func(f *delivery.Failure) string { return f.SID }, show)
}

func (h handlers) fetch(r *httpapi.Request) (httpapi.Response, error) {
	f, err := h.deliveries.Fetch(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(show(r, f))
}

func (h handlers) replay(r *httpapi.Request) (httpapi.Response, error) {
	f, err := h.deliveries.Replay(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(show(r, f))
}

func (h handlers) replayAll(r *httpapi.Request) (httpapi.Response, error) {
	n, err := h.deliveries.ReplayAll(r.Context(), r.Caller.AccountSID)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(map[string]int{"replayed": n})
}
