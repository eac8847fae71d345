package conf

import (
	"fmt"
	"testing"
	"time"
)

const sourceLine = "\nroute-source kernel"

// withSource returns what sets the source of sourceLine, and more.
func withSource(more func(*Routes)) func(*Config) {
	return func(c *Config) {
		c.Routes.Sources = []RouteSource{{Table: 464}}
		more(&c.Routes)
	}
}

func TestRouteSource(t *testing.T) {
	sources := func(list ...RouteSource) func(*Config) { return func(c *Config) { c.Routes.Sources = list } }
	runGood(t, []good{
		{"the table that BIRD exports to", "route-source kernel", sources(RouteSource{Table: 464}), ""},
		{"a table", "route-source kernel table 4294967295", sources(RouteSource{Table: 4294967295}), ""},
		{"main, of one daemon, as FRR has it", "route-source Kernel Table Main Proto BGP", sources(RouteSource{Table: 254, Protocols: []uint8{186}}), ""},
		{"of five daemons", "route-source kernel table 5 proto bird bgp 196 zebra ospf", sources(RouteSource{Table: 5, Protocols: []uint8{12, 186, 196, 11, 188}}), ""},
		{"the same without a table", "route-source kernel proto bird", sources(RouteSource{Table: 464, Protocols: []uint8{12}}), ""},
		{"a file", "route-source file Static.routes", sources(RouteSource{File: "Static.routes"}), ""},
		{"several", "route-source kernel\nroute-source kernel table 465\nroute-source file /etc/r\nroute-source file r", sources(RouteSource{Table: 464}, RouteSource{Table: 465}, RouteSource{File: "/etc/r"}, RouteSource{File: "r"}), ""},
	})
	runBad(t, []bad{
		{"another kind", "route-source bgp 192.0.2.9", `f:3: route-source: "bgp" is not possible here: write kernel or file`},
		{"a table without a number", "route-source kernel table", "f:3: route-source: no table follows the word table: write main or a number from 1 to 4294967295"},
		{"table 0", "route-source kernel table 0", "f:3: route-source: 0 is out of range: write a number from 1 to 4294967295"},
		{"table local", "route-source kernel table 255", "f:3: route-source: 255 is the table local, which the kernel keeps for itself: write another table"},
		{"a table by name", "route-source kernel table bgp", `f:3: route-source: "bgp" is neither main nor a number: write main or a number from 1 to 4294967295`},
		{"a number alone", "route-source kernel 464", `f:3: route-source: "464" is not possible here: write route-source kernel [table N] [proto P …]`},
		{"no daemon", "route-source kernel table 464 proto", "f:3: route-source: no protocol follows the word proto: write one or more, such as bird or bgp"},
		{"an unknown daemon", "route-source kernel proto gobgp", `f:3: route-source: "gobgp" is no protocol of routes that is known by name: write a number from 1 to 255, or a name such as bird or bgp`},
		{"a daemon twice", "route-source kernel proto bird 12", "f:3: route-source: 12 is given twice: remove one"},
		{"a table twice", "route-source kernel\nroute-source kernel table 464 proto bird", "f:4: route-source: kernel table 464 is given twice, first in line 3: remove one"},
		{"no file", "route-source file", "f:3: route-source: file takes 1 path, not 0: write route-source file PATH"},
		{"a file twice", "route-source file a\nroute-source file a", `f:4: route-source: "a" is given twice, first in line 3: remove one`},
		{"a directory", "route-source file routes/", `f:3: route-source: "routes/" is a directory: add the name of the file`},
	})
	wantError(t, "ipv4-addr 192.0.2.1\nipv6-addr 2001:db8::1\nmap 192.0.2.2 2001:db8::2\nroute-source kernel",
		"f:4: route-source: routes have no IPv6 form without a prefix: add prefix or route-prefix")
	if c := parse(t, "ipv4-addr 192.0.2.1\nipv6-addr 2001:db8::1\nmap 192.0.2.2 2001:db8::2\nroute-source kernel\nroute-prefix 64:ff9b::/96"); c.Routes.Prefix != wkp || c.Prefix.IsValid() {
		t.Errorf("the prefix is %v and that of routes %v", c.Prefix, c.Routes.Prefix)
	}
}

