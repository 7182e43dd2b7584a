package resttest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/twilio/twilio-go/client"
)

// rewrite sends what is meant for {product}.twilio.com to a base, with the product as the first segment of the path, or with the
// host's name kept (rest-semantics §6).
type rewrite struct {
	base   *url.URL
	byHost bool
}

// RoundTrip implements http.RoundTripper.
func (to rewrite) RoundTrip(r *http.Request) (*http.Response, error) {
	if host := r.URL.Hostname(); strings.HasSuffix(host, ".twilio.com") {
		product, _, _ := strings.Cut(host, ".")
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = to.base.Scheme, to.base.Host
		if r.Host = host; !to.byHost {
			r.Host, r.URL.Path = to.base.Host, "/"+product+r.URL.Path
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Official is twilio-go's HTTP client with a user's credentials, for a server that serves the world's router at base.
func (w *World) Official(base, user, password string, byHost bool) *client.RequestHandler {
	w.Helper()
	u, err := url.Parse(base)
	if err != nil {
		w.Fatal(err)
	}
	c := &client.Client{Credentials: client.NewCredentials(user, password), HTTPClient: &http.Client{Transport: rewrite{u, byHost}}}
	c.SetAccountSid(Account)
	return client.NewRequestHandler(c)
}
