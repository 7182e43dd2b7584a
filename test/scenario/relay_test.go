package scenario

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// transport takes what goes out to people outside; it refuses one call in ten, so that there are retries.
type transport struct {
	*httptest.Server
	mu     sync.Mutex
	tokens map[string]map[string]bool // by text: the idempotency tokens under which it came
	order  map[string][]string        // by person: the texts in the order of first success
}

func newTransport(t *testing.T) *transport {
	x := &transport{}
	x.forget()
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, to := r.FormValue("Body"), r.FormValue("To")
		x.mu.Lock()
		defer x.mu.Unlock()
		if rand.IntN(10) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if x.tokens[body] == nil {
			x.tokens[body] = map[string]bool{}
			x.order[to] = append(x.order[to], body)
		}
		x.tokens[body][r.Header.Get("I-Twilio-Idempotency-Token")] = true
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *transport) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens, x.order = map[string]map[string]bool{}, map[string][]string{}
}

func (x *transport) got(to string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.order[to])
}

// TestTextsSurviveKills kills nodes at any moment while people outside write and an agent answers: every text that was taken is in one chat, once
// and in its order, and every answer that was acknowledged goes out in its order, a repeat under the same token.
func TestTextsSurviveKills(t *testing.T) {
	outside := newTransport(t)
	t.Setenv("PARLEY_TRANSPORT_SMS", outside.URL)
	each(t, func(t *testing.T, cl *cluster) {
		const people, texts, kills = 5, 20, 8
		const ours = "+14155550100"
		outside.forget()
		cl.rest(t, 0, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"text"}, "ChatServiceSid": {cl.creds["chat_service_sid"]}, "ChannelType": {"sms"},
			"ContactIdentity": {ours}, "Enabled": {"true"}, "JanitorEnabled": {"true"}, "IntegrationType": {"task"}, "Integration.WorkspaceSid": {cl.creds["workspace_sid"]},
			"Integration.WorkflowSid": {cl.creds["workflow_sid"]}, "Integration.Channel": {"chat"}})
		var all sync.WaitGroup
		for i := range people {
			all.Go(func() {
				for n := range texts {
					form := url.Values{"MessageSid": {fmt.Sprintf("%d-%d", i, n)}, "From": {person(i)}, "To": {ours}, "Body": {fmt.Sprint("text ", n)}}
					for taken := false; !taken; time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond) {
						status, _, err := cl.try(rand.IntN(len(cl.nodes)), "POST", "/proxy/v1/Transports/"+cl.creds["account_sid"]+"/Messages", form)
						taken = err == nil && status == http.StatusNoContent
					}
				}
			})
		}
		end := make(chan struct{})
		acked := make([][]string, people)
		for i := range people {
			all.Go(func() { acked[i] = cl.answer(i, end) })
		}
		for range kills {
			time.Sleep(time.Duration(50+rand.IntN(400)) * time.Millisecond)
			victim := cl.nodes[rand.IntN(len(cl.nodes))]
			victim.kill()
			victim.start()
		}
		close(end)
		all.Wait()
		// What a killed node of several had in work is taken over when its lease ends: a person's first text, too.
		deadline := time.Now().Add(2 * time.Minute)
		chats := cl.chats()
		for ; len(chats) < people && time.Now().Before(deadline); chats = cl.chats() {
			time.Sleep(50 * time.Millisecond)
		}
		if len(chats) != people {
			t.Fatalf("%d chats for %d people", len(chats), people)
		}
		for i := range people {
			for ; time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
				got, stored := outside.got(person(i)), cl.said(t, chats[person(i)], "agent") // more than was acknowledged, where a kill cut the answer off
				if len(cl.said(t, chats[person(i)], person(i))) >= texts && slices.Equal(got, stored) && subset(acked[i], got) {
					break
				}
			}
			var want []string
			for n := range texts {
				want = append(want, fmt.Sprint("text ", n))
			}
			if got := cl.said(t, chats[person(i)], person(i)); !slices.Equal(got, want) {
				t.Errorf("%s wrote %q", person(i), got)
			}
			got := outside.got(person(i))
			if stored := cl.said(t, chats[person(i)], "agent"); !slices.Equal(got, stored) || !subset(acked[i], got) {
				t.Errorf("%s was answered %q, of %q, of which %q were promised", person(i), got, stored, acked[i])
			}
		}
		outside.mu.Lock()
		defer outside.mu.Unlock()
		for body, tokens := range outside.tokens {
			if len(tokens) != 1 {
				t.Errorf("%q came under %d tokens", body, len(tokens))
			}
		}
	})
}

func person(i int) string { return fmt.Sprint("+1415555020", i) }

// subset reports whether all of some is in all.
func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// answer writes in the chat of a person, as soon as there is one, until end; it returns what was acknowledged.
func (cl *cluster) answer(i int, end chan struct{}) (acked []string) {
	channel := ""
	for n := 0; ; time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond) {
		select {
		case <-end:
			return acked
		default:
		}
		if channel == "" {
			channel = cl.chats()[person(i)]
			continue
		}
		body := fmt.Sprintf("answer %d to %d", n, i)
		n++
		status, _, err := cl.try(rand.IntN(len(cl.nodes)), "POST", cl.service()+"/Channels/"+channel+"/Messages", url.Values{"From": {"agent"}, "Body": {body}})
		if err == nil && status == http.StatusCreated {
			acked = append(acked, body)
		}
	}
}

// chats are the channels of people, as their sessions say; what a node that was killed did not answer is left out.
func (cl *cluster) chats() map[string]string {
	service := "/proxy/v1/Services/" + cl.creds["proxy_service_sid"] + "/Sessions"
	list := func(path, key string) (all []map[string]any) {
		_, body, err := cl.try(rand.IntN(len(cl.nodes)), "GET", path, nil)
		var out map[string]json.RawMessage
		if err == nil && json.Unmarshal(body, &out) == nil {
			_ = json.Unmarshal(out[key], &all)
		}
		return all
	}
	found := map[string]string{}
	for _, s := range list(service, "sessions") {
		for _, p := range list(service+"/"+s["sid"].(string)+"/Participants", "participants") {
			if who := p["identifier"].(string); who != s["unique_name"] {
				found[who] = s["unique_name"].(string)
			}
		}
	}
	return found
}

// said is what somebody wrote in a channel.
func (cl *cluster) said(t *testing.T, channel, who string) (all []string) {
	t.Helper()
	for _, m := range cl.stored(t, 0, channel) {
		if m["from"] == who {
			all = append(all, m["body"].(string))
		}
	}
	return all
}
