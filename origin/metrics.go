package origin

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what the origin tells Prometheus. Labels are routes, classes of
// status, and names of configured streams: all few.
type metrics struct {
	registry *prometheus.Registry
	traffic  traffic
	requests *prometheus.CounterVec
	held     *prometheus.GaugeVec
	permit   func(key, address string) bool
}

func newMetrics(s *handler) *metrics {
	m := &metrics{
		registry: s.config.Registry, permit: s.config.Permit,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liverelay_http_requests_total", Help: "Requests answered, by route and class of status.",
		}, []string{"route", "status"}),
		held: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "liverelay_http_held_requests", Help: "Requests that wait for media, and open feeds.",
		}, []string{"route"}),
	}
	if m.registry == nil {
		m.registry = prometheus.NewRegistry()
		m.registry.MustRegister(
			collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	if s.guard != nil {
		m.registry.MustRegister(newGuardCollector(s.guard))
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "liverelay_info", Help: "Always 1; the version is a label.",
		ConstLabels: prometheus.Labels{"version": s.config.Version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.held, info, newStreamCollector(s),
		counterFunc("liverelay_http_sent_bytes_total", "Bytes sent over HTTP connections, headers and TLS included.", m.traffic.sent.Load),
		counterFunc("liverelay_http_received_bytes_total", "Bytes received over HTTP connections, headers and TLS included.", m.traffic.received.Load),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "liverelay_http_connections", Help: "Open HTTP connections.",
		}, func() float64 { return float64(m.traffic.open.Load()) }))
	return m
}

func counterFunc(name, help string, load func() int64) prometheus.CounterFunc {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(load()) })
}

// answered counts an answer. One that wrote nothing had no client any more.
func (m *metrics) answered(k kind, status int) {
	class := "none"
	if status > 0 {
		class = strconv.Itoa(status/100) + "xx"
	}
	m.requests.WithLabelValues(string(k), class).Inc()
}

// hold counts a request that waits, until the function it returns is called.
func (m *metrics) hold(k kind) func() {
	gauge := m.held.WithLabelValues(string(k))
	gauge.Inc()
	return gauge.Dec
}

// handler serves /metrics, and what other servers of this machine ask.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	if m.permit != nil {
		mux.HandleFunc("POST /hooks/nginx-rtmp", m.permitted)
	}
	return mux
}

// streamCollector reads the figures of all streams when Prometheus asks.
type streamCollector struct {
	handler                                   *handler
	live, viewers, peers, originBytes, shared *prometheus.Desc
	attached, gap, away                       *prometheus.Desc
	forward                                   forwardDescs
}

// forwardDescs are of the servers that streams are sent on to, each known by its place
// in the configuration.
type forwardDescs struct{ up, sent, dropped, failures *prometheus.Desc }

func newForwardDescs() forwardDescs {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("liverelay_forward_"+name, help, []string{"stream", "target"}, nil)
	}
	return forwardDescs{
		up:       desc("up", "1 while a broadcast is sent on to the target."),
		sent:     desc("sent_bytes_total", "Media sent on to the target."),
		dropped:  desc("dropped_total", "Pictures and frames of sound that the target was too slow for."),
		failures: desc("failures_total", "Connections to the target that failed or broke."),
	}
}

func (d forwardDescs) collect(out chan<- prometheus.Metric, stream string, all []Forward) {
	for i, f := range all {
		send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
			out <- prometheus.MustNewConstMetric(desc, kind, value, stream, strconv.Itoa(i))
		}
		send(d.up, prometheus.GaugeValue, truth(f.State == "sending"))
		send(d.sent, prometheus.CounterValue, float64(f.Sent))
		send(d.dropped, prometheus.CounterValue, float64(f.Dropped))
		send(d.failures, prometheus.CounterValue, float64(f.Failures))
	}
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func newStreamCollector(s *handler) *streamCollector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("liverelay_stream_"+name, help, []string{"stream"}, nil)
	}
	return &streamCollector{
		handler:     s,
		live:        desc("live", "1 while the stream is live, also while its publisher is away."),
		away:        desc("interrupted", "1 while the publisher of a live stream is away."),
		viewers:     desc("viewers", "Sessions that took media in the last 15 s."),
		peers:       desc("peers", "Peers connected to the tracker."),
		originBytes: desc("origin_bytes_total", "Bytes of HTTP answers to viewers; headers are estimated."),
		shared:      desc("peer_bytes_total", "Bytes that viewers say they took from each other."),
		attached:    desc("attached", "1 while media comes from the server that the stream is attached to."),
		gap: prometheus.NewDesc("liverelay_rendition_gap", "1 while nothing of the rendition can be had at the live edge.",
			[]string{"stream", "rendition"}, nil),
		forward: newForwardDescs(),
	}
}

// Describe implements prometheus.Collector.
func (c *streamCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.live, c.away, c.viewers, c.peers, c.originBytes, c.shared, c.attached, c.gap,
		c.forward.up, c.forward.sent, c.forward.dropped, c.forward.failures,
	} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *streamCollector) Collect(out chan<- prometheus.Metric) {
	for _, stream := range c.handler.config.Streams.Streams() {
		send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
			out <- prometheus.MustNewConstMetric(desc, kind, value, stream.Name)
		}
		now, phase := c.handler.config.Catalog.Current(stream.Name)
		if phase.Runs() {
			c.gaps(out, stream.Name, now.Media)
		}
		f := c.handler.figures(stream.Name)
		send(c.live, prometheus.GaugeValue, truth(phase.Runs()))
		send(c.away, prometheus.GaugeValue, truth(phase == Interrupted))
		send(c.viewers, prometheus.GaugeValue, float64(f.viewers))
		send(c.peers, prometheus.GaugeValue, float64(f.swarm.Peers))
		send(c.originBytes, prometheus.CounterValue, float64(f.sent))
		send(c.shared, prometheus.CounterValue, float64(f.swarm.PeerBytes))
		if stream.Source != nil {
			send(c.attached, prometheus.GaugeValue, truth(stream.Source.Attached))
		}
		c.forward.collect(out, stream.Name, stream.Forwards)
	}
}

func (c *streamCollector) gaps(out chan<- prometheus.Metric, stream string, m Media) {
	renditions, _, _, _ := m.Live()
	gaps := m.Gaps()
	for _, r := range renditions {
		out <- prometheus.MustNewConstMetric(c.gap, prometheus.GaugeValue, truth(slices.Contains(gaps, r.Name)), stream, r.Name)
	}
}

var _ prometheus.Collector = (*streamCollector)(nil)
