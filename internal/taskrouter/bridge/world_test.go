package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/bus"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

const (
	patience = 30 * time.Second

	account   = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	stranger  = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	workspace = "WSaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	foreign   = "WSbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	agent     = "WKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	workflow  = "WWaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	everyone  = "WQaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// world is a node with a workspace in which agent is a worker.
type world struct {
	t          testing.TB
	st         *store.Store
	tr         *taskrouter.TaskRouter
	dispatcher *taskrouter.Dispatcher
	b          *Bridge
	url        string

	mu     sync.Mutex
	tokens map[string]*identity.Token
}

// newWorld starts a node and, on the first one of a store, makes the workspace; change may set options of the bridge.
func newWorld(t testing.TB, st *store.Store, b bus.Bus, change func(*Options)) *world {
	t.Helper()
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, st: st, tokens: map[string]*identity.Token{}}
	w.tr = taskrouter.New(st, codec, taskrouter.Options{})
	w.dispatcher = taskrouter.NewDispatcher(w.tr, taskrouter.DispatcherOptions{Sole: b == nil})
	o := Options{Store: st, TaskRouter: w.tr, Auth: w, Bus: b}
	if change != nil {
		change(&o)
	}
	w.b = New(o)
	if err := st.Update(t.Context(), func(tx *store.Tx) error { return w.provision(tx) }); err != nil {
		t.Fatal(err)
	}
	if err := w.dispatcher.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	router := httpapi.New(httpapi.Options{Auth: w})
	w.b.Routes(router)
	srv := httptest.NewServer(router)
	w.url = srv.URL + "/event-bridge/v1/wschannels"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(w.b.Stop(ctx), w.dispatcher.Stop(ctx)); err != nil {
			t.Errorf("stopping: %v", err)
		}
		srv.Close()
	})
	return w
}

