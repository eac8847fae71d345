package conf

import (
	"fmt"
	"net/netip"
)

// A block is an address block with a meaning of its own.
type block struct {
	prefix netip.Prefix
	what   string // "P is …"
}

func blockOf(prefix, what string) block { return block{netip.MustParsePrefix(prefix), what} }

// unmappableIPv4 are the blocks that never stand for one host beyond the link
// (RFC 1122 §3.2.1.3); link-local ones stand for one on the link.
var (
	unmappableIPv4 = []block{
		blockOf("0.0.0.0/8", "this network"),
		blockOf("127.0.0.0/8", "loopback"),
		blockOf("224.0.0.0/4", "multicast"),
		blockOf("255.255.255.255/32", "broadcast"),
	}
	linkLocalIPv4 = []block{blockOf("169.254.0.0/16", "link-local")}
	unusableIPv4  = append(linkLocalIPv4[:1:1], unmappableIPv4...)
)

// unusableIPv6 are the blocks that Tayga refuses everywhere. Of ::/8, where
// unspecified, loopback and IPv4-mapped addresses lie, 64:ff9b::/32 is good.
var (
	unusableIPv6 = []block{
		blockOf("::/8", "reserved (RFC 4291)"),
		blockOf("ff00::/8", "multicast"),
		blockOf("fe80::/10", "link-local"),
	}
	translators = netip.MustParsePrefix("64:ff9b::/32")
)

// privateIPv4 are the blocks that RFC 6791 §3 wants no ICMP error to come from.
var privateIPv4 = []block{
	blockOf("10.0.0.0/8", "private"),
	blockOf("172.16.0.0/12", "private"),
	blockOf("192.168.0.0/16", "private"),
	blockOf("100.64.0.0/10", "shared address space"),
}

// notGlobalIPv4 are the blocks that the IANA special-purpose registry does not
// call globally reachable, so that they may not stand in the well-known prefix
// (RFC 6052 §3.1). 192.0.0.0/24 is left out: it is where a CLAT takes its own
// address from (RFC 7335), and that address meets nobody else.
var notGlobalIPv4 = append([]block{
	blockOf("192.0.2.0/24", "for documentation"),
	blockOf("198.51.100.0/24", "for documentation"),
	blockOf("203.0.113.0/24", "for documentation"),
	blockOf("198.18.0.0/15", "for benchmarks"),
	blockOf("240.0.0.0/4", "reserved"),
}, append(privateIPv4, unusableIPv4...)...)

// The well-known prefix (RFC 6052 §2.1), the network around it that must not be
// taken for it, and the first address for use inside a network (RFC 8215).
var (
	wkp      = netip.MustParsePrefix("64:ff9b::/96")
	wkpNet   = netip.MustParsePrefix("64:ff9b::/64")
	localUse = netip.MustParseAddr("64:ff9b:1::")
)

// inside reports whether all of x lies in y.
func inside(x, y netip.Prefix) bool { return x.Bits() >= y.Bits() && y.Contains(x.Addr()) }

// overlapping reports whether any of x lies in y.
func overlapping(x, y netip.Prefix) bool { return x.Overlaps(y) }

// beginning reports whether the first address of x lies in y.
func beginning(x, y netip.Prefix) bool { return y.Contains(x.Addr()) }

// find returns the first block that x has the relation to.
func find(x netip.Prefix, relation func(x, y netip.Prefix) bool, blocks []block) (block, bool) {
	for _, b := range blocks {
		if relation(x, b.prefix) {
			return b, true
		}
	}
	return block{}, false
}

// usable refuses x if it has the relation to one of the blocks.
func (p *parser) usable(x netip.Prefix, relation func(x, y netip.Prefix) bool, blocks []block) bool {
	b, found := find(x, relation, blocks)
	if !found || inside(x, translators) {
		return true
	}
	where := "lies in"
	if !inside(x, b.prefix) {
		where = "overlaps"
	}
	p.fail(fmt.Sprintf("%s %s %v, which is %s", textOf(x), where, b.prefix, b.what), "write one outside "+b.prefix.String())
	return false
}

// warnWKP warns of IPv6 hosts within the well-known prefix.
func (p *parser) warnWKP(x netip.Prefix) {
	if x.Overlaps(wkp) {
		p.warn("IPv6 hosts should not have addresses in "+wkp.String()+" (RFC 6052 §3.1)", "take addresses of your own network")
	}
}

// warnLinkLocal warns of IPv4 addresses that no router forwards.
func (p *parser) warnLinkLocal(x netip.Prefix) {
	if b, found := find(x, inside, linkLocalIPv4); found {
		p.warn(fmt.Sprintf("%s lies in %v, which is %s: routers do not forward it", textOf(x), b.prefix, b.what), "take another block if hosts beyond the link are to reach it")
	}
}

// textOf returns a prefix without its length where that is of one address.
func textOf(x netip.Prefix) string {
	if x.IsSingleIP() {
		return x.Addr().String()
	}
	return x.String()
}
