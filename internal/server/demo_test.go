package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"parley/internal/server"
)

func TestDemo(t *testing.T) {
	c := settings(t)
	c.Demo = true
	r := start(t, c)
	post := func(path, body string, header ...string) answer {
		t.Helper()
		req := r.request("POST", path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		return r.do(req)
	}
	if got := r.do(r.request("GET", "/demo/credentials", nil)).json(t); got["auth_token"] != r.cred.AuthToken || got["base_url"] != r.BaseURL() || len(got) != 14 {
		t.Errorf("credentials %v", got)
	}
	visitor := post("/demo/token", `{"identity":"Zoë"}`).json(t)
	if visitor["identity"] != "Zoë" || visitor["chat_service_sid"] != r.cred.ChatServiceSID || visitor["flex_flow_sid"] != r.cred.FlexFlowSID || visitor["expires_at"] == "" {
		t.Errorf("token %v", visitor)
	}
	dial(t, r, visitor["token"].(string)).close()
	ch := post("/demo/channel", `{"identity":"Zoë","friendly_name":"Zoë"}`).json(t)["channel_sid"].(string)
	if again := post("/demo/channel", `{"identity":"Zoë","friendly_name":"Zoë"}`).json(t)["channel_sid"]; again != ch {
		t.Errorf("a second channel %v", again)
	}
	dial(t, r, post("/demo/token", `{"identity":"agent","role":"agent"}`).json(t)["token"].(string)).close()
	user := r.call(200, "GET", "/chat/v2/Services/"+r.cred.ChatServiceSID+"/Users/agent", nil)
	if name, kind := roleOf(t, r, user); name != "agent" || kind != "deployment" {
		t.Errorf("the agent's role is %s of %s", name, kind)
	}
	for _, bad := range []struct {
		path, body string
		header     []string
		status     int
	}{
		{"/demo/token", `{}`, nil, 400},
		{"/demo/token", `{"identity":"` + strings.Repeat("x", 257) + `"}`, nil, 400},
		{"/demo/token", `{"identity":1}`, nil, 400},
		{"/demo/token", `nonsense`, nil, 400},
		{"/demo/token", strings.Repeat("x", 9000), nil, 413},
		{"/demo/token", `{"identity":"a","role":"king"}`, nil, 404},
		{"/demo/token", `{"identity":"a"}`, []string{"Content-Type", "text/plain"}, 400},
		{"/demo/token", `{"identity":"a"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"/demo/channel", `{}`, nil, 400},
		{"/demo/channel", `{"identity":"system","friendly_name":"x"}`, nil, 403},
		{"/demo/nothing", `{}`, nil, 404},
	} {
		got := post(bad.path, bad.body, bad.header...)
		if j := got.json(t); got.status != bad.status || j["code"] == nil || j["message"] == "" || j["status"] != float64(bad.status) {
			t.Errorf("%s %.40s: %d %s", bad.path, bad.body, got.status, got.body)
		}
	}
	if a := r.do(r.request("GET", "/demo/credentials", nil)); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("pages of others may read the credentials")
	}
}

// roleOf reads name and type of the role that a user or member has.
func roleOf(t *testing.T, r *running, of map[string]any) (name, kind string) {
	t.Helper()
	ch, _ := server.Parts(t, r.Server)
	svc, err := ch.Service(t.Context(), r.cred.AccountSID, r.cred.ChatServiceSID)
	if err != nil {
		t.Fatal(err)
	}
	role, err := ch.FetchRole(t.Context(), svc, of["role_sid"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return role.FriendlyName, role.Type
}

func TestNoDemo(t *testing.T) {
	r := start(t, settings(t))
	for _, path := range []string{"/demo/credentials", "/demo/token", "/demo/channel", "/demo/"} {
		for _, method := range []string{"GET", "POST"} {
			if a := r.do(r.request(method, path, strings.NewReader("{}"))); a.status != 404 || a.json(t)["code"] != 20404.0 {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
}

// TestFront: pages, products and unknown paths go where they belong, and browsers of other origins may call products.
func TestFront(t *testing.T) {
	r := start(t, settings(t))
	if a := r.do(r.request("GET", "/", nil)); a.status != 200 && a.status != 503 { // 503: pages are not built
		t.Errorf("start page: %d", a.status)
	}
	preflight := r.request("OPTIONS", r.mediaPath(), nil)
	preflight.Header.Set("Origin", "https://shop.example")
	preflight.Header.Set("Access-Control-Request-Headers", "x-twilio-token")
	if a := r.do(preflight); a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "X-Twilio-Token") {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
	named := r.request("GET", "/v2/Services/"+r.cred.ChatServiceSID, nil)
	named.Host = "chat.twilio.com"
	if a := r.do(named); a.status != 200 || a.json(t)["url"] != "https://chat.twilio.com/v2/Services/"+r.cred.ChatServiceSID {
		t.Errorf("by host: %d %s", a.status, a.body)
	}
	huge := r.request("GET", "/chat/v2/Services", nil)
	huge.Header.Set("X-Long", strings.Repeat("x", 1<<20))
	if resp, err := http.DefaultClient.Do(huge); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a megabyte of headers: %d", resp.StatusCode)
		}
	}
}
