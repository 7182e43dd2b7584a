package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/server"
)

// TestFirstStart: everything that the credentials name is there and works at once, and is the same after a restart.
func TestFirstStart(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		for prefix, sid := range map[string]string{"AC": r.cred.AccountSID, "SK": r.cred.APIKeySID, "IS": r.cred.ChatServiceSID, "FO": r.cred.FlexFlowSID,
			"KS": r.cred.ProxyServiceSID, "WS": r.cred.WorkspaceSID, "WW": r.cred.WorkflowSID, "WQ": r.cred.TaskQueueSID, "WK": r.cred.WorkerSID} {
			if !core.IsSID(prefix, sid) {
				t.Errorf("%q is no %s SID", sid, prefix)
			}
		}
		if r.cred.WorkerName != "agent" || len(r.cred.AuthToken) != 32 || len(r.cred.APIKeySecret) != 32 || r.cred.BaseURL != r.BaseURL() {
			t.Errorf("credentials %+v", r.cred)
		}
		service := "/chat/v2/Services/" + r.cred.ChatServiceSID
		r.call(200, "GET", service, nil)
		for flow, kind := range map[string]string{r.cred.FlexFlowSID: "custom", r.cred.WebFlowSID: "web"} {
			if f := r.call(200, "GET", "/flex-api/v1/FlexFlows/"+flow, nil); f["channel_type"] != kind || f["enabled"] != true {
				t.Errorf("flow %v", f)
			}
		}
		made := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {r.cred.FlexFlowSID}, "Identity": {"zoë"},
			"ChatUserFriendlyName": {"Zoë"}, "ChatFriendlyName": {"Chat"}})
		messages := service + "/Channels/" + made["sid"].(string) + "/Messages"
		sent := r.call(201, "POST", messages, url.Values{"From": {"zoë"}, "Body": {"hello"}})
		before := r.cred
		r.stop()

		again := start(t, c)
		before.BaseURL = again.cred.BaseURL
		if before != again.cred {
			t.Errorf("credentials changed: %+v, then %+v", before, again.cred)
		}
		if got := again.call(200, "GET", messages+"/"+sent["sid"].(string), nil); got["body"] != "hello" {
			t.Errorf("message after restart: %v", got)
		}
	})
}

// TestCredentialsBesideServer: the command's way to the store works while a server runs, and says what to do where there is none.
func TestCredentialsBesideServer(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		if c.DatabaseURL == "" {
			if _, err := server.OpenExisting(t.Context(), c.Storage, nil); err == nil || !strings.Contains(err.Error(), "parley serve") {
				t.Errorf("no store: %v", err)
			}
		}
		r := start(t, c)
		st, err := server.OpenExisting(t.Context(), c.Storage, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		got, err := server.ReadCredentials(t.Context(), st)
		if err != nil || got != r.cred {
			t.Errorf("read %+v, %v; want %+v", got, err, r.cred)
		}
		for identity, req := range map[string]server.TokenRequest{
			"agent role":      {Role: "agent"},
			"worker":          {Role: "supervisor", Worker: got.WorkerSID},
			"another service": {ChatService: got.ChatServiceSID},
		} {
			req.Identity, req.TTL = identity, time.Minute
			jwt, err := server.MintToken(t.Context(), st, req)
			if err != nil {
				t.Fatal(err)
			}
			upload := r.request("POST", "/mcs/v1/Services/"+got.ChatServiceSID+"/Media", strings.NewReader("x"))
			upload.Header.Set("X-Twilio-Token", jwt)
			if a := r.do(upload); a.status != 201 || a.json(t)["author"] != identity {
				t.Errorf("%s: %d %s", identity, a.status, a.body)
			}
		}
		for _, req := range []server.TokenRequest{
			{Identity: "x", TTL: time.Minute, ChatService: "IS000000000000000000000000000000ff"},
			{Identity: "x", TTL: time.Minute, Role: "king"},
			{Identity: "x", TTL: time.Minute, Worker: "bob"},
			{Identity: "", TTL: time.Minute},
			{Identity: "x", TTL: 48 * time.Hour},
		} {
			if jwt, err := server.MintToken(t.Context(), st, req); err == nil {
				t.Errorf("%+v was minted: %s", req, jwt)
			}
		}
	})
}

// operator is what an operator brings along from elsewhere.
func operator(c config.Config) config.Config {
	hex := strings.Repeat("0123456789abcdef", 2)
	c.Account = config.Account{
		AccountSID: "AC" + hex, AuthToken: "operatorsOwnAuthToken0001", APIKeySID: "SK" + hex, APIKeySecret: "operatorsOwnSecret000001",
		ChatServiceSID: "IS" + hex, FlexFlowSID: "FO" + hex, WebFlowSID: "FO" + strings.Repeat("f", 32), ProxyServiceSID: "KS" + hex,
		WorkspaceSID: "WS" + hex, WorkflowSID: "WW" + hex, TaskQueueSID: "WQ" + hex, WorkerSID: "WK" + hex,
	}
	return c
}

