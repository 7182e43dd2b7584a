package scenario

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// last is the node that readers use who are not where the sender is.
func (cl *cluster) last() int { return len(cl.nodes) - 1 }

func TestMessagesArriveInOrderOnEveryNode(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		ch := cl.channel(t, "alice", "bob", "carol")
		var readers []*reader
		for i, who := range []string{"alice", "bob", "carol"} {
			r := cl.newReader(who, ch)
			if err := r.open(i % len(cl.nodes)); err != nil {
				t.Fatal(err)
			}
			defer r.close()
			readers = append(readers, r)
		}
		want := map[int64]string{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for w, r := range readers {
			wg.Go(func() {
				for i := range 50 {
					body := fmt.Sprintf("%d of %d", i, w)
					out := r.sock.must(t, "POST", cl.messages(ch), map[string]any{"body": body, "attributes": "{}"})
					mu.Lock()
					want[int64(out["index"].(float64))] = body
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(want) != 150 {
			t.Fatalf("%d indexes for 150 messages", len(want))
		}
		for _, r := range readers {
			r.holds(t, want)
		}
	})
}

func TestAnAbsenceIsMadeGood(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		ch := cl.channel(t, "alice", "bob")
		alice, bob := cl.newReader("alice", ch), cl.newReader("bob", ch)
		for i, r := range []*reader{alice, bob} {
			if err := r.open(i % len(cl.nodes)); err != nil {
				t.Fatal(err)
			}
			defer r.close()
		}
		want := map[int64]string{}
		sids := map[int64]string{}
		send := func(body string) {
			out := alice.sock.must(t, "POST", cl.messages(ch), map[string]any{"body": body, "attributes": "{}"})
			index := int64(out["index"].(float64))
			want[index], sids[index] = body, out["sid"].(string)
		}
		for i := range 5 {
			send(fmt.Sprint("before ", i))
		}
		bob.holds(t, want)
		bob.close()
		for i := range 5 {
			send(fmt.Sprint("away ", i))
		}
		alice.sock.must(t, "POST", cl.messages(ch)+"/"+sids[1], map[string]any{"body": "edited"})
		want[1] = "edited"
		for _, index := range []int64{2, 7} { // one that bob knew, one that came and went
			alice.sock.must(t, "DELETE", cl.messages(ch)+"/"+sids[index], nil)
			delete(want, index)
		}
		if err := bob.open(cl.last()); err != nil {
			t.Fatal(err)
		}
		bob.holds(t, want)
		if _, told := bob.adds[7]; told {
			t.Error("bob was told of a message that came and went in his absence")
		}
		send("back again")
		bob.holds(t, want)
		alice.holds(t, want)
	})
}

func TestANodeDies(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		ch := cl.channel(t, "alice", "bob")
		alice, bob := cl.newReader("alice", ch), cl.newReader("bob", ch)
		victim := cl.last()
		for r, node := range map[*reader]int{alice: 0, bob: victim} {
			if err := r.open(node); err != nil {
				t.Fatal(err)
			}
			defer r.close()
		}
		// Alice sends without a pause; what she was promised must be there, and nothing twice.
		want := map[int64]string{}
		for i := range 200 {
			if i == 60 {
				cl.nodes[victim].kill()
				<-bob.sock.closed
				if victim == 0 {
					cl.nodes[0].start()
				}
			}
			if i == 120 {
				if err := bob.open(cl.survivor(victim)); err != nil {
					t.Fatal(err)
				}
			}
			body := fmt.Sprint("message ", i)
			r, err := alice.sock.call("POST", cl.messages(ch), map[string]any{"body": body, "attributes": "{}"})
			if err != nil { // only on the single node that died: alice comes back too, and says it again
				if err := alice.open(0); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if r.status != 201 {
				t.Fatalf("a message was answered %d %s", r.status, r.body)
			}
		}
		for _, m := range cl.stored(t, 0, ch) {
			want[int64(m["index"].(float64))] = m["body"].(string)
		}
		if len(want) < 199 {
			t.Errorf("%d messages are stored", len(want))
		}
		alice.holds(t, want)
		bob.holds(t, want)
	})
}

// survivor is a node other than the victim, or the victim itself where it is the only one.
func (cl *cluster) survivor(victim int) int { return (victim + 1) % len(cl.nodes) }

func TestTheBusDies(t *testing.T) {
	cl := newCluster(t, 3)
	ch := cl.channel(t, "alice", "bob")
	alice, bob := cl.newReader("alice", ch), cl.newReader("bob", ch)
	for r, node := range map[*reader]int{alice: 0, bob: 2} {
		if err := r.open(node); err != nil {
			t.Fatal(err)
		}
		defer r.close()
	}
	want := map[int64]string{}
	send := func(body string) {
		out := alice.sock.must(t, "POST", cl.messages(ch), map[string]any{"body": body, "attributes": "{}"})
		want[int64(out["index"].(float64))] = body
	}
	send("with the bus")
	bob.holds(t, want)
	cl.nats.Shutdown()
	cl.nats.WaitForShutdown()
	for i := range 10 {
		send(fmt.Sprint("without it ", i))
	}
	bob.holds(t, want) // by comparing positions with the store
	cl.startNATS()
	send("with it again")
	bob.holds(t, want)
}

func TestAGracefulStopLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		ch := cl.channel(t, "alice", "bob")
		bob := cl.newReader("bob", ch)
		if err := bob.open(0); err != nil {
			t.Fatal(err)
		}
		const writers = 8
		acked := make([]map[int64]string, writers)
		var count atomic.Int64
		var wg sync.WaitGroup
		for w := range writers {
			acked[w] = map[int64]string{}
			sock, err := connect(cl.nodes[0].addr, cl.token("alice"), nil)
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for i := 0; ; i++ {
					body := fmt.Sprintf("%d of %d", i, w)
					r, err := sock.call("POST", cl.messages(ch), map[string]any{"body": body, "attributes": "{}"})
					if err != nil || r.status != 201 {
						return
					}
					acked[w][indexOf(r)] = body
					count.Add(1)
				}
			})
		}
		time.Sleep(300 * time.Millisecond)
		wait(t, func() error {
			if count.Load() == 0 {
				return errors.New("nothing is acknowledged")
			}
			return nil
		})
		cl.nodes[0].stop()
		wg.Wait()
		cl.nodes[0].start()
		if err := bob.open(cl.survivor(0)); err != nil {
			t.Fatal(err)
		}
		want := map[int64]string{}
		for _, m := range cl.stored(t, 0, ch) {
			want[int64(m["index"].(float64))] = m["body"].(string)
		}
		for _, own := range acked {
			for index, body := range own {
				if want[index] != body {
					t.Errorf("message %d was acknowledged as %q and is stored as %q", index, body, want[index])
				}
			}
		}
		bob.holds(t, want)
		bob.close()
	})
}

func TestWhoIsRemovedHearsNoMore(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		ch := cl.channel(t, "alice", "bob")
		alice, bob := cl.newReader("alice", ch), cl.newReader("bob", ch)
		for r, node := range map[*reader]int{alice: 0, bob: cl.last()} {
			if err := r.open(node); err != nil {
				t.Fatal(err)
			}
			defer r.close()
		}
		out := alice.sock.must(t, "POST", cl.messages(ch), map[string]any{"body": "for both", "attributes": "{}"})
		first := map[int64]string{int64(out["index"].(float64)): "for both"}
		bob.holds(t, first)
		cl.rest(t, 0, "DELETE", cl.service()+"/Channels/"+ch+"/Members/bob", nil)
		wait(t, func() error {
			r, err := bob.sock.call("GET", "/v3/Lists/"+ch+".messages", nil)
			if err == nil && r.status < 400 {
				err = fmt.Errorf("bob still may open the list")
			}
			return err
		})
		all := map[int64]string{0: "for both"}
		for i := range 20 {
			body := fmt.Sprint("secret ", i)
			out := alice.sock.must(t, "POST", cl.messages(ch), map[string]any{"body": body, "attributes": "{}"})
			all[int64(out["index"].(float64))] = body
		}
		alice.holds(t, all)
		bob.holds(t, first)
		if r, err := bob.sock.call("POST", cl.messages(ch), map[string]any{"body": "let me in", "attributes": "{}"}); err != nil || r.status < 400 {
			t.Errorf("bob may still send: %d, %v", r.status, err)
		}
	})
}

func TestTypingReachesTheOthersOnly(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		ch := cl.channel(t, "alice", "bob")
		alice, bob := cl.newReader("alice", ch), cl.newReader("bob", ch)
		for r, node := range map[*reader]int{alice: 0, bob: cl.last()} {
			if err := r.open(node); err != nil {
				t.Fatal(err)
			}
			defer r.close()
		}
		r, err := alice.sock.exchange(map[string]any{"method": "message", "active_grant": "ip_messaging", "payload_type": "application/x-www-form-urlencoded",
			"http_request": map[string]any{"host": "aim.us1.twilio.com", "path": "/v1/typing", "method": "POST", "headers": map[string]any{"Content-Type": "application/x-www-form-urlencoded"}}},
			[]byte(url.Values{"ChannelSid": {ch}}.Encode()))
		if err != nil || r.status >= 300 {
			t.Fatalf("typing: %d %s, %v", r.status, r.body, err)
		}
		select {
		case who := <-bob.typing:
			if who != "alice" {
				t.Errorf("%s types", who)
			}
		case <-time.After(30 * time.Second):
			t.Error("bob does not see alice typing")
		}
		if len(alice.typing) != 0 {
			t.Error("alice sees herself typing")
		}
	})
}
