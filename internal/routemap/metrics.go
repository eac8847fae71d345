package routemap

import (
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
)

// Metrics are the numbers of a Mapper. Those with Total in their names only grow.
type Metrics struct {
	Source         int               `json:"routes_source"` // about, between two resyncs
	Mapped         int               `json:"routes_mapped"`
	Kernel         int               `json:"routes_kernel"`
	AggregateRatio float64           `json:"aggregate_ratio"` // routes in the kernel to routes mapped; 1 without routes
	NextHops       map[string]int    `json:"nexthops"`        // by state: up, down
	RejectedTotal  map[string]uint64 `json:"rejected_total"`  // by reason; each resync counts again
	LegsTotal      map[string]uint64 `json:"rejected_legs_total"`
	MessagesTotal  map[string]uint64 `json:"netlink_messages_total"` // by what: event, add, replace, delete
	ErrorsTotal    map[string]uint64 `json:"netlink_errors_total"`   // by error number, as ESRCH
	OverrunsTotal  uint64            `json:"overruns_total"`
	ResyncsTotal   map[string]uint64 `json:"resyncs_total"` // by reason
	ResyncLast     time.Duration     `json:"resync_ns"`
	AuditsTotal    uint64            `json:"audits_total"`
	MovesTotal     uint64            `json:"moves_total"` // of all routes of a next hop, by one message
	Latency        Histogram         `json:"update_latency"`
	Bytes          int               `json:"rib_bytes"`
	Foreign        int               `json:"routes_foreign"`
	Held           bool              `json:"held"`
}

// A Histogram tells how many updates took how long, from when they were read to
// when what followed from them was in the kernel.
type Histogram struct {
	Bounds []time.Duration `json:"bounds_ns"` // upper bounds, ascending
	Counts []uint64        `json:"counts"`    // of each bound alone, and at the end of those past the last
	Sum    time.Duration   `json:"sum_ns"`
}

// Metrics returns the numbers.
func (m *Mapper) Metrics() Metrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := Metrics{
		Source: m.source.candidates, Mapped: m.rib.Len(), Kernel: m.expected().Len(), AggregateRatio: 1,
		NextHops: map[string]int{}, RejectedTotal: map[string]uint64{}, LegsTotal: map[string]uint64{},
		Bytes: m.bytes(), Foreign: m.inTheWay(), Held: m.held(),
	}
	if x.Mapped > 0 {
		x.AggregateRatio = float64(x.Kernel) / float64(x.Mapped)
	}
	x.NextHops["up"], x.NextHops["down"] = m.hops.count()
	for why := range rib.Reasons() {
		x.RejectedTotal[why.String()], x.LegsTotal[why.String()] = m.rejected.Routes(why), m.rejected.Legs(why)
	}
	m.tally.fill(&x)
	return x
}

func (t *tally) fill(x *Metrics) {
	x.MessagesTotal = map[string]uint64{
		"event": t.events.Load(), "add": t.adds.Load(), "replace": t.replaces.Load(), "delete": t.deletes.Load(),
	}
	x.OverrunsTotal, x.AuditsTotal, x.MovesTotal = t.overruns.Load(), t.audits.Load(), t.moves.Load()
	t.mu.Lock()
	defer t.mu.Unlock()
	x.ErrorsTotal, x.ResyncsTotal = map[string]uint64{}, map[string]uint64{}
	for errno, n := range t.errnos {
		x.ErrorsTotal[unix.ErrnoName(errno)] = n
	}
	for why, n := range t.resyncs {
		x.ResyncsTotal[reason(why).String()] = n
	}
	x.ResyncLast = t.took
	x.Latency = Histogram{Bounds: latencyBounds[:], Counts: append([]uint64{}, t.latency.counts[:]...), Sum: t.latency.sum}
}