func TestOperatorsValues(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, operator(c))
		want := operator(c).Account
		got := r.cred
		if got.AccountSID != want.AccountSID || got.AuthToken != want.AuthToken.Reveal() || got.APIKeySID != want.APIKeySID ||
			got.APIKeySecret != want.APIKeySecret.Reveal() || got.ChatServiceSID != want.ChatServiceSID || got.FlexFlowSID != want.FlexFlowSID ||
			got.WebFlowSID != want.WebFlowSID || got.ProxyServiceSID != want.ProxyServiceSID || got.WorkspaceSID != want.WorkspaceSID ||
			got.WorkflowSID != want.WorkflowSID || got.TaskQueueSID != want.TaskQueueSID || got.WorkerSID != want.WorkerSID {
			t.Errorf("credentials %+v", got)
		}
		r.call(200, "GET", "/chat/v2/Services/"+want.ChatServiceSID, nil)
		r.stop()
		if again := start(t, c); again.cred.APIKeySecret != got.APIKeySecret {
			t.Error("a start without the values changed them")
		}
	})
}

// TestOperatorsValuesLater: values that come to an existing store are added, and nothing is taken away.
func TestOperatorsValuesLater(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		old := r.cred
		ch := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {old.FlexFlowSID}, "Identity": {"a"},
			"ChatUserFriendlyName": {"A"}, "ChatFriendlyName": {"A"}})["sid"].(string)
		r.stop()

		later := operator(c)
		later.AccountSID = old.AccountSID
		r = start(t, later)
		if r.cred.APIKeySID != later.APIKeySID || r.cred.ChatServiceSID != later.ChatServiceSID || r.cred.FlexFlowSID != later.FlexFlowSID ||
			r.cred.AuthToken != later.AuthToken.Reveal() {
			t.Errorf("credentials %+v", r.cred)
		}
		flows := r.call(200, "GET", "/flex-api/v1/FlexFlows/"+later.FlexFlowSID, nil)
		if flows["chat_service_sid"] != later.ChatServiceSID || flows["enabled"] != true {
			t.Errorf("the new flow: %v", flows)
		}
		// The old credentials, and what was made with them, are still good.
		for user, password := range map[string]string{old.APIKeySID: old.APIKeySecret, old.AccountSID: old.AuthToken} {
			req := r.request("GET", "/chat/v2/Services/"+old.ChatServiceSID+"/Channels/"+ch, nil)
			req.SetBasicAuth(user, password)
			if a := r.do(req); a.status != 200 {
				t.Errorf("%s: %d %s", user, a.status, a.body)
			}
		}
		r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {old.FlexFlowSID}, "Identity": {"b"}, "ChatUserFriendlyName": {"B"}, "ChatFriendlyName": {"B"}})
		r.stop()

		for name, change := range map[string]func(*config.Config){
			"account-sid":    func(c *config.Config) { c.AccountSID = "AC" + strings.Repeat("9", 32) },
			"api-key-secret": func(c *config.Config) { c.APIKeySID, c.APIKeySecret = old.APIKeySID, "anotherSecret0000000001" },
			"flex-flow-sid":  func(c *config.Config) { c.FlexFlowSID = old.WebFlowSID },
		} {
			bad := c
			change(&bad)
			if _, err := tryStart(t, bad); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("a wrong %s: %v", name, err)
			}
		}
	})
}

