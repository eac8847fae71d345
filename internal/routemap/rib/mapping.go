package rib

import (
	"encoding/binary"
	"net/netip"

	"taygo/translate/pref64"
)

// A Mapping turns IPv4 prefixes into the IPv6 prefixes that stand for them under
// one prefix of RFC 6052, and back. A route of length L under a prefix of length
// P has the length P+L, and 8 more if it reaches past bit 64 of a prefix that is
// no longer than 64: there lies the u octet (RFC 6052 §2.2). It is a plain value
// for any number of goroutines; make it with NewMapping.
type Mapping struct {
	pref pref64.Prefix
	bits int
}

// NewMapping returns the Mapping of a valid prefix.
func NewMapping(pref pref64.Prefix) Mapping { return Mapping{pref, pref.Netip().Bits()} }

// Embed returns the IPv6 prefix of p: its address as two integers, the first and
// the last eight octets read big-endian, and its length.
func (m Mapping) Embed(p Prefix) (hi, lo uint64, bits int) {
	hi, lo = m.pref.Embed(p.Addr)
	bits = m.bits + int(p.Bits)
	if m.bits <= 64 && bits > 64 {
		bits += 8
	}
	return hi, lo, bits
}

// Extract is the inverse of Embed. It returns false for what Embed gives for no
// IPv4 prefix: outside the prefix, a length that ends in the u octet, or bits set
// in the u octet or past the length.
func (m Mapping) Extract(hi, lo uint64, bits int) (Prefix, bool) {
	length := bits - m.bits
	if m.bits <= 64 && bits > 64 {
		length -= 8
	}
	if length < 0 || length > 32 {
		return Prefix{}, false
	}
	addr, ok := m.pref.Extract(hi, lo)
	if !ok {
		return Prefix{}, false
	}
	p := Prefix{addr, uint8(length)}.Masked()
	hi2, lo2, bits2 := m.Embed(p)
	if hi != hi2 || lo != lo2 || bits != bits2 {
		return Prefix{}, false
	}
	return p, true
}

// Map returns the IPv6 prefix of p: 198.51.100.0/24 under 64:ff9b::/96 is
// 64:ff9b::c633:6400/120.
func (m Mapping) Map(p Prefix) netip.Prefix {
	hi, lo, bits := m.Embed(p)
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], hi)
	binary.BigEndian.PutUint64(a[8:], lo)
	return netip.PrefixFrom(netip.AddrFrom16(a), bits)
}

// Unmap is the inverse of Map; it returns false where Extract does.
func (m Mapping) Unmap(p netip.Prefix) (Prefix, bool) {
	if !p.IsValid() || !p.Addr().Is6() {
		return Prefix{}, false
	}
	a := p.Addr().As16()
	return m.Extract(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), p.Bits())
}

// Prefix returns the prefix that m was made of.
func (m Mapping) Prefix() pref64.Prefix { return m.pref }
