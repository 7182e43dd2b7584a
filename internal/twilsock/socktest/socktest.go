// Package socktest is a chat client for tests: it speaks the socket protocol as the SDKs do, and shows what came.
package socktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// Client is one socket.
type Client struct {
	gws.BuiltinEventHandler
	t       testing.TB
	ws      *gws.Conn
	id      int
	replies chan frame
	Events  chan Event // notifications, in the order of their coming
	closed  chan struct{}
}

type frame struct {
	header  map[string]any
	payload []byte
}

// Event is a notification.
type Event struct {
	Type    string // message_type
	Payload map[string]any
}

// Name is the event_type of a Sync event, "" for others.
func (e Event) Name() string {
	s, _ := e.Payload["event_type"].(string)
	return s
}

// Body is the event object of a Sync event.
func (e Event) Body() map[string]any {
	m, _ := e.Payload["event"].(map[string]any)
	return m
}

// Number reads a number of the event object; -1 if it has none of the name.
func (e Event) Number(name string) int64 {
	if n, ok := e.Body()[name].(float64); ok {
		return int64(n)
	}
	return -1
}

// Text reads a text of the event object.
func (e Event) Text(name string) string {
	s, _ := e.Body()[name].(string)
	return s
}

// Dial opens a socket at an http:// address and logs in.
func Dial(t testing.TB, address, token string) *Client {
	t.Helper()
	c := &Client{t: t, replies: make(chan frame, 4096), Events: make(chan Event, 65536), closed: make(chan struct{})}
	ws, _, err := gws.NewClient(c, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(address, "http") + "/tsock/v3/wsconnect"})
	if err != nil {
		t.Fatal(err)
	}
	c.ws = ws
	go ws.ReadLoop()
	t.Cleanup(c.Close)
	reply := c.exchange(map[string]any{"method": "init", "token": token}, nil)
	if code(reply.header, "status") != 200 {
		t.Fatalf("init was answered %v", reply.header)
	}
	return c
}

// OnClose implements gws.Event.
func (c *Client) OnClose(*gws.Conn, error) { close(c.closed) }

// OnMessage implements gws.Event. What the server pushes is acknowledged, as SDKs do.
func (c *Client) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	var size int
	line, rest, _ := bytes.Cut(m.Bytes(), []byte("\r\n"))
	if _, err := fmt.Sscanf(string(line), "TWILSOCK V3.0 %d", &size); err != nil || size+2 > len(rest) {
		c.t.Errorf("bad frame %.100q", m.Bytes())
		return
	}
	f := frame{payload: bytes.Clone(rest[size+2:])}
	if err := json.Unmarshal(rest[:size], &f.header); err != nil {
		c.t.Errorf("bad header %q", rest[:size])
		return
	}
	if f.header["method"] == "reply" {
		c.replies <- f
		return
	}
	id, _ := f.header["id"].(string)
	_ = c.write([]byte(`{"id":"`+id+`","method":"reply","payload_type":"application/json","status":{"code":200,"status":"OK"},"payload_size":0}`), nil)
	if f.header["method"] == "notification" {
		e := Event{Type: fmt.Sprint(f.header["message_type"])}
		if err := json.Unmarshal(f.payload, &e.Payload); err != nil {
			c.t.Errorf("bad payload %q", f.payload)
		}
		c.Events <- e
	}
}

func (c *Client) write(header, payload []byte) error {
	return c.ws.WriteMessage(gws.OpcodeBinary, append(fmt.Appendf(nil, "TWILSOCK V3.0 %d\r\n%s\r\n", len(header), header), payload...))
}

// exchange sends a frame and waits for its reply.
func (c *Client) exchange(header map[string]any, payload []byte) frame {
	c.t.Helper()
	c.id++
	id := fmt.Sprint("TM", c.id)
	header["id"], header["payload_size"] = id, len(payload)
	raw, err := json.Marshal(header)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.write(raw, payload); err != nil {
		c.t.Fatal(err)
	}
	late := time.After(patience)
	for {
		select {
		case f := <-c.replies:
			if f.header["id"] == id {
				return f
			}
		case <-c.closed:
			c.t.Fatal("the socket was closed instead of a reply")
		case <-late:
			c.t.Fatal("no reply came")
		}
	}
}

func code(header map[string]any, field string) int {
	status, _ := header[field].(map[string]any)
	n, _ := status["code"].(float64)
	return int(n)
}

// Answer is the answer to a request.
type Answer struct {
	Status int
	Body   map[string]any // nil unless it is a JSON object
}

// Code is the code of an error body; 0 for none.
func (a Answer) Code() int {
	n, _ := a.Body["code"].(float64)
	return int(n)
}

// Do sends a tunnelled request. target is a path with an optional query, or an absolute URL as answers hold them; body is
// JSON text, or a value to encode, or nil. A name and value in headers are joined by ": ".
func (c *Client) Do(verb, target string, body any, headers ...string) Answer {
	c.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		c.t.Fatal(err)
	}
	params := map[string][]string{}
	for k, values := range u.Query() {
		for _, v := range values {
			params[k] = append(params[k], url.QueryEscape(v))
		}
	}
	fields := map[string]string{"Content-Type": "application/json"}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		fields[name] = value
	}
	var payload []byte
	switch b := body.(type) {
	case nil:
	case string:
		payload = []byte(b)
	default:
		if payload, err = json.Marshal(b); err != nil {
			c.t.Fatal(err)
		}
	}
	return c.answer(verb+" "+target, c.exchange(map[string]any{"method": "message", "payload_type": fields["Content-Type"],
		"http_request": map[string]any{"host": "label", "path": u.EscapedPath(), "method": verb, "params": params, "headers": fields}}, payload))
}

// Next returns the next notification.
func (c *Client) Next() Event {
	c.t.Helper()
	select {
	case e := <-c.Events:
		return e
	case <-time.After(patience):
		c.t.Fatal("no event came")
	}
	return Event{}
}

// Quiet checks that nothing more came: all that was pushed before the answer to a request is here with it.
func (c *Client) Quiet() {
	c.t.Helper()
	c.Do("GET", "/v3/Maps/none", nil)
	select {
	case e := <-c.Events:
		c.t.Errorf("%s came unasked: %v", e.Name(), e.Payload)
	default:
	}
}

// Close ends the socket.
func (c *Client) Close() {
	_ = c.ws.NetConn().Close()
	<-c.closed
}

// Raw sends a request whose path stands in the envelope as it is.
func (c *Client) Raw(verb, path, body string) Answer {
	c.t.Helper()
	return c.answer(verb+" "+path, c.exchange(map[string]any{"method": "message", "payload_type": "application/json",
		"http_request": map[string]any{"host": "label", "path": path, "method": verb, "headers": map[string]string{}}}, []byte(body)))
}

func (c *Client) answer(what string, reply frame) Answer {
	c.t.Helper()
	if code(reply.header, "status") != 200 {
		c.t.Fatalf("%s was answered %v", what, reply.header)
	}
	a := Answer{Status: code(reply.header, "http_status")}
	if len(reply.payload) > 0 {
		if err := json.Unmarshal(reply.payload, &a.Body); err != nil {
			c.t.Errorf("%s: body %q", what, reply.payload)
		}
	}
	return a
}
