package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/identity"
)

// maxBody bounds the body of a request in bytes; the largest legal form is a workflow's configuration of 1 MB (taskrouter-studio A.2),
// which percent-encoding can make three times as long. Uploads go through HandleRaw and bring their own limit.
const maxBody = 4 << 20

// Socket is the pseudo product of requests that come through a chat socket; they are routed by path only, because the host
// in their envelope is a label (chat-sdk-protocol §0).
const Socket = "socket"

// Access says who may call a route.
type Access uint8

const (
	// Public routes need no credentials.
	Public Access = iota
	// Account routes need Basic authentication by the account's auth token or an API key.
	Account
	// Owner routes need the auth token itself: a standard API key may not manage keys (rest-semantics §1.4).
	Owner
	// Token routes need an access token: of the socket, in X-Twilio-Token or X-Flex-JWE, or as Basic "token:<JWT>".
	Token
	// AccountOrToken routes take either.
	AccountOrToken
)

// Caller is who makes a request. The zero value is nobody.
type Caller struct {
	AccountSID string
	KeySID     string          // the API key's SID; "" with the auth token
	Token      *identity.Token // set when the caller came with an access token
}

// Authenticator checks credentials. Its errors are core.Errors that say what is wrong (rest-semantics §2.3, §5).
type Authenticator interface {
	Basic(ctx context.Context, user, password string) (Caller, error)
	Token(ctx context.Context, jwt string) (Caller, error)
}

// Handler answers a request. An error that is not a core.Error becomes 20500 and is logged.
type Handler func(*Request) (Response, error)

// Options of a Router.
type Options struct {
	Auth           Authenticator
	PublicURL      string         // fixes scheme and host of every URL in answers; "" takes them from the request
	TrustedProxies []netip.Prefix // whose X-Forwarded-* headers are believed
	Origins        []string       // of pages on other sites that host Flex UI
	Log            *slog.Logger
	// KeyRate and IdentityRate are the requests per second that one API key, and one identity of access tokens, may make for long; 0 means
	// no limit. Refused is told of each one that is over.
	KeyRate, IdentityRate int
	Refused               func(kind string)
	// Observe is told of every answered request; pattern is the route's, so that its values are bounded.
	Observe func(product, pattern string, status int, took time.Duration)
}

// Router finds the route of a request and runs it.
type Router struct {
	options  Options
	limits   limits
	products map[string]*http.ServeMux
	routes   []Route
}

// Route is what is known about a mounted route.
type Route struct {
	Product, Method, Path string
	Access                Access
}

// Routes lists what is mounted, in the order of mounting.
func (rt *Router) Routes() []Route { return slices.Clone(rt.routes) }

// New makes a router without routes.
func New(o Options) *Router {
	if o.Observe == nil {
		o.Observe = func(string, string, int, time.Duration) {}
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Router{options: o, limits: newLimits(o), products: map[string]*http.ServeMux{}}
}

// route is what the router mounts: it knows what may be observed about it.
type route struct {
	router           *Router
	product, pattern string
	access           Access
	handler          Handler
	raw              http.Handler
}

// Handle mounts a handler, e.g. Handle("chat", "GET /v2/Services/{ServiceSid}", Account, fetchService).
func (rt *Router) Handle(product, pattern string, access Access, h Handler) {
	rt.mount(&route{router: rt, product: product, pattern: pattern, access: access, handler: h})
}

// HandleRaw mounts an http.Handler for uploads, downloads and upgrades; it finds its caller with CallerOf and its URLs
// with BaseOf, and must bound what it reads.
func (rt *Router) HandleRaw(product, pattern string, access Access, h http.Handler) {
	rt.mount(&route{router: rt, product: product, pattern: pattern, access: access, raw: h})
}

func (rt *Router) mount(h *route) {
	mux := rt.products[h.product]
	if mux == nil {
		mux = http.NewServeMux()
		rt.products[h.product] = mux
	}
	mux.Handle(h.pattern, h)
	method, path, _ := strings.Cut(h.pattern, " ")
	rt.routes = append(rt.routes, Route{h.product, method, path, h.access})
}

// Claims reports whether a request is for a product, as opposed to a page.
func (rt *Router) Claims(r *http.Request) bool {
	_, ok := rt.locate(r)
	return ok
}

// ServeHTTP answers a request that came over HTTP.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt.writeCORS(w.Header(), r)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Twilio-Request-Id", requestID())
	at, ok := rt.locate(r)
	if !ok {
		at = &place{base: rt.base(r)}
		rt.fail(w, at.strip(r), core.Ef(core.CodeNotFound, "The requested resource %s was not found", r.URL.Path))
		return
	}
	rt.dispatch(w, at.strip(r), at.product)
}

