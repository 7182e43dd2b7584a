package realtime_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"parley/internal/bus"
	"parley/internal/bus/local"
	"parley/internal/bus/nats"
	"parley/internal/realtime"
)

// node is one of several hubs over one store.
type node struct {
	bus *lossyBus
	hub *realtime.Hub
}

func cluster(t *testing.T, s *store, n int) []node {
	x := local.NewExchange()
	nodes := make([]node, n)
	for i := range nodes {
		b := &lossyBus{Endpoint: x.Endpoint()}
		nodes[i] = node{b, newHub(t, s, b, realtime.Options{})}
	}
	return nodes
}

// onBoth runs f with two hubs: over a bus in this process, and over NATS.
func onBoth(t *testing.T, f func(t *testing.T, s *store, a, b *realtime.Hub)) {
	o := realtime.Options{QueueBytes: 8 << 20} // for the large frame
	t.Run("local", func(t *testing.T) {
		s, x := newStore(), local.NewExchange()
		f(t, s, newHub(t, s, x.Endpoint(), o), newHub(t, s, x.Endpoint(), o))
	})
	t.Run("nats", func(t *testing.T) {
		n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
		if err != nil {
			t.Fatal(err)
		}
		go n.Start() // ends with Shutdown
		t.Cleanup(func() {
			n.Shutdown()
			n.WaitForShutdown()
		})
		if !n.ReadyForConnections(30 * time.Second) {
			t.Fatal("the NATS server does not start")
		}
		s := newStore()
		var hubs []*realtime.Hub
		for range 2 {
			b, err := nats.New(nats.Options{URL: n.ClientURL()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			hubs = append(hubs, newHub(t, s, b, o))
		}
		f(t, s, hubs[0], hubs[1])
	})
}

func TestOtherNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store, a, b *realtime.Hub) {
		ann, bob, doc := newSink(), newSink(), topic(document, 7)
		subscribe(t, a.Connect(ann, realtime.ConnInfo{Identity: "ann"}), at(room, 0), at(doc, 0))
		bobs := b.Connect(bob, realtime.ConnInfo{Identity: "bob"})
		subscribe(t, bobs, at(room, 0), at(doc, 0))
		both := func(what ...[]byte) {
			t.Helper()
			hello := [][]byte{frame("e", room, 0), frame("e", doc, 0)}
			ann.want(t, append(hello, what...)...)
			bob.want(t, append(hello, what...)...)
		}
		a.Publish(room, s.commit(room), frame("l", room, 1))
		both(frame("l", room, 1))
		b.Publish(room, s.commit(room), frame("l", room, 2))
		both(frame("l", room, 1), frame("l", room, 2))
		b.Publish(doc, s.commit(doc), frame("l", doc, 1))
		both(frame("l", room, 1), frame("l", room, 2), frame("l", doc, 1))
		a.Tell([]string{"ann", "bob"}, frame("t", room, 0))
		both(frame("l", room, 1), frame("l", room, 2), frame("l", doc, 1), frame("t", room, 0))

		// A frame that no bus carries arrives all the same.
		large := []byte(strings.Repeat("x", 2<<20) + ";")
		a.Publish(room, s.commit(room), large)
		a.Tell([]string{"ann"}, frame("t", room, 0))
		a.Tell([]string{"bob"}, frame("t", doc, 0))
		bob.wantPart(t, "l1.7:3;", string(large))
		bob.wantPart(t, "t2.7:0;")
		ann.wantPart(t, string(large)+"t1.7:0;")

		// Bob loses the room on both nodes.
		a.Expel(room, "bob")
		for b.Stats().Subscriptions != 1 {
			time.Sleep(time.Millisecond)
		}
		a.Publish(room, s.commit(room), frame("l", room, 4))
		a.Publish(doc, s.remove(doc), frame("l", doc, 2))
		a.Gone(doc)
		bob.wantPart(t, string(frame("l", doc, 2)))
		for b.Stats().Feeds != 0 || a.Stats().Feeds != 1 {
			time.Sleep(time.Millisecond)
		}
	})
}

// wantPart waits until one of the texts was written.
func (s *sink) wantPart(t *testing.T, any ...string) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		got := s.got()
		for _, part := range any {
			if strings.Contains(got, part) {
				return
			}
		}
		select {
		case <-s.more:
		case <-limit:
			t.Fatalf("got …%q, want %.50q", got[max(0, len(got)-100):], any)
		}
	}
}

func TestLostMessagesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		then func(a, b node, s *store)
		in   time.Duration
	}{
		"by the next event": {func(a, _ node, s *store) {
			a.bus.lose = nil
			a.hub.Publish(room, s.commit(room), frame("l", room, 3))
		}, 100 * time.Millisecond},
		"by the check of positions": {func(node, node, *store) {}, 7 * time.Second},
		"after a reconnection":      {func(_, b node, _ *store) { b.bus.lost() }, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore()
				nodes := cluster(t, s, 2)
				a, b := nodes[0], nodes[1]
				doc := topic(document, 7)
				k := newSink()
				subscribe(t, b.hub.Connect(k, realtime.ConnInfo{}), at(room, 0), at(doc, 0))
				a.bus.lose = func(string, []byte) bool { return true }
				a.hub.Publish(room, s.commit(room), frame("l", room, 1))
				a.hub.Publish(room, s.commit(room), frame("l", room, 2))
				a.hub.Publish(doc, s.commit(doc), frame("l", doc, 1))
				synctest.Wait()
				k.want(t, frame("e", room, 0), frame("e", doc, 0))
				c.then(a, b, s)
				time.Sleep(c.in)
				k.wantPart(t, "l1.7:1;l1.7:2;")
				time.Sleep(7 * time.Second)
				k.wantPart(t, "l2.7:1;")
			})
		})
	}
}

func TestLostDeletionIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		nodes := cluster(t, s, 2)
		k := newSink()
		subscribe(t, nodes[1].hub.Connect(k, realtime.ConnInfo{}), at(room, 0))
		nodes[0].bus.lose = func(string, []byte) bool { return true }
		nodes[0].hub.Publish(room, s.remove(room), frame("l", room, 1))
		nodes[0].hub.Gone(room)
		time.Sleep(7 * time.Second)
		k.want(t, frame("e", room, 0), frame("l", room, 1))
		if n := nodes[1].hub.Stats().Feeds; n != 0 {
			t.Errorf("%d feeds", n)
		}
	})
}

func TestBusOutOfReachIsNoReasonToRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		nodes := cluster(t, s, 2)
		nodes[1].bus.down = true
		k := newSink()
		subscribe(t, nodes[1].hub.Connect(k, realtime.ConnInfo{}), at(room, 0))
		k.want(t, frame("e", room, 0))
		if n := nodes[1].hub.Stats().BusErrs; n != 1 {
			t.Errorf("%d errors counted", n)
		}
	})
}

func TestFeedsListenOnlyWhileWatched(t *testing.T) {
	s := newStore()
	b := &countingBus{Bus: local.NewExchange().Endpoint()}
	h := newHub(t, s, b, realtime.Options{})
	one, two := h.Connect(newSink(), realtime.ConnInfo{}), h.Connect(newSink(), realtime.ConnInfo{})
	subscribe(t, one, at(room, 0))
	subscribe(t, two, at(room, 0), at(topic(list, 8), 0))
	if b.subs != 3 || b.flushes != 2 { // one is for what is told to identities
		t.Errorf("%d subscriptions, %d flushes", b.subs, b.flushes)
	}
	one.Close(realtime.ReasonPeerLeft)
	two.Unsubscribe(topic(list, 8))
	if b.subs != 2 {
		t.Errorf("%d subscriptions", b.subs)
	}
	two.Close(realtime.ReasonPeerLeft)
	if b.subs != 1 {
		t.Errorf("%d subscriptions", b.subs)
	}
}

type countingBus struct {
	bus.Bus
	subs, flushes int
}

func (b *countingBus) Subscribe(subject string, fn func([]byte)) (bus.Subscription, error) {
	b.subs++
	sub, err := b.Bus.Subscribe(subject, fn)
	return countingSub{sub, b}, err
}

func (b *countingBus) Flush(context.Context) error {
	b.flushes++
	return nil
}

type countingSub struct {
	bus.Subscription
	b *countingBus
}

func (s countingSub) Unsubscribe() error {
	s.b.subs--
	return s.Subscription.Unsubscribe()
}
