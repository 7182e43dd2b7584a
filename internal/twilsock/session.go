package twilsock

import (
	"context"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
)

// stage is a step in a session's life; it only grows.
type stage uint8

const (
	fresh    stage = iota // no good init yet
	live                  // serves requests
	draining              // finishes what it began, takes nothing more
	closed
)

// session is one socket. Its read goroutine only takes frames apart; what is to be done waits in work, and is done by
// goroutines that exist only while there is some. So an idle session keeps one small stack.
type session struct {
	noStorage
	srv  *Server
	nc   net.Conn
	base httpapi.Base

	heard  atomic.Int64 // last sign of life, coarse milliseconds
	bucket bucket       // of the read goroutine

	writeBy int64 // deadline for writing, coarse milliseconds; of whoever writes

	mu     sync.Mutex
	stage  stage
	caller httpapi.Caller
	rt     *realtime.Conn // nil while fresh
	work   *work          // nil while there is none
	initBy time.Time      // while fresh
	ping   time.Time      // when the next one is due
	missed uint8          // pings without a sign of life since
	warned bool           // the client was told that its token is about to expire
	warnAt time.Time

	// Place in the wheel, under its lock.
	next, prev *session
	slot       uint16
}

func (s *session) start(nc net.Conn, base httpapi.Base) {
	now := time.Now()
	s.nc, s.base = nc, base
	s.heard.Store(s.srv.clock.Load())
	s.bucket = bucket{tokens: float32(s.srv.opt.FrameBurst), at: s.srv.clock.Load()}
	s.initBy = now.Add(s.srv.opt.InitTimeout)
	s.ping = s.srv.firstPing(now)
	s.srv.wheel.put(s, s.initBy)
	if s.srv.gate.closed() {
		s.drain()
	}
}

// read takes frames until the socket ends, then buries the session.
func (s *session) read(socket *gws.Conn) {
	defer func() {
		if p := recover(); p != nil { // gws does not check every length that a frame may claim
			s.srv.opt.Log.Warn("a socket sent what could not be read", "panic", p, "stack", string(debug.Stack()))
			_ = s.nc.Close()
		}
		s.bury()
	}()
	socket.ReadLoop()
}

// bury ends what is left of the session after its socket.
func (s *session) bury() {
	_ = s.nc.Close()
	s.srv.wheel.remove(s)
	s.mu.Lock()
	s.stage = closed
	rt := s.rt
	busy := s.work.abandon()
	s.mu.Unlock()
	if rt != nil {
		rt.Close(realtime.ReasonPeerLeft)
	}
	if !busy {
		s.srv.leave() // else the last worker does
	}
}

// wake does what is due at this time and asks to be woken for the next thing.
func (s *session) wake(now time.Time) {
	s.mu.Lock()
	stage, rt := s.stage, s.rt
	if stage == closed {
		s.mu.Unlock()
		return
	}
	next := now.Add(time.Second)
	var frame []byte
	end := realtime.Reason(0)
	switch stage {
	case fresh:
		next = s.initBy
		if !now.Before(s.initBy) {
			end = ReasonProtocol
		}
	case live:
		expires := s.caller.Token.ExpiresAt
		switch {
		case !now.Before(expires):
			end = ReasonExpired
		case !s.warned && !now.Before(s.warnAt):
			s.warned = true
			frame = control("client_update", `,"client_update_type":"token_about_to_expire"`)
		}
		if !now.Before(s.ping) {
			if s.heard.Load() < now.Add(-s.srv.opt.PingEvery-2*tickEvery).UnixMilli() {
				s.missed++
			} else {
				s.missed = 0
			}
			if s.missed >= 2 {
				end = ReasonIdle
			}
			frame = append(frame, opPing, 0)
			s.ping = now.Add(s.srv.opt.PingEvery)
		}
		next = s.ping
		for _, t := range []time.Time{expires, s.warnAt} {
			if t.Before(next) && (t != s.warnAt || !s.warned) {
				next = t
			}
		}
	}
	s.mu.Unlock()
	if end != 0 {
		s.end(end)
		next = now.Add(farthest)
	} else if frame != nil {
		rt.Send(frame)
	}
	s.srv.wheel.put(s, next)
	s.mu.Lock()
	gone := s.stage == closed
	s.mu.Unlock()
	if gone { // it was buried while it was off the wheel
		s.srv.wheel.remove(s)
	} else if s.srv.gate.closed() {
		s.drain()
	}
}

// send queues a frame for the client; before the init it is written at once.
func (s *session) send(frame []byte) {
	s.mu.Lock()
	rt := s.rt
	s.mu.Unlock()
	if rt != nil {
		rt.Send(frame)
		return
	}
	_ = s.Write(frame) // an error ends the read goroutine, too
}

