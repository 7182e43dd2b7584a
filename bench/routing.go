package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
	"parley/internal/taskrouter"
)

// The routing figures are measured in process, on a SQLite store with fsync, because what they are about lies between two commits.
// centre is the contact centre of all of them: 1,000 agents, of whom each has 2 of 20 skills with a level, a queue for each skill, and
// 5 workflows of 4 skills.
const (
	agents    = 1000
	skills    = 20
	flows     = 5
	agentWork = 30 // the capacity of an agent
)

type centre struct {
	*taskrouter.TaskRouter
	st                 *store.Store
	dispatcher         *taskrouter.Dispatcher
	account, workspace string
	available          string // activity
	workers, workflows []string
	close              func()

	mu       sync.Mutex
	reserved func(*taskrouter.ReservationView) // is told of each reservation after its commit
}

func openCentre(ctx context.Context) (c *centre, err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	engine, err := sqlite.Open(filepath.Join(dir, "parley.db"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, engine, store.Options{})
	if err != nil {
		return nil, err
	}
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		return nil, err
	}
	c = &centre{TaskRouter: taskrouter.New(st, codec, taskrouter.Options{}), st: st, account: core.NewSID("AC"), workspace: core.NewSID("WS")}
	c.dispatcher = taskrouter.NewDispatcher(c.TaskRouter, taskrouter.DispatcherOptions{Sole: true})
	st.OnCommit(c.committed)
	c.close = func() {
		_ = c.dispatcher.Stop(context.Background())
		_ = st.Close()
		_ = os.RemoveAll(dir)
	}
	err = st.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'bench', 'active', 'x', $2, $2)`, c.account, tx.Now())
		if err != nil {
			return err
		}
		return c.ProvisionTx(tx, taskrouter.Provision{AccountSID: c.account, WorkspaceSID: c.workspace, QueueSID: core.NewSID("WQ"),
			WorkflowSID: core.NewSID("WW"), WorkerSID: core.NewSID("WK"), WorkerName: "agent"})
	})
	if err == nil {
		err = c.hire(ctx)
	}
	if err == nil {
		err = c.dispatcher.Start(ctx)
	}
	if err != nil {
		c.close()
	}
	return c, err
}

// hire makes queues, workflows, and agents who are offline.
func (c *centre) hire(ctx context.Context) error {
	for s := range skills {
		members := fmt.Sprintf("routing.skills HAS 'skill%d' AND routing.levels.skill%d > 0", s, s)
		if _, err := c.CreateTaskQueue(ctx, c.account, c.workspace, taskrouter.NewTaskQueue{FriendlyName: fmt.Sprint("skill", s), TargetWorkers: &members}); err != nil {
			return err
		}
	}
	for f := range flows {
		document := ""
		for s := f; s < skills; s += flows {
			document += fmt.Sprintf(`{"filter_friendly_name":"skill %[1]d","expression":"skill == 'skill%[1]d'","targets":[
				{"queue":"skill%[1]d","expression":"worker.routing.levels.skill%[1]d >= task.level","order_by":"worker.routing.levels.skill%[1]d ASC","timeout":3600},
				{"queue":"skill%[1]d","priority":10}]},`, s)
		}
		w, err := c.CreateWorkflow(ctx, c.account, c.workspace, taskrouter.NewWorkflow{FriendlyName: fmt.Sprint("flow ", f), ReservationTimeout: 3600,
			Configuration: `{"task_routing":{"filters":[` + document[:len(document)-1] + `]}}`})
		if err != nil {
			return err
		}
		c.workflows = append(c.workflows, w.SID)
	}
	space, err := c.Space(ctx, c.account, c.workspace)
	if err != nil {
		return err
	}
	for _, a := range space.Activities {
		if a.FriendlyName == "Available" {
			c.available = a.SID
		}
	}
	c.workers = make([]string, agents)
	return spread(agents, 32, func(i int) error {
		a, b := i%skills, (i/skills+i)%skills
		w, err := c.CreateWorker(ctx, c.account, c.workspace, taskrouter.NewWorker{FriendlyName: fmt.Sprint("agent ", i), Attributes: fmt.Sprintf(
			`{"routing":{"skills":["skill%d","skill%d"],"levels":{"skill%d":%d,"skill%d":%d}},"contact_uri":"client:agent%d"}`, a, b, a, 1+i%7, b, 1+i%5, i)})
		if err != nil {
			return err
		}
		c.workers[i] = w.SID
		capacity := int64(agentWork)
		_, err = c.UpdateWorkerChannel(ctx, c.account, c.workspace, w.SID, "default", &capacity, nil)
		return err
	})
}

// spread calls fn for 0 to n-1 from so many goroutines.
func spread(n, goroutines int, fn func(i int) error) error {
	var g errgroup.Group
	var next atomic.Int64
	for range goroutines {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := fn(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (c *centre) committed(changes []any) {
	c.mu.Lock()
	tell := c.reserved
	c.mu.Unlock()
	for _, change := range changes {
		if s, ok := change.(taskrouter.Signal); ok && tell != nil && s.Type == "reservation.created" {
			tell(s.Reservation)
		}
	}
}

func (c *centre) onReserved(fn func(*taskrouter.ReservationView)) {
	c.mu.Lock()
	c.reserved = fn
	c.mu.Unlock()
}

// present makes all agents available.
func (c *centre) present(ctx context.Context) error {
	return spread(agents, 32, func(i int) error {
		_, err := c.UpdateWorker(ctx, c.account, c.workspace, c.workers[i], taskrouter.WorkerPatch{ActivitySID: &c.available}, "")
		return err
	})
}

// task makes the i-th task, with a time to live in seconds or 0 for the usual one.
func (c *centre) task(ctx context.Context, i int, ttl int64) (id int64, err error) {
	skill := i * 7 % skills
	n := taskrouter.NewTask{WorkflowSID: c.workflows[skill%flows], Attributes: fmt.Sprintf(`{"skill":"skill%d","level":%d,"customer":"c%d"}`, skill, 1+i%3, i)}
	if ttl > 0 {
		n.Timeout = &ttl
	}
	v, err := c.CreateTask(ctx, c.account, c.workspace, n)
	if err != nil {
		return 0, err
	}
	return v.ID, nil
}

// count reads a number.
func (c *centre) count(ctx context.Context, sql string, args ...any) (n int64, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error { return r.One(sql, args, &n) })
	return n, err
}

// until asks every few milliseconds until the number is reached.
func (c *centre) until(ctx context.Context, want int64, sql string, args ...any) error {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if n, err := c.count(ctx, sql, args...); err != nil || n >= want {
			return err
		}
	}
	return errors.New("not reached in two minutes: " + sql)
}

const taskRate = 500

// routeLatency makes tasks at a steady rate while agents are free.
func (b *bench) routeLatency() error {
	ctx := context.Background()
	var p50s, p99s, bare50s, bare99s []float64
	for range b.repeat {
		c, err := openCentre(ctx)
		if err != nil {
			return err
		}
		if err := c.present(ctx); err != nil {
			return err
		}
		var routed, bare hist
		var begun sync.Map // when the making of a task began, by a number in its attributes
		total := min(int(b.length.Seconds()*taskRate), agents*agentWork/8)
		var left sync.WaitGroup
		left.Add(total)
		c.onReserved(func(r *taskrouter.ReservationView) {
			if at, ok := begun.LoadAndDelete(r.Task.Attributes); ok {
				routed.add(time.Since(at.(time.Time)))
				left.Done()
			}
		})
		err = atRate(total, taskRate, func(i int) error {
			skill := i * 7 % skills
			attributes := fmt.Sprintf(`{"skill":"skill%d","level":1,"customer":"c%d"}`, skill, i)
			begun.Store(attributes, time.Now())
			_, err := c.CreateTask(ctx, c.account, c.workspace, taskrouter.NewTask{WorkflowSID: c.workflows[skill%flows], Attributes: attributes})
			return err
		})
		if err == nil {
			left.Wait()
			err = atRate(total, taskRate, func(i int) error {
				begin := time.Now()
				err := c.st.Update(ctx, func(tx *store.Tx) error {
					_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, 'x')`, fmt.Sprint("bench ", i))
					return err
				})
				bare.add(time.Since(begin))
				return err
			})
		}
		c.close()
		if err != nil {
			return err
		}
		p50s, p99s = append(p50s, millis(routed.quantile(.5))), append(p99s, millis(routed.quantile(.99)))
		bare50s, bare99s = append(bare50s, millis(bare.quantile(.5))), append(bare99s, millis(bare.quantile(.99)))
	}
	b.row("500 tasks/s, 1,000 agents free: making of a task → the agent is told, p50 / p99 (right: one bare commit)",
		ms(median(p50s))+" / "+ms(median(p99s)), ms(median(bare50s))+" / "+ms(median(bare99s)), median(p50s)/median(bare50s))
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }

