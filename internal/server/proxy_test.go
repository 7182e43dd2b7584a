package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"

	"parley/internal/config"
	"parley/internal/webhook"
)

const (
	ours   = "+14155550100"
	theirs = "+14155550199"
)

// inbound brings a message as a transport does, signed with the account's auth token.
func (r *running) inbound(from, to, sid, body string, more ...string) answer {
	r.t.Helper()
	form := url.Values{"MessageSid": {sid}, "From": {from}, "To": {to}, "Body": {body}, "NumMedia": {"0"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return r.signed("/proxy/v1/Transports/"+r.cred.AccountSID+"/Messages", form, r.cred.AuthToken)
}

// signed posts a form with a signature by a key.
func (r *running) signed(path string, form url.Values, key string) answer {
	r.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = r.BaseURL() + path
	}
	req := r.request("POST", path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", webhook.Sign(key, path, form))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

// smsFlow makes the flow that answers texts to our number with a task.
func (r *running) smsFlow() {
	r.t.Helper()
	r.call(201, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"Text"}, "ChatServiceSid": {r.cred.ChatServiceSID}, "ChannelType": {"sms"},
		"ContactIdentity": {ours}, "Enabled": {"true"}, "JanitorEnabled": {"true"}, "IntegrationType": {"task"}, "Integration.WorkspaceSid": {r.cred.WorkspaceSID},
		"Integration.WorkflowSid": {r.cred.WorkflowSID}, "Integration.Channel": {"chat"}})
}

// list reads the items of a list.
func (r *running) list(path, key string) (all []map[string]any) {
	r.t.Helper()
	for _, item := range r.call(200, "GET", path, nil)[key].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func (r *running) sessions() []map[string]any {
	r.t.Helper()
	return r.list("/proxy/v1/Services/"+r.cred.ProxyServiceSID+"/Sessions", "sessions")
}

// field reads a text of each item.
func field(all []map[string]any, name string) (out []string) {
	for _, one := range all {
		s, _ := one[name].(string)
		out = append(out, s)
	}
	return out
}

// bodies are the texts that a transport was given.
func (h *receiver) bodies() (all []string) {
	for _, c := range h.all() {
		all = append(all, c.form.Get("Body"))
	}
	return all
}

// TestTextToAgentAndBack: a customer's text makes a chat and a task; what the agent answers goes out through the transport, whose reports come
// back; when the task ends, the session goes, and the next text begins anew.
func TestTextToAgentAndBack(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		transport, told := newReceiver(t, 1), newReceiver(t, 0)
		c.TransportSMS = config.DSN(transport.URL + "/out?via=a")
		r := start(t, c)
		r.smsFlow()
		service := "/proxy/v1/Services/" + r.cred.ProxyServiceSID
		if got := r.call(200, "POST", service, url.Values{"CallbackUrl": {told.URL + "/told"}}); got["chat_instance_sid"] != r.cred.ChatServiceSID {
			t.Fatalf("the instance's Proxy service is %v", got)
		}
		for range 2 { // a transport that got no answer brings it again
			if a := r.inbound(theirs, ours, "SM0123456789abcdef0123456789abcdef", "My order?", "ProfileName", "Zoë"); a.status != 204 {
				t.Fatalf("inbound: %d %s", a.status, a.body)
			}
		}
		var channels []map[string]any
		until(t, "the chat", func() bool {
			channels = r.list("/flex-api/v1/Channels", "flex_chat_channels")
			return len(channels) == 1 && channels[0]["task_sid"] != nil
		})
		sid, task := channels[0]["sid"].(string), channels[0]["task_sid"].(string)
		channel := "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + sid
		until(t, "the text in the chat", func() bool { return len(r.list(channel+"/Messages", "messages")) == 1 })
		if m := r.list(channel+"/Messages", "messages")[0]; m["from"] != theirs || m["body"] != "My order?" {
			t.Errorf("the chat has %v", m)
		}
		open := r.sessions()
		if len(open) != 1 || open[0]["unique_name"] != sid || open[0]["status"] != "in-progress" || open[0]["mode"] != "message-only" {
			t.Fatalf("the session is %v", open)
		}
		if a := r.call(200, "GET", channel, nil)["attributes"].(string); !strings.Contains(a, `"proxySession":"`+open[0]["sid"].(string)+`"`) || !strings.Contains(a, `"from":"`+theirs+`"`) {
			t.Errorf("the channel's attributes are %s", a)
		}

		// The agent answers, also with a file; the customer's own words and the transport's failure change nothing of the order.
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {"agent"}, "Body": {"Let me see"}})
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {theirs}, "Body": {"by hand"}})
		media := r.upload("image/png", strings.NewReader("picture"), "").json(t)["sid"].(string)
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {"agent"}, "MediaSid": {media}})
		until(t, "the answers at the transport", func() bool { return len(transport.all()) == 3 })
		calls := transport.all()
		first, again, file := calls[0], calls[1], calls[2]
		if first.token == "" || first.token != again.token || first.form.Get("Body") != "Let me see" || again.form.Get("MessageSid") != first.form.Get("MessageSid") || file.form.Get("NumMedia") != "1" {
			t.Errorf("the transport was given %v", transport.bodies())
		}
		params := map[string]string{}
		for name := range again.form {
			params[name] = again.form.Get(name)
		}
		validator := client.NewRequestValidator(r.cred.AuthToken)
		if !validator.Validate(transport.URL+"/out?via=a", params, again.signature) || params["From"] != ours || params["To"] != theirs || params["AccountSid"] != r.cred.AccountSID {
			t.Errorf("the transport was given %v", params)
		}
		got, err := http.Get(file.form.Get("MediaUrl0"))
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(got.Body); string(b) != "picture" || file.form.Get("MediaContentType0") != "image/png" {
			t.Errorf("the file is %q of type %s", b, file.form.Get("MediaContentType0"))
		}
		got.Body.Close()

		// Reports come back, late ones too.
		for _, state := range []string{"delivered", "sent", "read"} {
			if a := r.signed(params["StatusCallback"], url.Values{"MessageStatus": {state}, "MessageSid": {params["MessageSid"]}}, r.cred.AuthToken); a.status != 204 {
				t.Fatalf("report: %d %s", a.status, a.body)
			}
		}
		interactions := service + "/Sessions/" + open[0]["sid"].(string) + "/Interactions"
		until(t, "the states", func() bool {
			return slices.Equal(field(r.list(interactions, "interactions"), "outbound_resource_status"), []string{"delivered", "delivered", "sent"})
		})
		until(t, "the callbacks", func() bool { return len(told.all()) == 6 })
		var states []string
		for _, call := range told.all() {
			states = append(states, call.form.Get("outboundResourceStatus"))
			if call.form.Get("interactionSessionSid") != open[0]["sid"] || call.signature == "" {
				t.Errorf("told %v", call.form)
			}
		}
		slices.Sort(states)
		if !slices.Equal(states, []string{"delivered", "delivered", "queued", "queued", "sent", "sent"}) {
			t.Errorf("told of %q", states)
		}

		// The agent's last word is said at the moment of the end.
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {"agent"}, "Body": {"Bye"}})
		r.complete(task)
		until(t, "the janitor", func() bool { return len(r.sessions()) == 0 })
		until(t, "the last word", func() bool { return slices.Contains(transport.bodies(), "Bye") })
		if a := r.inbound(theirs, ours, "second", "One more thing"); a.status != 204 {
			t.Fatalf("inbound: %d %s", a.status, a.body)
		}
		until(t, "another chat", func() bool {
			return len(r.list("/flex-api/v1/Channels", "flex_chat_channels")) == 2 && len(r.sessions()) == 1
		})
		if n := len(r.list(channel+"/Messages", "messages")); n != 5 {
			t.Errorf("the first chat has %d messages", n)
		}
	})
}

