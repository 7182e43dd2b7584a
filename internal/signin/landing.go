package signin

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// ParseResource reads the address of the page that asks somebody to sign in. Its origin must be among origins, which are written as
// browsers do ("https://desk.example.org"); otherwise it is nil.
func ParseResource(resource string, origins []string) *url.URL {
	u, err := url.Parse(resource)
	if err != nil || u.User != nil || u.Opaque != "" || !slices.Contains(origins, Origin(u)) {
		return nil
	}
	return u
}

// Origin is the origin of an address as browsers write it; "" if it is none of the web.
func Origin(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case host == "":
		return ""
	case scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	case scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	default:
		return ""
	}
	return scheme + "://" + host
}

// FlowsPath is the page on which supervisors see the flows of Studio.
const FlowsPath = "/flows/"

// Handed is what a page learns of a sign-in, in the form in which Flex UI keeps its own (flex-ui-protocol §5.2).
type Handed struct {
	Token      string   `json:"token"`
	Identity   string   `json:"identity"`
	Expiration string   `json:"expiration"`
	Roles      []string `json:"roles"`
}

// Handed returns the grant for a page.
func (g *Grant) Handed() Handed {
	return Handed{g.Token, g.Identity, g.Expires.UTC().Format(time.RFC3339), g.Roles}
}

// Landing is where a page gets its token: a view of the desktop that this person's roles open, because from any other path the desktop
// goes on to its first view with the token still in the address (flex-ui-protocol §5.2).
func Landing(resource *url.URL, g *Grant) string {
	view := "/agent-desktop"
	if p := strings.TrimSuffix(resource.Path, "/"); (p == "/teams" || p == "/queues-stats") && leads(g.Roles) {
		view = p
	}
	query := resource.Query()
	query.Set("Token", g.Token)
	query.Set("Identity", g.Identity)
	query.Set("Expiration", g.Expires.UTC().Format(time.RFC3339))
	query["Roles"] = g.Roles
	return (&url.URL{Scheme: resource.Scheme, Host: resource.Host, Path: view, RawQuery: query.Encode()}).String()
}
