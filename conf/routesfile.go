package conf

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
)

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

// LoadRoutes reads the file of routes at path whole and then parses it; from is
// the source that names it. The error wraps that of the system if the file cannot
// be read to its end; nothing of it counts then.
func LoadRoutes(path string, from RouteSource) ([]StaticRoute, []Problem, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%v: route-source: %w: make it readable, or name another file", from.At, err)
	}
	routes, problems := ParseRoutes(path, bytes.NewReader(text))
	return routes, problems, nil
}

// ParseRoutes reads a file of routes from r, in the grammar of tayga.conf but for
// the number of words in a line:
//
//	route P/L via A [weight N] [via A [weight N] …]
//	route P/L blackhole|unreachable|prohibit
//
// P/L is an IPv4 prefix, A a next hop of either family. Nothing in it is fatal.
// Each problem names a line that does not count, and why (or a byte order mark,
// which does not hurt its line); all others do, and come back in their order. No
// prefix occurs twice: the first line counts.
func ParseRoutes(file string, r io.Reader) ([]StaticRoute, []Problem) {
	f := &routesFile{parser: newParser(file), seen: map[netip.Prefix]int{}}
	f.read(r, f.line)
	return f.routes, byLine(f.errs)
}

// A routesFile is a file of routes while it is read.
type routesFile struct {
	*parser
	routes []StaticRoute
	seen   map[netip.Prefix]int // the line of each
}

const routeUsage = "write route P/L via A, or route P/L blackhole"

// line takes in one line.
func (f *routesFile) line(words []string) {
	if len(words) == 0 {
		return
	}
	if lower(words[0]) != "route" {
		f.fail(strconv.Quote(words[0])+" is not route, the only directive of a file of routes", unlessGlued(words[0], routeUsage))
		return
	}
	f.directive = "route"
	if len(words) < 3 {
		f.fail(fmt.Sprintf("takes 2 arguments or more, not %d", len(words)-1), routeUsage)
		return
	}
	if !f.hasLength(ipv4, words[1]) {
		return
	}
	v4, ok := f.prefix(ipv4, words[1])
	if !ok {
		return
	}
	one := StaticRoute{V4: v4, At: f.at}
	if one, ok = f.way(one, words[2:]); !ok {
		return
	}
	if first, twice := f.seen[v4]; twice {
		f.fail(fmt.Sprintf("%v is given twice, first in line %d", v4, first), "remove one")
		return
	}
	f.seen[v4] = f.at.Line
	f.routes = append(f.routes, one)
}

// way reads what a route does with packets.
func (f *routesFile) way(one StaticRoute, words []string) (StaticRoute, bool) {
	if kind := slices.Index(routeKindWords, lower(words[0])); kind > 0 && len(words) == 1 {
		one.Kind = RouteKind(kind)
		return one, true
	}
	for len(words) > 0 {
		if lower(words[0]) != "via" || len(words) < 2 {
			f.fail(strconv.Quote(words[0])+" is not possible here", unlessGlued(words[0], routeUsage))
			return one, false
		}
		leg, ok := f.leg(words[1])
		words = words[2:]
		if ok && len(words) > 1 && lower(words[0]) == "weight" {
			leg.Weight, ok = f.number(words[1], 1, 256)
			words = words[2:]
		}
		if !ok {
			return one, false
		}
		if slices.ContainsFunc(one.Via, func(l RouteLeg) bool { return l.Gateway == leg.Gateway }) {
			f.fail(fmt.Sprintf("via %v is given twice", leg.Gateway), "write it once, with the sum of the weights")
			return one, false
		}
		one.Via = append(one.Via, leg)
	}
	return one, true
}

// leg reads a next hop.
func (f *routesFile) leg(s string) (RouteLeg, bool) {
	family, blocks := familyOf(s), unmappableIPv4
	if family == ipv6 {
		blocks = unusableIPv6
	}
	a, ok := f.addr(family, s)
	return RouteLeg{Gateway: a, Weight: 1}, ok && f.usable(host(a), inside, blocks)
}