// complete has a task accepted and completed.
func (r *running) complete(task string) {
	r.t.Helper()
	workspace := "/taskrouter/v1/Workspaces/" + r.cred.WorkspaceSID
	available := r.list(workspace+"/Activities?FriendlyName=Available", "activities")[0]["sid"].(string)
	r.call(200, "POST", workspace+"/Workers/"+r.cred.WorkerSID, url.Values{"ActivitySid": {available}})
	reservations := workspace + "/Tasks/" + task + "/Reservations"
	until(r.t, "the offer", func() bool { return len(r.list(reservations, "reservations")) == 1 })
	r.call(200, "POST", reservations+"/"+r.list(reservations, "reservations")[0]["sid"].(string), url.Values{"ReservationStatus": {"accepted"}})
	r.call(200, "POST", workspace+"/Tasks/"+task, url.Values{"AssignmentStatus": {"completed"}, "Reason": {"resolved"}})
}

// TestAnswerInAnActiveChat: a text to a chat that goes on comes into that chat, with its files, also where its session has ended meanwhile; and
// a chat that an agent began by Target has a session of its own.
func TestAnswerInAnActiveChat(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		transport := newReceiver(t, 0)
		files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			switch q.URL.Path {
			case "/cat.jpg":
				http.Redirect(w, q, "/real.jpg", http.StatusFound)
			case "/real.jpg":
				w.Header().Set("Content-Type", "image/jpeg")
				_, _ = w.Write([]byte("miaow"))
			default:
				http.NotFound(w, q)
			}
		}))
		t.Cleanup(files.Close)
		c.TransportURL = config.DSN(transport.URL)
		r := start(t, c)
		r.smsFlow()
		flow := r.list("/flex-api/v1/FlexFlows?FriendlyName=Text", "flex_flows")[0]["sid"].(string)
		made := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {flow}, "Identity": {"zoe"}, "ChatUserFriendlyName": {"Zoë"}, "ChatFriendlyName": {"Call back"}, "Target": {theirs}})
		channel := "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + made["sid"].(string)
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {"agent"}, "Body": {"You asked us to write"}})
		until(t, "the first word", func() bool { return slices.Equal(transport.bodies(), []string{"You asked us to write"}) })

		service := "/proxy/v1/Services/" + r.cred.ProxyServiceSID
		session := service + "/Sessions/" + r.sessions()[0]["sid"].(string)
		r.call(200, "POST", session, url.Values{"Status": {"closed"}})
		if a := r.inbound(theirs, ours, "1", "Look", "NumMedia", "2", "MediaUrl0", files.URL+"/cat.jpg?secret=1", "MediaContentType0", "image/jpeg", "MediaUrl1", files.URL+"/gone"); a.status != 204 {
			t.Fatalf("inbound: %d %s", a.status, a.body)
		}
		until(t, "the text and its file", func() bool { return len(r.list(channel+"/Messages", "messages")) == 3 })
		all := r.list(channel+"/Messages", "messages")
		if !slices.Equal(field(all, "from"), []string{"agent", "zoe", "zoe"}) || all[1]["body"] != "Look\n"+files.URL+"/gone" || all[2]["type"] != "media" {
			t.Errorf("the chat has %v", all)
		}
		media := all[2]["media"].(map[string]any)
		if media["content_type"] != "image/jpeg" || media["size"] != 5.0 || media["filename"] != "real.jpg" {
			t.Errorf("the file is %v", media)
		}
		if got := r.call(200, "GET", session, nil); got["status"] != "in-progress" || got["closed_reason"] != "" {
			t.Errorf("the session is %v", got)
		}
		again := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {flow}, "Identity": {"zoe"}, "ChatUserFriendlyName": {"Zoë"}, "ChatFriendlyName": {"Call back"}, "Target": {theirs}})
		if again["sid"] != made["sid"] || len(r.sessions()) != 1 {
			t.Errorf("another chat was made: %v", again)
		}
		r.call(204, "DELETE", "/flex-api/v1/Channels/"+made["sid"].(string), nil)
		if left := r.sessions(); len(left) != 0 {
			t.Errorf("sessions of a deleted chat: %v", left)
		}
	})
}

