package rest

import (
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
)

// accountView is api.v2010.account.
type accountView struct {
	SID          string            `json:"sid"`
	OwnerSID     string            `json:"owner_account_sid"`
	FriendlyName string            `json:"friendly_name"`
	Status       string            `json:"status"`
	Type         string            `json:"type"`
	AuthToken    string            `json:"auth_token"`
	Created      string            `json:"date_created"`
	Updated      string            `json:"date_updated"`
	URI          string            `json:"uri"`
	Subresources map[string]string `json:"subresource_uris"`
}

func showAccount(a *identity.Account) accountView {
	base := "/2010-04-01/Accounts/" + a.SID
	v := accountView{
		SID: a.SID, OwnerSID: a.OwnerSID, FriendlyName: a.FriendlyName, Status: a.Status, Type: "Full", AuthToken: a.AuthToken,
		Created: core.RFC2822(a.CreatedAt), Updated: core.RFC2822(a.UpdatedAt), URI: base + ".json",
		Subresources: map[string]string{"keys": base + "/Keys.json", "signing_keys": base + "/SigningKeys.json"},
	}
	if v.OwnerSID == "" {
		v.OwnerSID = a.SID
	}
	return v
}

// accountSID is the SID that the path names. The 2010 API wants ".json" behind it.
func accountSID(r *httpapi.Request) (string, error) {
	sid, ok := strings.CutSuffix(r.Path("Sid"), ".json")
	if !ok || !core.IsSID("AC", sid) {
		return "", notFound(r)
	}
	return sid, nil
}

// fetchAccount answers the caller's own account, which is how many programs check their credentials, or a subaccount.
func (a *api) fetchAccount(r *httpapi.Request) (httpapi.Response, error) {
	sid, err := accountSID(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	x, err := a.id.FetchOwned(r.Context(), r.Caller.AccountSID, sid)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showAccount(x))
}

func (a *api) updateAccount(r *httpapi.Request) (httpapi.Response, error) {
	sid, err := accountSID(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	patch := identity.AccountPatch{FriendlyName: r.Str("FriendlyName"), Status: status(r)}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	x, err := a.id.UpdateAccount(r.Context(), r.Caller.AccountSID, sid, patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showAccount(x))
}

func status(r *httpapi.Request) *string {
	return r.Enum("Status", core.CodeInvalidParameter, identity.StatusActive, identity.StatusSuspended, identity.StatusClosed)
}

func (a *api) createAccount(r *httpapi.Request) (httpapi.Response, error) {
	name := r.Text("FriendlyName")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	x, err := a.id.CreateSubaccount(r.Context(), r.Caller.AccountSID, name)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showAccount(x))
}

// listAccounts answers the caller's account and its subaccounts in the order of their SIDs.
func (a *api) listAccounts(r *httpapi.Request) (httpapi.Response, error) {
	p, filter := r.Page(), identity.AccountFilter{FriendlyName: r.Text("FriendlyName")}
	if s := status(r); s != nil {
		filter.Status = *s
	}
	after := after(r, p, "AC")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	all, err := a.id.ListOwned(r.Context(), r.Caller.AccountSID, filter, after, p.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	all, next := cut(all, p, func(x *identity.Account) string { return x.SID })
	views := make([]accountView, len(all))
	for i, x := range all {
		views[i] = showAccount(x)
	}
	return httpapi.LegacyListing(r, "accounts", p, views, next)
}
