package web

import (
	"net/http"
	"strings"
)

// setSecurityHeaders allows a page its own origin and nothing else. host is
// the request's Host; the socket's origins are written out because browsers
// before CSP 3 do not take 'self' for ws: and wss:.
func setSecurityHeaders(h http.Header, host string) {
	connect := "'self'"
	if isHost(host) {
		connect += " ws://" + host + " wss://" + host
	}
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data: blob:", // blob: shows a picture while it is being sent
		"connect-src " + connect,
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; "))
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
