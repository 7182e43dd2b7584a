package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/internal/httpapi"
	"parley/internal/jobs"
	"parley/internal/proxy"
	"parley/internal/realtime"
	"parley/internal/taskrouter/bridge"
	"parley/internal/twilsock"
	"parley/internal/webhook"
)

// metrics are the figures at /metrics. Every label takes its values from the program, never from a request, so that their
// number is bounded.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	relay    *prometheus.CounterVec
	store    *storeMetrics
}

// storeMetrics are the figures of the store.
type storeMetrics struct{ writes, reads, units, batches prometheus.Histogram }

// batch is told of each commit that units shared.
func (m *storeMetrics) batch(units int, took time.Duration) {
	m.units.Observe(float64(units))
	m.batches.Observe(took.Seconds())
}

func newStoreMetrics() *storeMetrics {
	seconds := []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	}
	return &storeMetrics{
		writes:  histogram("parley_store_write_seconds", "Time of a transaction, from asking for it until it is durable.", seconds),
		reads:   histogram("parley_store_read_seconds", "Time of a read of a snapshot.", seconds),
		units:   histogram("parley_store_batch_units", "Transactions that shared a commit of the embedded store.", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}),
		batches: histogram("parley_store_batch_seconds", "Time of a commit of the embedded store with all its transactions.", seconds),
	}
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_request_seconds", Help: "Time to answer a request, by product, route, method and class of status. Product socket: tunnelled through a chat socket.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"product", "route", "method", "status"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_webhook_seconds", Help: "Time of a call to a webhook's receiver, by kind (event, or question: a pre-event) and outcome (ok, retry, final).",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"kind", "outcome"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_requests_refused_total", Help: "Requests over key-rate or identity-rate, by what was counted: key or identity.",
		}, []string{"kind"}),
		relay: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_proxy_messages_total", Help: "Messages of people outside, by direction (in: from a transport; out: to one) and what became of them; retried counts attempts.",
		}, []string{"direction", "outcome"}),
		store: newStoreMetrics(),
	}
	for direction, outcomes := range proxy.Outcomes() {
		for _, o := range outcomes {
			m.relay.WithLabelValues(direction, o)
		}
	}
	for _, kind := range []string{httpapi.KindKey, httpapi.KindIdentity} {
		m.refused.WithLabelValues(kind)
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "parley_build_info", Help: "Always 1; the label is the version.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.calls, m.refused, m.relay, m.store.writes, m.store.reads, m.store.units, m.store.batches, info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe is the router's Observe.
func (m *metrics) observe(product, pattern string, status int, took time.Duration) {
	method, route, _ := strings.Cut(pattern, " ")
	m.requests.WithLabelValues(product, route, method, classes[min(max(status/100, 0), len(classes)-1)]).Observe(took.Seconds())
}

// called is told of each call to a webhook's receiver.
func (m *metrics) called(question bool, outcome webhook.Outcome, took time.Duration) {
	kind := "event"
	if question {
		kind = "question"
	}
	m.calls.WithLabelValues(kind, outcome.String()).Observe(took.Seconds())
}

// refuse is the router's Refused.
func (m *metrics) refuse(kind string) { m.refused.WithLabelValues(kind).Inc() }

// relayed is told of each message that Proxy brings on, or does not.
func (m *metrics) relayed(direction, outcome string) {
	m.relay.WithLabelValues(direction, outcome).Inc()
}

var classes = [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// watch adds the figures of the parts, which are read when they are asked for.
func (m *metrics) watch(s *Server) {
	for _, f := range []struct {
		name, help string
		read       func() float64
	}{
		{"parley_sockets", "Chat sockets open on this node.", func() float64 { return float64(s.sockets.Open()) }},
		{"parley_webhook_hosts_down", "Hosts of webhook receivers that are taken for down; this node spaces its calls to them out.", func() float64 { return float64(s.deliveries.Down()) }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: f.name, Help: f.help}, f.read))
	}
	m.registry.MustRegister(
		&hubCollector{"parley_realtime_", s.hub.Stats, twilsock.ReasonName, twilsock.ReasonProtocol, twilsock.ReasonRefused},
		&hubCollector{"parley_workers_", s.bridge.Stats, bridge.ReasonName, bridge.ReasonExpired, bridge.ReasonMissed},
		&jobsCollector{s.jobs, s.log},
		studioCollector{s.studio.Stats})
}

