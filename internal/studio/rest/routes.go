package rest

import (
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/studio"
)

const product = "studio"

// fault is the code of parameters that cannot be read.
const fault = core.CodeTaskRouterInvalid

// Routes mounts the resources. auth says who brings a message to a flow's webhook_url.
func Routes(rt *httpapi.Router, s *studio.Studio, auth httpapi.Authenticator) {
	h := handlers{s}
	h.flowRoutes(rt)
	h.executionRoutes(rt, version{"/v2", "Executions", "execution", h.createExecution})
	h.executionRoutes(rt, version{"/v1", "Executions", "execution", h.ensureExecution})
	h.executionRoutes(rt, version{"/v1", "Engagements", "engagement", h.ensureExecution})
	h.extensionRoutes(rt)
	rt.HandleRaw("webhooks", "POST /v1/Accounts/{AccountSid}/Flows/{FlowSid}", httpapi.Public, &inbound{studio: s, auth: auth})
}

type handlers struct{ studio *studio.Studio }

// address is the URL of something of Studio's; the parts are joined by slashes.
func address(r *httpapi.Request, parts ...string) string {
	return r.Base.URL(product, strings.Join(parts, "/"))
}
