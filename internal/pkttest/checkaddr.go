package pkttest

import (
	"fmt"
	"net/netip"
)

// Addresses that no packet may go to or come from.
var forbidden = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),          // this network: RFC 791 §3.2
	netip.MustParsePrefix("127.0.0.0/8"),        // loopback: RFC 1122 §3.2.1.3
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local: RFC 3927 §7
	netip.MustParsePrefix("224.0.0.0/4"),        // multicast: RFC 1112
	netip.MustParsePrefix("255.255.255.255/32"), // limited broadcast: RFC 919
	netip.MustParsePrefix("::/128"),             // unspecified: RFC 4291 §2.5.2
	netip.MustParsePrefix("::1/128"),            // loopback: RFC 4291 §2.5.3
	netip.MustParsePrefix("::ffff:0:0/96"),      // IPv4-mapped: RFC 4291 §2.5.5.2
	netip.MustParsePrefix("fe80::/10"),          // link-local: RFC 4291 §2.5.6
	netip.MustParsePrefix("ff00::/8"),           // multicast: RFC 4291 §2.7
}

func isForbidden(address []byte) bool {
	a, _ := netip.AddrFromSlice(address)
	for _, p := range forbidden {
		// Contains takes no IPv4-mapped address for an IPv6 one, so its prefix
		// is compared by hand.
		if p.Contains(a) || a.Is4In6() && p.Addr().Is4In6() {
			return true
		}
	}
	return false
}

// checkAddresses judges both addresses of the IP header.
func (c Checker) checkAddresses(b *body) error {
	if isForbidden(b.dst) {
		return fmt.Errorf("pkttest: destination %v: %w", addrOf(b.dst), ErrAddress)
	}
	if isForbidden(b.src) && !(c.AllowOddSource && isError(b)) {
		return fmt.Errorf("pkttest: source %v: %w", addrOf(b.src), ErrAddress)
	}
	return nil
}

// isError reports whether b is an ICMP error.
func isError(b *body) bool {
	return b.whole() && b.number == icmpNumber(b.v6) && len(b.data) > 0 && isErrorType(b.v6, b.data[0])
}

// isErrorType reports whether an ICMP type is that of an error message: RFC 792
// and RFC 1122 §3.2.2 for IPv4, RFC 4443 §2.1 for IPv6.
func isErrorType(v6 bool, kind byte) bool {
	if v6 {
		return kind < 128
	}
	return kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12
}

func addrOf(address []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(address)
	return a
}
