package realtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/internal/bus/local"
	"parley/internal/core"
	"parley/internal/realtime"
)

var room = topic(list, 7)

func at(t realtime.Topic, since int64) realtime.Position {
	return realtime.Position{Topic: t, Since: since}
}

func TestReplayThenLive(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	for range 3 {
		s.commit(room)
	}
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{Identity: "IS|ann"})
	subscribe(t, c, at(room, 1))
	h.Publish(room, 3, frame("l", room, 3)) // late: it is in the replay
	h.Publish(room, s.commit(room), frame("l", room, 4))
	h.Publish(room, 4, frame("l", room, 4)) // twice
	c.Send(frame("p", room, 0))
	k.want(t, frame("r", room, 2), frame("r", room, 3), frame("e", room, 3), frame("l", room, 4), frame("p", room, 0))
}

func TestReconnectByPosition(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	one := newSink()
	c := h.Connect(one, realtime.ConnInfo{})
	subscribe(t, c, at(room, 0))
	h.Publish(room, s.commit(room), frame("l", room, 1))
	one.want(t, frame("e", room, 0), frame("l", room, 1))
	c.Close(realtime.ReasonPeerLeft)
	one.wantClosed(t, realtime.ReasonPeerLeft)
	h.Publish(room, s.commit(room), frame("l", room, 2))
	two := newSink()
	c = h.Connect(two, realtime.ConnInfo{})
	subscribe(t, c, at(room, 1))
	h.Publish(room, s.commit(room), frame("l", room, 3))
	two.want(t, frame("r", room, 2), frame("e", room, 2), frame("l", room, 3))
	subscribe(t, c, at(room, 1)) // again, as clients do: the replay is repeated
	h.Publish(room, s.commit(room), frame("l", room, 4))
	two.want(t, frame("r", room, 2), frame("e", room, 2), frame("l", room, 3),
		frame("r", room, 2), frame("r", room, 3), frame("e", room, 3), frame("l", room, 4))
	one.want(t, frame("e", room, 0), frame("l", room, 1))
}

func TestSubscribeRacesPublish(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	publish := func() {
		seq := s.commit(room)
		h.Publish(room, seq, frame("l", room, seq))
	}
	s.delay = publish // is in the reading and comes live
	s.after = func() { publish(); publish() }
	k := newSink()
	subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
	s.delay, s.after = nil, nil
	publish()
	k.want(t, frame("r", room, 1), frame("e", room, 1), frame("l", room, 2), frame("l", room, 3), frame("l", room, 4))
}

func TestUnorderedPublishersNeedNoRead(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{GapWait: time.Hour})
	k := newSink()
	subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
	for _, seq := range []int64{3, 5, 2, 5, 1, 4} {
		s.commit(room)
		h.Publish(room, seq, frame("l", room, seq))
	}
	k.want(t, frame("e", room, 0), frame("l", room, 1), frame("l", room, 2), frame("l", room, 3), frame("l", room, 4), frame("l", room, 5))
	if n := s.readCount(); n != 1 {
		t.Errorf("%d reads, want the subscription's only", n)
	}
}

func TestGapIsReadFromTheSource(t *testing.T) {
	for _, skip := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newStore()
			var recovered []realtime.Event
			h := newHub(t, s, nil, realtime.Options{OnRecovered: func(_ realtime.Topic, e []realtime.Event) { recovered = e }})
			k := newSink()
			subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
			for range 4 {
				s.commit(room)
			}
			s.skip = skip
			h.Publish(room, 4, frame("l", room, 4))
			synctest.Wait()
			k.want(t, frame("e", room, 0))
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			want := [][]byte{frame("e", room, 0), frame("l", room, 1), frame("l", room, 2), frame("l", room, 3), frame("l", room, 4)}
			if skip {
				want = [][]byte{frame("e", room, 0), frame("l", room, 4)}
			}
			k.want(t, want...)
			h.Publish(room, 2, frame("l", room, 2))
			h.Publish(room, s.commit(room), frame("l", room, 5))
			k.want(t, append(want, frame("l", room, 5))...)
			if n := h.Stats().GapFills; n != 1 || len(recovered) == 0 {
				t.Errorf("%d gaps filled, hook got %v", n, recovered)
			}
		})
	}
}

func TestGapSurvivesAFailingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := newHub(t, s, nil, realtime.Options{})
		k := newSink()
		subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
		s.commit(room)
		s.commit(room)
		s.fail = 3
		h.Publish(room, 2, frame("l", room, 2))
		time.Sleep(10 * time.Second)
		k.want(t, frame("e", room, 0), frame("l", room, 1), frame("l", room, 2))
		if n := h.Stats().SourceErrs; n != 3 {
			t.Errorf("%d errors counted", n)
		}
	})
}

func TestFalseAnnouncementIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := newHub(t, s, nil, realtime.Options{})
		k := newSink()
		subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
		h.Publish(room, 1000, frame("l", room, 1000))
		time.Sleep(time.Minute)
		if n := s.readCount(); n > 10 {
			t.Errorf("%d reads", n)
		}
		h.Publish(room, s.commit(room), frame("l", room, 1))
		k.want(t, frame("e", room, 0), frame("l", room, 1))
	})
}

func TestFrameThatWasNotSentIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := newHub(t, s, nil, realtime.Options{})
		k, doc := newSink(), topic(document, 1)
		subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0), at(doc, 0))
		h.Publish(room, s.commit(room), nil)
		h.Publish(doc, s.commit(doc), nil)
		time.Sleep(20 * time.Millisecond)
		k.want(t, frame("e", room, 0), frame("e", doc, 0), frame("l", room, 1), frame("l", doc, 1))
	})
}

func TestSlowConsumerIsClosed(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{QueueBytes: 1000})
	slow, quick := newSink(), newSink()
	defer slow.hold()()
	c := h.Connect(slow, realtime.ConnInfo{})
	subscribe(t, c, at(room, 0))
	subscribe(t, h.Connect(quick, realtime.ConnInfo{}), at(room, 0))
	want := [][]byte{frame("e", room, 0)}
	for i := range 20 {
		seq := s.commit(room)
		b := append(bytes.Repeat([]byte{'.'}, 100), frame("l", room, seq)...)
		want = append(want, b)
		h.Publish(room, seq, b)
		quick.want(t, want...)
		if i == 8 && c.Closed() {
			t.Error("closed below the bound")
		}
	}
	slow.wantClosed(t, realtime.ReasonSlow)
	if slow.got() != "" {
		t.Errorf("wrote %q", slow.got())
	}
	if n := h.Stats().Closed[realtime.ReasonSlow]; n != 1 {
		t.Errorf("%d slow closes counted", n)
	}
}

func TestAskedBytesHaveTheirOwnBound(t *testing.T) {
	h := newHub(t, newStore(), nil, realtime.Options{QueueBytes: 1000, AskedBytes: 5000})
	k := newSink()
	defer k.hold()()
	c := h.Connect(k, realtime.ConnInfo{})
	c.Send(make([]byte, 4000))
	c.Send(make([]byte, 20_000)) // one more may come, however large
	if c.Closed() {
		t.Fatal("closed below the bound")
	}
	c.Send(nil)
	k.wantClosed(t, realtime.ReasonSlow)
}

func TestWriteErrorsClose(t *testing.T) {
	for err, want := range map[error]realtime.Reason{
		errors.New("reset"):    realtime.ReasonWriteFailed,
		os.ErrDeadlineExceeded: realtime.ReasonSlow,
	} {
		h := newHub(t, newStore(), nil, realtime.Options{})
		k := newSink()
		k.fail = err
		h.Connect(k, realtime.ConnInfo{}).Send(frame("p", room, 0))
		k.wantClosed(t, want)
	}
}