// pair makes a service with a pool, and a session of two people.
func (r *running) pair(form url.Values) (service, session string) {
	r.t.Helper()
	form.Set("UniqueName", "pair")
	service = "/proxy/v1/Services/" + r.call(201, "POST", "/proxy/v1/Services", form)["sid"].(string)
	r.call(201, "POST", service+"/PhoneNumbers", url.Values{"PhoneNumber": {ours}})
	made := r.call(201, "POST", service+"/Sessions", url.Values{"Participants": {`{"Identifier":"` + theirs + `"}`, `{"Identifier":"+14155550198"}`}})
	return service, service + "/Sessions/" + made["sid"].(string)
}

// TestIntercept: 403 keeps a message from going on, in both directions; any other answer, and none, lets it.
func TestIntercept(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		transport := newReceiver(t, 0)
		c.TransportURL = config.DSN(transport.URL)
		r := start(t, c)
		ask := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			switch data := q.PostFormValue("interactionData"); {
			case strings.Contains(data, "bad"):
				w.WriteHeader(http.StatusForbidden)
			case strings.Contains(data, "odd"):
				w.WriteHeader(http.StatusBadRequest)
			}
		}))
		t.Cleanup(ask.Close)
		_, session := r.pair(url.Values{"InterceptCallbackUrl": {ask.URL}})
		for i, body := range []string{"bad one", "odd one", "bad two", "good one"} {
			if a := r.inbound(theirs, ours, string(rune('a'+i)), body); a.status != 204 {
				t.Fatalf("inbound: %d %s", a.status, a.body)
			}
		}
		until(t, "what may pass", func() bool { return slices.Equal(transport.bodies(), []string{"odd one", "good one"}) })
		if to := transport.all()[0].form; to.Get("To") != "+14155550198" || to.Get("From") != ours {
			t.Errorf("sent %v", to)
		}
		until(t, "the interactions", func() bool {
			return slices.Equal(field(r.list(session+"/Interactions", "interactions"), "outbound_resource_status"), []string{"", "sent", "", "sent"})
		})

		// The same in a chat.
		channel := r.call(201, "POST", "/chat/v2/Services/"+r.cred.ChatServiceSID+"/Channels", nil)["sid"].(string)
		instance := "/proxy/v1/Services/" + r.cred.ProxyServiceSID
		r.call(200, "POST", instance, url.Values{"InterceptCallbackUrl": {ask.URL}})
		r.call(201, "POST", instance+"/PhoneNumbers", url.Values{"PhoneNumber": {"+14155550101"}})
		r.call(201, "POST", instance+"/Sessions", url.Values{"Participants": {`{"Identifier":"+14155550197","FriendlyName":"Anna"}`, `{"Identifier":"` + channel + `"}`}})
		messages := "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + channel + "/Messages"
		for _, body := range []string{"bad word", "good word"} {
			r.call(201, "POST", messages, url.Values{"From": {"bot"}, "Body": {body}})
		}
		r.inbound("+14155550197", "+14155550101", "x", "bad guest")
		r.inbound("+14155550197", "+14155550101", "y", "good guest")
		until(t, "the chat", func() bool {
			return slices.Equal(field(r.list(messages, "messages"), "body"), []string{"bad word", "good word", "good guest"})
		})
		until(t, "what may go out", func() bool { return slices.Equal(transport.bodies()[2:], []string{"good word"}) })
		if from := field(r.list(messages, "messages"), "from"); from[2] != "Anna" {
			t.Errorf("written by %q", from)
		}
	})
}

