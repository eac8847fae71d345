package conf

import "fmt"

// Bounds of runs of ports that follow from the address.
const (
	reservedPorts = 1024 // the ports below are not given out (RFC 7422 §2)
	fewestPorts   = 64   // of a source where the file does not say how many
	mostPorts     = 65536 - reservedPorts
)

// setNAT64Deterministic takes an IPv6 prefix and the length of the sources in it.
func setNAT64Deterministic(p *parser, args []string) {
	if !p.hasLength(ipv6, args[0]) {
		return
	}
	v6, ok := p.prefix(ipv6, args[0])
	if !ok || !p.usable(v6, overlapping, unusableIPv6) {
		return
	}
	d := NAT64Deterministic{V6: v6, At: p.at}
	if d.SourceBits, ok = p.number(args[1], v6.Bits(), min(128, v6.Bits()+32)); !ok {
		return
	}
	if len(args) == 3 {
		if d.PortsPerSource, ok = p.number(args[2], 1, mostPorts); !ok {
			return
		}
	}
	p.conf.NAT64.Deterministic = append(p.conf.NAT64.Deterministic, d)
}

// checkDeterministic checks that the pools have room for all the sources, and
// sets how many ports each has if the file does not.
func (p *parser) checkDeterministic() {
	c := p.conf
	lines := c.NAT64.Deterministic
	ports, sources := 0, 0
	var says Place
	for i, d := range lines {
		p.turnTo("nat64-deterministic", d.At)
		for _, earlier := range lines[:i] {
			if d.V6.Overlaps(earlier.V6) {
				p.fail(fmt.Sprintf("%v overlaps %v in line %d", d.V6, earlier.V6, earlier.At.Line), "take a prefix outside the other, or remove one")
				return
			}
		}
		if c.Prefix.IsValid() && inside(d.V6, c.Prefix) {
			p.fail(fmt.Sprintf("%v lies in %v, prefix in line %d, and stands for IPv4 hosts", d.V6, c.Prefix, c.At("prefix").Line), "write a prefix of IPv6 hosts")
			return
		}
		switch n := d.PortsPerSource; {
		case n == 0:
		case ports == 0:
			ports, says = n, d.At
		case n != ports:
			p.fail(fmt.Sprintf("%d ports, and line %d says %d", n, says.Line, ports), "write one number of ports on all lines")
			return
		}
		sources += 1 << (d.SourceBits - d.V6.Bits())
	}
	if len(lines) == 0 || len(c.NAT64.Pools) == 0 || p.failed("nat64-pool") {
		return
	}
	p.turnTo("nat64-deterministic", lines[0].At)
	if ports, ok := p.portsEach(sources, ports); ok {
		for i := range lines {
			lines[i].PortsPerSource = ports
		}
	}
}

// portsEach returns the number of ports that each source has, which is the one
// given unless that is 0, and refuses one for which the pools have no room.
func (p *parser) portsEach(sources, ports int) (int, bool) {
	pools := p.conf.NAT64.Pools
	if ports > 0 {
		room := runsOf(pools, ports)
		if room < sources {
			p.fail(fmt.Sprintf("%d sources of %d ports each, and the pools have room for %d", sources, ports, room), "write fewer ports or a shorter SOURCE-LENGTH, or add a pool")
		}
		return ports, room >= sources
	}
	low, high := 0, mostPorts // the pools have room for runs of low ports, and not for longer ones than high
	for low < high {
		middle := (low + high + 1) / 2
		if runsOf(pools, middle) >= sources {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if low < fewestPorts {
		p.fail(fmt.Sprintf("%d sources have %d ports each, %d is the least", sources, low, fewestPorts), "write a shorter SOURCE-LENGTH, add a pool, or write how many ports each shall have")
		return 0, false
	}
	return low, true
}

// runsOf returns how many runs of that many ports the pools have, in the protocol
// that has the fewest of those that have any.
func runsOf(pools []NAT64Pool, ports int) int {
	var runs [3]int
	var has [3]bool
	for _, pool := range pools {
		n := (int(pool.Last) + 1 - max(int(pool.First), reservedPorts)) / ports << (32 - pool.V4.Bits())
		for i, on := range []bool{pool.TCP, pool.UDP, pool.ICMP} {
			if on {
				has[i] = true
				runs[i] += max(0, n)
			}
		}
	}
	fewest := -1
	for i := range runs {
		if has[i] && (fewest < 0 || runs[i] < fewest) {
			fewest = runs[i]
		}
	}
	return max(0, fewest)
}