// atRate calls fn n times at a rate, each call in a goroutine of its own.
func atRate(n, perSecond int, fn func(i int) error) error {
	var g errgroup.Group
	begin := time.Now()
	for i := range n {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
		g.Go(func() error { return fn(i) })
	}
	return g.Wait()
}

const backlog = 10_000

// routeBacklog lets all agents come while 10,000 tasks wait, which they take at once.
func (b *bench) routeBacklog() error {
	ctx := context.Background()
	var made, routed []float64
	var faults int64
	for range b.repeat {
		c, err := openCentre(ctx)
		if err != nil {
			return err
		}
		begin := time.Now()
		err = spread(backlog, 32, func(i int) error { _, err := c.task(ctx, i, 0); return err })
		made = append(made, backlog/time.Since(begin).Seconds())
		if err == nil {
			err = c.until(ctx, 0, `SELECT -COUNT(*) FROM tr_change`)
		}
		begin = time.Now()
		if err == nil {
			err = c.takeAll(ctx)
		}
		routed = append(routed, time.Since(begin).Seconds())
		if err == nil {
			var n int64
			n, err = c.count(ctx, `SELECT (SELECT COUNT(*) FROM tr_worker_channel WHERE held > capacity) +
				(SELECT COUNT(*) FROM (SELECT task_id FROM tr_reservation WHERE status = 'accepted' GROUP BY task_id HAVING COUNT(*) > 1) AS twice)`)
			faults += n
		}
		c.close()
		if err != nil {
			return err
		}
	}
	b.row("10,000 tasks wait, 1,000 agents become available and accept: until all are assigned (right: tasks made)",
		fmt.Sprintf("%.1f s, %d faults", median(routed), faults), fmt.Sprintf("%.0f/s", median(made)), 0)
	return nil
}