// TestOutsideOfSessions: the receiver may answer a text with one, or make a session that takes it; a session ends when its time is over, and who
// writes then, or where nobody is, is told why.
func TestOutsideOfSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		transport := newReceiver(t, 0)
		c.TransportURL = config.DSN(transport.URL)
		r := start(t, c)
		var seen logBuffer
		outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			_, _ = seen.Write([]byte(q.PostFormValue("Body") + " " + q.PostFormValue("sessionStatus") + " " + q.PostFormValue("inboundParticipantIdentifier") + "\n"))
			switch q.PostFormValue("Body") {
			case "hi":
				_, _ = w.Write([]byte(`<?xml version="1.0"?><Response><Message>Who is there?</Message><Message><Body>Say more</Body></Message></Response>`))
			case "odd":
				_, _ = w.Write([]byte(`{"participantIdentifier":1}`))
			default:
				_, _ = w.Write([]byte(`{"uniqueName":"ride","ttl":4,"mode":"message-only","participantIdentifier":"+14155550198"}`))
			}
		}))
		t.Cleanup(outside.Close)
		service := "/proxy/v1/Services/" + r.call(201, "POST", "/proxy/v1/Services", url.Values{"UniqueName": {"rides"}, "OutOfSessionCallbackUrl": {outside.URL}})["sid"].(string)
		r.call(201, "POST", service+"/PhoneNumbers", url.Values{"PhoneNumber": {ours}})
		for i, body := range []string{"hi", "odd", "a taxi please"} {
			if a := r.inbound(theirs, ours, string(rune('a'+i)), body); a.status != 204 {
				t.Fatalf("inbound: %d %s", a.status, a.body)
			}
		}
		until(t, "the answers and the driver's text", func() bool { return len(transport.all()) == 3 })
		if got := transport.bodies(); !slices.Equal(got, []string{"Who is there?", "Say more", "a taxi please"}) || transport.all()[2].form.Get("To") != "+14155550198" {
			t.Errorf("sent %q", got)
		}
		session := service + "/Sessions/ride"
		until(t, "the end of its time", func() bool {
			got := r.call(200, "GET", session, nil)
			return got["status"] == "closed" && got["closed_reason"] == "ttl" && got["date_ended"] != nil
		})
		r.call(200, "POST", service, url.Values{"OutOfSessionCallbackUrl": {""}})
		r.call(201, "POST", service+"/Sessions", url.Values{"Participants": {`{"Identifier":"+14155550190"}`}})
		for _, tt := range []struct {
			from, to string
			status   int
			code     float64
		}{{theirs, ours, 400, 80904}, {"+14155550191", ours, 400, 80903}, {theirs, "+14155550111", 404, 80304}, {"line:x", ours, 404, 80304}, {"x", ours, 400, 80404}} {
			if a := r.inbound(tt.from, tt.to, "new", "hello"); a.status != tt.status || a.json(t)["code"] != tt.code {
				t.Errorf("from %s to %s: %d %s", tt.from, tt.to, a.status, a.body)
			}
		}
		r.call(204, "DELETE", service+"/Sessions/"+r.list(service+"/Sessions", "sessions")[1]["sid"].(string), nil)
		if a := r.inbound("+14155550191", ours, "new", "hello"); a.json(t)["code"] != 80902.0 {
			t.Errorf("where no session is: %s", a.body)
		}
		if !strings.Contains(seen.String(), "a taxi please  \n") {
			t.Errorf("the receiver saw %s", seen.String())
		}
	})
}

