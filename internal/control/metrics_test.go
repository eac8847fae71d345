package control

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taygo/internal/routemap"
)

// TestMetricsHaveWhatTheStatusHas: each number is there once, under the name that
// a dashboard looks for.
func TestMetricsHaveWhatTheStatusHas(t *testing.T) {
	st := Status{Version: "v1", Uptime: 90 * time.Second, Reloads: 2, Device: Device{Name: "nat64", State: "up", Queues: Queues{Missed: 2, Full: 3}}}
	st.FromIP4 = Direction{Packets: map[string]uint64{"translated": 1 << 40}, Octets: 7, ErrorsSent: 5}
	st.FromIP6 = Direction{Packets: map[string]uint64{"hop_limit": 4}}
	st.NAT64 = &NAT64{
		Pool: map[string]Fill{"tcp": {Used: 10, Of: 65535}}, Bindings: map[string]int{"udp": 6}, Held: map[string]int{"udp": 1},
		States: map[string]int{"ESTABLISHED": 9}, Sessions: Fill{Used: 9, Of: 100}, Evicted: 8, Octets: 4096,
		LogLost:  map[string]uint64{"/var/log/x": 2},
		Snapshot: Snapshot{Time: time.Unix(1000, 0), Error: "disk full"},
	}
	c := serve(t, &Server{Status: func() Status { return st }, Routes: func() *routemap.Mapper { return nil }})
	text, err := c.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`taygo_info{device="nat64",version="v1"} 1`,
		`taygo_uptime_seconds 90`,
		`taygo_reloads_total 2`,
		`taygo_device_up 1`,
		`taygo_device_frames_total{what="full"} 3`,
		`taygo_device_frames_total{what="missed"} 2`,
		`taygo_packets_total{from="ipv4",verdict="translated"} 1.099511627776e+12`,
		`taygo_packets_total{from="ipv6",verdict="hop_limit"} 4`,
		`taygo_octets_total{from="ipv4"} 7`,
		`taygo_icmp_errors_total{to="ipv4",what="sent"} 5`,
		`taygo_nat64_pool_ports{protocol="tcp"} 65535`,
		`taygo_nat64_pool_ports_used{protocol="tcp"} 10`,
		`taygo_nat64_bindings{protocol="udp"} 6`,
		`taygo_nat64_bindings_held{protocol="udp"} 1`,
		`taygo_nat64_sessions_by_state{state="ESTABLISHED"} 9`,
		`taygo_nat64_sessions 9`,
		`taygo_nat64_sessions_limit 100`,
		`taygo_nat64_evicted_total 8`,
		`taygo_nat64_memory_octets 4096`,
		`taygo_nat64_log_lost_total{log="/var/log/x"} 2`,
		`taygo_nat64_snapshot_failing 1`,
		`taygo_nat64_snapshot_timestamp_seconds 1000`,
	} {
		if n := strings.Count("\n"+string(text), "\n"+want+"\n"); n != 1 {
			t.Errorf("%q is there %d times", want, n)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}

// TestMetricsOfRoutes: counters by label, and the histogram adds up.
func TestMetricsOfRoutes(t *testing.T) {
	x := routemap.Metrics{
		Source: 12, Mapped: 10, Kernel: 4, AggregateRatio: 0.4, NextHops: map[string]int{"up": 2},
		RejectedTotal: map[string]uint64{"next_hop": 1}, MessagesTotal: map[string]uint64{"add": 3},
		Latency: routemap.Histogram{Bounds: []time.Duration{time.Millisecond, time.Second}, Counts: []uint64{5, 2, 1}, Sum: 3 * time.Second},
	}
	text := rendered(t, func(m metrics) { m.routes(x) })
	for _, want := range []string{
		`taygo_routes_source 12`, `taygo_routes_mapped 10`, `taygo_routes_kernel 4`, `taygo_routes_aggregate_ratio 0.4`,
		`taygo_routes_nexthops{state="up"} 2`, `taygo_routes_rejected_total{reason="next_hop"} 1`,
		`taygo_routes_netlink_messages_total{op="add"} 3`,
		`taygo_routes_update_latency_seconds_bucket{le="0.001"} 5`, `taygo_routes_update_latency_seconds_bucket{le="1"} 7`,
		`taygo_routes_update_latency_seconds_bucket{le="+Inf"} 8`, `taygo_routes_update_latency_seconds_sum 3`,
		`taygo_routes_update_latency_seconds_count 8`,
	} {
		if !strings.Contains("\n"+text, "\n"+want+"\n") {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// madeOf is a collector of what a function gives.
type madeOf func(metrics)

func (madeOf) Describe(chan<- *prometheus.Desc)      {}
func (f madeOf) Collect(ch chan<- prometheus.Metric) { f(metrics{ch}) }

// rendered returns metrics as text.
func rendered(t *testing.T, give func(metrics)) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(madeOf(give))
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}
