package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/config"
)

// socket is a chat socket as a test sees it: frames that came, one after the other.
type socket struct {
	gws.BuiltinEventHandler
	t      *testing.T
	ws     *gws.Conn
	frames chan frame
	closed chan struct{}
}

type frame struct {
	header  map[string]any
	payload []byte
}

// OnMessage implements gws.Event.
func (s *socket) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	line, rest, _ := bytes.Cut(m.Bytes(), []byte("\r\n"))
	n, err := strconv.Atoi(strings.TrimPrefix(string(line), "TWILSOCK V3.0 "))
	if err != nil || n+2 > len(rest) {
		s.t.Errorf("bad frame: %.60q", m.Bytes())
		return
	}
	var h map[string]any
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		s.t.Errorf("bad header: %v", err)
	}
	s.frames <- frame{h, bytes.Clone(rest[n+2:])}
}

// OnClose implements gws.Event.
func (s *socket) OnClose(*gws.Conn, error) { close(s.closed) }

func open(t *testing.T, r *running) *socket {
	t.Helper()
	s := &socket{t: t, frames: make(chan frame, 64), closed: make(chan struct{})}
	ws, _, err := gws.NewClient(s, &gws.ClientOption{Addr: strings.Replace(r.BaseURL(), "http", "ws", 1) + "/tsock/v3/wsconnect", HandshakeTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s.ws = ws
	go ws.ReadLoop()
	t.Cleanup(s.close)
	return s
}

// dial opens a socket and logs in.
func dial(t *testing.T, r *running, jwt string) *socket {
	t.Helper()
	s := open(t, r)
	if h := s.exchange(map[string]any{"method": "init", "token": jwt}).header; code(h, "status") != 200 {
		t.Fatalf("init was answered %v", h)
	}
	return s
}

func code(header map[string]any, field string) int {
	status, _ := header[field].(map[string]any)
	n, _ := status["code"].(float64)
	return int(n)
}

// exchange sends a frame and waits for its reply; other frames are dropped.
func (s *socket) exchange(header map[string]any) frame {
	s.t.Helper()
	header["id"] = "TM1"
	b, err := json.Marshal(header)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.ws.WriteMessage(gws.OpcodeBinary, fmt.Appendf(nil, "TWILSOCK V3.0 %d\r\n%s\r\n", len(b), b)); err != nil {
		s.t.Fatal(err)
	}
	return s.wait("reply")
}

// wait returns the next frame of a method.
func (s *socket) wait(method string) frame {
	s.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case f := <-s.frames:
			if f.header["method"] == method {
				return f
			}
		case <-s.closed:
			s.t.Fatalf("the socket was closed while waiting for %s", method)
		case <-late:
			s.t.Fatalf("no %s came", method)
		}
	}
}

func (s *socket) close() {
	_ = s.ws.NetConn().Close()
	<-s.closed
}

// TestTokenToSocketToREST goes the way of an application: a token, a socket, a channel by REST, a message that arrives.
func TestTokenToSocketToREST(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		s := dial(t, r, r.token(c, "alice"))
		f := s.exchange(map[string]any{"method": "message", "active_grant": "ip_messaging", "http_request": map[string]any{
			"host": "aim.us1.twilio.com", "path": "/Client/v1/Configuration", "method": "GET", "headers": map[string]string{}}})
		if code(f.header, "http_status") != 200 || !strings.Contains(string(f.payload), "links") {
			t.Errorf("configuration: %v %s", f.header, f.payload)
		}
		// The login made the user.
		if u := r.call(200, "GET", "/chat/v2/Services/"+r.cred.ChatServiceSID+"/Users/alice", nil); u["identity"] != "alice" {
			t.Errorf("user %v", u)
		}
	})
}

// TestSocketRefusals: a bad token ends in the code that the documentation names, and REST is not reachable through a socket.
func TestSocketRefusals(t *testing.T) {
	c := settings(t)
	r := start(t, c)
	refused := open(t, r).exchange(map[string]any{"method": "init", "token": "nonsense"})
	if status, _ := refused.header["status"].(map[string]any); status["code"] != 401.0 || status["errorCode"] != 20101.0 {
		t.Errorf("init with nonsense: %v", refused.header)
	}
	s := dial(t, r, r.token(c, "alice"))
	f := s.exchange(map[string]any{"method": "message", "http_request": map[string]any{
		"host": "chat.twilio.com", "path": "/v2/Services/" + r.cred.ChatServiceSID, "method": "GET", "headers": map[string]string{}}})
	if code(f.header, "http_status") != 404 {
		t.Errorf("REST through the socket: %v %s", f.header, f.payload)
	}
}

// TestDeletedKeyEndsSockets: sockets live no longer than the key that signed their tokens, on whichever node they are.
func TestDeletedKeyEndsSockets(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		here := start(t, c)
		nodes := []*running{here}
		if c.DatabaseURL != "" {
			c.NATSURL = startNATS(t)
			nodes = append(nodes, start(t, c))
		}
		jwt := here.token(c, "alice")
		var sockets []*socket
		for _, n := range nodes {
			sockets = append(sockets, dial(t, n, jwt))
		}
		here.owner(204, "DELETE", "/api/2010-04-01/Accounts/"+here.cred.AccountSID+"/Keys/"+here.cred.APIKeySID+".json", nil)
		begin := time.Now()
		for i, s := range sockets {
			select {
			case <-s.closed:
			case <-time.After(30 * time.Second):
				t.Fatalf("the socket of node %d is open", i)
			}
			if i == 0 && time.Since(begin) > 4*time.Second { // on the other node it takes up to 5 s
				t.Error("it took long where the key was deleted")
			}
		}
		if f := open(t, here).exchange(map[string]any{"method": "init", "token": jwt}); code(f.header, "status") != 401 {
			t.Errorf("the token is good: %v", f.header)
		}
	})
}

// TestStopClosesSockets: a stop closes them, soon and before it returns, so that clients connect elsewhere.
func TestStopClosesSockets(t *testing.T) {
	c := settings(t)
	r := start(t, c)
	sockets := make([]*socket, 20)
	for i := range sockets {
		sockets[i] = dial(t, r, r.token(c, fmt.Sprint("user", i)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begin := time.Now()
	if err := r.Stop(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 40*time.Second {
		t.Errorf("the stop took %v", took)
	}
	for _, s := range sockets {
		select {
		case <-s.closed:
		case <-time.After(30 * time.Second):
			t.Fatal("a socket is open after the stop")
		}
	}
}

// writeCertificate makes a self-signed certificate for loopback and returns its bytes.
func writeCertificate(t *testing.T, certFile, keyFile string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return der
}
