package twilsock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/lxzan/gws"
	"github.com/tidwall/gjson"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/realtime"
	"parley/internal/store"
)

// events takes what gws reads. Everything here runs on the session's read goroutine and must be quick and shallow.
type events struct{ srv *Server }

func (events) OnOpen(*gws.Conn)         {}
func (events) OnClose(*gws.Conn, error) {} // the end of ReadLoop says the same

func (e events) OnPong(socket *gws.Conn, _ []byte) { e.of(socket).hear() }

// OnPing answers as RFC 6455 §5.5.3 asks. Browsers cannot ping, proxies may.
func (e events) OnPing(socket *gws.Conn, payload []byte) {
	s := e.of(socket)
	s.hear()
	if !s.afford(1) {
		return
	}
	s.send(append(appendWebSocketHeader(make([]byte, 0, 2+len(payload)), opPong, len(payload)), payload...))
}

func (e events) OnMessage(socket *gws.Conn, message *gws.Message) {
	s := e.of(socket)
	s.hear()
	if s.take(message) {
		return
	}
	_ = message.Close()
}

func (e events) of(socket *gws.Conn) *session { return socket.Session().(*session) }

func (s *session) hear() { s.heard.Store(s.srv.clock.Load()) }

// ackCost is what an acknowledgement costs of the frame rate: we cause them, and they are cheap, but not free.
const ackCost = 1. / 16

// afford takes cost from the connection's frame rate; beyond it the connection is closed.
func (s *session) afford(cost float32) bool {
	if s.bucket.take(s.srv.clock.Load(), cost, float32(s.srv.opt.FrameRate), float32(s.srv.opt.FrameBurst)) {
		return true
	}
	s.flooded()
	return false
}

// take handles one message and reports whether it keeps the message for later.
func (s *session) take(message *gws.Message) (kept bool) {
	frame, err := Decode(message.Bytes())
	if err == nil && isAck(frame.Header) {
		s.afford(ackCost)
		return false
	}
	if !s.afford(1) {
		return false
	}
	if err == nil && message.Opcode != gws.OpcodeBinary {
		err = ErrMagic
	}
	if err != nil {
		s.send(closeFrame(status{Code: 406, Text: "NOT_ACCEPTABLE", Description: err.Error()}))
		s.end(ReasonProtocol)
		return false
	}
	switch frame.method {
	case "init", "update", "message", "put_notification_ctx", "delete_notification_ctx":
		t := task{header: frame.header, payload: frame.Payload, message: message}
		if t.header.verb == http.MethodPost {
			t.overlaps = s.srv.opt.Overlaps(t.header.request.Get("path").Str, t.payload)
		}
		if !s.add(t) {
			s.flooded()
			return false
		}
		return true
	case "close":
		s.end(realtime.ReasonPeerLeft)
	case "telemetry.v1", "reply": // nobody asked for the one; the other is an acknowledgement in another spelling
	default:
		s.send(reply(frame.id, status{Code: 400, Text: "Bad Request", Description: "Unknown method"}, nil, nil))
	}
	return false
}

// flooded ends a connection that asks too much. The client comes back after some seconds (§2.9).
func (s *session) flooded() {
	s.send(closeFrame(status{Code: 429, Text: "TOO_MANY_REQUESTS", Description: "The connection sent more than it may", ErrorCode: 20429}))
	s.end(ReasonFlood)
}

// serve answers one task.
func (s *session) serve(t *task) {
	defer t.done()
	defer func() {
		if p := recover(); p != nil {
			s.srv.opt.Log.Error("serving a frame panicked", "method", t.header.method, "panic", p, "stack", string(debug.Stack()))
			s.send(reply(t.header.id, httpStatus(http.StatusInternalServerError), nil, nil))
		}
	}()
	s.mu.Lock()
	stage, caller, rt := s.stage, s.caller, s.rt
	s.mu.Unlock()
	switch {
	case t.header.method == "init":
		s.init(t)
	case rt == nil:
		s.send(reply(t.header.id, status{Code: 401, Text: "UNAUTHORIZED", Description: "The first message must be init"}, nil, nil))
	case t.header.method == "update":
		s.update(t)
	case t.header.method == "message":
		if stage == closed && t.header.verb == http.MethodGet {
			return // nobody waits for it
		}
		s.tunnel(t, caller, rt)
	default: // notification contexts: clients ignore what they do not know, so there is nothing to filter (§9.1)
		s.send(reply(t.header.id, httpStatus(http.StatusOK), nil, nil))
	}
}

