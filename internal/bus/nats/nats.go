// Package nats is the bus between machines: core NATS, at most once, without echo.
//
// The invariant: a lost connection is never an error of the node. The bus reconnects for ever; what is published meanwhile
// is refused (not buffered: a doorbell rung late helps nobody), and after each reconnection or overflow the listener is
// told that it may have missed something.
//
// Subscriptions are many (one per live object), so they share one channel and one goroutine; the client library's usual
// goroutine per subscription would cost some KiB each.
package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"parley/internal/bus"
)

// Options say where the cluster is. Only URL is required.
type Options struct {
	URL     string        // one or more addresses, separated by commas; may hold credentials, so it is never logged
	Prefix  string        // put before every subject, to keep clusters apart; default "parley"
	Name    string        // the connection's name in the NATS server's monitoring; default "parley"
	Pending int           // messages that may wait for the dispatcher before some are dropped; default 65,536
	Flush   time.Duration // the longest that Flush waits; default 2 s
	Logger  *slog.Logger  // default: none
}

// Bus is a connection to the cluster.
type Bus struct {
	nc      *natsgo.Conn
	prefix  string
	flush   time.Duration
	log     *slog.Logger
	in      chan *natsgo.Msg
	stop    chan struct{}
	stopped chan struct{}

	mu     sync.RWMutex
	subs   map[*natsgo.Subscription]func([]byte)
	onLoss func()
	closed bool
}

var (
	_ bus.Bus   = (*Bus)(nil)
	_ bus.Lossy = (*Bus)(nil)
)

// New starts the bus. A cluster that is out of reach is no error: the bus goes on trying. An error means that the options
// are wrong.
func New(o Options) (*Bus, error) {
	if strings.ContainsAny(o.Prefix, " \t\r\n*>") || strings.HasPrefix(o.Prefix, ".") || strings.HasSuffix(o.Prefix, ".") {
		return nil, fmt.Errorf("nats: the prefix %q is not a subject", o.Prefix)
	}
	b := &Bus{
		prefix:  orDefault(o.Prefix, "parley") + ".",
		flush:   orDefault(o.Flush, 2*time.Second),
		log:     o.Logger,
		in:      make(chan *natsgo.Msg, orDefault(o.Pending, 1<<16)),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		subs:    make(map[*natsgo.Subscription]func([]byte)),
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	nc, err := natsgo.Connect(o.URL,
		natsgo.Name(orDefault(o.Name, "parley")),
		natsgo.NoEcho(),
		natsgo.RetryOnFailedConnect(true),
		natsgo.MaxReconnects(-1),
		natsgo.ReconnectWait(250*time.Millisecond),
		natsgo.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		natsgo.ReconnectBufSize(-1),
		natsgo.PingInterval(5*time.Second),
		natsgo.MaxPingsOutstanding(2),
		natsgo.ConnectHandler(func(*natsgo.Conn) { b.lost("connected") }),
		natsgo.ReconnectHandler(func(*natsgo.Conn) { b.lost("reconnected") }),
		natsgo.DisconnectErrHandler(func(_ *natsgo.Conn, err error) { b.log.Warn("bus disconnected", "cause", err) }),
		natsgo.ErrorHandler(func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) {
			if errors.Is(err, natsgo.ErrSlowConsumer) {
				b.lost("overflow")
				return
			}
			b.log.Warn("bus error", "cause", err)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	b.nc = nc
	go b.dispatch()
	return b, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// dispatch runs the functions of all subscriptions until Close.
func (b *Bus) dispatch() {
	defer close(b.stopped)
	for {
		select {
		case m := <-b.in:
			b.mu.RLock()
			fn := b.subs[m.Sub]
			b.mu.RUnlock()
			if fn != nil {
				fn(m.Data)
			}
		case <-b.stop:
			return
		}
	}
}

func (b *Bus) lost(why string) {
	b.mu.RLock()
	fn := b.onLoss
	b.mu.RUnlock()
	b.log.Info("bus may have lost messages", "why", why)
	if fn != nil {
		fn()
	}
}

// OnLoss implements bus.Lossy.
func (b *Bus) OnLoss(fn func()) {
	b.mu.Lock()
	b.onLoss = fn
	b.mu.Unlock()
}

// Connected reports whether the cluster is in reach now.
func (b *Bus) Connected() bool { return b.nc.IsConnected() }

// Publish implements bus.Bus.
func (b *Bus) Publish(subject string, data []byte) error {
	return translate(b.nc.Publish(b.prefix+subject, data))
}

// Subscribe implements bus.Bus.
func (b *Bus) Subscribe(subject string, fn func([]byte)) (bus.Subscription, error) {
	// The lock is held across the library's call, so that the dispatcher finds the function of the first message.
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, bus.ErrClosed
	}
	s, err := b.nc.ChanSubscribe(b.prefix+subject, b.in)
	if err != nil {
		return nil, translate(err)
	}
	b.subs[s] = fn
	return &subscription{bus: b, sub: s}, nil
}

type subscription struct {
	bus *Bus
	sub *natsgo.Subscription
}

// Unsubscribe implements bus.Subscription.
func (s *subscription) Unsubscribe() error {
	s.bus.mu.Lock()
	_, known := s.bus.subs[s.sub]
	delete(s.bus.subs, s.sub)
	s.bus.mu.Unlock()
	if !known {
		return nil
	}
	return translate(s.sub.Unsubscribe())
}

// Flush implements bus.Bus: a round trip to the server that this node is connected to. In a cluster of NATS servers the
// others hear of the subscription a little later; what falls between is found by position, like any loss.
func (b *Bus) Flush(ctx context.Context) error {
	if b.nc.IsClosed() {
		return bus.ErrClosed
	}
	if !b.nc.IsConnected() {
		return bus.ErrOutOfReach
	}
	limited, cancel := context.WithTimeout(ctx, b.flush)
	defer cancel()
	err := b.nc.FlushWithContext(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return bus.ErrOutOfReach
	}
	return translate(err)
}

// Lossless implements bus.Bus.
func (b *Bus) Lossless() bool { return false }

// Close implements bus.Bus. It must not be called by a subscription's function.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.onLoss = nil
	clear(b.subs)
	b.mu.Unlock()
	b.nc.Close()
	close(b.stop)
	<-b.stopped
	return nil
}

func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, natsgo.ErrConnectionClosed), errors.Is(err, natsgo.ErrBadSubscription):
		return bus.ErrClosed
	case errors.Is(err, natsgo.ErrMaxPayload):
		return bus.ErrTooLarge
	case errors.Is(err, natsgo.ErrReconnectBufExceeded), errors.Is(err, natsgo.ErrConnectionReconnecting), errors.Is(err, natsgo.ErrDisconnected):
		return bus.ErrOutOfReach
	}
	return fmt.Errorf("nats: %w", err)
}
