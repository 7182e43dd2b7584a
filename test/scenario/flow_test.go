package scenario

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// longFlow has every kind of step: messages, waits with and without an answer, requests, a split, variables and a hand-over.
const longFlow = `{"initial_state":"Trigger","states":[
	{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"greet"}]},
	{"name":"greet","type":"send-message","properties":{"from":"Bot","body":"Hello"},"transitions":[{"event":"sent","next":"first"},{"event":"failed"}]},
	{"name":"first","type":"make-http-request","properties":{"method":"POST","url":"%[1]s/first","parameters":[{"key":"who","value":"{{contact.channel.address}}"}]},"transitions":[{"event":"success","next":"ask"},{"event":"failed","next":"ask"}]},
	{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"Q {{widgets.first.parsed.said}}?","timeout":"3600"},"transitions":[{"event":"incomingMessage","next":"remember"},{"event":"timeout"},{"event":"deliveryFailure"}]},
	{"name":"remember","type":"set-variables","properties":{"variables":[{"key":"answer","value":"{{widgets.ask.inbound.Body}}"}]},"transitions":[{"event":"next","next":"split"}]},
	{"name":"split","type":"split-based-on","properties":{"input":"{{flow.variables.answer}}"},"transitions":[{"event":"noMatch","next":"lost"},
		{"event":"match","next":"second","conditions":[{"friendly_name":"answered","type":"starts_with","value":"answer","arguments":["{{flow.variables.answer}}"]}]}]},
	{"name":"second","type":"run-function","properties":{"url":"%[1]s/second","parameters":[{"key":"who","value":"{{contact.channel.address}}"}]},"transitions":[{"event":"success","next":"pause"},{"event":"fail","next":"pause"}]},
	{"name":"pause","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"One moment","timeout":"1"},"transitions":[{"event":"incomingMessage","next":"lost"},{"event":"timeout","next":"third"},{"event":"deliveryFailure"}]},
	{"name":"third","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"Q {{widgets.second.parsed.said}} again?","timeout":"3600"},"transitions":[{"event":"incomingMessage","next":"flex"},{"event":"timeout"},{"event":"deliveryFailure"}]},
	{"name":"flex","type":"send-to-flex","properties":{"workflow":"%[2]s","channel":"chat","attributes":"{\"answer\":{{flow.variables.answer | to_json}}}"},"transitions":[{"event":"callComplete","next":"bye"},{"event":"failedToEnqueue","next":"lost"},{"event":"callFailure"}]},
	{"name":"bye","type":"send-message","properties":{"from":"Bot","body":"Somebody comes"},"transitions":[{"event":"sent"},{"event":"failed"}]},
	{"name":"lost","type":"send-message","properties":{"from":"Bot","body":"Lost"},"transitions":[{"event":"sent"},{"event":"failed"}]}]}`

// longWay are the steps through it.
var longWay = []string{"Trigger", "greet", "first", "ask", "remember", "split", "second", "pause", "third", "flex", "bye"}

// asked is a server that flows ask; it notes under which tokens.
type asked struct {
	*httptest.Server
	mu     sync.Mutex
	tokens map[string]map[string]int // by path and customer
}

