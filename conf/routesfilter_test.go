package conf

import (
	"strings"
	"testing"
)

func TestRouteFilters(t *testing.T) {
	filters := func(list ...RouteFilter) func(*Config) { return withSource(func(r *Routes) { r.Filters = list }) }
	one := func(permit bool, v4 string, low, high int, protocol uint8) RouteFilter {
		return RouteFilter{Permit: permit, V4: prefixes(v4)[0], Min: low, Max: high, Protocol: protocol}
	}
	runGood(t, []good{
		{"a route", "route-filter permit 198.51.100.0/24" + sourceLine, filters(one(true, "198.51.100.0/24", 24, 24, 0)), ""},
		{"the default route", "route-filter deny 0.0.0.0/0" + sourceLine, filters(one(false, "0.0.0.0/0", 0, 0, 0)), ""},
		{"le begins at the prefix", "route-filter deny 10.0.0.0/8 le 32" + sourceLine, filters(one(false, "10.0.0.0/8", 8, 32, 0)), ""},
		{"ge goes up to 32", "route-filter Permit 0.0.0.0/0 GE 25" + sourceLine, filters(one(true, "0.0.0.0/0", 25, 32, 0)), ""},
		{"both, in order", "route-filter permit 0.0.0.0/0 le 24 ge 8\nroute-filter deny 0.0.0.0/0 le 32" + sourceLine, filters(one(true, "0.0.0.0/0", 8, 24, 0), one(false, "0.0.0.0/0", 0, 32, 0)), ""},
		{"of one daemon", "route-filter deny 198.51.100.0/24 proto bird le 32" + sourceLine, filters(one(false, "198.51.100.0/24", 24, 32, 12)), ""},
		{
			"one that is never asked", "route-filter permit 198.51.0.0/16 le 24\nroute-filter deny 198.51.100.0/24" + sourceLine, filters(one(true, "198.51.0.0/16", 16, 24, 0), one(false, "198.51.100.0/24", 24, 24, 0)),
			"f:4: route-filter: is never asked: line 3 has all of its routes: put it before that line, or remove it",
		},
		{"longer routes are asked about", "route-filter permit 198.51.0.0/16 le 24\nroute-filter deny 198.51.100.0/24 le 32" + sourceLine, filters(one(true, "198.51.0.0/16", 16, 24, 0), one(false, "198.51.100.0/24", 24, 32, 0)), ""},
		{"other daemons are asked about", "route-filter permit 0.0.0.0/0 le 32 proto bird\nroute-filter deny 0.0.0.0/0 le 32" + sourceLine, filters(one(true, "0.0.0.0/0", 0, 32, 12), one(false, "0.0.0.0/0", 0, 32, 0)), ""},
	})
	runBad(t, []bad{
		{"no length", "route-filter deny 10.0.0.0" + sourceLine, `f:3: route-filter: "10.0.0.0" has no length: add one after a slash, such as /24`},
		{"host bits", "route-filter deny 10.0.0.1/8" + sourceLine, "f:3: route-filter: 10.0.0.1/8 has bits set after its length: write 10.0.0.0/8"},
		{"another action", "route-filter accept 10.0.0.0/8" + sourceLine, `f:3: route-filter: "accept" is not possible here: write deny or permit`},
		{"ge shorter than the prefix", "route-filter deny 10.0.0.0/8 ge 7" + sourceLine, "f:3: route-filter: 7 is out of range: write a number from 8 to 32"},
		{"le of 33", "route-filter deny 10.0.0.0/8 le 33" + sourceLine, "f:3: route-filter: 33 is out of range: write a number from 8 to 32"},
		{"ge beyond le", "route-filter deny 10.0.0.0/8 ge 24 le 16" + sourceLine, "f:3: route-filter: no length is at least 24 and at most 16: write a ge that is no more than le"},
		{"ge twice", "route-filter deny 10.0.0.0/8 ge 24 ge 25" + sourceLine, `f:3: route-filter: "ge" is not possible here: write ge, le or proto, each once, or nothing`},
		{"ge of nothing", "route-filter deny 10.0.0.0/8 ge" + sourceLine, `f:3: route-filter: nothing follows the word "ge": write ge or le and a length, or proto and a protocol`},
		{"another word", "route-filter deny 10.0.0.0/8 eq 9" + sourceLine, `f:3: route-filter: "eq" is not possible here: write ge, le or proto, each once, or nothing`},
	})
}

// TestRoutesIdle: what is set for route mapping and does nothing, or harm, warns.
func TestRoutesIdle(t *testing.T) {
	const vain = "has no effect without route-source: add route-source, or remove the line"
	runGood(t, []good{
		{"a table without a source", "route-table 9\nroute-nexthop default none", func(c *Config) { c.Routes.Table = 9 }, "f:3: route-table: " + vain + "\nf:4: route-nexthop: " + vain},
		{
			"no next hop for any route", "route-nexthop-ipv6 reject" + sourceLine, withSource(func(r *Routes) { r.IPv6NextHops = false }),
			"f:4: route-source: no route has an IPv6 next hop, so none is mapped: add route-nexthop, or write route-nexthop-ipv6 accept",
		},
		{
			"the default route where the device has its own", "tun-up yes\ntun-route auto\nroute-table main" + sourceLine, func(c *Config) {
				withSource(func(r *Routes) { r.Table = 254 })(c)
				c.TUNUp, c.TUNRouteAuto = true, true
			},
			"f:5: route-table: 0.0.0.0/0 becomes 2001:db8:64::/96 in main, where tun-route in line 4 has its own: add route-default deny, or take another table",
		},
		{
			"the same, of another prefix", "tun-up yes\ntun-route 2001:db8:65::/96\nroute-prefix 2001:db8:65::/96\nroute-table main" + sourceLine, func(c *Config) {
				withSource(func(r *Routes) { r.Table, r.Prefix = 254, prefixes("2001:db8:65::/96")[0] })(c)
				c.TUNUp, c.TUNRoutes = true, prefixes("2001:db8:65::/96")
			},
			"f:6: route-table: 0.0.0.0/0 becomes 2001:db8:65::/96 in main, where tun-route in line 4 has its own: add route-default deny, or take another table",
		},
		{"the same without a default route", "tun-up yes\ntun-route auto\nroute-table main\nroute-default deny" + sourceLine, func(c *Config) {
			withSource(func(r *Routes) { r.Table, r.DefaultRoute = 254, RouteDefaultDeny })(c)
			c.TUNUp, c.TUNRouteAuto = true, true
		}, ""},
	})
	for _, quiet := range []string{"route-table 9\nroute-surce kernel", "route-nexthop-ipv6 reject" + sourceLine + "\nroute-nexthop 192.0.2.11 x"} {
		_, err := Parse("f", strings.NewReader(file(quiet)))
		if err == nil || strings.Contains(err.Error(), "effect") || strings.Contains(err.Error(), "none is mapped") {
			t.Errorf("%q: %v", quiet, err)
		}
	}
}

func TestRouteWords(t *testing.T) {
	for got, want := range map[string]string{
		RouteDefaultOnly.String(): "only", RouteDefaultDeny.String(): "deny", RouteDefaultPermit.String(): "permit",
		RouteAggregateOff.String(): "off", RouteAggregateExact.String(): "exact", RouteAggregateLoose.String(): "loose",
		RouteUnroutedIgnore.String(): "ignore", RouteUnroutedUnreachable.String(): "unreachable", RouteUnroutedBlackhole.String(): "blackhole",
		RouteUnicast.String(): "unicast", RouteProhibit.String(): "prohibit", RouteKind(9).String(): "9",
	} {
		if got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
