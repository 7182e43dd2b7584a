// Command bench measures Parley through its real socket protocol on loopback, in one run beside the floor (bench/floor), and prints
// the table that docs/benchmarks.md keeps. The load shapes are those by which rivals were measured: 128-byte bodies, 50 rooms of two at
// 200 messages/s, one or eight outstanding messages a room, one sender and 1,000 subscribers, idle connections. How tasks are routed is
// measured inside its own process.
//
//	go run ./bench [-only lat,max1] [-repeat 3] [-seconds 10]
//
// Each figure is the median of -repeat runs, taken in turn with the floor's. Everything is bounded and ends by itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

type bench struct {
	dir, parley, floor string
	repeat             int
	length             time.Duration
	rows               []string
}

func main() {
	only := flag.String("only", "", "names of the measurements to run, with commas; all by default")
	repeat := flag.Int("repeat", 3, "runs of each, of which the median counts")
	seconds := flag.Int("seconds", 10, "length of a run")
	flag.Parse()
	if err := run(*only, *repeat, time.Duration(*seconds)*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(only string, repeat int, length time.Duration) error {
	dir, err := os.MkdirTemp("", "parley-bench-bin-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, repeat: repeat, length: length}
	if b.parley, err = build(dir, "parley", "./cmd/parley"); err != nil {
		return err
	}
	if b.floor, err = build(dir, "floor", "./bench/floor"); err != nil {
		return err
	}
	for _, m := range []struct {
		name string
		run  func() error
	}{
		{"lat", b.latency}, {"max1", b.max1}, {"max8", b.max8}, {"postgres", b.postgres}, {"fan", b.fanQuiet}, {"fanmax", b.fanMax},
		{"idle", b.idle}, {"cold", b.coldStart}, {"engage", b.engage}, {"rest", b.rest}, {"start", b.starts},
		{"route", b.routeLatency}, {"backlog", b.routeBacklog}, {"timers", b.routeTimers}, {"match", b.match}, {"webhooks", b.webhooks}, {"studio", b.studio},
	} {
		if only != "" && !strings.Contains(","+only+",", ","+m.name+",") {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s %s …\n", time.Now().Format(time.TimeOnly), m.name)
		if err := m.run(); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	fmt.Printf("\n%s, %d processors, Go %s, median of %d runs of %v\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), repeat, length)
	fmt.Println("| figure | Parley | floor | ratio |\n|---|---|---|---|")
	for _, r := range b.rows {
		fmt.Println(r)
	}
	return nil
}

func (b *bench) row(figure, parley, floor string, ratio float64) {
	text := "–"
	if ratio > 0 {
		text = fmt.Sprintf("%.2f", ratio)
	}
	b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %s |", figure, parley, floor, text))
	fmt.Fprintln(os.Stderr, "   ", b.rows[len(b.rows)-1])
}

// sides runs a load on Parley and on the floor in turn and returns the medians by a figure.
func (b *bench) sides(rooms, size int, load func(*process, []*room) result) (ours, theirs samples, err error) {
	for range b.repeat {
		p, err := startParley(b.parley, "")
		if err != nil {
			return nil, nil, err
		}
		if err := ours.take(p, p.process, rooms, size, load); err != nil {
			return nil, nil, err
		}
		f, err := startFloor(b.floor)
		if err != nil {
			return nil, nil, err
		}
		if err := theirs.take(f, f.process, rooms, size, load); err != nil {
			return nil, nil, err
		}
	}
	return ours, theirs, nil
}

// samples are the results of one side.
type samples []result

func (s *samples) take(t target, p *process, rooms, size int, load func(*process, []*room) result) error {
	defer p.stop()
	made, err := t.rooms(rooms, size)
	if err != nil {
		return err
	}
	res := load(p, made)
	leave(made)
	if res.lost > 0 {
		return fmt.Errorf("%d messages were never completed", res.lost)
	}
	*s = append(*s, res)
	return nil
}

func (s samples) median(f func(result) float64) float64 {
	v := make([]float64, len(s))
	for i, r := range s {
		v[i] = f(r)
	}
	return median(v)
}

func ms(r float64) string { return fmt.Sprintf("%.2f ms", r) }

func p50(r result) float64     { return float64(r.p50) / 1e6 }
func p99(r result) float64     { return float64(r.p99) / 1e6 }
func rate(r result) float64    { return r.rate }
func fanout(r result) float64  { return r.deliveries }
func cpu(r result) float64     { return float64(r.cpuMessage) / 1e3 }
func cpuEach(r result) float64 { return float64(r.cpuDelivery) / 1e3 }

func (s samples) latency() string {
	return fmt.Sprintf("%s / %s", ms(s.median(p50)), ms(s.median(p99)))
}

func (s samples) throughput() string {
	return fmt.Sprintf("%.0f/s, p99 %s, %.0f µs CPU each", s.median(rate), ms(s.median(p99)), s.median(cpu))
}

func (b *bench) latency() error {
	ours, floor, err := b.sides(50, 2, func(p *process, rooms []*room) result { return paced(p, rooms, 200, b.length) })
	if err == nil {
		b.row("200 sends/s over 50 rooms: send → other member, p50 / p99", ours.latency(), floor.latency(), ours.median(p50)/floor.median(p50))
	}
	return err
}

func (b *bench) closedLoop(name string, rooms, window int) error {
	ours, floor, err := b.sides(rooms, 2, func(p *process, rooms []*room) result { return closed(p, rooms, window, b.length) })
	if err == nil {
		b.row(name, ours.throughput(), floor.throughput(), ours.median(rate)/floor.median(rate))
	}
	return err
}

func (b *bench) max1() error { return b.closedLoop("50 rooms of 2, one outstanding each", 50, 1) }
func (b *bench) max8() error { return b.closedLoop("100 rooms of 2, 8 outstanding each", 100, 8) }

// postgres measures the same load as max1 on PostgreSQL and on SQLite in turn.
func (b *bench) postgres() error {
	var pg, lite samples
	load := func(p *process, rooms []*room) result { return closed(p, rooms, 1, b.length) }
	for range b.repeat {
		database, drop, err := freshDatabase()
		if err != nil {
			return err
		}
		p, err := startParley(b.parley, database)
		if err == nil {
			err = pg.take(p, p.process, 50, 2, load)
		}
		drop()
		if err != nil {
			return err
		}
		if p, err = startParley(b.parley, ""); err != nil {
			return err
		}
		if err := lite.take(p, p.process, 50, 2, load); err != nil {
			return err
		}
	}
	b.row("50 rooms of 2 on PostgreSQL (right: Parley on SQLite)", pg.throughput(), lite.throughput(), pg.median(rate)/lite.median(rate))
	return nil
}

func freshDatabase() (address string, drop func(), err error) {
	admin := os.Getenv("PARLEY_TEST_POSTGRES")
	if admin == "" {
		admin = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", nil, err
	}
	name := fmt.Sprintf("parley_bench_%d", time.Now().UnixNano())
	exec := func(sql string) error {
		c, err := pgx.Connect(context.Background(), admin)
		if err != nil {
			return err
		}
		defer c.Close(context.Background())
		_, err = c.Exec(context.Background(), sql)
		return err
	}
	if err := exec("CREATE DATABASE " + name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() {
		if err := exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, "bench: the database", name, "is left over:", err)
		}
	}, nil
}

const subscribers = 1000

func (b *bench) fanQuiet() error {
	ours, floor, err := b.sides(1, subscribers, func(p *process, rooms []*room) result { return paced(p, rooms, 10, b.length) })
	if err == nil {
		b.row("one sender, 1,000 subscribers, 10 messages/s: p50 / p99", ours.latency(), floor.latency(), ours.median(p99)/floor.median(p99))
	}
	return err
}

func (b *bench) fanMax() error {
	for _, window := range []int{2, 8} {
		ours, floor, err := b.sides(1, subscribers, func(p *process, rooms []*room) result { return closed(p, rooms, window, b.length) })
		if err != nil {
			return err
		}
		show := func(s samples) string {
			return fmt.Sprintf("%.0f deliveries/s, p99 %s, %.1f µs CPU each", s.median(fanout), ms(s.median(p99)), s.median(cpuEach))
		}
		b.row(fmt.Sprintf("one sender, 1,000 subscribers, %d outstanding", window), show(ours), show(floor), ours.median(fanout)/floor.median(fanout))
	}
	return nil
}

// idleConnections is how many joined connections the memory is divided by.
const idleConnections = 10_000

func (b *bench) idle() error {
	p, err := startParley(b.parley, "")
	if err != nil {
		return err
	}
	defer p.stop()
	warm, err := p.rooms(10, 2) // what the first connections bring up is not theirs
	if err != nil {
		return err
	}
	before := p.rss()
	rooms, err := p.rooms(idleConnections/2, 2)
	if err != nil {
		return err
	}
	time.Sleep(5 * time.Second)
	each := float64(p.rss()-before) / idleConnections / 1024
	b.row("memory of an idle, joined connection, 10,000 of them (resident)", fmt.Sprintf("%.1f KiB", each), "–", 0)
	leave(rooms)
	leave(warm)
	return nil
}

// coldStart does what the SDK does for a user with 50 joined channels (chat-sdk-protocol §4.1).
func (b *bench) coldStart() error {
	p, err := startParley(b.parley, "")
	if err != nil {
		return err
	}
	defer p.stop()
	service := "/chat/v2/Services/" + p.creds.ChatServiceSID
	var paths []string
	for range 50 {
		sid, err := p.post(service+"/Channels", url.Values{"Type": {"private"}})
		if err != nil {
			return err
		}
		if _, err := p.post(service+"/Channels/"+sid+"/Members", url.Values{"Identity": {"returning"}}); err != nil {
			return err
		}
		paths = append(paths, "/v3/Documents/"+sid+".channel", "/v3/Lists/"+sid+".messages", "/v3/Maps/"+sid+".roster")
	}
	var times []float64
	for range b.repeat * 5 {
		begin := time.Now()
		c, err := p.login("returning")
		if err != nil {
			return err
		}
		if _, err := c.get("/Client/v1/Configuration"); err != nil {
			return err
		}
		if err := c.subscribe(paths...); err != nil {
			return err
		}
		times = append(times, float64(time.Since(begin))/1e6)
		_ = c.Close()
	}
	b.row("cold start with 50 joined channels: 152 requests one after another, 150 subscriptions in one", ms(median(times)), "–", 0)
	return nil
}

// engage makes Flex Channels by 32 keep-alive clients.
func (b *bench) engage() error {
	var rates, tails []float64
	for range b.repeat {
		p, err := startParley(b.parley, "")
		if err != nil {
			return err
		}
		var h hist
		var n atomic.Int64
		end := time.Now().Add(b.length)
		var g errgroup.Group
		for client := range 32 {
			g.Go(func() error {
				for i := 0; time.Now().Before(end); i++ {
					begin := time.Now()
					who := fmt.Sprintf("customer-%d-%d", client, i)
					if _, err := p.post("/flex-api/v1/Channels", url.Values{"FlexFlowSid": {p.creds.FlexFlowSID}, "Identity": {who},
						"ChatUserFriendlyName": {who}, "ChatFriendlyName": {"chat of " + who}}); err != nil {
						return err
					}
					h.add(time.Since(begin))
					n.Add(1)
				}
				return nil
			})
		}
		err = g.Wait()
		p.stop()
		if err != nil {
			return err
		}
		rates, tails = append(rates, float64(n.Load())/b.length.Seconds()), append(tails, float64(h.quantile(.99))/1e6)
	}
	b.row("POST flex-api/v1/Channels, 32 keep-alive clients", fmt.Sprintf("%.0f/s, p99 %s", median(rates), ms(median(tails))), "–", 0)
	return nil
}

// starts measures the time from the start of the process to its first answer, on a new store and on an old one.
func (b *bench) starts() error {
	var fresh, warm, memory []float64
	for range b.repeat * 3 {
		p, err := startParley(b.parley, "")
		if err != nil {
			return err
		}
		fresh = append(fresh, float64(p.took)/1e6)
		p.halt()
		if err := p.run("/readyz", b.parley, "serve", "--listen", "{addr}", "--data", "{dir}", "--log-level", "warn"); err != nil {
			return err
		}
		warm = append(warm, float64(p.took)/1e6)
		time.Sleep(500 * time.Millisecond)
		memory = append(memory, float64(p.rss())/(1<<20))
		p.stop()
	}
	b.row("process start → first answer: new store / existing store / resident", fmt.Sprintf("%s / %s / %.0f MiB", ms(median(fresh)), ms(median(warm)), median(memory)), "–", 0)
	return nil
}
