package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/twilio/twilio-go/client"

	"parley/internal/config"
)

// receiver is an integrator's webhook: it notes calls and answers the first ones with an error.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	fails int
	calls []received
}

type received struct {
	form      url.Values
	token     string
	signature string
}

func newReceiver(t *testing.T, fails int) *receiver {
	t.Helper()
	h := &receiver{fails: fails}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.calls = append(h.calls, received{r.PostForm, r.Header.Get("I-Twilio-Idempotency-Token"), r.Header.Get("X-Twilio-Signature")})
		if h.fails > 0 {
			h.fails--
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *receiver) all() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.calls...)
}

// external makes a Flex Flow whose handler is the receiver, and a channel of it.
func (r *running) external(h *receiver, retries string) (messages string) {
	r.t.Helper()
	flow := r.call(201, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"external"}, "ChatServiceSid": {r.cred.ChatServiceSID},
		"ChannelType": {"custom"}, "ContactIdentity": {"external"}, "Enabled": {"true"}, "IntegrationType": {"external"}, "Integration.Url": {h.URL + "/hook?a=b"},
		"Integration.RetryCount": {retries}})
	ch := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {flow["sid"].(string)}, "Identity": {"zoë"}, "ChatUserFriendlyName": {"Zoë"}, "ChatFriendlyName": {"Chat"}})
	return "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + ch["sid"].(string) + "/Messages"
}

// say posts a customer's message with webhooks on.
func (r *running) say(messages, body string) {
	r.t.Helper()
	req := r.request("POST", messages, strings.NewReader(url.Values{"From": {"zoë"}, "Body": {body}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Webhook-Enabled", "true")
	if a := r.do(req); a.status != 201 {
		r.t.Fatalf("%d %s", a.status, a.body)
	}
}

// TestWebhooks: each customer message is posted with a good signature, in order, again after a failure with the same token and
// a higher RetryCount; later ones wait for it.
func TestWebhooks(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		r := start(t, c)
		h := newReceiver(t, 2)
		messages := r.external(h, "3")
		r.say(messages, "one")
		r.say(messages, "two")
		until(t, "the webhooks", func() bool { return len(h.all()) >= 4 })
		calls := h.all()
		validator := client.NewRequestValidator(r.cred.AuthToken)
		for i, want := range []struct{ body, retry string }{{"one", "0"}, {"one", "1"}, {"one", "2"}, {"two", "0"}} {
			got := calls[i]
			if got.form.Get("Body") != want.body || got.form.Get("RetryCount") != want.retry || got.form.Get("EventType") != "onMessageSent" ||
				got.form.Get("AccountSid") != r.cred.AccountSID || got.form.Get("From") != "zoë" {
				t.Errorf("call %d is %v", i, got.form)
			}
			flat := map[string]string{}
			for k := range got.form {
				flat[k] = got.form.Get(k)
			}
			if !validator.Validate(h.URL+"/hook?a=b", flat, got.signature) {
				t.Errorf("call %d has a bad signature", i)
			}
		}
		if calls[0].token == "" || calls[0].token != calls[2].token || calls[0].token == calls[3].token {
			t.Errorf("idempotency tokens %q %q %q %q", calls[0].token, calls[1].token, calls[2].token, calls[3].token)
		}
	})
}

// TestWebhookGivesUp: after its retries a call becomes a dead letter and the next one goes out.
func TestWebhookGivesUp(t *testing.T) {
	c := settings(t)
	c.WebhookAllowPrivate = true
	r := start(t, c)
	h := newReceiver(t, 2)
	messages := r.external(h, "1")
	r.say(messages, "one")
	r.say(messages, "two")
	until(t, "the second message", func() bool { return len(h.all()) >= 3 })
	if last := h.all()[2].form; last.Get("Body") != "two" || last.Get("RetryCount") != "0" {
		t.Errorf("after two failures came %v", last)
	}
	until(t, "the dead letter to be counted", func() bool {
		return strings.Contains(string(r.do(r.request("GET", "/metrics", nil)).body), "parley_jobs_dead 1")
	})
}

// TestWebhookSurvivesRestart: what a message caused goes out after a restart, with the token that it had before.
func TestWebhookSurvivesRestart(t *testing.T) {
	c := settings(t)
	c.WebhookAllowPrivate = true
	r := start(t, c)
	h := newReceiver(t, 1)
	messages := r.external(h, "3")
	r.say(messages, "one")
	until(t, "the first attempt", func() bool { return len(h.all()) >= 1 })
	r.stop()
	start(t, c)
	until(t, "the second attempt", func() bool { return len(h.all()) >= 2 })
	if calls := h.all(); calls[0].token != calls[1].token || calls[1].form.Get("RetryCount") != "1" {
		t.Errorf("calls %+v", calls)
	}
}

// TestWebhookGuard: without leave, nothing reaches a private address.
func TestWebhookGuard(t *testing.T) {
	r := start(t, settings(t))
	h := newReceiver(t, 0)
	r.say(r.external(h, "0"), "one")
	until(t, "the refusal", func() bool {
		return strings.Contains(string(r.do(r.request("GET", "/metrics", nil)).body), "parley_jobs_dead 1")
	})
	if n := len(h.all()); n != 0 {
		t.Errorf("%d calls came", n)
	}
}
