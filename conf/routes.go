package conf

import (
	"net/netip"
	"time"
)

// Routes is route mapping: IPv4 routes become routes of their addresses within
// Prefix (RFC 6052 §2) in an IPv6 table of the kernel. It is off, and nothing
// else of it counts, if there is no source. All times are whole seconds.
type Routes struct {
	// Sources are where IPv4 routes come from, each once. Default none.
	Sources []RouteSource
	// Prefix is the prefix of the mapped routes, of a length of RFC 6052 §2.2.
	// The zero Prefix stands for Config.Prefix, which is then set if there is a
	// source.
	Prefix netip.Prefix
	// Table is the IPv6 table to write to, not 0. Default 6464.
	Table uint32
	// Protocol is the mark (rtm_protocol) of our routes in it, which nobody else
	// has. Default 64.
	Protocol uint8
	// Metric is the metric of the mapped routes, not 0. Default 1024.
	Metric uint32
	// MetricCopy takes the metric of the IPv4 route instead; Metric is then for
	// those without one. Default false.
	MetricCopy bool

	// NextHops tell the IPv6 next hop of each IPv4 one, each of which occurs once.
	// Default none.
	NextHops []RouteNextHop
	// Default is the next hop of all others. Its Gateway is the zero Addr if there
	// is none: routes by others are rejected then, which is the default.
	Default RouteNextHop
	// IPv6NextHops takes IPv4 routes with an IPv6 next hop (RFC 8950), which stays
	// as it is. Default true.
	IPv6NextHops bool

	// Filters are asked in the order of the file; the first that has the route
	// tells. Routes that none has are permitted.
	Filters []RouteFilter
	// DefaultRoute is the fate of 0.0.0.0/0, if Filters permit it. Default
	// RouteDefaultPermit.
	DefaultRoute RouteDefaultPolicy
	// Aggregate makes fewer routes of many. Default RouteAggregateOff.
	Aggregate RouteAggregation
	// Unrouted is what meets packets to IPv4 addresses without a route. Default
	// RouteUnroutedIgnore.
	Unrouted RouteUnroutedAction

	// Hold is how long routes outlive a source that has become empty, up to a day.
	// Default 120 seconds.
	Hold time.Duration
	// Max is the number of routes beyond which no more are taken, 1 to 16777216.
	// Default 2 million.
	Max int
	// ReceiveBuffer is the size of the netlink receive buffer in octets, 64 KiB to
	// 1 GiB. Default 32 MiB.
	ReceiveBuffer int
	// Flush removes the mapped routes at exit. Default false: they are kept.
	Flush bool
	// Audit is how often both tables are compared whole, up to a day. Zero: never.
	// Default 10 minutes.
	Audit time.Duration
}

// A RouteSource is where IPv4 routes come from: a table of the kernel, or a file.
type RouteSource struct {
	Table uint32 // of the kernel, not 0; 0 if File is set
	// Protocols are the marks (rtm_protocol) of the routes that count, each once.
	// Empty: all.
	Protocols []uint8
	// File names a file for LoadRoutes: as it is written, and a relative path
	// starts at Config.DataDir. Empty if Table is set.
	File string
	At   Place
}

// A RouteNextHop is the IPv6 next hop of an IPv4 one.
type RouteNextHop struct {
	V4      netip.Addr // the zero Addr in Routes.Default
	Gateway netip.Addr // IPv6
	Device  string     // the interface to it; empty: the one the kernel finds
	OnLink  bool       // it is on the link of Device, whatever the addresses there
	At      Place
}

// A RouteFilter has the routes within a prefix that are of certain lengths.
type RouteFilter struct {
	Permit   bool
	V4       netip.Prefix // without host bits
	Min, Max int          // lengths of routes; V4.Bits() ≤ Min ≤ Max ≤ 32
	Protocol uint8        // the mark (rtm_protocol) of routes; 0: any
	At       Place
}

// A RouteDefaultPolicy is the fate of the IPv4 default route. The zero value is
// RouteDefaultPermit.
type RouteDefaultPolicy uint8

// The fates of the default route.
const (
	RouteDefaultPermit RouteDefaultPolicy = iota // mapped like any other
	RouteDefaultDeny                             // not mapped
	RouteDefaultOnly                             // the only one that is mapped
)

var routeDefaultWords = []string{"permit", "deny", "only"}

// String returns the word used in tayga.conf.
func (p RouteDefaultPolicy) String() string { return wordOf(routeDefaultWords, p) }

// A RouteAggregation is a way to make fewer routes of many. The zero value is
// RouteAggregateOff.
type RouteAggregation uint8

// The ways to aggregate routes.
const (
	RouteAggregateOff   RouteAggregation = iota // one route for each
	RouteAggregateExact                         // every address as before, and unrouted ones unrouted
	RouteAggregateLoose                         // every routed address as before
)

var routeAggregateWords = []string{"off", "exact", "loose"}

// String returns the word used in tayga.conf.
func (a RouteAggregation) String() string { return wordOf(routeAggregateWords, a) }

// A RouteUnroutedAction is what meets packets to IPv4 addresses without a route.
// The zero value is RouteUnroutedIgnore.
type RouteUnroutedAction uint8

// What meets packets to addresses without a route.
const (
	RouteUnroutedIgnore      RouteUnroutedAction = iota // the routes of other tables
	RouteUnroutedUnreachable                            // an ICMPv6 error
	RouteUnroutedBlackhole                              // nothing: they are dropped
)

var routeUnroutedWords = []string{"ignore", "unreachable", "blackhole"}

// String returns the word used in tayga.conf.
func (a RouteUnroutedAction) String() string { return wordOf(routeUnroutedWords, a) }

// routeDefaults returns route mapping as a file without a word of it has it.
func routeDefaults() Routes {
	return Routes{
		Table: 6464, Protocol: 64, Metric: 1024, IPv6NextHops: true,
		Hold: 120 * time.Second, Max: 2000000, ReceiveBuffer: 32 << 20, Audit: 10 * time.Minute,
	}
}
