// Package rest serves the Proxy API, version 1 (rest-semantics §1.3), and the two addresses at which transports bring messages and report
// what became of others (docs/proxy.md).
package rest

import (
	"context"
	"log/slog"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
)

const (
	product = "proxy"
	root    = "/v1/Services"
	session = root + "/{ServiceSid}/Sessions/{SessionSid}"
)

// fault is the code of parameters that cannot be read.
const fault = core.CodeProxyInvalid

// Options of New.
type Options struct {
	// Auth checks the credentials of a transport.
	Auth httpapi.Authenticator
	// AuthToken is the key by which a transport of an account signs.
	AuthToken func(ctx context.Context, accountSID string) (string, error)
	Log       *slog.Logger
}

type handlers struct {
	proxy *proxy.Proxy
	Options
}

// Routes mounts the resources.
func Routes(rt *httpapi.Router, p *proxy.Proxy, o Options) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := handlers{p, o}
	rt.Handle(product, "GET "+root, httpapi.Account, h.listServices)
	rt.Handle(product, "POST "+root, httpapi.Account, h.createService)
	rt.Handle(product, "GET "+root+"/{Sid}", httpapi.Account, h.fetchService)
	rt.Handle(product, "POST "+root+"/{Sid}", httpapi.Account, h.updateService)
	rt.Handle(product, "DELETE "+root+"/{Sid}", httpapi.Account, h.deleteService)

	const pool = root + "/{ServiceSid}/PhoneNumbers"
	rt.Handle(product, "GET "+pool, httpapi.Account, h.listNumbers)
	rt.Handle(product, "POST "+pool, httpapi.Account, h.addNumber)
	rt.Handle(product, "GET "+pool+"/{Sid}", httpapi.Account, h.fetchNumber)
	rt.Handle(product, "POST "+pool+"/{Sid}", httpapi.Account, h.updateNumber)
	rt.Handle(product, "DELETE "+pool+"/{Sid}", httpapi.Account, h.deleteNumber)

	rt.Handle(product, "GET "+root+"/{ServiceSid}/Sessions", httpapi.Account, h.listSessions)
	rt.Handle(product, "POST "+root+"/{ServiceSid}/Sessions", httpapi.Account, h.createSession)
	rt.Handle(product, "GET "+session, httpapi.Account, h.fetchSession)
	rt.Handle(product, "POST "+session, httpapi.Account, h.updateSession)
	rt.Handle(product, "DELETE "+session, httpapi.Account, h.deleteSession)

	const people = session + "/Participants"
	rt.Handle(product, "GET "+people, httpapi.Account, h.listParticipants)
	rt.Handle(product, "POST "+people, httpapi.Account, h.addParticipant)
	rt.Handle(product, "GET "+people+"/{Sid}", httpapi.Account, h.fetchParticipant)
	rt.Handle(product, "DELETE "+people+"/{Sid}", httpapi.Account, h.deleteParticipant)

	rt.Handle(product, "GET "+session+"/Interactions", httpapi.Account, h.listInteractions)
	rt.Handle(product, "GET "+session+"/Interactions/{Sid}", httpapi.Account, h.fetchInteraction)
	rt.Handle(product, "DELETE "+session+"/Interactions/{Sid}", httpapi.Account, h.deleteInteraction)

	const messages = people + "/{ParticipantSid}/MessageInteractions"
	rt.Handle(product, "GET "+messages, httpapi.Account, h.listMessages)
	rt.Handle(product, "POST "+messages, httpapi.Account, h.sendMessage)
	rt.Handle(product, "GET "+messages+"/{Sid}", httpapi.Account, h.fetchMessage)

	rt.Handle(product, "POST "+transportPath, httpapi.Public, h.receive)
	rt.Handle(product, "POST "+transportPath+"/{MessageSid}", httpapi.Public, h.report)
}

// at is the address of an object of this API.
func at(r *httpapi.Request, path string) string { return r.Base.URL(product, root+path) }

// date writes a time that may be missing.
func date(us *int64) *string {
	if us == nil {
		return nil
	}
	s := core.ISO(*us)
	return &s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
