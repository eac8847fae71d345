package control

import (
	"github.com/prometheus/client_golang/prometheus"

	"taygo/internal/routemap"
)

func (m metrics) routes(x routemap.Metrics) {
	m.gauge("routes_source", "IPv4 routes of the sources, about, between two resyncs.", float64(x.Source))
	m.gauge("routes_mapped", "IPv4 routes that are mapped.", float64(x.Mapped))
	m.gauge("routes_kernel", "IPv6 routes that they are in the kernel.", float64(x.Kernel))
	m.gauge("routes_aggregate_ratio", "Routes in the kernel to routes that are mapped.", x.AggregateRatio)
	m.gauge("routes_foreign", "Routes of others in the way of ours.", float64(x.Foreign))
	m.gauge("routes_rib_octets", "Memory of the tables.", float64(x.Bytes))
	held := 0.0
	if x.Held {
		held = 1
	}
	m.gauge("routes_held", "Whether routes outlive a source that has become empty.", held)
	for state, n := range x.NextHops {
		m.gauge("routes_nexthops", "Nexthop objects.", float64(n), "state", state)
	}
	for _, c := range []struct {
		name, help, label string
		values            map[string]uint64
	}{
		{"routes_rejected_total", "Routes that are not mapped; each resync counts again.", "reason", x.RejectedTotal},
		{"routes_rejected_legs_total", "Next hops that are left out of a route.", "reason", x.LegsTotal},
		{"routes_netlink_messages_total", "Messages from and to the kernel.", "op", x.MessagesTotal},
		{"routes_netlink_errors_total", "Messages that the kernel refused.", "errno", x.ErrorsTotal},
		{"routes_resyncs_total", "Comparisons of whole tables.", "reason", x.ResyncsTotal},
	} {
		for value, n := range c.values {
			m.counter(c.name, c.help, n, c.label, value)
		}
	}
	m.counter("routes_overruns_total", "Times that the kernel had more to tell than the buffer holds.", x.OverrunsTotal)
	m.counter("routes_audits_total", "Audits of both tables.", x.AuditsTotal)
	m.counter("routes_moves_total", "Next hops that moved with all their routes by one message.", x.MovesTotal)
	m.gauge("routes_resync_seconds", "How long the last resync took.", x.ResyncLast.Seconds())
	m.latency(x.Latency)
}

// latency takes a histogram.
func (m metrics) latency(h routemap.Histogram) {
	buckets, n := map[float64]uint64{}, uint64(0)
	for i, count := range h.Counts {
		n += count
		if i < len(h.Bounds) {
			buckets[h.Bounds[i].Seconds()] = n
		}
	}
	d := prometheus.NewDesc("taygo_routes_update_latency_seconds", "From reading a change to having it in the kernel.", nil, nil)
	m.ch <- prometheus.MustNewConstHistogram(d, n, h.Sum.Seconds(), buckets)
}
