package rest

import (
	"net/http"
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
	rt.Handle("api", "GET /2010-04-01/Accounts/{Sid}", httpapi.Owner, a.fetchAccount)
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

// account checks that the path's account is the caller's: another account is not there.
func account(r *httpapi.Request) (string, error) {
	if r.Path("AccountSid") != r.Caller.AccountSID {
		return "", notFound(r)
	}
	return r.Caller.AccountSID, nil
}

// key reads account and key of the path. The 2010 API wants ".json" behind a SID.
func key(r *httpapi.Request) (accountSID, sid string, err error) {
	sid, ok := strings.CutSuffix(r.Path("Sid"), ".json")
	if !ok || !core.IsSID("SK", sid) {
		return "", "", notFound(r)
	}
	accountSID, err = account(r)
	return accountSID, sid, err
}

func notFound(r *httpapi.Request) error {
	return core.Ef(core.CodeNotFound, "The requested resource %s was not found", r.URL.Path)
}

func (a *api) create(r *httpapi.Request) (httpapi.Response, error) {
	acct, err := account(r)
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
	acct, sid, err := key(r)
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
	acct, sid, err := key(r)
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
	acct, sid, err := key(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := a.id.DeleteKey(r.Context(), acct, sid); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

// list answers the keys of an account in the order of their SIDs; the page token is "PT" and the last SID of the page.
func (a *api) list(key string) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		acct, err := account(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		p := r.Page()
		after := strings.TrimPrefix(p.Token, "PT")
		if after != "" && !core.IsSID("SK", after) {
			r.Fault(core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave"))
		}
		if err := r.Err(); err != nil {
			return httpapi.Response{}, err
		}
		keys, err := a.id.ListKeys(r.Context(), acct, after, p.Size+1)
		if err != nil {
			return httpapi.Response{}, err
		}
		next := ""
		if len(keys) > p.Size {
			keys = keys[:p.Size]
			next = "PT" + keys[p.Size-1].SID
		}
		views := make([]keyView, len(keys))
		for i, k := range keys {
			views[i] = view(k)
		}
		return httpapi.LegacyListing(r, key, p, views, next)
	}
}

// fetchAccount answers the caller's own account, which is how many programs check their credentials.
func (a *api) fetchAccount(r *httpapi.Request) (httpapi.Response, error) {
	sid, ok := strings.CutSuffix(r.Path("Sid"), ".json")
	if !ok || sid != r.Caller.AccountSID {
		return httpapi.Response{}, notFound(r)
	}
	acct, err := a.id.FetchAccount(r.Context(), sid)
	if err != nil {
		return httpapi.Response{}, err
	}
	base := "/2010-04-01/Accounts/" + sid
	return httpapi.Response{Status: http.StatusOK, Body: map[string]any{
		"sid": sid, "owner_account_sid": sid, "friendly_name": acct.FriendlyName, "status": acct.Status, "type": "Full",
		"auth_token": acct.AuthToken, "date_created": core.RFC2822(acct.CreatedAt), "date_updated": core.RFC2822(acct.UpdatedAt),
		"uri":              base + ".json",
		"subresource_uris": map[string]string{"keys": base + "/Keys.json", "signing_keys": base + "/SigningKeys.json"},
	}}, nil
}
