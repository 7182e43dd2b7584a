package rest

import (
	"net/netip"
	"slices"
	"time"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/ratelimit"
)

// Widget says how the chat widget's visitors come in.
type Widget struct {
	// Origins are those of the sites whose pages may open the widget, beside this server's own; "*" is any.
	Origins []string
	// PerAddress bounds the requests of visitors from one client address, PerFlow their new chats in one flow, both per minute; 0 is no
	// limit.
	PerAddress, PerFlow int
	TokenTTL            time.Duration // 0 is 12 hours
}

// door is where visitors come in without an invitation. What it remembers is this node's: with several, each lets as many in.
type door struct {
	origins   []string
	clientIP  func(*httpapi.Request) netip.Addr
	now       func() time.Time
	addresses *ratelimit.Keyed[netip.Addr]
	flows     *ratelimit.Keyed[string]
}

func newDoor(o Options) *door {
	return &door{origins: o.Widget.Origins, now: o.Now, clientIP: func(r *httpapi.Request) netip.Addr { return o.ClientIP(r.Request) },
		addresses: ratelimit.NewKeyed[netip.Addr](o.Widget.PerAddress), flows: ratelimit.NewKeyed[string](o.Widget.PerFlow)}
}

// admit checks where a visitor's page is from, and that not too many come from there. Who sends no origin is no browser, and could send
// any; the limits hold for it all the same.
func (d *door) admit(r *httpapi.Request) error {
	origin := r.Header.Get("Origin")
	own := r.Base.Scheme + "://" + r.Base.Host
	if origin != "" && origin != own && !slices.Contains(d.origins, origin) && !slices.Contains(d.origins, "*") {
		return core.Ef(core.CodeFlexForbidden, "Pages of %.128q may not open this chat widget; the server's setting widget-origins names those that may", origin)
	}
	if ok, wait := d.addresses.Allow(ratelimit.Source(d.clientIP(r)), d.now()); !ok {
		return core.Ef(core.CodeTooManyRequests, "Too many chats are opened from your network; try again later").RetryAfter(wait)
	}
	return nil
}

// admitTo checks that not too many open a chat in a flow.
func (d *door) admitTo(flowSID string) error {
	if ok, wait := d.flows.Allow(flowSID, d.now()); !ok {
		return core.Ef(core.CodeTooManyRequests, "Too many chats are opened at the moment; try again later").RetryAfter(wait)
	}
	return nil
}
