package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/config"
	"parley/internal/server"
)

// provider is a double of the provider: it notes what it is to send.
type provider struct {
	mu  sync.Mutex
	got []map[string]any
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m map[string]any
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.Header.Get("Idempotency-Key") == "" {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, m)
}

func (p *provider) sent() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]map[string]any(nil), p.got...)
}

// A text comes in, an agent answers, and the provider's report comes back: through this program and a whole Parley.
func TestTransport(t *testing.T) {
	p := &provider{}
	far := httptest.NewServer(p)
	t.Cleanup(far.Close)
	g := &gateway{provider: far.URL, secret: "secret"}
	near := httptest.NewServer(g)
	t.Cleanup(near.Close)
	g.self = near.URL + "/out"

	c := config.Default()
	c.Listen, c.Data, c.WebhookAllowPrivate, c.TransportSMS = "127.0.0.1:0", t.TempDir(), true, config.DSN(g.self)
	s, err := server.Start(t.Context(), c, server.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	cred, err := s.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.parley, g.account, g.authToken = s.BaseURL(), cred.AccountSID, cred.AuthToken

	call := func(method, path string, form url.Values) map[string]any {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, s.BaseURL()+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.SetBasicAuth(cred.APIKeySID, cred.APIKeySecret)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var m map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&m); err != nil || answer.StatusCode >= 300 {
			t.Fatalf("%s %s: %d %v %v", method, path, answer.StatusCode, m, err)
		}
		return m
	}
	post := func(path, secret, body string) int {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, near.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Secret", secret)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		return answer.StatusCode
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("waited too long for %s", what)
			}
		}
	}

	call("POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"Text"}, "ChatServiceSid": {cred.ChatServiceSID}, "ChannelType": {"sms"}, "ContactIdentity": {"+14155550100"},
		"Enabled": {"true"}, "IntegrationType": {"task"}, "Integration.WorkspaceSid": {cred.WorkspaceSID}, "Integration.WorkflowSid": {cred.WorkflowSID}, "Integration.Channel": {"chat"}})
	in := `{"id":"1","from":"+14155550199","to":"+14155550100","text":"hello"}`
	if got := post("/in", "wrong", in); got != http.StatusForbidden {
		t.Errorf("a stranger is answered %d", got)
	}
	if got := post("/out", "", "From=x"); got != http.StatusForbidden {
		t.Errorf("who does not sign is answered %d", got)
	}
	if got := post("/in", "secret", in); got != http.StatusNoContent {
		t.Fatalf("the provider is answered %d", got)
	}
	sessions := "/proxy/v1/Services/" + cred.ProxyServiceSID + "/Sessions"
	var session map[string]any
	until("the session", func() bool {
		all := call("GET", sessions, nil)["sessions"].([]any)
		if len(all) == 1 {
			session = all[0].(map[string]any)
		}
		return session != nil
	})
	call("POST", "/chat/v2/Services/"+cred.ChatServiceSID+"/Channels/"+session["unique_name"].(string)+"/Messages", url.Values{"From": {"agent"}, "Body": {"Good day"}})
	until("the answer", func() bool { return len(p.sent()) == 1 })
	m := p.sent()[0]
	if m["from"] != "+14155550100" || m["to"] != "+14155550199" || m["text"] != "Good day" {
		t.Errorf("the provider was given %v", m)
	}
	if got := post("/state", "secret", `{"reference":"`+m["reference"].(string)+`","state":"arrived"}`); got != http.StatusNoContent {
		t.Errorf("the report is answered %d", got)
	}
	until("the state", func() bool {
		for _, i := range call("GET", sessions+"/"+session["sid"].(string)+"/Interactions", nil)["interactions"].([]any) {
			if o := i.(map[string]any); o["outbound_resource_type"] == "Message" && strings.HasPrefix(o["outbound_resource_sid"].(string), "SM") {
				return o["outbound_resource_status"] == "delivered"
			}
		}
		return false
	})
}
