// Package rest serves the push credentials of Programmable Chat, version 2 (rest-semantics §1.1). They belong to the account, and their
// secrets are never shown.
package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/push"
)

const (
	product = "chat"
	path    = "/v2/Credentials"
)

// Routes mounts the resource.
func Routes(rt *httpapi.Router, p *push.Push) {
	h := handlers{p}
	rt.Handle(product, "GET "+path, httpapi.Account, h.list)
	rt.Handle(product, "POST "+path, httpapi.Account, h.create)
	rt.Handle(product, "GET "+path+"/{Sid}", httpapi.Account, h.fetch)
	rt.Handle(product, "POST "+path+"/{Sid}", httpapi.Account, h.update)
	rt.Handle(product, "DELETE "+path+"/{Sid}", httpapi.Account, h.remove)
}

type handlers struct{ push *push.Push }

// credential is chat.v2.credential. Sandbox is a word, as published.
type credential struct {
	SID          string `json:"sid"`
	AccountSID   string `json:"account_sid"`
	FriendlyName string `json:"friendly_name"`
	Type         string `json:"type"`
	Sandbox      string `json:"sandbox"`
	DateCreated  string `json:"date_created"`
	DateUpdated  string `json:"date_updated"`
	URL          string `json:"url"`
}

func show(r *httpapi.Request, c *push.Credential) credential {
	sandbox := "False"
	if c.Sandbox {
		sandbox = "True"
	}
	return credential{SID: c.SID, AccountSID: c.AccountSID, FriendlyName: c.FriendlyName, Type: c.Type, Sandbox: sandbox,
		DateCreated: core.ISO(c.CreatedAt), DateUpdated: core.ISO(c.UpdatedAt), URL: r.Base.URL(product, path+"/"+c.SID)}
}

func patch(r *httpapi.Request) push.Patch {
	return push.Patch{FriendlyName: r.Str("FriendlyName"), Sandbox: r.Bool("Sandbox"), Certificate: r.Str("Certificate"),
		PrivateKey: r.Str("PrivateKey"), APIKey: r.Str("ApiKey"), Secret: r.Str("Secret")}
}

func (h handlers) create(r *httpapi.Request) (httpapi.Response, error) {
	kind, in := r.Required("Type", core.CodeInvalidParameter), patch(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.push.CreateCredential(r.Context(), r.Caller.AccountSID, kind, in)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(show(r, c))
}

func (h handlers) list(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	after := page.After()
	if after != "" && !core.IsSID("CR", after) {
		r.Fault(core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave"))
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	rows, err := h.push.ListCredentials(r.Context(), r.Caller.AccountSID, after, page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "credentials", page, rows, func(c *push.Credential) string { return c.SID }, show)
}

func (h handlers) fetch(r *httpapi.Request) (httpapi.Response, error) {
	c, err := h.push.FetchCredential(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(show(r, c))
}

func (h handlers) update(r *httpapi.Request) (httpapi.Response, error) {
	in := patch(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.push.UpdateCredential(r.Context(), r.Caller.AccountSID, r.Path("Sid"), in)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(show(r, c))
}

func (h handlers) remove(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.push.DeleteCredential(r.Context(), r.Caller.AccountSID, r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}