func TestStateIsCoalesced(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{QueueBytes: 500})
	doc := topic(document, 1)
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	subscribe(t, c, at(doc, 0), at(room, 0))
	k.want(t, frame("e", doc, 0), frame("e", room, 0))
	release := k.hold()
	c.Send(frame("p", room, 0))
	<-k.hangs
	for range 1000 { // far more bytes than the queue may have
		seq := s.commit(doc)
		h.Publish(doc, seq, frame("l", doc, seq))
	}
	h.Publish(doc, 500, frame("l", doc, 500)) // an old one changes nothing
	seq := s.commit(room)
	h.Publish(room, seq, frame("l", room, seq))
	release()
	k.want(t, frame("e", doc, 0), frame("e", room, 0), frame("p", room, 0), frame("l", doc, 1000), frame("l", room, 1))
	if n := h.Stats().Replaced; n < 998 {
		t.Errorf("%d replaced", n)
	}
}

func TestStateReplayComesBeforeNewer(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	doc := topic(document, 1)
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	publish := func() {
		seq := s.commit(doc)
		h.Publish(doc, seq, frame("l", doc, seq))
	}
	subscribe(t, c, at(doc, 0))
	k.want(t, frame("e", doc, 0))
	release := k.hold()
	c.Send(frame("p", doc, 0))
	<-k.hangs
	publish() // waits in the queue
	s.after = func() { publish(); publish() }
	subscribe(t, c, at(doc, 0))
	release()
	k.want(t, frame("e", doc, 0), frame("p", doc, 0), frame("r", doc, 1), frame("e", doc, 1), frame("l", doc, 3))
}

func TestOneWriteForAllThatIsQueued(t *testing.T) {
	h := newHub(t, newStore(), nil, realtime.Options{})
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	release := k.hold()
	c.Send([]byte("a"))
	<-k.hangs
	big := bytes.Repeat([]byte("x"), 40<<10)
	huge := bytes.Repeat([]byte("y"), 100<<10)
	c.Send([]byte("1"), big, []byte("2"))
	c.Send(big, nil, huge)
	c.Send([]byte("3"), []byte("4"))
	release()
	k.want(t, []byte("a1"), big, []byte("2"), big, huge, []byte("34"))
	want := []int{1, 1 + 40<<10 + 1, 40 << 10, 100 << 10, 2}
	if got := k.writeSizes(); !slices.Equal(got, want) {
		t.Errorf("writes of %v bytes, want %v", got, want)
	}
}

func TestPublishAllLeavesInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := newHub(t, s, nil, realtime.Options{})
		doc, k := topic(document, 7), newSink()
		subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0), at(doc, 0))
		k.want(t, frame("e", room, 0), frame("e", doc, 0))
		h.PublishAll([]realtime.Change{
			{Topic: room, Seq: s.commit(room), Frame: frame("l", room, 1)},
			{Topic: doc, Seq: s.commit(doc), Frame: frame("l", doc, 1)},
		})
		k.want(t, frame("e", room, 0), frame("e", doc, 0), frame("l", room, 1), frame("l", doc, 1))
		if n := len(k.writeSizes()); n != 2 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestTell(t *testing.T) {
	h := newHub(t, newStore(), nil, realtime.Options{})
	sinks := map[string]*sink{}
	for _, name := range []string{"ann", "bob", "bob 2", "cid"} {
		sinks[name] = newSink()
		identity, _, _ := strings.Cut(name, " ")
		c := h.Connect(sinks[name], realtime.ConnInfo{Identity: identity})
		if name == "ann" {
			defer c.Send(frame("p", room, 0))
		}
	}
	h.Tell([]string{"bob", "cid", "nobody"}, frame("t", room, 0))
	for _, name := range []string{"bob", "bob 2", "cid"} {
		sinks[name].want(t, frame("t", room, 0))
	}
	if got := sinks["ann"].got(); len(got) != 0 {
		t.Errorf("ann got %q", got)
	}
}

