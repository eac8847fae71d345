package control

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricsHandler answers with all numbers of the status, and of the route mapper,
// as Prometheus reads them.
func (s *Server) metricsHandler() http.HandlerFunc {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s})
	h := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return func(w http.ResponseWriter, r *http.Request) {
		patience(w)
		h.ServeHTTP(w, r)
	}
}

// Metrics returns all numbers as Prometheus reads them.
func (c Client) Metrics(ctx context.Context) ([]byte, error) {
	return c.do(ctx, http.MethodGet, "/metrics", nil)
}

// A collector makes metrics of a status, when it is asked for them.
type collector struct{ s *Server }

// Describe leaves the metrics undescribed: which there are depends on what runs.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	if c.s.Status != nil {
		st := c.s.Status()
		m := metrics{ch}
		m.translation(&st)
		if st.NAT64 != nil {
			m.nat64(st.NAT64)
		}
	}
	if c.s.Routes != nil {
		if r := c.s.Routes(); r != nil {
			m := metrics{ch}
			m.routes(r.Metrics())
		}
	}
}

// metrics takes metrics, whose names begin with taygo_.
type metrics struct{ ch chan<- prometheus.Metric }

// gauge and counter take a value. Labels come in pairs of name and value.
func (m metrics) gauge(name, help string, v float64, labels ...string) {
	m.value(prometheus.GaugeValue, name, help, v, labels)
}

func (m metrics) counter(name, help string, v uint64, labels ...string) {
	m.value(prometheus.CounterValue, name, help, float64(v), labels)
}

func (m metrics) value(kind prometheus.ValueType, name, help string, v float64, labels []string) {
	var names, values []string
	for pair := range slices.Chunk(labels, 2) {
		names, values = append(names, pair[0]), append(values, pair[1])
	}
	m.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("taygo_"+name, help, names, nil), kind, v, values...)
}

func (m metrics) translation(st *Status) {
	m.gauge("info", "1, with the version and the device.", 1, "version", st.Version, "device", st.Device.Name)
	m.gauge("uptime_seconds", "Time since the start.", st.Uptime.Seconds())
	m.counter("reloads_total", "Configurations that replaced another.", uint64(st.Reloads))
	up := 0.0
	if st.Device.State == "up" {
		up = 1
	}
	m.gauge("device_up", "Whether the TUN device is up.", up)
	q := &st.Device.Queues
	for what, n := range map[string]uint64{
		"read": q.Read, "missed": q.Missed, "written": q.Written, "merged": q.Merged, "bad_header": q.BadHeader, "refused": q.Refused, "down": q.Down, "full": q.Full,
	} {
		m.counter("device_frames_total", "Frames at the TUN device since it was opened, super-packets as one.", n, "what", what)
	}
	for family, d := range map[string]*Direction{"ipv4": &st.FromIP4, "ipv6": &st.FromIP6} {
		for verdict, n := range d.Packets {
			m.counter("packets_total", "Packets by family of arrival and by what became of them (docs/counters.md).", n, "from", family, "verdict", verdict)
		}
		m.counter("octets_total", "Octets that arrived.", d.Octets, "from", family)
		for what, n := range map[string]uint64{"sent": d.ErrorsSent, "limited": d.ErrorsLimited, "off": d.ErrorsOff} {
			m.counter("icmp_errors_total", "ICMP errors owed to senders.", n, "to", family, "what", what)
		}
	}
}

func (m metrics) nat64(n *NAT64) {
	for proto, f := range n.Pool {
		m.gauge("nat64_pool_ports", "Transport addresses of the pool.", float64(f.Of), "protocol", proto)
		m.gauge("nat64_pool_ports_used", "Those that are bound or held.", float64(f.Used), "protocol", proto)
	}
	for proto, v := range n.Bindings {
		m.gauge("nat64_bindings", "Bindings in use.", float64(v), "protocol", proto)
	}
	for proto, v := range n.Held {
		m.gauge("nat64_bindings_held", "Released bindings whose ports rest.", float64(v), "protocol", proto)
	}
	for state, v := range n.States {
		m.gauge("nat64_sessions_by_state", "Sessions by state.", float64(v), "state", state)
	}
	m.gauge("nat64_sessions", "Sessions.", float64(n.Sessions.Used))
	m.gauge("nat64_sessions_limit", "Sessions that there may be; 0 for no limit.", float64(n.Sessions.Of))
	m.gauge("nat64_syns_kept", "TCP SYNs from IPv4 that are kept.", float64(n.SYNs.Used))
	m.gauge("nat64_fragments_kept", "Fragments that are kept.", float64(n.Fragments.Used))
	m.gauge("nat64_blocks", "Blocks of ports that sources have.", float64(n.Blocks))
	m.gauge("nat64_memory_octets", "Memory of bindings and sessions.", float64(n.Octets))
	m.gauge("nat64_sources", "Source prefixes that have bindings.", float64(n.Sources))
	m.counter("nat64_evicted_total", "Sessions that had to make room.", n.Evicted)
	m.counter("nat64_probes_total", "Probes of idle connections.", n.Probes)
	for name, v := range n.LogLost {
		m.counter("nat64_log_lost_total", "Events that a log did not write.", v, "log", name)
	}
	failing := 0.0
	if n.Snapshot.Error != "" {
		failing = 1
	}
	m.gauge("nat64_snapshot_failing", "Whether the last snapshot could not be saved.", failing)
	if !n.Snapshot.Time.IsZero() {
		m.gauge("nat64_snapshot_timestamp_seconds", "When the newest snapshot was taken.", float64(n.Snapshot.Time.UnixNano())/float64(time.Second))
	}
}
