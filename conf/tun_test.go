package conf

import "testing"

func TestTUN(t *testing.T) {
	ips := func(list ...string) func(*Config) { return func(c *Config) { c.TUNIPs = prefixes(list...) } }
	routes := func(list ...string) func(*Config) {
		return func(c *Config) { c.TUNUp, c.TUNRoutes = true, prefixes(list...) }
	}
	const up = "\ntun-up on"
	runGood(t, []good{
		{"up as Tayga's example has it", "tun-up up", func(c *Config) { c.TUNUp = true }, ""},
		{"up in capitals", "tun-up UP", func(c *Config) { c.TUNUp = true }, ""},
		{"the last tun-up counts", "tun-up yes\ntun-up no", func(*Config) {}, "f:4: tun-up: given again after line 3, and the last one counts: remove one"},
		{"addresses of both families, with and without a length", "tun-ip 198.51.100.1\ntun-ip 2001:db8::1\ntun-ip 198.51.100.2/24\ntun-ip 2001:db8:1::1/64", ips("198.51.100.1/32", "2001:db8::1/128", "198.51.100.2/24", "2001:db8:1::1/64"), ""},
		{"length 0 of an address", "tun-ip 198.51.100.1/0", ips("198.51.100.1/0"), ""},
		{"an address twice", "tun-ip 198.51.100.1\ntun-ip 198.51.100.1/32", ips("198.51.100.1/32"), "f:4: tun-ip: 198.51.100.1/32 is given twice, first in line 3: remove one"},
		{"the own address", "tun-ip 192.0.2.1/24", ips("192.0.2.1/24"), "f:3: tun-ip: 192.0.2.1 is the translator's own address, and as one of this host it never gets there: give the host another address"},
		{"routes of both families, with and without a length", "tun-route 198.51.100.1\ntun-route 2001:db8::1\ntun-route 198.51.100.0/24\ntun-route 2001:db8:1::/64" + up, routes("198.51.100.1/32", "2001:db8::1/128", "198.51.100.0/24", "2001:db8:1::/64"), ""},
		{"everything", "tun-route 0.0.0.0/0\ntun-route ::/0" + up, routes("0.0.0.0/0", "::/0"), ""},
		{"a route with host bits", "tun-route 198.51.100.7/24" + up, routes("198.51.100.0/24"), "f:3: tun-route: 198.51.100.7/24 has bits set after its length, and 198.51.100.0/24 is taken: write 198.51.100.0/24"},
		{"a route twice", "tun-route 2001:db8::/32\ntun-route 2001:0db8::/32" + up, routes("2001:db8::/32"), "f:4: tun-route: 2001:db8::/32 is given twice, first in line 3: remove one"},
		{"routes that follow from the rest", "tun-route AUTO\ntun-route auto" + up, func(c *Config) { c.TUNUp, c.TUNRouteAuto = true, true }, ""},
		{"routes of both kinds", "tun-route auto\ntun-route 198.51.100.0/24" + up, func(c *Config) { routes("198.51.100.0/24")(c); c.TUNRouteAuto = true }, ""},
		{"routes to a device that nobody sets up", "tun-route auto", func(c *Config) { c.TUNRouteAuto = true }, "f:3: tun-route: routes need the device up, and tun-up is not set: add tun-up yes, unless something else sets the device up before taygo starts"},
		{"a device that something else sets up", "tun-route auto\ntun-up no", func(c *Config) { c.TUNRouteAuto = true }, ""},
		{"CPUs as taskset lists them", "rps-cpus 6,2-4,3,0", func(c *Config) { c.RPSCPUs = []int{0, 2, 3, 4, 6} }, ""},
		{"one CPU", "rps-cpus 8191", func(c *Config) { c.RPSCPUs = []int{8191} }, ""},
		{"kept at exit", "tun-keep yes", func(c *Config) { c.TUNKeep = true }, ""},
	})
	runBad(t, []bad{
		{"up in other words", "tun-up down", `f:3: tun-up: "down" is neither yes nor no: write yes or no`},
		{"text after the length of an address", "tun-ip 198.51.100.1/24x", `f:3: tun-ip: "24x" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"length of an address that starts with no digit", "tun-ip 198.51.100.1/x24", `f:3: tun-ip: "x24" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"length of 33", "tun-ip 198.51.100.1/33", `f:3: tun-ip: "33" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"length of 129", "tun-ip 2001:db8::1/129", `f:3: tun-ip: "129" is not the length of an IPv6 prefix: write a length from 0 to 128, in plain digits`},
		{"an address with a zone", "tun-ip fe80::1%nat64", `f:3: tun-ip: "fe80::1%nat64" names a zone: write the address without the % and what follows`},
		{"default", "tun-route Default" + up, "f:3: tun-route: default is no prefix, and there are two it could mean: write 0.0.0.0/0 or ::/0"},
		{"text after the length of a route", "tun-route 198.51.100.0/24x" + up, `f:3: tun-route: "24x" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"no address at all", "tun-route automatic" + up, `f:3: tun-route: "automatic" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"an IPv4-mapped route", "tun-route ::ffff:198.51.100.0/120" + up, `f:3: tun-route: "::ffff:198.51.100.0" is an IPv4-mapped address, which stands for an IPv4 host: write an IPv6 address outside ::ffff:0:0/96`},
		{"a CPU that no kernel has", "rps-cpus 0,8192", "f:3: rps-cpus: 8192 is out of range: write a number from 0 to 8191"},
		{"CPUs that end before they begin", "rps-cpus 4-2", "f:3: rps-cpus: 2 is out of range: write a number from 4 to 8191"},
		{"a CPU left out", "rps-cpus 1,,2", `f:3: rps-cpus: "" is not a whole number: write a number from 0 to 8191`},
		{"CPUs in hexadecimal", "rps-cpus 0x3", `f:3: rps-cpus: "0x3" is not a whole number: write a number from 0 to 8191`},
		{"kept twice", "tun-keep yes\ntun-keep yes", "f:4: tun-keep: given twice, first in line 3: remove one"},
	})
}

func TestPaths(t *testing.T) {
	runGood(t, []good{
		{"data-dir", "data-dir /var/spool/tayga", func(c *Config) { c.DataDir = "/var/spool/tayga" }, ""},
		{"data-dir with a slash", "data-dir /srv/", func(c *Config) { c.DataDir = "/srv/" }, ""},
		{"map-file in data-dir", "map-file more/maps", func(c *Config) { c.MapFile = "more/maps" }, ""},
		{"map-file elsewhere", "map-file /etc/more.maps", func(c *Config) { c.MapFile = "/etc/more.maps" }, ""},
		{"quotes are part of a path", `map-file "m"`, func(c *Config) { c.MapFile = `"m"` }, ""},
	})
	runBad(t, []bad{
		{"relative data-dir", "data-dir var", `f:3: data-dir: "var" is not an absolute path: write a path that starts with /`},
		{"data-dir twice", "data-dir /a\ndata-dir /a", "f:4: data-dir: given twice, first in line 3: remove one"},
		{"map-file that is a directory", "map-file maps/", `f:3: map-file: "maps/" is a directory: add the name of the file`},
		{"map-file twice", "map-file a\nmap-file b", "f:4: map-file: given twice, first in line 3: remove one"},
	})
}

func TestStrictFragHdr(t *testing.T) {
	const warning = "strict-frag-hdr: has no effect: packets that are not fragments get no Fragment Header (RFC 7915 §4, RFC 8021): remove the line"
	for _, word := range []string{"true", "off", "1", "yes", "maybe"} {
		runGood(t, []good{{word, "strict-frag-hdr " + word, func(*Config) {}, "f:3: " + warning}})
	}
	runGood(t, []good{{
		"twice", "strict-frag-hdr on\nstrict-frag-hdr off", func(*Config) {},
		"f:3: " + warning + "\nf:4: strict-frag-hdr: given again after line 3, and the last one counts: remove one\nf:4: " + warning,
	}})
}
