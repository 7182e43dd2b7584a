package twilsock

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
)

func TestInit(t *testing.T) {
	w := newWorld(t, nil)
	c := w.open()
	c.request("TM1", "GET", "/early", "")
	if f, code := c.next("reply"); code != 401 || f["id"] != "TM1" {
		t.Errorf("before init: %v", f)
	}
	for token, want := range map[string][2]int{"bad": {401, 20104}, "later": {503, 20503}, "nochat": {401, 20106}, "nobody": {403, 50203}} {
		c.send(`{"id":"TM2","method":"init","token":"`+token+`"}`, "")
		f, code := c.next("reply")
		status := f["status"].(map[string]any)
		if code != want[0] || int(status["errorCode"].(float64)) != want[1] || status["description"] == "" {
			t.Errorf("%s was answered %v", token, f)
		}
	}
	c.send(`{"id":"TM3","method":"init","token":"ann","capabilities":["client_update","offline_storage","telemetry.v1"],"continuation_token":"x",
		"registrations":[{"product":"ip_messaging","type":"ers","message_types":["a","b"]}]}`, "")
	f, code := c.next("reply")
	if code != 200 || fmt.Sprint(f["capabilities"]) != "[client_update]" || f["offline_storage"] != nil || f["continuation_token"] == "" {
		t.Errorf("init was answered %v", f)
	}
	registration := f["init_registrations"].([]any)[0].(map[string]any)
	if registration["product"] != "ip_messaging" || fmt.Sprint(registration["message_types"]) != "[a b]" || len(registration["notification_ctx_id"].(string)) != 36 {
		t.Errorf("registrations are %v", registration)
	}
	again := w.open()
	again.send(`{"id":"TM3","method":"init","token":"ann","continuation_token":"`+f["continuation_token"].(string)+`"}`, "")
	if f, _ := again.next("reply"); f["continuation_token_status"].(map[string]any)["reissued"] != false {
		t.Errorf("a token of one's own was answered %v", f)
	}
}

func TestRequests(t *testing.T) {
	w := newWorld(t, nil)
	c := w.login("ann")
	c.send(`{"id":"TM1","method":"message","payload_type":"application/json","http_request":{"host":"h","path":"/a%20b c","method":"POST","params":{"q":"1%2B"}}}`, `{"x":1}`)
	f, code := c.next("reply")
	var body map[string]string
	if err := json.Unmarshal([]byte(f["payload"].(string)), &body); err != nil || code != 200 || f["http_status"].(map[string]any)["code"] != 201. {
		t.Fatalf("answered %v, %v", f, err)
	}
	if body["path"] != "/a b c" || body["raw"] != "/a%20b c" || body["query"] != "q=1%2B" || body["body"] != `{"x":1}` || body["who"] != "ann" || body["host"] != strings.TrimPrefix(w.http.URL, "http://") {
		t.Errorf("the handler saw %v", body)
	}
	for _, method := range []string{"put_notification_ctx", "delete_notification_ctx"} {
		c.send(`{"id":"TM2","method":"`+method+`","notification_ctx_id":"x"}`, `{"a":1}`)
		if f, code := c.next("reply"); code != 200 || f["id"] != "TM2" {
			t.Errorf("%s was answered %v", method, f)
		}
	}
	c.send(`{"id":"TM3","method":"telemetry.v1","events":[]}`, "")
	c.send(`{"id":"TM3","method": "reply"}`, "")
	c.send(`{"id":"TM3","method":"reply"}`, "")
	c.send(`{"id":"TM4","method":"nonsense"}`, "")
	if f, code := c.next("reply"); code != 400 || f["id"] != "TM4" {
		t.Errorf("nonsense was answered %v", f)
	}
	c.request("TM5", "GET", "/panic", "")
	if f, code := c.next("reply"); code != 500 || f["id"] != "TM5" {
		t.Errorf("a panic was answered %v", f)
	}
	c.send(`{"id":"TM6","method":"message","http_request":{"method":"BREW","path":"/"}}`, "")
	if f, code := c.next("reply"); code != 400 || f["id"] != "TM6" {
		t.Errorf("a bad envelope was answered %v", f)
	}
	c.send(`{"id":"TM7","method":"close"}`, "")
	c.end()
}