func (w *world) provision(tx *store.Tx) error {
	for _, sid := range []string{account, stranger} {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, secondary_token, created_at, updated_at)
			VALUES ($1, '', 'active', 'x', NULL, 0, 0) ON CONFLICT (sid) DO NOTHING`, sid)
		if err != nil {
			return err
		}
	}
	err := w.tr.ProvisionTx(tx, taskrouter.Provision{AccountSID: account, WorkspaceSID: workspace, WorkflowSID: workflow, QueueSID: everyone, WorkerSID: agent, WorkerName: "agent"})
	if err != nil {
		return err
	}
	return w.tr.ProvisionTx(tx, taskrouter.Provision{AccountSID: stranger, WorkspaceSID: foreign, WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
		WorkerSID: core.NewSID("WK"), WorkerName: "stranger"})
}

// Basic implements httpapi.Authenticator.
func (*world) Basic(context.Context, string, string) (httpapi.Caller, error) {
	return httpapi.Caller{}, core.E(core.CodeAuthenticate)
}

// Token implements httpapi.Authenticator.
func (w *world) Token(_ context.Context, jwt string) (httpapi.Caller, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.tokens[jwt]
	if t == nil {
		return httpapi.Caller{}, core.E(core.CodeTokenInvalid)
	}
	if !t.ExpiresAt.After(time.Now()) {
		return httpapi.Caller{}, core.E(core.CodeTokenExpired)
	}
	return httpapi.Caller{AccountSID: t.AccountSID, KeySID: t.KeySID, Token: t}, nil
}

// token makes a token of a worker.
func (w *world) token(worker string, change ...func(*identity.Token)) string {
	t := &identity.Token{AccountSID: account, KeySID: "SKa", Identity: "x", WorkspaceSID: workspace, WorkerSID: worker, WorkerRole: "worker", ExpiresAt: time.Now().Add(time.Hour)}
	for _, f := range change {
		f(t)
	}
	jwt := core.NewSID("TK")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[jwt] = t
	return jwt
}

// worker makes another worker.
func (w *world) worker(name, attributes string) string {
	w.t.Helper()
	v, err := w.tr.CreateWorker(w.t.Context(), account, workspace, taskrouter.NewWorker{FriendlyName: name, Attributes: attributes})
	if err != nil {
		w.t.Fatal(err)
	}
	return v.SID
}

// activity returns the SID of an activity by name.
func (w *world) activity(name string) string {
	w.t.Helper()
	s, err := w.tr.Space(w.t.Context(), account, workspace)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range s.Activities {
		if a.FriendlyName == name {
			return a.SID
		}
	}
	w.t.Fatalf("no activity %q", name)
	return ""
}

// move sets the activity of a worker.
func (w *world) move(worker, activity string) {
	w.t.Helper()
	sid := w.activity(activity)
	if _, err := w.tr.UpdateWorker(w.t.Context(), account, workspace, worker, taskrouter.WorkerPatch{ActivitySID: &sid}, ""); err != nil {
		w.t.Fatal(err)
	}
}

// task makes a task for a worker.
func (w *world) task(worker string) string {
	w.t.Helper()
	v, err := w.tr.CreateTask(w.t.Context(), account, workspace, taskrouter.NewTask{WorkflowSID: workflow, RoutingTarget: worker, TaskChannel: "chat", Attributes: `{"name":"Ann"}`})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.tr.TaskSID(v.ID)
}

// object is JSON as a test reads it.
type object = map[string]any

// post sends a command as the SDK does, and returns its status and what came back.
func (w *world) post(token, method, path string, params object) (int, object) {
	w.t.Helper()
	if params == nil {
		params = object{}
	}
	body, err := json.Marshal(object{"url": path, "method": method, "params": params, "token": token})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.postRaw(body)
}

func (w *world) postRaw(body []byte) (int, object) {
	w.t.Helper()
	res, err := http.Post(w.url, "application/x-www-form-urlencoded", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer object
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// must is post for a command that has to work; it returns the payload.
func (w *world) must(token, method, path string, params object) object {
	w.t.Helper()
	status, answer := w.post(token, method, path, params)
	payload, ok := answer["payload"].(object)
	if status != http.StatusOK || !ok {
		w.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return payload
}

func workerPath(worker string) string { return "Workspaces/" + workspace + "/Workers/" + worker }

// client is a socket as the SDK opens it.
type client struct {
	gws.BuiltinEventHandler
	t      testing.TB
	w      *world
	worker string
	token  string
	ws     *gws.Conn
	texts  chan string
	closed chan uint16 // the status of the close frame, 1006 for none
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	c.texts <- m.Data.String()
}

func (c *client) OnClose(_ *gws.Conn, err error) {
	status := uint16(1006)
	if e, ok := errors.AsType[*gws.CloseError](err); ok {
		status = e.Code
	}
	c.closed <- status
}

func (c *client) OnPing(ws *gws.Conn, payload []byte) { _ = ws.WritePong(payload) }

// dial opens a socket and reads init; more is further query.
func (w *world) dial(worker, token, more string) *client {
	w.t.Helper()
	c, res, err := w.tryDial(worker, "?token="+url.QueryEscape(token)+"&closeExistingSessions=false&clientVersion=2.1.1"+more)
	if err != nil {
		w.t.Fatalf("%v %v", err, res)
	}
	init := c.next()
	if init["event_type"] != "init" {
		w.t.Fatalf("the first frame is %v", init)
	}
	c.token = token
	return c
}

func (w *world) tryDial(worker, query string) (*client, *http.Response, error) {
	c := &client{t: w.t, w: w, worker: worker, texts: make(chan string, 1024), closed: make(chan uint16, 1)}
	ws, res, err := gws.NewClient(c, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(w.url, "http") + query})
	if err != nil {
		return nil, res, err
	}
	c.ws = ws
	go ws.ReadLoop()
	w.t.Cleanup(func() { _ = ws.NetConn().Close() })
	return c, res, nil
}

// start reads what the SDK reads before it listens.
func (c *client) start() *client {
	c.t.Helper()
	c.w.must(c.token, "GET", workerPath(c.worker), nil)
	c.w.must(c.token, "GET", "Workspaces/"+workspace+"/Activities", object{"PageSize": 1000})
	c.w.must(c.token, "GET", workerPath(c.worker)+"/WorkerChannels", object{"PageSize": 1000})
	c.w.must(c.token, "GET", workerPath(c.worker)+"/Reservations", object{"Active": "true", "PageSize": 1000})
	return c
}

// ready opens a socket whose client listens.
func (w *world) ready(worker string) *client {
	w.t.Helper()
	return w.dial(worker, w.token(worker), "").start()
}

// next returns the next frame that is not a heartbeat.
func (c *client) next() object {
	c.t.Helper()
	for {
		select {
		case text := <-c.texts:
			if strings.TrimSpace(text) == "" {
				continue
			}
			var e object
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				c.t.Fatalf("%v: %s", err, text)
			}
			return e
		case <-time.After(patience):
			c.t.Fatal("no frame came")
		}
	}
}

// until returns the payload of the next event of a type, and skips others.
func (c *client) until(kind string) object {
	c.t.Helper()
	for {
		if e := c.next(); e["event_type"] == kind {
			return e["payload"].(object)
		}
	}
}

// ended waits for the close of the socket and returns its status.
func (c *client) ended() uint16 {
	c.t.Helper()
	select {
	case status := <-c.closed:
		return status
	case <-time.After(patience):
		c.t.Fatal("the socket stays open")
		return 0
	}
}
