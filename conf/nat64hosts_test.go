package conf

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const poolLine = "\nnat64-pool 203.0.113.0/28"

// withPool returns what sets the pool of poolLine, and more.
func withPool(more func(*NAT64)) func(*Config) {
	return func(c *Config) {
		c.NAT64.Pools = []NAT64Pool{shared("203.0.113.0/28")}
		more(&c.NAT64)
	}
}

func TestNAT64Static(t *testing.T) {
	static := func(protocol NAT64Protocol, v6, v4 string, ports int) func(*Config) {
		return withPool(func(n *NAT64) {
			n.Static = []NAT64Static{{Protocol: protocol, V6: netip.MustParseAddrPort(v6), V4: netip.MustParseAddrPort(v4), Ports: ports}}
		})
	}
	runGood(t, []good{
		{"one port (D-3.1-04)", "nat64-static tcp [2001:db8::80]:80 203.0.113.1:8080" + poolLine, static(NAT64TCP, "[2001:db8::80]:80", "203.0.113.1:8080", 1), ""},
		{"a range of ports", "nat64-static UDP [2001:db8::53]:5000-5999 203.0.113.1:6000-6999" + poolLine, static(NAT64UDP, "[2001:db8::53]:5000", "203.0.113.1:6000", 1000), ""},
		{"all identifiers", "nat64-static icmp [2001:db8::1]:0-65535 203.0.113.1:0-65535" + poolLine, static(NAT64ICMP, "[2001:db8::1]:0", "203.0.113.1:0", 65536), ""},
		{"a range of one port", "nat64-static tcp [2001:db8::80]:80-80 203.0.113.1:81" + poolLine, static(NAT64TCP, "[2001:db8::80]:80", "203.0.113.1:81", 1), ""},
		{
			"a port that the pool does not give out", "nat64-pool 203.0.113.0/28 1024-65535\nnat64-static tcp [2001:db8::80]:80 203.0.113.1:80",
			func(c *Config) {
				static(NAT64TCP, "[2001:db8::80]:80", "203.0.113.1:80", 1)(c)
				c.NAT64.Pools[0].First = 1024
			}, "",
		},
		{
			"the same numbers of two protocols and of two hosts (D-3.1-02)",
			"nat64-static tcp [2001:db8::1]:53 203.0.113.1:53\nnat64-static udp [2001:db8::1]:53 203.0.113.1:53\nnat64-static udp [2001:db8::2]:53 203.0.113.2:53" + poolLine,
			withPool(func(n *NAT64) {
				a, b := netip.MustParseAddrPort("[2001:db8::1]:53"), netip.MustParseAddrPort("203.0.113.1:53")
				n.Static = []NAT64Static{
					{NAT64TCP, a, b, 1, Place{}},
					{NAT64UDP, a, b, 1, Place{}},
					{NAT64UDP, netip.MustParseAddrPort("[2001:db8::2]:53"), netip.MustParseAddrPort("203.0.113.2:53"), 1, Place{}},
				}
			}), "",
		},
	})
}

