package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// policy says what a page may load, beyond its own origin.
type policy struct {
	bundle  bool     // the published bundles write style elements, and compile their templates (Handlebars) with eval
	handler string   // the one event handler that the bundle writes into markup
	foreign []string // origins of plugins
}

var (
	ownPage    = policy{}
	widgetPage = policy{bundle: true}
)

func desktopPage(pluginOrigins []string) policy {
	return policy{bundle: true, handler: expired, foreign: pluginOrigins}
}

// expired is behind the words "Click here to log in again", which Flex UI shows when a session has ended.
const expired = "window.location.reload()"

// header is the Content-Security-Policy. host is the request's Host; the socket's origins are written out because browsers before CSP 3
// do not take 'self' for ws: and wss:.
func (p policy) header(host string) string {
	foreign := strings.Join(append([]string{""}, p.foreign...), " ")
	connect, script, style := "'self'", "'self'", "'self'"
	if isHost(host) {
		connect += " ws://" + host + " wss://" + host
	}
	if p.bundle {
		script += " 'unsafe-eval'"
		style += " 'unsafe-inline'"
	}
	if p.handler != "" {
		sum := sha256.Sum256([]byte(p.handler))
		script += " 'unsafe-hashes' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	directives := []string{
		"default-src 'none'",
		"script-src " + script + foreign,
		"style-src " + style + foreign,
		"img-src 'self' data: blob:" + foreign, // blob: shows a picture while it is being sent
		"media-src 'self'" + foreign,
		"font-src 'self'" + foreign,
		"connect-src " + connect + foreign,
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}
	if foreign != "" {
		directives = append(directives, "frame-src"+foreign)
	}
	return strings.Join(directives, "; ")
}

// setSecurityHeaders allows an answer its own origin and nothing else; a page has a policy of its own instead.
func setSecurityHeaders(h http.Header, host string) {
	h.Set("Content-Security-Policy", ownPage.header(host))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
}

// isHost reports whether s is a plain host with an optional port, so that
// nothing of a request's own making can reach the policy.
func isHost(s string) bool {
	if s == "" || len(s) > 261 { // a DNS name and ":65535"
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}
