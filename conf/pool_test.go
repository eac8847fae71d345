package conf

import (
	"net/netip"
	"testing"
	"time"
)

func TestDynamicPool(t *testing.T) {
	pool := func(v4 string, v6 ...string) func(*Config) {
		return func(c *Config) {
			p := DynamicPool{V4: prefixes(v4)[0]}
			if len(v6) > 0 {
				p.V6 = prefixes(v6...)
			}
			c.DynamicPools = []DynamicPool{p}
		}
	}
	both := func(edit func(*Config), more func(*Config)) func(*Config) {
		return func(c *Config) { edit(c); more(c) }
	}
	runGood(t, []good{
		{"a pool", "dynamic-pool 192.168.255.0/24", pool("192.168.255.0/24"), ""},
		{"the shortest one", "dynamic-pool 198.51.100.6/31", pool("198.51.100.6/31"), ""},
		{"class E", "dynamic-pool 240.1.0.0/16", pool("240.1.0.0/16"), ""},
		{"around the own address, as in Tayga's example", "dynamic-pool 192.0.2.0/24", pool("192.0.2.0/24"), ""},
		{"for one network and one host", "dynamic-pool 198.51.100.0/24 2001:db8:1::/48 2001:db8:2::1", pool("198.51.100.0/24", "2001:db8:1::/48", "2001:db8:2::1/128"), ""},
		{
			"for eight networks",
			"dynamic-pool 198.51.100.0/24 2001:db8:1::/48 2001:db8:2::/48 2001:db8:3::/48 2001:db8:4::/48 2001:db8:5::/48 2001:db8:6::/48 2001:db8:7::/48 2001:db8:8::/48",
			pool("198.51.100.0/24", "2001:db8:1::/48", "2001:db8:2::/48", "2001:db8:3::/48", "2001:db8:4::/48", "2001:db8:5::/48", "2001:db8:6::/48", "2001:db8:7::/48", "2001:db8:8::/48"), "",
		},
		{
			"link-local", "dynamic-pool 169.254.0.0/16", pool("169.254.0.0/16"),
			"f:3: dynamic-pool: 169.254.0.0/16 lies in 169.254.0.0/16, which is link-local: routers do not forward it: take another block if hosts beyond the link are to reach it",
		},
		{
			"around loopback", "dynamic-pool 126.0.0.0/7", pool("126.0.0.0/7"),
			"f:3: dynamic-pool: 126.0.0.0/7 holds 127.0.0.0/8, which is loopback and never given out: leave it if there are addresses enough, else take another pool",
		},
		{
			"a map within", "dynamic-pool 198.51.100.0/24\nmap 198.51.100.128/25 2001:db8::/121",
			both(pool("198.51.100.0/24"), func(c *Config) { c.Maps = maps("198.51.100.128/25", "2001:db8::/121") }), "",
		},
		{
			"a map around", "map 198.51.100.0/24 2001:db8::/120\ndynamic-pool 198.51.100.128/25",
			both(pool("198.51.100.128/25"), func(c *Config) { c.Maps = maps("198.51.100.0/24", "2001:db8::/120") }), "",
		},
		{"two pools, for everybody and for one network", "dynamic-pool 198.51.100.0/25\nDYNAMIC-POOL 198.51.100.128/25 2001:db8::/48", func(c *Config) {
			c.DynamicPools = []DynamicPool{{V4: prefixes("198.51.100.0/25")[0]}, {V4: prefixes("198.51.100.128/25")[0], V6: prefixes("2001:db8::/48")}}
		}, ""},
	})
	if c := parse(t, file("\ndynamic-pool 198.51.100.0/24")); c.DynamicPools[0].At != (Place{"f", 4}) {
		t.Errorf("the pool is at %v", c.DynamicPools[0].At)
	}
}

