package conf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A family is what differs between the addresses of IPv4 and IPv6.
type family struct {
	name string
	bits int
	is   func(netip.Addr) bool
	form string // how an address is written
	like string // a length that a prefix often has
}

var (
	ipv4 = &family{"IPv4", 32, netip.Addr.Is4, "write four decimal numbers without leading zeros, such as 192.0.2.1", "/24"}
	ipv6 = &family{"IPv6", 128, netip.Addr.Is6, "write an address such as 2001:db8::1", "/96"}
)

// addr reads an address.
func (p *parser) addr(f *family, s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil && strings.Contains(s, "/"):
		p.fail(strconv.Quote(s)+" is not a single address", "write it without a length")
	case err != nil:
		p.fail(fmt.Sprintf("%q is not an %s address", s, f.name), unlessGlued(s, f.form))
	case a.Zone() != "":
		p.fail(strconv.Quote(s)+" names a zone", "write the address without the % and what follows")
	case a.Is4In6() && f == ipv4:
		p.fail(strconv.Quote(s)+" is an IPv4-mapped IPv6 address", "write "+a.Unmap().String())
	case a.Is4In6():
		p.fail(strconv.Quote(s)+" is an IPv4-mapped address, which stands for an IPv4 host", "write an IPv6 address outside ::ffff:0:0/96")
	case !f.is(a):
		p.fail(fmt.Sprintf("%q is not an %s address", s, f.name), f.form)
	default:
		return a, true
	}
	return netip.Addr{}, false
}

// anyPrefix reads an address and a length, which may leave host bits. Without a
// length it is a prefix of one address.
func (p *parser) anyPrefix(f *family, s string) (netip.Prefix, bool) {
	address, length, slash := strings.Cut(s, "/")
	a, ok := p.addr(f, address)
	if !ok {
		return netip.Prefix{}, false
	}
	if !slash {
		return netip.PrefixFrom(a, f.bits), true
	}
	n, err := strconv.Atoi(length)
	if !allDigits(length) || len(length) > 1 && length[0] == '0' || err != nil || n > f.bits {
		do := fmt.Sprintf("write a length from 0 to %d, in plain digits", f.bits)
		p.fail(strconv.Quote(length)+" is not the length of an "+f.name+" prefix", unlessGlued(length, do))
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, n), true
}

// prefix reads an address and a length that leaves no host bits.
func (p *parser) prefix(f *family, s string) (netip.Prefix, bool) {
	x, ok := p.anyPrefix(f, s)
	return x, ok && p.noHostBits(x)
}

func (p *parser) noHostBits(x netip.Prefix) bool {
	if masked := x.Masked(); x != masked {
		p.fail(x.String()+" has bits set after its length", "write "+masked.String())
		return false
	}
	return true
}

// hasLength insists on a slash, where a lone address is more likely a slip.
func (p *parser) hasLength(f *family, s string) bool {
	if !strings.Contains(s, "/") {
		p.fail(strconv.Quote(s)+" has no length", unlessGlued(s, "add one after a slash, such as "+f.like))
		return false
	}
	return true
}

func setIPv4Addr(p *parser, args []string) {
	a, ok := p.addr(ipv4, args[0])
	if ok && p.usable(host(a), inside, unmappableIPv4) {
		p.conf.IPv4Addr = a
		p.warnLinkLocal(host(a))
	}
}

func setIPv6Addr(p *parser, args []string) {
	a, ok := p.addr(ipv6, args[0])
	if ok && p.usable(host(a), overlapping, unusableIPv6) {
		p.conf.IPv6Addr = a
		p.warnWKP(host(a))
	}
}

func setPrefix(p *parser, args []string) {
	if x, ok := p.translationPrefix(args[0]); ok {
		p.conf.Prefix = x
	}
}

// translationPrefix reads one of the prefixes of RFC 6052 §2.2.
func (p *parser) translationPrefix(s string) (netip.Prefix, bool) {
	if !p.hasLength(ipv6, s) {
		return netip.Prefix{}, false
	}
	x, ok := p.anyPrefix(ipv6, s)
	if !ok {
		return netip.Prefix{}, false
	}
	octet8 := x.Addr().As16()
	octet8[8] = 0
	switch {
	case wkpNet.Contains(x.Addr()) && x.Bits() != 96:
		p.fail(x.String()+" is not the well-known prefix, which exists only as 64:ff9b::/96 (RFC 6052 §2.1)",
			"write 64:ff9b::/96, or take a prefix in 64:ff9b:1::/48 (RFC 8215)")
	case !rfc6052Length(x.Bits()):
		p.fail(fmt.Sprintf("/%d is not a length of RFC 6052 §2.2", x.Bits()), "write 32, 40, 48, 56, 64 or 96")
	case !p.noHostBits(x) || !p.usable(x, overlapping, unusableIPv6):
	case netip.AddrFrom16(octet8) != x.Addr():
		p.fail(x.String()+" has bits set from 64 to 71, which RFC 6052 §2.2 keeps zero",
			"write "+netip.PrefixFrom(netip.AddrFrom16(octet8), x.Bits()).String())
	default:
		return x, true
	}
	return netip.Prefix{}, false
}

func rfc6052Length(n int) bool {
	switch n {
	case 32, 40, 48, 56, 64, 96:
		return true
	}
	return false
}

// setDenyIPv4 takes any prefixes: to deny what is never translated does no harm.
func setDenyIPv4(p *parser, args []string) {
	for _, arg := range args {
		if !p.hasLength(ipv4, arg) {
			continue
		}
		if x, ok := p.prefix(ipv4, arg); ok && p.notTwice(x.String()) {
			p.conf.DenyIPv4 = append(p.conf.DenyIPv4, x)
		}
	}
}

// setICMPSourceIPv4 and setICMPSourceIPv6 take addresses that a host may answer to.
func setICMPSourceIPv4(p *parser, args []string) {
	for _, arg := range args {
		x, ok := p.prefix(ipv4, arg)
		if !ok || !p.usable(x, overlapping, unusableIPv4) || !p.notTwice(x.String()) {
			continue
		}
		p.conf.ICMPSourceIPv4 = append(p.conf.ICMPSourceIPv4, x)
		if b, ok := find(x, overlapping, privateIPv4); ok {
			p.warn(fmt.Sprintf("%v is not seen from outside: %v is %s (RFC 6791 §3)", x, b.prefix, b.what),
				"take global addresses, or leave it if nobody outside needs to see them")
		}
	}
}

func setICMPSourceIPv6(p *parser, args []string) {
	for _, arg := range args {
		x, ok := p.prefix(ipv6, arg)
		if !ok || !p.usable(x, overlapping, unusableIPv6) || !p.notTwice(x.String()) {
			continue
		}
		p.conf.ICMPSourceIPv6 = append(p.conf.ICMPSourceIPv6, x)
		p.warnWKP(x)
	}
}

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
