package conf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// setTUNUp takes a switch, and the word that Tayga's example shows but Tayga
// refuses.
func setTUNUp(p *parser, args []string) {
	if lower(args[0]) == "up" {
		p.conf.TUNUp = true
		return
	}
	boolean(func(c *Config) *bool { return &c.TUNUp })(p, args)
}

// setTUNIP takes an address as an interface has it: with host bits.
func setTUNIP(p *parser, args []string) {
	if x, ok := p.anyPrefix(familyOf(args[0]), args[0]); ok {
		p.once(&p.conf.TUNIPs, x)
	}
}

// setTUNRoute takes a prefix as a route has it. The kernel refuses host bits at
// start; they are a slip that has one meaning.
func setTUNRoute(p *parser, args []string) {
	switch lower(args[0]) {
	case "auto":
		p.conf.TUNRouteAuto = true
		return
	case "default":
		p.fail("default is no prefix, and there are two it could mean", "write 0.0.0.0/0 or ::/0")
		return
	}
	x, ok := p.anyPrefix(familyOf(args[0]), args[0])
	if !ok {
		return
	}
	if masked := x.Masked(); masked != x {
		p.warn(x.String()+" has bits set after its length, and "+masked.String()+" is taken", "write "+masked.String())
		x = masked
	}
	p.once(&p.conf.TUNRoutes, x)
}

// once adds x to a list that has each prefix once. To set it again does no harm.
func (p *parser) once(list *[]netip.Prefix, x netip.Prefix) {
	v := value{p.directive, x.String()}
	if first, given := p.given[v]; given {
		p.warn(v.text+" is given twice, first in line "+strconv.Itoa(first.Line), "remove one")
		return
	}
	p.given[v] = p.at
	*list = append(*list, x)
}

// checkTUN warns of what is set for the device and will not work alone.
func (p *parser) checkTUN() {
	c := p.conf
	if c.IPv4Addr.IsValid() || c.IPv6Addr.IsValid() {
		own := func(x netip.Prefix) bool { return x.Addr() == c.IPv4Addr || x.Addr() == c.IPv6Addr }
		if i := slices.IndexFunc(c.TUNIPs, own); i >= 0 {
			x := c.TUNIPs[i]
			p.turnTo("tun-ip", p.given[value{"tun-ip", x.String()}])
			p.warn(x.Addr().String()+" is the translator's own address, and as one of this host it never gets there", "give the host another address")
		}
	}
	if _, set := c.places["tun-route"]; set && !p.tried["tun-up"] && !p.unread {
		p.turnTo("tun-route", c.At("tun-route"))
		p.warn("routes need the device up, and tun-up is not set", "add tun-up yes, unless something else sets the device up before taygo starts")
	}
}

// setDataDir takes a directory, which need not be there yet.
func setDataDir(p *parser, args []string) {
	if args[0][0] != '/' {
		p.fail(strconv.Quote(args[0])+" is not an absolute path", "write a path that starts with /")
		return
	}
	p.conf.DataDir = args[0]
}

func setMapFile(p *parser, args []string) {
	if strings.HasSuffix(args[0], "/") {
		p.fail(strconv.Quote(args[0])+" is a directory", "add the name of the file")
		return
	}
	p.conf.MapFile = args[0]
}

// setStrictFragHdr takes any word: what older files asked for with it no
// translator does any more.
func setStrictFragHdr(p *parser, _ []string) {
	p.warn("has no effect: packets that are not fragments get no Fragment Header (RFC 7915 §4, RFC 8021)", "remove the line")
}

// familyOf returns the family that s looks like.
func familyOf(s string) *family {
	if strings.Contains(s, ":") {
		return ipv6
	}
	return ipv4
}

// setRPSCPUs takes a list of CPUs as taskset does.
func setRPSCPUs(p *parser, args []string) {
	const last = 8191 // of the kernels with the most
	var cpus []int
	for item := range strings.SplitSeq(args[0], ",") {
		from, to, isRange := strings.Cut(item, "-")
		if !isRange {
			to = from
		}
		low, ok := p.number(from, 0, last)
		if !ok {
			return
		}
		high, ok := p.number(to, low, last)
		if !ok {
			return
		}
		for cpu := low; cpu <= high; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	slices.Sort(cpus)
	p.conf.RPSCPUs = slices.Compact(cpus)
}
