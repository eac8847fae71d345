package conf

import (
	"testing"
)

// shared returns a pool of all ports and all protocols.
func shared(v4 string) NAT64Pool {
	return NAT64Pool{V4: prefixes(v4)[0], First: 1, Last: 65535, TCP: true, UDP: true, ICMP: true}
}

func pools(list ...NAT64Pool) func(*Config) {
	return func(c *Config) { c.NAT64.Pools = list }
}

func TestNAT64Pool(t *testing.T) {
	only := func(v4 string, first, last uint16, tcp, udp, icmp bool) NAT64Pool {
		return NAT64Pool{V4: prefixes(v4)[0], First: first, Last: last, TCP: tcp, UDP: udp, ICMP: icmp}
	}
	runGood(t, []good{
		{"an address (D-3-01)", "nat64-pool 203.0.113.1", pools(shared("203.0.113.1/32")), ""},
		{"a prefix", "nat64-pool 203.0.113.0/24", pools(shared("203.0.113.0/24")), ""},
		{"the most addresses", "nat64-pool 198.51.0.0/16", pools(shared("198.51.0.0/16")), ""},
		{"the own address", "nat64-pool 192.0.2.1", pools(shared("192.0.2.1/32")), ""},
		{"around the own address", "nat64-pool 192.0.2.0/24", pools(shared("192.0.2.0/24")), ""},
		{"class E", "nat64-pool 240.0.0.1", pools(shared("240.0.0.1/32")), ""},
		{"ports", "nat64-pool 203.0.113.1 1024-65535", pools(only("203.0.113.1/32", 1024, 65535, true, true, true)), ""},
		{"one port", "nat64-pool 203.0.113.1 5000", pools(only("203.0.113.1/32", 5000, 5000, true, true, true)), ""},
		{"one protocol", "nat64-pool 203.0.113.1 UDP", pools(only("203.0.113.1/32", 1, 65535, false, true, false)), ""},
		{"all three, and then ports", "nat64-pool 203.0.113.1 tcp udp icmp 1-9", pools(only("203.0.113.1/32", 1, 9, true, true, true)), ""},
		{
			"ranges that are not contiguous (D-6888-03)", "nat64-pool 203.0.113.1 1024-2047\nnat64-pool 203.0.113.1 4096-8191\nnat64-pool 198.51.100.8/29",
			pools(only("203.0.113.1/32", 1024, 2047, true, true, true), only("203.0.113.1/32", 4096, 8191, true, true, true), shared("198.51.100.8/29")), "",
		},
		{
			"a protocol on each line", "nat64-pool 203.0.113.1 tcp\nnat64-pool 203.0.113.0/30 udp\nnat64-pool 203.0.113.1 icmp",
			pools(only("203.0.113.1/32", 1, 65535, true, false, false), only("203.0.113.0/30", 1, 65535, false, true, false), only("203.0.113.1/32", 1, 65535, false, false, true)), "",
		},
		{
			"three lines for the most addresses, each counted once", "nat64-pool 198.51.0.0/16 tcp\nnat64-pool 198.51.0.0/16 udp\nnat64-pool 198.51.100.0/24 icmp",
			pools(only("198.51.0.0/16", 1, 65535, true, false, false), only("198.51.0.0/16", 1, 65535, false, true, false), only("198.51.100.0/24", 1, 65535, false, false, true)), "",
		},
		{
			"link-local", "nat64-pool 169.254.1.1", pools(shared("169.254.1.1/32")),
			"f:3: nat64-pool: 169.254.1.1 lies in 169.254.0.0/16, which is link-local: routers do not forward it: take another block if hosts beyond the link are to reach it",
		},
		{
			"a dynamic pool beside it", "dynamic-pool 198.51.100.0/24\nnat64-pool 203.0.113.1", func(c *Config) {
				c.DynamicPools = []DynamicPool{{V4: prefixes("198.51.100.0/24")[0]}}
				c.NAT64.Pools = []NAT64Pool{shared("203.0.113.1/32")}
			},
			"f:3: dynamic-pool: lends nothing beside nat64-pool in line 4, which all hosts without a map go by: remove it, or nat64-pool",
		},
		{
			"an address of this host", "nat64-pool 203.0.113.0/30\ntun-ip 203.0.113.2/24", func(c *Config) {
				c.NAT64.Pools, c.TUNIPs = []NAT64Pool{shared("203.0.113.0/30")}, prefixes("203.0.113.2/24")
			},
			"f:4: tun-ip: 203.0.113.2 is in nat64-pool of line 3, and as an address of this host it never gets there: give the host another address",
		},
	})
	if c := parse(t, file("\nnat64-pool 203.0.113.1")); c.NAT64.Pools[0].At != (Place{"f", 4}) {
		t.Errorf("the pool is at %v", c.NAT64.Pools[0].At)
	}
}

