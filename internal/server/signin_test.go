package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/internal/config"
)

// signIn opens the login page as the desktop does and sends its form; it returns where the browser is sent, nil for nowhere.
func signIn(t *testing.T, r *running, form url.Values) (page answer, to *url.URL) {
	t.Helper()
	ask := r.request("POST", "/preview/iam/Accounts/"+r.cred.AccountSID+"/authenticate", strings.NewReader(`{"products":["flex"],"resource":"`+r.BaseURL()+`/desktop/"}`))
	ask.Header.Set("Content-Type", "application/json")
	location := r.do(ask).json(t)["location"].(string)
	page = r.do(r.request("GET", location, nil))
	send := r.request("POST", location, strings.NewReader(form.Encode()))
	send.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(send)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSeeOther {
		if to, err = resp.Location(); err != nil {
			t.Fatal(err)
		}
	}
	return page, to
}

// In demo mode one click is enough; its token opens every socket that the desktop has.
func TestSignInDemo(t *testing.T) {
	c := settings(t)
	c.Demo = true
	r := start(t, c)
	for name, role := range map[string]string{"agent": "agent", "supervisor": "supervisor"} {
		_, to := signIn(t, r, url.Values{"demo": {name}})
		if to == nil || to.Path != "/agent-desktop" || to.Query().Get("Identity") != name || to.Query().Get("Roles") != role {
			t.Fatalf("%s lands at %s", name, to)
		}
		dial(t, r, to.Query().Get("Token")).close()
		user := r.call(200, "GET", "/chat/v2/Services/"+r.cred.ChatServiceSID+"/Users/"+name, nil)
		if got, kind := roleOf(t, r, user); got != role || kind != "deployment" {
			t.Errorf("the role of %s in chat is %s of %s", name, got, kind)
		}
	}
}

// Outside demo mode nobody comes in without a password, and one that the command line sets beside the server is good at once.
func TestSignIn(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		page, to := signIn(t, r, url.Values{"demo": {"agent"}})
		if to != nil || page.status != http.StatusOK || strings.Contains(string(page.body), "demo") {
			t.Fatalf("without demo mode: %s %s", to, page.body)
		}
		workers := r.call(200, "GET", "/taskrouter/v1/Workspaces/"+r.cred.WorkspaceSID+"/Workers", nil)
		if list, _ := workers["workers"].([]any); len(list) != 1 {
			t.Errorf("workers %v", workers)
		}
		password := r.setPassword(c, "agent")
		if _, to := signIn(t, r, url.Values{"name": {"agent"}, "password": {password}}); to == nil || to.Query().Get("Identity") != "agent" {
			t.Errorf("with the password: %s", to)
		}
		if strings.Contains(r.log.String(), password) {
			t.Error("the password is in the log")
		}
	})
}
