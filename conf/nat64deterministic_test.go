package conf

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestNAT64PortBlocks(t *testing.T) {
	blocks := func(size, most int) func(*Config) {
		return withPool(func(n *NAT64) { n.BlockSize, n.BlocksPerSource = size, most })
	}
	runGood(t, []good{
		{"the smallest", "nat64-port-blocks 32" + poolLine, blocks(32, 4), ""},
		{"the largest, one to a source (D-7768-01)", "nat64-port-blocks 8192 1" + poolLine, blocks(8192, 1), ""},
		{"none", "nat64-port-blocks OFF" + poolLine, blocks(0, 0), ""},
		{"one block in the pool", "nat64-pool 203.0.113.1 1000-1087\nnat64-port-blocks 64", func(c *Config) {
			pool := shared("203.0.113.1/32")
			pool.First, pool.Last = 1000, 1087
			c.NAT64.Pools = []NAT64Pool{pool}
			c.NAT64.BlockSize, c.NAT64.BlocksPerSource = 64, 4
		}, ""},
	})
	const size = ": write off or a power of two from 32 to 8192"
	runBad(t, []bad{
		{"no power of two", "nat64-port-blocks 500" + poolLine, "f:3: nat64-port-blocks: 500 is not a power of two: write 256 or 512"},
		{"too small", "nat64-port-blocks 16" + poolLine, "f:3: nat64-port-blocks: 16 is out of range: write a number from 32 to 8192"},
		{"another word", "nat64-port-blocks no" + poolLine, `f:3: nat64-port-blocks: "no" is neither off nor a number` + size},
		{"none of so many", "nat64-port-blocks off 4" + poolLine, `f:3: nat64-port-blocks: off takes no number: remove "4", or write a size for off`},
		{"no blocks for a source", "nat64-port-blocks 512 0" + poolLine, "f:3: nat64-port-blocks: 0 is out of range: write a number from 1 to 2048"},
		{
			"an address without a block", "nat64-port-blocks 512\nnat64-pool 203.0.113.1\nnat64-pool 203.0.113.2 2000-2558",
			"f:5: nat64-pool: 203.0.113.2 has no block of 512 ports, nat64-port-blocks in line 3, which begins at a multiple of that and is for all protocols of the address: write more ports, or smaller blocks",
		},
		{
			"protocols without a block in common", "nat64-port-blocks 512\nnat64-pool 203.0.113.1 1024-2047 tcp\nnat64-pool 203.0.113.1 2048-4095 udp",
			"f:4: nat64-pool: 203.0.113.1 has no block of 512 ports, nat64-port-blocks in line 3, which begins at a multiple of that and is for all protocols of the address: write more ports, or smaller blocks",
		},
		{
			"blocks of both kinds", "nat64-port-blocks 512\nnat64-deterministic 2001:db8:1::/48 56" + poolLine,
			"f:3: nat64-port-blocks: cannot stand beside nat64-deterministic in line 4: remove one",
		},
	})
}

