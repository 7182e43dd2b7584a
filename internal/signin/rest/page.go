package rest

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/signin"
)

const (
	// maxForm bounds the body of the login form in bytes.
	maxForm = 8 << 10
	// handOverSeconds is how long a page may take to open after the sign-in.
	handOverSeconds = 60
)

var (
	//go:embed login.html
	loginHTML string
	//go:embed login.css
	loginCSS string

	loginPage  = template.Must(template.New("login").Parse(loginHTML))
	loginStyle = "'sha256-" + base64.StdEncoding.EncodeToString(hashOf(loginCSS)) + "'"
)

func hashOf(s string) []byte { sum := sha256.Sum256([]byte(s)); return sum[:] }

// visit is a request to the login page, on behalf of a page that wants somebody signed in.
type visit struct {
	w        http.ResponseWriter
	r        *http.Request
	resource *url.URL
}

// asked is the page that sent somebody to the login page; remembered is the one that sent them to the provider from which they return.
func asked(r *http.Request) string { return r.URL.Query().Get("resource") }

func remembered(r *http.Request) string {
	if a := attempt(r); a != nil {
		return a.Resource
	}
	return ""
}

// pageURL is the address of one of these pages, for a page that wants somebody signed in.
func pageURL(base httpapi.Base, path string, resource *url.URL) string {
	return base.URL(productLogin, path) + "?" + url.Values{"resource": {resource.String()}}.Encode()
}

// page wraps what the pages have in common: the headers, where to return to, and that a form comes from its own page.
func (h handlers) page(from func(*http.Request) string, serve func(visit)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := httpapi.BaseOf(r)
		v := visit{w, r, signin.ParseResource(from(r), h.origins(base))}
		header := w.Header()
		header.Del("Access-Control-Allow-Origin")
		header.Del("Access-Control-Allow-Credentials")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		// The page's own address goes to this server only. "no-referrer" would hide the origin of its form, too.
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Content-Security-Policy", policy(v.resource))
		switch {
		case v.resource == nil:
			h.show(v, http.StatusBadRequest, form{Fault: "This sign-in took too long, or was not begun by the desktop. Please open the desktop anew."})
		case !ownForm(r, base):
			h.show(v, http.StatusForbidden, form{Fault: "This did not come from the sign-in page. Please try again."})
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			serve(v)
		}
	})
}

// policy lets the page do nothing but show itself and send its form; browsers hold the redirect that follows against form-action, too.
func policy(resource *url.URL) string {
	action := "'self'"
	if resource != nil {
		action += " " + signin.Origin(resource)
	}
	return "default-src 'none'; style-src " + loginStyle + "; img-src data:; form-action " + action + "; base-uri 'none'; frame-ancestors 'none'"
}

// ownForm reports whether a form was sent by a page of this server, as the browser tells.
func ownForm(r *http.Request, base httpapi.Base) bool {
	var guard http.CrossOriginProtection
	seen := *r
	seen.Host = base.Host // by which the client came, in front of proxies
	return guard.Check(&seen) == nil
}

// form is what the page shows.
type form struct {
	Style  template.CSS
	Fault  string
	For    string   // what one signs in to
	Name   string   // as it was filled in
	Action string   // "" shows nothing to fill in
	Demo   []string // names of workers that need no password
	Start  string   // where the way to the provider begins; "" without one
	Others bool     // there are ways in beside the password
}