func TestOrder(t *testing.T) {
	w := newWorld(t, nil)
	c := w.login("ann")
	c.request("W", "POST", "/wait", "")
	for i := range 50 {
		c.request(fmt.Sprint("P", i), "POST", fmt.Sprint("/", i), "")
	}
	c.request("G", "GET", "/get", "")
	if f, _ := c.next("reply"); f["id"] != "G" {
		t.Errorf("the GET waited for %v", f["id"])
	}
	close(w.tunnel.release)
	for i := range 51 {
		want := fmt.Sprint("P", i-1)
		if i == 0 {
			want = "W"
		}
		if f, _ := c.next("reply"); f["id"] != want {
			t.Fatalf("reply %d is %v", i, f["id"])
		}
	}
}

func TestOverlap(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Overlaps = func(path string, _ []byte) bool { return path == "/overlap" }
	})
	c := w.login("ann")
	for range 2 {
		for range maxDetached + 5 {
			c.request("O", "POST", "/overlap", "")
		}
		c.request("P", "POST", "/plain", "")
		c.request("O", "POST", "/overlap", "")
		for w.tunnel.waiting.Load() != maxDetached {
			runtime.Gosched()
		}
		c.request("G", "GET", "/get", "")
		if f, _ := c.next("reply"); f["id"] != "G" {
			t.Errorf("%v was answered before its time", f["id"])
		}
		close(w.tunnel.release)
		for i := range maxDetached + 7 {
			if f, _ := c.next("reply"); (i == maxDetached+5) != (f["id"] == "P") {
				t.Fatalf("answer %d is %v", i, f["id"])
			}
		}
		w.tunnel.release = make(chan struct{})
		w.tunnel.waiting.Store(0)
	}
}

func TestUpdate(t *testing.T) {
	w := newWorld(t, nil)
	c := w.login("ann")
	for token, want := range map[string]int{"bob": 401, "bad": 401, "later": 503, "ann": 200} {
		c.send(`{"id":"TM1","method":"update","token":"`+token+`"}`, "")
		if f, code := c.next("reply"); code != want {
			t.Errorf("%s was answered %v", token, f)
		}
	}
}

func TestTokenRunsOut(t *testing.T) {
	w := newWorld(t, nil)
	start := time.Now()
	c := w.login("ann/6s")
	f, _ := c.next("client_update")
	if warned := time.Since(start); f["client_update_type"] != "token_about_to_expire" || warned < 3900*time.Millisecond || warned > 5900*time.Millisecond {
		t.Errorf("warned after %v by %v", warned, f)
	}
	c.send(`{"id":"TM1","method":"update","token":"ann/3s"}`, "")
	c.next("reply")
	c.next("client_update")
	if end := c.end(); !strings.Contains(end, "token expired") {
		t.Errorf("ended with %q", end)
	}
	if life := time.Since(start); life < 6800*time.Millisecond {
		t.Errorf("lived only %v", life)
	}
}

func TestInitInTime(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.InitTimeout = 300 * time.Millisecond })
	if end := w.open().end(); !strings.Contains(end, "protocol error") {
		t.Errorf("ended with %q", end)
	}
}

func TestPings(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.PingEvery = time.Second }) // who is late by two is gone
	deaf := w.raw()
	_, _ = deaf.Write(mask(wire([]byte(`{"id":"TM0","method":"init","token":"ann"}`), nil), opBinary))
	lively := w.login("bob")
	_ = deaf.SetReadDeadline(time.Now().Add(30 * time.Second))
	all, err := io.ReadAll(deaf)
	if err != nil || bytes.Count(all, []byte{opPing, 0}) < 2 {
		t.Errorf("a deaf client saw %q, %v", all, err)
	}
	lively.request("TM1", "GET", "/", "")
	lively.next("reply")
}