// takeAll makes all agents available, who accept what they are offered, and returns when the last acceptance is committed.
func (c *centre) takeAll(ctx context.Context) error {
	offers := make(chan *taskrouter.ReservationView, backlog)
	c.onReserved(func(r *taskrouter.ReservationView) { offers <- r })
	defer c.onReserved(nil)
	accepted := taskrouter.ReservationAccepted
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range 32 {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case r, more := <-offers:
					if !more {
						return nil
					}
					ref := taskrouter.ReservationRef{WorkerSID: r.WorkerSID, SID: c.ReservationSID(r.Reservation.ID)}
					if _, err := c.UpdateReservation(ctx, c.account, c.workspace, ref, taskrouter.ReservationPatch{Status: &accepted}, ""); err != nil {
						return err
					}
					if taken.Add(1) == backlog {
						close(offers) // each task was offered once
					}
				}
			}
		})
	}
	g.Go(func() error { return c.present(ctx) })
	return g.Wait()
}

const (
	pending = 100_000
	timers  = 2000 // of these tasks end while it is measured
)

// routeTimers lets tasks' time end, evenly over some seconds, while 100,000 wait.
func (b *bench) routeTimers() error {
	ctx := context.Background()
	c, err := openCentre(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := spread(pending, 64, func(i int) error { _, err := c.task(ctx, i, 0); return err }); err != nil {
		return err
	}
	if err := c.until(ctx, 0, `SELECT -COUNT(*) FROM tr_change`); err != nil {
		return err
	}
	if err := atRate(timers, timers/10, func(i int) error { _, err := c.task(ctx, i, 12); return err }); err != nil {
		return err
	}
	if err := c.until(ctx, timers, `SELECT COUNT(*) FROM tr_task WHERE status = 'canceled'`); err != nil {
		return err
	}
	var late hist
	err = c.st.View(ctx, func(r *store.Reader) error {
		return r.Query(`SELECT e.at - t.created_at - t.timeout * 1000000 FROM tr_event e JOIN tr_task t ON t.id = e.task_id WHERE e.type = 'task.canceled'`, nil,
			func(scan func(...any) error) error {
				var us int64
				err := scan(&us)
				late.add(time.Duration(us) * time.Microsecond)
				return err
			})
	})
	if err != nil {
		return err
	}
	b.row("a task's time ends while 100,000 wait, 200/s: lateness, p50 / p99 / most", fmt.Sprintf("%s / %s / %s", ms(millis(late.quantile(.5))), ms(millis(late.quantile(.99))),
		ms(millis(late.quantile(1)))), "–", 0)
	return nil
}
