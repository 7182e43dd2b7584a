package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/internal/bus"
	"parley/internal/bus/local"
	"parley/internal/realtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	list     realtime.Kind = 1
	document realtime.Kind = 2 // state
)

func topic(k realtime.Kind, id int64) realtime.Topic { return realtime.Topic{Kind: k, ID: id} }

// Frames are text: a letter for what it is (l live, r replayed, e established, x refused, p private, t typing), the
// topic, a colon, the number, a semicolon.
func frame(what string, t realtime.Topic, seq int64) []byte {
	return fmt.Appendf(nil, "%s%d.%d:%d;", what, t.Kind, t.ID, seq)
}

// store is a Source over lists of events that only have numbers.
type store struct {
	mu    sync.Mutex
	last  map[realtime.Topic]int64
	gone  map[realtime.Topic]bool
	fail  int    // this many reads fail
	reads int    // how many reads there were
	delay func() // runs before each read looks
	after func() // runs after each read looked, before it returns
	skip  bool   // readings hold only the newest event
}

func newStore() *store {
	return &store{last: make(map[realtime.Topic]int64), gone: make(map[realtime.Topic]bool)}
}

// commit makes the topic's next event.
func (s *store) commit(t realtime.Topic) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[t]++
	return s.last[t]
}

func (s *store) remove(t realtime.Topic) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[t]++
	s.gone[t] = true
	return s.last[t]
}

func (s *store) seq(t realtime.Topic) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[t]
}

func (s *store) readCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func (s *store) Read(ctx context.Context, at []realtime.Position) ([]realtime.Reading, error) {
	if s.delay != nil {
		s.delay()
	}
	readings, err := s.look(ctx, at)
	if s.after != nil {
		s.after()
	}
	return readings, err
}

func (s *store) look(ctx context.Context, at []realtime.Position) ([]realtime.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.fail > 0 {
		s.fail--
		return nil, errors.New("the store fails")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]realtime.Reading, len(at))
	for i, p := range at {
		r := realtime.Reading{Found: !s.gone[p.Topic], Seq: s.last[p.Topic]}
		first := p.Since + 1
		if s.skip || p.Topic.Kind == document {
			first = max(first, r.Seq)
		}
		for seq := first; seq <= r.Seq; seq++ {
			r.Events = append(r.Events, realtime.Event{Seq: seq, Data: seq})
		}
		out[i] = r
	}
	return out, nil
}

func (s *store) Positions(_ context.Context, topics []realtime.Topic) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]int64, len(topics))
	for i, t := range topics {
		out[i] = s.last[t]
		if s.gone[t] {
			out[i] = -1
		}
	}
	return out, nil
}

func (s *store) Encode(t realtime.Topic, e realtime.Event) []byte { return frame("l", t, e.Seq) }
func (s *store) State(k realtime.Kind) bool                       { return k == document }

// sink records what is written. A Write hangs while it is held.
type sink struct {
	mu     sync.Mutex
	text   strings.Builder
	writes []int
	held   chan struct{}
	hangs  chan struct{} // gets a value when a Write begins to hang
	fail   error
	closed chan struct{}
	reason realtime.Reason
	more   chan struct{}
	delay  func()
}

func newSink() *sink {
	return &sink{closed: make(chan struct{}), more: make(chan struct{}, 1), hangs: make(chan struct{}, 1)}
}

func (s *sink) Write(b []byte) error {
	if s.delay != nil {
		s.delay()
	}
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if held != nil {
		select {
		case s.hangs <- struct{}{}:
		default:
		}
		select {
		case <-held:
		case <-s.closed:
			return errors.New("closed")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.text.Write(b)
	s.writes = append(s.writes, len(b))
	select {
	case s.more <- struct{}{}:
	default:
	}
	return nil
}

func (s *sink) Close(r realtime.Reason) {
	s.mu.Lock()
	s.reason = r
	s.mu.Unlock()
	close(s.closed)
}

func (s *sink) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = make(chan struct{})
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.held)
		s.held = nil
	}
}

