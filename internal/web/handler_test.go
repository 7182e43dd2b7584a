package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// built is a tree as the page build leaves it.
func built() fstest.MapFS {
	return fstest.MapFS{
		".keep":                  {},
		"index.html":             {Data: []byte(`<html data-demo="auto">start</html>`)},
		"guide/index.html":       {Data: []byte(`<html data-demo="auto">guide</html>`)},
		"favicon.svg":            {Data: []byte(`<svg/>`)},
		"flows/index.html":       {Data: []byte(`<html data-account="">flows</html>`)},
		"desktop/index.html":     {Data: []byte(`<html data-account="">desktop</html>`)},
		"desktop/wrapper.js":     {Data: []byte(`wrapper`)},
		"desktop/wrapper.js.gz":  {Data: []byte(`wrapper zipped`)},
		"desktop/sound.wav":      {Data: []byte(`RIFF`)},
		"webchat/index.html":     {Data: []byte(`<html data-demo="auto" data-account="" data-flow="">widget</html>`)},
		"vendor/ui/1.0.0/ui.js":  {Data: []byte(`bundle`)},
		"assets/app-a1b2.js":     {Data: []byte(`plain`)},
		"assets/app-a1b2.js.gz":  {Data: []byte(`zipped`)},
		"assets/small-c3d4.css":  {Data: []byte(`css`)},
		"assets/nested/file.bin": {Data: []byte(`bin`)},
	}
}

