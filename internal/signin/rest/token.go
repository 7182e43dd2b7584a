package rest

import (
	"net/http"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/signin"
)

// secret keeps an answer with a token out of caches.
var secret = http.Header{"Cache-Control": {"no-store"}}

// authenticate tells the desktop where to send somebody who is to sign in.
func (h handlers) authenticate(r *httpapi.Request) (httpapi.Response, error) {
	var in struct {
		Resource string `json:"resource"`
	}
	if err := r.JSON(&in); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.known(r.Path("AccountSid")); err != nil {
		return httpapi.Response{}, err
	}
	resource := signin.ParseResource(in.Resource, h.origins(r.Base))
	if resource == nil {
		return httpapi.Response{}, core.Ef(core.CodeUntrustedDomain, "The page that asks to sign in is not of this server nor of a site among desktop-origins")
	}
	return httpapi.OK(map[string]string{"location": pageURL(r.Base, "/iam/login", resource)})
}

// readToken reads the token in a body.
func readToken(r *httpapi.Request) (string, error) {
	var in struct {
		Token string `json:"token"`
	}
	if err := r.JSON(&in); err != nil {
		return "", err
	}
	if in.Token == "" {
		return "", core.Ef(core.CodeInvalidParameter, "Missing required parameter token")
	}
	return in.Token, nil
}

// validity answers validate; what is not valid has no more to tell.
type validity struct {
	Valid      bool     `json:"valid"`
	Roles      []string `json:"roles,omitempty"`
	Identity   string   `json:"identity,omitempty"`
	Expiration string   `json:"expiration,omitempty"`
}

// validate checks the token in the body. A token that is not good, for whatever reason, is no error: the desktop then drops it and asks to
// sign in, while it would give up on an error.
func (h handlers) validate(r *httpapi.Request) (httpapi.Response, error) {
	token, err := readToken(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	g, err := h.SignIn.Validate(r.Context(), r.Path("AccountSid"), token)
	if err != nil && core.AsError(err).Status >= http.StatusInternalServerError {
		return httpapi.Response{}, err
	}
	if err != nil {
		return httpapi.OK(validity{})
	}
	return httpapi.OK(validity{true, g.Roles, g.Identity, core.ISO(g.Expires.UnixMicro())})
}

// grant answers refresh. Flex UI reads the first and the last member, the widget needs all.
type grant struct {
	Token      string   `json:"token"`
	Identity   string   `json:"identity"`
	Roles      []string `json:"roles"`
	Expiration string   `json:"expiration"`
}

// refresh renews a token of the desktop, or of the widget.
func (h handlers) refresh(r *httpapi.Request) (httpapi.Response, error) {
	token, err := readToken(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	g, err := h.SignIn.Refresh(r.Context(), r.Path("AccountSid"), token)
	if core.HasCode(err, core.CodeTokenGrants) && h.RefreshVisitor != nil {
		return h.RefreshVisitor(r, token)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Status: http.StatusOK, Header: secret, Body: grant{g.Token, g.Identity, g.Roles, core.ISO(g.Expires.UnixMicro())}}, nil
}

// revoke ends the session of a token; the token is what shows that one may.
func (h handlers) revoke(r *httpapi.Request) (httpapi.Response, error) {
	token, err := readToken(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := h.SignIn.End(r.Context(), r.Path("AccountSid"), token); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}
