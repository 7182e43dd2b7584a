package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"
)

var errGone = errors.New("the connection is gone")

// socket is one connection to a node.
type socket struct {
	gws.BuiltinEventHandler
	ws      *gws.Conn
	mu      sync.Mutex
	seq     int
	waiting map[string]chan reply
	onEvent func(kind string, ev event)
	closed  chan struct{}
}

type reply struct {
	status int
	body   []byte
}

// event is the part of a Sync notification that the tests look at.
type event struct {
	EventType string `json:"event_type"`
	Event     struct {
		ID        int64           `json:"id"`
		ListSID   string          `json:"list_sid"`
		MapSID    string          `json:"map_sid"`
		Index     int64           `json:"item_index"`
		Item      json.RawMessage `json:"item_data"`
		ObjectSID string          `json:"object_sid"`
		Last      int64           `json:"last_event_id"`
	} `json:"event"`
	Identity string `json:"identity"` // of a typing notification
}

// connect opens a socket and logs in. onEvent is called by the reading goroutine.
func connect(addr, token string, onEvent func(kind string, ev event)) (*socket, error) {
	s := &socket{waiting: map[string]chan reply{}, onEvent: onEvent, closed: make(chan struct{})}
	ws, _, err := gws.NewClient(s, &gws.ClientOption{Addr: "ws://" + addr + "/tsock/v3/wsconnect", HandshakeTimeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	s.ws = ws
	go ws.ReadLoop()
	r, err := s.exchange(map[string]any{"method": "init", "token": token, "capabilities": []string{"client_update"}}, nil)
	if err == nil && r.status != 200 {
		err = fmt.Errorf("init was answered %d", r.status)
	}
	if err != nil {
		s.drop()
	}
	return s, err
}

// drop ends the connection without a word, as a lost network does.
func (s *socket) drop() { _ = s.ws.NetConn().Close() }

func (s *socket) OnClose(*gws.Conn, error) { close(s.closed) }

func (s *socket) OnMessage(ws *gws.Conn, m *gws.Message) {
	defer m.Close()
	header, payload, err := parseFrame(m.Bytes())
	if err != nil {
		panic(err)
	}
	if header.Method == "reply" {
		s.mu.Lock()
		ch := s.waiting[header.ID]
		delete(s.waiting, header.ID)
		s.mu.Unlock()
		if ch != nil {
			status := header.Status.Code
			if header.HTTP.Code != 0 {
				status = header.HTTP.Code
			}
			ch <- reply{status, bytes.Clone(payload)}
		}
		return
	}
	_ = ws.WriteMessage(gws.OpcodeBinary, frame(map[string]any{"id": header.ID, "method": "reply", "status": map[string]any{"code": 200, "status": "OK"}}, nil))
	if header.Method == "notification" && s.onEvent != nil {
		var ev event
		if err := json.Unmarshal(payload, &ev); err != nil {
			panic(err)
		}
		s.onEvent(header.MessageType, ev)
	}
}

type frameHeader struct {
	ID, Method  string
	MessageType string `json:"message_type"`
	Status      struct{ Code int }
	HTTP        struct{ Code int } `json:"http_status"`
	Size        int                `json:"payload_size"`
}

func parseFrame(b []byte) (h frameHeader, payload []byte, err error) {
	line, rest, ok := bytes.Cut(b, []byte("\r\n"))
	n, err := strconv.Atoi(strings.TrimPrefix(string(line), "TWILSOCK V3.0 "))
	if !ok || err != nil || n > len(rest) {
		return h, nil, fmt.Errorf("bad frame %.60q", b)
	}
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		return h, nil, err
	}
	payload = rest[n+2:]
	if len(payload) < h.Size {
		return h, nil, fmt.Errorf("payload of %d bytes is shorter than %d", len(payload), h.Size)
	}
	return h, payload[:h.Size], nil
}

func frame(header map[string]any, payload []byte) []byte {
	header["payload_size"] = len(payload)
	h, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(nil, "TWILSOCK V3.0 %d\r\n%s\r\n%s", len(h), h, payload)
}

// exchange sends a frame and waits for its reply.
func (s *socket) exchange(header map[string]any, payload []byte) (reply, error) {
	ch := make(chan reply, 1)
	s.mu.Lock()
	s.seq++
	id := fmt.Sprintf("TM%d", s.seq)
	s.waiting[id] = ch
	s.mu.Unlock()
	header["id"] = id
	if err := s.ws.WriteMessage(gws.OpcodeBinary, frame(header, payload)); err != nil {
		return reply{}, errGone
	}
	select {
	case r := <-ch:
		return r, nil
	case <-s.closed:
		select { // the reply may have come just before the end
		case r := <-ch:
			return r, nil
		default:
			return reply{}, errGone
		}
	case <-time.After(20 * time.Second):
		return reply{}, errors.New("no reply within 20 s")
	}
}

// call makes a tunnelled request.
func (s *socket) call(method, path string, body any) (reply, error) {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return reply{}, err
		}
	}
	return s.exchange(map[string]any{"method": "message", "active_grant": "ip_messaging", "payload_type": "application/json",
		"http_request": map[string]any{"host": "aim.us1.twilio.com", "path": path, "method": method, "params": map[string]any{},
			"headers": map[string]any{"Content-Type": "application/json; charset=utf-8"}}}, payload)
}

