package rib

import (
	"cmp"
	"encoding/binary"
	"net/netip"
)

// A Prefix is an IPv4 prefix in eight octets: the form in which a million of
// them are handled. Addr is in host order (192.0.2.0 is 0xc0000200) with zeros
// past Bits, which is 0 to 32. The zero value is 0.0.0.0/0.
type Prefix struct {
	Addr uint32
	Bits uint8
}

// PrefixOf returns p without its host bits, or false if it is not an IPv4
// prefix.
func PrefixOf(p netip.Prefix) (Prefix, bool) {
	if !p.IsValid() || !p.Addr().Is4() {
		return Prefix{}, false
	}
	a := p.Addr().As4()
	return Prefix{binary.BigEndian.Uint32(a[:]), uint8(p.Bits())}.Masked(), true
}

// Netip returns p as a netip.Prefix.
func (p Prefix) Netip() netip.Prefix {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], p.Addr)
	return netip.PrefixFrom(netip.AddrFrom4(a), int(p.Bits))
}

// String returns p as 192.0.2.0/24.
func (p Prefix) String() string { return p.Netip().String() }

// Masked returns p without bits past its length.
func (p Prefix) Masked() Prefix { return Prefix{p.Addr & mask(p.Bits), p.Bits} }

// Contains tells whether addr, in host order, lies in p.
func (p Prefix) Contains(addr uint32) bool { return (addr^p.Addr)&mask(p.Bits) == 0 }

// Covers tells whether q is p or lies in it.
func (p Prefix) Covers(q Prefix) bool { return p.Bits <= q.Bits && p.Contains(q.Addr) }

// Last returns the last address of p, in host order.
func (p Prefix) Last() uint32 { return p.Addr | ^mask(p.Bits) }

// Compare orders prefixes by address, a prefix before those inside it.
func (p Prefix) Compare(q Prefix) int {
	return cmp.Compare(uint64(p.Addr)<<8|uint64(p.Bits), uint64(q.Addr)<<8|uint64(q.Bits))
}

// mask has ones along the first bits.
func mask(bits uint8) uint32 { return ^uint32(uint64(0xffffffff) >> bits) }
