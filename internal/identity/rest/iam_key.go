package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
)

// The keys of the iam product: those of the 2010 API in a newer dress. Only a fetched, changed or made key has a policy, only a listed one
// has flags; and what a policy would restrict is not told apart here, so that every key is a standard one.

// iamKey is iam.v1.key and, with its secret, iam.v1.new_key.
type iamKey struct {
	keyView
	Policy *struct{} `json:"policy"`
}

// iamListed is iam.v1.get_keys.
type iamListed struct {
	keyView
	Flags []string `json:"flags"`
}

// noPolicy refuses what would make a key that may do more than its maker asked for.
func noPolicy(r *httpapi.Request) {
	if r.Text("KeyType") != "" {
		r.Fault(core.Ef(core.CodeInvalidKeyType, "Restricted keys are not supported here; leave KeyType out for a standard key"))
	}
	if r.Text("Policy") != "" {
		r.Fault(core.Ef(core.CodeKeyValidation, "Restricted keys are not supported here, so a key cannot have a Policy"))
	}
}

func (a *api) createIAMKey(r *httpapi.Request) (httpapi.Response, error) {
	account, name := a.named(r), r.Text("FriendlyName")
	noPolicy(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	k, err := a.id.CreateKey(r.Context(), account, name)
	if err != nil {
		return httpapi.Response{}, err
	}
	v := iamKey{keyView: view(k)}
	v.Secret = k.Secret
	return httpapi.Created(v)
}

// named is the account that the parameter AccountSid names: the caller's own or a subaccount.
func (a *api) named(r *httpapi.Request) string {
	sid := r.Required("AccountSid", core.CodeInvalidParameter)
	if r.Err() != nil {
		return ""
	}
	owns, err := a.id.Owns(r.Context(), r.Caller.AccountSID, sid)
	if err == nil && !owns {
		err = notFound(r)
	}
	if err != nil {
		r.Fault(err)
	}
	return sid
}

func (a *api) listIAMKeys(r *httpapi.Request) (httpapi.Response, error) {
	p := r.Page()
	after, account := after(r, p, "SK"), a.named(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	keys, err := a.id.ListKeys(r.Context(), account, after, p.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, "iam", "keys", p, keys, func(k *identity.Key) string { return k.SID },
		func(_ *httpapi.Request, k *identity.Key) iamListed {
			return iamListed{view(k), []string{"rest_api", "signing"}}
		})
}

// ofKey runs work with the account of the key that the path names, which must be the caller's or a subaccount's.
func (a *api) ofKey(r *httpapi.Request, work func(account, sid string) (httpapi.Response, error)) (httpapi.Response, error) {
	sid := r.Path("Sid")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if !core.IsSID("SK", sid) {
		return httpapi.Response{}, notFound(r)
	}
	account, err := a.id.AccountOfKey(r.Context(), r.Caller.AccountSID, sid)
	if err != nil {
		return httpapi.Response{}, err
	}
	return work(account, sid)
}

func (a *api) fetchIAMKey(r *httpapi.Request) (httpapi.Response, error) {
	return a.ofKey(r, func(account, sid string) (httpapi.Response, error) {
		k, err := a.id.FetchKey(r.Context(), account, sid)
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(iamKey{keyView: view(k)})
	})
}

func (a *api) updateIAMKey(r *httpapi.Request) (httpapi.Response, error) {
	name := r.Str("FriendlyName")
	noPolicy(r)
	return a.ofKey(r, func(account, sid string) (httpapi.Response, error) {
		k, err := a.id.UpdateKey(r.Context(), account, sid, name)
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(iamKey{keyView: view(k)})
	})
}

func (a *api) removeIAMKey(r *httpapi.Request) (httpapi.Response, error) {
	return a.ofKey(r, func(account, sid string) (httpapi.Response, error) {
		if err := a.id.DeleteKey(r.Context(), account, sid); err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.NoContent()
	})
}
