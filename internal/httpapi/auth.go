package httpapi

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"strings"

	"parley/internal/core"
)

// authenticate finds the caller and checks it against what the route admits.
func (rt *Router) authenticate(r *http.Request, at *place, access Access) error {
	if access == Public {
		return nil
	}
	if !at.known {
		caller, err := rt.credentials(r, access)
		if err != nil {
			return err
		}
		at.caller, at.known = caller, true
	}
	switch {
	case access == Token && at.caller.Token == nil,
		(access == Account || access == Owner) && at.caller.Token != nil:
		return core.Ef(core.CodeAuthenticate, "These credentials are not accepted here").WithStatus(http.StatusForbidden)
	case access == Owner && at.caller.KeySID != "":
		return core.Ef(core.CodeAuthenticate, "A standard API key may not do this; use the account SID and auth token").WithStatus(http.StatusForbidden)
	}
	return nil
}

func (rt *Router) credentials(r *http.Request, access Access) (Caller, error) {
	if access == Token || access == AccountOrToken {
		if jwt := cmp.Or(r.Header.Get("X-Twilio-Token"), r.Header.Get("X-Flex-JWE")); jwt != "" {
			return rt.options.Auth.Token(r.Context(), jwt)
		}
	}
	user, password, ok := basic(r.Header.Get("Authorization"))
	if !ok {
		return Caller{}, core.Ef(core.CodeAuthenticate, "Authentication Error - no credentials were given; use HTTP Basic with an account SID and auth token or an API key")
	}
	if user == "token" {
		return rt.options.Auth.Token(r.Context(), password)
	}
	return rt.options.Auth.Basic(r.Context(), user, password)
}

// basic reads a Basic header leniently: the desktop's SDK sends one with a stray ")" at its end (rest-semantics §2.3).
func basic(header string) (user, password string, ok bool) {
	const scheme = "basic "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", "", false
	}
	raw := strings.TrimRight(strings.TrimSpace(header[len(scheme):]), ")")
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(raw, "="))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(text), ":")
}

// fromPage reports whether a script of a page made the request. A challenge would make the browser ask the person before it for a name
// and a password, and the script wait meanwhile.
func fromPage(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	user, _, _ := basic(r.Header.Get("Authorization"))
	return mode != "" && mode != "navigate" || user == "token" ||
		cmp.Or(r.Header.Get("Origin"), r.Header.Get("X-Twilio-Token"), r.Header.Get("X-Flex-JWE")) != ""
}