// init authenticates the connection (§2.4). A second init is an update that may not change the identity.
func (s *session) init(t *task) {
	s.mu.Lock()
	again := s.rt != nil
	s.mu.Unlock()
	if again {
		s.update(t)
		return
	}
	caller, info, err := s.login(s.srv.ctx, t.header.all.Get("token").Str)
	if err != nil {
		s.send(reply(t.header.id, statusOf(err), nil, nil))
		return
	}
	answer := reply(t.header.id, httpStatus(http.StatusOK), initReply(&t.header, caller), nil)
	rt := s.srv.opt.Hub.Connect(s, info)
	now := time.Now()
	s.mu.Lock()
	s.rt, s.caller = rt, caller
	s.arm(now)
	gone := s.stage == closed
	if s.stage == fresh {
		s.stage = live
	}
	wake := s.ping
	for _, at := range []time.Time{s.warnAt, caller.Token.ExpiresAt} {
		if at.Before(wake) {
			wake = at
		}
	}
	s.mu.Unlock()
	if gone { // the client left while its token was checked
		rt.Close(realtime.ReasonPeerLeft)
		return
	}
	rt.Send(answer)
	s.rewake(wake)
}

// rewake replaces the time of the next wake.
func (s *session) rewake(at time.Time) {
	s.srv.wheel.put(s, at)
	s.mu.Lock()
	gone := s.stage == closed
	s.mu.Unlock()
	if gone {
		s.srv.wheel.remove(s)
	}
}

// update replaces the token (§2.5).
func (s *session) update(t *task) {
	caller, err := s.verify(s.srv.ctx, t.header.all.Get("token").Str)
	s.mu.Lock()
	if err == nil && !sameUser(caller.Token, s.caller.Token) {
		err = core.Ef(core.CodeTokenGrants, "The new token is for another identity; it must be the one that the connection began with").WithStatus(http.StatusUnauthorized)
	}
	if err == nil {
		s.caller = caller
		s.arm(time.Now())
	}
	wake := s.ping
	if s.warnAt.Before(wake) && !s.warned {
		wake = s.warnAt
	}
	s.mu.Unlock()
	if err != nil {
		s.send(reply(t.header.id, statusOf(err), nil, nil))
		return
	}
	s.send(reply(t.header.id, httpStatus(http.StatusOK), nil, nil))
	s.rewake(wake)
}

func sameUser(a, b *identity.Token) bool {
	return a.ChatServiceSID == b.ChatServiceSID && a.Identity == b.Identity
}

// tunnel serves an HTTP request (§2.6).
func (s *session) tunnel(t *task, caller httpapi.Caller, rt *realtime.Conn) {
	r, path, err := t.header.tunnelled(t.payload)
	if err != nil {
		s.send(reply(t.header.id, status{Code: 400, Text: "Bad Request", Description: "The http_request is malformed"}, nil, nil))
		return
	}
	ctx := context.Context(&callContext{Context: s.srv.ctx, conn: rt, rawPath: path})
	if t.overlaps {
		ctx = store.WithPlaced(ctx, func() { s.detach(t) })
	}
	result := s.srv.opt.Router.Tunnel(ctx, caller, s.base, r)
	rt.Send(tunnelReply(t.header.id, result.Status, result.Header, result.Body))
}

// initReply makes what a good init is answered with beside the status. offline_storage and telemetry are left out on
// purpose (§2.4): without the one clients always read fresh positions, without the other they send less.
func initReply(h *header, caller httpapi.Caller) []byte {
	b := make([]byte, 0, 512)
	b = append(b, `,"capabilities":[`...)
	h.all.Get("capabilities").ForEach(func(_, v gjson.Result) bool {
		if v.Str == "client_update" {
			b = append(b, `"client_update"`...)
			return false
		}
		return true
	})
	b = append(b, `],"continuation_token":`...)
	token := continuation(caller)
	b = AppendString(b, token)
	switch given := h.all.Get("continuation_token").Str; given {
	case token:
		b = append(b, `,"continuation_token_status":{"reissued":false}`...)
	case "":
		b = append(b, `,"continuation_token_status":{"reissued":true,"reissue_reason":"MISSING","reissue_message":"Continuation token is not provided"}`...)
	default:
		b = append(b, `,"continuation_token_status":{"reissued":true,"reissue_reason":"DIFFERENT_IDENTITY","reissue_message":"Continuation token belongs to another identity"}`...)
	}
	b = append(b, `,"init_registrations":[`...)
	n := 0
	h.all.Get("registrations").ForEach(func(_, v gjson.Result) bool {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"notification_ctx_id":"`...)
		b = appendUUID(b)
		b = append(b, '"')
		for _, name := range [...]string{"product", "type", "message_types"} {
			if field := v.Get(name); field.Exists() {
				b = append(append(append(append(b, `,"`...), name...), `":`...), field.Raw...)
			}
		}
		b = append(b, '}')
		n++
		return n < maxRegistrations
	})
	return append(b, ']')
}

const maxRegistrations = 16

// continuation names the identity without state: nothing hangs on it, it only tells a client that shares storage between
// users that it holds another user's.
func continuation(caller httpapi.Caller) string {
	sum := sha256.Sum256([]byte("continuation|" + caller.Token.ChatServiceSID + "|" + caller.Token.Identity))
	return hex.EncodeToString(sum[:16])
}
