package rest

import (
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
)

// api answers for one identity.
type api struct{ id *identity.Identity }

// Routes adds the routes. Keys and signing keys are the same keys under two names.
func Routes(rt *httpapi.Router, id *identity.Identity) {
	a := &api{id}
	for resource, key := range map[string]string{"Keys": "keys", "SigningKeys": "signing_keys"} {
		list := "/2010-04-01/Accounts/{AccountSid}/" + resource + ".json"
		one := "/2010-04-01/Accounts/{AccountSid}/" + resource + "/{Sid}"
		rt.Handle("api", "GET "+list, httpapi.Owner, a.list(key))
		rt.Handle("api", "POST "+list, httpapi.Owner, a.create)
		rt.Handle("api", "GET "+one, httpapi.Owner, a.fetch)
		rt.Handle("api", "POST "+one, httpapi.Owner, a.update)
		rt.Handle("api", "DELETE "+one, httpapi.Owner, a.remove)
	}
	rt.Handle("api", "GET /2010-04-01/Accounts.json", httpapi.Owner, a.listAccounts)
	rt.Handle("api", "POST /2010-04-01/Accounts.json", httpapi.Owner, a.createAccount)
	rt.Handle("api", "GET /2010-04-01/Accounts/{Sid}", httpapi.Owner, a.fetchAccount)
	rt.Handle("api", "POST /2010-04-01/Accounts/{Sid}", httpapi.Owner, a.updateAccount)
	rt.Handle("api", "POST /2010-04-01/Accounts/{AccountSid}/Tokens.json", httpapi.Account, a.createRelayToken)

	rt.Handle("iam", "GET /v1/Keys", httpapi.Owner, a.listIAMKeys)
	rt.Handle("iam", "POST /v1/Keys", httpapi.Owner, a.createIAMKey)
	rt.Handle("iam", "GET /v1/Keys/{Sid}", httpapi.Owner, a.fetchIAMKey)
	rt.Handle("iam", "POST /v1/Keys/{Sid}", httpapi.Owner, a.updateIAMKey)
	rt.Handle("iam", "DELETE /v1/Keys/{Sid}", httpapi.Owner, a.removeIAMKey)

	rt.Handle("accounts", "POST /v1/AuthTokens/Secondary", httpapi.Owner, a.createSecondary)
	rt.Handle("accounts", "DELETE /v1/AuthTokens/Secondary", httpapi.Owner, a.deleteSecondary)
	rt.Handle("accounts", "POST /v1/AuthTokens/Promote", httpapi.Owner, a.promote)
}

// keyView is a key as answers show it.
type keyView struct {
	SID          string `json:"sid"`
	FriendlyName string `json:"friendly_name"`
	Created      string `json:"date_created"`
	Updated      string `json:"date_updated"`
	Secret       string `json:"secret,omitempty"`
}

func view(k *identity.Key) keyView {
	return keyView{SID: k.SID, FriendlyName: k.FriendlyName, Created: core.RFC2822(k.CreatedAt), Updated: core.RFC2822(k.UpdatedAt)}
}

// account checks that the path's account is the caller's or a subaccount of it: another account is not there.
func (a *api) account(r *httpapi.Request) (string, error) {
	sid := r.Path("AccountSid")
	owns, err := a.id.Owns(r.Context(), r.Caller.AccountSID, sid)
	if err == nil && !owns {
		err = notFound(r)
	}
	return sid, err
}

// key reads account and key of the path. The 2010 API wants ".json" behind a SID.
func (a *api) key(r *httpapi.Request) (accountSID, sid string, err error) {
	sid, ok := strings.CutSuffix(r.Path("Sid"), ".json")
	if !ok || !core.IsSID("SK", sid) {
		return "", "", notFound(r)
	}
	accountSID, err = a.account(r)
	return accountSID, sid, err
}

func notFound(r *httpapi.Request) error {
	return core.Ef(core.CodeNotFound, "The requested resource %s was not found", r.URL.Path)
}

func (a *api) create(r *httpapi.Request) (httpapi.Response, error) {
	acct, err := a.account(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	name := r.Text("FriendlyName")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	k, err := a.id.CreateKey(r.Context(), acct, name)
	if err != nil {
		return httpapi.Response{}, err
	}
	v := view(k)
	v.Secret = k.Secret
	return httpapi.Created(v)
}

func (a *api) fetch(r *httpapi.Request) (httpapi.Response, error) {
	acct, sid, err := a.key(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	k, err := a.id.FetchKey(r.Context(), acct, sid)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(view(k))
}

func (a *api) update(r *httpapi.Request) (httpapi.Response, error) {
	acct, sid, err := a.key(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	name := r.Str("FriendlyName")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	k, err := a.id.UpdateKey(r.Context(), acct, sid, name)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(view(k))
}

func (a *api) remove(r *httpapi.Request) (httpapi.Response, error) {
	acct, sid, err := a.key(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := a.id.DeleteKey(r.Context(), acct, sid); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

// after is the SID behind which a page begins: the page token is "PT" and the last SID of the page before.
func after(r *httpapi.Request, p httpapi.Page, prefix string) string {
	sid := p.After()
	if sid != "" && !core.IsSID(prefix, sid) {
		r.Fault(core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave"))
	}
	return sid
}

// cut ends rows, read with a limit of one more, at the page, and gives the next page's token.
func cut[T any](rows []T, p httpapi.Page, sid func(T) string) ([]T, string) {
	if len(rows) <= p.Size {
		return rows, ""
	}
	return rows[:p.Size], "PT" + sid(rows[p.Size-1])
}

// list answers the keys of an account in the order of their SIDs.
func (a *api) list(key string) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		acct, err := a.account(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		p := r.Page()
		after := after(r, p, "SK")
		if err := r.Err(); err != nil {
			return httpapi.Response{}, err
		}
		keys, err := a.id.ListKeys(r.Context(), acct, after, p.Size+1)
		if err != nil {
			return httpapi.Response{}, err
		}
		keys, next := cut(keys, p, func(k *identity.Key) string { return k.SID })
		views := make([]keyView, len(keys))
		for i, k := range keys {
			views[i] = view(k)
		}
		return httpapi.LegacyListing(r, key, p, views, next)
	}
}
