package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// shortestNAT64Pool is the length of a pool of MaxNAT64Addresses addresses.
const shortestNAT64Pool = 16

// setNAT64Pool takes addresses, and the ports and protocols that they share.
func setNAT64Pool(p *parser, args []string) {
	v4, ok := p.prefix(ipv4, args[0])
	switch {
	case !ok || !p.usable(v4, overlapping, unmappableIPv4):
		return
	case v4.Bits() < shortestNAT64Pool:
		p.fail(fmt.Sprintf("%v has more than the %d addresses that pools may have", v4, MaxNAT64Addresses), fmt.Sprintf("write a length of at least %d", shortestNAT64Pool))
		return
	}
	pool := NAT64Pool{V4: v4, First: 1, Last: 65535, At: p.at}
	protocols := []*bool{&pool.TCP, &pool.UDP, &pool.ICMP}
	ranges := 0
	for _, arg := range args[1:] {
		if i := slices.Index(nat64ProtocolWords, lower(arg)); i >= 0 {
			*protocols[i] = true
			continue
		}
		first, last, ok := p.ports(arg, 1)
		if !ok {
			return
		}
		pool.First, pool.Last = first, last
		ranges++
	}
	if ranges > 1 {
		p.fail("has "+strconv.Itoa(ranges)+" ranges of ports", "write one range, and a line for each other")
		return
	}
	if !pool.TCP && !pool.UDP && !pool.ICMP {
		pool.TCP, pool.UDP, pool.ICMP = true, true, true
	}
	p.conf.NAT64.Pools = append(p.conf.NAT64.Pools, pool)
	p.warnLinkLocal(v4)
}

// ports reads a range of ports, FIRST-LAST or a single one, none of them below
// low.
func (p *parser) ports(s string, low int) (first, last uint16, ok bool) {
	a, b, dash := strings.Cut(s, "-")
	if !dash {
		b = a
	}
	if !allDigits(a) || !allDigits(b) {
		p.fail(strconv.Quote(s)+" is neither a port nor a range of ports", unlessGlued(s, "write a range such as 1024-65535"))
		return 0, 0, false
	}
	x, ok := p.number(a, low, 65535)
	if !ok {
		return 0, 0, false
	}
	y, ok := x, true
	if dash {
		y, ok = p.number(b, low, 65535)
	}
	if ok && y < x {
		p.fail(s+" ends before it starts", fmt.Sprintf("write %d-%d", y, x))
		return 0, 0, false
	}
	return uint16(x), uint16(y), ok
}

// setNAT64Static takes a run of ports of an IPv6 host and one, as long, of an
// IPv4 address.
func setNAT64Static(p *parser, args []string) {
	protocol, ok := p.oneOf(nat64ProtocolWords, args[0])
	if !ok {
		return
	}
	low := 1
	if NAT64Protocol(protocol) == NAT64ICMP {
		low = 0 // an identifier may be 0 (RFC 792)
	}
	v6, n6, ok6 := p.endpoints(ipv6, args[1], low)
	v4, n4, ok4 := p.endpoints(ipv4, args[2], low)
	switch {
	case !ok6 || !ok4:
	case n6 != n4:
		p.fail(fmt.Sprintf("%s has %d ports, %s has %d", args[1], n6, args[2], n4), "write two ranges of the same length")
	default:
		p.conf.NAT64.Static = append(p.conf.NAT64.Static, NAT64Static{Protocol: NAT64Protocol(protocol), V6: v6, V4: v4, Ports: n6, At: p.at})
	}
}

// endpoints reads a host with a port or a range of ports, and returns the first
// and how many there are.
func (p *parser) endpoints(f *family, s string, low int) (netip.AddrPort, int, bool) {
	address, port, found := cutPort(s)
	if !found || (f == ipv6) != (s[0] == '[') {
		form := "write V4:PORT, such as 192.0.2.1:80"
		if f == ipv6 {
			form = "write [V6]:PORT, such as [2001:db8::1]:80"
		}
		p.fail(fmt.Sprintf("%q is not an %s address with a port", s, f.name), unlessGlued(s, form))
		return netip.AddrPort{}, 0, false
	}
	blocks := unmappableIPv4
	if f == ipv6 {
		blocks = unusableIPv6
	}
	a, ok := p.addr(f, address)
	if !ok || !p.usable(host(a), inside, blocks) {
		return netip.AddrPort{}, 0, false
	}
	first, last, ok := p.ports(port, low)
	return netip.AddrPortFrom(a, first), int(last) - int(first) + 1, ok
}

// cutPort returns what stands before the last colon of s, without brackets, and
// what stands after it.
func cutPort(s string) (address, port string, found bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", "", false
	}
	address, port = s[:i], s[i+1:]
	if !strings.HasPrefix(address, "[") {
		return address, port, true
	}
	return strings.TrimSuffix(address[1:], "]"), port, strings.HasSuffix(address, "]")
}

// setNAT64Dedicated takes a pool address and the one host that has it alone.
func setNAT64Dedicated(p *parser, args []string) {
	if strings.Contains(args[0], ":") && !strings.Contains(args[1], ":") {
		p.fail("the IPv6 side comes first", "write nat64-dedicated V4 V6")
		return
	}
	v4, ok4 := p.addr(ipv4, args[0])
	ok4 = ok4 && p.usable(host(v4), inside, unmappableIPv4)
	v6, ok6 := p.addr(ipv6, args[1])
	ok6 = ok6 && p.usable(host(v6), inside, unusableIPv6)
	if !ok4 || !ok6 {
		return
	}
	ok4, ok6 = p.notTwice(v4.String()), p.notTwice(v6.String())
	if ok4 && ok6 {
		p.conf.NAT64.Dedicated = append(p.conf.NAT64.Dedicated, NAT64Dedicated{V4: v4, V6: v6, At: p.at})
	}
}
