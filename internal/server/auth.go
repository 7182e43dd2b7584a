package server

import (
	"context"

	"parley/internal/httpapi"
	"parley/internal/identity"
)

// authenticator lets the router ask identity.
type authenticator struct{ id *identity.Identity }

// Basic implements httpapi.Authenticator. A main key may do what the auth token may, so it is shown as such.
func (a authenticator) Basic(ctx context.Context, user, password string) (httpapi.Caller, error) {
	c, err := a.id.Basic(ctx, user, password)
	if err != nil {
		return httpapi.Caller{}, err
	}
	caller := httpapi.Caller{AccountSID: c.AccountSID, KeySID: c.KeySID}
	if c.Main {
		caller.KeySID = ""
	}
	return caller, nil
}

// Token implements httpapi.Authenticator.
func (a authenticator) Token(ctx context.Context, jwt string) (httpapi.Caller, error) {
	t, err := a.id.Verify(ctx, jwt)
	if err != nil {
		return httpapi.Caller{}, err
	}
	return httpapi.Caller{AccountSID: t.AccountSID, KeySID: t.KeySID, Token: t}, nil
}