func newAsked(t *testing.T) *asked {
	a := &asked{tokens: map[string]map[string]int{}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		key := r.URL.Path + " " + r.FormValue("who")
		if a.tokens[key] == nil {
			a.tokens[key] = map[string]int{}
		}
		a.tokens[key][r.Header.Get("I-Twilio-Idempotency-Token")]++
		a.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"said":%q}`, r.URL.Path[1:]+" "+r.FormValue("who"))
	}))
	t.Cleanup(a.Close)
	return a
}

// TestAFlowIsKilledBetweenItsSteps kills nodes at any moment while a bot talks to customers and asks other servers: no message, no task, no
// step is lost or doubled, and a request that is repeated bears the token of the first.
func TestAFlowIsKilledBetweenItsSteps(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		const customers, kills = 8, 12
		outside := newAsked(t)
		flow := cl.rest(t, 0, "POST", "/studio/v2/Flows", url.Values{"FriendlyName": {"killed"}, "Status": {"published"},
			"Definition": {fmt.Sprintf(longFlow, outside.URL, cl.creds["workflow_sid"])}})["sid"].(string)
		chats := cl.rest(t, 0, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"bot"}, "ChatServiceSid": {cl.creds["chat_service_sid"]},
			"ChannelType": {"custom"}, "ContactIdentity": {"bot"}, "Enabled": {"true"}, "IntegrationType": {"studio"}, "Integration.FlowSid": {flow}})["sid"].(string)
		channels := make([]string, customers)
		for i := range customers {
			who := fmt.Sprint("customer-", i)
			channels[i] = cl.rest(t, 0, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {chats}, "Identity": {who},
				"ChatUserFriendlyName": {who}, "ChatFriendlyName": {who}})["sid"].(string)
		}
		end := make(chan struct{})
		var talks sync.WaitGroup
		for i, channel := range channels {
			talks.Go(func() { cl.converse(fmt.Sprint("customer-", i), channel, end) })
		}
		for range kills {
			time.Sleep(time.Duration(50+rand.IntN(500)) * time.Millisecond)
			victim := cl.nodes[rand.IntN(len(cl.nodes))]
			victim.kill()
			victim.start()
		}
		// What a killed node of several had in work is taken over when its lease ends.
		deadline := time.Now().Add(3 * time.Minute)
		for open := 1; open > 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			open = 0
			for _, channel := range channels {
				if talk := cl.talk(t, channel); len(talk) == 0 || talk[len(talk)-1] != "Bot: Somebody comes" {
					open++
				}
			}
		}
		close(end)
		talks.Wait()
		for i, channel := range channels {
			who := fmt.Sprint("customer-", i)
			want := []string{who + ": hi", "Bot: Hello", "Bot: Q first " + who + "?", who + ": answer 1", "Bot: One moment", "Bot: Q second " + who + " again?",
				who + ": answer 2", "Bot: Somebody comes"}
			if got := cl.talk(t, channel); !slices.Equal(got, want) {
				t.Errorf("the talk with %s was\n%s", who, strings.Join(got, "\n"))
			}
		}
		cl.checkExecutions(t, flow, channels)
		outside.mu.Lock()
		defer outside.mu.Unlock()
		repeats := 0
		for key, tokens := range outside.tokens {
			if len(tokens) != 1 {
				t.Errorf("%s was asked under %d tokens", key, len(tokens))
			}
			for _, n := range tokens {
				repeats += n - 1
			}
		}
		if len(outside.tokens) != 2*customers {
			t.Errorf("%d requests for %d customers", len(outside.tokens), customers)
		}
		t.Logf("%d conversations over %d kills, %d requests were repeated", customers, kills, repeats)
	})
}

// converse is a customer: who writes first, and answers each question, through any node that answers.
func (cl *cluster) converse(who, channel string, end chan struct{}) {
	for {
		select {
		case <-end:
			return
		case <-time.After(30 * time.Millisecond):
		}
		status, body, err := cl.try(rand.IntN(len(cl.nodes)), "GET", cl.service()+"/Channels/"+channel+"/Messages?PageSize=100", nil)
		var page struct {
			Messages []struct{ From, Body string }
		}
		if err != nil || status != http.StatusOK || json.Unmarshal(body, &page) != nil {
			continue
		}
		own, last := 0, ""
		for _, m := range page.Messages {
			if last = m.Body; m.From == who {
				own, last = own+1, ""
			}
		}
		say := fmt.Sprint("answer ", own)
		if len(page.Messages) == 0 {
			say = "hi"
		} else if !strings.HasPrefix(last, "Q ") {
			continue
		}
		sock, err := connect(cl.nodes[rand.IntN(len(cl.nodes))].addr, cl.token(who), nil)
		if err != nil {
			continue
		}
		if _, err = sock.call("POST", cl.messages(channel), map[string]any{"body": say, "attributes": "{}"}); err != nil {
			time.Sleep(2 * time.Second) // it may have been written all the same
		}
		sock.drop()
	}
}

// talk is what was said in a channel.
func (cl *cluster) talk(t *testing.T, channel string) (lines []string) {
	t.Helper()
	for _, m := range cl.stored(t, 0, channel) {
		lines = append(lines, m["from"].(string)+": "+m["body"].(string))
	}
	return lines
}

// checkExecutions wants one execution, one way and one task for each channel.
func (cl *cluster) checkExecutions(t *testing.T, flow string, channels []string) {
	t.Helper()
	path := "/studio/v2/Flows/" + flow + "/Executions"
	list := cl.rest(t, cl.last(), "GET", path+"?PageSize=100", nil)["executions"].([]any)
	if len(list) != len(channels) {
		t.Errorf("%d executions for %d channels", len(list), len(channels))
	}
	for _, e := range list {
		sid := e.(map[string]any)["sid"].(string)
		if status := e.(map[string]any)["status"]; status != "ended" {
			t.Errorf("execution %s is %s", sid, status)
		}
		var way []string
		for _, st := range cl.rest(t, 0, "GET", path+"/"+sid+"/Steps?PageSize=100", nil)["steps"].([]any) {
			way = append(way, st.(map[string]any)["transitioned_from"].(string))
		}
		if !slices.Equal(way, longWay) {
			t.Errorf("execution %s went %v", sid, way)
		}
		if faults := cl.rest(t, 0, "GET", path+"/"+sid+"/Warnings", nil)["warnings"].([]any); len(faults) != 0 {
			t.Errorf("execution %s was warned: %v", sid, faults)
		}
	}
	tasks := map[string]int{}
	for _, task := range cl.rest(t, 0, "GET", cl.workspace()+"/Tasks?PageSize=1000", nil)["tasks"].([]any) {
		tasks[field([]byte(task.(map[string]any)["attributes"].(string)), "channelSid")]++
	}
	for _, channel := range channels {
		if tasks[channel] != 1 {
			t.Errorf("channel %s has %d tasks", channel, tasks[channel])
		}
	}
}
