package server

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/httpapi"
)

// front is the first to see a request: it sends it to the product, the page or the probe that it is for.
type front struct {
	router  *httpapi.Router
	pages   http.Handler
	errors  http.Handler
	demo    http.Handler
	health  *health
	metrics http.Handler
	log     *slog.Logger
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // the documented sentinel is compared by identity
				panic(p)
			}
			f.log.Error("a handler panicked", "path", cleanPath(r.URL.Path), "panic", p, "stack", string(debug.Stack()))
			httpapi.WriteError(w, r, core.E(core.CodeInternal))
		}
	}()
	if !f.log.Enabled(r.Context(), slog.LevelDebug) {
		f.serve(w, r)
		return
	}
	start := time.Now()
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	f.serve(seen, r)
	f.log.Debug("request", "id", w.Header().Get("Twilio-Request-Id"), "method", r.Method, "path", cleanPath(r.URL.Path), "status", seen.status, "took", time.Since(start))
}

func (f *front) serve(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/healthz":
		f.health.live(w, r)
	case path == "/readyz":
		f.health.ready(w, r)
	case path == "/metrics":
		f.metrics.ServeHTTP(w, r)
	case strings.HasPrefix(path, "/demo/"):
		f.demo.ServeHTTP(w, r)
	case strings.HasPrefix(path, "/errors/"): // at whatever host, because errors name it with their own
		f.errors.ServeHTTP(w, r)
	case f.router.Claims(r):
		f.router.ServeHTTP(w, r)
	default:
		f.pages.ServeHTTP(w, r)
	}
}

// cleanPath is a path as a log may have it: the end of a signed link opens a file.
func cleanPath(path string) string {
	const before = "/Content/"
	if i := strings.Index(path, before); i >= 0 {
		return path[:i+len(before)] + "…"
	}
	return path
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets upgrades and deadlines reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
