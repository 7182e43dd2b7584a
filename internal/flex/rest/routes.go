package rest

import (
	"net/http"
	"net/netip"
	"time"

	"parley/internal/flex"
	"parley/internal/flex/plugin"
	"parley/internal/httpapi"
)

// The products under whose names Flex's pages ask.
const (
	product        = "flex-api"
	productDesk    = "flex"
	productTokens  = "iam"
	productWorkers = "preview"
)

// Options of New.
type Options struct {
	Widget Widget
	// ClientIP is the address of the client itself, behind proxies.
	ClientIP func(*http.Request) netip.Addr
	// Plugins are the scripts that the desktop loads.
	Plugins func() []plugin.Plugin
	Version string // of the server
	Now     func() time.Time
}

// API serves the Flex API and what Flex's pages ask for.
type API struct {
	flex   *flex.Flex
	opt    Options
	door   *door
	router *httpapi.Router
}

// New makes the API over the use cases.
func New(x *flex.Flex, o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ClientIP == nil {
		o.ClientIP = func(r *http.Request) netip.Addr {
			at, _ := netip.ParseAddrPort(r.RemoteAddr) // none is an address too
			return at.Addr()
		}
	}
	if o.Plugins == nil {
		o.Plugins = func() []plugin.Plugin { return nil }
	}
	return &API{flex: x, opt: o, door: newDoor(o)}
}

// Routes mounts the resources.
func (h *API) Routes(rt *httpapi.Router) {
	h.router = rt
	rt.Handle(product, "GET /v1/FlexFlows", httpapi.Account, h.listFlows)
	rt.Handle(product, "POST /v1/FlexFlows", httpapi.Account, h.createFlow)
	rt.Handle(product, "GET /v1/FlexFlows/{Sid}", httpapi.Account, h.fetchFlow)
	rt.Handle(product, "POST /v1/FlexFlows/{Sid}", httpapi.Account, h.updateFlow)
	rt.Handle(product, "DELETE /v1/FlexFlows/{Sid}", httpapi.Account, h.deleteFlow)
	rt.Handle(product, "GET /v1/Channels", httpapi.Account, h.listChannels)
	rt.Handle(product, "POST /v1/Channels", httpapi.Account, h.createChannel)
	rt.Handle(product, "GET /v1/Channels/{Sid}", httpapi.Account, h.fetchChannel)
	rt.Handle(product, "DELETE /v1/Channels/{Sid}", httpapi.Account, h.deleteChannel)
	rt.Handle(product, "POST /v1/Channels/{Sid}/Roles/{Role}/Users", httpapi.AccountOrToken, h.addUser)
	rt.Handle(product, "GET /v1/WebChannels", httpapi.Account, h.listWebChannels)
	rt.Handle(product, "POST /v1/WebChannels", httpapi.AccountOrToken, h.createWebChannel)
	rt.Handle(product, "GET /v1/WebChannels/{Sid}", httpapi.Account, h.fetchWebChannel)
	rt.Handle(product, "POST /v1/WebChannels/{Sid}", httpapi.Account, h.updateWebChannel)
	rt.Handle(product, "DELETE /v1/WebChannels/{Sid}", httpapi.Account, h.deleteWebChannel)
	rt.Handle(product, "GET /v1/Configuration", httpapi.AccountOrToken, h.fetchConfiguration)
	rt.Handle(product, "POST /v1/Configuration", httpapi.AccountOrToken, h.updateConfiguration)
	rt.Handle(product, "GET /v1/Configuration/Public", httpapi.Public, h.publicConfiguration)
	rt.Handle(product, "GET /v1/account/provision/status", httpapi.Account, h.provisioning)
	rt.Handle(productTokens, "POST /v1/Accounts/{AccountSid}/Tokens", httpapi.Public, h.newVisitor)
	rt.Handle(productDesk, "GET /api/v1/Session", httpapi.Token, h.session)
	rt.Handle(productDesk, "GET /plugins", httpapi.Token, h.plugins)
	rt.Handle(productWorkers, "POST /Flex/Worker/Instance", httpapi.Token, h.changeWorker)
	rt.Handle(httpapi.Socket, "POST /v1/Telemetry/Events", httpapi.Token, telemetry)
}