func TestRouteValues(t *testing.T) {
	set := func(edit func(*Routes)) func(*Config) { return withSource(edit) }
	runGood(t, []good{
		{"a prefix of its own", "route-prefix 2001:db8:100::/40" + sourceLine, set(func(r *Routes) { r.Prefix = prefixes("2001:db8:100::/40")[0] }), ""},
		{"table", "route-table 100" + sourceLine, set(func(r *Routes) { r.Table = 100 }), ""},
		{"main", "route-table MAIN" + sourceLine, set(func(r *Routes) { r.Table = 254 }), ""},
		{"mark", "route-proto 255" + sourceLine, set(func(r *Routes) { r.Protocol = 255 }), ""},
		{"metric", "route-metric 4294967295" + sourceLine, set(func(r *Routes) { r.Metric = 4294967295 }), ""},
		{"the metric of the route", "route-metric copy" + sourceLine, set(func(r *Routes) { r.MetricCopy = true }), ""},
		{"default", "route-default only" + sourceLine, set(func(r *Routes) { r.DefaultRoute = RouteDefaultOnly }), ""},
		{"aggregate", "route-aggregate Loose" + sourceLine, set(func(r *Routes) { r.Aggregate = RouteAggregateLoose }), ""},
		{"unrouted", "route-unrouted blackhole" + sourceLine, set(func(r *Routes) { r.Unrouted = RouteUnroutedBlackhole }), ""},
		{"no hold, no audit", "route-hold 0\nroute-audit 0" + sourceLine, set(func(r *Routes) { r.Hold, r.Audit = 0, 0 }), ""},
		{"a hold of a minute, an audit a day", "route-hold 60\nroute-audit 86400" + sourceLine, set(func(r *Routes) { r.Hold, r.Audit = time.Minute, 24*time.Hour }), ""},
		{"max", "route-max 16777216" + sourceLine, set(func(r *Routes) { r.Max = 1 << 24 }), ""},
		{"the smallest buffer", "route-rcvbuf 65536" + sourceLine, set(func(r *Routes) { r.ReceiveBuffer = 65536 }), ""},
		{"KiB", "route-rcvbuf 64k" + sourceLine, set(func(r *Routes) { r.ReceiveBuffer = 65536 }), ""},
		{"the largest buffer", "route-rcvbuf 1024M" + sourceLine, set(func(r *Routes) { r.ReceiveBuffer = 1 << 30 }), ""},
		{"flushed", "route-on-exit flush" + sourceLine, set(func(r *Routes) { r.Flush = true }), ""},
		{"IPv6 next hops rejected", "route-nexthop-ipv6 reject\nroute-nexthop default 2001:db8::1" + sourceLine, set(func(r *Routes) {
			r.IPv6NextHops, r.Default.Gateway = false, addr("2001:db8::1")
		}), ""},
	})
	seventeen := ""
	for table := range 17 {
		seventeen += fmt.Sprintf("route-source kernel table %d\n", 1000+table)
	}
	const size = ": write a size from 64K to 1024M"
	runBad(t, []bad{
		{"a prefix of 33", "route-prefix 2001:db8::/33" + sourceLine, "f:3: route-prefix: /33 is not a length of RFC 6052 §2.2: write 32, 40, 48, 56, 64 or 96"},
		{"table local", "route-table 255" + sourceLine, "f:3: route-table: 255 is the table local, which the kernel keeps for itself: write another table"},
		{"mark of BIRD", "route-proto 12" + sourceLine, "f:3: route-proto: 12 marks the routes of bird: write a number that nothing else on this host has, such as 64"},
		{"mark of our other routes", "route-proto 46" + sourceLine, "f:3: route-proto: 46 marks the routes of taygo-tun: write a number that nothing else on this host has, such as 64"},
		{"metric 0", "route-metric 0" + sourceLine, "f:3: route-metric: 0 is out of range: write a number from 1 to 4294967295"},
		{"another metric", "route-metric low" + sourceLine, `f:3: route-metric: "low" is neither copy nor a number: write copy or a number from 1 to 4294967295`},
		{"a small buffer", "route-rcvbuf 63K" + sourceLine, "f:3: route-rcvbuf: 63K is out of range" + size},
		{"a large buffer", "route-rcvbuf 1025M" + sourceLine, "f:3: route-rcvbuf: 1025M is out of range" + size},
		{"a buffer beyond all numbers", "route-rcvbuf 99999999999999999999M" + sourceLine, "f:3: route-rcvbuf: 99999999999999999999M is out of range" + size},
		{"GiB", "route-rcvbuf 1G" + sourceLine, `f:3: route-rcvbuf: "1G" is not a size` + size},
		{"a unit alone", "route-rcvbuf M" + sourceLine, `f:3: route-rcvbuf: "M" is not a size` + size},
		{"aggregate", "route-aggregate yes" + sourceLine, `f:3: route-aggregate: "yes" is not possible here: write off, exact or loose`},
		{"copies of one metric", "route-aggregate loose\nroute-metric copy" + sourceLine, "f:4: route-metric: aggregated routes have one metric for all, and no copies: write a number, or route-aggregate off"},
		{"many sources", seventeen, "f:19: route-source: is one more than the 16 that are possible: put the routes of several files into one"},
		{"unrouted", "route-unrouted prohibit" + sourceLine, `f:3: route-unrouted: "prohibit" is not possible here: write ignore, unreachable or blackhole`},
	})
}