func TestNAT64PoolRefused(t *testing.T) {
	const range0 = ": write a number from 1 to 65535"
	runBad(t, []bad{
		{"host bits", "nat64-pool 203.0.113.1/24", "f:3: nat64-pool: 203.0.113.1/24 has bits set after its length: write 203.0.113.0/24"},
		{"IPv6", "nat64-pool 2001:db8::1", `f:3: nat64-pool: "2001:db8::1" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"loopback", "nat64-pool 127.0.0.1", "f:3: nat64-pool: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"around broadcast", "nat64-pool 255.255.255.0/24", "f:3: nat64-pool: 255.255.255.0/24 overlaps 255.255.255.255/32, which is broadcast: write one outside 255.255.255.255/32"},
		{"too many in one", "nat64-pool 198.50.0.0/15", "f:3: nat64-pool: 198.50.0.0/15 has more than the 65536 addresses that pools may have: write a length of at least 16"},
		{"too many in all", "nat64-pool 198.51.0.0/16\nnat64-pool 203.0.113.7 udp", "f:4: nat64-pool: all pools have 65537 addresses, 65536 is the most: write longer prefixes, or remove a pool"},
		{"port 0", "nat64-pool 203.0.113.1 0-100", "f:3: nat64-pool: 0 is out of range" + range0},
		{"port 65536", "nat64-pool 203.0.113.1 1-65536", "f:3: nat64-pool: 65536 is out of range" + range0},
		{"ports that fall", "nat64-pool 203.0.113.1 2000-1000", "f:3: nat64-pool: 2000-1000 ends before it starts: write 1000-2000"},
		{"ports without an end", "nat64-pool 203.0.113.1 1024-", `f:3: nat64-pool: "1024-" is neither a port nor a range of ports: write a range such as 1024-65535`},
		{"ports twice", "nat64-pool 203.0.113.1 1-9 20-30", "f:3: nat64-pool: has 2 ranges of ports: write one range, and a line for each other"},
		{"another protocol", "nat64-pool 203.0.113.1 sctp", `f:3: nat64-pool: "sctp" is neither a port nor a range of ports: write a range such as 1024-65535`},
		{"comment glued to it", "nat64-pool 203.0.113.1 udp#x", `f:3: nat64-pool: "udp#x" is neither a port nor a range of ports: put a space before the # of a comment`},
		{
			"pools that overlap", "nat64-pool 203.0.113.0/24\nnat64-pool 203.0.113.7 5000-6000 udp",
			"f:4: nat64-pool: 203.0.113.7 5000-6000 for udp overlaps 203.0.113.0/24 1-65535 in line 3: take other addresses or ports, or remove one",
		},
		{
			"pools that share a port", "nat64-pool 203.0.113.1 1-1024 tcp\nnat64-pool 203.0.113.1 1024-2048",
			"f:4: nat64-pool: 203.0.113.1 1024-2048 for tcp overlaps 203.0.113.1 1-1024 in line 3: take other addresses or ports, or remove one",
		},
		{
			"pings that share an identifier", "nat64-pool 203.0.113.1 icmp\nnat64-pool 203.0.113.1 icmp tcp 7-7",
			"f:4: nat64-pool: 203.0.113.1 7-7 for icmp overlaps 203.0.113.1 1-65535 in line 3: take other addresses or ports, or remove one",
		},
		{
			"a map within", "nat64-pool 203.0.113.0/24\nmap 203.0.113.9 2001:db8::9",
			"f:3: nat64-pool: 203.0.113.0/24 overlaps 203.0.113.9, map in line 4: take other addresses for one of them",
		},
		{
			"a map around", "map 203.0.113.0/24 2001:db8::/120\nnat64-pool 203.0.113.9",
			"f:4: nat64-pool: 203.0.113.9 overlaps 203.0.113.0/24, map in line 3: take other addresses for one of them",
		},
		{
			"the dynamic pool", "dynamic-pool 203.0.113.0/24\nnat64-pool 203.0.113.0/24",
			"f:4: nat64-pool: 203.0.113.0/24 overlaps 203.0.113.0/24, dynamic-pool in line 3: remove dynamic-pool, which lends nothing beside nat64-pool",
		},
	})
	wantError(t, "ipv4-addr 192.0.2.1\nipv6-addr 2001:db8::1\nmap 198.51.100.1 2001:db8::2\nnat64-pool 203.0.113.1",
		"f:4: nat64-pool: IPv4 hosts have no IPv6 address without prefix: add prefix, such as prefix 64:ff9b::/96")
	wantError(t, "ipv4-addr 192.0.2.1\nnat64-pool 203.0.113.1",
		"f: prefix: is missing, and there is no map either, so nothing can be translated: add prefix or map")
}
