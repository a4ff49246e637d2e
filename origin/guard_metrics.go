package origin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/liverelay/liverelay/origin/egress"
)

// guardCollector reads the guard's figures when Prometheus asks.
type guardCollector struct {
	guard                  *guard
	refused, ended, budget *prometheus.Desc
}

func newGuardCollector(g *guard) *guardCollector {
	return &guardCollector{
		guard: g,
		refused: prometheus.NewDesc("liverelay_egress_refused_requests_total",
			"Requests refused to keep to origin.max_egress, by class: seed, basic, rescue, plain, join.", []string{"class"}, nil),
		ended: prometheus.NewDesc("liverelay_egress_ended_feeds_total",
			"Feeds ended to keep to origin.max_egress, by class.", []string{"class"}, nil),
		budget: prometheus.NewDesc("liverelay_egress_budget_bytes",
			"What may be sent at once; below zero more was sent than origin.max_egress allows.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *guardCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.refused
	descs <- c.ended
	descs <- c.budget
}

// Collect implements prometheus.Collector.
func (c *guardCollector) Collect(out chan<- prometheus.Metric) {
	g := c.guard
	g.mu.Lock()
	refused, ended, level := g.refused, g.ended, g.budget.Level(g.now())
	g.mu.Unlock()
	for class := egress.Seed; int(class) < egress.Classes; class++ {
		name := class.String()
		out <- prometheus.MustNewConstMetric(c.refused, prometheus.CounterValue, float64(refused[class]), name)
		out <- prometheus.MustNewConstMetric(c.ended, prometheus.CounterValue, float64(ended[class]), name)
	}
	out <- prometheus.MustNewConstMetric(c.budget, prometheus.GaugeValue, level)
}

var _ prometheus.Collector = (*guardCollector)(nil)
