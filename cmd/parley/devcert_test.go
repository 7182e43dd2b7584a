package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/twilio/twilio-go/client"
	chatv2 "github.com/twilio/twilio-go/rest/chat/v2"
	flexv1 "github.com/twilio/twilio-go/rest/flex/v1"
	taskrouterv1 "github.com/twilio/twilio-go/rest/taskrouter/v1"

	"parley/internal/devcert"
)

func TestDevcert(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "cert.pem"), []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string // part of it
		stderr string
	}{
		{"no folder", nil, 2, "", "--dir"},
		{"no host name", []string{"--dir", dir, "--host", "desk.test:8443"}, 1, "", `host "desk.test:8443" is no host name`},
		{"made", []string{"--dir", dir, "--host", "desk.test,192.0.2.7", "--host", "*.example.test"}, 0, "is for *.example.test, desk.test, localhost, 127.0.0.1, 192.0.2.7, ::1\n", ""},
		{"again", []string{"--dir", dir, "--host", "desk.test,192.0.2.7,*.example.test"}, 0, "unchanged, good until", ""},
		{"more than the CA may", []string{"--dir", dir, "--vendor-names"}, 1, "", "--new-ca"},
		{"a new CA", []string{"--dir", dir, "--vendor-names", "--new-ca"}, 0, "NODE_EXTRA_CA_CERTS=" + filepath.Join(dir, "ca.pem"), ""},
		{"another's files", []string{"--dir", foreign}, 1, "", filepath.Join(foreign, "cert.pem")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parley(t, append([]string{"devcert"}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// split is a machine whose DNS leads the vendor's names to Parley, and whose programs trust the private CA and no other.
type split struct {
	*testing.T
	tls  *tls.Config
	addr string // where the names lead, which is port 443 outside of tests
	cred map[string]string
	data string
}

// desk is the site of a page with Flex UI that is not Parley's own.
const desk = "https://desk.example.test"

// serveSplit makes certificates and serves with them, by the commands alone.
func serveSplit(t *testing.T) *split {
	t.Helper()
	certs, data := t.TempDir(), t.TempDir()
	if r := parley(t, "devcert", "--dir", certs, "--vendor-names"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	ctx, stop := context.WithCancel(t.Context())
	var out, errs safeBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(world{ctx: ctx, stdout: &out, stderr: &errs}, []string{"serve", "--listen", "127.0.0.1:0", "--data", data, "--desktop-origins", desk,
			"--tls-listen", "127.0.0.1:0", "--tls-cert", filepath.Join(certs, "cert.pem"), "--tls-key", filepath.Join(certs, "key.pem")})
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("ended with %d: %s", code, errs.String())
		}
	})
	for end := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "is up on"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the server did not start: %s", errs.String())
		}
	}
	s := &split{T: t, tls: &tls.Config{RootCAs: x509.NewCertPool()}, data: data}
	found := regexp.MustCompile(`tls=(127\.0\.0\.1:\d+)`).FindStringSubmatch(errs.String())
	if found == nil {
		t.Fatalf("no address for TLS: %s", errs.String())
	}
	s.addr = found[1]
	ca, err := os.ReadFile(filepath.Join(certs, "ca.pem"))
	if err != nil || !s.tls.RootCAs.AppendCertsFromPEM(ca) {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(parley(t, "credentials", "--json", "--data", data).stdout), &s.cred); err != nil {
		t.Fatal(err)
	}
	return s
}

