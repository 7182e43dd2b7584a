package rest

import (
	"context"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/studio"
)

const product = "studio"

// fault is the code of parameters that cannot be read.
const fault = core.CodeTaskRouterInvalid

// Options of Routes.
type Options struct {
	// Auth says who brings a message to a flow's webhook_url.
	Auth httpapi.Authenticator
	// Admit refuses the access tokens of those who may not look at flows; nil refuses all.
	Admit func(ctx context.Context, t *identity.Token) error
}

// Routes mounts the resources.
func Routes(rt *httpapi.Router, s *studio.Studio, o Options) {
	h := handlers{s, o.Admit}
	h.flowRoutes(rt)
	h.executionRoutes(rt, version{"/v2", "Executions", "execution", h.createExecution})
	h.executionRoutes(rt, version{"/v1", "Executions", "execution", h.ensureExecution})
	h.executionRoutes(rt, version{"/v1", "Engagements", "engagement", h.ensureExecution})
	h.extensionRoutes(rt)
	rt.HandleRaw("webhooks", "POST /v1/Accounts/{AccountSid}/Flows/{FlowSid}", httpapi.Public, &inbound{studio: s, auth: o.Auth})
}

type handlers struct {
	studio *studio.Studio
	admit  func(ctx context.Context, t *identity.Token) error
}

// watched mounts what the page of flows asks for: beside the account's credentials, the token of somebody who may look at flows opens it.
func (h handlers) watched(rt *httpapi.Router, pattern string, serve httpapi.Handler) {
	rt.Handle(product, pattern, httpapi.AccountOrToken, func(r *httpapi.Request) (httpapi.Response, error) {
		if r.Caller.Token == nil {
			return serve(r)
		}
		if h.admit == nil {
			return httpapi.Response{}, core.E(core.CodeForbidden)
		}
		if err := h.admit(r.Context(), r.Caller.Token); err != nil {
			return httpapi.Response{}, err
		}
		return serve(r)
	})
}

// address is the URL of something of Studio's; the parts are joined by slashes.
func address(r *httpapi.Request, parts ...string) string {
	return r.Base.URL(product, strings.Join(parts, "/"))
}
