package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// aliases maps the first label of a host name, or the first segment of a path, to the product that is meant (design §2.2).
var aliases = map[string]string{
	"chat": "chat", "ip-messaging": "chat", "flex-api": "flex-api", "proxy": "proxy", "taskrouter": "taskrouter", "studio": "studio",
	"sync": "sync", "iam": "iam", "accounts": "accounts", "api": "api", "mcs": "mcs", "preview": "preview", "flex": "flex", "monitor": "monitor",
	"event-bridge": "event-bridge", "tsock": "tsock",
	// Flex UI asks these too and does without their answers; as products they answer at once, and to pages of any origin.
	"status": "status", "services": "services", "webhooks": "webhooks",
}

// vendor ends the host names of the hosted products. What is asked of one that is not served here is not found, but is no page either.
const vendor = ".twilio.com"

// Base is how a client came in, so that URLs in answers lead it the same way back.
type Base struct {
	Scheme, Host string // e.g. "https", "chat.example.org:8443"
	// PathStyle: the product is the first segment of the path ("/chat/v2/…"); otherwise the first label of the host.
	PathStyle bool

	// came is the product that the request is for, and as what it was written: a product may have several names, and the client
	// that used one of them may know no other.
	came struct{ product, as string }
}

// URL returns the absolute URL of a path of a product.
func (b Base) URL(product, path string) string {
	if product == b.came.product {
		product = b.came.as
	}
	if b.PathStyle {
		return b.Scheme + "://" + b.Host + "/" + product + path
	}
	_, rest, _ := strings.Cut(b.Host, ".")
	return b.Scheme + "://" + product + "." + rest + path
}

// Secure reports whether the client came by TLS.
func (b Base) Secure() bool { return b.Scheme == "https" }

// place is what the router found out about a request.
type place struct {
	product string
	base    Base
	prefix  string // to strip from the path
	caller  Caller
	known   bool // the caller is authenticated already
}

type placeKey struct{}

func placeOf(r *http.Request) *place {
	p, _ := r.Context().Value(placeKey{}).(*place)
	if p == nil {
		p = &place{}
	}
	return p
}

// CallerOf returns the caller of a request inside a raw handler.
func CallerOf(r *http.Request) Caller { return placeOf(r).caller }

// BaseOf returns how the client of a request came in, inside a raw handler.
func BaseOf(r *http.Request) Base { return placeOf(r).base }

// strip returns the request with the place in its context and the product's prefix off its path.
func (p *place) strip(r *http.Request) *http.Request {
	r = r.WithContext(context.WithValue(r.Context(), placeKey{}, p))
	if p.prefix == "" {
		return r
	}
	u := *r.URL
	u.Path = strings.TrimPrefix(u.Path, p.prefix)
	u.RawPath = strings.TrimPrefix(u.RawPath, p.prefix)
	r.URL = &u
	return r
}

// locate finds the product by header, path or host, in this order: an explicit word wins. A host of the vendor's has its own paths
// only, for "preview" has one that begins like a product, with iam.
func (rt *Router) locate(r *http.Request) (*place, bool) {
	base := rt.base(r)
	if host := r.Header.Get("X-Original-Host"); host != "" {
		if product, ok := productOfHost(host); ok {
			// A client that rewrites hosts does so for the next page's URL too, so that one keeps the original form.
			return newPlace(Base{Scheme: "https", Host: host}, product, label(host)), true
		}
	}
	hosted := strings.HasSuffix(strings.ToLower(hostOnly(base.Host)), vendor)
	segment, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if product, ok := aliases[segment]; ok && !hosted && len(r.URL.Path) > len(segment)+1 {
		base.PathStyle = true
		if rt.options.PublicURL != "" {
			if u, err := url.Parse(rt.options.PublicURL); err == nil {
				base.Scheme, base.Host = u.Scheme, u.Host
			}
		}
		at := newPlace(base, product, segment)
		at.prefix = "/" + segment
		return at, true
	}
	if product, ok := productOfHost(base.Host); ok {
		told := r.Header.Get("X-Forwarded-Proto") != "" && rt.trusted(r.RemoteAddr)
		if hosted && !told {
			base.Scheme = "https" // official clients know no other; a front that ended TLS need not say so
		}
		return newPlace(base, product, label(base.Host)), true
	}
	return nil, false
}

func newPlace(base Base, product, as string) *place {
	base.came.product, base.came.as = product, as
	return &place{product: product, base: base}
}

// label returns the first label of a host name.
func label(hostport string) string {
	first, _, _ := strings.Cut(hostOnly(hostport), ".")
	return strings.ToLower(first)
}

// Origin returns scheme and host by which a request came in, or the configured ones: what a page may use as its base.
func (rt *Router) Origin(r *http.Request) string {
	if rt.options.PublicURL != "" {
		return strings.TrimRight(rt.options.PublicURL, "/")
	}
	b := rt.base(r)
	return b.Scheme + "://" + b.Host
}

// directBase is what the connection itself says.
func directBase(r *http.Request) Base {
	if r.TLS != nil {
		return Base{Scheme: "https", Host: r.Host}
	}
	return Base{Scheme: "http", Host: r.Host}
}

func (rt *Router) base(r *http.Request) Base {
	b := directBase(r)
	if rt.trusted(r.RemoteAddr) {
		if proto := firstOf(r.Header.Get("X-Forwarded-Proto")); proto == "https" || proto == "http" {
			b.Scheme = proto
		}
		if host := firstOf(r.Header.Get("X-Forwarded-Host")); host != "" {
			b.Host = host
		}
	}
	return b
}

func (rt *Router) trusted(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, p := range rt.options.TrustedProxies {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// firstOf returns the first of a list of header values: the one that the outermost proxy wrote.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// productOfHost reads the first label of a host name with at least two more, ignoring region labels behind it.
func productOfHost(hostport string) (string, bool) {
	label, rest, ok := strings.Cut(strings.ToLower(hostOnly(hostport)), ".")
	if !ok || !strings.Contains(rest, ".") {
		return "", false
	}
	if product, ok := aliases[label]; ok {
		return product, true
	}
	return label, strings.HasSuffix("."+rest, vendor)
}
