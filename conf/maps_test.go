package conf

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func TestMap(t *testing.T) {
	with := func(pairs ...string) func(*Config) { return func(c *Config) { c.Maps = maps(pairs...) } }
	runGood(t, []good{
		{"no lengths (C-3.2-01)", "map 198.51.100.1 2001:db8::1", with("198.51.100.1/32", "2001:db8::1/128"), ""},
		{"equal suffixes", "map 198.51.100.0/24 2001:db8::/120", with("198.51.100.0/24", "2001:db8::/120"), ""},
		{"longer IPv6 suffix (C-3.2-02)", "map 192.0.2.192/29 2001:db8:eeee:8::/62", with("192.0.2.192/29", "2001:db8:eeee:8::/62"), ""},
		{"one IPv4 address, IPv6 /64", "map 198.51.100.1 2001:db8::/64", with("198.51.100.1/32", "2001:db8::/64"), ""},
		{"IPv6 in dotted form (A-2.4-01)", "map 198.51.100.1 2001:db8::192.0.2.33", with("198.51.100.1/32", "2001:db8::c000:221/128"), ""},
		{"all of IPv4, into prefix", "map 0.0.0.0/0 2001:db8:64::/96", with("0.0.0.0/0", "2001:db8:64::/96"), ""},
		{"half of IPv4", "map 0.0.0.0/1 2001:db8::/97", with("0.0.0.0/1", "2001:db8::/97"), ""},
		{"class E", "map 240.0.0.0/4 2001:db8::/100", with("240.0.0.0/4", "2001:db8::/100"), ""},
		{"around the own address", "map 192.0.2.0/24 2001:db8:64::c000:200/120", with("192.0.2.0/24", "2001:db8:64::c000:200/120"), ""},
		{"not in the well-known prefix (A-8215-01)", "map 10.0.0.0/8 64:ff9b:1:0:a::/104", with("10.0.0.0/8", "64:ff9b:1:0:a::/104"), ""},
		{
			"in the well-known prefix (A-3.1-04)", "map 198.51.100.1 64:ff9b::192.0.2.33", with("198.51.100.1/32", "64:ff9b::c000:221/128"),
			"f:3: map: IPv6 hosts should not have addresses in 64:ff9b::/96 (RFC 6052 §3.1): take addresses of your own network",
		},
		{
			"link-local", "map 169.254.1.0/24 2001:db8::/120", with("169.254.1.0/24", "2001:db8::/120"),
			"f:3: map: 169.254.1.0/24 lies in 169.254.0.0/16, which is link-local: routers do not forward it: take another block if hosts beyond the link are to reach it",
		},
		{
			"all of IPv4, elsewhere than prefix (A-3.3-01)", "map 0.0.0.0/0 2001:db8:65::/96", with("0.0.0.0/0", "2001:db8:65::/96"),
			"f:3: map: IPv4 addresses go into 2001:db8:65::/96, and out of 2001:db8:64::/96 as well, prefix in line 2 (RFC 6052 §3.3): leave it for a CLAT, else remove one",
		},
		{
			"IPv4 nested (C-5-01)", "map 198.51.100.0/24 2001:db8::/120\nmap 198.51.100.7 2001:db8:7::7", with("198.51.100.0/24", "2001:db8::/120", "198.51.100.7/32", "2001:db8:7::7/128"),
			"f:4: map: 198.51.100.7/32 lies in 198.51.100.0/24 of line 3; an address goes by its longest prefix (RFC 7757 §5): leave it if that is meant, else remove one",
		},
		{
			"IPv6 nested (C-5-01)", "map 198.51.100.7 2001:db8::7\nmap 203.0.113.0/24 2001:db8::/64", with("198.51.100.7/32", "2001:db8::7/128", "203.0.113.0/24", "2001:db8::/64"),
			"f:4: map: 2001:db8::/64 holds 2001:db8::7/128 of line 3; an address goes by its longest prefix (RFC 7757 §5): leave it if that is meant, else remove one",
		},
	})
}

