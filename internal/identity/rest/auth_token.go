package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
)

// tokenView is accounts.v1.secondary_auth_token, or accounts.v1.auth_token_promotion: each shows the token that it is about.
type tokenView struct {
	AccountSID string  `json:"account_sid"`
	Created    string  `json:"date_created"`
	Updated    string  `json:"date_updated"`
	Secondary  *string `json:"secondary_auth_token,omitempty"`
	Primary    string  `json:"auth_token,omitempty"`
	URL        string  `json:"url"`
}

func showToken(r *httpapi.Request, a *identity.Account, path string) tokenView {
	return tokenView{AccountSID: a.SID, Created: core.ISO(a.CreatedAt), Updated: core.ISO(a.UpdatedAt), URL: r.Base.URL("accounts", path)}
}

func (a *api) createSecondary(r *httpapi.Request) (httpapi.Response, error) {
	x, err := a.id.CreateSecondaryToken(r.Context(), r.Caller.AccountSID)
	if err != nil {
		return httpapi.Response{}, err
	}
	v := showToken(r, x, "/v1/AuthTokens/Secondary")
	v.Secondary = x.SecondaryToken
	return httpapi.Created(v)
}

func (a *api) deleteSecondary(r *httpapi.Request) (httpapi.Response, error) {
	if err := a.id.DeleteSecondaryToken(r.Context(), r.Caller.AccountSID); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (a *api) promote(r *httpapi.Request) (httpapi.Response, error) {
	x, err := a.id.PromoteToken(r.Context(), r.Caller.AccountSID)
	if err != nil {
		return httpapi.Response{}, err
	}
	v := showToken(r, x, "/v1/AuthTokens/Promote")
	v.Primary = x.AuthToken
	return httpapi.OK(v)
}
