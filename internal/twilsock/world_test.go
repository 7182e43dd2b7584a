package twilsock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"go.uber.org/goleak"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/realtime"
	"parley/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeAuth takes tokens of the form "identity[/seconds to live]"; "bad" and "later" are refused.
type fakeAuth struct{}

func (fakeAuth) Basic(context.Context, string, string) (httpapi.Caller, error) {
	return httpapi.Caller{}, core.E(core.CodeAuthenticate)
}

func (fakeAuth) Token(_ context.Context, jwt string) (httpapi.Caller, error) {
	name, life, timed := strings.Cut(jwt, "/")
	switch name {
	case "bad", "":
		return httpapi.Caller{}, core.E(core.CodeTokenExpired)
	case "later":
		return httpapi.Caller{}, core.E(core.CodeUnavailable)
	}
	left := time.Hour
	if timed {
		left, _ = time.ParseDuration(life)
	}
	t := &identity.Token{Identity: name, ChatServiceSID: "IS1", AccountSID: "AC1", ExpiresAt: time.Now().Add(left)}
	if name == "nochat" {
		t.ChatServiceSID = ""
	}
	return httpapi.Caller{AccountSID: "AC1", Token: t}, nil
}

// fakeTunnel answers with what it was asked; paths /wait and /panic do what they say.
type fakeTunnel struct {
	mu      sync.Mutex
	release chan struct{} // closed to let /wait go on
	waiting atomic.Int32  // how many are at /wait
	log     []string
}

func (f *fakeTunnel) Tunnel(ctx context.Context, caller httpapi.Caller, base httpapi.Base, r *http.Request) httpapi.Result {
	switch r.URL.Path {
	case "/wait":
		f.waiting.Add(1)
		<-f.release
	case "/overlap":
		f.waiting.Add(1)
		store.Placed(ctx)
		store.Placed(ctx)
		<-f.release
	case "/panic":
		panic("boom")
	}
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.log = append(f.log, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	if ConnOf(ctx) == nil {
		return httpapi.Result{Status: 500}
	}
	answer, _ := json.Marshal(map[string]string{"path": r.URL.Path, "query": r.URL.RawQuery, "body": string(body), "who": caller.Token.Identity,
		"host": base.Host, "raw": RawPath(ctx)})
	return httpapi.Result{Status: http.StatusCreated, Body: answer}
}

type world struct {
	t      *testing.T
	tunnel *fakeTunnel
	hub    *realtime.Hub
	srv    *Server
	http   *httptest.Server
}

func newWorld(t *testing.T, change func(*Options)) *world {
	w := &world{t: t, tunnel: &fakeTunnel{release: make(chan struct{})}}
	w.hub = realtime.NewHub(noSource{}, nil, realtime.Options{})
	o := Options{Hub: w.hub, Auth: fakeAuth{}, Router: w.tunnel, MaxFrameBytes: 64 << 10,
		Login: func(_ context.Context, c httpapi.Caller) (realtime.ConnInfo, error) {
			if c.Token.Identity == "nobody" {
				return realtime.ConnInfo{}, core.E(core.CodeIdentityReserved)
			}
			return realtime.ConnInfo{Identity: c.Token.Identity}, nil
		}}
	if change != nil {
		change(&o)
	}
	w.srv = New(o)
	router := httpapi.New(httpapi.Options{Auth: fakeAuth{}})
	router.HandleRaw("tsock", "GET /", httpapi.Public, w.srv)
	w.http = httptest.NewServer(router)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.srv.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := w.hub.Stop(ctx); err != nil {
			t.Errorf("stop of the hub: %v", err)
		}
		w.http.Close()
	})
	return w
}

type noSource struct{}

func (noSource) Read(context.Context, []realtime.Position) ([]realtime.Reading, error) {
	return nil, nil
}
func (noSource) Positions(context.Context, []realtime.Topic) ([]int64, error) { return nil, nil }
func (noSource) Encode(realtime.Topic, realtime.Event) []byte                 { return nil }
func (noSource) State(realtime.Kind) bool                                     { return false }

// client is a socket as the SDKs open it.
type client struct {
	gws.BuiltinEventHandler
	t      *testing.T
	ws     *gws.Conn
	frames chan map[string]any
	closed chan error
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	line, rest, _ := bytes.Cut(m.Bytes(), []byte("\r\n"))
	var n int
	if _, err := fmt.Sscanf(string(line), "TWILSOCK V3.0 %d", &n); err != nil {
		c.t.Errorf("bad frame %.80q", m.Bytes())
		return
	}
	var h map[string]any
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		c.t.Errorf("bad header %q", rest[:n])
	}
	h["payload"] = string(rest[n+2:])
	c.frames <- h
}

func (c *client) OnClose(_ *gws.Conn, err error) { c.closed <- err }

func (w *world) open() *client {
	w.t.Helper()
	c := &client{t: w.t, frames: make(chan map[string]any, 5000), closed: make(chan error, 1)}
	ws, _, err := gws.NewClient(c, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(w.http.URL, "http") + "/tsock/v3/wsconnect"})
	if err != nil {
		w.t.Fatal(err)
	}
	c.ws = ws
	go ws.ReadLoop()
	w.t.Cleanup(func() { _ = ws.NetConn().Close() })
	return c
}

func (c *client) send(header, payload string) {
	c.t.Helper()
	header = strings.TrimSuffix(header, "}") + fmt.Sprintf(`,"payload_size":%d}`, len(payload))
	if err := c.ws.WriteMessage(gws.OpcodeBinary, wire([]byte(header), []byte(payload))); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) request(id, verb, path, payload string) {
	c.send(`{"id":"`+id+`","method":"message","http_request":{"host":"h","path":"`+path+`","method":"`+verb+`"}}`, payload)
}

// next returns the next frame of a method, with the code of its status.
func (c *client) next(method string) (map[string]any, int) {
	c.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case f := <-c.frames:
			if f["method"] == method {
				status, _ := f["status"].(map[string]any)
				code, _ := status["code"].(float64)
				return f, int(code)
			}
		case err := <-c.closed:
			c.closed <- err
			if len(c.frames) == 0 {
				c.t.Fatalf("the socket was closed (%v) while waiting for %s", err, method)
			}
		case <-late:
			c.t.Fatalf("no %s", method)
		}
	}
}

func (c *client) end() string {
	c.t.Helper()
	select {
	case err := <-c.closed:
		c.closed <- err
		return err.Error()
	case <-time.After(30 * time.Second):
		c.t.Fatal("the socket stays open")
	}
	return ""
}

func (w *world) login(token string) *client {
	w.t.Helper()
	c := w.open()
	c.send(`{"id":"TM0","method":"init","token":"`+token+`"}`, "")
	if f, code := c.next("reply"); code != 200 {
		w.t.Fatalf("init was answered %v", f)
	}
	return c
}

// raw opens a socket without a library.
func (w *world) raw() net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.http.URL, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "GET /tsock/v3/wsconnect HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
	var got []byte
	for !bytes.Contains(got, []byte("\r\n\r\n")) {
		b := make([]byte, 1)
		if _, err := conn.Read(b); err != nil {
			w.t.Fatal(err)
		}
		got = append(got, b...)
	}
	if !bytes.Contains(got, []byte(" 101 ")) {
		w.t.Fatalf("%s", got)
	}
	return conn
}

// mask makes a client's frame with a mask of zeros.
func mask(payload []byte, op byte) []byte {
	b := appendWebSocketHeader(nil, op, len(payload))
	b[1] |= 0x80
	return append(append(b, 0, 0, 0, 0), payload...)
}
