// Package pref64 puts IPv4 addresses and IPv4 routes inside an IPv6 prefix and
// takes them out again: the address formats of RFC 6052.
//
// On the packet path an address is an integer in host order: an IPv4 address
// is the uint32 of its four octets read big-endian (192.0.2.33 is 0xc0000221),
// an IPv6 address is hi and lo, its first and its last eight octets read the
// same way. Configuration and people use the methods on net/netip values.
package pref64

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Reasons for which New refuses a prefix.
var (
	ErrLength    = errors.New("not an IPv6 prefix of length 32, 40, 48, 56, 64 or 96 (RFC 6052 §2.2)")
	ErrHostBits  = errors.New("bits are set past the length")
	ErrUBits     = errors.New("bits 64 to 71 are not zero (RFC 6052 §2.2)")
	ErrWellKnown = errors.New("the Well-Known Prefix 64:ff9b:: has the length 96 only (RFC 6052 §2.1)")
)

// wellKnownHi is the first half of the Well-Known Prefix; its second is zero.
const wellKnownHi = 0x0064ff9b << 32

// A Prefix is an IPv6 prefix under which every IPv4 address has one IPv6 form.
// The zero value is no prefix: Valid tells. A Prefix is a plain value without
// pointers: it can be compared, copied and used by any number of goroutines.
type Prefix struct {
	hi, lo         uint64 // zero past the length
	maskHi, maskLo uint64 // ones along the length
	layout         layout
}

// A layout tells by shifts where RFC 6052 §2.2 puts the IPv4 address. For
// lengths up to 64 the address begins right after the prefix, and what does not
// fit before bit 64 goes on behind the u octet, bits 64 to 71.
type layout struct {
	bits   uint8 // length of the prefix
	behind uint8 // IPv4 bits that lie in lo: what hi cannot take
	ahead  uint8 // IPv4 bits that lie in hi
	gap    uint8 // bits of lo in front of its first IPv4 bit
}

// layouts is Figure 1 of RFC 6052 §2.2.
var layouts = [...]layout{
	{bits: 32, behind: 0, ahead: 32, gap: 8},
	{bits: 40, behind: 8, ahead: 24, gap: 8},
	{bits: 48, behind: 16, ahead: 16, gap: 8},
	{bits: 56, behind: 24, ahead: 8, gap: 8},
	{bits: 64, behind: 32, ahead: 0, gap: 8},
	{bits: 96, behind: 32, ahead: 0, gap: 32},
}

// New returns p as a Prefix. It refuses a length that RFC 6052 does not know
// (ErrLength), bits set past the length (ErrHostBits), a u octet that is not
// zero (ErrUBits), and 64:ff9b:: with another length than 96 (ErrWellKnown).
// 64:ff9b:1::/48 and the prefixes inside it are prefixes like any other
// (RFC 8215).
func New(p netip.Prefix) (Prefix, error) {
	lay, ok := layoutOf(p)
	if !ok {
		return Prefix{}, fmt.Errorf("pref64: %v: %w: choose one of these", p, ErrLength)
	}
	if p != p.Masked() {
		return Prefix{}, fmt.Errorf("pref64: %v: %w: write %v", p, ErrHostBits, p.Masked())
	}
	hi, lo := halves(p.Addr())
	if lo>>56 != 0 {
		return Prefix{}, fmt.Errorf("pref64: %v: %w: choose a /96 whose ninth octet is zero", p, ErrUBits)
	}
	if hi == wellKnownHi && lay.bits != 96 {
		return Prefix{}, fmt.Errorf("pref64: %v: %w: write 64:ff9b::/96, or choose a prefix of your own or one inside 64:ff9b:1::/48", p, ErrWellKnown)
	}
	bits := uint(lay.bits)
	return Prefix{hi, lo, ^(^uint64(0) >> bits), ^(^uint64(0) >> (max(bits, 64) - 64)), lay}, nil
}

func layoutOf(p netip.Prefix) (layout, bool) {
	for _, lay := range layouts {
		if p.Addr().Is6() && p.Bits() == int(lay.bits) {
			return lay, true
		}
	}
	return layout{}, false
}

// Embed returns the IPv6 form of v4 (RFC 6052 §2.2); u octet and suffix are
// zero. Of a Prefix that is not Valid the result means nothing.
func (p *Prefix) Embed(v4 uint32) (hi, lo uint64) {
	// No shift reaches 64; the masks tell the compiler so.
	hi = p.hi | uint64(v4)>>(p.layout.behind&63)
	lo = p.lo | uint64(v4)<<32<<(p.layout.ahead&63)>>(p.layout.gap&63)
	return hi, lo
}

// Extract returns the IPv4 address inside hi, lo, or false if that address
// lies outside p. It skips the u octet and ignores the suffix, whatever their
// values (RFC 6052 §2.2, §2.3).
func (p *Prefix) Extract(hi, lo uint64) (v4 uint32, ok bool) {
	if !p.Contains(hi, lo) {
		return 0, false
	}
	head := hi << (p.layout.behind & 63)
	tail := lo << (p.layout.gap & 63) >> (p.layout.ahead & 63) >> 32
	return uint32(head) | uint32(tail), true
}

// Contains tells whether hi, lo lies inside p. Nothing lies inside the zero
// Prefix.
func (p *Prefix) Contains(hi, lo uint64) bool {
	return (hi^p.hi)&p.maskHi|(lo^p.lo)&p.maskLo == 0 && p.Valid()
}

// Valid tells whether p is a prefix, that is, not the zero value.
func (p *Prefix) Valid() bool { return p.layout.bits != 0 }

// WellKnown tells whether p is 64:ff9b::/96, under which NonGlobal addresses
// must not be translated (RFC 6052 §3.1).
func (p *Prefix) WellKnown() bool { return p.hi == wellKnownHi && p.lo == 0 }

// halves returns the two halves of an IPv6 address.
func halves(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}
