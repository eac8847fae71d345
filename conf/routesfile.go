package conf

import "net/netip"

// A RouteKind is what a route does with packets. The zero value is RouteUnicast.
type RouteKind uint8

// The kinds of routes.
const (
	RouteUnicast     RouteKind = iota // by next hops
	RouteBlackhole                    // dropped
	RouteUnreachable                  // answered: unreachable
	RouteProhibit                     // answered: prohibited
)

var routeKindWords = []string{"unicast", "blackhole", "unreachable", "prohibit"}

// String returns the word of ip-route(8).
func (k RouteKind) String() string { return wordOf(routeKindWords, k) }

// A StaticRoute is an IPv4 route of a file of routes.
type StaticRoute struct {
	V4   netip.Prefix // without host bits
	Kind RouteKind
	Via  []RouteLeg // at least one if Kind is RouteUnicast, none otherwise; each next hop once
	At   Place
}

// A RouteLeg is one next hop of a route.
type RouteLeg struct {
	Gateway netip.Addr // of either family (RFC 8950)
	Weight  int        // share of the packets, 1 to 256
}