// TestRelaySurvives: whatever was taken before a stop goes on after the next start, once.
func TestRelaySurvives(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		transport := newReceiver(t, 2)
		c.TransportURL = config.DSN(transport.URL)
		r := start(t, c)
		r.smsFlow()
		r.inbound(theirs, ours, "1", "one")
		until(t, "the chat", func() bool { return len(r.sessions()) == 1 })
		channel := "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + r.sessions()[0]["unique_name"].(string)
		r.inbound(theirs, ours, "2", "two")
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {"agent"}, "Body": {"three"}})
		r.call(201, "POST", channel+"/Messages", url.Values{"From": {"agent"}, "Body": {"four"}})
		r.stop()
		r = start(t, c)
		for _, sid := range []string{"1", "2"} {
			if a := r.inbound(theirs, ours, sid, "again"); a.status != 204 {
				t.Fatalf("inbound: %d %s", a.status, a.body)
			}
		}
		until(t, "the texts in the chat", func() bool { return len(r.list(channel+"/Messages", "messages")) == 4 })
		until(t, "the answers", func() bool { return slices.Contains(transport.bodies(), "four") })
		tokens := map[string]string{}
		for _, call := range transport.all() {
			if was := tokens[call.form.Get("Body")]; was != "" && was != call.token {
				t.Errorf("%q was sent as two messages", call.form.Get("Body"))
			}
			tokens[call.form.Get("Body")] = call.token
		}
		all := r.list(channel+"/Messages", "messages")
		if got := field(all, "body"); len(tokens) != 2 || slices.Index(got, "one") > slices.Index(got, "two") || len(got) != 4 {
			t.Errorf("the chat has %q, the transport got %v", got, transport.bodies())
		}
	})
}

