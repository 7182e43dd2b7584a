package realtime_test

import (
	"net"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/realtime"
)

// countSink counts bytes; it stands for a peer that is quick.
type countSink struct {
	bytes  *atomic.Int64
	writes *atomic.Int64
}

func (s countSink) Write(b []byte) error {
	s.writes.Add(1)
	s.bytes.Add(int64(len(b)))
	return nil
}
func (countSink) Close(realtime.Reason) {}

// benchFrame is as large as a message item's.
var benchFrame = make([]byte, 700)

func benchHub(b *testing.B) (*store, *realtime.Hub) {
	s := newStore()
	return s, newHub(b, s, nil, realtime.Options{QueueBytes: 1 << 40, AskedBytes: 1 << 40, MaxSubscriptions: 10_000})
}

// One publication to n subscribers of one list, until all have it.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{2, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s, h := benchHub(b)
			var bytes, writes atomic.Int64
			for range n {
				subscribe(b, h.Connect(countSink{&bytes, &writes}, realtime.ConnInfo{}), at(room, 0))
			}
			waitBytes(&bytes, int64(n*len(frame("e", room, 0))))
			bytes.Store(0)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				h.Publish(room, s.commit(room), benchFrame)
				waitBytes(&bytes, int64(i+1)*int64(n*len(benchFrame)))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
		})
	}
}

// The same without waiting for each: how well a fast producer is coalesced.
func BenchmarkFanOutStream(b *testing.B) {
	const n = 1000
	s, h := benchHub(b)
	var bytes, writes atomic.Int64
	doc := topic(document, 7)
	for range n {
		subscribe(b, h.Connect(countSink{&bytes, &writes}, realtime.ConnInfo{}), at(room, 0), at(doc, 0))
	}
	waitBytes(&bytes, int64(n*len(frame("e", room, 0))*2))
	bytes.Store(0)
	writes.Store(0)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		h.PublishAll([]realtime.Change{{Topic: room, Seq: s.commit(room), Frame: benchFrame}, {Topic: doc, Seq: s.commit(doc), Frame: benchFrame[:600]}})
	}
	for bytes.Load() < int64(b.N*n*len(benchFrame)) {
		runtime.Gosched()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
	b.ReportMetric(float64(b.N*n)/float64(writes.Load()), "messages/write")
}

func waitBytes(have *atomic.Int64, want int64) {
	for have.Load() < want {
		runtime.Gosched()
	}
}

// Rooms of two members, each with a message at a time, published from many goroutines.
func BenchmarkRooms(b *testing.B) {
	s, h := benchHub(b)
	var bytes, writes atomic.Int64
	const rooms = 50
	for i := range rooms {
		for range 2 {
			subscribe(b, h.Connect(countSink{&bytes, &writes}, realtime.ConnInfo{}), at(topic(list, int64(i)), 0), at(topic(document, int64(i)), 0))
		}
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := next.Add(1) % rooms
			t, d := topic(list, i), topic(document, i)
			h.PublishAll([]realtime.Change{{Topic: t, Seq: s.commit(t), Frame: benchFrame}, {Topic: d, Seq: s.commit(d), Frame: benchFrame}})
		}
	})
}

// The hub's part of the memory of an idle connection: four subscriptions, two of them shared with one other.
func BenchmarkIdleMemory(b *testing.B) {
	const n = 10_000
	_, h := benchHub(b)
	var bytes, writes atomic.Int64
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	conns := make([]*realtime.Conn, n)
	for i := range conns {
		id := int64(i)
		conns[i] = h.Connect(countSink{&bytes, &writes}, realtime.ConnInfo{Identity: "IS0123456789abcdef0123456789abcdef|user" + strconv.Itoa(i)})
		subscribe(b, conns[i], at(topic(3, id), 0), at(topic(4, id), 0), at(topic(list, id/2), 0), at(topic(document, id/2), 0))
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		runtime.KeepAlive(conns)
	}
	b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/n, "B/conn")
}

// tcpSink writes to a real socket.
type tcpSink struct{ net.Conn }

func (s tcpSink) Write(b []byte) error {
	_, err := s.Conn.Write(b)
	return err
}
func (s tcpSink) Close(realtime.Reason) { _ = s.Conn.Close() }

// One list with 200 subscribers behind real sockets, at full speed with 1, 2 and 8 messages outstanding.
func BenchmarkSockets(b *testing.B) {
	const n = 200
	for _, window := range []int64{1, 2, 8} {
		b.Run(strconv.FormatInt(window, 10), func(b *testing.B) {
			s, h := benchHub(b)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			var got atomic.Int64
			var readers sync.WaitGroup
			more := make(chan struct{}, 1)
			for range n {
				peer, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				defer peer.Close()
				readers.Go(func() {
					buf := make([]byte, 16<<10)
					for {
						k, err := peer.Read(buf)
						if err != nil {
							return
						}
						got.Add(int64(k))
						select {
						case more <- struct{}{}:
						default:
						}
					}
				})
				conn, err := l.Accept()
				if err != nil {
					b.Fatal(err)
				}
				subscribe(b, h.Connect(tcpSink{conn}, realtime.ConnInfo{}), at(room, 0))
			}
			wait := func(want int64) {
				for got.Load() < want {
					<-more
				}
			}
			base := int64(n * len(frame("e", room, 0)))
			wait(base)
			writes := h.Stats().Writes
			b.ResetTimer()
			for i := range int64(b.N) {
				h.Publish(room, s.commit(room), benchFrame)
				wait(base + (i+1-window+1)*n*int64(len(benchFrame)))
			}
			wait(base + int64(b.N)*n*int64(len(benchFrame)))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
			b.ReportMetric(float64(b.N*n)/float64(h.Stats().Writes-writes), "messages/write")
			b.StopTimer()
			stop(b, h)
			readers.Wait()
		})
	}
}

// A delivery to a member of a room allocates little: what starts a flush, and what a state topic shares.
func TestAllocationsPerDelivery(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{QueueBytes: 1 << 40})
	var bytes, writes atomic.Int64
	const n = 100
	for range n {
		subscribe(t, h.Connect(countSink{&bytes, &writes}, realtime.ConnInfo{}), at(room, 0))
	}
	want := int64(n * len(frame("e", room, 0)))
	wait := func() {
		for limit := time.Now().Add(10 * time.Second); bytes.Load() < want; runtime.Gosched() {
			if time.Now().After(limit) {
				t.Fatal("not delivered")
			}
		}
	}
	wait()
	per := testing.AllocsPerRun(200, func() {
		want += n * int64(len(benchFrame))
		h.Publish(room, s.commit(room), benchFrame)
		wait()
	}) / n
	if per > 3 { // 1 without the race detector, whose pools forget on purpose
		t.Errorf("%.2f allocations per delivery", per)
	}
}