func TestRouteNextHops(t *testing.T) {
	hops := func(list ...RouteNextHop) func(*Config) { return withSource(func(r *Routes) { r.NextHops = list }) }
	fallback := func(hop RouteNextHop) func(*Config) { return withSource(func(r *Routes) { r.Default = hop }) }
	runGood(t, []good{
		{"two", "route-nexthop 192.0.2.11 2001:db8::11\nroute-nexthop 192.0.2.12 2001:db8::11" + sourceLine, hops(RouteNextHop{V4: addr("192.0.2.11"), Gateway: addr("2001:db8::11")}, RouteNextHop{V4: addr("192.0.2.12"), Gateway: addr("2001:db8::11")}), ""},
		{"on an interface", "route-nexthop 192.0.2.11 2001:db8::11 dev eth0" + sourceLine, hops(RouteNextHop{V4: addr("192.0.2.11"), Gateway: addr("2001:db8::11"), Device: "eth0"}), ""},
		{"on the link", "route-nexthop 192.0.2.11 2001:db8::11 onlink DEV dev" + sourceLine, hops(RouteNextHop{V4: addr("192.0.2.11"), Gateway: addr("2001:db8::11"), Device: "dev", OnLink: true}), ""},
		{"link-local", "route-nexthop 192.0.2.11 fe80::1 dev eth0" + sourceLine, hops(RouteNextHop{V4: addr("192.0.2.11"), Gateway: addr("fe80::1"), Device: "eth0"}), ""},
		{"for all others", "route-nexthop Default 2001:db8::1 dev eth0 onlink" + sourceLine, fallback(RouteNextHop{Gateway: addr("2001:db8::1"), Device: "eth0", OnLink: true}), ""},
		{"none for all others", "route-nexthop default NONE" + sourceLine, fallback(RouteNextHop{}), ""},
	})
	const usage = ": write route-nexthop V4|default V6|none [dev NAME] [onlink]"
	runBad(t, []bad{
		{"none for one", "route-nexthop 192.0.2.11 none" + sourceLine, "f:3: route-nexthop: none is for default: remove the line: routes by 192.0.2.11 are then as default says"},
		{"none and more", "route-nexthop default none dev eth0" + sourceLine, "f:3: route-nexthop: none takes nothing else: write route-nexthop default none"},
		{"IPv4 twice", "route-nexthop 192.0.2.11 192.0.2.12" + sourceLine, `f:3: route-nexthop: "192.0.2.12" is not an IPv6 address: write an address such as 2001:db8::1`},
		{"multicast", "route-nexthop 192.0.2.11 ff02::1" + sourceLine, "f:3: route-nexthop: ff02::1 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{"loopback", "route-nexthop 127.0.0.1 2001:db8::1" + sourceLine, "f:3: route-nexthop: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"link-local on no interface", "route-nexthop 192.0.2.11 fe80::1" + sourceLine, "f:3: route-nexthop: fe80::1 is link-local, and may be on any interface: add dev and the name of the interface"},
		{"a zone", "route-nexthop 192.0.2.11 fe80::1%eth0" + sourceLine, `f:3: route-nexthop: "fe80::1%eth0" names a zone: write the address without the % and what follows`},
		{"onlink on no interface", "route-nexthop 192.0.2.11 2001:db8::1 onlink" + sourceLine, "f:3: route-nexthop: onlink is nothing without an interface: add dev and the name of the interface"},
		{"dev without a name", "route-nexthop 192.0.2.11 2001:db8::1 dev" + sourceLine, `f:3: route-nexthop: "dev" is not possible here` + usage},
		{"a name with a slash", "route-nexthop 192.0.2.11 2001:db8::1 dev a/b" + sourceLine, `f:3: route-nexthop: "a/b" has a '/' in it, which no interface name may have: write a name of letters, digits and hyphens`},
		{"another word", "route-nexthop 192.0.2.11 2001:db8::1 via eth0" + sourceLine, `f:3: route-nexthop: "via" is not possible here` + usage},
		{"one twice", "route-nexthop 192.0.2.11 2001:db8::1\nroute-nexthop 192.0.2.11 2001:db8::2" + sourceLine, "f:4: route-nexthop: 192.0.2.11 is given twice, first in line 3: remove one"},
		{"two for all others", "route-nexthop default none\nroute-nexthop default 2001:db8::2" + sourceLine, "f:4: route-nexthop: default is given twice, first in line 3: remove one"},
	})
}