func get(t *testing.T, h http.Handler, method, target string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestServe(t *testing.T) {
	tests := []struct {
		name, method, target string
		header               map[string]string
		status               int
		body                 string
		want                 map[string]string // header → value
	}{
		{"start page", "GET", "/", nil, 200, `<html data-demo="on">start</html>`,
			map[string]string{"Content-Type": "text/html; charset=utf-8", "Cache-Control": cacheRevalidate}},
		{"guide", "GET", "/guide/?a=b", nil, 200, `<html data-demo="on">guide</html>`, nil},
		{"guide without slash", "GET", "/guide", nil, 301, "", map[string]string{"Location": "/guide/"}},
		{"redirect keeps the query", "GET", "/guide?a=b", nil, 301, "", map[string]string{"Location": "/guide/?a=b"}},
		{"asset", "GET", "/assets/app-a1b2.js", nil, 200, "plain",
			map[string]string{"Cache-Control": cacheForever, "ETag": `"app-a1b2.js"`, "Content-Type": "text/javascript; charset=utf-8", "Content-Encoding": "", "Vary": "Accept-Encoding"}},
		{"asset in gzip", "GET", "/assets/app-a1b2.js", map[string]string{"Accept-Encoding": "br, gzip"}, 200, "zipped",
			map[string]string{"Content-Encoding": "gzip", "ETag": `"app-a1b2.js-gz"`, "Content-Type": "text/javascript; charset=utf-8"}},
		{"gzip refused", "GET", "/assets/app-a1b2.js", map[string]string{"Accept-Encoding": "gzip;q=0"}, 200, "plain", nil},
		{"no gzip form", "GET", "/assets/small-c3d4.css", map[string]string{"Accept-Encoding": "gzip"}, 200, "css",
			map[string]string{"Content-Encoding": "", "Content-Type": "text/css; charset=utf-8"}},
		{"not modified", "GET", "/assets/app-a1b2.js", map[string]string{"If-None-Match": `"app-a1b2.js"`}, 304, "", nil},
		{"HEAD", "HEAD", "/", nil, 200, "", map[string]string{"Content-Length": "33"}},
		{"icon", "GET", "/favicon.svg", nil, 200, "<svg/>", map[string]string{"Content-Type": "image/svg+xml", "Cache-Control": cacheRevalidate}},
		{"the gzip file itself", "GET", "/assets/app-a1b2.js.gz", nil, 404, "404 page not found\n", nil},
		{"directory", "GET", "/assets/nested", nil, 404, "404 page not found\n", nil},
		{"assets root", "GET", "/assets/", nil, 404, "404 page not found\n", nil},
		{"placeholder", "GET", "/.keep", nil, 404, "404 page not found\n", nil},
		{"page by its file name", "GET", "/index.html", nil, 404, "404 page not found\n", nil},
		{"climbing out", "GET", "/assets/../index.html", nil, 404, "404 page not found\n", nil},
		{"desktop", "GET", "/desktop/", nil, 200, `<html data-account="AC1">desktop</html>`, nil},
		{"a view of the desktop", "GET", "/agent-desktop", nil, 200, `<html data-account="AC1">desktop</html>`, nil},
		{"below a view", "GET", "/teams/WK1?a=b", nil, 200, `<html data-account="AC1">desktop</html>`, nil},
		{"flows", "GET", "/flows/?flow=FW1", nil, 200, `<html data-account="AC1">flows</html>`, nil},
		{"widget", "GET", "/webchat/", nil, 200, `<html data-demo="on" data-account="AC1" data-flow="FO&lt;1">widget</html>`, nil},
		{"script with a fixed name", "GET", "/desktop/wrapper.js", nil, 200, "wrapper",
			map[string]string{"Cache-Control": cacheRevalidate, "Access-Control-Allow-Origin": "*"}},
		{"script with a fixed name in gzip", "GET", "/desktop/wrapper.js", map[string]string{"Accept-Encoding": "gzip"}, 200, "wrapper zipped", nil},
		{"sound", "GET", "/desktop/sound.wav", nil, 200, "RIFF", map[string]string{"Content-Type": "audio/wav"}},
		{"published bundle", "GET", "/vendor/ui/1.0.0/ui.js", nil, 200, "bundle",
			map[string]string{"Cache-Control": cacheForever, "ETag": `"vendor-ui-1.0.0-ui.js"`, "Access-Control-Allow-Origin": "*"}},
		{"plugin", "GET", "/plugins/mine.js", nil, 200, "plugin",
			map[string]string{"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": cacheRevalidate, "Access-Control-Allow-Origin": "*"}},
		{"part of a plugin", "GET", "/plugins/parts/a.js", nil, 200, "part", nil},
		{"hidden beside plugins", "GET", "/plugins/.env", nil, 404, "404 page not found\n", nil},
		{"hidden folder", "GET", "/plugins/.git/config", nil, 404, "404 page not found\n", nil},
		{"folder of plugins", "GET", "/plugins/parts", nil, 404, "404 page not found\n", nil},
		{"list of plugins", "GET", "/plugins/", nil, 404, "404 page not found\n", nil},
		{"out of the plugins", "GET", "/plugins/../index.html", nil, 404, "404 page not found\n", nil},
		{"desktop page by its file name", "GET", "/desktop/index.html", nil, 404, "404 page not found\n", nil},
		{"unknown", "GET", "/agent-desktops", nil, 404, "404 page not found\n", nil},
		{"method", "POST", "/", nil, 405, "method not allowed\n", map[string]string{"Allow": "GET, HEAD"}},
	}
	h := newHandler(built(), Options{Demo: true, AccountSID: "AC1", WebFlowSID: "FO<1", Plugins: fstest.MapFS{
		"mine.js": {Data: []byte("plugin")}, "parts/a.js": {Data: []byte("part")}, ".env": {Data: []byte("secret")}, ".git/config": {Data: []byte("secret")},
	}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := get(t, h, tt.method, tt.target, tt.header)
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if got := body(t, resp); tt.status != 301 && got != tt.body {
				t.Errorf("body %q, want %q", got, tt.body)
			}
			for k, v := range tt.want {
				if got := resp.Header.Get(k); got != v {
					t.Errorf("%s: %q, want %q", k, got, v)
				}
			}
			for _, k := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
				if resp.Header.Get(k) == "" {
					t.Errorf("no %s", k)
				}
			}
		})
	}
}

func TestPageETag(t *testing.T) {
	h := newHandler(built(), Options{})
	first := get(t, h, "GET", "/", nil)
	if got := body(t, first); got != `<html data-demo="off">start</html>` {
		t.Errorf("body %q", got)
	}
	again := get(t, h, "GET", "/", map[string]string{"If-None-Match": first.Header.Get("ETag")})
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("status %d, want 304", again.StatusCode)
	}
	demo := get(t, newHandler(built(), Options{Demo: true}), "GET", "/", nil)
	if demo.Header.Get("ETag") == first.Header.Get("ETag") {
		t.Error("pages with and without demo mode share an ETag")
	}
}

