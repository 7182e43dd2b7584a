package bridge

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/internal/bus/local"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryEventReachesEverySocket(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		one, two := w.ready(agent), w.ready(agent)
		w.move(agent, "Available")
		task := w.task(agent)
		for i, c := range []*client{one, two} {
			if got := c.until("worker.activity.update"); got["activity_name"] != "Available" || got["available"] != true {
				t.Fatalf("client %d: %v", i, got)
			}
			r := c.until("reservation.created")
			if r["task"].(object)["sid"] != task || r["reservation_status"] != "pending" || r["worker_sid"] != agent {
				t.Fatalf("client %d: %v", i, r)
			}
			if i == 0 {
				w.must(one.token, "POST", workerPath(agent)+"/Reservations/"+r["sid"].(string), object{"ReservationStatus": "accepted"})
			}
			if got := c.until("reservation.accepted"); got["sid"] != r["sid"] || got["task"].(object)["assignment_status"] != "assigned" {
				t.Fatalf("client %d: %v", i, got)
			}
		}
	})
}

func TestEventsOfOtherNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		x := local.NewExchange()
		here := newWorld(t, open(), x.Endpoint(), nil)
		there := newWorld(t, open(), x.Endpoint(), nil)
		c := here.ready(agent)
		there.move(agent, "Available")
		if got := c.until("worker.activity.update"); got["activity_name"] != "Available" {
			t.Fatal(got)
		}
		there.dial(agent, there.token(agent), "&x=1") // asks for nothing
		there.move(agent, "Break")
		c.until("worker.activity.update")
		alone, _, err := there.tryDial(agent, "?token="+there.token(agent)+"&closeExistingSessions=true")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ended(); got != statusPolicy {
			t.Fatalf("closed with %d", got)
		}
		if got := alone.next(); got["event_type"] != "init" {
			t.Fatal(got)
		}
	})
}

// What happens while a client starts is told once it listens, unless it has read it.
func TestNothingIsLostToTheStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, func(o *Options) { o.StartTimeout = patience })
		w.move(agent, "Available")
		c := w.dial(agent, w.token(agent), "")
		first := w.task(agent)
		r := w.offered(first)
		c.start() // sees the first
		w.must(c.token, "POST", workerPath(agent)+"/Reservations/"+r, object{"ReservationStatus": "accepted"})
		if got := c.next(); got["event_type"] != "reservation.accepted" && got["event_type"] != "worker.capacity.update" {
			t.Fatalf("told of what was read: %v", got)
		}
	})
}

// offered waits for the reservation of a task.
func (w *world) offered(task string) string {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		list, err := w.tr.ListReservations(w.t.Context(), account, workspace, taskrouter.ReservationFilter{TaskSID: task}, "", 1)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) > 0 {
			return w.tr.ReservationSID(list[0].ID)
		}
	}
	w.t.Fatal("the task is not offered")
	return ""
}

func TestAClientThatNeverReads(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, func(o *Options) { o.StartTimeout = 50 * time.Millisecond })
		c := w.dial(agent, w.token(agent), "")
		w.move(agent, "Available")
		c.until("worker.activity.update")
	})
}

func TestInit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, func(o *Options) { o.Heartbeat = time.Second; o.StartTimeout = time.Millisecond })
		token := w.token(agent)
		for _, query := range []string{"?token=" + token, "?a=.twilio.com/v1/wschannels?token=" + token + "&closeExistingSessions=false"} {
			c, res, err := w.tryDial(agent, query)
			if err != nil {
				t.Fatalf("%s: %v %v", query, err, res)
			}
			p := c.next()["payload"].(object)
			life := p["token_lifetime"].(float64)
			if p["account_sid"] != account || p["workspace_sid"] != workspace || p["channel_id"] != agent || life > 3_600_000 || life < 3_500_000 {
				t.Fatal(p)
			}
			select {
			case text := <-c.texts:
				if text != " " {
					t.Fatalf("got %q, want a heartbeat", text)
				}
			case <-time.After(patience):
				t.Fatal("no heartbeat")
			}
		}
	})
}

func TestRefusedSockets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		for name, c := range map[string]struct {
			token  string
			status int
		}{
			"no token":            {"", 401},
			"a bad token":         {"nonsense", 401},
			"an expired token":    {w.token(agent, func(t *identity.Token) { t.ExpiresAt = time.Now() }), 401},
			"no grant":            {w.token("", func(t *identity.Token) { t.WorkspaceSID = "" }), 401},
			"no such worker":      {w.token(core.NewSID("WK")), 403},
			"a foreign workspace": {w.token(agent, func(t *identity.Token) { t.WorkspaceSID = foreign }), 403},
			"a foreign account":   {w.token(agent, func(t *identity.Token) { t.AccountSID = stranger }), 403},
			"no SIDs at all":      {w.token("x\x00", func(t *identity.Token) { t.WorkspaceSID = "\xff" }), 403},
		} {
			_, res, err := w.tryDial(agent, "?token="+c.token)
			if err == nil || res == nil || res.StatusCode != c.status {
				t.Errorf("%s: %v %v, want %d", name, err, res, c.status)
			}
		}
		if open := w.b.Stats().Connections; open != 0 {
			t.Errorf("%d connections are left", open)
		}
	})
}

func TestLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, func(o *Options) { o.MaxPerWorker = 2; o.MaxHandshakes = 4 })
		token := w.token(agent)
		one := w.dial(agent, token, "")
		w.dial(agent, token, "")
		refused := func(why string) {
			t.Helper()
			if _, res, err := w.tryDial(agent, "?token="+token); err == nil || res.StatusCode != http.StatusTooManyRequests {
				t.Fatalf("%s: %v", why, err)
			}
		}
		refused("a third socket")
		_ = one.ws.NetConn().Close()
		eventually(t, "the end of a socket", func() bool { return len(w.b.sockets.all()) == 1 })
		w.dial(agent, token, "")
		refused("a fifth handshake")
		other := w.worker("other", "")
		w.dial(other, w.token(other), "")
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, func(o *Options) { o.MaxHandshakes = 100 })
		for name, c := range map[string]struct {
			do   func(c *client)
			want uint16
		}{
			"its key is gone": {func(*client) { w.b.Revoke(func(string) bool { return false }) }, statusPolicy},
			"too many frames": {func(c *client) {
				for range 2 * maxFrames {
					_ = c.ws.WriteString("x")
				}
			}, statusPolicy},
			"too large a frame": {func(c *client) { _ = c.ws.WriteString(fmt.Sprintf("%5000d", 1)) }, 1009},
		} {
			cl := w.ready(agent)
			c.do(cl)
			if got := cl.ended(); got != c.want {
				t.Errorf("%s: closed with %d, want %d", name, got, c.want)
			}
		}
		first := w.ready(agent)
		second := w.dial(agent, w.token(agent), "&closeExistingSessions=false")
		third, _, err := w.tryDial(agent, "?token="+w.token(agent)+"&closeExistingSessions=true")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*client{first, second} {
			if got := c.ended(); got != statusPolicy {
				t.Errorf("another session: closed with %d", got)
			}
		}
		third.next()
		short := w.token(agent, func(t *identity.Token) { t.ExpiresAt = time.Now().Add(5 * time.Second) })
		if got := w.dial(agent, short, "").start().ended(); got != statusPolicy {
			t.Errorf("the end of a token: closed with %d", got)
		}
	})
}

func TestAnEventThatIsMissedClosesTheSocket(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		c := w.ready(agent)
		v, err := w.tr.FetchWorker(t.Context(), account, workspace, agent)
		if err != nil {
			t.Fatal(err)
		}
		err = w.st.Update(t.Context(), func(tx *store.Tx) error { // as if another node had changed something, and its word were lost
			_, err := tx.Exec(`UPDATE tr_worker_seq SET feed = feed + 1 WHERE worker_id = $1`, v.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.move(agent, "Available")
		if got := c.ended(); got != statusTryAgain {
			t.Fatalf("closed with %d", got)
		}
		again := w.ready(agent)
		w.move(agent, "Break")
		if got := again.until("worker.activity.update"); got["activity_name"] != "Break" {
			t.Fatal(got)
		}
	})
}

func TestADeletedWorker(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		other := w.worker("other", "")
		c := w.ready(other)
		if err := w.tr.DeleteWorker(t.Context(), account, workspace, other, ""); err != nil {
			t.Fatal(err)
		}
		if got := c.ended(); got != statusPolicy {
			t.Fatalf("closed with %d", got)
		}
		c = w.ready(agent)
		if err := w.tr.DeleteWorkspace(t.Context(), account, workspace); err != nil {
			t.Fatal(err)
		}
		if got := c.ended(); got != statusPolicy {
			t.Fatalf("closed with %d when the workspace went", got)
		}
	})
}

func TestAWorkerWhoIsGoneIsTakenOffline(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, func(o *Options) { o.OfflineAfter = 200 * time.Millisecond })
		err := w.st.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO node (id, name, seen_at) VALUES (7, 'here', $1)`, tx.Now())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.b.Start(7)
		w.move(agent, "Available")
		now := func() string {
			v, err := w.tr.FetchWorker(t.Context(), account, workspace, agent)
			if err != nil {
				t.Fatal(err)
			}
			return v.Space.Activity(v.ActivityID).FriendlyName
		}
		const ask = "&setWorkerOfflineIfDisconnected=true"
		one, two := w.dial(agent, w.token(agent), ask).start(), w.dial(agent, w.token(agent), ask)
		_ = one.ws.NetConn().Close()
		w.dial(agent, w.token(agent), "")
		eventually(t, "the end of a socket", func() bool { return len(w.b.sockets.all()) == 2 })
		if err := w.tr.SweepAttended(t.Context(), 0); err != nil || now() != "Available" {
			t.Fatalf("%v: a worker with a second socket is %s", err, now())
		}
		_ = two.ws.NetConn().Close()
		eventually(t, "the default activity", func() bool { return now() == "Offline" })

		w.move(agent, "Available")
		w.dial(agent, w.token(agent), ask)
		err = w.st.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM node`); return err }) // it has died
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the default activity", func() bool { return now() == "Offline" })
	})
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := ReasonExpired; r <= ReasonMissed; r++ {
		if name := ReasonName(r); seen[name] || name == r.String() {
			t.Errorf("reason %d is called %q", r, name)
		} else {
			seen[name] = true
		}
	}
	if ReasonName(realtime.ReasonSlow) != "slow" {
		t.Error(ReasonName(realtime.ReasonSlow))
	}
}
