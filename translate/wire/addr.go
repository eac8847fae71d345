package wire

import (
	"encoding/binary"
	"net/netip"
)

// An Addr is an IPv4 or IPv6 address as two integers, most significant octets
// first. An IPv4 address has the form ::ffff:a.b.c.d, which no packet carries;
// its ffff is a zero of the Internet checksum, so that the sum of an Addr is the
// sum of the address in either family. The zero Addr is the IPv6 address ::.
type Addr struct{ Hi, Lo uint64 }

const v4Mark = 0xffff << 32

// Addr4 returns the IPv4 address with the given integer value.
func Addr4(v4 uint32) Addr { return Addr{Lo: v4Mark | uint64(v4)} }

// AddrFrom returns the Addr of a; of an invalid address, the zero Addr.
func AddrFrom(a netip.Addr) Addr {
	if !a.IsValid() {
		return Addr{}
	}
	b := a.As16()
	return Load16(b[:])
}

// V4 returns the integer value of an IPv4 address.
func (a Addr) V4() uint32 { return uint32(a.Lo) }

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool { return a.Hi == 0 && a.Lo>>32 == 0xffff }

// IsZero reports whether a is the zero Addr.
func (a Addr) IsZero() bool { return a == Addr{} }

// Netip returns a as a netip.Addr.
func (a Addr) Netip() netip.Addr {
	var b [16]byte
	a.Store16(b[:])
	return netip.AddrFrom16(b).Unmap()
}

func (a Addr) String() string { return a.Netip().String() }

// Load16 reads an IPv6 address from the front of b.
func Load16(b []byte) Addr {
	_ = b[15]
	return Addr{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// Store16 writes an IPv6 address to the front of b.
func (a Addr) Store16(b []byte) {
	_ = b[15]
	binary.BigEndian.PutUint64(b, a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
}

// IllegalSource4 reports whether no packet from v4 may be forwarded: 0/8, 127/8,
// 224/4 and 255.255.255.255 (RFC 1122 §3.2.1.3, RFC 7915 §4.1), and link-local
// 169.254/16 (RFC 3927 §2.7). The rest of 240/4 is legal.
func IllegalSource4(v4 uint32) bool {
	return v4>>24 == 0 || v4>>24 == 127 || v4>>28 == 0xe || v4 == 0xffffffff || v4>>16 == 0xa9fe
}

// IllegalDestination4 reports whether no packet to v4 may be forwarded (RFC 1812
// §5.3.7, RFC 3927 §2.7): the addresses that are illegal sources.
func IllegalDestination4(v4 uint32) bool { return IllegalSource4(v4) }

// IllegalSource6 reports whether no packet from a, an IPv6 address, may be
// forwarded: ::, ::1, ff00::/8, fe80::/10, ::ffff:0:0/96 (RFC 7915 §5.1, RFC 4291 §2.5).
func IllegalSource6(a Addr) bool {
	return IllegalDestination6(a) || a.Is4()
}

// IllegalDestination6 reports whether no packet to a, an IPv6 address, may be
// forwarded: ::, ::1, ff00::/8, fe80::/10.
func IllegalDestination6(a Addr) bool {
	return a.Hi>>56 == 0xff || a.Hi>>54 == 0xfe80>>6 || a.Hi == 0 && a.Lo <= 1
}
