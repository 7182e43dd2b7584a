package nats_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"parley/internal/bus"
	"parley/internal/bus/bustest"
	"parley/internal/bus/nats"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// startServer runs a NATS server in this process; port -1 is a free one.
func startServer(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start() // ends with Shutdown
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}

func open(t *testing.T, o nats.Options) *nats.Bus {
	t.Helper()
	b, err := nats.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestConformance(t *testing.T) {
	s := startServer(t, -1)
	bustest.Run(t, func(t *testing.T, n int) []bus.Bus {
		buses := make([]bus.Bus, n)
		for i := range buses {
			buses[i] = open(t, nats.Options{URL: s.ClientURL(), Prefix: "test." + strings.ReplaceAll(t.Name(), "/", "_")})
		}
		return buses
	})
}

func TestPrefixesKeepClustersApart(t *testing.T) {
	s := startServer(t, -1)
	red, red2, blue := open(t, nats.Options{URL: s.ClientURL(), Prefix: "red"}), open(t, nats.Options{URL: s.ClientURL(), Prefix: "red"}), open(t, nats.Options{URL: s.ClientURL(), Prefix: "blue"})
	got := make(chan string, 10)
	for name, b := range map[string]*nats.Bus{"red": red2, "blue": blue} {
		if _, err := b.Subscribe("x", func(data []byte) { got <- name + string(data) }); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(blue.Publish("y", nil), red.Publish("x", []byte("1")), red.Publish("x", []byte("2"))); err != nil {
		t.Fatal(err)
	}
	if a, b := <-got, <-got; a != "red1" || b != "red2" {
		t.Errorf("got %q, %q", a, b)
	}
}

func TestRefusesWhatTheServerCannotCarry(t *testing.T) {
	s := startServer(t, -1)
	b := open(t, nats.Options{URL: s.ClientURL()})
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish("x", make([]byte, 2<<20)); !errors.Is(err, bus.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestBadPrefix(t *testing.T) {
	for _, prefix := range []string{"a b", "*", ".a", "a."} {
		if b, err := nats.New(nats.Options{URL: "nats://127.0.0.1:1", Prefix: prefix}); err == nil {
			t.Errorf("%q is taken", prefix)
			_ = b.Close()
		}
	}
}

// The server starts after the node, goes away and comes back: each time the bus says that something may have been lost,
// refuses while it is away, and carries again afterwards with the old subscription.
func TestReconnects(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	url := "nats://" + l.Addr().String()
	one, two := open(t, nats.Options{URL: url}), open(t, nats.Options{URL: url})
	lost := make(chan struct{}, 100)
	two.OnLoss(func() { lost <- struct{}{} })
	got := make(chan string, 100)
	if _, err := two.Subscribe("x", func(data []byte) { got <- string(data) }); err != nil {
		t.Fatal(err)
	}
	if err := two.Flush(t.Context()); !errors.Is(err, bus.ErrOutOfReach) {
		t.Errorf("flush without a server: %v", err)
	}
	for range 2 {
		s := startServer(t, port)
		<-lost
		for !one.Connected() || !two.Connected() {
			time.Sleep(time.Millisecond) // the library gives no signal for this state
		}
		if err := errors.Join(two.Flush(t.Context()), one.Publish("x", []byte("hello"))); err != nil {
			t.Fatal(err)
		}
		if m := <-got; m != "hello" {
			t.Errorf("got %q", m)
		}
		s.Shutdown()
		s.WaitForShutdown()
		for one.Connected() {
			time.Sleep(time.Millisecond)
		}
		if err := one.Publish("x", nil); !errors.Is(err, bus.ErrOutOfReach) {
			t.Errorf("publish without a server: %v", err)
		}
	}
}

func TestOverflowIsReported(t *testing.T) {
	s := startServer(t, -1)
	one, two := open(t, nats.Options{URL: s.ClientURL()}), open(t, nats.Options{URL: s.ClientURL(), Pending: 4})
	if err := errors.Join(one.Flush(t.Context()), two.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	lost := make(chan struct{}, 1000)
	two.OnLoss(func() { lost <- struct{}{} })
	release := make(chan struct{})
	if _, err := two.Subscribe("x", func([]byte) { <-release }); err != nil {
		t.Fatal(err)
	}
	if err := two.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := one.Publish("x", nil); err != nil {
			t.Fatal(err)
		}
	}
	<-lost
	close(release)
}
