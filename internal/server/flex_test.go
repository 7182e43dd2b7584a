package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/internal/config"
)

// public makes a request without credentials, as the widget does.
func (r *running) public(method, path, body, origin string) answer {
	r.t.Helper()
	req := r.request(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "none")
	req.Header.Set("Content-Type", "application/json")
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	return r.do(req)
}

// A visitor of the widget comes in by a new instance's own flow, on both stores, and is on the chat socket with what it was given; a
// second start finds the same configuration.
func TestWidget(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WidgetOrigins = []string{"https://shop.example.org"}
		r := start(t, c)
		public := r.public("GET", "/flex-api/v1/Configuration/Public", "", "").json(t)["configurations"].([]any)[0].(map[string]any)
		if public["account_sid"] != r.cred.AccountSID || public["runtime_domain"] != r.BaseURL() {
			t.Errorf("%v", public)
		}
		tokens := "/iam/v1/Accounts/" + r.cred.AccountSID + "/Tokens"
		if a := r.public("POST", tokens, `{"products":["flex"]}`, "https://evil.example.org"); a.status != http.StatusForbidden || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %s", a.status, a.body)
		}
		pass := r.public("POST", tokens, `{"products":["flex"]}`, "https://shop.example.org").json(t)
		jwt, who := pass["token"].(string), pass["identity"].(string)
		dial(t, r, jwt).close()
		form := url.Values{"FlexFlowSid": {r.cred.WebFlowSID}, "Identity": {who}, "ChatFriendlyName": {"Flex WebChat"}, "CustomerFriendlyName": {"Carol"}}
		req := r.request("POST", "/flex-api/v1/WebChannels", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("token", jwt)
		a := r.do(req)
		if a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if task := r.call(200, "GET", "/flex-api/v1/Channels/"+a.json(t)["sid"].(string), nil)["task_sid"]; task == nil {
			t.Error("a widget's chat waits for an agent from its beginning")
		}
		refresh := func(token string) answer { return r.public("POST", tokens+"/refresh", `{"token":"`+token+`"}`, "") }
		if again := refresh(jwt).json(t); again["identity"] != who {
			t.Errorf("%v", again)
		}
		if known := refresh(r.token(c, "anna")); known.status != http.StatusUnauthorized || known.json(t)["code"] != 20106.0 {
			t.Errorf("an app's token was renewed: %d %s", known.status, known.body)
		}
		saved := r.request("POST", "/flex-api/v1/Configuration", strings.NewReader(`{"crm_type":"own"}`))
		if a := r.do(saved); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
		r.stop()
		r = start(t, c)
		got := r.call(200, "GET", "/flex-api/v1/Configuration", nil)
		if got["crm_type"] != "own" || got["taskrouter_workspace_sid"] != r.cred.WorkspaceSID || got["chat_service_instance_sid"] != r.cred.ChatServiceSID {
			t.Errorf("%v", got)
		}
		if strings.Contains(r.log.String(), jwt) {
			t.Error("the log holds a token")
		}
	})
}

// Each script that is listed of this server is there; what is missing is told to the log and stops nothing.
func TestDesktopPlugins(t *testing.T) {
	c := settings(t)
	c.Demo, c.PluginsDir = true, t.TempDir()
	if err := os.WriteFile(filepath.Join(c.PluginsDir, "hello.js"), []byte("/**/"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Plugins = []string{"/plugins/gone.js", "https://cdn.example.org/far.js"}
	r := start(t, c)
	jwt := r.postJSON("/demo/token", `{"identity":"agent","role":"agent"}`).json(t)["token"].(string)
	req := r.request("GET", "/flex/plugins", nil)
	req.SetBasicAuth("token", jwt)
	a := r.do(req)
	var list []struct{ Name, Src string }
	if err := json.Unmarshal(a.body, &list); err != nil || len(list) == 0 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, p := range list {
		if p.Name == "gone" {
			t.Error("a script that is not there is listed")
		}
		if !strings.HasPrefix(p.Src, r.BaseURL()) {
			continue
		}
		if got := r.do(r.request("GET", p.Src, nil)); got.status != http.StatusOK {
			t.Errorf("%s: %d", p.Src, got.status)
		}
	}
	if last := list[len(list)-1]; last.Src != "https://cdn.example.org/far.js" {
		t.Errorf("%+v", list)
	}
	if !strings.Contains(r.log.String(), "/plugins/gone.js") {
		t.Error("the log says nothing of the script that is missing")
	}
}
