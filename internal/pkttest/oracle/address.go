package oracle

import (
	"net/netip"
	"slices"
)

var (
	wellKnownPrefix = netip.MustParsePrefix("64:ff9b::/96")

	// nonGlobal is the IANA special-purpose registry, "globally reachable: no"
	// (RFC 6052 §3.1), but for globalAfterAll.
	nonGlobal = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	)
	globalAfterAll = prefixes("192.0.0.9/32", "192.0.0.10/32")

	illegal4 = prefixes("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "169.254.0.0/16") // B4-4.1-09, -11, RFC 3927 §2.7
	classE   = prefixes("240.0.0.0/4")

	illegalSource6      = prefixes("::/128", "::1/128", "ff00::/8", "fe80::/10", "::ffff:0:0/96") // B6-5.1-10
	illegalDestination6 = prefixes("::/128", "::1/128", "ff00::/8", "fe80::/10")                  // B6-5.1-11, RFC 4291 §2.5
)

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func within(a netip.Addr, list []netip.Prefix) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// badSource and badDestination report addresses of either version that no packet
// may come from or go to.
func (c *Config) badSource(a netip.Addr) bool {
	if a.Is6() {
		return within(a, illegalSource6)
	}
	return within(a, illegal4) || !c.ClassE && within(a, classE)
}

func badDestination(a netip.Addr) bool {
	if a.Is6() {
		return within(a, illegalDestination6)
	}
	return within(a, illegal4)
}

// illegalAddress refuses packets with such addresses. ICMPv4 errors may have any
// source, so that trouble can be traced (B4-4.1-10).
func (c *Config) illegalAddress(p *packet) *refusal {
	switch {
	case c.badSource(p.src) && !(p.version == 4 && p.icmpError()):
		return silently(pick(p, "B4-4.1-09", "B6-5.1-10"))
	case badDestination(p.dst):
		return silently(pick(p, "B4-4.1-11", "B6-5.1-11"))
	default:
		return nil
	}
}

// isOwn reports whether a is an address of the translator: Own4, Own6, or Own4 as
// IPv6 hosts see it.
func (c *Config) isOwn(a netip.Addr) bool {
	return a == c.Own4 || a == c.Own6 || a == c.own4InPrefix()
}

// own4InPrefix is Own4 under the translation prefix, or the zero Addr.
func (c *Config) own4InPrefix() netip.Addr {
	if !c.Prefix.IsValid() || !c.Own4.IsValid() || c.strictlyNonGlobal(c.Own4) {
		return netip.Addr{}
	}
	return embed(c.Prefix, c.Own4)
}

// strictlyNonGlobal reports that a may not appear under the Well-Known Prefix,
// and that this is the prefix in use (A-3.1-01).
func (c *Config) strictlyNonGlobal(a netip.Addr) bool {
	return c.WKPFStrict && c.Prefix == wellKnownPrefix && within(a, nonGlobal) && !within(a, globalAfterAll)
}

// toIPv6 maps an IPv4 address: the longest matching EAM, else the prefix
// (RFC 7757 §3.3.1, RFC 6052 §2.3). With prefixOnly the EAMs are passed over.
func (c *Config) toIPv6(a netip.Addr, prefixOnly bool) (netip.Addr, *refusal) {
	if pair := longest(c.EAM, a); pair != nil && !prefixOnly {
		return joinBits(pair.V6, a, pair.V4.Bits()), nil
	}
	if !c.Prefix.IsValid() {
		return netip.Addr{}, prohibited("BE-04")
	}
	if refused := c.refusedUnderPrefix(a); refused != nil {
		return netip.Addr{}, refused
	}
	return embed(c.Prefix, a), nil
}

// toIPv4 maps an IPv6 address: the longest matching EAM, else the prefix
// (RFC 7757 §3.3.2). viaPrefix tells which of them it was.
func (c *Config) toIPv4(a netip.Addr) (v4 netip.Addr, viaPrefix bool, refused *refusal) {
	if pair := longest(c.EAM, a); pair != nil {
		return joinBits(pair.V4, a, pair.V6.Bits()), false, nil
	}
	if !c.Prefix.IsValid() || !c.Prefix.Contains(a) {
		return netip.Addr{}, false, prohibited("BE-04")
	}
	v4 = extract(c.Prefix, a)
	return v4, true, c.refusedUnderPrefix(v4)
}

// toIPv4Source and toIPv4Destination also refuse what the address turned out to
// be (A-5-01, C-3.3-05). That goes before any other reason.
func (c *Config) toIPv4Source(a netip.Addr) (netip.Addr, bool, *refusal) {
	v4, viaPrefix, refused := c.toIPv4(a)
	if v4.IsValid() && c.badSource(v4) {
		refused = illegalWithin("A-5-01")
	}
	return v4, viaPrefix, refused
}

func (c *Config) toIPv4Destination(a netip.Addr) (netip.Addr, bool, *refusal) {
	v4, viaPrefix, refused := c.toIPv4(a)
	if v4.IsValid() && badDestination(v4) {
		refused = illegalWithin("B6-5.1-12")
	}
	return v4, viaPrefix, refused
}

// refusedUnderPrefix refuses IPv4 addresses that the prefix must not carry.
func (c *Config) refusedUnderPrefix(v4 netip.Addr) *refusal {
	switch {
	case c.strictlyNonGlobal(v4):
		return silently("A-3.1-01")
	case within(v4, c.DenyIPv4):
		return prohibited("BE-04")
	default:
		return nil
	}
}

// embedOffsets are the places of the four IPv4 octets by prefix length
// (RFC 6052 §2.2).
var embedOffsets = map[int][4]int{
	32: {4, 5, 6, 7},
	40: {5, 6, 7, 9},
	48: {6, 7, 9, 10},
	56: {7, 9, 10, 11},
	64: {9, 10, 11, 12},
	96: {12, 13, 14, 15},
}

func embed(prefix netip.Prefix, v4 netip.Addr) netip.Addr {
	octets, b := v4.As4(), prefix.Masked().Addr().As16()
	for i, at := range embedOffsets[prefix.Bits()] {
		b[at] = octets[i]
	}
	return netip.AddrFrom16(b)
}

// extract ignores octet 8 and the suffix, whatever they hold (A-2.2-08).
func extract(prefix netip.Prefix, v6 netip.Addr) netip.Addr {
	var octets [4]byte
	b := v6.As16()
	for i, at := range embedOffsets[prefix.Bits()] {
		octets[i] = b[at]
	}
	return netip.AddrFrom4(octets)
}

// longest returns the pair whose prefix of a's version matches a best, or nil.
func longest(pairs []Pair, a netip.Addr) *Pair {
	var best *Pair
	most := -1
	for i := range pairs {
		prefix := pairs[i].V6
		if a.Is4() {
			prefix = pairs[i].V4
		}
		if prefix.Contains(a) && prefix.Bits() > most {
			best, most = &pairs[i], prefix.Bits()
		}
	}
	return best
}

// joinBits returns the bits of prefix followed by those of a from bit number
// from on, as many as there are and fit; zeros fill up (RFC 7757 §3.3).
func joinBits(prefix netip.Prefix, a netip.Addr, from int) netip.Addr {
	b, source := prefix.Masked().Addr().AsSlice(), a.AsSlice()
	for to := prefix.Bits(); to < len(b)*8 && from < len(source)*8; to, from = to+1, from+1 {
		bit := source[from/8] >> (7 - from%8) & 1
		b[to/8] |= bit << (7 - to%8)
	}
	joined, _ := netip.AddrFromSlice(b)
	return joined
}