func TestUnsubscribe(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	ann, bob, other := newSink(), newSink(), topic(list, 8)
	a, b := h.Connect(ann, realtime.ConnInfo{Identity: "ann"}), h.Connect(bob, realtime.ConnInfo{Identity: "bob"})
	subscribe(t, a, at(room, 0), at(other, 0))
	subscribe(t, b, at(room, 0))
	a.Unsubscribe(room, topic(list, 99))
	h.UnsubscribeWhere(room, func(i realtime.ConnInfo) bool { return i.Identity == "bob" })
	if h.Wants(room) || !h.Wants(other) {
		t.Error("the feed of nobody is kept, or the other not")
	}
	h.Publish(room, s.commit(room), frame("l", room, 1))
	h.Publish(other, s.commit(other), frame("l", other, 1))
	b.Send(frame("p", room, 0))
	ann.want(t, frame("e", room, 0), frame("e", other, 0), frame("l", other, 1))
	bob.want(t, frame("e", room, 0), frame("p", room, 0))
	if got := h.Stats(); got.Feeds != 1 || got.Subscriptions != 1 || got.Connections != 2 {
		t.Errorf("%+v", got)
	}
}

func TestExpelledWhileSubscribing(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{Identity: "ann"})
	s.after = func() { h.Expel(room, "ann") }
	subscribe(t, c, at(room, 0))
	s.after = nil
	h.Publish(room, s.commit(room), frame("l", room, 1))
	c.Send(frame("p", room, 0))
	k.want(t, frame("x", room, 0), frame("p", room, 0)) // it is told at once that there is nothing to watch
	subscribe(t, c, at(room, 0))
	k.want(t, frame("x", room, 0), frame("p", room, 0), frame("r", room, 1), frame("e", room, 1))
}

func TestGone(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	subscribe(t, c, at(room, 0))
	h.Publish(room, s.remove(room), frame("l", room, 1))
	h.Gone(room)
	h.Publish(room, 2, frame("l", room, 2))
	subscribe(t, c, at(room, 1))
	k.want(t, frame("e", room, 0), frame("l", room, 1), frame("x", room, 0))
	if got := h.Stats(); got.Feeds != 0 || got.Subscriptions != 0 {
		t.Errorf("%+v", got)
	}
}

func TestGoneWaitsForWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := newHub(t, s, nil, realtime.Options{})
		k := newSink()
		subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
		s.commit(room) // never published
		h.Publish(room, s.remove(room), frame("l", room, 2))
		h.Gone(room)
		time.Sleep(time.Second)
		k.want(t, frame("e", room, 0), frame("l", room, 1), frame("l", room, 2))
		if got := h.Stats().Feeds; got != 0 {
			t.Errorf("%d feeds", got)
		}
	})
}

func TestSubscribeErrorsLeaveThingsAsTheyWere(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{MaxSubscriptions: 2})
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	subscribe(t, c, at(room, 0))
	s.mu.Lock()
	s.fail = 1
	s.mu.Unlock()
	s.after = func() { h.Publish(room, s.commit(room), frame("l", room, 1)) }
	again := []realtime.Position{at(topic(list, 8), 0), at(room, 0)}
	if err := c.Subscribe(t.Context(), again, replay(again)); err == nil {
		t.Error("no error")
	}
	s.after = nil
	k.want(t, frame("e", room, 0), frame("l", room, 1))
	many := []realtime.Position{at(topic(list, 8), 0), at(topic(list, 9), 0)}
	if err := c.Subscribe(t.Context(), many, replay(many)); !core.HasCode(err, core.CodeTooManyRequests) {
		t.Errorf("got %v", err)
	}
	if n := h.Stats().Subscriptions; n != 1 {
		t.Errorf("%d subscriptions", n)
	}
	subscribe(t, c, at(topic(list, 8), 0), at(topic(list, 8), 0)) // the same twice
	k.want(t, frame("e", room, 0), frame("l", room, 1), frame("e", topic(list, 8), 0), frame("e", topic(list, 8), 0))
	c.Close(realtime.ReasonPeerLeft)
	if err := c.Subscribe(t.Context(), many, replay(many)); !errors.Is(err, realtime.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if got := h.Stats(); got.Subscriptions != 0 || got.Feeds != 0 || got.Connections != 0 {
		t.Errorf("%+v", got)
	}
}

