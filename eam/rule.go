package eam

import (
	"encoding/binary"
	"net/netip"
)

// A rule is a Pair made ready for packets: 24 octets without pointers. Both
// addresses carry the same suffix; that of the IPv4 address ends at bit 0, that
// of the IPv6 address ends shift bits further left.
type rule struct {
	hi, lo uint64 // IPv6 prefix, zero past its length
	v4     uint32 // IPv4 prefix, zero past its length
	suffix uint8  // bits in the suffix, 0 to 32
	shift  uint8  // IPv6 bits past the suffix, 0 to 128
}

func newRule(p Pair) rule {
	hi, lo := halves(p.V6.Addr())
	suffix := 32 - p.V4.Bits()
	shift := 128 - p.V6.Bits() - suffix
	return rule{hi, lo, number4(p.V4.Addr()), uint8(suffix), uint8(shift)}
}

// to6 moves the suffix of v4 behind the IPv6 prefix (RFC 7757 §3.3.1). A shift
// by 64 or more gives zero, and a difference below zero wraps to such a shift:
// so a half that the suffix does not reach gets nothing, without a branch.
func (r *rule) to6(v4 uint32) (hi, lo uint64) {
	suffix := uint64(v4) & (1<<r.suffix - 1)
	hi = r.hi | suffix>>(64-r.shift) | suffix<<(r.shift-64)
	lo = r.lo | suffix<<r.shift
	return hi, lo
}

// to4 moves the suffix of hi, lo behind the IPv4 prefix (RFC 7757 §3.3.2), by
// the shifts of to6 in the other direction.
func (r *rule) to4(hi, lo uint64) uint32 {
	suffix := lo>>r.shift | hi<<(64-r.shift) | hi>>(r.shift-64)
	return r.v4 | uint32(suffix&(1<<r.suffix-1))
}

func (r *rule) pair() Pair {
	var b4 [4]byte
	var b6 [16]byte
	binary.BigEndian.PutUint32(b4[:], r.v4)
	binary.BigEndian.PutUint64(b6[:8], r.hi)
	binary.BigEndian.PutUint64(b6[8:], r.lo)
	return Pair{
		V4: netip.PrefixFrom(netip.AddrFrom4(b4), 32-int(r.suffix)),
		V6: netip.PrefixFrom(netip.AddrFrom16(b6), 128-int(r.suffix)-int(r.shift)),
	}
}

// span4 returns the addresses of the IPv4 prefix, as the last 32 bits of keys.
func (r *rule) span4() span {
	return spanOf(key{0, uint64(r.v4)}, uint(r.suffix))
}

// span6 returns the addresses of the IPv6 prefix.
func (r *rule) span6() span {
	return spanOf(key{r.hi, r.lo}, uint(r.suffix)+uint(r.shift))
}

// number4 returns the octets of an IPv4 address as an integer.
func number4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// halves returns the two halves of an IPv6 address.
func halves(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}
