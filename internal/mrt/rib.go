package mrt

import (
	"encoding/binary"
	"net/netip"
)

// A Reason tells why a record gives no route.
type Reason uint8

// The reasons.
const (
	OtherRecord Reason = iota // not of a table: updates, changes of state, other protocols
	OtherTable                // of IPv6 or multicast routes, or in the format before TABLE_DUMP_V2
	NoPath                    // a route without any path
	NoNextHop                 // the first path has no next hop
	Malformed                 // it contradicts itself or the format
	reasons                   // how many there are

	noRoute // as it should be: it describes peers
	none    // it gives one
)

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{OtherRecord, OtherTable, NoPath, NoNextHop, Malformed} }

// String returns what r says of records, in words.
func (r Reason) String() string {
	return [...]string{
		"records that are no routes of a table", "routes of other tables: IPv6, multicast, or the old TABLE_DUMP", "routes without a path",
		"routes without a next hop", "malformed routes",
	}[r]
}

// Types of records (RFC 6396 §4) and subtypes of TABLE_DUMP_V2 (§4.3; RFC 6397 §2;
// RFC 8050 §4).
const (
	typeTableDump   = 12
	typeTableDumpV2 = 13

	peerIndexTable        = 1
	ribIPv4Unicast        = 2
	ribGeneric            = 6
	geoPeerTable          = 7
	ribIPv4UnicastAddPath = 8
	ribGenericAddPath     = 12
)

// known tells whether files have records of a type; of the deprecated ones, from 0
// to 10 (RFC 6396 Appendix B), too.
func known(kind uint16) bool {
	switch kind {
	case 11, typeTableDump, typeTableDumpV2, 16, 17, 32, 33, 48, 49:
		return true
	}
	return kind <= 10
}

// parse returns the route of a record, of which b is at least the head, or why it
// gives none.
func parse(kind, subtype uint16, b []byte) (Route, Reason) {
	switch {
	case kind == typeTableDump:
		return Route{}, OtherTable
	case kind != typeTableDumpV2:
		return Route{}, OtherRecord
	case subtype == peerIndexTable, subtype == geoPeerTable:
		return Route{}, noRoute
	case subtype == ribIPv4Unicast, subtype == ribIPv4UnicastAddPath:
		return parseRIB(b, subtype == ribIPv4UnicastAddPath)
	case subtype >= ribIPv4Unicast && subtype <= ribGeneric, subtype >= ribIPv4UnicastAddPath && subtype <= ribGenericAddPath:
		return Route{}, OtherTable
	}
	return Route{}, OtherRecord
}

// parseRIB reads a record of one prefix (RFC 6396 §4.3.2), with a path identifier
// in each entry if addPath is set.
func parseRIB(b []byte, addPath bool) (Route, Reason) {
	c := cursor{b: b}
	c.take(4) // the sequence number
	bits := int(c.octet())
	if bits > 32 {
		return Route{}, Malformed
	}
	var a [4]byte
	copy(a[:], c.take((bits+7)/8))
	paths := int(c.uint16())
	if c.short {
		return Route{}, Malformed
	}
	route := Route{Prefix: netip.PrefixFrom(netip.AddrFrom4(a), bits).Masked(), Paths: paths}
	if paths == 0 {
		return Route{}, NoPath
	}
	c.take(2 + 4) // whose path it is, and since when
	if addPath {
		c.take(4)
	}
	attributes := c.take(int(c.uint16()))
	if c.short {
		return Route{}, Malformed
	}
	var why Reason
	route.NextHop, why = nextHop(attributes)
	if why != none {
		return Route{}, why
	}
	return route, none
}

// Path attributes (RFC 4271 §5, RFC 4760 §3), and the flag of those with a length
// of two octets.
const (
	attrNextHop  = 3
	attrMPReach  = 14
	flagExtended = 0x10
)

// nextHop returns the next hop that path attributes name. One in MP_REACH_NLRI
// (RFC 8950) counts before that of NEXT_HOP; of several of a kind the first
// (RFC 7606 §3).
func nextHop(b []byte) (netip.Addr, Reason) {
	var four, six netip.Addr
	for c := (cursor{b: b}); len(c.b) > 0; {
		flags, kind := c.octet(), c.octet()
		length := 0
		if flags&flagExtended != 0 {
			length = int(c.uint16())
		} else {
			length = int(c.octet())
		}
		value := c.take(length)
		ok := !c.short
		switch {
		case !ok:
		case kind == attrNextHop && !four.IsValid():
			four, ok = netip.AddrFromSlice(value)
			ok = ok && four.Is4()
		case kind == attrMPReach && !six.IsValid():
			six, ok = reachableBy(value)
		}
		if !ok {
			return netip.Addr{}, Malformed
		}
	}
	switch {
	case six.IsValid():
		return six, none
	case four.IsValid():
		return four, none
	}
	return netip.Addr{}, NoNextHop
}

// reachableBy returns the next hop of an MP_REACH_NLRI. It is only that and its
// length (RFC 6396 §4.3.4); some write the attribute whole instead, which begins
// with an address family, and so with 0.
func reachableBy(value []byte) (netip.Addr, bool) {
	c := cursor{b: value}
	if len(value) > 0 && value[0] == 0 {
		c.take(3)
	}
	hop := c.take(int(c.octet()))
	if len(hop) == 32 {
		hop = hop[:16] // what follows is its link-local address
	}
	a, ok := netip.AddrFromSlice(hop)
	return a, ok && !c.short
}

// A cursor takes octets off the front of a slice. Once there were too few, short is
// set, and it takes no more.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) || c.short {
		c.b, c.short = nil, true
		return nil
	}
	taken := c.b[:n]
	c.b = c.b[n:]
	return taken
}

func (c *cursor) octet() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}
