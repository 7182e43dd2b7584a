package realtime_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"parley/internal/bus/local"
	"parley/internal/realtime"
)

// The property: whatever the interleaving of commits, late publications, lost bus messages, slow reads, failing reads and
// clients that come, go and subscribe again, every subscriber of a list gets each event exactly once and in order, and
// every subscriber of a document ends with the newest.

// plan is one interleaving. Times are virtual microseconds: so fine that two things hardly ever happen at once, and a
// plan that fails fails again.
type plan struct {
	Seed    uint64 // of everything that is lost on the bus
	Nodes   int
	Loss    int   // of 10 bus messages
	Skip    bool  // readings skip overtaken events
	Fails   []int // reads fail at these times
	Reads   []int // how long reads take before and after they look, in turn
	Writes  []int // how long writes take, in turn
	Commits []commit
	Clients []client
}

type commit struct {
	Topic, Node, At, Late int
}

type client struct {
	Node  int
	Steps []step
}

type step struct {
	Sleep  int
	Action string
	Topics []int
}

var topics = []realtime.Topic{topic(list, 1), topic(list, 2), topic(document, 1)}

// drawPlan draws the size of things, which can be shrunk, and takes their details from a seed, so that they are spread
// evenly.
func drawPlan(t *rapid.T) plan {
	p := plan{
		Seed:    rapid.Uint64().Draw(t, "seed"),
		Nodes:   rapid.IntRange(1, 3).Draw(t, "nodes"),
		Loss:    rapid.IntRange(0, 4).Draw(t, "loss"),
		Skip:    rapid.Bool().Draw(t, "skip"),
		Fails:   make([]int, rapid.IntRange(0, 3).Draw(t, "fails")),
		Commits: make([]commit, rapid.IntRange(0, 150).Draw(t, "commits")),
		Clients: make([]client, rapid.IntRange(1, 4).Draw(t, "clients")),
		Reads:   make([]int, 7),
		Writes:  make([]int, 7),
	}
	steps := rapid.IntRange(1, 12).Draw(t, "steps")
	r := rand.New(rand.NewPCG(p.Seed, 0))
	const all = 150_000
	for i := range p.Fails {
		p.Fails[i] = r.IntN(all)
	}
	for i := range p.Reads {
		p.Reads[i], p.Writes[i] = r.IntN(6000), r.IntN(4000)
	}
	for i := range p.Commits {
		p.Commits[i] = commit{r.IntN(len(topics)), r.IntN(p.Nodes), r.IntN(all), r.IntN(1000)}
		if r.IntN(4) == 0 { // so late that it is read before
			p.Commits[i].Late = r.IntN(25_000)
		}
	}
	for i := range p.Clients {
		c := client{Node: r.IntN(p.Nodes)}
		for range steps {
			actions := []string{"subscribe", "subscribe", "subscribe", "unsubscribe", "reconnect"}
			c.Steps = append(c.Steps, step{r.IntN(2 * all / steps), actions[r.IntN(len(actions))], r.Perm(len(topics))[:1+r.IntN(len(topics))]})
		}
		p.Clients[i] = c
	}
	return p
}

// inTurn returns a function that sleeps for the given times, one after the other.
func inTurn(us []int) func() {
	var mu sync.Mutex
	i := 0
	return func() {
		mu.Lock()
		d := us[i%len(us)]
		i++
		mu.Unlock()
		sleep(d)
	}
}

func sleep(us int) { time.Sleep(time.Duration(us) * time.Microsecond) }

// session is one connection of a client, with what it must have seen.
type session struct {
	sink  *sink
	conn  *realtime.Conn
	since map[realtime.Topic][]int64 // positions of successful subscriptions, in order
	ends  map[realtime.Topic]bool    // subscribed at the end
}

// check replays what the session got and returns its last positions.
func (s *session) check(skip bool) (map[realtime.Topic]int64, error) {
	frames, err := parse(s.sink.got())
	if err != nil {
		return nil, err
	}
	pos := make(map[realtime.Topic]int64)
	replays := make(map[realtime.Topic][]int64)
	since := make(map[realtime.Topic][]int64)
	for t, list := range s.since {
		since[t] = slices.Clone(list)
	}
	for i, f := range frames {
		newest := skip || f.topic.Kind == document
		was, established := pos[f.topic]
		switch f.what {
		case 'r':
			replays[f.topic] = append(replays[f.topic], f.seq)
		case 'e':
			from := int64(-1)
			if len(since[f.topic]) > 0 {
				from, since[f.topic] = since[f.topic][0], since[f.topic][1:]
			}
			var want []int64
			for seq := from + 1; from >= 0 && seq <= f.seq; seq++ {
				if !newest || seq == f.seq {
					want = append(want, seq)
				}
			}
			if from < 0 || !slices.Equal(replays[f.topic], want) {
				return nil, fmt.Errorf("frame %d: %v since %d replays %v up to %d", i, f.topic, from, replays[f.topic], f.seq)
			}
			replays[f.topic] = nil
			pos[f.topic] = f.seq
		case 'l':
			if !established || f.seq <= was || !newest && f.seq != was+1 {
				return nil, fmt.Errorf("frame %d: %v has %d after %d (%v)", i, f.topic, f.seq, was, established)
			}
			pos[f.topic] = f.seq
		}
	}
	return pos, nil
}

