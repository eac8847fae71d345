package conf

import (
	"fmt"
	"slices"
	"strconv"
)

func setRoutePrefix(p *parser, args []string) {
	if x, ok := p.translationPrefix(args[0]); ok {
		p.conf.Routes.Prefix = x
	}
}

func setRouteTable(p *parser, args []string) {
	if n, ok := p.table(args[0]); ok {
		p.conf.Routes.Table = n
	}
}

// setRouteProto takes a number that marks nobody else's routes.
func setRouteProto(p *parser, args []string) {
	n, ok := p.number(args[0], 1, 255)
	if !ok {
		return
	}
	if i := slices.IndexFunc(routeMarks, func(m routeMark) bool { return int(m.number) == n }); i >= 0 {
		p.fail(fmt.Sprintf("%d marks the routes of %s", n, routeMarks[i].word), "write a number that nothing else on this host has, such as 64")
		return
	}
	p.conf.Routes.Protocol = uint8(n)
}

func setRouteMetric(p *parser, args []string) {
	r := &p.conf.Routes
	if lower(args[0]) == "copy" {
		r.MetricCopy = true
		return
	}
	if !allDigits(args[0]) {
		p.fail(strconv.Quote(args[0])+" is neither copy nor a number", unlessGlued(args[0], "write copy or a number from 1 to "+strconv.Itoa(mostMetric)))
		return
	}
	if n, ok := p.number(args[0], 1, mostMetric); ok {
		r.Metric = uint32(n)
	}
}

// setRouteNextHop takes the IPv6 next hop of an IPv4 one, or of all others.
func setRouteNextHop(p *parser, args []string) {
	hop := RouteNextHop{At: p.at}
	fallback := lower(args[0]) == "default"
	if !fallback {
		var ok bool
		if hop.V4, ok = p.addr(ipv4, args[0]); !ok || !p.usable(host(hop.V4), inside, unmappableIPv4) {
			return
		}
	}
	if lower(args[1]) == "none" {
		switch {
		case !fallback:
			p.fail("none is for default", "remove the line: routes by "+args[0]+" are then as default says")
		case len(args) > 2:
			p.fail("none takes nothing else", "write route-nexthop default none")
		default:
			p.notTwice("default")
		}
		return
	}
	hop, ok := p.gateway(hop, args[1:])
	switch {
	case !ok:
	case fallback && p.notTwice("default"):
		p.conf.Routes.Default = hop
	case !fallback && p.notTwice(hop.V4.String()):
		p.conf.Routes.NextHops = append(p.conf.Routes.NextHops, hop)
	}
}

// gateway reads an IPv6 next hop and what may follow it.
func (p *parser) gateway(hop RouteNextHop, args []string) (RouteNextHop, bool) {
	a, ok := p.addr(ipv6, args[0])
	if !ok || !a.IsLinkLocalUnicast() && !p.usable(host(a), inside, unusableIPv6) {
		return hop, false
	}
	hop.Gateway = a
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		switch {
		case lower(rest[0]) == "onlink" && !hop.OnLink:
			hop.OnLink = true
		case lower(rest[0]) == "dev" && hop.Device == "" && len(rest) > 1:
			if rest = rest[1:]; !p.deviceName(rest[0]) {
				return hop, false
			}
			hop.Device = rest[0]
		default:
			p.fail(strconv.Quote(rest[0])+" is not possible here", unlessGlued(rest[0], "write route-nexthop V4|default V6|none [dev NAME] [onlink]"))
			return hop, false
		}
	}
	if hop.Device == "" && (a.IsLinkLocalUnicast() || hop.OnLink) {
		why := "onlink is nothing without an interface"
		if a.IsLinkLocalUnicast() {
			why = a.String() + " is link-local, and may be on any interface"
		}
		p.fail(why, "add dev and the name of the interface")
		return hop, false
	}
	return hop, true
}

// setRouteFilter takes the prefix of a route, or with lengths of those within it.
func setRouteFilter(p *parser, args []string) {
	action, ok := p.oneOf([]string{"deny", "permit"}, args[0])
	if !ok || !p.hasLength(ipv4, args[1]) {
		return
	}
	v4, ok := p.prefix(ipv4, args[1])
	if !ok {
		return
	}
	f := RouteFilter{Permit: action == 1, V4: v4, Min: -1, Max: -1, At: p.at}
	for rest := args[2:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 || !p.filterWord(&f, rest[0], rest[1]) {
			if len(rest) == 1 {
				p.fail("nothing follows the word "+strconv.Quote(rest[0]), "write ge or le and a length, or proto and a protocol")
			}
			return
		}
	}
	switch {
	case f.Min < 0 && f.Max < 0:
		f.Min, f.Max = v4.Bits(), v4.Bits()
	case f.Min < 0:
		f.Min = v4.Bits()
	case f.Max < 0:
		f.Max = 32
	}
	if f.Min > f.Max {
		p.fail(fmt.Sprintf("no length is at least %d and at most %d", f.Min, f.Max), "write a ge that is no more than le")
		return
	}
	p.conf.Routes.Filters = append(p.conf.Routes.Filters, f)
}

// filterWord reads a word of a filter and what follows it.
func (p *parser) filterWord(f *RouteFilter, word, arg string) (ok bool) {
	switch word = lower(word); {
	case word == "ge" && f.Min < 0:
		f.Min, ok = p.number(arg, f.V4.Bits(), 32)
	case word == "le" && f.Max < 0:
		f.Max, ok = p.number(arg, f.V4.Bits(), 32)
	case word == "proto" && f.Protocol == 0:
		f.Protocol, ok = p.mark(arg)
	default:
		p.fail(strconv.Quote(word)+" is not possible here", unlessGlued(word, "write ge, le or proto, each once, or nothing"))
	}
	return ok
}

// setRouteReceiveBuffer takes octets, KiB or MiB.
func setRouteReceiveBuffer(p *parser, args []string) {
	digits, unit := args[0], 1
	switch last := lower(args[0][len(args[0])-1:]); last {
	case "k":
		digits, unit = args[0][:len(args[0])-1], 1<<10
	case "m":
		digits, unit = args[0][:len(args[0])-1], 1<<20
	}
	const do = "write a size from 64K to 1024M"
	n, err := strconv.Atoi(digits)
	switch {
	case !allDigits(digits):
		p.fail(strconv.Quote(args[0])+" is not a size", unlessGlued(args[0], do))
	case err != nil || n > 1<<30/unit || n*unit < 64<<10:
		p.fail(args[0]+" is out of range", do)
	default:
		p.conf.Routes.ReceiveBuffer = n * unit
	}
}