func (h handlers) show(v visit, status int, f form) {
	f.Style, f.For = template.CSS(loginCSS), "the agent desktop"
	if v.forFlows() {
		f.For = "see flows"
	}
	if v.resource != nil {
		base := httpapi.BaseOf(v.r)
		f.Action, f.Demo = pageURL(base, "/iam/login", v.resource), h.Demo
		if v.forFlows() { // the demo's people are in the order of their ranks
			f.Demo = slices.Clone(f.Demo)
			slices.Reverse(f.Demo)
		}
		if h.SignIn.HasProvider() {
			f.Start = pageURL(base, "/iam/oidc/start", v.resource)
		}
		f.Others = len(f.Demo) > 0 || f.Start != ""
	}
	var b bytes.Buffer
	if err := loginPage.Execute(&b, f); err != nil {
		httpapi.WriteError(v.w, v.r, core.Internal(err))
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the client may be gone
}

func (h handlers) showLogin(v visit) { h.show(v, http.StatusOK, form{}) }

// login takes the form: a name and a password, or in demo mode one of the buttons.
func (h handlers) login(v visit) {
	if err := v.r.ParseForm(); err != nil {
		h.show(v, http.StatusBadRequest, form{Fault: "The form could not be read. Please try again."})
		return
	}
	name := strings.TrimSpace(v.r.PostForm.Get("name"))
	var g *signin.Grant
	var err error
	if demo := v.r.PostForm.Get("demo"); demo != "" && slices.Contains(h.Demo, demo) {
		g, err = h.SignIn.Enter(v.r.Context(), demo)
	} else {
		mark := markCookie(httpapi.BaseOf(v.r), name)
		by := signin.Visitor{From: h.ClientIP(v.r)}
		if had, err := v.r.Cookie(mark.Name); err == nil {
			by.Mark = had.Value
		}
		if g, err = h.SignIn.Login(v.r.Context(), name, v.r.PostForm.Get("password"), by); err == nil {
			mark.Value = h.SignIn.Mark(name)
			http.SetCookie(v.w, mark)
		}
	}
	if err != nil {
		h.refuse(v, name, err)
		return
	}
	land(v, g)
}

// markCookie keeps in a browser that somebody signed in there: several people may share it. The page's form alone gets to see it.
func markCookie(base httpapi.Base, name string) *http.Cookie {
	path := "/"
	if u, err := url.Parse(base.URL(productLogin, "/iam/login")); err == nil {
		path = u.Path
	}
	return &http.Cookie{Name: "parley_known_" + hex.EncodeToString(hashOf(strings.ToLower(name))[:8]), Path: path, MaxAge: int(signin.MarkTTL / time.Second),
		HttpOnly: true, Secure: base.Secure(), SameSite: http.SameSiteLaxMode}
}

// land returns somebody who signed in to the page that asked: the desktop, or the page of flows.
func land(v visit, g *signin.Grant) {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	to := signin.Landing(v.resource, g)
	if v.forFlows() {
		cookie, err := handOver(httpapi.BaseOf(v.r), g)
		if err != nil {
			httpapi.WriteError(v.w, v.r, core.Internal(err))
			return
		}
		http.SetCookie(v.w, cookie)
		to = (&url.URL{Scheme: v.resource.Scheme, Host: v.resource.Host, Path: signin.FlowsPath, RawQuery: v.resource.RawQuery}).String()
	}
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
}

// forFlows reports whether the page that asked is this server's own page of flows.
func (v visit) forFlows() bool {
	base := httpapi.BaseOf(v.r)
	own, err := url.Parse(base.Scheme + "://" + base.Host)
	return err == nil && v.resource != nil && signin.Origin(v.resource) == signin.Origin(own) &&
		strings.TrimSuffix(v.resource.Path, "/")+"/" == signin.FlowsPath
}

// handOver makes the cookie that brings a token to the page of flows, whose script takes it out at once: unlike the desktop's, it is never
// in an address.
func handOver(base httpapi.Base, g *signin.Grant) (*http.Cookie, error) {
	text, err := json.Marshal(g.Handed())
	if err != nil {
		return nil, err
	}
	return &http.Cookie{Name: "parley_signed_in", Value: base64.StdEncoding.EncodeToString(text), Path: signin.FlowsPath, MaxAge: handOverSeconds,
		Secure: base.Secure(), SameSite: http.SameSiteLaxMode}, nil
}

// refuse shows the form again, with words for the person before it.
func (h handlers) refuse(v visit, name string, err error) {
	if errors.Is(err, signin.ErrDenied) {
		h.show(v, http.StatusForbidden, form{Name: name, Fault: "Name and password do not match. Please check both."})
		return
	}
	e := core.AsError(err)
	f := form{Name: name, Fault: e.Message + "."}
	switch {
	case e.Code == core.CodeTooManyRequests:
		v.w.Header().Set("Retry-After", strconv.Itoa(int(e.Retry/time.Second)+1))
		f.Fault = "Too many tries. Please wait " + minutes(e.Retry) + " and try again."
	case e.Code == core.CodeForbidden:
	case e.Code == core.CodeUnavailable:
		h.SignIn.Log.Warn("a sign-in failed", "error", err)
	default:
		h.SignIn.Log.Error("a sign-in failed", "error", err)
		f.Fault = "Something went wrong on the server. Please try again in a minute."
	}
	h.show(v, e.Status, f)
}

func minutes(d time.Duration) string {
	if n := int((d + time.Minute - 1) / time.Minute); n > 1 {
		return strconv.Itoa(n) + " minutes"
	}
	return "a minute"
}
