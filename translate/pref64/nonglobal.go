package pref64

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// special lists the IPv4 addresses that are not globally reachable by the IANA
// IPv4 Special-Purpose Address Registry (RFC 6890), multicast, and the two
// addresses inside them that are.
var special = []struct {
	prefix string
	global bool
}{
	{"0.0.0.0/8", false},       // this network: RFC 791 §3.2
	{"10.0.0.0/8", false},      // private use: RFC 1918 §3
	{"100.64.0.0/10", false},   // shared address space: RFC 6598
	{"127.0.0.0/8", false},     // loopback: RFC 1122 §3.2.1.3
	{"169.254.0.0/16", false},  // link-local: RFC 3927
	{"172.16.0.0/12", false},   // private use: RFC 1918 §3
	{"192.0.0.0/24", false},    // IETF protocol assignments: RFC 6890 §2.1
	{"192.0.0.9/32", true},     // Port Control Protocol anycast: RFC 7723
	{"192.0.0.10/32", true},    // TURN anycast: RFC 8155
	{"192.0.2.0/24", false},    // documentation, TEST-NET-1: RFC 5737 §3
	{"192.168.0.0/16", false},  // private use: RFC 1918 §3
	{"198.18.0.0/15", false},   // benchmarking: RFC 2544
	{"198.51.100.0/24", false}, // documentation, TEST-NET-2: RFC 5737 §3
	{"203.0.113.0/24", false},  // documentation, TEST-NET-3: RFC 5737 §3
	{"224.0.0.0/4", false},     // multicast: RFC 1112 §4
	{"240.0.0.0/4", false},     // reserved, and limited broadcast: RFC 1112 §4, RFC 919 §7
}

// A block is a row of special that touches the addresses of one first octet.
type block struct {
	net, mask uint32
	global    bool
}

// blocks holds the rows of special by first octet, the longest prefix first:
// the first that matches decides.
var blocks = blocksOf()

// NonGlobal tells whether v4 is an address that must not be represented under
// the Well-Known Prefix (RFC 6052 §3.1), because it is not globally reachable.
func NonGlobal(v4 uint32) bool {
	for _, b := range blocks[v4>>24] {
		if v4&b.mask == b.net {
			return !b.global
		}
	}
	return false
}

func blocksOf() [256][]block {
	var by [256][]block
	for _, s := range special {
		p := netip.MustParsePrefix(s.prefix)
		a := p.Addr().As4()
		b := block{binary.BigEndian.Uint32(a[:]), ^(^uint32(0) >> p.Bits()), s.global}
		for first := b.net >> 24; first <= (b.net|^b.mask)>>24; first++ {
			by[first] = append(by[first], b)
		}
	}
	for first := range by {
		slices.SortFunc(by[first], func(b, c block) int { return cmp.Compare(c.mask, b.mask) })
	}
	return by
}
