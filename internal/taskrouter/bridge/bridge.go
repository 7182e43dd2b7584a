package bridge

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/bus"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Reasons for which this package ends connections, beside those of realtime.
const (
	ReasonExpired  realtime.Reason = 16 + iota // the token's time is over, or its key is gone
	ReasonIdle                                 // nothing came back for two heartbeats
	ReasonFlood                                // the client sent more than it may
	ReasonReplaced                             // another socket of the worker asked for it
	ReasonMissed                               // an event did not arrive here; the client must read everything anew
)

// ReasonName names a reason for logs and metrics.
func ReasonName(r realtime.Reason) string {
	switch r {
	case ReasonExpired:
		return "token expired"
	case ReasonIdle:
		return "idle"
	case ReasonFlood:
		return "flood"
	case ReasonReplaced:
		return "replaced"
	case ReasonMissed:
		return "missed an event"
	}
	return r.String()
}

// subjectClose carries the number of a worker whose sockets another node is asked to close.
const subjectClose = "close"

// Options of a Bridge. Zero values of numbers stand for the defaults.
type Options struct {
	Store      *store.Store
	TaskRouter *taskrouter.TaskRouter
	Auth       httpapi.Authenticator
	Bus        bus.Bus // nil: this is the only node
	Log        *slog.Logger

	MaxConnections int // default 50,000
	MaxPerWorker   int // sockets of one worker; default 32
	MaxHandshakes  int // of one worker in ten seconds; default 64
	QueueBytes     int // events that may wait for one socket; default 1 MiB

	Heartbeat    time.Duration // default 15 s
	WriteTimeout time.Duration // for one write to a client; default 15 s
	StartTimeout time.Duration // the longest that events are kept back for a client that starts; default 4 s
	OfflineAfter time.Duration // from a worker's last disconnection to its default activity, where asked for; default 2 min
	Drain        time.Duration // over which Stop spreads the closing; default 5 s
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		v   *int
		def int
	}{{&o.MaxConnections, 50_000}, {&o.MaxPerWorker, 32}, {&o.MaxHandshakes, 64}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&o.Heartbeat, 15 * time.Second}, {&o.WriteTimeout, 15 * time.Second}, {&o.StartTimeout, 4 * time.Second},
		{&o.OfflineAfter, 2 * time.Minute}, {&o.Drain, 5 * time.Second}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Bridge serves the worker SDK. It owns its sockets and a hub of its own.
type Bridge struct {
	opt      Options
	tr       *taskrouter.TaskRouter
	log      *slog.Logger
	hub      *realtime.Hub
	bus      bus.Bus // nil: this is the only node
	told     bus.Subscription
	upgrader *gws.Upgrader
	sockets  *sockets
	node     atomic.Int64 // this node's number, 0 before Start

	ctx        context.Context
	cancel     context.CancelFunc
	background sync.WaitGroup
	settling   [64]sync.Mutex // by worker: presence is written in the order in which it changes
}

// New makes a bridge that hears of what the store commits; so make it before the store's first Update. Stop ends it.
func New(o Options) *Bridge {
	o.setDefaults()
	b := &Bridge{opt: o, tr: o.TaskRouter, log: o.Log, bus: within(o.Bus, "worker."), sockets: newSockets(&o)}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.hub = realtime.NewHub(source{b}, b.bus, realtime.Options{
		QueueBytes: o.QueueBytes, MaxSubscriptions: 1, Drain: o.Drain, OnRecovered: b.missed, Logger: o.Log,
	})
	b.upgrader = gws.NewUpgrader(events{}, &gws.ServerOption{
		ReadMaxPayloadSize: maxFrame, ParallelGolimit: 1, NewSession: func() gws.SessionStorage { return &socket{b: b} }, Logger: quiet{},
	})
	if b.bus != nil {
		sub, err := b.bus.Subscribe(subjectClose, func(data []byte) {
			if len(data) == 8 {
				b.closeAll(int64(binary.BigEndian.Uint64(data)), nil)
			}
		})
		if err != nil { // sessions are then closed on this node's own word only
			o.Log.Warn("cannot hear of sessions to be closed", "cause", err)
		} else {
			b.told = sub
		}
	}
	o.Store.OnCommit(b.publish)
	b.background.Go(b.beat)
	return b
}

// Routes mounts the bridge.
func (b *Bridge) Routes(rt *httpapi.Router) {
	rt.HandleRaw(product, "GET /v1/wschannels", httpapi.Public, b)
	rt.Handle(product, "POST /v1/wschannels", httpapi.Public, b.command)
}

const product = "event-bridge"

// Start tells the bridge the number of this node in the table node; from here on it looks after workers who are to be taken offline
// when they are gone.
func (b *Bridge) Start(nodeID int64) {
	b.node.Store(nodeID)
	b.background.Go(b.sweep)
}

// Stats returns the figures of the bridge's hub.
func (b *Bridge) Stats() realtime.Stats { return b.hub.Stats() }

// Revoke ends the sockets whose API key is not good any more; good is asked once for each key.
func (b *Bridge) Revoke(good func(keySID string) bool) {
	known := map[string]bool{}
	for _, s := range b.sockets.all() {
		ok, asked := known[s.keySID]
		if !asked {
			ok = good(s.keySID)
			known[s.keySID] = ok
		}
		if !ok {
			s.end(ReasonExpired)
		}
	}
}

// closeAll ends the sockets of a worker on this node, but for one.
func (b *Bridge) closeAll(workerID int64, but *socket) {
	for _, s := range b.sockets.of(workerID) {
		if s != but {
			s.end(ReasonReplaced)
		}
	}
}

// Stop refuses new sockets, closes all over up to Options.Drain, and returns when nothing of the bridge runs any more. When ctx ends,
// what is left is cut.
func (b *Bridge) Stop(ctx context.Context) error {
	b.sockets.stop()
	b.cancel()
	err := b.hub.Stop(ctx)
	for _, s := range b.sockets.all() { // half-closed, and their clients take their time
		_ = s.nc.Close()
	}
	b.sockets.wait()
	if b.told != nil {
		_ = b.told.Unsubscribe() // the bus may be gone
	}
	b.background.Wait()
	return errors.Join(err, b.leaveNode(ctx))
}
