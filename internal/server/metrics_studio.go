package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/studio"
)

// studioCollector reads the figures of this node's part in Studio.
type studioCollector struct{ stats func() studio.Stats }

// Describe implements prometheus.Collector, see hubCollector.
func (studioCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c studioCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.stats()
	counter("parley_studio_executions_started_total", "Executions of flows that began on this node.").send(ch, float64(st.Started))
	counter("parley_studio_executions_ended_total", "Executions of flows that ended on this node.").send(ch, float64(st.Ended))
	counter("parley_studio_steps_total", "Steps of flows.").send(ch, float64(st.Steps))
	counter("parley_studio_warnings_total", "Warnings of executions, which the customer does not see.").send(ch, float64(st.Warnings))
	requests := prometheus.NewDesc("parley_studio_requests_total", "Requests of flows to other servers by outcome: ok (2xx), failed (any other status), unanswered.", []string{"outcome"}, nil)
	for outcome, n := range map[string]uint64{"ok": st.CallsOK, "failed": st.CallsFailed, "unanswered": st.CallsUnanswered} {
		ch <- prometheus.MustNewConstMetric(requests, prometheus.CounterValue, float64(n), outcome)
	}
}
