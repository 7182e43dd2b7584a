package rest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/signin"
)

// attemptSeconds is how long a person may take at the provider.
const attemptSeconds = 15 * 60

// callback is where the provider sends people back; it must be registered there.
func callback(base httpapi.Base) string { return base.URL(productLogin, "/iam/oidc/callback") }

// startOIDC sends a person to the provider.
func (h handlers) startOIDC(v visit) {
	base := httpapi.BaseOf(v.r)
	to, attempt, err := h.SignIn.BeginOIDC(v.r.Context(), callback(base), v.resource.String())
	if err != nil {
		h.refuse(v, "", err)
		return
	}
	text, err := json.Marshal(attempt)
	if err != nil {
		h.refuse(v, "", err)
		return
	}
	c := attemptCookie(base, attempt.State)
	c.Value, c.MaxAge = base64.RawURLEncoding.EncodeToString(text), attemptSeconds
	http.SetCookie(v.w, c)
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
}

// attemptCookie keeps an attempt in the browser that makes it, each under a name of its own: people open several tabs. It is lax because
// the way back leads in from another site.
func attemptCookie(base httpapi.Base, state string) *http.Cookie {
	path := "/"
	if u, err := url.Parse(callback(base)); err == nil {
		path = u.Path
	}
	return &http.Cookie{Name: "parley_signin_" + state[:min(len(state), 8)], Path: path, HttpOnly: true, Secure: base.Secure(), SameSite: http.SameSiteLaxMode}
}

// attempt reads what the browser kept of the attempt that a state belongs to; nil when there is nothing of the kind.
func attempt(r *http.Request) *signin.Attempt {
	state := r.URL.Query().Get("state")
	c, err := r.Cookie(attemptCookie(httpapi.BaseOf(r), state).Name)
	if err != nil {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	var a signin.Attempt
	if err != nil || json.Unmarshal(text, &a) != nil || state == "" || a.State != state {
		return nil
	}
	return &a
}

// finishOIDC takes a person back from the provider.
func (h handlers) finishOIDC(v visit) {
	base, query := httpapi.BaseOf(v.r), v.r.URL.Query()
	spent := attemptCookie(base, query.Get("state"))
	spent.MaxAge = -1
	http.SetCookie(v.w, spent)
	if query.Get("error") != "" {
		h.refuse(v, "", core.Ef(core.CodeForbidden, "The identity provider did not let you in. Please try again, or tell your administrator"))
		return
	}
	g, err := h.SignIn.FinishOIDC(v.r.Context(), callback(base), attempt(v.r), query.Get("code"), h.ClientIP(v.r))
	if err != nil {
		h.refuse(v, "", err)
		return
	}
	land(v, g)
}