// TestTransportsThatMisbehave: one that hangs and one that answers without end delay no other; one that refuses shows in the interaction.
func TestTransportsThatMisbehave(t *testing.T) {
	c := settings(t)
	c.WebhookAllowPrivate = true
	release := make(chan struct{})
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.PostFormValue("To") {
		case "line:hangs":
			_, _ = io.Copy(io.Discard, q.Body)
			select {
			case <-release:
			case <-q.Context().Done():
			}
		case "line:floods":
			block := make([]byte, 1<<20)
			for range 100 {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(bad.Close)
	t.Cleanup(func() { close(release) })
	good := newReceiver(t, 0)
	c.TransportLine, c.TransportSMS = config.DSN(bad.URL), config.DSN(good.URL)
	r := start(t, c)
	service := "/proxy/v1/Services/" + r.cred.ProxyServiceSID
	for _, a := range []string{ours, "line:us"} {
		r.call(201, "POST", service+"/PhoneNumbers", url.Values{"PhoneNumber": {a}})
	}
	states := map[string]string{}
	for _, to := range []string{"line:hangs", "line:floods", "line:refused", theirs, "custom:nobody"} {
		if to == "custom:nobody" {
			r.call(201, "POST", service+"/PhoneNumbers", url.Values{"PhoneNumber": {"custom:us"}})
		}
		session := service + "/Sessions/" + r.call(201, "POST", service+"/Sessions", url.Values{"Participants": {`{"Identifier":"` + to + `"}`}})["sid"].(string)
		who := r.list(session+"/Participants", "participants")[0]["sid"].(string)
		r.call(200, "POST", session+"/Participants/"+who+"/MessageInteractions", url.Values{"Body": {"hello"}})
		states[session] = map[string]string{"line:hangs": "queued", "line:floods": "sent", "line:refused": "failed", theirs: "sent", "custom:nobody": "failed"}[to]
	}
	begin := time.Now()
	for session, state := range states {
		until(t, state, func() bool {
			return r.list(session+"/Interactions", "interactions")[0]["outbound_resource_status"] == state
		})
	}
	if took := time.Since(begin); took > 25*time.Second || len(good.all()) != 1 {
		t.Errorf("the others took %v", took)
	}
}

// TestForgedTransport: who cannot prove to speak for the account brings and reports nothing.
func TestForgedTransport(t *testing.T) {
	c := settings(t)
	r := start(t, c)
	r.smsFlow()
	path := "/proxy/v1/Transports/" + r.cred.AccountSID + "/Messages"
	form := url.Values{"MessageSid": {"1"}, "From": {theirs}, "To": {ours}, "Body": {"hello"}}
	other := r.owner(201, "POST", "/api/2010-04-01/Accounts.json", url.Values{"FriendlyName": {"other"}})
	basic := func(user, password string) answer {
		req := r.request("POST", path, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(user, password)
		return r.do(req)
	}
	for name, a := range map[string]answer{
		"another key":      r.signed(path, form, "wrong"),
		"no key":           r.signed(path, form, ""),
		"another account":  r.signed("/proxy/v1/Transports/"+other["sid"].(string)+"/Messages", form, r.cred.AuthToken),
		"no account":       r.signed("/proxy/v1/Transports/x/Messages", form, r.cred.AuthToken),
		"a report":         r.signed(path+"/SM0123456789abcdef0123456789abcdef", url.Values{"MessageStatus": {"read"}}, "wrong"),
		"a wrong password": basic(r.cred.APIKeySID, "wrong"),
		"their password":   basic(other["sid"].(string), other["auth_token"].(string)),
	} {
		if a.status != 401 || a.json(t)["code"] != 20003.0 {
			t.Errorf("%s is answered %d %s", name, a.status, a.body)
		}
	}
	req := r.request("POST", path, strings.NewReader(form.Encode()+"&Body=changed"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", webhook.Sign(r.cred.AuthToken, r.BaseURL()+path, url.Values{"Body": {"other"}}))
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 401 {
		t.Errorf("another form: %v %v", resp, err)
	} else {
		resp.Body.Close()
	}
	if n := len(r.sessions()); n != 0 {
		t.Errorf("%d sessions were made", n)
	}
	if a := r.signed(path+"/x", url.Values{"MessageStatus": {"read"}}, r.cred.AuthToken); a.status != 404 {
		t.Errorf("a report of nothing: %d %s", a.status, a.body)
	}
	if a := r.signed(path+"/SM0123456789abcdef0123456789abcdef", url.Values{"MessageStatus": {"eaten"}}, r.cred.AuthToken); a.json(t)["code"] != 80701.0 {
		t.Errorf("a state that is none: %d %s", a.status, a.body)
	}
	if a := basic(r.cred.APIKeySID, r.cred.APIKeySecret); a.status != 204 {
		t.Errorf("a good key: %d %s", a.status, a.body)
	}
	until(t, "the chat", func() bool { return len(r.sessions()) == 1 })
}