// Tunnel answers a request that came through a socket, for a caller whom the socket has authenticated. base is where the
// socket was opened.
func (rt *Router) Tunnel(ctx context.Context, caller Caller, base Base, r *http.Request) Result {
	ctx = context.WithValue(ctx, placeKey{}, &place{product: Socket, base: base, caller: caller, known: true})
	var w recorder
	rt.dispatch(&w, r.WithContext(ctx), Socket)
	return Result{w.code(), w.header, w.body}
}

// Result is the answer to a tunnelled request.
type Result struct {
	Status int
	Header http.Header
	Body   []byte
}

func (rt *Router) dispatch(w http.ResponseWriter, r *http.Request, product string) {
	mux := rt.products[product]
	if mux != nil && core.CleanText(r.URL.Path) {
		if h, _ := mux.Handler(r); isRoute(h) {
			mux.ServeHTTP(w, r)
			return
		}
		if allowed := allowedMethods(mux, r); len(allowed) > 0 {
			w.Header()["Allow"] = allowed
			rt.fail(w, r, core.Ef(core.CodeMethodNotAllowed, "%s is not allowed on %s", r.Method, r.URL.Path))
			return
		}
	}
	rt.fail(w, r, core.Ef(core.CodeNotFound, "The requested resource %s was not found", r.URL.Path))
}

func isRoute(h http.Handler) bool {
	_, ok := h.(*route)
	return ok
}

// allowedMethods lists the methods for which the path has a route.
func allowedMethods(mux *http.ServeMux, r *http.Request) (methods []string) {
	probe := *r
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe.Method = m
		if h, _ := mux.Handler(&probe); isRoute(h) {
			methods = append(methods, m)
		}
	}
	return methods
}

// ServeHTTP runs the route; the mux calls it with the path's values set.
func (h *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	status := http.StatusInternalServerError
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // the documented sentinel is compared by identity
				panic(p)
			}
			h.router.options.Log.Error("a handler panicked", "request", w.Header().Get("Twilio-Request-Id"), "product", h.product, "route", h.pattern, "panic", p, "stack", string(debug.Stack()))
			h.router.fail(w, r, core.E(core.CodeInternal))
		}
		h.router.options.Observe(h.product, h.pattern, status, time.Since(start))
	}()
	at := placeOf(r)
	if err := h.router.authenticate(r, at, h.access); err != nil {
		status = h.router.fail(w, r, err)
		return
	}
	if err := h.router.limits.admit(at.caller, start); err != nil {
		status = h.router.fail(w, r, err)
		return
	}
	if h.raw != nil {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.raw.ServeHTTP(seen, r)
		status = seen.status
		return
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	req := &Request{Request: r, Caller: at.caller, Base: at.base, limits: &h.router.limits}
	resp, err := h.handler(req)
	if err == nil {
		err = req.params.err
	}
	if err != nil {
		status = h.router.fail(w, r, err)
		return
	}
	status = resp.write(w, r)
}

func (rt *Router) fail(w http.ResponseWriter, r *http.Request, err error) int {
	e := core.AsError(err)
	if e.Status >= http.StatusInternalServerError {
		rt.options.Log.Error("a request failed", "request", w.Header().Get("Twilio-Request-Id"), "method", r.Method, "path", r.URL.Path, "error", err)
	}
	return writeError(w, r, e)
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "RQ" + hex.EncodeToString(b[:])
}
