package conf

import "time"

// routeTable has a row for each directive of route mapping.
var routeTable = []directive{
	{
		Directive{
			"route-source", "kernel [table N] [proto P …]|file PATH",
			"Where the IPv4 routes come from that become IPv6 routes of their addresses within prefix; it turns route mapping on. kernel is a table of the kernel, main or a number, 464 without one, to which a routing daemon exports; proto takes only routes with one of these marks, names as in ip-route(8) or numbers. file has lines such as route 203.0.113.0/24 via 192.0.2.1, and a path that is not absolute starts at data-dir. As many lines as needed.",
			"", "RFC 6052 §2",
		}, 1, 9, repeated, setRouteSource,
	},
	{
		Directive{
			"route-prefix", "P/L",
			"The IPv6 prefix of the mapped routes, of length 32, 40, 48, 56, 64 or 96. In 64:ff9b::/96, wkpf-strict leaves out routes to addresses that are not global.",
			"prefix", "RFC 6052 §2.2, §3.1",
		}, 1, 1, refused, setRoutePrefix,
	},
	{
		Directive{
			"route-table", "main|N",
			"The IPv6 table of the kernel that gets the mapped routes, 1 to 4294967295. Routes of others in it are left as they are.",
			"6464", "",
		}, 1, 1, refused, setRouteTable,
	},
	{
		Directive{
			"route-proto", "N",
			"The protocol number by which the mapped routes are known from others, 1 to 255, and not that of another program.",
			"64", "",
		}, 1, 1, refused, setRouteProto,
	},
	{
		Directive{
			"route-metric", "N|copy",
			"The metric of the mapped routes, 1 to 4294967295, or copy for that of the IPv4 route.",
			"1024", "",
		}, 1, 1, refused, setRouteMetric,
	},
	{
		Directive{
			"route-nexthop", "V4|default V6|none [dev NAME] [onlink]",
			"The IPv6 next hop of routes whose IPv4 next hop is V4; default is for all that have no line. With none, as without default, such routes are rejected. dev names the interface, which a link-local address needs, and onlink says that the next hop is there whatever addresses the interface has. As many lines as needed.",
			"default none", "",
		}, 2, 5, repeated, setRouteNextHop,
	},
	{
		Directive{
			"route-nexthop-ipv6", "accept|reject",
			"Whether an IPv4 route with an IPv6 next hop is mapped with that, without any route-nexthop.",
			"accept", "RFC 8950",
		}, 1, 1, refused, either("reject", "accept", func(c *Config) *bool { return &c.Routes.IPv6NextHops }),
	},
	{
		Directive{
			"route-filter", "permit|deny P/L [ge N] [le N] [proto P]",
			"Permits or denies IPv4 routes: that of P/L itself, or with ge or le those within P/L of at least ge and at most le bits; le without ge begins at L, ge without le goes up to 32. proto is as in route-source. The first line that has a route counts; one that none has is permitted.",
			"", "",
		}, 2, 8, repeated, setRouteFilter,
	},
	{
		Directive{
			"route-default", "permit|deny|only",
			"What becomes of the route 0.0.0.0/0, whose IPv6 form is the prefix itself: it is mapped as others are, or not, or is the only one.",
			"permit", "",
		}, 1, 1, refused, choice(routeDefaultWords, func(c *Config) *RouteDefaultPolicy { return &c.Routes.DefaultRoute }),
	},
	{
		Directive{
			"route-aggregate", "off|exact|loose",
			"Makes fewer routes of many. exact sends each address the way it went, and leaves addresses without a route without one; loose sends those any way.",
			"off", "",
		}, 1, 1, refused, choice(routeAggregateWords, func(c *Config) *RouteAggregation { return &c.Routes.Aggregate }),
	},
	{
		Directive{
			"route-unrouted", "ignore|unreachable|blackhole",
			"What meets packets to IPv4 addresses without a route: ignore leaves them to the routes of other tables, unreachable answers with an ICMPv6 error, blackhole drops them.",
			"ignore", "",
		}, 1, 1, refused, choice(routeUnroutedWords, func(c *Config) *RouteUnroutedAction { return &c.Routes.Unrouted }),
	},
	{
		Directive{
			"route-hold", "SECONDS",
			"How long the mapped routes outlive a source that has lost all of its own, such as a daemon that starts again, 0 to 86400 seconds.",
			"120", "",
		}, 1, 1, refused, seconds(0, 86400, func(c *Config) *time.Duration { return &c.Routes.Hold }),
	},
	{
		Directive{
			"route-max", "N",
			"The number of IPv4 routes beyond which no more are taken, 1 to 16777216.",
			"2000000", "",
		}, 1, 1, refused, number(1, 1<<24, func(c *Config) *int { return &c.Routes.Max }),
	},
	{
		Directive{
			"route-rcvbuf", "N[K|M]",
			"How much the kernel may queue for us while many routes change, in octets, KiB or MiB, 64K to 1024M. What does not fit costs a new reading of the table, and no route.",
			"32M", "",
		}, 1, 1, refused, setRouteReceiveBuffer,
	},
	{
		Directive{
			"route-on-exit", "keep|flush",
			"Whether the mapped routes stay at exit, so that a restart changes nothing, or are removed.",
			"keep", "",
		}, 1, 1, refused, either("keep", "flush", func(c *Config) *bool { return &c.Routes.Flush }),
	},
	{
		Directive{
			"route-audit", "SECONDS",
			"How often the tables are compared whole, in case the kernel was silent about a change, up to 86400 seconds; 0 is never.",
			"600", "",
		}, 1, 1, refused, seconds(0, 86400, func(c *Config) *time.Duration { return &c.Routes.Audit }),
	},
}
