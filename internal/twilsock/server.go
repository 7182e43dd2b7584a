package twilsock

import (
	"bufio"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
)

// Reasons for which this package ends connections, beside those of realtime.
const (
	ReasonProtocol realtime.Reason = 16 + iota // garbage, or no init in time
	ReasonFlood                                // more frames or waiting requests than allowed
	ReasonExpired                              // the token's time is over
	ReasonIdle                                 // nothing came back for two pings
	ReasonRefused                              // a refresh was refused
)

// ReasonName names a reason for logs and metrics.
func ReasonName(r realtime.Reason) string {
	switch r {
	case ReasonProtocol:
		return "protocol"
	case ReasonFlood:
		return "flood"
	case ReasonExpired:
		return "token expired"
	case ReasonIdle:
		return "idle"
	case ReasonRefused:
		return "refused"
	}
	return r.String()
}

// Tunnel serves tunnelled requests; *httpapi.Router does.
type Tunnel interface {
	Tunnel(ctx context.Context, caller httpapi.Caller, base httpapi.Base, r *http.Request) httpapi.Result
}

// Options of a Server. Zero values of numbers stand for the defaults.
type Options struct {
	Hub  *realtime.Hub
	Auth httpapi.Authenticator
	// Login is called once for each connection after its token was verified. It prepares for the user and returns
	// what realtime is to know of the connection; its error refuses the init.
	Login  func(ctx context.Context, caller httpapi.Caller) (realtime.ConnInfo, error)
	Router Tunnel
	// Overlaps tells of a POST request whether it may begin before such requests that came before it are done, once they have
	// their place in the order of commits (store.WithPlaced). Default: none may.
	Overlaps func(path string, payload []byte) bool
	// ClientIP returns the address whose connections are limited together. Default: the peer's.
	ClientIP func(*http.Request) netip.Addr
	Log      *slog.Logger

	MaxFrameBytes  int // largest frame taken from a client; default 1 MiB
	MaxConnections int // default 50,000
	FrameRate      int // frames per second that a connection may send for long; 0 means no limit
	FrameBurst     int // frames that it may send at once before that; default 2 s' worth
	ConnectRate    int // new connections per second from one address; 0 means no limit
	MaxPending     int // requests of one connection that may wait or run; default 2,000

	InitTimeout  time.Duration // from the upgrade to a good init; default 10 s
	PingEvery    time.Duration // default 30 s
	WriteTimeout time.Duration // for one write to a client; default 15 s
	Drain        time.Duration // over which Stop spreads the closing; default 5 s
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		v   *int
		def int
	}{{&o.MaxFrameBytes, 1 << 20}, {&o.MaxConnections, 50_000}, {&o.FrameBurst, 2 * o.FrameRate}, {&o.MaxPending, 2000}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&o.InitTimeout, 10 * time.Second}, {&o.PingEvery, 30 * time.Second}, {&o.WriteTimeout, 15 * time.Second}, {&o.Drain, 5 * time.Second}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Overlaps == nil {
		o.Overlaps = func(string, []byte) bool { return false }
	}
	if o.ClientIP == nil {
		o.ClientIP = func(r *http.Request) netip.Addr {
			at, _ := netip.ParseAddrPort(r.RemoteAddr) // none is an address too
			return at.Addr()
		}
	}
}

// Server upgrades requests to sockets and owns the sessions. It is an http.Handler for any path.
type Server struct {
	opt      Options
	upgrader *gws.Upgrader
	wheel    wheel
	sources  *addresses
	clock    atomic.Int64 // coarse time in milliseconds: what a frame's arrival is worth knowing

	ctx    context.Context
	cancel context.CancelFunc

	gate    gate
	turning sync.WaitGroup // the wheel's goroutine
}