func TestNotBuilt(t *testing.T) {
	h := newHandler(fstest.MapFS{".keep": {}}, Options{})
	resp := get(t, h, "GET", "/guide/", nil)
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body(t, resp), "make build") {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestEmbedded(t *testing.T) {
	resp := get(t, Handler(Options{}), "GET", "/", nil)
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestNoPlugins(t *testing.T) {
	if resp := get(t, newHandler(built(), Options{}), "GET", "/plugins/mine.js", nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestFixedNameNotModified(t *testing.T) {
	h := newHandler(built(), Options{})
	for _, gzip := range []string{"", "gzip"} {
		first := get(t, h, "GET", "/desktop/wrapper.js", map[string]string{"Accept-Encoding": gzip})
		again := get(t, h, "GET", "/desktop/wrapper.js", map[string]string{"Accept-Encoding": gzip, "If-None-Match": first.Header.Get("ETag")})
		if first.Header.Get("ETag") == "" || again.StatusCode != http.StatusNotModified {
			t.Errorf("%q: %q, status %d", gzip, first.Header.Get("ETag"), again.StatusCode)
		}
	}
}

func TestContentSecurityPolicy(t *testing.T) {
	tests := []struct{ host, want string }{
		{"localhost:8080", "connect-src 'self' ws://localhost:8080 wss://localhost:8080;"},
		{"[::1]:8080", "connect-src 'self' ws://[::1]:8080 wss://[::1]:8080;"},
		{"a; script-src *", "connect-src 'self';"},
		{"a b", "connect-src 'self';"},
		{"", "connect-src 'self';"},
		{strings.Repeat("a", 300), "connect-src 'self';"},
	}
	for _, tt := range tests {
		if csp := ownPage.header(tt.host); !strings.Contains(csp, tt.want) {
			t.Errorf("%q: %q lacks %q", tt.host, csp, tt.want)
		}
	}
}

// TestPagesPolicies: only the published bundles may write styles and compile templates, and only the desktop meets plugins.
func TestPagesPolicies(t *testing.T) {
	h := newHandler(built(), Options{PluginOrigins: []string{"https://crm.example"}})
	for _, tt := range []struct {
		path                   string
		bundle, foreign, frame bool
	}{
		{"/", false, false, false}, {"/guide/", false, false, false}, {"/flows/", false, false, false}, {"/webchat/", true, false, false}, {"/desktop/", true, true, true}, {"/teams", true, true, true},
		{"/assets/app-a1b2.js", false, false, false},
	} {
		csp := get(t, h, "GET", tt.path, nil).Header.Get("Content-Security-Policy")
		if got := strings.Contains(csp, "script-src 'self' 'unsafe-eval'") && strings.Contains(csp, "style-src 'self' 'unsafe-inline'"); got != tt.bundle {
			t.Errorf("%s: %q", tt.path, csp)
		}
		if got := strings.Count(csp, "https://crm.example") == 7; got != tt.foreign {
			t.Errorf("%s: %q", tt.path, csp)
		}
		if got := strings.Contains(csp, "frame-src https://crm.example"); got != tt.frame {
			t.Errorf("%s: %q", tt.path, csp)
		}
		// By this hash, of window.location.reload(), a link of the desktop works; no other handler does.
		if got := strings.Contains(csp, "'unsafe-hashes' 'sha256-4TpZ3Tx5SLybDXPQaSHGuP1RU4D+pzck+02JLVY61BY='"); got != tt.foreign {
			t.Errorf("%s: %q", tt.path, csp)
		}
		if strings.Contains(csp, "*") {
			t.Errorf("%s: %q", tt.path, csp)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	tests := []struct {
		value string
		want  bool
	}{
		{"", false}, {"gzip", true}, {"GZIP", true}, {"br, gzip;q=0.5", true}, {"br", false},
		{"gzip;q=0", false}, {"gzip; q=0.0", false}, {"gzip;q=0.001", true}, {"xgzip", false},
	}
	for _, tt := range tests {
		if got := acceptsGzip([]string{tt.value}); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.value, got, tt.want)
		}
	}
}
