package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lxzan/gws"
	"github.com/twilio/twilio-go/client"

	"parley/internal/config"
)

// TestPreEventOverSocket: what an SDK user sends is asked about first, with a signature that the official validator accepts; the receiver's words
// are what is sent, and its no is the client's 50056.
func TestPreEventOverSocket(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		r := start(t, c)
		validator := client.NewRequestValidator(r.cred.AuthToken)
		hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !validator.Validate("http://"+req.Host+req.RequestURI, nil, req.Header.Get("X-Twilio-Signature")) || req.Method != "GET" {
				t.Errorf("%s %s has a bad signature", req.Method, req.RequestURI)
			}
			if req.URL.Query().Get("Body") == "bad" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			_, _ = w.Write([]byte(`{"body":"` + strings.ToUpper(req.URL.Query().Get("Body")) + `"}`))
		}))
		t.Cleanup(hook.Close)
		service := "/chat/v2/Services/" + r.cred.ChatServiceSID
		r.call(200, "POST", service, url.Values{"PreWebhookUrl": {hook.URL + "/?x=1"}, "WebhookMethod": {"GET"}, "WebhookFilters": {"onMessageSend"}})
		channel := r.call(201, "POST", service+"/Channels", nil)["sid"].(string)
		r.call(201, "POST", service+"/Channels/"+channel+"/Members", url.Values{"Identity": {"alice"}})
		s := dial(t, r, r.token(c, "alice"))
		say := func(body string) frame {
			payload := `{"body":"` + body + `"}`
			header, err := json.Marshal(map[string]any{"id": "TM1", "method": "message", "active_grant": "ip_messaging", "payload_type": "application/json",
				"payload_size": len(payload), "http_request": map[string]any{"host": "aim.us1.twilio.com", "method": "POST", "headers": map[string]string{},
					"path": "/Client/v1/Services/" + r.cred.ChatServiceSID + "/Conversations/" + channel + "/Messages"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.ws.WriteMessage(gws.OpcodeBinary, fmt.Appendf(nil, "TWILSOCK V3.0 %d\r\n%s\r\n%s", len(header), header, payload)); err != nil {
				t.Fatal(err)
			}
			return s.wait("reply")
		}
		if got := say("good"); code(got.header, "http_status") != 201 {
			t.Errorf("a message that passes: %v %s", got.header, got.payload)
		}
		if got := say("bad"); code(got.header, "http_status") != 403 || !strings.Contains(string(got.payload), "50056") {
			t.Errorf("a message that is refused: %v %s", got.header, got.payload)
		}
		list := r.call(200, "GET", service+"/Channels/"+channel+"/Messages", nil)["messages"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["body"] != "GOOD" {
			t.Errorf("the channel holds %v", list)
		}
	})
}

// TestFailuresByREST: a dead letter is shown with its state and replayed, and nobody else's credentials see it.
func TestFailuresByREST(t *testing.T) {
	c := settings(t)
	c.WebhookAllowPrivate = true
	r := start(t, c)
	h := newReceiver(t, 1)
	r.say(r.external(h, "0"), "one")
	const path = "/monitor/v1/WebhookFailures"
	var failures []any
	until(t, "the dead letter", func() bool {
		failures = r.call(200, "GET", path+"?State=dead", nil)["failures"].([]any)
		return len(failures) == 1
	})
	f := failures[0].(map[string]any)
	if f["response_status"] != 503.0 || f["request_url"] != h.URL+"/hook" || f["event_type"] != "onMessageSent" || f["idempotency_token"] != h.all()[0].token ||
		f["url"] != r.BaseURL()+path+"/"+f["sid"].(string) {
		t.Errorf("the failure is %v", f)
	}
	r.call(400, "GET", path+"?State=gone", nil)
	r.call(404, "GET", path+"/WD00000000000000000000000000000000", nil)
	if got := r.call(200, "POST", f["links"].(map[string]any)["replay"].(string), nil); got["state"] != "retrying" {
		t.Errorf("the replay answers %v", got)
	}
	until(t, "the replay", func() bool { return r.call(200, "GET", path+"/"+f["sid"].(string), nil)["state"] == "delivered" })
	r.call(409, "POST", path+"/"+f["sid"].(string)+"/Replay", nil)
	if got := r.call(200, "POST", path+"/Replay", nil); got["replayed"] != 0.0 {
		t.Errorf("replayed %v", got)
	}
	if calls := h.all(); len(calls) != 2 || calls[1].form.Get("Body") != "one" || calls[1].token != calls[0].token {
		t.Errorf("calls %+v", calls)
	}
	req := r.request("GET", path, nil)
	req.SetBasicAuth(r.cred.AccountSID, "wrong")
	if a := r.do(req); a.status != 401 {
		t.Errorf("a stranger is answered %d", a.status)
	}
}
