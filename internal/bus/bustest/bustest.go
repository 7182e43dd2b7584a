// Package bustest is the definition of a bus by test: every implementation runs this suite.
package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/bus"
)

// Run checks one implementation. connect makes n buses that hear one another; the suite closes them.
func Run(t *testing.T, connect func(t *testing.T, n int) []bus.Bus) {
	open := func(t *testing.T, n int) []bus.Bus {
		buses := connect(t, n)
		t.Cleanup(func() {
			for _, b := range buses {
				if err := b.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}
		})
		return buses
	}
	t.Run("delivers to the others and never echoes", func(t *testing.T) {
		b := open(t, 3)
		var inboxes []*inbox
		for _, node := range b {
			inboxes = append(inboxes, listen(t, node, "t.1.7"))
		}
		publish(t, b[0], "t.1.7", "one")
		publish(t, b[1], "t.1.7", "two")
		inboxes[2].wait(t, 2)
		inboxes[0].wait(t, 1)
		inboxes[1].wait(t, 1)
		barrier(t, b)
		inboxes[0].want(t, "two")
		inboxes[1].want(t, "one")
	})
	t.Run("keeps a sender's order", func(t *testing.T) {
		b := open(t, 2)
		in := listen(t, b[1], "order")
		const n = 500
		want := make([]string, n)
		for i := range n {
			want[i] = fmt.Sprint(i)
			publish(t, b[0], "order", want[i])
		}
		in.wait(t, n)
		in.want(t, want...)
	})
	t.Run("separates subjects", func(t *testing.T) {
		b := open(t, 2)
		one, two := listen(t, b[1], "t.1.1"), listen(t, b[1], "t.1.11")
		publish(t, b[0], "t.1.11", "eleven")
		publish(t, b[0], "t.1.1", "one")
		publish(t, b[0], "t.1", "nobody")
		one.wait(t, 1)
		two.wait(t, 1)
		barrier(t, b)
		one.want(t, "one")
		two.want(t, "eleven")
	})
	t.Run("serves several subscriptions of one subject", func(t *testing.T) {
		b := open(t, 2)
		one, two := listen(t, b[1], "same"), listen(t, b[1], "same")
		publish(t, b[0], "same", "x")
		one.wait(t, 1)
		two.wait(t, 1)
		if err := one.sub.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
		if err := one.sub.Unsubscribe(); err != nil {
			t.Fatalf("a second Unsubscribe: %v", err)
		}
		flush(t, b[1])
		publish(t, b[0], "same", "y")
		two.wait(t, 2)
		barrier(t, b)
		one.want(t, "x")
	})
	t.Run("lets receivers keep the data", func(t *testing.T) {
		b := open(t, 2)
		in := listen(t, b[1], "keep")
		first, second := strings.Repeat("a", 2000), strings.Repeat("b", 2000)
		publish(t, b[0], "keep", first)
		publish(t, b[0], "keep", second)
		in.wait(t, 2)
		in.want(t, first, second)
	})
	t.Run("publishes from inside a subscription", func(t *testing.T) {
		b := open(t, 2)
		in := listen(t, b[0], "pong")
		sub, err := b[1].Subscribe("ping", func(data []byte) {
			if err := b[1].Publish("pong", data); err != nil {
				t.Errorf("publish: %v", err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		flush(t, b[1])
		publish(t, b[0], "ping", "hello")
		in.wait(t, 1)
		if err := sub.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("takes many subscriptions at once", func(t *testing.T) {
		b := open(t, 2)
		const n = 300
		boxes := make([]*inbox, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { boxes[i] = subscribe(t, b[1], fmt.Sprint("many.", i)) })
		}
		wg.Wait()
		flush(t, b[1])
		for i := range n {
			wg.Go(func() { publish(t, b[0], fmt.Sprint("many.", i), fmt.Sprint(i)) })
		}
		wg.Wait()
		for i, in := range boxes {
			in.wait(t, 1)
			in.want(t, fmt.Sprint(i))
		}
	})
	t.Run("refuses everything once closed", func(t *testing.T) {
		b := open(t, 2)
		in := listen(t, b[1], "late")
		if err := b[1].Close(); err != nil {
			t.Fatal(err)
		}
		publish(t, b[0], "late", "x")
		barrier(t, b[:1])
		in.want(t)
		if err := b[1].Publish("late", nil); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("publish: %v", err)
		}
		if _, err := b[1].Subscribe("late", func([]byte) {}); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("subscribe: %v", err)
		}
		if err := b[1].Flush(t.Context()); !errors.Is(err, bus.ErrClosed) {
			t.Errorf("flush: %v", err)
		}
		if err := in.sub.Unsubscribe(); err != nil {
			t.Errorf("unsubscribe: %v", err)
		}
	})
	t.Run("stops waiting with the context", func(t *testing.T) {
		b := open(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b[0].Flush(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("flush: %v", err)
		}
	})
}

type inbox struct {
	sub  bus.Subscription
	mu   sync.Mutex
	got  []string
	more chan struct{}
}

func subscribe(t *testing.T, b bus.Bus, subject string) *inbox {
	in := &inbox{more: make(chan struct{}, 1)}
	sub, err := b.Subscribe(subject, func(data []byte) {
		in.mu.Lock()
		in.got = append(in.got, string(data))
		in.mu.Unlock()
		select {
		case in.more <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Errorf("subscribe: %v", err)
	}
	in.sub = sub
	return in
}

func listen(t *testing.T, b bus.Bus, subject string) *inbox {
	t.Helper()
	in := subscribe(t, b, subject)
	flush(t, b)
	return in
}

func flush(t *testing.T, b bus.Bus) {
	t.Helper()
	if err := b.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
}

func publish(t *testing.T, b bus.Bus, subject, data string) {
	t.Helper()
	if err := b.Publish(subject, []byte(data)); err != nil {
		t.Errorf("publish: %v", err)
	}
}

// barrier returns when whatever the buses published before it has been handed out.
func barrier(t *testing.T, buses []bus.Bus) {
	t.Helper()
	for i, from := range buses {
		for j, to := range buses {
			if i != j {
				in := listen(t, to, fmt.Sprintf("barrier.%d.%d", i, j))
				publish(t, from, fmt.Sprintf("barrier.%d.%d", i, j), "")
				in.wait(t, 1)
			}
		}
	}
}

func (in *inbox) wait(t *testing.T, n int) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		in.mu.Lock()
		have := len(in.got)
		in.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-in.more:
		case <-limit:
			t.Fatalf("got %d messages, want %d", have, n)
		}
	}
}

func (in *inbox) want(t *testing.T, want ...string) {
	t.Helper()
	in.mu.Lock()
	defer in.mu.Unlock()
	if !slices.Equal(in.got, want) {
		t.Errorf("got %.200q, want %.200q", in.got, want)
	}
}
