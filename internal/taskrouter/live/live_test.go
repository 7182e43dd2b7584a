package live_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"parley/internal/bus"
	"parley/internal/bus/local"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live"
)

// client holds what a query matches as a desktop does: by what it is told.
type client struct {
	t     testing.TB
	about live.Subject

	mu    sync.Mutex
	items map[string]string
	last  int64
	gone  bool
}

// Closed implements live.Owner.
func (c *client) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

func (c *client) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
}

func (c *client) take(changes []live.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range changes {
		if x.Rev <= c.last && !c.gone {
			c.t.Errorf("%v: event %d after %d", c.about, x.Rev, c.last)
		}
		c.last = x.Rev
		if x.Removed {
			delete(c.items, x.Key)
		} else {
			c.items[x.Key] = string(x.Data)
		}
	}
}

func (c *client) shown() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.items)
}

// watch opens a query and follows it.
func (n *node) watch(index, query string) *client {
	n.Helper()
	c := &client{t: n, about: live.Subject{Index: index, Query: query}, items: map[string]string{}}
	answer, err := n.l.Open(n.Context(), n.at(), c.about)
	n.must(err)
	for _, item := range answer.Items {
		c.items[item.Key] = string(item.Data)
	}
	c.last = answer.Last
	n.must(n.l.Watch(n.Context(), n.at(), c.about, live.Watch{Owner: c, SID: "QR1", Worker: n.agent, Granted: true, Tell: c.take}, c.last, func(missed live.Replay) { c.take(missed.Changes) }))
	return c
}

// keys are the keys that a query matches now.
func (n *node) keys(about live.Subject) map[string]string {
	n.Helper()
	answer, err := n.l.Query(n.Context(), n.at(), about)
	n.must(err)
	found := map[string]string{}
	for _, item := range answer.Items {
		found[item.Key] = string(item.Data)
	}
	return found
}

// settles waits until clients show what is true.
func (n *node) settles(clients ...*client) {
	n.Helper()
	for _, c := range clients {
		n.eventually(func() string {
			if got, want := c.shown(), n.keys(c.about); !sameBut(got, want) {
				return fmt.Sprintf("%v shows %v, not %v", c.about, got, want)
			}
			return ""
		})
	}
}

// sameBut compares rows; the age of tasks moves by itself.
func sameBut(got, want map[string]string) bool {
	cut := func(s string) string {
		if i := len(s) - 20; i > 0 {
			for j := i; j < len(s); j++ {
				if s[j:min(j+11, len(s))] == `"task_age":` {
					return s[:j]
				}
			}
		}
		return s
	}
	if len(got) != len(want) {
		return false
	}
	for k, v := range want {
		if cut(got[k]) != cut(v) {
			return false
		}
	}
	return true
}

var quick = live.Options{Coalesce: 5 * time.Millisecond, CheckEvery: 10 * time.Minute}

// TestReservations follows the rows of the Teams view through the life of a task.
func TestReservations(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		n := newWorld(t).node(open(), nil, true, quick)
		const ended = `data.status not_in ["completed", "canceled", "rescinded", "rejected", "timeout"]`
		mine := n.watch(live.Reservations, `data.worker_sid == "`+n.agent+`" && (`+ended+`)`)
		all := n.watch(live.Reservations, "")
		nobody := n.watch(live.Reservations, `data.worker_sid == "WKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" && (`+ended+`)`)
		n.move(n.agent, "Available")
		task := n.task("chat", 3)
		reservation := n.offered(task)
		n.settles(mine, all, nobody)
		if len(mine.shown()) != 1 || len(nobody.shown()) != 0 {
			t.Errorf("the offer shows as %v and %v", mine.shown(), nobody.shown())
		}
		chosen := n.watch(live.Reservations, `data.worker_sid == "`+n.agent+`" && (`+ended+`) OR data.reservation_sid=="`+reservation+`"`)
		for _, status := range []string{taskrouter.ReservationAccepted, taskrouter.ReservationWrapping, taskrouter.ReservationCompleted} {
			n.answer(task, reservation, status)
			n.settles(mine, all, chosen)
		}
		if len(mine.shown())+len(all.shown()) != 0 || len(chosen.shown()) != 1 {
			t.Errorf("after its end it shows as %v, %v and %v", mine.shown(), all.shown(), chosen.shown())
		}
	})
}