// figure describes one metric of a collector.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue}
}

func gauge(name, help string) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue}
}

func (f figure) send(ch chan<- prometheus.Metric, v float64) {
	ch <- prometheus.MustNewConstMetric(f.desc, f.kind, v)
}

// hubCollector reads the figures of a hub at one moment: that of chat, or that of workers.
type hubCollector struct {
	prefix      string
	stats       func() realtime.Stats
	reason      func(realtime.Reason) string
	first, last realtime.Reason // of the reasons that are the hub's user's own
}

// Describe implements prometheus.Collector; what is not described is not checked for doubles, and there are none.
func (*hubCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *hubCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.stats()
	gauge(c.prefix+"connections", "Connections of verified clients.").send(ch, float64(st.Connections))
	gauge(c.prefix+"feeds", "Objects that somebody here watches.").send(ch, float64(st.Feeds))
	gauge(c.prefix+"subscriptions", "Pairs of a connection and an object it watches.").send(ch, float64(st.Subscriptions))
	counter(c.prefix+"frames_total", "Frames written to clients.").send(ch, float64(st.Frames))
	counter(c.prefix+"bytes_total", "Bytes written to clients.").send(ch, float64(st.Bytes))
	counter(c.prefix+"writes_total", "Writes to connections; frames over writes tells how well they are gathered.").send(ch, float64(st.Writes))
	counter(c.prefix+"replaced_total", "State frames that a newer one replaced before they were written.").send(ch, float64(st.Replaced))
	counter(c.prefix+"replays_total", "Positions answered to subscribers.").send(ch, float64(st.Replays))
	counter(c.prefix+"gap_fills_total", "Objects whose missing events were read from the store.").send(ch, float64(st.GapFills))
	counter(c.prefix+"checks_total", "Positions compared with the store.").send(ch, float64(st.Checks))
	counter(c.prefix+"source_errors_total", "Failed background reads of the store.").send(ch, float64(st.SourceErrs))
	counter(c.prefix+"bus_errors_total", "Messages that the bus refused or that made no sense.").send(ch, float64(st.BusErrs))
	closed := prometheus.NewDesc(c.prefix+"closed_total", "Closed connections by reason.", []string{"reason"}, nil)
	for i, n := range st.Closed {
		r := realtime.Reason(i)
		if n == 0 && r > realtime.ReasonShutdown && (r < c.first || r > c.last) {
			continue // nobody's
		}
		ch <- prometheus.MustNewConstMetric(closed, prometheus.CounterValue, float64(n), c.reason(r))
	}
}

// jobsCollector reads the figures of the queue, which is the whole cluster's, and of this node's part in it.
type jobsCollector struct {
	jobs *jobs.Runner
	log  *slog.Logger
}

// Describe implements prometheus.Collector, see hubCollector.
func (*jobsCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *jobsCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	st, err := c.jobs.Stats(ctx)
	if err != nil {
		c.log.Warn("the figures of the queue could not be read", "error", err)
		return
	}
	gauge("parley_jobs_running", "Jobs in work on this node.").send(ch, float64(st.Running))
	gauge("parley_jobs_due", "Jobs ready and waiting, at most 10,000 are counted.").send(ch, float64(st.Due))
	gauge("parley_jobs_dead", "Dead letters, at most 10,000 are counted.").send(ch, float64(st.Dead))
	gauge("parley_jobs_oldest_due_seconds", "How long the first of the due jobs waits.").send(ch, st.OldestDue.Seconds())
	counter("parley_jobs_completed_total", "Jobs that this node completed.").send(ch, float64(st.Completed))
	counter("parley_jobs_failed_total", "Attempts that failed and are made again.").send(ch, float64(st.Failed))
	counter("parley_jobs_given_up_total", "Dead letters that this node made.").send(ch, float64(st.GaveUp))
	counter("parley_jobs_lost_total", "Jobs whose lease this node lost.").send(ch, float64(st.Lost))
}
