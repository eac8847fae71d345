package pref64

import (
	"encoding/binary"
	"net/netip"
)

// EmbedAddr is Embed for configuration and people. It returns the zero Addr if
// v4 is not an IPv4 address or p is not Valid.
func (p Prefix) EmbedAddr(v4 netip.Addr) netip.Addr {
	if !p.Valid() || !v4.Is4() {
		return netip.Addr{}
	}
	b := v4.As4()
	return addr6(p.Embed(binary.BigEndian.Uint32(b[:])))
}

// ExtractAddr is Extract for configuration and people. It returns false if v6
// is not an IPv6 address inside p.
func (p Prefix) ExtractAddr(v6 netip.Addr) (netip.Addr, bool) {
	if !v6.Is6() {
		return netip.Addr{}, false
	}
	v4, ok := p.Extract(halves(v6))
	if !ok {
		return netip.Addr{}, false
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v4)
	return netip.AddrFrom4(b), true
}

// EmbedPrefix returns an IPv4 route as the IPv6 route to the same hosts:
// 198.51.100.0/24 under 64:ff9b::/96 is 64:ff9b::c633:6400/120. A route that
// reaches past bit 64 takes in the u octet, so that its length grows by 8
// (RFC 6052 §2.2). Bits past the length of route do not count. The result is
// the zero netip.Prefix if route is not an IPv4 prefix or p is not Valid.
func (p Prefix) EmbedPrefix(route netip.Prefix) netip.Prefix {
	route = route.Masked()
	base := p.EmbedAddr(route.Addr())
	if !base.IsValid() {
		return netip.Prefix{}
	}
	bits := int(p.layout.bits) + route.Bits()
	if p.layout.bits <= 64 && bits > 64 {
		bits += 8
	}
	return netip.PrefixFrom(base, bits)
}

// Netip returns p as a netip.Prefix; the zero Prefix gives the zero
// netip.Prefix.
func (p Prefix) Netip() netip.Prefix {
	if !p.Valid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(addr6(p.hi, p.lo), int(p.layout.bits))
}

// String returns p as in tayga.conf, such as 64:ff9b::/96, or "no prefix".
func (p Prefix) String() string {
	if !p.Valid() {
		return "no prefix"
	}
	return p.Netip().String()
}

// addr6 is the inverse of halves.
func addr6(hi, lo uint64) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	return netip.AddrFrom16(b)
}