// TestNodesStartAtOnce: several nodes on an empty database make one instance, and a key deleted on one is dead on all.
func TestNodesStartAtOnce(t *testing.T) {
	_, c := settings(t), settings(t)
	eachNode := make([]*running, 3)
	eachStore(t, func(t *testing.T, s config.Config) {
		if s.DatabaseURL == "" {
			return // one node only
		}
		c = s
		c.NATSURL = startNATS(t)
		var all sync.WaitGroup
		for i := range eachNode {
			own := c
			own.Data = t.TempDir()
			all.Go(func() {
				r, err := tryStart(t, own)
				if err != nil {
					t.Errorf("node %d: %v", i, err)
				}
				eachNode[i] = r
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
		first := eachNode[0]
		for _, r := range eachNode[1:] {
			want := first.cred
			want.BaseURL = r.cred.BaseURL
			if r.cred != want {
				t.Errorf("nodes differ: %+v and %+v", r.cred, want)
			}
		}
		keys := "/api/2010-04-01/Accounts/" + first.cred.AccountSID + "/Keys"
		key := first.owner(201, "POST", keys+".json", url.Values{"FriendlyName": {"k"}})
		works := func(r *running) bool {
			req := r.request("GET", "/chat/v2/Services", nil)
			req.SetBasicAuth(key["sid"].(string), key["secret"].(string))
			return r.do(req).status == 200
		}
		for i, r := range eachNode {
			if !works(r) {
				t.Errorf("a new key is not good on node %d", i)
			}
		}
		first.owner(204, "DELETE", keys+"/"+key["sid"].(string)+".json", nil)
		if works(first) {
			t.Error("a deleted key is good on the node that deleted it")
		}
		for _, r := range eachNode[1:] {
			until(t, "the deleted key to die on another node", func() bool { return !works(r) })
		}
	})
}

func TestHealth(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		for _, path := range []string{"/healthz", "/readyz"} {
			if a := r.do(r.request("GET", path, nil)); a.status != 200 || a.json(t)["status"] != "ok" {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	})
}

// TestMoreInfo: an error leads to a page of this server that explains it, by whatever name the client came.
func TestMoreInfo(t *testing.T) {
	r := start(t, settings(t))
	for _, host := range []string{"", "chat.example.com", "chat.twilio.com"} {
		ask := func(path string) answer {
			req := r.request("GET", path, nil)
			req.Host = host
			return r.do(req)
		}
		more, err := url.Parse(ask("/chat/v2/Nothing").json(t)["more_info"].(string))
		if err != nil || host != "" && more.Host != host {
			t.Fatalf("%s: %v, %v", host, more, err)
		}
		if a := ask(more.Path); a.status != 200 || !strings.Contains(string(a.body), "<title>20404: Not Found") {
			t.Errorf("%s: %d %s", more, a.status, a.body)
		}
	}
}

// TestNotReadyWithoutBus: a node whose doorbell is silent says so, and goes on serving.
func TestNotReadyWithoutBus(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		if c.DatabaseURL == "" {
			return
		}
		c.NATSURL = "nats://127.0.0.1:1"
		r := start(t, c)
		a := r.do(r.request("GET", "/readyz", nil))
		if a.status != 503 || !strings.Contains(string(a.body), `"bus":"not connected"`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		r.call(200, "GET", "/chat/v2/Services", nil)
	})
}

// slowUpload begins an upload and returns once the server reads it. The rest is written through the pipe.
func slowUpload(t *testing.T, r *running) (rest *io.PipeWriter, answered <-chan answer) {
	t.Helper()
	body, rest := io.Pipe()
	req := r.request("POST", "/mcs/v1/Services/"+r.cred.ChatServiceSID+"/Media", body)
	req.SetBasicAuth(r.cred.APIKeySID, r.cred.APIKeySecret)
	req.Header.Set("Expect", "100-continue") // the server says so when its handler begins to read
	transport := &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
	done := make(chan answer, 1)
	go func() {
		resp, err := transport.RoundTrip(req)
		if err != nil {
			done <- answer{body: []byte(err.Error())}
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		done <- answer{resp.StatusCode, resp.Header, b}
	}()
	if _, err := rest.Write([]byte("half ")); err != nil {
		t.Fatal(err)
	}
	return rest, done
}

// TestStopWaits: a request that is being served is finished, while nothing new comes in.
func TestStopWaits(t *testing.T) {
	r := start(t, settings(t))
	rest, answered := slowUpload(t, r)
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(context.Background()) }()
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	until(t, "the door to close", func() bool {
		resp, err := once.Get(r.BaseURL() + "/readyz")
		if err != nil {
			return true
		}
		_ = resp.Body.Close()
		return resp.StatusCode == 503
	})
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request under way: %v", err)
	default:
	}
	if _, err := rest.Write([]byte("and half")); err != nil {
		t.Fatal(err)
	}
	_ = rest.Close()
	if a := <-answered; a.status != 201 || a.json(t)["size"] != 13.0 {
		t.Errorf("upload: %d %s", a.status, a.body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestStopGivesUp: what does not end in time is cut.
func TestStopGivesUp(t *testing.T) {
	r := start(t, settings(t))
	rest, answered := slowUpload(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.Stop(ctx); err == nil {
		t.Error("the stop did not say that something was cut")
	}
	_ = rest.Close()
	if a := <-answered; a.status == 201 {
		t.Error("the upload was taken")
	}
}

func TestTLS(t *testing.T) {
	c := settings(t)
	c.TLSListen = "127.0.0.1:0"
	c.TLSCert, c.TLSKey = filepath.Join(c.Data, "cert.pem"), filepath.Join(c.Data, "key.pem")
	first := writeCertificate(t, c.TLSCert, c.TLSKey)
	r := start(t, c)
	presented := func() []byte {
		t.Helper()
		conn, err := tls.Dial("tcp", r.SecureAddr(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test looks at the certificate itself
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Raw
	}
	if !bytes.Equal(presented(), first) {
		t.Error("another certificate than the configured one")
	}
	second := writeCertificate(t, c.TLSCert, c.TLSKey)
	if err := r.ReloadCertificate(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(presented(), second) {
		t.Error("the certificate was not reloaded")
	}
	if err := os.WriteFile(c.TLSKey, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.ReloadCertificate(); err == nil || !bytes.Equal(presented(), second) {
		t.Errorf("a broken key: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}} //nolint:gosec // see above
	req := r.request("GET", "https://"+r.SecureAddr()+"/chat/v2/Services?PageSize=1", nil)
	req.SetBasicAuth(r.cred.APIKeySID, r.cred.APIKeySecret)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"https://`+r.SecureAddr()+`/chat/v2/Services`) {
		t.Errorf("URLs do not lead back: %s %v", body, err)
	}
}

// TestOneServerForAFolder: the embedded store serves one server; the folder is free again when that one has stopped.
func TestOneServerForAFolder(t *testing.T) {
	c := settings(t)
	r := start(t, c)
	if _, err := tryStart(t, c); err == nil || !strings.Contains(err.Error(), "another server uses the data folder") {
		t.Errorf("a second server: %v", err)
	}
	r.stop()
	start(t, c)
}

func TestMetrics(t *testing.T) {
	c := settings(t)
	c.KeyRate = 1 // ten at once
	r := start(t, c)
	r.call(200, "GET", "/chat/v2/Services/"+r.cred.ChatServiceSID, nil)
	r.call(404, "GET", "/chat/v2/Services/IS000000000000000000000000000000ff", nil)
	for range 8 {
		r.call(200, "GET", "/chat/v2/Services", nil)
	}
	var over answer
	until(t, "the limit", func() bool { // one more comes with each second that the others took
		over = r.do(r.request("GET", "/chat/v2/Services", nil))
		return over.status == 429
	})
	if over.json(t)["code"] != 20429.0 {
		t.Errorf("over the limit: %s", over.body)
	}
	text := string(r.do(r.request("GET", "/metrics", nil)).body)
	for _, want := range []string{
		`parley_request_seconds_count{method="GET",product="chat",route="/v2/Services/{Sid}",status="2xx"} 1`,
		`parley_request_seconds_count{method="GET",product="chat",route="/v2/Services/{Sid}",status="4xx"} 1`,
		`parley_build_info{version="test"} 1`, "parley_sockets 0", `parley_requests_refused_total{kind="key"} 1`, "parley_jobs_due 0", "parley_realtime_connections 0",
		`parley_realtime_closed_total{reason="slow"} 0`, "parley_store_write_seconds_count", "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, r.cred.ChatServiceSID) {
		t.Error("a label holds a value of a request")
	}
}

// TestNoSecretsInTheLog runs requests that carry every kind of secret, some of which fail, with the most talkative log.
func TestNoSecretsInTheLog(t *testing.T) {
	c := operator(settings(t))
	r := start(t, c)
	jwt := r.token(c, "alice")
	upload := r.request("POST", "/mcs/v1/Services/"+r.cred.ChatServiceSID+"/Media", strings.NewReader("bytes"))
	upload.Header.Set("X-Twilio-Token", jwt)
	m := r.do(upload).json(t)
	link := m["links"].(map[string]any)["content_direct_temporary"].(string)
	r.do(r.request("GET", link, nil))
	r.do(r.request("GET", link+"x", nil))
	wrong := r.request("GET", "/chat/v2/Services?token="+jwt, nil)
	wrong.SetBasicAuth(r.cred.AccountSID, "wrongPassword")
	r.do(wrong)
	s := dial(t, r, jwt)
	s.close()
	r.stop()
	log := r.log.String()
	if !strings.Contains(log, "/mcs/v1/Services/") {
		t.Error("requests are not in the log")
	}
	for what, secret := range map[string]string{"auth token": r.cred.AuthToken, "key secret": r.cred.APIKeySecret, "token": jwt,
		"token's signature": jwt[strings.LastIndexByte(jwt, '.')+1:], "link": link[strings.LastIndexByte(link, '/')+1:], "password": "wrongPassword"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
	if v := reflect.ValueOf(c.Account); strings.Contains(log, v.FieldByName("APIKeySecret").String()) {
		t.Error("the log holds a configured secret")
	}
}
