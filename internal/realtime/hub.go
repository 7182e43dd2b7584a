package realtime

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/internal/bus"
	"parley/internal/core"
)

const shards = 64

// ErrClosed is returned by Subscribe on a connection that is closed.
var ErrClosed = errors.New("realtime: the connection is closed")

func errTooMany(limit int) error {
	return core.Ef(core.CodeTooManyRequests, "One connection may watch at most %d objects. Close some, or open another connection.", limit)
}

// Options tune a hub. Zero values stand for the defaults.
type Options struct {
	// QueueBytes bounds the events that may wait for one connection. If it is reached when the next event comes, the
	// connection is closed as slow; so it should be well above the largest frame. Default 1 MiB.
	QueueBytes int
	// AskedBytes is the same bound for what the peer asked for, replies and replays. It has its own account, since one
	// honest question may have a long answer, and events that come meanwhile must not close the connection. Default 4 MiB.
	AskedBytes int
	// MaxSubscriptions bounds the topics of one connection. Default 5,000.
	MaxSubscriptions int
	// GapWait is how long a missing event may be late before it is read from the Source: commits finish in order, but
	// those who publish them are scheduled as it comes. Default 10 ms.
	GapWait time.Duration
	// CheckEvery is how often the positions of all feeds are compared with the Source, give or take a quarter, if the bus
	// may lose messages. Default 5 s.
	CheckEvery time.Duration
	// ReadTimeout bounds each read of the Source in the background. Default 10 s.
	ReadTimeout time.Duration
	// Drain is the longest period over which Stop spreads the closing of connections. Default 5 s.
	Drain time.Duration
	// OnPresence is told, after the fact, when an identity gets its first connection on this node and when it loses its
	// last, also in Stop. Calls come one after the other from one goroutine; a quick change back and forth is not told.
	OnPresence func(identity string, online bool)
	// OnRecovered is told which events were read from the Source because they did not come by themselves. What the
	// caller does along with publishing, such as UnsubscribeWhere, it has to do for them here.
	OnRecovered func(t Topic, events []Event)
	// Logger is told about trouble with the Source and the bus. Default: none.
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	setDefault(&o.QueueBytes, 1<<20)
	setDefault(&o.AskedBytes, 4<<20)
	setDefault(&o.MaxSubscriptions, 5000)
	setDefault(&o.GapWait, 10*time.Millisecond)
	setDefault(&o.CheckEvery, 5*time.Second)
	setDefault(&o.ReadTimeout, 10*time.Second)
	setDefault(&o.Drain, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Hub knows all connections and feeds of this node.
type Hub struct {
	source Source
	bus    bus.Bus
	alone  bool
	opt    Options
	log    *slog.Logger

	feeds    [shards]feedShard
	conns    [shards]connShard
	nextConn atomic.Uint32
	presence presence
	told     bus.Subscription // nil if there is no other node
	pools    pools
	repair   repairer
	check    checker
	count    counters

	running    sync.WaitGroup // connections, and goroutines that outlive none of them
	background sync.WaitGroup // repairer, checker, presence
	ctx        context.Context
	cancel     context.CancelFunc
}

type feedShard struct {
	mu    sync.RWMutex
	feeds map[Topic]*feed
}

type connShard struct {
	mu      sync.Mutex
	conns   []*Conn
	stopped bool
}

// NewHub starts a hub. A nil bus means that this is the only node. The bus is the caller's to close, after Stop.
func NewHub(source Source, b bus.Bus, opt Options) *Hub {
	opt.setDefaults()
	h := &Hub{source: source, bus: b, alone: bus.Alone(b), opt: opt, log: opt.Logger}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	for i := range h.feeds {
		h.feeds[i].feeds = make(map[Topic]*feed)
	}
	h.pools.init()
	h.presence.init(h)
	h.repair.init(h)
	h.background.Go(h.repair.run)
	if !h.alone {
		h.hearTold()
	}
	if !h.alone && !b.Lossless() {
		h.check.init(h)
		h.background.Go(h.check.run)
	}
	return h
}

// Connect adds a connection. On a hub that stops, the sink is closed at once and the connection does nothing.
func (h *Hub) Connect(sink Sink, info ConnInfo) *Conn {
	c := &Conn{hub: h, sink: sink, info: info, shard: uint8(h.nextConn.Add(1) % shards)}
	s := &h.conns[c.shard]
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		c.phase, c.left, c.reason = done, true, ReasonShutdown
		c.closeSink()
		return c
	}
	h.running.Add(1)
	c.place = int32(len(s.conns))
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	h.count.connections.Add(1)
	h.presence.join(c)
	return c
}

func (h *Hub) removeConn(c *Conn) {
	s := &h.conns[c.shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.conns) - 1
	s.conns[c.place] = s.conns[last]
	s.conns[c.place].place = c.place
	s.conns[last] = nil
	s.conns = s.conns[:last]
	h.count.connections.Add(-1)
}

// Online returns how many connections an identity has on this node.
func (h *Hub) Online(identity string) int { return h.presence.count(identity) }

func (h *Hub) shardOf(t Topic) *feedShard {
	x := (uint64(t.ID) + uint64(t.Kind)<<56) * 0x9e3779b97f4a7c15
	return &h.feeds[x>>(64-6)]
}

// lookup returns the feed of a topic, or nil.
func (h *Hub) lookup(t Topic) *feed {
	s := h.shardOf(t)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.feeds[t]
}

// acquire returns the feed of a topic, made if necessary, with its lock held.
func (h *Hub) acquire(t Topic) *feed {
	s := h.shardOf(t)
	for {
		s.mu.Lock()
		f := s.feeds[t]
		if f == nil {
			f = &feed{hub: h, topic: t, state: h.source.State(t.Kind), last: -1}
			f.mu.Lock() // nobody else has it yet
			s.feeds[t] = f
			s.mu.Unlock()
			h.count.feeds.Add(1)
			h.join(f)
			return f
		}
		s.mu.Unlock()
		f.mu.Lock()
		if !f.dead {
			return f
		}
		f.mu.Unlock()
		h.forget(f)
	}
}

// join subscribes the feed on the bus. f.mu is held, so that its messages wait until it is ready.
func (h *Hub) join(f *feed) {
	if h.alone {
		f.known = true
		return
	}
	sub, err := h.bus.Subscribe(f.topic.subject(), func(data []byte) { h.receive(f.topic, data) })
	if err != nil { // the positions are checked, so nothing is lost, only late
		h.busTrouble("subscribe", err)
		return
	}
	f.bus = sub
}

// release undoes what acquire and join did. The feed is dead; no lock is held.
func (h *Hub) release(f *feed) {
	h.forget(f)
	f.mu.Lock()
	sub := f.bus
	f.bus = nil
	f.mu.Unlock()
	if sub != nil {
		if err := sub.Unsubscribe(); err != nil {
			h.busTrouble("unsubscribe", err)
		}
	}
}

// forget removes a dead feed from the map, if it is still there.
func (h *Hub) forget(f *feed) {
	s := h.shardOf(f.topic)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feeds[f.topic] == f {
		delete(s.feeds, f.topic)
		h.count.feeds.Add(-1)
	}
}

// detach takes a subscription out of its feed.
func (h *Hub) detach(s *subscription) {
	f := s.feed
	f.mu.Lock()
	dead := f.detach(s)
	f.mu.Unlock()
	if dead {
		h.release(f)
	}
}

func (h *Hub) busTrouble(doing string, err error) {
	h.count.busErr.Add(1)
	if !errors.Is(err, bus.ErrClosed) && !errors.Is(err, bus.ErrOutOfReach) {
		h.log.Warn("bus trouble", "doing", doing, "cause", err)
	}
}
