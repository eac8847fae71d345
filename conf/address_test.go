package conf

import "testing"

func TestOwnAddresses(t *testing.T) {
	runGood(t, []good{
		{"class E", "ipv4-addr 240.0.0.1", func(c *Config) { c.IPv4Addr = addr("240.0.0.1") }, ""},
		{
			"link-local", "ipv4-addr 169.254.1.1", func(c *Config) { c.IPv4Addr = addr("169.254.1.1") },
			"f:3: ipv4-addr: 169.254.1.1 lies in 169.254.0.0/16, which is link-local: routers do not forward it: take another block if hosts beyond the link are to reach it",
		},
		{"IPv6 in dotted form (A-2.4-01)", "ipv6-addr 2001:db8::192.0.2.33", func(c *Config) { c.IPv6Addr = addr("2001:db8::c000:221") }, ""},
		{"IPv6 within the prefix", "ipv6-addr 2001:db8:64::1", func(c *Config) { c.IPv6Addr = addr("2001:db8:64::1") }, ""},
		{"IPv6 in 64:ff9b:1::/48 (A-8215-01)", "ipv6-addr 64:ff9b:1::10.0.0.1", func(c *Config) { c.IPv6Addr = addr("64:ff9b:1::a00:1") }, ""},
		{
			"IPv6 in the well-known prefix (A-3.1-04)", "ipv6-addr 64:ff9b::192.88.99.1", func(c *Config) { c.IPv6Addr = addr("64:ff9b::c058:6301") },
			"f:3: ipv6-addr: IPv6 hosts should not have addresses in 64:ff9b::/96 (RFC 6052 §3.1): take addresses of your own network",
		},
	})
	runBad(t, []bad{
		{"this network", "ipv4-addr 0.0.0.0", "f:3: ipv4-addr: 0.0.0.0 lies in 0.0.0.0/8, which is this network: write one outside 0.0.0.0/8"},
		{"loopback", "ipv4-addr 127.0.0.1", "f:3: ipv4-addr: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"multicast", "ipv4-addr 239.255.255.255", "f:3: ipv4-addr: 239.255.255.255 lies in 224.0.0.0/4, which is multicast: write one outside 224.0.0.0/4"},
		{"broadcast", "ipv4-addr 255.255.255.255", "f:3: ipv4-addr: 255.255.255.255 lies in 255.255.255.255/32, which is broadcast: write one outside 255.255.255.255/32"},
		{"leading zero", "ipv4-addr 192.0.2.01", `f:3: ipv4-addr: "192.0.2.01" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"three numbers", "ipv4-addr 192.0.2", `f:3: ipv4-addr: "192.0.2" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"with a length", "ipv4-addr 192.0.2.1/32", `f:3: ipv4-addr: "192.0.2.1/32" is not a single address: write it without a length`},
		{"comment glued to it", "ipv4-addr 192.0.2.1#x", `f:3: ipv4-addr: "192.0.2.1#x" is not an IPv4 address: put a space before the # of a comment`},
		{"the other family", "ipv4-addr 2001:db8::1", `f:3: ipv4-addr: "2001:db8::1" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"IPv4-mapped for IPv4", "ipv4-addr ::ffff:192.0.2.1", `f:3: ipv4-addr: "::ffff:192.0.2.1" is an IPv4-mapped IPv6 address: write 192.0.2.1`},
		{"given twice", "ipv4-addr 192.0.2.1\nipv4-addr 192.0.2.2", `f:4: ipv4-addr: given twice, first in line 3: remove one`},
		{"IPv4-mapped for IPv6", "ipv6-addr ::ffff:192.0.2.1", `f:3: ipv6-addr: "::ffff:192.0.2.1" is an IPv4-mapped address, which stands for an IPv4 host: write an IPv6 address outside ::ffff:0:0/96`},
		{"zone", "ipv6-addr 2001:db8::1%eth0", `f:3: ipv6-addr: "2001:db8::1%eth0" names a zone: write the address without the % and what follows`},
		{"IPv4 for IPv6", "ipv6-addr 192.0.2.1", `f:3: ipv6-addr: "192.0.2.1" is not an IPv6 address: write an address such as 2001:db8::1`},
		{"unspecified", "ipv6-addr ::", "f:3: ipv6-addr: :: lies in ::/8, which is reserved (RFC 4291): write one outside ::/8"},
		{"the top of ::/8", "ipv6-addr ff:ffff::", "f:3: ipv6-addr: ff:ffff:: lies in ::/8, which is reserved (RFC 4291): write one outside ::/8"},
		{"just past 64:ff9b::/32", "ipv6-addr 64:ff9c::", "f:3: ipv6-addr: 64:ff9c:: lies in ::/8, which is reserved (RFC 4291): write one outside ::/8"},
		{"IPv6 multicast", "ipv6-addr ff02::1", "f:3: ipv6-addr: ff02::1 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{"IPv6 link-local", "ipv6-addr febf::1", "f:3: ipv6-addr: febf::1 lies in fe80::/10, which is link-local: write one outside fe80::/10"},
		{"IPv6 given twice, in 64:ff9b::/32", "ipv6-addr 64:ff9b:1::1\nipv6-addr 64:ff9b:1::2", `f:4: ipv6-addr: given twice, first in line 3: remove one`},
	})
}

func TestPrefix(t *testing.T) {
	var tests []good
	for _, s := range []string{
		"2001:db8::/32", "2001:db8:100::/40", "2001:db8:122::/48", "2001:db8:122:300::/56", "2001:db8:122:344::/64",
		"2001:db8:122:344::/96", "64:ff9b:1::/48", "64:ff9b:1:fffe::/96", "64:ff9b:1:abcd::/64",
	} {
		tests = append(tests, good{"a prefix of RFC 6052: " + s, "prefix " + s, func(c *Config) { c.Prefix = prefixes(s)[0] }, ""})
	}
	runGood(t, append(tests,
		good{"the well-known prefix, dotted, with a global own address", "prefix 64:ff9b::0.0.0.0/96\nipv4-addr 192.88.99.1", func(c *Config) {
			c.Prefix, c.IPv4Addr = wkp, addr("192.88.99.1")
		}, ""}))
	const wkpOnly = ", which exists only as 64:ff9b::/96 (RFC 6052 §2.1): write 64:ff9b::/96, or take a prefix in 64:ff9b:1::/48 (RFC 8215)"
	runBad(t, []bad{
		{"length 33 (A-2.2-09)", "prefix 2001:db8::/33", "f:3: prefix: /33 is not a length of RFC 6052 §2.2: write 32, 40, 48, 56, 64 or 96"},
		{"length 0", "prefix ::/0", "f:3: prefix: /0 is not a length of RFC 6052 §2.2: write 32, 40, 48, 56, 64 or 96"},
		{"no slash", "prefix 2001:db8::", `f:3: prefix: "2001:db8::" has no length: add one after a slash, such as /96`},
		{"host bits (A-2.2-09)", "prefix 2001:db8:122:344::1/96", "f:3: prefix: 2001:db8:122:344::1/96 has bits set after its length: write 2001:db8:122:344::/96"},
		{"bits 64 to 71 (A-2.2-07)", "prefix 2001:db8:0:0:100::/96", "f:3: prefix: 2001:db8:0:0:100::/96 has bits set from 64 to 71, which RFC 6052 §2.2 keeps zero: write 2001:db8::/96"},
		{"well-known /64 (A-2.1-01)", "prefix 64:ff9b::/64", "f:3: prefix: 64:ff9b::/64 is not the well-known prefix" + wkpOnly},
		{"well-known /32", "prefix 64:ff9b::/32", "f:3: prefix: 64:ff9b::/32 is not the well-known prefix" + wkpOnly},
		{"::/96", "prefix ::/96", "f:3: prefix: ::/96 lies in ::/8, which is reserved (RFC 4291): write one outside ::/8"},
		{"multicast", "prefix ff00::/32", "f:3: prefix: ff00::/32 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{"IPv4", "prefix 192.0.2.0/32", `f:3: prefix: "192.0.2.0" is not an IPv6 address: write an address such as 2001:db8::1`},
		{"signed length", "prefix 2001:db8::/+96", `f:3: prefix: "+96" is not the length of an IPv6 prefix: write a length from 0 to 128, in plain digits`},
		{"length of 129", "prefix 2001:db8::/129", `f:3: prefix: "129" is not the length of an IPv6 prefix: write a length from 0 to 128, in plain digits`},
		{"two prefixes", "prefix 2001:db8::/96\nprefix 2001:db8:1::/96", `f:4: prefix: given twice, first in line 3: remove one`},
	})
}

func TestAddressLists(t *testing.T) {
	runGood(t, []good{
		{"deny-ipv4, two lines", "deny-ipv4 10.0.0.0/8 127.0.0.0/8\ndeny-ipv4 0.0.0.0/0", func(c *Config) {
			c.DenyIPv4 = prefixes("10.0.0.0/8", "127.0.0.0/8", "0.0.0.0/0")
		}, ""},
		{"IPv4 pool of nine", "icmp-source-ipv4 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 198.51.100.0/24", func(c *Config) {
			c.ICMPSourceIPv4 = prefixes("192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32", "192.0.2.4/32", "192.0.2.5/32", "192.0.2.6/32", "192.0.2.7/32", "192.0.2.8/32", "198.51.100.0/24")
		}, ""},
		{"the dummy address of RFC 7600", "icmp-source-ipv4 192.0.0.8", func(c *Config) { c.ICMPSourceIPv4 = prefixes("192.0.0.8/32") }, ""},
		{
			"private pool (B6-6791-03)", "icmp-source-ipv4 172.16.0.0/28", func(c *Config) { c.ICMPSourceIPv4 = prefixes("172.16.0.0/28") },
			"f:3: icmp-source-ipv4: 172.16.0.0/28 is not seen from outside: 172.16.0.0/12 is private (RFC 6791 §3): take global addresses, or leave it if nobody outside needs to see them",
		},
		{
			"pool that holds shared address space (B6-6791-03)", "icmp-source-ipv4 100.0.0.0/8", func(c *Config) { c.ICMPSourceIPv4 = prefixes("100.0.0.0/8") },
			"f:3: icmp-source-ipv4: 100.0.0.0/8 is not seen from outside: 100.64.0.0/10 is shared address space (RFC 6791 §3): take global addresses, or leave it if nobody outside needs to see them",
		},
		{"IPv6 pool", "icmp-source-ipv6 2001:db8:1::1 2001:db8:2::/64", func(c *Config) { c.ICMPSourceIPv6 = prefixes("2001:db8:1::1/128", "2001:db8:2::/64") }, ""},
		{
			"IPv6 pool in the well-known prefix", "icmp-source-ipv6 64:ff9b::/120", func(c *Config) { c.ICMPSourceIPv6 = prefixes("64:ff9b::/120") },
			"f:3: icmp-source-ipv6: IPv6 hosts should not have addresses in 64:ff9b::/96 (RFC 6052 §3.1): take addresses of your own network",
		},
	})
	runBad(t, []bad{
		{"deny-ipv4 without a length", "deny-ipv4 10.0.0.0", `f:3: deny-ipv4: "10.0.0.0" has no length: add one after a slash, such as /24`},
		{"deny-ipv4 with host bits", "deny-ipv4 198.51.100.7/24", "f:3: deny-ipv4: 198.51.100.7/24 has bits set after its length: write 198.51.100.0/24"},
		{"deny-ipv4 of IPv6", "deny-ipv4 2001:db8::/32", `f:3: deny-ipv4: "2001:db8::" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"deny-ipv4 twice", "deny-ipv4 10.0.0.0/8\ndeny-ipv4 10.0.0.0/8", "f:4: deny-ipv4: 10.0.0.0/8 is given twice, first in line 3: remove one"},
		{"deny-ipv4 of nothing", "deny-ipv4", "f:3: deny-ipv4: takes 1 to 9 arguments, not 0: write deny-ipv4 P/L …"},
		{"ten in a line", "deny-ipv4 1.0.0.0/8 2.0.0.0/8 3.0.0.0/8 4.0.0.0/8 5.0.0.0/8 6.0.0.0/8 7.0.0.0/8 8.0.0.0/8 9.0.0.0/8 10.0.0.0/8", "f:3: deny-ipv4: 11 words on one line, 10 is the most: repeat deny-ipv4 on another line for the rest"},
		{"pool that holds loopback", "icmp-source-ipv4 96.0.0.0/3", "f:3: icmp-source-ipv4: 96.0.0.0/3 overlaps 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"multicast pool", "icmp-source-ipv4 224.0.0.1", "f:3: icmp-source-ipv4: 224.0.0.1 lies in 224.0.0.0/4, which is multicast: write one outside 224.0.0.0/4"},
		{"pool twice in a line", "icmp-source-ipv4 192.0.2.9 192.0.2.9/32", "f:3: icmp-source-ipv4: 192.0.2.9/32 is given twice, first in line 3: remove one"},
		{"link-local IPv6 pool", "icmp-source-ipv6 fe80::/64", "f:3: icmp-source-ipv6: fe80::/64 lies in fe80::/10, which is link-local: write one outside fe80::/10"},
		{"IPv6 pool of all", "icmp-source-ipv6 ::/0", "f:3: icmp-source-ipv6: ::/0 overlaps ::/8, which is reserved (RFC 4291): write one outside ::/8"},
	})
}