// end closes the socket after the replies that are queued, with a word about why. Requests that wait are dropped: their
// client must take them as not done.
func (s *session) end(reason realtime.Reason) {
	s.mu.Lock()
	rt := s.rt
	s.stage = max(s.stage, draining)
	s.work.abandon()
	s.mu.Unlock()
	if rt != nil {
		rt.Close(reason)
		return
	}
	s.Close(reason)
}

// drain lets the session finish what it does and ends it then.
func (s *session) drain() {
	s.mu.Lock()
	if s.stage >= draining {
		s.mu.Unlock()
		return
	}
	s.stage = draining
	idle := s.work == nil
	s.mu.Unlock()
	if idle {
		s.end(realtime.ReasonShutdown)
	}
}

// Write implements realtime.Sink. The deadline is moved only when it comes near: a write has between one and two times
// Options.WriteTimeout.
func (s *session) Write(b []byte) error {
	if now := s.srv.clock.Load(); s.writeBy < now+s.srv.opt.WriteTimeout.Milliseconds() {
		s.writeBy = now + 2*s.srv.opt.WriteTimeout.Milliseconds()
		if err := s.nc.SetWriteDeadline(time.UnixMilli(s.writeBy)); err != nil {
			return err
		}
	}
	_, err := s.nc.Write(b)
	return err
}

const (
	farewellTime = 100 * time.Millisecond // for writing the close frame
	goodbyeTime  = 2 * time.Second        // for the client to answer it
)

// farewells are the close frames by reason (RFC 6455 §7.4.1).
func farewell(reason realtime.Reason) []byte {
	switch reason {
	case ReasonProtocol:
		return webSocketClose(1002, "protocol error")
	case ReasonFlood:
		return webSocketClose(1008, "too many requests")
	case ReasonExpired:
		return webSocketClose(1008, "token expired")
	case ReasonRefused:
		return webSocketClose(1008, "token refused")
	case realtime.ReasonShutdown:
		return webSocketClose(1001, "server is stopping")
	}
	return nil
}

// Close implements realtime.Sink. After a farewell only our direction is shut, so that nothing that is on its way to the
// client is lost to a reset; the read goroutine waits a little for the client's goodbye.
func (s *session) Close(reason realtime.Reason) {
	last := farewell(reason)
	if last == nil {
		_ = s.nc.Close()
		return
	}
	now := time.Now()
	_ = s.nc.SetWriteDeadline(now.Add(farewellTime))
	_, err := s.nc.Write(last)
	half, ok := s.nc.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil || s.nc.SetReadDeadline(now.Add(goodbyeTime)) != nil {
		_ = s.nc.Close()
	}
}

// login verifies a token and lets the product prepare for it.
func (s *session) login(ctx context.Context, jwt string) (caller httpapi.Caller, info realtime.ConnInfo, err error) {
	if caller, err = s.verify(ctx, jwt); err == nil {
		info, err = s.srv.opt.Login(ctx, caller)
	}
	return caller, info, err
}

// verify checks a token and that it is one for chat.
func (s *session) verify(ctx context.Context, jwt string) (httpapi.Caller, error) {
	caller, err := s.srv.opt.Auth.Token(ctx, jwt)
	if err == nil && caller.Token == nil {
		err = core.E(core.CodeTokenInvalid)
	}
	if err == nil {
		err = caller.Token.RequireChat()
	}
	return caller, err
}

// arm sets the token's times. The lock is held.
func (s *session) arm(now time.Time) {
	left := s.caller.Token.ExpiresAt.Sub(now)
	s.warnAt = s.caller.Token.ExpiresAt.Add(-min(3*time.Minute, left/3))
	s.warned = false
}

// statusOf makes the status of a refused init or update. 401 and 403 are final for the client until it has another token; anything
// else makes it connect again (§2.4), so what will not get better by itself must be one of the two.
func statusOf(err error) status {
	e := core.AsError(err)
	code := e.Status
	if code >= 400 && code < 500 && code != 401 && code != 429 {
		code = 403
	}
	st := httpStatus(code)
	st.Description, st.ErrorCode = e.Message, e.Code
	return st
}

// noStorage is the storage that gws wants each socket to have; the session itself is ours.
type noStorage struct{}

func (noStorage) Len() int                     { return 0 }
func (noStorage) Load(string) (any, bool)      { return nil, false }
func (noStorage) Delete(string)                {}
func (noStorage) Store(string, any)            {}
func (noStorage) Range(func(string, any) bool) {}
