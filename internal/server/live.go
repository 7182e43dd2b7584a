package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/taskrouter/live"
)

// openLive makes what supervisors watch: live queries and numbers.
func (s *Server) openLive() {
	s.live = live.New(live.Options{Store: s.store, TaskRouter: s.tasks, Bus: s.bus, Log: s.log, ServiceLevel: s.config.ServiceLevel})
	s.later("live queries", s.live.Stop)
	s.metrics.registry.MustRegister(&liveCollector{s.live})
}

// liveCollector reads the figures of live queries.
type liveCollector struct{ live *live.Live }

// Describe implements prometheus.Collector, see hubCollector.
func (*liveCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *liveCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.live.Stats()
	gauge("parley_live_workspaces", "Workspaces that somebody here watches.").send(ch, float64(st.Floors))
	gauge("parley_live_queries", "Different live queries and maps of numbers that are kept up.").send(ch, float64(st.Sets))
	gauge("parley_live_watches", "Pairs of a connection and a query or map that it watches.").send(ch, float64(st.Watches))
	counter("parley_live_answers_total", "Queries answered.").send(ch, float64(st.Queries))
	counter("parley_live_turns_total", "Looks at what changed in a workspace.").send(ch, float64(st.Turns))
	counter("parley_live_counts_total", "Counts of the numbers of a workspace.").send(ch, float64(st.Counts))
	counter("parley_live_changes_total", "Sets of changes told to watchers.").send(ch, float64(st.Changes))
	counter("parley_live_errors_total", "Failed reads of the store.").send(ch, float64(st.Errors))
	counter("parley_live_bus_errors_total", "Messages that the bus refused or that made no sense.").send(ch, float64(st.BusErrors))
}
