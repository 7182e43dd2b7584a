package bridge

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/taskrouter"
)

// caller is whoever a token speaks for.
type caller struct {
	account, workspace, worker string
	role                       string // of the grant; the worker's attributes may give more
	keySID                     string
	expires                    time.Time
}

// verify checks a token and that it is one of a worker. What is wrong with it is told with 401.
func (b *Bridge) verify(ctx context.Context, jwt string) (caller, error) {
	c, err := b.opt.Auth.Token(ctx, jwt)
	if err != nil {
		return caller{}, err
	}
	t := c.Token
	if t == nil || t.WorkspaceSID == "" || t.WorkerSID == "" {
		return caller{}, core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: the token has no task_router grant with a workspace_sid and a worker_sid")
	}
	return caller{t.AccountSID, t.WorkspaceSID, t.WorkerSID, t.WorkerRole, t.KeySID, t.ExpiresAt}, nil
}

// worker is the worker of a good token, who may be gone by now.
func (b *Bridge) worker(ctx context.Context, who caller) (*taskrouter.WorkerView, error) {
	w, err := b.tr.FetchWorker(ctx, who.account, who.workspace, who.worker)
	if core.HasCode(err, core.CodeNotFound) {
		err = core.Ef(core.CodeForbidden, "The token's worker does not exist in its workspace")
	}
	return w, err
}

// query reads the parameters of a socket. A client whose address was spliced into its region setting writes a second question mark
// (flex-ui-protocol §3.1).
func query(r *http.Request) url.Values {
	q, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, "?", "&")) // what cannot be read is as good as absent
	return q
}

// ServeHTTP upgrades a request to a socket, once its token and its worker are known to be good, and returns; the socket lives on in
// its own goroutine.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := query(r)
	who, err := b.verify(r.Context(), q.Get("token"))
	if err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	worker, err := b.worker(r.Context(), who)
	if err == nil {
		err = b.sockets.enter(worker.ID, time.Now())
	}
	if err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	s := b.upgrade(w, r)
	if s == nil {
		b.sockets.leave(worker.ID)
		return
	}
	s.caller, s.workerID = who, worker.ID
	s.offline = q.Get("setWorkerOfflineIfDisconnected") == "true"
	s.open(r.Context(), q.Get("closeExistingSessions") == "true")
}

// upgrade takes the connection over, or answers why not and returns nil.
func (b *Bridge) upgrade(w http.ResponseWriter, r *http.Request) *socket {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		httpapi.WriteError(w, r, core.Internal(err))
		return nil
	}
	if buffered.Reader.Buffered() > 0 { // a client must wait for the answer to its handshake
		_ = conn.Close()
		return nil
	}
	ws, err := b.upgrader.UpgradeFromConn(conn, newReader(conn), r)
	if err != nil { // gws has answered and closed
		return nil
	}
	s := ws.Session().(*socket)
	s.nc, s.ws = conn, ws
	return s
}

// open makes a socket live: it hears of events before it says init, so that none is missed between the two.
func (s *socket) open(ctx context.Context, alone bool) {
	now := time.Now()
	s.gone, s.ready = make(chan struct{}), make(chan struct{})
	s.started = time.AfterFunc(s.b.opt.StartTimeout, s.release)
	s.heard.Store(now.UnixMilli())
	s.rt = s.b.hub.Connect(s, realtime.ConnInfo{Identity: s.worker})
	s.b.sockets.add(s)
	if alone {
		s.b.closeAll(s.workerID, s)
		s.b.closeElsewhere(s.workerID)
	}
	if s.offline {
		s.b.settlePresence(s.workerID)
	}
	found := false
	err := s.rt.Subscribe(ctx, []realtime.Position{{Topic: topic(s.workerID), Since: fromNow}}, func(r []realtime.Reading) [][][]byte {
		found = r[0].Found
		return nil
	})
	if err != nil || !found || s.write(s.init(now)) != nil {
		s.end(realtime.ReasonWriteFailed)
	}
	go s.read()
}

// init is the first frame (flex-ui-protocol §3.5); the lifetime is in milliseconds.
func (s *socket) init(now time.Time) []byte {
	return textFrame(event{Type: "init", Payload: struct {
		AccountSID    string `json:"account_sid"`
		WorkspaceSID  string `json:"workspace_sid"`
		ChannelID     string `json:"channel_id"`
		TokenLifetime int64  `json:"token_lifetime"`
	}{s.account, s.workspace, s.worker, s.expires.Sub(now).Milliseconds()}})
}

// closeElsewhere asks the other nodes to close the sockets of a worker. A word that is lost leaves an older session open, which
// does no harm.
func (b *Bridge) closeElsewhere(workerID int64) {
	if b.bus == nil {
		return
	}
	if err := b.bus.Publish(subjectClose, binary.BigEndian.AppendUint64(nil, uint64(workerID))); err != nil {
		b.log.Warn("cannot ask other nodes to close sessions", "cause", err)
	}
}