func (s *sink) got() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *sink) writeSizes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// want waits until exactly this was written.
func (s *sink) want(t testing.TB, want ...[]byte) {
	t.Helper()
	text := ""
	for _, w := range want {
		text += string(w)
	}
	limit := time.After(30 * time.Second)
	for s.got() != text {
		if len(s.got()) > len(text) {
			t.Fatalf("got  %q\nwant %q", s.got(), text)
		}
		select {
		case <-s.more:
		case <-limit:
			t.Fatalf("got  %q\nwant %q", s.got(), text)
		}
	}
}

// wantClosed waits for the end of the connection.
func (s *sink) wantClosed(t testing.TB, want realtime.Reason) {
	t.Helper()
	select {
	case <-s.closed:
	case <-time.After(30 * time.Second):
		t.Fatal("the connection is not closed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != want {
		t.Errorf("closed because of %v, want %v", s.reason, want)
	}
}

// replay is the protocol of the tests: the missed events, then "established".
func replay(at []realtime.Position) func([]realtime.Reading) [][][]byte {
	return func(readings []realtime.Reading) [][][]byte {
		out := make([][][]byte, len(readings))
		for i, r := range readings {
			if !r.Found {
				out[i] = [][]byte{frame("x", at[i].Topic, 0)}
				continue
			}
			for _, e := range r.Events {
				out[i] = append(out[i], frame("r", at[i].Topic, e.Seq))
			}
			out[i] = append(out[i], frame("e", at[i].Topic, r.Seq))
		}
		return out
	}
}

func subscribe(t testing.TB, c *realtime.Conn, at ...realtime.Position) {
	t.Helper()
	if err := c.Subscribe(context.Background(), at, replay(at)); err != nil {
		t.Fatal(err)
	}
}

func newHub(t testing.TB, s realtime.Source, b bus.Bus, o realtime.Options) *realtime.Hub {
	h := realtime.NewHub(s, b, o)
	t.Cleanup(func() { stop(t, h) })
	return h
}

func stop(t testing.TB, h *realtime.Hub) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// lossyBus is an end of a local exchange that loses what lose tells it to.
type lossyBus struct {
	*local.Endpoint
	mu     sync.Mutex
	lose   func(subject string, data []byte) bool
	onLoss func()
	down   bool
}

func (b *lossyBus) Lossless() bool { return false }

func (b *lossyBus) OnLoss(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onLoss = fn
}

func (b *lossyBus) lost() {
	b.mu.Lock()
	fn := b.onLoss
	b.mu.Unlock()
	fn()
}

func (b *lossyBus) Publish(subject string, data []byte) error {
	if b.lose != nil && b.lose(subject, data) {
		return nil
	}
	return b.Endpoint.Publish(subject, data)
}

func (b *lossyBus) Flush(ctx context.Context) error {
	if b.down {
		return bus.ErrOutOfReach
	}
	return b.Endpoint.Flush(ctx)
}

// parse splits a sink's text into frames.
type parsed struct {
	what  byte
	topic realtime.Topic
	seq   int64
}

func parse(text string) ([]parsed, error) {
	var out []parsed
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ";"), ";") {
		if part == "" {
			continue
		}
		kind, rest, ok1 := strings.Cut(part[1:], ".")
		id, seq, ok2 := strings.Cut(rest, ":")
		k, err1 := strconv.Atoi(kind)
		i, err2 := strconv.ParseInt(id, 10, 64)
		n, err3 := strconv.ParseInt(seq, 10, 64)
		if err := errors.Join(err1, err2, err3); err != nil || !ok1 || !ok2 {
			return nil, fmt.Errorf("a torn frame %q: %w", part, err)
		}
		out = append(out, parsed{part[0], topic(realtime.Kind(k), i), n})
	}
	return out, nil
}