func TestMapRefused(t *testing.T) {
	runBad(t, []bad{
		{"IPv6 suffix too short (C-3.2-02)", "map 192.0.2.0/24 2001:db8::/121", "f:3: map: 192.0.2.0/24 leaves 8 bits for hosts, 2001:db8::/121 only 7 (RFC 7757 §3.2): write 2001:db8::/120, or a shorter length"},
		{"IPv6 length forgotten", "map 192.0.2.0/24 2001:db8::12", "f:3: map: 192.0.2.0/24 leaves 8 bits for hosts, 2001:db8::12/128 only 0 (RFC 7757 §3.2): write 2001:db8::/120, or a shorter length"},
		{"IPv4 host bits (C-3.2-03)", "map 198.51.100.7/24 2001:db8::/120", "f:3: map: 198.51.100.7/24 has bits set after its length: write 198.51.100.0/24"},
		{"IPv6 host bits", "map 198.51.100.0/24 2001:db8::7/120", "f:3: map: 2001:db8::7/120 has bits set after its length: write 2001:db8::/120"},
		{"the same IPv4 prefix (C-5-02)", "map 198.51.100.1 2001:db8::1\n\nmap 198.51.100.1/32 2001:db8::2", "f:5: map: 198.51.100.1/32 is given twice, first in line 3: remove one"},
		{"the same IPv6 prefix (C-5-02)", "map 198.51.100.8 2001:db8::1\nmap 198.51.100.9 2001:db8::1", "f:4: map: 2001:db8::1/128 is given twice, first in line 3: remove one"},
		{"families swapped", "map 2001:db8::1 198.51.100.1", "f:3: map: the IPv6 side comes first: write map V4[/n] V6[/m]"},
		{"IPv4 twice", "map 198.51.100.1 198.51.100.2", `f:3: map: "198.51.100.2" is not an IPv6 address: write an address such as 2001:db8::1`},
		{"letters as length", "map 10.0.0.0/abc 2001:db8::/96", `f:3: map: "abc" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"length 40 of 32", "map 10.0.0.0/40 2001:db8::/104", `f:3: map: "40" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"length 136 of 128", "map 10.0.0.0/24 2001:db8::/136", `f:3: map: "136" is not the length of an IPv6 prefix: write a length from 0 to 128, in plain digits`},
		{"text after the length", "map 10.0.0.0/24x 2001:db8::/120", `f:3: map: "24x" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"leading zero in the length", "map 10.0.0.0/08 2001:db8::/104", `f:3: map: "08" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"empty length", "map 10.0.0.0/ 2001:db8::/104", `f:3: map: "" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"comment glued to the length", "map 10.0.0.0/8 2001:db8::/104#x", `f:3: map: "104#x" is not the length of an IPv6 prefix: put a space before the # of a comment`},
		{"this network", "map 0.1.0.0/16 2001:db8::/112", "f:3: map: 0.1.0.0/16 lies in 0.0.0.0/8, which is this network: write one outside 0.0.0.0/8"},
		{"loopback", "map 127.0.0.0/8 2001:db8::/104", "f:3: map: 127.0.0.0/8 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"multicast", "map 224.1.0.0/16 2001:db8::/112", "f:3: map: 224.1.0.0/16 lies in 224.0.0.0/4, which is multicast: write one outside 224.0.0.0/4"},
		{"broadcast", "map 255.255.255.255 2001:db8::1", "f:3: map: 255.255.255.255 lies in 255.255.255.255/32, which is broadcast: write one outside 255.255.255.255/32"},
		{"IPv6 link-local", "map 198.51.100.1 fe80::1", "f:3: map: fe80::1 lies in fe80::/10, which is link-local: write one outside fe80::/10"},
		{"all of IPv6", "map 198.51.100.1 ::/0", "f:3: map: ::/0 overlaps ::/8, which is reserved (RFC 4291): write one outside ::/8"},
		{"the own IPv4 address", "map 192.0.2.1 2001:db8::1", "f:3: map: 192.0.2.1 is the translator's own address, ipv4-addr in line 1: map another address, or change ipv4-addr"},
		{"the own IPv6 address", "map 192.0.2.2 2001:db8::1\nipv6-addr 2001:db8::1", "f:3: map: 2001:db8::1 is the translator's own address, ipv6-addr in line 4: map another address, or change ipv6-addr"},
		{"both sides wrong", "map 127.0.0.1 fe80::1", "f:3: map: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8\nf:3: map: fe80::1 lies in fe80::/10, which is link-local: write one outside fe80::/10"},
		{"one side only", "map 198.51.100.1", "f:3: map: takes 2 arguments, not 1: write map V4[/n] V6[/m]"},
	})
}

// TestFirstOverlaps holds the sweep to a comparison of each with each.
func TestFirstOverlaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	overlaps := 0
	for range 500 {
		seen := map[netip.Prefix]bool{}
		var list []netip.Prefix
		for range rng.IntN(40) {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.UintN(256))})
			if x := netip.PrefixFrom(a, 22+rng.IntN(11)).Masked(); !seen[x] {
				seen[x], list = true, append(list, x)
			}
		}
		got := firstOverlaps(list)
		for i, x := range list {
			want := slices.IndexFunc(list, x.Overlaps)
			if got[i] != want {
				t.Fatalf("firstOverlaps(%v)[%d] = %d, want %d", list, i, got[i], want)
			}
			if want < i {
				overlaps++
			}
		}
	}
	if overlaps < 1000 {
		t.Errorf("the lists had only %d overlaps", overlaps)
	}
}