// TestConfiguration changes what rows are named after.
func TestConfiguration(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		n := newWorld(t).node(open(), nil, true, quick)
		workers, queues, idle := n.watch(live.Workers, ""), n.watch(live.Queues, ""), n.watch(live.Workers, `data.activity_name == "Asleep"`)
		name := "Asleep"
		_, err := n.tr.UpdateActivity(t.Context(), n.account, n.workspace, n.activity("Offline"), taskrouter.ActivityPatch{FriendlyName: &name})
		n.must(err)
		_, err = n.tr.UpdateTaskQueue(t.Context(), n.account, n.workspace, n.queue, taskrouter.TaskQueuePatch{FriendlyName: &name})
		n.must(err)
		n.settles(workers, queues, idle)
		if len(idle.shown()) != 1 {
			t.Errorf("the renamed activity shows %v", idle.shown())
		}
		sid := n.worker("bob", `{}`, "Asleep")
		n.settles(workers, idle)
		n.must(n.tr.DeleteWorker(t.Context(), n.account, n.workspace, sid, ""))
		n.settles(workers, idle)
		n.must(n.tr.DeleteWorker(t.Context(), n.account, n.workspace, n.agent, ""))
		n.settles(workers, idle)
	})
}

// deaf is a bus that loses all that is sent.
type deaf struct{ bus.Bus }

func (deaf) Publish(string, []byte) error { return nil }

// TestRandom compares watchers on two nodes with the truth while everything changes; without its bus the second node depends on its checks.
func TestRandom(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		t.Run(fmt.Sprint("lossy ", lossy), func(t *testing.T) {
			storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
				w, exchange := newWorld(t), local.NewExchange()
				var b bus.Bus = exchange.Endpoint()
				o := quick
				if lossy {
					b, o.CheckEvery = deaf{b}, 50*time.Millisecond
				}
				e := open()
				here, there := w.node(e, b, true, quick), w.node(open(), exchange.Endpoint(), false, o)
				var clients []*client
				for _, n := range []*node{here, there} {
					for _, query := range []string{``, `data.activity_name IN ["Available", "Break"]`, `data.attributes.n != 1`, `data.worker_sid == "` + w.agent + `"`} {
						clients = append(clients, n.watch(live.Workers, query))
					}
					clients = append(clients, n.watch(live.Reservations, ""))
				}
				random := rand.New(rand.NewPCG(1, 2))
				workers := []string{w.agent}
				for i := range 60 {
					sid := workers[random.IntN(len(workers))]
					switch random.IntN(4) {
					case 0:
						workers = append(workers, here.worker(fmt.Sprint("w", i), fmt.Sprintf(`{"n":%d}`, i%3), "Offline"))
					case 1:
						attributes := fmt.Sprintf(`{"n":%d}`, i%3)
						_, err := here.tr.UpdateWorker(t.Context(), w.account, w.workspace, sid, taskrouter.WorkerPatch{Attributes: &attributes}, "")
						w.must(err)
					case 2:
						here.task("chat", 0)
					default:
						here.move(sid, []string{"Available", "Break", "Offline"}[random.IntN(3)])
					}
				}
				for i, c := range clients {
					[]*node{here, there}[i/5].settles(c)
				}
			})
		})
	}
}

// TestLeaving checks that nothing is read for those who are gone.
func TestLeaving(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		n := newWorld(t).node(open(), nil, true, live.Options{Coalesce: time.Millisecond, CheckEvery: 10 * time.Millisecond, Linger: time.Nanosecond})
		c := n.watch(live.Workers, "")
		if s := n.l.Stats(); s.Floors != 1 || s.Sets != 1 || s.Watches != 1 {
			t.Errorf("with one watcher: %+v", s)
		}
		c.leave()
		n.eventually(func() string {
			if s := n.l.Stats(); s.Floors+s.Sets+s.Watches != 0 {
				return fmt.Sprintf("after it has left: %+v", s)
			}
			return ""
		})
		n.watch(live.Workers, "")

		// A worker who is deleted watches no more.
		n.must(n.tr.DeleteWorker(t.Context(), n.account, n.workspace, n.agent, ""))
		n.eventually(func() string {
			if s := n.l.Stats(); s.Watches != 0 {
				return fmt.Sprintf("after its worker was deleted: %+v", s)
			}
			return ""
		})
	})
}