// dial goes to Parley for the vendor's names on the port of https, and nowhere beyond this machine for all others.
func (s *split) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, _ := net.SplitHostPort(addr)
	if strings.HasSuffix(host, ".twilio.com") && port == "443" {
		addr = s.addr
	} else if host != "127.0.0.1" {
		return nil, fmt.Errorf("%s is not the vendor's", addr)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

func (s *split) http() *http.Client {
	transport := &http.Transport{TLSClientConfig: s.tls, DialContext: s.dial}
	s.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestVendorNames: programs that know nothing of Parley reach it by the vendor's own names and https.
func TestVendorNames(t *testing.T) {
	s := serveSplit(t)
	t.Run("twilio-go", func(t *testing.T) { s.official(t) })
	t.Run("event bridge", func(t *testing.T) { s.bridge(t) })
	t.Run("sign-in", func(t *testing.T) { s.signIn(t) })
	t.Run("every name", func(t *testing.T) {
		hc := s.http()
		ask := func(base string) string {
			res, err := hc.Get(base + "/v1/Nothing")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			return fmt.Sprint(res.StatusCode, res.Header.Get("Content-Type"))
		}
		page := ask(s.cred["base_url"]) // what a browser gets
		for _, host := range devcert.VendorHosts() {
			if got := ask("https://" + host); got == page {
				t.Errorf("%s is a page: %s", host, got)
			}
		}
	})
	// The worker SDK for Node speaks TLS 1.2 and nothing else (flex-ui-protocol 3.1).
	for version, taken := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: s.tls.RootCAs, ServerName: "event-bridge.twilio.com", MinVersion: version, MaxVersion: version}) //nolint:gosec // that is the question
		if (err == nil) != taken {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	for host, roots := range map[string]*x509.CertPool{"chat.twilio.com": x509.NewCertPool(), "chat.example.com": s.tls.RootCAs} {
		if conn, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: roots, ServerName: host}); err == nil {
			_ = conn.Close()
			t.Errorf("%s was trusted without a reason", host)
		}
	}
}

// official makes a chat and a task with the vendor's library as it is.
func (s *split) official(t *testing.T) {
	c := &client.Client{Credentials: client.NewCredentials(s.cred["account_sid"], s.cred["auth_token"]), HTTPClient: s.http()}
	c.SetAccountSid(s.cred["account_sid"])
	handler := client.NewRequestHandler(c)
	chat, tasks := chatv2.NewApiService(handler), taskrouterv1.NewApiService(handler)
	for range 3 {
		if _, err := chat.CreateChannel(s.cred["chat_service_sid"], &chatv2.CreateChannelParams{}); err != nil {
			t.Fatal(err)
		}
	}
	channels, err := chat.ListChannel(s.cred["chat_service_sid"], (&chatv2.ListChannelParams{}).SetPageSize(1).SetLimit(3))
	if err != nil || len(channels) != 3 {
		t.Fatalf("pages: %d channels, %v", len(channels), err)
	}
	if url := *channels[0].Url; !strings.HasPrefix(url, "https://chat.twilio.com/v2/Services/") {
		t.Errorf("a channel is at %s", url)
	}
	task, err := tasks.CreateTask(s.cred["workspace_sid"], (&taskrouterv1.CreateTaskParams{}).SetWorkflowSid(s.cred["workflow_sid"]).SetAttributes(`{"name":"Ann"}`))
	if err != nil || !strings.HasPrefix(*task.Url, "https://taskrouter.twilio.com/v1/Workspaces/") {
		t.Fatalf("%+v %v", task, err)
	}
	worker, err := tasks.FetchWorker(s.cred["workspace_sid"], s.cred["worker_sid"])
	if err != nil || *worker.FriendlyName != s.cred["worker_name"] {
		t.Fatalf("%+v %v", worker, err)
	}
	s.customer(t, chat, flexv1.NewApiService(handler))
}

