package conf

import (
	"math/bits"
	"net/netip"
	"testing"
	"time"
)

// checkStateful holds n to what its fields are documented to be.
func checkStateful(t *testing.T, c *Config) {
	t.Helper()
	n := &c.NAT64
	if len(n.Pools) > 0 && !c.Prefix.IsValid() {
		t.Errorf("a pool without prefix: %+v", n)
	}
	for i, pool := range n.Pools {
		checkSharedPool(t, c, pool, n.Pools[:i])
	}
	if addressesOf(n.Pools) > MaxNAT64Addresses {
		t.Errorf("too many addresses: %+v", n.Pools)
	}
	type end struct {
		protocol NAT64Protocol
		at       netip.AddrPort
	}
	owned := map[end]bool{}
	for _, s := range n.Static {
		if _, found := poolOf(n.Pools, s.V4.Addr()); !found || s.Ports < 1 {
			t.Errorf("not a static binding: %+v", s)
		}
		for i := range s.Ports {
			for _, first := range []netip.AddrPort{s.V4, s.V6} {
				port := int(first.Port()) + i
				e := end{s.Protocol, netip.AddrPortFrom(first.Addr(), uint16(port))}
				if owned[e] || port > 65535 || port == 0 && s.Protocol != NAT64ICMP {
					t.Errorf("%v twice, or no port: %+v", e, s)
				}
				owned[e] = true
			}
		}
	}
	alone := map[netip.Addr]bool{}
	for _, d := range n.Dedicated {
		if _, found := poolOf(n.Pools, d.V4); !found || d.V4 == c.IPv4Addr || alone[d.V4] || alone[d.V6] || c.Prefix.Contains(d.V6) {
			t.Errorf("not a dedicated address, or again: %+v", d)
		}
		alone[d.V4], alone[d.V6] = true, true
	}
	checkStatefulValues(t, n)
}

func checkSharedPool(t *testing.T, c *Config, pool NAT64Pool, earlier []NAT64Pool) {
	t.Helper()
	if pool.V4 != pool.V4.Masked() || pool.First < 1 || pool.Last < pool.First || !pool.TCP && !pool.UDP && !pool.ICMP || pool.At.Line < 1 {
		t.Errorf("not a pool: %+v", pool)
	}
	for _, e := range earlier {
		both := e.TCP && pool.TCP || e.UDP && pool.UDP || e.ICMP && pool.ICMP
		if both && e.V4.Overlaps(pool.V4) && max(e.First, pool.First) <= min(e.Last, pool.Last) {
			t.Errorf("%+v overlaps %+v", pool, e)
		}
	}
	for _, m := range c.Maps {
		if m.V4.Overlaps(pool.V4) {
			t.Errorf("%+v is mapped: %v", pool, m)
		}
	}
	for _, d := range c.DynamicPools {
		if d.V4.Overlaps(pool.V4) {
			t.Errorf("%+v is lent: %v", pool, d)
		}
	}
}

func checkStatefulValues(t *testing.T, n *NAT64) {
	t.Helper()
	l, d := &n.Limits, &n.Deterministic
	for _, x := range nat64Times {
		if v := *x.field(&n.Timeouts); v < time.Second || v > 30*24*time.Hour || v%time.Second != 0 {
			t.Errorf("%s is %v", x.word, v)
		}
	}
	for _, x := range nat64Limits {
		if v := *x.field(l); v < x.low || v > x.high {
			t.Errorf("%s is %d", x.word, v)
		}
	}
	if (l.SourceRate == 0) != (l.SourceBurst == 0) || n.SourceBits < 1 || n.SourceBits > 128 || n.PortHold < 0 || n.PortHold > time.Hour || n.StateInterval < 0 {
		t.Errorf("not as documented: %+v", n)
	}
	if (n.BlockSize == 0) != (n.BlocksPerSource == 0) || bits.OnesCount(uint(n.BlockSize)) > 1 {
		t.Errorf("not blocks: %d of %d", n.BlocksPerSource, n.BlockSize)
	}
	if len(n.Pools) > 0 && d.V6.IsValid() {
		if n.BlockSize != 0 || bits.OnesCount(uint(d.BlockSize)) != 1 || blocksOf(n, d.BlockSize) < 1<<(d.SourceBits-d.V6.Bits()) {
			t.Errorf("no room for %+v in %+v", d, n.Pools)
		}
	}
	if to := n.LogTo; (to.Path != "") != (to.Kind == NAT64LogFile || to.Kind == NAT64LogUnix) || to.Collector.IsValid() != (to.Kind == NAT64LogIPFIX) {
		t.Errorf("not a place: %+v", to)
	}
}

// checkMapping holds the route mapping of c to what its fields are documented to
// be.
func checkMapping(t *testing.T, c *Config) {
	t.Helper()
	r := &c.Routes
	if len(r.Sources) > 0 && !r.Prefix.IsValid() && !c.Prefix.IsValid() {
		t.Errorf("sources without a prefix: %+v", r)
	}
	if r.Prefix.IsValid() && !rfc6052Length(r.Prefix.Bits()) || r.Table == 0 || r.Protocol == 0 || r.Metric == 0 || r.Max < 1 || r.ReceiveBuffer < 64<<10 || r.ReceiveBuffer > 1<<30 {
		t.Errorf("not as documented: %+v", r)
	}
	for _, s := range r.Sources {
		if (s.Table == 0) == (s.File == "") || s.At.Line < 1 {
			t.Errorf("not a source: %+v", s)
		}
	}
	seen := map[netip.Addr]bool{}
	for _, h := range append(r.NextHops, r.Default) {
		if h == (RouteNextHop{}) {
			continue // no default
		}
		if seen[h.V4] || !h.Gateway.Is6() || h.Device == "" && (h.OnLink || h.Gateway.IsLinkLocalUnicast()) || len(h.Device) > 15 {
			t.Errorf("not a next hop, or again: %+v", h)
		}
		seen[h.V4] = true
	}
	for _, f := range r.Filters {
		if f.V4 != f.V4.Masked() || f.Min < f.V4.Bits() || f.Max < f.Min || f.Max > 32 {
			t.Errorf("not a filter: %+v", f)
		}
	}
}
