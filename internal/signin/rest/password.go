package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
)

// password tells that a worker has one, and never which.
type password struct {
	AccountSID string `json:"account_sid"`
	WorkerSID  string `json:"worker_sid"`
	URL        string `json:"url"`
}

func (h handlers) setPassword(r *httpapi.Request) (httpapi.Response, error) {
	secret, worker := r.Required("Password", core.CodeInvalidParameter), r.Path("WorkerSid")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.known(r.Caller.AccountSID); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.SignIn.SetPassword(r.Context(), worker, secret); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(password{r.Caller.AccountSID, worker, r.Base.URL(productPassword, "/v1/Parley/Workers/"+worker+"/Password")})
}

func (h handlers) removePassword(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.known(r.Caller.AccountSID); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.SignIn.RemovePassword(r.Context(), r.Path("WorkerSid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}