func TestClosedWhileSubscribing(t *testing.T) {
	s := newStore()
	h := newHub(t, s, nil, realtime.Options{})
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	s.after = func() { c.Close(realtime.ReasonPeerLeft) }
	subscribe(t, c, at(room, 0), at(topic(document, 1), 0))
	k.wantClosed(t, realtime.ReasonPeerLeft)
	if got := h.Stats(); got.Subscriptions != 0 || got.Feeds != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCloseWritesWhatIsQueued(t *testing.T) {
	h := newHub(t, newStore(), nil, realtime.Options{})
	k := newSink()
	c := h.Connect(k, realtime.ConnInfo{})
	release := k.hold()
	for range 100 {
		c.Send(bytes.Repeat([]byte("x"), 5000))
	}
	c.Send([]byte("goodbye"))
	c.Close(realtime.Reason(20))
	c.Close(realtime.ReasonSlow)
	c.Send([]byte("too late"))
	release()
	k.wantClosed(t, realtime.Reason(20))
	if got := k.got(); len(got) != 500_007 || !strings.HasSuffix(got, "goodbye") {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		h := newHub(t, newStore(), nil, realtime.Options{OnPresence: func(id string, online bool) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprint(id, online))
		}})
		want := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Errorf("told %v, want %v", told, want)
			}
		}
		a := h.Connect(newSink(), realtime.ConnInfo{Identity: "ann"})
		want("anntrue")
		b := h.Connect(newSink(), realtime.ConnInfo{Identity: "ann"})
		a.Close(realtime.ReasonPeerLeft)
		want("anntrue")
		if n := h.Online("ann"); n != 1 || h.Online("bob") != 0 {
			t.Errorf("%d online", n)
		}
		b.Close(realtime.ReasonPeerLeft)
		want("anntrue", "annfalse")
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := realtime.NewHub(newStore(), nil, realtime.Options{Drain: time.Second})
		var sinks []*sink
		for range 2000 {
			k := newSink()
			sinks = append(sinks, k)
			subscribe(t, h.Connect(k, realtime.ConnInfo{}), at(room, 0))
		}
		start := time.Now()
		go func() {
			time.Sleep(500 * time.Millisecond)
			if n := h.Stats().Connections; n < 800 || n > 1200 {
				t.Errorf("%d connections at half time", n)
			}
			k := newSink()
			late := h.Connect(k, realtime.ConnInfo{Identity: "late"})
			k.wantClosed(t, realtime.ReasonShutdown)
			late.Send([]byte("x"))
			late.Close(realtime.ReasonPeerLeft)
			if err := late.Subscribe(context.Background(), []realtime.Position{at(room, 0)}, nil); !errors.Is(err, realtime.ErrClosed) {
				t.Error(err)
			}
		}()
		if err := h.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 900*time.Millisecond || took > 1100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		for _, k := range sinks {
			k.wantClosed(t, realtime.ReasonShutdown)
		}
		h.Publish(room, 1, frame("l", room, 1))
	})
}

func TestStopCutsThoseWhoHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := realtime.NewHub(newStore(), local.New(), realtime.Options{})
		k := newSink()
		defer k.hold()()
		h.Connect(k, realtime.ConnInfo{}).Send([]byte("x"))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := h.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		k.wantClosed(t, realtime.ReasonShutdown)
	})
}

// Reasons of users are counted like the hub's own.
func TestReasonsOfUsersAreCounted(t *testing.T) {
	h := newHub(t, newStore(), nil, realtime.Options{})
	k := newSink()
	h.Connect(k, realtime.ConnInfo{Identity: "ann"}).Close(17)
	k.wantClosed(t, 17)
	if n := h.Stats().Closed[17]; n != 1 {
		t.Errorf("%d connections were closed for reason 17", n)
	}
}
