package routemap

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"taygo/internal/routemap/rib"
	"taygo/translate/pref64"
)

// What routes are made of.
type (
	// A Kind tells what becomes of packets.
	Kind = rib.Kind
	// A Leg is one next hop of a route.
	Leg = rib.Leg
	// A Gateway is an IPv6 next hop.
	Gateway = rib.Gateway
	// A GatewayRow names the IPv6 next hop that stands for an IPv4 one.
	GatewayRow = rib.GatewayRow
	// A Rule permits or denies routes.
	Rule = rib.Rule
	// A DefaultRoute tells what becomes of 0.0.0.0/0.
	DefaultRoute = rib.DefaultRoute
)

// The kinds of a route.
const (
	Unicast     = rib.Unicast
	Blackhole   = rib.Blackhole
	Unreachable = rib.Unreachable
	Prohibit    = rib.Prohibit
)

// What can become of the default route.
const (
	DefaultPermit = rib.DefaultPermit
	DefaultDeny   = rib.DefaultDeny
	DefaultOnly   = rib.DefaultOnly
)

// An Aggregation is a way to make fewer routes of many.
type Aggregation uint8

// The ways to aggregate.
const (
	AggregateOff   Aggregation = iota // one IPv6 route for each IPv4 route
	AggregateExact                    // every address forwarded as before, unrouted ones not at all
	AggregateLoose                    // every routed address forwarded as before, unrouted ones anyhow
)

// Options say what a Mapper maps, and to what. New fills in defaults for the zero
// values of Table, Protocol, Metric, Max, ReceiveBuffer and NextHopIDs.
type Options struct {
	Sources  []Source      // at least one; where several have a route for a prefix, the first of them counts
	Prefix   pref64.Prefix // of the mapped routes; valid
	Table    uint32        // of the kernel, to write to; default 6464
	Protocol uint8         // that marks what is ours: routes in Table, and nexthop objects; default 64
	Metric   uint32        // of the mapped routes; default 1024
	// MetricCopy takes the metric of the IPv4 route, and Metric for those without
	// one. It goes with AggregateOff only.
	MetricCopy bool

	NextHops     []GatewayRow
	Default      Gateway // for IPv4 gateways without a row; the zero Gateway rejects their routes
	IPv6NextHops bool    // take IPv6 gateways of IPv4 routes (RFC 8950) as they are

	Filter       []Rule
	DefaultRoute DefaultRoute
	NonGlobal    bool // under the Well-Known Prefix, map also what is not global (RFC 6052 §3.1 forbids it)

	Aggregate Aggregation
	// Unrouted is what meets packets to addresses without a route: Blackhole,
	// Unreachable or Prohibit; Unicast leaves them to other tables.
	Unrouted Kind

	Hold          time.Duration // how long routes outlive a source whose daemon took all of them back; 0: not at all
	Max           int           // of routes; default 2,000,000
	ReceiveBuffer int           // in octets; default 32 MiB
	Audit         time.Duration // how often both tables are read whole; 0: only when there is a reason
	FlushOnExit   bool          // take away what is ours when Run ends
	NextHopIDs    uint32        // the first of 100,000 numbers of nexthop objects that are ours; default 64640000
}

// A Source is a table of the kernel, or a list.
type Source struct {
	Table     uint32  // of the kernel; 0 if Load is set
	Protocols []uint8 // of the routes that count (RTPROT_…); empty: all
	// Load returns the list. It is called at the start and by each Resync, at once if
	// there are several, and nobody waits meanwhile who asks for something else. If it
	// fails, the last list goes on.
	Load func() ([]StaticRoute, error)
}

// A StaticRoute is a route of a list.
type StaticRoute struct {
	Prefix netip.Prefix // IPv4
	Kind   Kind
	Legs   []Leg // of Unicast: at least one
}

// Reasons for which New refuses Options.
var (
	ErrNoSource   = errors.New("no source")
	ErrPrefix     = errors.New("no translation prefix")
	ErrAggregate  = errors.New("aggregated routes have one metric")
	ErrSourceLoop = errors.New("a source is a table or a list")
	ErrProtocol   = errors.New("the protocol marks what the kernel and administrators make")
)

// Defaults of Options.
const (
	DefaultTable      = 6464
	DefaultProtocol   = 64
	DefaultMetric     = 1024
	DefaultMax        = 2_000_000
	DefaultBuffer     = 32 << 20
	DefaultNextHopIDs = 64_640_000 // zebra of FRR ignores objects from 200,000,000 on, and their routes

	nextHopRange = 100_000
	// maxSources is how many sources have room beside the metric, see order.
	maxSources = 16
)

func (o *Options) complete() error {
	defaultTo(&o.Table, DefaultTable)
	defaultTo(&o.Protocol, DefaultProtocol)
	defaultTo(&o.Metric, DefaultMetric)
	defaultTo(&o.Max, DefaultMax)
	defaultTo(&o.ReceiveBuffer, DefaultBuffer)
	defaultTo(&o.NextHopIDs, DefaultNextHopIDs)
	o.Sources = slices.Clone(o.Sources)
	switch {
	case len(o.Sources) == 0 || len(o.Sources) > maxSources:
		return fmt.Errorf("routemap: %d sources: %w: name 1 to %d", len(o.Sources), ErrNoSource, maxSources)
	case !o.Prefix.Valid():
		return fmt.Errorf("routemap: %w: name one such as 64:ff9b::/96", ErrPrefix)
	case o.Aggregate != AggregateOff && o.MetricCopy:
		return fmt.Errorf("routemap: metric copy: %w: set a metric, or do not aggregate", ErrAggregate)
	case o.Protocol <= 4:
		return fmt.Errorf("routemap: protocol %d: %w: take another, such as %d", o.Protocol, ErrProtocol, DefaultProtocol)
	}
	for _, s := range o.Sources {
		if (s.Table == 0) == (s.Load == nil) {
			return fmt.Errorf("routemap: source with table %d: %w: give one of the two", s.Table, ErrSourceLoop)
		}
	}
	return nil
}

func defaultTo[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// policy returns what Options say of prefixes.
func (o *Options) policy() (rib.Policy, error) {
	filter, err := rib.NewFilter(o.Filter)
	if err != nil {
		return rib.Policy{}, fmt.Errorf("routemap: %w", err)
	}
	return rib.Policy{Filter: filter, Default: o.DefaultRoute, NonGlobal: o.Prefix.WellKnown() && !o.NonGlobal}, nil
}

// admits tells whether routes of that protocol count.
func (s Source) admits(protocol uint8) bool {
	return len(s.Protocols) == 0 || slices.Contains(s.Protocols, protocol)
}
