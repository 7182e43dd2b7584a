package bridge

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/realtime"
)

const (
	maxFrame   = 4 << 10 // bytes; clients have nothing to say
	maxFrames  = 100     // frames of a client between two heartbeats
	readBuffer = 512

	farewellTime = 100 * time.Millisecond // for writing the close frame
	goodbyeTime  = 2 * time.Second        // for the client to answer it
)

// The statuses of close frames (RFC 6455 §7.4.1).
const (
	statusGoingAway = 1001
	statusPolicy    = 1008
	statusTryAgain  = 1013
)

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, readBuffer) }

// socket is one connection of a worker. An idle one costs its read goroutine and nothing else.
type socket struct {
	noStorage
	b  *Bridge
	nc net.Conn
	ws *gws.Conn
	rt *realtime.Conn
	caller
	workerID int64
	offline  bool // the worker is to be taken offline when it is gone

	heard  atomic.Int64 // last sign of life, milliseconds
	frames atomic.Int32 // since the last heartbeat
	beatAt time.Time    // the next heartbeat; of Bridge.beat

	gone chan struct{} // closed with the sink

	// While the client starts: the SDK hears no events until it has read what startReads names, so they wait.
	ready     chan struct{} // closed when events may go out
	releasing sync.Once     // of ready
	started   *time.Timer   // calls release
	reads     atomic.Uint32 // the startReads that were answered
	since     atomic.Int64  // the worker's event number that the client's list of reservations shows
}

// read takes what the client sends until the socket ends, then buries it.
func (s *socket) read() {
	defer func() {
		if p := recover(); p != nil { // gws does not check every length that a frame may claim
			s.b.log.Warn("a socket sent what could not be read", "panic", p, "stack", string(debug.Stack()))
		}
		_ = s.nc.Close()
		s.end(realtime.ReasonPeerLeft)
		s.b.sockets.remove(s)
		if s.offline {
			s.b.settlePresence(s.workerID)
		}
		s.b.sockets.leave(s.workerID)
	}()
	s.ws.ReadLoop()
}

// end closes the socket after what is queued. A client that is still starting ignores it.
func (s *socket) end(reason realtime.Reason) {
	s.started.Stop()
	s.release()
	s.rt.Close(reason)
}

// Write implements realtime.Sink. While the client starts, it waits.
func (s *socket) Write(b []byte) error {
	select {
	case <-s.ready:
	case <-s.b.ctx.Done():
	case <-s.gone:
		return net.ErrClosed
	}
	return s.write(unseen(b, s.since.Load()))
}

func (s *socket) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := s.nc.SetWriteDeadline(time.Now().Add(s.b.opt.WriteTimeout)); err != nil {
		return err
	}
	_, err := s.nc.Write(b)
	return err
}

// Close implements realtime.Sink. After a farewell only our direction is shut, so that nothing that is on its way to the client is lost
// to a reset; the read goroutine waits a little for the client's goodbye.
func (s *socket) Close(reason realtime.Reason) {
	close(s.gone)
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

func farewell(reason realtime.Reason) []byte {
	switch reason {
	case ReasonExpired:
		return closeFrame(statusPolicy, "token expired")
	case ReasonFlood:
		return closeFrame(statusPolicy, "too many frames")
	case ReasonReplaced:
		return closeFrame(statusPolicy, "another session of the worker was opened")
	case ReasonMissed, realtime.ReasonSlow:
		return closeFrame(statusTryAgain, "an event was missed; connect again")
	case realtime.ReasonShutdown:
		return closeFrame(statusGoingAway, "server is stopping")
	}
	return nil
}

// events takes what gws reads, on the socket's read goroutine.
type events struct{}

func (events) OnOpen(*gws.Conn)         {}
func (events) OnClose(*gws.Conn, error) {} // the end of ReadLoop says the same

func (events) OnPong(ws *gws.Conn, _ []byte) { hear(ws) }

// OnPing answers as RFC 6455 §5.5.3 asks.
func (events) OnPing(ws *gws.Conn, payload []byte) {
	if s := hear(ws); s != nil {
		s.rt.Send(frame(opPong, payload))
	}
}

// OnMessage ignores what it says: clients have nothing to say.
func (events) OnMessage(ws *gws.Conn, m *gws.Message) {
	hear(ws)
	_ = m.Close()
}

// hear notes a sign of life. It returns nil when there were too many.
func hear(ws *gws.Conn) *socket {
	s := ws.Session().(*socket)
	s.heard.Store(time.Now().UnixMilli())
	if s.frames.Add(1) > maxFrames {
		s.end(ReasonFlood)
		return nil
	}
	return s
}

// beat keeps the sockets alive, and ends those whose time is over or whose client is gone.
func (b *Bridge) beat() {
	tick := time.NewTicker(min(time.Second, b.opt.Heartbeat/4))
	defer tick.Stop()
	heartbeat := append(frame(opText, []byte(" ")), frame(opPing, nil)...)
	for {
		select {
		case <-b.ctx.Done():
			return
		case now := <-tick.C:
			for _, s := range b.sockets.all() {
				s.beat(now, heartbeat)
			}
			b.sockets.forget(now)
		}
	}
}

func (s *socket) beat(now time.Time, heartbeat []byte) {
	every := s.b.opt.Heartbeat
	switch {
	case !now.Before(s.expires):
		s.end(ReasonExpired)
	case s.starting(): // nothing goes out yet, so nothing comes back
	case s.beatAt.IsZero(): // spread evenly
		s.beatAt = now.Add(time.Duration(rand.Int64N(int64(every))))
	case !now.Before(s.beatAt):
		if now.UnixMilli()-s.heard.Load() > (2*every + every/2).Milliseconds() {
			s.end(ReasonIdle)
			return
		}
		s.beatAt = now.Add(every)
		s.frames.Store(0)
		s.rt.Send(heartbeat)
	}
}

// noStorage is the storage that gws wants each socket to have; the session itself is ours.
type noStorage struct{}

func (noStorage) Len() int                     { return 0 }
func (noStorage) Load(string) (any, bool)      { return nil, false }
func (noStorage) Delete(string)                {}
func (noStorage) Store(string, any)            {}
func (noStorage) Range(func(string, any) bool) {}

// quiet keeps gws from printing.
type quiet struct{}

func (quiet) Error(...any) {}