func TestNAT64StaticRefused(t *testing.T) {
	const (
		form6 = ": write [V6]:PORT, such as [2001:db8::1]:80"
		form4 = ": write V4:PORT, such as 192.0.2.1:80"
	)
	runBad(t, []bad{
		{"another protocol", "nat64-static sctp [2001:db8::1]:80 203.0.113.1:80" + poolLine, `f:3: nat64-static: "sctp" is not possible here: write tcp, udp or icmp`},
		{"no brackets", "nat64-static tcp 2001:db8::1:80 203.0.113.1:80" + poolLine, `f:3: nat64-static: "2001:db8::1:80" is not an IPv6 address with a port` + form6},
		{"no IPv6 port", "nat64-static tcp [2001:db8::1] 203.0.113.1:80" + poolLine, `f:3: nat64-static: "[2001:db8::1]" is not an IPv6 address with a port` + form6},
		{"no IPv4 port", "nat64-static tcp [2001:db8::1]:80 203.0.113.1" + poolLine, `f:3: nat64-static: "203.0.113.1" is not an IPv4 address with a port` + form4},
		{"families swapped", "nat64-static tcp 203.0.113.1:80 [2001:db8::1]:80" + poolLine, `f:3: nat64-static: "203.0.113.1:80" is not an IPv6 address with a port` + form6 + "\n" + `f:3: nat64-static: "[2001:db8::1]:80" is not an IPv4 address with a port` + form4},
		{"brackets around IPv4", "nat64-static tcp [203.0.113.1]:80 203.0.113.1:80" + poolLine, `f:3: nat64-static: "203.0.113.1" is not an IPv6 address: write an address such as 2001:db8::1`},
		{"TCP port 0", "nat64-static tcp [2001:db8::1]:0 203.0.113.1:80" + poolLine, "f:3: nat64-static: 0 is out of range: write a number from 1 to 65535"},
		{"no port after the colon", "nat64-static tcp [2001:db8::1]: 203.0.113.1:80" + poolLine, `f:3: nat64-static: "" is neither a port nor a range of ports: write a range such as 1024-65535`},
		{"ranges of two lengths", "nat64-static tcp [2001:db8::1]:80-89 203.0.113.1:80-88" + poolLine, "f:3: nat64-static: [2001:db8::1]:80-89 has 10 ports, 203.0.113.1:80-88 has 9: write two ranges of the same length"},
		{"multicast host", "nat64-static tcp [ff02::1]:80 203.0.113.1:80" + poolLine, "f:3: nat64-static: ff02::1 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{"in no pool", "nat64-static tcp [2001:db8::1]:80 203.0.113.16:80" + poolLine, "f:3: nat64-static: 203.0.113.16 is in no nat64-pool: add nat64-pool 203.0.113.16, or take an address of a pool"},
		{"without any pool", "nat64-static tcp [2001:db8::1]:80 192.0.2.1:80", "f:3: nat64-static: 192.0.2.1 is in no nat64-pool: add nat64-pool 192.0.2.1, or take an address of a pool"},
		{"the pool is wrong", "nat64-static tcp [2001:db8::1]:80 203.0.113.1:80\nnat64-pool 203.0.113.1/24", "f:4: nat64-pool: 203.0.113.1/24 has bits set after its length: write 203.0.113.0/24"},
		{"the host is mapped", "nat64-static tcp [2001:db8::1]:80 203.0.113.1:80\nmap 198.51.100.0/24 2001:db8::/120\nmap 198.51.102.0/24 2001:db8:2::/120" + poolLine, "f:3: nat64-static: 2001:db8::1 goes by 2001:db8::/120, map in line 4, and not by a pool: remove one"},
		{"the host is in prefix", "nat64-static tcp [2001:db8:64::1]:80 203.0.113.1:80" + poolLine, "f:3: nat64-static: 2001:db8:64::1 lies in 2001:db8:64::/96, prefix in line 2, and stands for an IPv4 host: write the address of an IPv6 host"},
		{"the own address", "nat64-static tcp [2001:db8::1]:80 203.0.113.1:80\nipv6-addr 2001:db8::1" + poolLine, "f:3: nat64-static: 2001:db8::1 is the translator's own address, ipv6-addr in line 4: write the address of a host, or change ipv6-addr"},
		{"IPv4 ports twice", "nat64-static tcp [2001:db8::1]:80 203.0.113.1:80\nnat64-static tcp [2001:db8::2]:70-90 203.0.113.1:60-80" + poolLine, "f:4: nat64-static: the IPv4 side has tcp port 80, which line 3 has as well: take other ports, or remove one"},
		{"IPv6 ports twice", "nat64-static udp [2001:db8::1]:80-90 203.0.113.1:80-90\nnat64-static udp [2001:db8::1]:90 203.0.113.2:90" + poolLine, "f:4: nat64-static: the IPv6 side has udp port 90, which line 3 has as well: take other ports, or remove one"},
		{
			"two ranges within a third", "nat64-static icmp [2001:db8::1]:1 203.0.113.1:10\nnat64-static icmp [2001:db8::2]:1-100 203.0.113.1:1-100\nnat64-static icmp [2001:db8::3]:1 203.0.113.1:20" + poolLine,
			"f:4: nat64-static: the IPv4 side has icmp port 10, which line 3 has as well: take other ports, or remove one\nf:5: nat64-static: the IPv4 side has icmp port 20, which line 4 has as well: take other ports, or remove one",
		},
	})
}

func TestNAT64Dedicated(t *testing.T) {
	runGood(t, []good{
		{"two", "nat64-dedicated 203.0.113.1 2001:db8::1\nnat64-dedicated 203.0.113.2 2001:db8::2" + poolLine, withPool(func(n *NAT64) {
			n.Dedicated = []NAT64Dedicated{{addr("203.0.113.1"), addr("2001:db8::1"), Place{}}, {addr("203.0.113.2"), addr("2001:db8::2"), Place{}}}
		}), ""},
	})
	runBad(t, []bad{
		{"families swapped", "nat64-dedicated 2001:db8::1 203.0.113.1" + poolLine, "f:3: nat64-dedicated: the IPv6 side comes first: write nat64-dedicated V4 V6"},
		{"a prefix", "nat64-dedicated 203.0.113.0/29 2001:db8::1" + poolLine, `f:3: nat64-dedicated: "203.0.113.0/29" is not a single address: write it without a length`},
		{"both sides wrong", "nat64-dedicated 127.0.0.1 ff02::1" + poolLine, "f:3: nat64-dedicated: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8\nf:3: nat64-dedicated: ff02::1 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{"an address for two hosts", "nat64-dedicated 203.0.113.1 2001:db8::1\nnat64-dedicated 203.0.113.1 2001:db8::2" + poolLine, "f:4: nat64-dedicated: 203.0.113.1 is given twice, first in line 3: remove one"},
		{"a host with two addresses", "nat64-dedicated 203.0.113.1 2001:db8::1\nnat64-dedicated 203.0.113.2 2001:db8::1" + poolLine, "f:4: nat64-dedicated: 2001:db8::1 is given twice, first in line 3: remove one"},
		{"in no pool", "nat64-dedicated 203.0.113.16 2001:db8::1" + poolLine, "f:3: nat64-dedicated: 203.0.113.16 is in no nat64-pool: add nat64-pool 203.0.113.16, or take an address of a pool"},
		{"a mapped host", "nat64-dedicated 203.0.113.1 2001:db8::1\nmap 198.51.100.1 2001:db8::1" + poolLine, "f:3: nat64-dedicated: 2001:db8::1 goes by 2001:db8::1/128, map in line 4, and not by a pool: remove one"},
		{"the own address", "nat64-dedicated 192.0.2.1 2001:db8::1\nnat64-pool 192.0.2.1", "f:3: nat64-dedicated: 192.0.2.1 is the translator's own address, ipv4-addr in line 1: dedicate another address of a pool"},
		{
			"all there is", "nat64-pool 203.0.113.0/31 tcp\nnat64-pool 203.0.113.1 udp\nnat64-dedicated 203.0.113.0 2001:db8::1\nnat64-dedicated 203.0.113.1 2001:db8::2",
			"f:6: nat64-dedicated: no address of a pool is left for hosts to share: add a nat64-pool, or write map lines instead of nat64-pool and nat64-dedicated",
		},
	})
}

// TestStaticOnce holds the comparison of static bindings in order to one of each
// with each.
func TestStaticOnce(t *testing.T) {
	for seed := range 200 {
		var lines strings.Builder
		type run struct{ first, n int }
		var runs []run
		clash := false
		for i := range 8 {
			r := run{1 + (seed*37+i*i*91)%120, 1 + (seed*13+i*7)%20}
			for _, o := range runs {
				clash = clash || r.first < o.first+o.n && o.first < r.first+r.n
			}
			runs = append(runs, r)
			fmt.Fprintf(&lines, "nat64-static tcp [2001:db8::%d]:1-%d 203.0.113.1:%d-%d\n", i+1, r.n, r.first, r.first+r.n-1)
		}
		_, err := Parse("f", strings.NewReader(file(lines.String()+strings.TrimPrefix(poolLine, "\n"))))
		if (err != nil) != clash {
			t.Errorf("%s: clash %v, but\n%v", lines.String(), clash, err)
		}
	}
}

// TestCheckStatic: what is added at run time has to fit the file as its own lines do.
func TestCheckStatic(t *testing.T) {
	c := parse(t, file("map 198.51.100.10 2001:db8:1::a"+poolLine+"\nipv6-addr 2001:db8:1::1"))
	const start = "conf: static binding: "
	for _, tt := range []struct {
		protocol     NAT64Protocol
		v6, v4, want string
	}{
		{NAT64TCP, "[2001:db8:1::80]:80", "203.0.113.1:80", ""},
		{NAT64ICMP, "[2001:db8:1::80]:0", "203.0.113.1:0", ""},
		{NAT64TCP, "[2001:db8:1::80]:80", "198.51.100.10:80", start + "198.51.100.10 is in no nat64-pool: add nat64-pool 198.51.100.10, or take an address of a pool"},
		{NAT64TCP, "[2001:db8:1::a]:80", "203.0.113.1:80", start + "2001:db8:1::a goes by 2001:db8:1::a/128, map in line 3, and not by a pool: remove one"},
		{NAT64TCP, "[2001:db8:64::a]:80", "203.0.113.1:80", start + "2001:db8:64::a lies in 2001:db8:64::/96, prefix in line 2, and stands for an IPv4 host: write the address of an IPv6 host"},
		{NAT64TCP, "[2001:db8:1::1]:80", "203.0.113.1:80", start + "2001:db8:1::1 is the translator's own address, ipv6-addr in line 5: write the address of a host, or change ipv6-addr"},
		{NAT64TCP, "[ff02::1]:80", "203.0.113.1:80", start + "ff02::1 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{NAT64UDP, "[2001:db8:1::80]:0", "203.0.113.1:0", start + "there is no port 0: write ports from 1 to 65535"},
	} {
		got := ""
		if err := c.CheckStatic(NAT64Static{Protocol: tt.protocol, V6: netip.MustParseAddrPort(tt.v6), V4: netip.MustParseAddrPort(tt.v4), Ports: 1}); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.v6, tt.v4, got, tt.want)
		}
	}
}