// New starts a server. Stop ends it.
func New(o Options) *Server {
	o.setDefaults()
	s := &Server{opt: o, sources: newAddresses(o.ConnectRate), gate: gate{empty: make(chan struct{})}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.upgrader = gws.NewUpgrader(events{s}, &gws.ServerOption{
		ReadMaxPayloadSize: o.MaxFrameBytes,
		ParallelGolimit:    1, // we have our own order; gws makes a channel of this size for each connection
		NewSession:         func() gws.SessionStorage { return &session{srv: s} },
		Logger:             quiet{},
	})
	now := time.Now()
	s.clock.Store(now.UnixMilli())
	s.wheel.at = tickOf(now)
	s.turning.Go(s.turn)
	return s
}

// quiet keeps gws from printing.
type quiet struct{}

func (quiet) Error(...any) {}

// Open returns the number of sockets.
func (s *Server) Open() int { return s.gate.count() }

// ServeHTTP upgrades the request and returns; the session lives on in its own goroutine, so that the HTTP server's buffers
// and stack are given back.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.admit(r); err != nil {
		w.Header().Set("Retry-After", "5")
		httpapi.WriteError(w, r, err)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.leave()
		httpapi.WriteError(w, r, core.Internal(err))
		return
	}
	if buffered.Reader.Buffered() > 0 { // a client must wait for the answer to its handshake
		_ = conn.Close()
		s.leave()
		return
	}
	base := httpapi.BaseOf(r)
	socket, err := s.upgrader.UpgradeFromConn(conn, bufio.NewReaderSize(conn, readBuffer), r)
	if err != nil { // gws has answered and closed
		s.leave()
		return
	}
	ses := socket.Session().(*session)
	ses.start(conn, base)
	go ses.read(socket)
}

const readBuffer = 1 << 10

// admit counts a new socket in, or says why not. Every admission is undone by one leave.
func (s *Server) admit(r *http.Request) error {
	if !s.sources.allow(s.opt.ClientIP(r), time.Now()) {
		return core.Ef(core.CodeTooManyRequests, "Too many new sockets from this address; connect later")
	}
	return s.gate.enter(s.opt.MaxConnections)
}

func (s *Server) leave() { s.gate.leave() }

// gate counts the sockets, each from its admission until nothing of it runs any more.
type gate struct {
	mu       sync.Mutex
	open     int
	stopping bool
	empty    chan struct{} // closed when stopping and nobody is left
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

func (g *gate) enter(most int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.stopping:
		return core.Ef(core.CodeUnavailable, "This server is stopping; connect again")
	case g.open >= most:
		return core.Ef(core.CodeUnavailable, "This server has as many sockets as it may; connect later")
	}
	g.open++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	g.closeIfEmpty()
}

func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopping {
		g.stopping = true
		g.closeIfEmpty()
	}
}

func (g *gate) closeIfEmpty() {
	if g.stopping && g.open == 0 {
		close(g.empty)
	}
}

func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopping
}

// turn wakes sessions as their times come.
func (s *Server) turn() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	var list []*session
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-ticker.C:
			s.clock.Store(now.UnixMilli())
			list = s.wheel.due(now, list[:0])
			for i, ses := range list {
				list[i] = nil
				ses.wake(now)
			}
		}
	}
}

// firstPing spreads the pings of many connections evenly.
func (s *Server) firstPing(now time.Time) time.Time {
	return now.Add(time.Duration(rand.Int64N(int64(s.opt.PingEvery))))
}

// Stop ends all sessions: each one finishes what it is doing and gets its replies, takes nothing new, and is closed so that
// the client connects again at once. The closing is spread over up to Options.Drain. When ctx ends, the rest is cut.
func (s *Server) Stop(ctx context.Context) error {
	s.gate.stop()
	all := s.wheel.all() // a session that is off the wheel at this moment drains itself
	period := min(s.opt.Drain, time.Duration(len(all))*time.Millisecond)
	start := time.Now()
	for i, ses := range all {
		due := start.Add(period * time.Duration(i) / time.Duration(len(all)))
		if wait := time.Until(due); wait > 10*time.Millisecond {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		ses.drain()
	}
	var err error
	select {
	case <-s.gate.empty:
	case <-ctx.Done():
		err = context.Cause(ctx)
		s.cut()
	}
	s.cancel()
	s.turning.Wait()
	return err
}

// cut ends the connections of all sessions. One that is off the wheel for a moment is met when it is back on it.
func (s *Server) cut() {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		for _, ses := range s.wheel.all() {
			_ = ses.nc.Close()
		}
		select {
		case <-s.gate.empty:
			return
		case <-again.C:
		}
	}
}
