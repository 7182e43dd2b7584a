package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
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
	// Names of files below assets/ carry a hash of their content, those below vendor/ a version, so a copy never goes stale.
	cacheForever = "public, max-age=31536000, immutable"
	// Other files keep their names: a browser asks again, and the ETag makes that cheap.
	cacheRevalidate = "no-cache"

	notBuilt = "Parley is running, but its pages are not built into this binary.\n" +
		"Run `make build` and start it again.\n"
)

// Options are what the pages need to know about the server.
type Options struct {
	// Demo tells the pages that the /demo/ endpoints answer. Without it they
	// offer no sign-in and do not ask for credentials.
	Demo bool
	// AccountSID is whose desktop and widget the pages show; WebFlowSID is the Flex Flow of the widget. Neither is a secret.
	AccountSID, WebFlowSID string
	// Plugins holds the operator's scripts for the desktop; nil means none.
	Plugins fs.FS
	// PluginOrigins are the origins, as https://plugins.example.com, that plugins come from and may talk to.
	PluginOrigins []string
}

// Handler serves the pages ("/", "/guide/", "/flows/", "/desktop/", "/webchat/", each without its last slash too, and the desktop's views), the
// files that they load, and the operator's plugins below "/plugins/". Everything else is 404. In a binary without built pages every
// path answers 503 with a line that says what to run.
func Handler(opts Options) http.Handler {
	files, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic("web: " + err.Error()) // fs.Sub fails on malformed names only
	}
	return newHandler(files, opts)
}

// site is the handler over one tree of built files.
type site struct {
	files   fs.FS
	plugins fs.FS
	pages   map[string]page // by path with trailing slash, e.g. "/guide/"
	etags   map[string]string
}

// page is an HTML file with the options filled in.
type page struct {
	html   []byte
	etag   string
	policy policy
}

func newHandler(files fs.FS, opts Options) http.Handler {
	s := &site{files: files, plugins: opts.Plugins, pages: make(map[string]page), etags: fileTags(files)}
	for dir, policy := range map[string]policy{
		"/": ownPage, "/guide/": ownPage, "/flows/": ownPage, "/desktop/": desktopPage(opts.PluginOrigins), "/webchat/": widgetPage,
	} {
		html, err := fs.ReadFile(files, strings.TrimPrefix(dir+"index.html", "/"))
		if err != nil {
			continue // not built
		}
		html = fillIn(html, opts)
		s.pages[dir] = page{html: html, etag: tag(html), policy: policy}
	}
	return s
}

// fileTags makes the ETags of files that keep their names from version to version.
func fileTags(files fs.FS) map[string]string {
	tags := make(map[string]string)
	for _, dir := range []string{"desktop", "webchat"} {
		entries, _ := fs.ReadDir(files, dir) // none where it is not built
		for _, e := range entries {
			if content, err := fs.ReadFile(files, dir+"/"+e.Name()); err == nil {
				tags[dir+"/"+e.Name()] = tag(content)
			}
		}
	}
	return tags
}

func tag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// fillIn writes the options into the attributes that the pages' scripts read.
func fillIn(html []byte, opts Options) []byte {
	demo := "off"
	if opts.Demo {
		demo = "on"
	}
	for _, a := range []struct{ name, empty, value string }{
		{"data-demo", "auto", demo}, {"data-account", "", opts.AccountSID}, {"data-flow", "", opts.WebFlowSID},
	} {
		html = bytes.Replace(html, []byte(a.name+`="`+a.empty+`"`), []byte(a.name+`="`+template.HTMLEscapeString(a.value)+`"`), 1)
	}
	return html
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
	dir := r.URL.Path
	if isView(dir) {
		dir = "/desktop/"
	}
	if p, ok := s.pages[dir]; ok {
		h := w.Header()
		h.Set("Content-Security-Policy", p.policy.header(r.Host))
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
	if name, ok := strings.CutPrefix(r.URL.Path, "/plugins/"); ok {
		s.servePlugin(w, r, name)
		return
	}
	s.serveFile(w, r, strings.TrimPrefix(r.URL.Path, "/"))
}

// views are the names of Flex UI's own views: each is the desktop's page too, so that a reload leads back to it.
var views = map[string]bool{
	"agent-desktop": true, "teams": true, "queues-stats": true,
	"dashboards": true, "analyze": true, "questionnaires": true, "inspections": true, "agents": true, "speech-searches": true, "segments": true,
	"sla-preferences": true,
}

// isView reports whether a path is a view of the desktop, or below one, as "/agent-desktop/WR…".
func isView(path string) bool {
	view, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return views[view]
}

// lasting reports whether a file's name tells its content.
func lasting(name string) bool {
	return strings.HasPrefix(name, "assets/") || strings.HasPrefix(name, "vendor/")
}

// serveFile answers with a file of the build, in its gzip form where the build
// made one and the client takes it.
func (s *site) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	_, known := s.etags[name]
	if !fs.ValidPath(name) || !(lasting(name) || known || name == "favicon.svg") || path.Ext(name) == ".gz" || path.Ext(name) == ".html" {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if !strings.HasPrefix(name, "assets/") {
		h.Set("Access-Control-Allow-Origin", "*") // for pages of other sites that check what they load by its hash
	}
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		if f, ok := open(s.files, name+".gz"); ok {
			defer f.Close()
			h.Set("Content-Encoding", "gzip")
			s.send(w, r, name, f, "-gz")
			return
		}
	}
	f, ok := open(s.files, name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	s.send(w, r, name, f, "")
}

func (s *site) send(w http.ResponseWriter, r *http.Request, name string, f file, variant string) {
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", cacheRevalidate)
	if lasting(name) {
		h.Set("Cache-Control", cacheForever)
		h.Set("ETag", `"`+strings.ReplaceAll(strings.TrimPrefix(name, "assets/"), "/", "-")+variant+`"`)
	} else if etag := s.etags[name]; etag != "" {
		h.Set("ETag", strings.TrimSuffix(etag, `"`)+variant+`"`)
	}
	http.ServeContent(w, r, name, time.Time{}, f)
}

// servePlugin answers with a file of the operator's folder. Hidden files stay hidden.
func (s *site) servePlugin(w http.ResponseWriter, r *http.Request, name string) {
	if s.plugins == nil || !fs.ValidPath(name) || strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
		http.NotFound(w, r)
		return
	}
	f, ok := open(s.plugins, name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // a list of plugins may ask for a check by hash
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", cacheRevalidate)
	var changed time.Time
	if info, err := f.Stat(); err == nil {
		changed = info.ModTime()
	}
	http.ServeContent(w, r, name, changed, f)
}

// file is what http.ServeContent reads; files of embed.FS and of folders are such, without a copy on the heap.
type file interface {
	fs.File
	io.Seeker
}

// open returns a regular file that can be served.
func open(files fs.FS, name string) (file, bool) {
	f, err := files.Open(name)
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
	case ".wav":
		return "audio/wav"
	case ".txt":
		return "text/plain; charset=utf-8"
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