func TestGarbage(t *testing.T) {
	w := newWorld(t, nil)
	init := mask(wire([]byte(`{"id":"TM0","method":"init","token":"ann"}`), nil), opBinary)
	huge := append([]byte{opBinary, 0x80 | 127}, binary.BigEndian.AppendUint64(nil, 1<<62)...)
	negative := append([]byte{opBinary, 0x80 | 127}, binary.BigEndian.AppendUint64(nil, 1<<63+5)...)
	for name, sent := range map[string][]byte{
		"not the protocol":   mask([]byte("hello"), opBinary),
		"text":               mask(wire([]byte(`{"id":"TM0","method":"init","token":"ann"}`), nil), 0x81),
		"bad after init":     append(bytes.Clone(init), mask([]byte("TWILSOCK V3.0 1\r\n{\r\n"), opBinary)...),
		"unmasked":           append(appendWebSocketHeader(nil, opBinary, 2), "hi"...),
		"a size of exabytes": append(huge, 0, 0, 0, 0),
		"a negative size":    append(negative, 0, 0, 0, 0),
		"too large":          mask(bytes.Repeat([]byte("x"), 100<<10), opBinary),
		"not a WebSocket":    []byte("GET / HTTP/1.1\r\n\r\n"),
		"reserved bits":      append([]byte{0xF2, 0x80, 0, 0, 0, 0}, 0),
	} {
		conn := w.raw()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		_, _ = conn.Write(sent)
		all, err := io.ReadAll(conn)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Errorf("%s: the socket stays open", name)
		}
		if name == "not the protocol" && !bytes.Contains(all, []byte(`"code":406`)) {
			t.Errorf("%s: answered %q", name, all)
		}
	}
	w.login("ann") // it lives
}

func TestFloods(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.FrameRate, o.FrameBurst = 10, 100 })
	c := w.login("ann")
	for i := range 1500 {
		if c.ws.WriteMessage(gws.OpcodeBinary, wire([]byte(`{"id":"TM1","method":"reply"}`), nil)) != nil {
			t.Fatalf("closed after %d acknowledgements", i)
		}
	}
	for range 200 {
		_ = c.ws.WriteMessage(gws.OpcodeBinary, wire([]byte(`{"id":"TM1","method":"telemetry.v1"}`), nil))
	}
	if _, code := c.next("close"); code != 429 {
		t.Errorf("closed with %d", code)
	}
	if end := c.end(); !strings.Contains(end, "too many requests") {
		t.Errorf("ended with %q", end)
	}

	w = newWorld(t, func(o *Options) { o.MaxPending = 20 })
	c = w.login("ann")
	for range 30 {
		_ = c.ws.WriteMessage(gws.OpcodeBinary, wire([]byte(`{"id":"TM1","method":"message","http_request":{"path":"/wait","method":"POST"}}`), nil))
	}
	if _, code := c.next("close"); code != 429 {
		t.Errorf("closed with %d", code)
	}
	c.end()
	close(w.tunnel.release)
}

func TestLimits(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.MaxConnections = 2 })
	w.login("ann")
	w.login("bob")
	if status := w.refusal(); status != 503 {
		t.Errorf("the third got %d", status)
	}
	w = newWorld(t, func(o *Options) { o.ConnectRate = 1 })
	begin := time.Now()
	for range burstSeconds {
		w.open()
	}
	// One more is let in with each second that the others took, and every one counts.
	status, more := w.try(), 0
	for ; status == http.StatusSwitchingProtocols; status = w.try() {
		more++
	}
	if most := int(time.Since(begin) / time.Second); status != 429 || more > most {
		t.Errorf("too many at once got %d after %d more, want at most %d", status, more, most)
	}
	one := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func() (resp *http.Response, body []byte) {
		resp, err := one.Get(w.http.URL + "/tsock/v3/wsconnect")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ = io.ReadAll(resp.Body)
		return resp, body
	}
	resp, body := ask()
	for end := time.Now().Add(30 * time.Second); resp.StatusCode != 429 && time.Now().Before(end); {
		resp, body = ask()
	}
	if resp.StatusCode != 429 || !bytes.Contains(body, []byte(`"code":20429`)) || resp.Header.Get("Retry-After") == "" {
		t.Errorf("plain HTTP got %d %s", resp.StatusCode, body)
	}
}

