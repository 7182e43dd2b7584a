package scenario

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

func indexOf(r reply) int64 {
	var out struct{ Index int64 }
	_ = json.Unmarshal(r.body, &out)
	return out.Index
}

// receiver is an application's webhook. It refuses one call in thirty, so that retries happen too, but never one message more
// often than it is tried again.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	refused map[string]int             // by message SID
	tokens  map[string]map[string]bool // by message SID: the idempotency tokens of the calls that it took
	order   map[string][]int64         // by channel: the indexes in the order of first success
	bad     []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{refused: map[string]int{}, tokens: map[string]map[string]bool{}, order: map[string][]int64{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sid := req.FormValue("MessageSid"); rand.IntN(30) == 0 && r.refused[sid] < retries {
		r.refused[sid]++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	sid, token := req.FormValue("MessageSid"), req.Header.Get("I-Twilio-Idempotency-Token")
	if sid == "" || token == "" || req.Header.Get("X-Twilio-Signature") == "" || req.FormValue("EventType") != "onMessageSent" {
		r.bad = append(r.bad, fmt.Sprint(req.Form, req.Header))
	}
	if r.tokens[sid] == nil {
		r.tokens[sid] = map[string]bool{}
		var index int64
		_, _ = fmt.Sscan(req.FormValue("Index"), &index)
		r.order[req.FormValue("ChannelSid")] = append(r.order[req.FormValue("ChannelSid")], index)
	}
	r.tokens[sid][token] = true
}

// retries is the flow's RetryCount.
const retries = 3

// promise is a message that a writer was told is sent.
type promise struct {
	channel string
	index   int64
	body    string
}

// TestKilledAgainAndAgain kills the server at any moment while writers send, and holds it to its promises: no acknowledged message is
// lost or doubled, and every stored message's webhook arrives, a repeat under the same token.
func TestKilledAgainAndAgain(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		const writers, kills = 6, 8
		hook := newReceiver(t)
		flow := cl.rest(t, 0, "POST", "/flex-api/v1/FlexFlows", url.Values{"FriendlyName": {"killed"}, "ChatServiceSid": {cl.creds["chat_service_sid"]},
			"ChannelType": {"custom"}, "ContactIdentity": {"killed"}, "Enabled": {"true"}, "IntegrationType": {"external"},
			"Integration.Url": {hook.URL + "/hook"}, "Integration.RetryCount": {fmt.Sprint(retries)}})["sid"].(string)
		channels := make([]string, writers)
		for w := range writers {
			who := fmt.Sprint("customer-", w)
			channels[w] = cl.rest(t, 0, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {flow}, "Identity": {who},
				"ChatUserFriendlyName": {who}, "ChatFriendlyName": {who}})["sid"].(string)
		}

		end := make(chan struct{})
		promises := make([][]promise, writers)
		sent := make([]map[string]bool, writers) // bodies that were tried, whatever was answered
		var wg sync.WaitGroup
		for w := range writers {
			sent[w] = map[string]bool{}
			wg.Go(func() { promises[w] = cl.write(w, channels[w], sent[w], end) })
		}
		for range kills {
			time.Sleep(time.Duration(50+rand.IntN(400)) * time.Millisecond)
			victim := cl.nodes[rand.IntN(len(cl.nodes))]
			victim.kill()
			victim.start()
		}
		close(end)
		wg.Wait()

		total := 0
		for w, channel := range channels {
			byIndex, byBody := map[int64]string{}, map[string]int{}
			for _, m := range cl.stored(t, 0, channel) {
				total++
				index, body := int64(m["index"].(float64)), m["body"].(string)
				if _, twice := byIndex[index]; twice {
					t.Errorf("index %d is given twice", index)
				}
				byIndex[index] = body
				byBody[body]++
				if !sent[w][body] {
					t.Errorf("nobody sent %q", body)
				}
			}
			for i := range int64(len(byIndex)) {
				if _, ok := byIndex[i]; !ok {
					t.Errorf("index %d is missing", i)
				}
			}
			for _, p := range promises[w] {
				if byIndex[p.index] != p.body {
					t.Errorf("message %d was acknowledged as %q and is stored as %q", p.index, p.body, byIndex[p.index])
				}
			}
			for body, n := range byBody {
				if n != 1 {
					t.Errorf("%q is stored %d times", body, n)
				}
			}
		}
		t.Logf("%d messages over %d kills", total, kills)
		if total == 0 {
			t.Fatal("nothing was sent")
		}
		cl.checkWebhooks(t, hook, channels)
	})
}

// write sends messages to a channel, now through this node, now through that, until end; it returns what it was promised.
func (cl *cluster) write(w int, channel string, sent map[string]bool, end chan struct{}) (got []promise) {
	var sock *socket
	defer func() {
		if sock != nil {
			sock.drop()
		}
	}()
	for i := 0; ; i++ {
		select {
		case <-end:
			return got
		default:
		}
		if sock == nil {
			var err error
			if sock, err = connect(cl.nodes[rand.IntN(len(cl.nodes))].addr, cl.token(fmt.Sprint("customer-", w)), nil); err != nil {
				sock = nil
				time.Sleep(20 * time.Millisecond)
				continue
			}
		}
		body := fmt.Sprintf("%d-%d", w, i)
		sent[body] = true
		r, err := sock.call("POST", cl.messages(channel), map[string]any{"body": body, "attributes": "{}"})
		if err != nil {
			sock.drop()
			sock = nil
			continue
		}
		if r.status == http.StatusCreated {
			got = append(got, promise{channel, indexOf(r), body})
		}
	}
}

func (cl *cluster) checkWebhooks(t *testing.T, hook *receiver, channels []string) {
	t.Helper()
	stored := map[string]bool{}
	for _, channel := range channels {
		for _, m := range cl.stored(t, 0, channel) {
			stored[m["sid"].(string)] = true
		}
	}
	missing, least := 0, len(stored)+1
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		missing = 0
		hook.mu.Lock()
		for sid := range stored {
			if len(hook.tokens[sid]) == 0 {
				missing++
			}
		}
		hook.mu.Unlock()
		if missing == 0 {
			break
		}
		if missing < least { // as long as they come, it is a matter of how fast
			least, deadline = missing, time.Now().Add(90*time.Second)
		}
	}
	hook.mu.Lock()
	defer hook.mu.Unlock()
	if missing > 0 {
		t.Errorf("the webhooks of %d of %d messages never arrived", missing, len(stored))
	}
	for sid, tokens := range hook.tokens {
		if len(tokens) != 1 {
			t.Errorf("message %s came under %d tokens", sid, len(tokens))
		}
		if !stored[sid] {
			t.Errorf("a webhook tells of message %s, which is not stored", sid)
		}
	}
	for channel, order := range hook.order {
		for i := 1; i < len(order); i++ {
			if order[i] < order[i-1] {
				t.Errorf("channel %s: message %d came after %d", channel, order[i], order[i-1])
				break
			}
		}
	}
	for _, b := range hook.bad {
		t.Errorf("a webhook is not as it should be: %s", b)
	}
}