func TestNAT64Deterministic(t *testing.T) {
	fixed := func(v6 string, bits, size int, overflow bool) func(*Config) {
		return withPool(func(n *NAT64) { n.Deterministic = NAT64Deterministic{prefixes(v6)[0], bits, size, overflow} })
	}
	runGood(t, []good{
		{"as many ports as there are (D-7422-01)", "nat64-deterministic 2001:db8:1::/48 56" + poolLine, fixed("2001:db8:1::/48", 56, 2048, false), ""},
		{"the largest blocks", "nat64-deterministic 2001:db8:1::/48 48" + poolLine, fixed("2001:db8:1::/48", 48, 8192, false), ""},
		{"a size", "nat64-deterministic 2001:db8:1::/48 56 512" + poolLine, fixed("2001:db8:1::/48", 56, 512, false), ""},
		{"overflow", "nat64-deterministic 2001:db8:1::/48 56 OVERFLOW" + poolLine, fixed("2001:db8:1::/48", 56, 2048, true), ""},
		{"a size and overflow", "nat64-deterministic 2001:db8:1::/48 56 512 overflow" + poolLine, fixed("2001:db8:1::/48", 56, 512, true), ""},
		{"a block for each of 2016", "nat64-pool 203.0.113.1\nnat64-deterministic 2001:db8:1::/48 58 32", func(c *Config) {
			c.NAT64.Pools = []NAT64Pool{shared("203.0.113.1/32")}
			c.NAT64.Deterministic = NAT64Deterministic{prefixes("2001:db8:1::/48")[0], 58, 32, false}
		}, ""},
		{"overflow has a log", "nat64-deterministic 2001:db8:1::/48 56 overflow\nnat64-log blocks\nnat64-log-to /l" + poolLine, func(c *Config) {
			fixed("2001:db8:1::/48", 56, 2048, true)(c)
			c.NAT64.Log.Blocks, c.NAT64.LogTo = true, NAT64LogTo{Kind: NAT64LogFile, Path: "/l"}
		}, ""},
	})
	const usage = ": write nat64-deterministic V6/M SOURCE-LENGTH [SIZE] [overflow]"
	runBad(t, []bad{
		{"no length", "nat64-deterministic 2001:db8:: 56" + poolLine, `f:3: nat64-deterministic: "2001:db8::" has no length: add one after a slash, such as /96`},
		{"sources longer than their prefix", "nat64-deterministic 2001:db8::/56 48" + poolLine, "f:3: nat64-deterministic: 48 is out of range: write a number from 56 to 88"},
		{"too many sources to count", "nat64-deterministic 2001:db8::/32 65" + poolLine, "f:3: nat64-deterministic: 65 is out of range: write a number from 32 to 64"},
		{"no power of two", "nat64-deterministic 2001:db8:1::/48 56 1000" + poolLine, "f:3: nat64-deterministic: 1000 is not a power of two: write 512 or 1024"},
		{"words in the other order", "nat64-deterministic 2001:db8:1::/48 56 overflow 512" + poolLine, `f:3: nat64-deterministic: "512" is not possible here` + usage},
		{"multicast", "nat64-deterministic ff00::/16 24" + poolLine, "f:3: nat64-deterministic: ff00::/16 lies in ff00::/8, which is multicast: write one outside ff00::/8"},
		{"overflow twice", "nat64-deterministic 2001:db8:1::/48 56 overflow overflow" + poolLine, `f:3: nat64-deterministic: "overflow" is not possible here` + usage},
		{"twice", "nat64-deterministic 2001:db8:1::/48 56\nnat64-deterministic 2001:db8:2::/48 56" + poolLine, "f:4: nat64-deterministic: given twice, first in line 3: remove one"},
		{"in prefix", "nat64-deterministic 2001:db8:64::/100 110" + poolLine, "f:3: nat64-deterministic: 2001:db8:64::/100 lies in 2001:db8:64::/96, prefix in line 2, and stands for IPv4 hosts: write a prefix of IPv6 hosts"},
		{"no room for that size", "nat64-deterministic 2001:db8:1::/48 56 8192" + poolLine, "f:3: nat64-deterministic: 2001:db8:1::/48 has 256 prefixes of 56 bits, and the pools have 112 blocks of 8192 ports from 1024 up: add a pool, or write a smaller SIZE or a shorter SOURCE-LENGTH"},
		{"no room for any", "nat64-deterministic 2001:db8:1::/48 64" + poolLine, "f:3: nat64-deterministic: 2001:db8:1::/48 has 65536 prefixes of 64 bits, and the pools have 32256 blocks of 32 ports from 1024 up: add a pool, or write a smaller SIZE or a shorter SOURCE-LENGTH"},
		{"no room beside a dedicated address", "nat64-pool 203.0.113.0/31\nnat64-dedicated 203.0.113.1 2001:db8::1\nnat64-deterministic 2001:db8:1::/48 54 1024", "f:5: nat64-deterministic: 2001:db8:1::/48 has 64 prefixes of 54 bits, and the pools have 63 blocks of 1024 ports from 1024 up: add a pool, or write a smaller SIZE or a shorter SOURCE-LENGTH"},
	})
}

// TestBlocksOf holds the number of blocks to a count of the ports of each address.
func TestBlocksOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	some := 0
	for range 60 {
		n := randomPools(rng)
		size := leastBlock << rng.IntN(9)
		want := slowBlocks(n, size)
		if got := blocksOf(n, size); got != want {
			t.Fatalf("%+v have %d blocks of %d, want %d", n, got, size, want)
		}
		some += min(want, 1)
	}
	if some < 20 {
		t.Errorf("only %d of the pools had blocks", some)
	}
}

// randomPools returns pools of a /29 that share no port, and dedicated addresses.
func randomPools(rng *rand.Rand) *NAT64 {
	n := &NAT64{}
	for range 1 + rng.IntN(6) {
		a := netip.AddrFrom4([4]byte{203, 0, 113, byte(rng.IntN(8))})
		first := rng.IntN(65536)
		pool := NAT64Pool{
			V4: netip.PrefixFrom(a, 29+rng.IntN(4)).Masked(), First: uint16(first), Last: uint16(first + rng.IntN(65536-first)),
			TCP: rng.IntN(2) == 0, UDP: rng.IntN(2) == 0,
		}
		pool.ICMP = !pool.TCP && !pool.UDP || rng.IntN(2) == 0
		p := &parser{conf: &Config{NAT64: *n}}
		if p.checkNAT64Pool(pool, n.Pools); len(p.errs) == 0 {
			n.Pools = append(n.Pools, pool)
		}
	}
	if rng.IntN(3) == 0 {
		n.Dedicated = []NAT64Dedicated{{V4: netip.AddrFrom4([4]byte{203, 0, 113, byte(rng.IntN(8))})}}
	}
	return n
}

func slowBlocks(n *NAT64, size int) int {
	count := 0
	for last := range 8 {
		a := netip.AddrFrom4([4]byte{203, 0, 113, byte(last)})
		if len(n.Dedicated) > 0 && n.Dedicated[0].V4 == a {
			continue
		}
		var ports [3][65536]bool
		var has [3]bool
		for _, pool := range n.Pools {
			for i, on := range []bool{pool.TCP, pool.UDP, pool.ICMP} {
				if !on || !pool.V4.Contains(a) {
					continue
				}
				has[i] = true
				for port := int(pool.First); port <= int(pool.Last); port++ {
					ports[i][port] = true
				}
			}
		}
		if has == [3]bool{} {
			continue
		}
		for first := 0; first < 65536; first += size {
			whole := first >= 1024
			for port := first; port < first+size; port++ {
				for i := range has {
					whole = whole && (!has[i] || ports[i][port])
				}
			}
			if whole {
				count++
			}
		}
	}
	return count
}