func (w *world) refusal() int {
	w.t.Helper()
	status := w.try()
	if status == http.StatusSwitchingProtocols {
		w.t.Fatal("it was let in")
	}
	return status
}

// try asks for a socket and returns the status of the answer.
func (w *world) try() int {
	w.t.Helper()
	ws, resp, err := gws.NewClient(gws.BuiltinEventHandler{}, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(w.http.URL, "http") + "/tsock/v3/wsconnect"})
	if err == nil {
		_ = ws.NetConn().Close()
	}
	if resp == nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode
}

func TestStopDrains(t *testing.T) {
	w := newWorld(t, nil)
	busy, idle, silent := w.login("ann"), w.login("bob"), w.open()
	busy.request("TM1", "POST", "/wait", "")
	for len(w.srv.wheel.all()) != 3 || w.tunnel.waiting.Load() == 0 {
		runtime.Gosched()
	}
	stopped := make(chan error)
	go func() { stopped <- w.srv.Stop(context.Background()) }()
	for _, c := range []*client{idle, silent} {
		if end := c.end(); !strings.Contains(end, "server is stopping") {
			t.Errorf("ended with %q", end)
		}
	}
	for left := true; left; runtime.Gosched() {
		left = false
		for _, s := range w.srv.wheel.all() {
			s.mu.Lock()
			left = left || s.stage < draining
			s.mu.Unlock()
		}
	}
	busy.request("TM2", "POST", "/late", "")
	close(w.tunnel.release)
	if f, code := busy.next("reply"); f["id"] != "TM1" || code != 200 {
		t.Errorf("the request under way got %v", f)
	}
	if end := busy.end(); !strings.Contains(end, "server is stopping") {
		t.Errorf("ended with %q", end)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	if len(w.tunnel.log) != 1 {
		t.Errorf("served %v", w.tunnel.log)
	}
	if status := w.refusal(); status != 503 {
		t.Errorf("a late one got %d", status)
	}
}

func TestStopCuts(t *testing.T) {
	w := newWorld(t, nil)
	c := w.login("ann")
	c.request("TM1", "POST", "/wait", "")
	for w.tunnel.waiting.Load() == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	go func() { // what is served ends only after its socket was cut
		err := <-c.closed
		c.closed <- err
		close(w.tunnel.release)
	}()
	if err := w.srv.Stop(ctx); err == nil {
		t.Error("nothing was cut")
	}
}

func TestClientLeavesWhileWorking(t *testing.T) {
	w := newWorld(t, nil)
	c := w.login("ann")
	for i := range 10 {
		c.request(fmt.Sprint(i), "POST", "/wait", "")
		c.request(fmt.Sprint(i), "GET", "/wait", "")
	}
	_ = c.ws.NetConn().Close()
	for w.hub.Online("ann") != 0 {
		runtime.Gosched()
	}
	close(w.tunnel.release)
	for w.srv.Open() != 0 {
		runtime.Gosched()
	}
}

func TestWheel(t *testing.T) {
	start := time.UnixMilli(1_000_000)
	w := wheel{at: tickOf(start)}
	a, b, far := &session{}, &session{}, &session{}
	w.put(a, start.Add(time.Second))
	w.put(b, start.Add(-time.Hour))
	w.put(far, start.Add(time.Hour))
	step := func(after time.Duration, want ...*session) {
		t.Helper()
		got := w.due(start.Add(after), nil)
		if len(got) != len(want) {
			t.Fatalf("after %v: %d sessions", after, len(got))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("after %v: another session", after)
			}
		}
	}
	step(0)
	step(tickEvery, b)
	w.put(b, start.Add(time.Second))
	w.put(b, start.Add(2*time.Second))
	step(1500*time.Millisecond, a)
	w.remove(b)
	step(30 * time.Second)
	step(farthest+tickEvery, far)
	if len(w.all()) != 0 {
		t.Error("the wheel is not empty")
	}
}