// run acts the plan out and returns what was wrong.
func (p plan) run(t *testing.T) error {
	s := newStore()
	s.skip = p.Skip
	s.delay = inTurn(p.Reads)
	s.after = s.delay
	x := local.NewExchange()
	lost := rand.New(rand.NewPCG(p.Seed, 1))
	var lostMu sync.Mutex
	var hubs []*realtime.Hub
	for range p.Nodes {
		b := &lossyBus{Endpoint: x.Endpoint(), lose: func(string, []byte) bool {
			lostMu.Lock()
			defer lostMu.Unlock()
			return lost.IntN(10) < p.Loss
		}}
		hubs = append(hubs, newHub(t, s, b, realtime.Options{}))
	}
	var wg sync.WaitGroup
	for _, at := range p.Fails {
		wg.Go(func() {
			sleep(at)
			s.mu.Lock()
			s.fail++
			s.mu.Unlock()
		})
	}
	for _, c := range p.Commits {
		wg.Go(func() {
			sleep(c.At)
			t := topics[c.Topic]
			seq := s.commit(t)
			sleep(c.Late)
			hubs[c.Node].Publish(t, seq, frame("l", t, seq))
		})
	}
	problems := make([]error, len(p.Clients))
	for i, c := range p.Clients {
		wg.Go(func() { problems[i] = c.run(p, s, hubs[c.Node]) })
	}
	wg.Wait()
	for i, err := range problems {
		if err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
	}
	return nil
}

func (c client) run(p plan, s *store, h *realtime.Hub) error {
	known := make(map[realtime.Topic]int64)
	newSession := func() *session {
		k := newSink()
		k.delay = inTurn(p.Writes)
		return &session{k, h.Connect(k, realtime.ConnInfo{}), make(map[realtime.Topic][]int64), make(map[realtime.Topic]bool)}
	}
	now := newSession()
	look := func() error {
		pos, err := now.check(p.Skip)
		for t, seq := range pos {
			known[t] = max(known[t], seq)
		}
		return err
	}
	for i, st := range c.Steps {
		sleep(st.Sleep)
		if err := look(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		switch st.Action {
		case "subscribe":
			var at []realtime.Position
			for _, n := range st.Topics {
				at = append(at, realtime.Position{Topic: topics[n], Since: known[topics[n]]})
			}
			err := now.conn.Subscribe(context.Background(), at, func(r []realtime.Reading) [][][]byte {
				for _, p := range at {
					now.since[p.Topic] = append(now.since[p.Topic], p.Since)
					now.ends[p.Topic] = true
				}
				return replay(at)(r)
			})
			if err != nil && err.Error() != "the store fails" {
				return err
			}
		case "unsubscribe":
			for _, n := range st.Topics {
				now.conn.Unsubscribe(topics[n])
				delete(now.ends, topics[n])
			}
		case "reconnect":
			now.conn.Close(realtime.ReasonPeerLeft)
			<-now.sink.closed
			if err := look(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
			now = newSession()
		}
	}
	time.Sleep(time.Minute) // all is committed, published, checked and repaired
	if err := look(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	pos, _ := now.check(p.Skip)
	for t := range now.ends {
		if pos[t] != s.seq(t) {
			return fmt.Errorf("%v ends at %d, the store is at %d: %q", t, pos[t], s.seq(t), now.sink.got())
		}
	}
	return nil
}

func TestEveryEventExactlyOnceInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		var problem error
		synctest.Test(t, func(t *testing.T) { problem = p.run(t) })
		if problem != nil {
			rt.Fatal(problem)
		}
	})
}

// The same property without virtual time, for the race detector: many publishers on hot lists, clients that subscribe
// in the thick of it.
func TestEveryEventExactlyOnceUnderLoad(t *testing.T) {
	const publishers, each, clients = 8, 150, 12
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				t := topics[(p+i)%len(topics)]
				seq := s.commit(t)
				h.Publish(t, seq, frame("l", t, seq))
			}
		})
	}
	sessions := make([]*session, clients)
	for i := range sessions {
		wg.Go(func() {
			k := newSink()
			now := &session{k, h.Connect(k, realtime.ConnInfo{}), make(map[realtime.Topic][]int64), nil}
			sessions[i] = now
			for round := range 5 {
				var at []realtime.Position
				for _, topic := range topics {
					at = append(at, realtime.Position{Topic: topic, Since: int64(round)})
					now.since[topic] = append(now.since[topic], int64(round))
				}
				subscribe(t, now.conn, at...)
			}
		})
	}
	wg.Wait()
	limit := time.Now().Add(10 * time.Second)
	for i, now := range sessions {
		for {
			pos, err := now.check(false)
			if err != nil {
				t.Fatalf("client %d: %v", i, err)
			}
			missing := false
			for _, topic := range topics {
				missing = missing || pos[topic] != s.seq(topic)
			}
			if !missing {
				break
			}
			if time.Now().After(limit) {
				t.Fatalf("client %d ends at %v", i, pos)
			}
			<-now.sink.more
		}
	}
}