// customer opens a customer's chat with flex v1, writes in it with chat v2, and ends it.
func (s *split) customer(t *testing.T, chat *chatv2.ApiService, flex *flexv1.ApiService) {
	t.Helper()
	flows, err := flex.ListFlexFlow((&flexv1.ListFlexFlowParams{}).SetPageSize(1).SetLimit(2))
	if err != nil || len(flows) != 2 || !strings.HasPrefix(*flows[1].Url, "https://flex-api.twilio.com/v1/FlexFlows/") {
		t.Fatalf("%d flows, %v", len(flows), err)
	}
	opened, err := flex.CreateChannel((&flexv1.CreateChannelParams{}).SetFlexFlowSid(s.cred["flex_flow_sid"]).SetIdentity("ann").SetTarget("ann").
		SetChatFriendlyName("Names").SetChatUserFriendlyName("Ann"))
	if err != nil || *opened.Url != "https://flex-api.twilio.com/v1/Channels/"+*opened.Sid {
		t.Fatalf("%+v %v", opened, err)
	}
	service := s.cred["chat_service_sid"]
	said, err := chat.CreateMessage(service, *opened.Sid, (&chatv2.CreateMessageParams{}).SetFrom("ann").SetBody("hello").SetXTwilioWebhookEnabled("true"))
	if err != nil || !strings.HasPrefix(*said.Url, "https://chat.twilio.com/v2/Services/"+service+"/Channels/"+*opened.Sid+"/Messages/") {
		t.Fatalf("%+v %v", said, err)
	}
	_, err = chat.FetchUser(service, "nobody")
	refused, ok := errors.AsType[*client.TwilioRestError](err)
	if !ok || refused.Code != 50200 || refused.MoreInfo != "https://chat.twilio.com/errors/50200" {
		t.Errorf("nobody is %v", err)
	}
	if err := flex.DeleteChannel(*opened.Sid); err != nil {
		t.Fatal(err)
	}
	if _, err := flex.FetchChannel(*opened.Sid); err == nil {
		t.Error("the chat is still there")
	}
}

// signIn goes the desktop's way to the page where people sign in.
func (s *split) signIn(t *testing.T) {
	hc := s.http()
	res, err := hc.Post("https://preview.twilio.com/iam/Accounts/"+s.cred["account_sid"]+"/authenticate", "application/json", strings.NewReader(`{"resource":"`+desk+`/agent-desktop"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var to struct{ Location string }
	if err := json.NewDecoder(res.Body).Decode(&to); err != nil || !strings.HasPrefix(to.Location, "https://preview.twilio.com/") {
		t.Fatalf("%d %+v %v", res.StatusCode, to, err)
	}
	page, err := hc.Get(to.Location)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if kind := page.Header.Get("Content-Type"); page.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/html") {
		t.Errorf("%s was answered %d %s", to.Location, page.StatusCode, kind)
	}
}

// first is a socket that waits for its first frame.
type first struct {
	gws.BuiltinEventHandler
	text chan string
}

func (f first) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	select {
	case f.text <- m.Data.String():
	default:
	}
}

// bridge opens a worker's socket and reads the worker beside it, as the worker SDK does.
func (s *split) bridge(t *testing.T) {
	minted := parley(t, "token", "--identity", "agent", "--worker", s.cred["worker_sid"], "--data", s.data)
	token := strings.TrimSpace(minted.stdout)
	f := first{text: make(chan string, 1)}
	ws, _, err := gws.NewClient(f, &gws.ClientOption{Addr: "wss://event-bridge.twilio.com/v1/wschannels?closeExistingSessions=false&clientVersion=2.1.1&token=" + token,
		TlsConfig: s.tls, NewDialer: func() (gws.Dialer, error) { return fixed(s.addr), nil }, HandshakeTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { ws.ReadLoop(); close(ended) }()
	defer func() { _ = ws.NetConn().Close(); <-ended }()
	select {
	case text := <-f.text:
		if !strings.Contains(text, `"init"`) || !strings.Contains(text, s.cred["worker_sid"]) {
			t.Errorf("the first frame is %s", text)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no frame came")
	}
	command, err := json.Marshal(map[string]any{"url": "Workspaces/" + s.cred["workspace_sid"] + "/Workers/" + s.cred["worker_sid"], "method": "GET", "params": map[string]any{}, "token": token})
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.http().Post("https://event-bridge.twilio.com/v1/wschannels", "application/x-www-form-urlencoded", bytes.NewReader(command))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), s.cred["worker_name"]) {
		t.Errorf("%d %s %v", res.StatusCode, body, err)
	}
}

// fixed dials one address whatever is asked for.
type fixed string

// Dial implements gws.Dialer.
func (f fixed) Dial(network, _ string) (net.Conn, error) { return net.Dial(network, string(f)) }
