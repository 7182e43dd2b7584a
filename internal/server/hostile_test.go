package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parley/internal/config"
	"parley/internal/httpapi"
	"parley/internal/server"
)

// TestHostile puts what no client would send into every place of every route, one at a time: no answer is a fault of the server.
func TestHostile(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.Demo, c.WidgetRate, c.WidgetFlowRate = true, 0, 0
		r := start(t, c)
		h := &hostile{running: r, token: r.token(c, "zoe"), known: map[string]string{
			"AccountSid": r.cred.AccountSID, "WorkspaceSid": r.cred.WorkspaceSID, "WorkerSid": r.cred.WorkerSID, "ServiceSid": r.cred.ChatServiceSID,
			"WorkflowSid": r.cred.WorkflowSID, "TaskQueueSid": r.cred.TaskQueueSID,
		}}
		for _, route := range server.Routes(t, r.Server) {
			if route.Product != httpapi.Socket { // those have no way in but a socket
				h.attack(route)
			}
		}
	})
}

// hostile sends requests with the right credentials and wrong everything else.
type hostile struct {
	*running
	token string
	known map[string]string // good values of paths
}

var pathName = regexp.MustCompile(`\{(\w+)\}`)

func (h *hostile) attack(route httpapi.Route) {
	names := pathName.FindAllStringSubmatch(route.Path, -1)
	for _, place := range names {
		for _, value := range []string{"\xff\xfe", "\xed\xa0\x80", "a\x00b", "../..", "' OR 1=1 --", strings.Repeat("x", 5000), strings.Repeat("9", 30), "\u202e😀"} {
			h.send(route, h.path(route, map[string]string{place[1]: value}), "", "")
		}
	}
	path := h.path(route, nil)
	for _, query := range []string{"PageSize=%ff&Page=%00&PageToken=%ff", "PageToken=PT" + strings.Repeat("W", 40), "Status=%00&FriendlyName=%ff&Identity=%ed%a0%80", "%zz"} {
		h.send(route, path+"?"+query, "", "")
	}
	if route.Method == http.MethodGet {
		return
	}
	for _, body := range []string{"FriendlyName=%ff", "Identity=%00&Body=%ed%a0%80", "x=%zz", `{"a":`, "[]", "null", `"x"`, `{"token":"\u0000","identity":1,"attributes":"{"}`,
		strings.Repeat("[", 20_000), strings.Repeat("x=1&", 20_000)} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "x/y; ="} {
			h.send(route, path, kind, body)
		}
	}
}

// path writes a route's path with the given values, or with good ones.
func (h *hostile) path(route httpapi.Route, values map[string]string) string {
	return "/" + route.Product + pathName.ReplaceAllStringFunc(route.Path, func(name string) string {
		name = name[1 : len(name)-1]
		for _, from := range []map[string]string{values, h.known} {
			if v, ok := from[name]; ok {
				return url.PathEscape(v)
			}
		}
		return "CH0123456789abcdef0123456789abcdef"
	})
}

func (h *hostile) send(route httpapi.Route, path, kind, body string) {
	h.t.Helper()
	req := h.request(route.Method, path, strings.NewReader(body))
	req.Header["Content-Type"] = []string{kind}
	req.SetBasicAuth(h.cred.AccountSID, h.cred.AuthToken)
	if route.Access == httpapi.Token {
		req.SetBasicAuth("token", h.token)
	}
	if a := h.do(req); a.status >= http.StatusInternalServerError {
		h.t.Errorf("%s %.200q (%s %.60q): %d %s", route.Method, path, kind, body, a.status, a.body)
	}
}
