package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"parley/internal/store/storetest"
)

// binary is the server under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "parley-scenario-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "parley")
	if out, err := exec.Command("go", "build", "-o", binary, "parley/cmd/parley").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the server: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// cluster is one instance of Parley, on one node or several.
type cluster struct {
	t        *testing.T
	nodes    []*node
	database string // "" for SQLite
	nats     *natsserver.Server
	natsPort int
	creds    map[string]string
}

// node is one process.
type node struct {
	cl   *cluster
	addr string
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// each runs a scenario on one node with SQLite and on three nodes with PostgreSQL and NATS.
func each(t *testing.T, scenario func(t *testing.T, cl *cluster)) {
	t.Run("one node", func(t *testing.T) { scenario(t, newCluster(t, 1)) })
	t.Run("three nodes", func(t *testing.T) { scenario(t, newCluster(t, 3)) })
}

func newCluster(t *testing.T, size int) *cluster {
	cl := &cluster{t: t}
	if size > 1 {
		cl.database = storetest.Postgres(t)
		cl.startNATS()
		t.Cleanup(func() { cl.nats.Shutdown() })
	}
	for range size {
		n := &node{cl: cl, addr: freeAddr(t), dir: t.TempDir()}
		cl.nodes = append(cl.nodes, n)
		n.start()
		t.Cleanup(n.kill)
	}
	args := append([]string{"credentials", "--json"}, cl.nodes[0].where()...)
	out, err := exec.Command(binary, args...).Output()
	if err != nil {
		t.Fatalf("credentials: %v", err)
	}
	if err := json.Unmarshal(out, &cl.creds); err != nil {
		t.Fatal(err)
	}
	return cl
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startNATS starts the bus, the second time on the port of the first.
func (cl *cluster) startNATS() {
	port := cl.natsPort
	if port == 0 {
		port = natsserver.RANDOM_PORT
	}
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
	if err != nil {
		cl.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		cl.t.Fatal("the NATS server does not start")
	}
	cl.nats, cl.natsPort = s, s.Addr().(*net.TCPAddr).Port
}

// where are the flags that say where the data is.
func (n *node) where() []string {
	args := []string{"--data", n.dir}
	if n.cl.database != "" {
		args = append(args, "--database-url", n.cl.database)
	}
	return args
}

func (n *node) start() {
	t := n.cl.t
	args := append([]string{"serve", "--listen", n.addr, "--log-level", "warn"}, n.where()...)
	if n.cl.nats != nil {
		args = append(args, "--nats-url", fmt.Sprintf("nats://127.0.0.1:%d", n.cl.natsPort))
	}
	n.cmd = exec.Command(binary, args...)
	// Writers write as fast as they can, which no user does.
	n.cmd.Env = append(os.Environ(), "PARLEY_WEBHOOK_ALLOW_PRIVATE=true", "PARLEY_IDENTITY_RATE=0", "PARLEY_KEY_RATE=0")
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = log.Close()
	done := make(chan struct{})
	n.done = done
	go func(cmd *exec.Cmd) { _ = cmd.Wait(); close(done) }(n.cmd)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if resp, err := http.Get("http://" + n.addr + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	text, _ := os.ReadFile(filepath.Join(n.dir, "log"))
	t.Fatalf("a node does not become ready; its log:\n%s", text)
}

// kill ends the process at once, as a crash does.
func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	<-n.done
}

// stop asks the process to end and waits until it has.
func (n *node) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-n.done:
	case <-time.After(30 * time.Second):
		n.cl.t.Error("a node did not stop within 30 s")
		n.kill()
	}
}

// token makes an access token as a helper library does.
func (cl *cluster) token(identity string) string {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"jti": cl.creds["api_key_sid"] + "-1", "iss": cl.creds["api_key_sid"], "sub": cl.creds["account_sid"], "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"grants": map[string]any{"identity": identity, "chat": map[string]string{"service_sid": cl.creds["chat_service_sid"]}},
	})
	token.Header["cty"] = "twilio-fpa;v=1"
	text, err := token.SignedString([]byte(cl.creds["api_key_secret"]))
	if err != nil {
		cl.t.Fatal(err)
	}
	return text
}

// rest makes a REST call to a node and decodes the answer.
func (cl *cluster) rest(t *testing.T, node int, method, path string, form url.Values) map[string]any {
	t.Helper()
	status, body, err := cl.try(node, method, path, form)
	if err != nil {
		t.Fatal(err)
	}
	if status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, status, body)
	}
	var out map[string]any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func (cl *cluster) try(node int, method, path string, form url.Values) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+cl.nodes[node].addr+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(cl.creds["account_sid"], cl.creds["auth_token"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func (cl *cluster) service() string { return "/chat/v2/Services/" + cl.creds["chat_service_sid"] }

// channel makes a private channel with members and returns its SID.
func (cl *cluster) channel(t *testing.T, members ...string) string {
	t.Helper()
	sid := cl.rest(t, 0, "POST", cl.service()+"/Channels", url.Values{"Type": {"private"}})["sid"].(string)
	for _, m := range members {
		cl.rest(t, 0, "POST", cl.service()+"/Channels/"+sid+"/Members", url.Values{"Identity": {m}})
	}
	return sid
}

// stored reads all messages of a channel, oldest first.
func (cl *cluster) stored(t *testing.T, node int, channel string) (list []map[string]any) {
	t.Helper()
	path := cl.service() + "/Channels/" + channel + "/Messages?PageSize=1000"
	for path != "" {
		page := cl.rest(t, node, "GET", path, nil)
		for _, m := range page["messages"].([]any) {
			list = append(list, m.(map[string]any))
		}
		path = ""
		if next, ok := page["meta"].(map[string]any)["next_page_url"].(string); ok {
			_, path, _ = strings.Cut(strings.TrimPrefix(next, "http://"), "/")
			path = "/" + path
		}
	}
	return list
}

// messages is the path by which an SDK user sends to a channel.
func (cl *cluster) messages(channel string) string {
	return "/Client/v1/Services/" + cl.creds["chat_service_sid"] + "/Conversations/" + channel + "/Messages"
}
