package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// all: takes in the committed dist/.keep, so that the package compiles before
// the pages are built.
//
//go:embed all:dist
var embedded embed.FS

const (
	// Names of files below assets/ carry a hash of their content, so a copy never goes stale.
	cacheForever = "public, max-age=31536000, immutable"
	// Pages and the icon keep their names: a browser asks again, and the ETag makes that cheap.
	cacheRevalidate = "no-cache"

	notBuilt = "Parley is running, but its pages are not built into this binary.\n" +
		"Run `make build` and start it again.\n"
)

// Options are what the pages need to know about the server.
type Options struct {
	// Demo tells the pages that the /demo/ endpoints answer. Without it they
	// offer no sign-in and do not ask for credentials.
	Demo bool
}

// Handler serves the pages: "/", "/guide/" (and "/guide", which redirects to
// it), "/assets/…" and "/favicon.svg". Everything else is 404. In a binary
// without built pages every path answers 503 with a line that says what to run.
func Handler(opts Options) http.Handler {
	files, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic("web: " + err.Error()) // fs.Sub fails on malformed names only
	}
	return newHandler(files, opts)
}

// site is the handler over one tree of built files.
type site struct {
	files fs.FS
	pages map[string]page // by path with trailing slash, e.g. "/guide/"
}

// page is an HTML file with the options filled in.
type page struct {
	html []byte
	etag string
}

func newHandler(files fs.FS, opts Options) http.Handler {
	s := &site{files: files, pages: make(map[string]page)}
	for _, dir := range []string{"/", "/guide/"} {
		html, err := fs.ReadFile(files, strings.TrimPrefix(dir+"index.html", "/"))
		if err != nil {
			continue // not built
		}
		html = fillIn(html, opts)
		sum := sha256.Sum256(html)
		s.pages[dir] = page{html: html, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return s
}

// fillIn writes the options into the attribute that web/src/lib/demo.ts reads.
func fillIn(html []byte, opts Options) []byte {
	value := `data-demo="off"`
	if opts.Demo {
		value = `data-demo="on"`
	}
	return bytes.Replace(html, []byte(`data-demo="auto"`), []byte(value), 1)
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header(), r.Host)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	case len(s.pages) == 0:
		w.Header().Set("Retry-After", "60")
		http.Error(w, notBuilt, http.StatusServiceUnavailable)
	default:
		s.serve(w, r)
	}
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	if p, ok := s.pages[r.URL.Path]; ok {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", cacheRevalidate)
		h.Set("ETag", p.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.html))
		return
	}
	if _, ok := s.pages[r.URL.Path+"/"]; ok {
		target := r.URL.Path + "/"
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		http.Redirect(w, r, target, http.StatusMovedPermanently)
		return
	}
	s.serveFile(w, r, strings.TrimPrefix(r.URL.Path, "/"))
}

// serveFile answers with a file of the build, in its gzip form where the build
// made one and the client takes it.
func (s *site) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	hashed := strings.HasPrefix(name, "assets/")
	if !fs.ValidPath(name) || (!hashed && name != "favicon.svg") || path.Ext(name) == ".gz" {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		if f, ok := s.open(name + ".gz"); ok {
			defer f.Close()
			h.Set("Content-Encoding", "gzip")
			s.send(w, r, name, f, hashed, "-gz")
			return
		}
	}
	f, ok := s.open(name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	s.send(w, r, name, f, hashed, "")
}

func (s *site) send(w http.ResponseWriter, r *http.Request, name string, f file, hashed bool, variant string) {
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	if hashed {
		h.Set("Cache-Control", cacheForever)
		h.Set("ETag", `"`+path.Base(name)+variant+`"`) // the name is a hash of the content already
	} else {
		h.Set("Cache-Control", cacheRevalidate)
	}
	http.ServeContent(w, r, name, time.Time{}, f)
}

// file is what http.ServeContent reads; files of embed.FS are such, without a copy on the heap.
type file interface {
	fs.File
	io.Seeker
}

// open returns a regular file of the build that can be served.
func (s *site) open(name string) (file, bool) {
	f, err := s.files.Open(name)
	if err != nil {
		return nil, false
	}
	info, err := f.Stat()
	seekable, ok := f.(file)
	if err != nil || !ok || !info.Mode().IsRegular() {
		_ = f.Close() // nothing was written to it
		return nil, false
	}
	return seekable, true
}

// contentType does not ask the operating system's tables, which differ between
// machines, for the types that the build makes.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".map", ".json":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// acceptsGzip reports whether an Accept-Encoding allows gzip (RFC 9110 §12.5.3).
func acceptsGzip(values []string) bool {
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q="), 64)
		return err != nil || weight > 0 // no weight is full weight
	}
	return false
}