// must is call for requests that have to succeed; it decodes the answer.
func (s *socket) must(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	r, err := s.call(method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if r.status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
	var out map[string]any
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// reader is a user who watches one channel's messages through as many connections as it takes, as the SDK's list does: it
// remembers the last event number and asks for what came after.
type reader struct {
	cl       *cluster
	identity string
	channel  string
	listSID  string

	mu     sync.Mutex
	sock   *socket
	last   int64
	bodies map[int64]string // what it holds, by index
	adds   map[int64]int    // how often an index was added
	faults []string
	typing chan string
	ready  chan struct{}
}

func (cl *cluster) newReader(identity, channel string) *reader {
	return &reader{cl: cl, identity: identity, channel: channel, bodies: map[int64]string{}, adds: map[int64]int{}, typing: make(chan string, 100)}
}

// open connects to a node, and subscribes from where the reader is.
func (r *reader) open(node int) error {
	r.mu.Lock()
	ready := make(chan struct{})
	r.ready = ready
	r.mu.Unlock()
	sock, err := connect(r.cl.nodes[node].addr, r.cl.token(r.identity), r.event)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.sock = sock
	r.mu.Unlock()
	answer, err := sock.call("GET", "/v3/Lists/"+r.channel+".messages", nil)
	if err != nil {
		return err
	}
	var list struct {
		SID  string `json:"sid"`
		Last int64  `json:"last_event_id"`
	}
	if answer.status != 200 {
		return fmt.Errorf("the list was answered %d %s", answer.status, answer.body)
	}
	if err := json.Unmarshal(answer.body, &list); err != nil {
		return err
	}
	r.mu.Lock()
	if r.listSID == "" {
		r.listSID, r.last = list.SID, list.Last
	}
	last := r.last
	r.mu.Unlock()
	mine, err := sock.myChannels()
	if err != nil {
		return err
	}
	answer, err = sock.call("POST", "/v4/Subscriptions", map[string]any{"event_protocol_version": 4, "action": "establish", "correlation_id": time.Now().UnixNano(),
		"retried_requests": 0, "ttl_in_s": -1, "requests": []any{
			map[string]any{"object_sid": mine, "object_type": "map", "last_event_id": nil},
			map[string]any{"object_sid": list.SID, "object_type": "list", "last_event_id": last}}})
	if err != nil {
		return err
	}
	if answer.status != 202 {
		return fmt.Errorf("the subscription was answered %d %s", answer.status, answer.body)
	}
	select {
	case <-ready:
		return nil
	case <-time.After(20 * time.Second):
		return errors.New("not subscribed within 20 s")
	}
}

// myChannels is the SID of the user's own channel map, which every SDK watches from its start.
func (s *socket) myChannels() (sid string, err error) {
	var config struct {
		Objects struct {
			MyChannels string `json:"my_conversations"`
		} `json:"sync_objects"`
	}
	answer, err := s.call("GET", "/Client/v1/Configuration", nil)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(answer.body, &config); err != nil {
		return "", err
	}
	if answer, err = s.call("GET", "/v3/Maps/"+config.Objects.MyChannels, nil); err != nil {
		return "", err
	}
	var m struct{ SID string }
	err = json.Unmarshal(answer.body, &m)
	return m.SID, err
}

func (r *reader) event(kind string, ev event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kind == "twilio.ipmsg.typing_indicator" {
		r.typing <- ev.Identity
		return
	}
	switch ev.EventType {
	case "subscription_established":
		if ev.Event.ObjectSID != r.listSID {
			return
		}
		r.last = max(r.last, ev.Event.Last)
		close(r.ready)
		return
	}
	if ev.Event.ListSID != r.listSID {
		return
	}
	if ev.Event.ID <= r.last {
		r.faults = append(r.faults, fmt.Sprintf("event %d (%s) after event %d", ev.Event.ID, ev.EventType, r.last))
	}
	r.last = ev.Event.ID
	var item struct{ Text string }
	_ = json.Unmarshal(ev.Event.Item, &item)
	_, known := r.bodies[ev.Event.Index]
	switch ev.EventType {
	case "list_item_added":
		r.adds[ev.Event.Index]++
		r.bodies[ev.Event.Index] = item.Text
	case "list_item_updated":
		if known {
			r.bodies[ev.Event.Index] = item.Text
		}
	case "list_item_removed":
		delete(r.bodies, ev.Event.Index)
	}
}

// close drops the reader's connection.
func (r *reader) close() {
	r.mu.Lock()
	sock := r.sock
	r.mu.Unlock()
	if sock != nil {
		sock.drop()
		<-sock.closed
	}
}

// holds waits until the reader has exactly the given messages, and checks that it learned of each once and in order.
func (r *reader) holds(t *testing.T, want map[int64]string) {
	t.Helper()
	wait(t, func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, body := range want {
			if got, ok := r.bodies[i]; !ok || got != body {
				return fmt.Errorf("%s has %q at %d, want %q (%d of %d messages, last event %d)", r.identity, got, i, body, len(r.bodies), len(want), r.last)
			}
		}
		if len(r.bodies) != len(want) {
			return fmt.Errorf("%s has %d messages, want %d", r.identity, len(r.bodies), len(want))
		}
		return nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, n := range r.adds {
		if n != 1 {
			t.Errorf("%s was told of message %d %d times", r.identity, i, n)
		}
	}
	for _, f := range r.faults {
		t.Errorf("%s: %s", r.identity, f)
	}
}

// wait polls until check is content, for a minute at the most.
func wait(t *testing.T, check func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatal(err)
}