func TestDynamicPoolRefused(t *testing.T) {
	runBad(t, []bad{
		{"no slash", "dynamic-pool 192.168.255.0", `f:3: dynamic-pool: "192.168.255.0" has no length: add one after a slash, such as /24`},
		{"host bits", "dynamic-pool 192.168.255.1/24", "f:3: dynamic-pool: 192.168.255.1/24 has bits set after its length: write 192.168.255.0/24"},
		{"a single address", "dynamic-pool 192.168.255.1/32", "f:3: dynamic-pool: 192.168.255.1/32 has no address to lend, for the first one never is: write a length of at most 31"},
		{"length of 33", "dynamic-pool 192.168.255.0/33", `f:3: dynamic-pool: "33" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"text after the length", "dynamic-pool 192.168.255.0/24x", `f:3: dynamic-pool: "24x" is not the length of an IPv4 prefix: write a length from 0 to 32, in plain digits`},
		{"IPv6", "dynamic-pool 2001:db8::/96", `f:3: dynamic-pool: "2001:db8::" is not an IPv4 address: write four decimal numbers without leading zeros, such as 192.0.2.1`},
		{"all of IPv4", "dynamic-pool 0.0.0.0/0", "f:3: dynamic-pool: 0.0.0.0/0 overlaps 0.0.0.0/8, which is this network: write one outside 0.0.0.0/8"},
		{"loopback", "dynamic-pool 127.1.0.0/16", "f:3: dynamic-pool: 127.1.0.0/16 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"multicast", "dynamic-pool 224.0.0.0/3", "f:3: dynamic-pool: 224.0.0.0/3 overlaps 224.0.0.0/4, which is multicast: write one outside 224.0.0.0/4"},
		{"the prefix of a map", "dynamic-pool 198.51.100.0/24\nmap 198.51.100.0/24 2001:db8::/120", "f:3: dynamic-pool: 198.51.100.0/24 is mapped in line 4: take another pool, or remove the map"},
		{"the same pool twice", "dynamic-pool 198.51.100.0/24\ndynamic-pool 198.51.100.0/24", "f:4: dynamic-pool: 198.51.100.0/24 overlaps 198.51.100.0/24 in line 3: take a pool outside the other, or remove one"},
		{"pools that overlap", "dynamic-pool 198.51.100.0/25\ndynamic-pool 203.0.113.0/24\ndynamic-pool 198.51.100.0/24", "f:5: dynamic-pool: 198.51.100.0/24 overlaps 198.51.100.0/25 in line 3: take a pool outside the other, or remove one"},
		{"IPv4 sources", "dynamic-pool 198.51.100.0/24 203.0.113.0/24", `f:3: dynamic-pool: "203.0.113.0" is not an IPv6 address: write an address such as 2001:db8::1`},
		{"sources with host bits", "dynamic-pool 198.51.100.0/24 2001:db8::1/64", "f:3: dynamic-pool: 2001:db8::1/64 has bits set after its length: write 2001:db8::/64"},
		{"sources twice", "dynamic-pool 198.51.100.0/24 2001:db8::/64 2001:db8:0::/64", "f:3: dynamic-pool: 2001:db8::/64 is given twice: remove one"},
	})
	const alone = "f: prefix: is missing, and there is no map either, so nothing can be translated: add prefix or map"
	wantError(t, "ipv4-addr 192.0.2.1\ndynamic-pool 198.51.100.0/24", alone)
	wantError(t, "ipv4-addr 192.0.2.1\nmap-file more", alone)
}

func TestPoolTimes(t *testing.T) {
	const pool = "\ndynamic-pool 198.51.100.0/24"
	with := func(lifetime, dormant, write time.Duration) func(*Config) {
		return func(c *Config) {
			c.DynamicPools = []DynamicPool{{V4: netip.MustParsePrefix("198.51.100.0/24")}}
			c.PoolLifetime, c.PoolDormant, c.PoolWrite = lifetime, dormant, write
		}
	}
	const day = 24 * time.Hour
	runGood(t, []good{
		{"Tayga's times", pool, with(7440*time.Second, 14*day, 5*time.Second), ""},
		{"both times", "dynamic-pool-lifetime 60 3600" + pool, with(time.Minute, time.Hour, 5*time.Second), ""},
		{"the first alone", "dynamic-pool-lifetime 60" + pool, with(time.Minute, 14*day, 5*time.Second), ""},
		{"the first alone, longer than the other", "dynamic-pool-lifetime 2000000" + pool, with(2000000*time.Second, 2000000*time.Second, 5*time.Second), ""},
		{"never dormant", "dynamic-pool-lifetime 60 60" + pool, with(time.Minute, time.Minute, 5*time.Second), ""},
		{"written once a day", "dynamic-pool-write 86400" + pool, with(7440*time.Second, 14*day, day), ""},
		{"a lifetime without a pool", "dynamic-pool-lifetime 60", func(c *Config) { c.PoolLifetime = time.Minute }, "f:3: dynamic-pool-lifetime: has no effect without dynamic-pool: add a pool, or remove the line"},
		{"a write without a pool", "dynamic-pool-write 60", func(c *Config) { c.PoolWrite = time.Minute }, "f:3: dynamic-pool-write: has no effect without dynamic-pool: add a pool, or remove the line"},
	})
	runBad(t, []bad{
		{"given up before it is dormant", "dynamic-pool-lifetime 60 59", "f:3: dynamic-pool-lifetime: 59 seconds are over before the first 60 are, and both count from the last packet: write at least 60 for the second"},
		{"no time at all", "dynamic-pool-lifetime 0", "f:3: dynamic-pool-lifetime: 0 is out of range: write a number from 1 to 315360000"},
		{"a unit", "dynamic-pool-lifetime 2h", `f:3: dynamic-pool-lifetime: "2h" is not a whole number: write a number from 1 to 315360000`},
		{"written all the time", "dynamic-pool-write 0", "f:3: dynamic-pool-write: 0 is out of range: write a number from 1 to 86400"},
	})
}
