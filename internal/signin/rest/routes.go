package rest

import (
	"net/http"
	"net/netip"
	"slices"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/signin"
)

// The products that have the routes, as the desktop addresses them.
const (
	productLogin    = "preview"
	productToken    = "iam"
	productPassword = "flex-api"
)

// Options of Routes.
type Options struct {
	SignIn *signin.SignIn
	// Origins are those of other sites whose pages host the desktop, beside the pages of this server.
	Origins []string
	// Demo names the workers that anybody may sign in as; nil outside demo mode.
	Demo []string
	// ClientIP is the address of the client itself, behind proxies.
	ClientIP func(*http.Request) netip.Addr
	// RefreshVisitor renews the token of a visitor's widget, which asks at the same place; nil refuses.
	RefreshVisitor func(r *httpapi.Request, token string) (httpapi.Response, error)
}

type handlers struct{ Options }

// Routes mounts the way in.
func Routes(rt *httpapi.Router, o Options) {
	h := handlers{o}
	rt.Handle(productLogin, "POST /iam/Accounts/{AccountSid}/authenticate", httpapi.Public, h.authenticate)
	rt.HandleRaw(productLogin, "GET /iam/login", httpapi.Public, h.page(asked, h.showLogin))
	rt.HandleRaw(productLogin, "POST /iam/login", httpapi.Public, h.page(asked, h.login))
	if o.SignIn.HasProvider() {
		rt.HandleRaw(productLogin, "GET /iam/oidc/start", httpapi.Public, h.page(asked, h.startOIDC))
		rt.HandleRaw(productLogin, "GET /iam/oidc/callback", httpapi.Public, h.page(remembered, h.finishOIDC))
	}
	rt.Handle(productToken, "POST /v1/Accounts/{AccountSid}/Tokens/validate", httpapi.Public, h.validate)
	rt.Handle(productToken, "POST /v1/Accounts/{AccountSid}/Tokens/refresh", httpapi.Public, h.refresh)
	rt.Handle(productToken, "POST /v1/Accounts/{AccountSid}/Tokens/revoke", httpapi.Public, h.revoke)
	rt.Handle(productPassword, "POST /v1/Parley/Workers/{WorkerSid}/Password", httpapi.Account, h.setPassword)
	rt.Handle(productPassword, "DELETE /v1/Parley/Workers/{WorkerSid}/Password", httpapi.Account, h.removePassword)
}

// known refuses accounts other than the one whose workers sign in here.
func (h handlers) known(accountSID string) error {
	if accountSID != h.SignIn.AccountSID {
		return core.Ef(core.CodeNotFound, "The requested resource was not found: account %.34q has no sign-in here", accountSID)
	}
	return nil
}

// origins are those to which a token may go, for a request that came by base.
func (h handlers) origins(base httpapi.Base) []string {
	return append(slices.Clone(h.Origins), base.Scheme+"://"+base.Host)
}
