package siit

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"taygo/eam"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// dynamicMapper returns a mapper with a prefix, explicit mappings inside and
// around a pool, and the pool.
func dynamicMapper(t *testing.T) *Mapper {
	t.Helper()
	p := netip.MustParsePrefix
	pairs := []eam.Pair{
		{V4: p("192.0.2.4/30"), V6: p("2001:db8:5::/126")},
		{V4: p("192.0.0.0/16"), V6: p("2001:db8:6::/112")},
	}
	table, err := eam.New(pairs)
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := pref64.New(p("2001:db8:64::/96"))
	if err != nil {
		t.Fatal(err)
	}
	o := DynamicOptions{
		Pools:    []PoolRange{{V4: p("192.0.2.0/28"), V6: []netip.Prefix{p("2001:db8::/48")}}},
		Reserved: []netip.Prefix{p("192.0.2.1/32"), p("2001:db8:64::/96"), p("2001:db8:7::1/128")},
		Lifetime: DefaultLifetime, Dormant: DefaultDormant,
	}
	for _, pair := range pairs {
		o.Reserved = append(o.Reserved, pair.V4, pair.V6)
	}
	d, err := NewDynamicPool(o)
	if err != nil {
		t.Fatal(err)
	}
	return &Mapper{
		Explicit: table, Prefix: prefix, Dynamic: d, Leased: o.Ranges(),
		Sources4: NewPool(p("192.0.2.1/32")), Sources6: NewPool(p("2001:db8:7::1/128")),
	}
}

func dataPacket(src, dst string, now time.Duration) *translate.Packet {
	p := &translate.Packet{Now: now}
	p.Src, p.Dst = wire.AddrFrom(netip.MustParseAddr(src)), wire.AddrFrom(netip.MustParseAddr(dst))
	p.V6 = !p.Src.Is4()
	return p
}

// outcome is a verdict and the addresses of the packet, if it has some.
func outcome(v translate.Verdict, p *translate.Packet) string {
	if v != translate.Translated {
		return v.String()
	}
	s := p.To.Src.String() + " > " + p.To.Dst.String()
	if p.Hairpin {
		s += " hairpin"
	}
	return s
}

const (
	inPrefix = "2001:db8:64::203.0.113.5"
	server   = "203.0.113.5"
)

func TestMapByLeases(t *testing.T) {
	m := dynamicMapper(t)
	for _, tt := range []struct{ what, src, dst, want string }{
		{"a destination gets no lease", "2001:db8:9::1", "2001:db8::69", "destination_unmapped"},
		{"nor the source of a packet without destination", "2001:db8::69", "2001:db8:9::1", "destination_unmapped"},
		{"an address of the pool that nobody has", server, "192.0.2.8", "destination_unmapped"},
		{"a source gets one", "2001:db8::69", inPrefix, "192.0.2.8 > 203.0.113.5"},
		{"and keeps it", "2001:db8::69", inPrefix, "192.0.2.8 > 203.0.113.5"},
		{"the way back", server, "192.0.2.8", "2001:db8:64::cb00:7105 > 2001:db8::69"},
		{"a second host", "2001:db8::70", inPrefix, "192.0.2.12 > 203.0.113.5"},
		{"one to the other's own address", "2001:db8::69", "2001:db8::70", "192.0.2.8 > 192.0.2.12"},
		{"one to the other's IPv4 address", "2001:db8::69", "2001:db8:64::192.0.2.12", "192.0.2.8 > 192.0.2.12 hairpin"},
		{"to an IPv4 address that nobody has", "2001:db8::69", "2001:db8:64::192.0.2.13", "destination_unmapped"},
		{"to a mapped host", "2001:db8::69", "2001:db8:64::192.0.2.5", "192.0.2.8 > 192.0.2.5 hairpin"},
		{"a map inside the pool is more specific", server, "192.0.2.5", "2001:db8:64::cb00:7105 > 2001:db8:5::1"},
		{"a map around it is less specific", server, "192.0.2.9", "destination_unmapped"},
		{"outside the pool it holds", server, "192.0.2.16", "2001:db8:64::cb00:7105 > 2001:db8:6::210"},
		{"a mapped host needs no lease", "2001:db8:5::1", inPrefix, "192.0.2.5 > 203.0.113.5"},
		{"nor a host in the prefix", "2001:db8:64::203.0.113.9", inPrefix, "203.0.113.9 > 203.0.113.5"},
		{"the translator's own address gets none", "2001:db8:7::1", inPrefix, "source_unmapped"},
		{"nor a host that the pool does not serve", "2001:db8:9::1", inPrefix, "source_unmapped"},
		{"an address of the pool that nobody has, as source", "192.0.2.13", "192.0.2.8", "source_unmapped"},
	} {
		p := dataPacket(tt.src, tt.dst, 0)
		expect(t, tt.what, outcome(m.Map(p), p), tt.want)
	}
}

func TestMapWhenThePoolIsFull(t *testing.T) {
	m := dynamicMapper(t)
	for i := range 10 {
		p := dataPacket(host6(i).String(), inPrefix, 0)
		if v := m.Map(p); v != translate.Translated {
			t.Fatalf("host %d: %v", i, v)
		}
	}
	p := dataPacket("2001:db8::ffff", inPrefix, 0)
	expect(t, "one too many", outcome(m.Map(p), p), "pool_full")
}

// TestErrorsUseNoLease: they find leases, but neither make nor prolong them.
func TestErrorsUseNoLease(t *testing.T) {
	m := dynamicMapper(t)
	fault := func(src, dst, quotedSrc, quotedDst string, now time.Duration) *translate.Packet {
		p := dataPacket(src, dst, now)
		q := dataPacket(quotedSrc, quotedDst, 0)
		p.Error, p.Quoted = true, q.Header
		return p
	}
	about := func(now time.Duration) *translate.Packet { return fault(server, "192.0.2.8", "192.0.2.8", server, now) }
	from := func(now time.Duration) *translate.Packet {
		return fault("2001:db8::69", inPrefix, inPrefix, "2001:db8::69", now)
	}
	p := about(0)
	expect(t, "about nobody's packet", outcome(m.MapError(p), p), "destination_unmapped")
	p = from(0)
	expect(t, "from a host without lease", outcome(m.MapError(p), p), "quote_unmapped")
	data := dataPacket("2001:db8::69", inPrefix, 0)
	expect(t, "a packet", outcome(m.Map(data), data), "192.0.2.8 > 203.0.113.5")
	const late = DefaultLifetime - 1
	p = about(late)
	expect(t, "about its packet", outcome(m.MapError(p), p), "2001:db8:64::cb00:7105 > 2001:db8::69")
	expect(t, "its packet", p.QuotedTo.Src.String(), "2001:db8::69")
	p = from(late)
	expect(t, "from the host", outcome(m.MapError(p), p), "192.0.2.8 > 203.0.113.5")
	p = fault("2001:db8::68", inPrefix, inPrefix, "2001:db8::69", late)
	expect(t, "from a host on its way that has none", outcome(m.MapError(p), p), "192.0.2.1 > 203.0.113.5")
	p = about(DefaultLifetime)
	expect(t, "when the lease is dormant", outcome(m.MapError(p), p), "destination_unmapped")
	p = from(DefaultLifetime)
	expect(t, "from the dormant host", outcome(m.MapError(p), p), "quote_unmapped")
	if n := len(m.Dynamic.Leases(0)); n != 1 {
		t.Errorf("%d leases, want 1", n)
	}
	again := dataPacket("2001:db8::70", inPrefix, 0)
	m.Map(again)
	p = fault("2001:db8:64::203.0.113.9", "2001:db8:64::192.0.2.12", "2001:db8:64::192.0.2.12", inPrefix, 0)
	expect(t, "about a hairpinned packet", outcome(m.MapError(p), p), "203.0.113.9 > 192.0.2.12 hairpin")
}

func TestHairpinSimpleHidesTheLeaseOfASource(t *testing.T) {
	m := dynamicMapper(t)
	m.Hairpin = Simple
	m.Map(dataPacket("2001:db8::69", inPrefix, 0))
	m.Map(dataPacket("2001:db8::70", inPrefix, 0))
	p := dataPacket("2001:db8::69", "2001:db8:64::192.0.2.12", 0)
	expect(t, "to IPv4", outcome(m.Map(p), p), "192.0.2.8 > 192.0.2.12")
	p = dataPacket("192.0.2.8", "192.0.2.12", 0)
	expect(t, "and back", outcome(m.Map(p), p), "2001:db8:64::c000:208 > 2001:db8::70")
}

func TestExplainLeases(t *testing.T) {
	m := dynamicMapper(t)
	m.Map(dataPacket("2001:db8::69", inPrefix, 0))
	m.Map(dataPacket("2001:db8::70", inPrefix, time.Hour))
	const pool = "dynamic-pool 192.0.2.0/28 2001:db8::/48"
	now := time.Hour + 90*time.Second
	check := func(addr, to, rule, note string) {
		t.Helper()
		e := m.Explain(netip.MustParseAddr(addr))
		got := ""
		if e.To.IsValid() {
			got = e.To.String()
		}
		if got != to || e.Rule != rule || !strings.Contains(e.Note, note) || note == "" && e.Note != "" || e.RFC == "" {
			t.Errorf("%s: %+v", addr, e)
		}
		if to != "" && e.Back != e.Addr {
			t.Errorf("%s: back to %v", addr, e.Back)
		}
	}
	m.Dynamic.Sweep(now)
	check("2001:db8::70", "192.0.2.12", pool, "used 1m30s ago")
	check("192.0.2.12", "2001:db8::70", pool, "used 1m30s ago")
	check("2001:db8::1", "", pool+": no lease yet", "gets the address 192.0.2.9")
	check("192.0.2.9", "", pool+": no host has a lease of this address", "")
	check("192.0.2.5", "2001:db8:5::1", "map 192.0.2.4/30 2001:db8:5::/126", "")
	check("2001:db8:9::1", "", "outside the prefix and every map, and no dynamic-pool is for it", "")
	check("2001:db8:7::1", "", "outside the prefix and every map, and no dynamic-pool is for it", "")
	if e := m.Explain(netip.MustParseAddr("2001:db8:64::192.0.2.12")); !strings.Contains(e.Note, "goes to 2001:db8::70") {
		t.Errorf("%+v", e)
	}
	m.Dynamic.Sweep(DefaultLifetime)
	check("2001:db8::69", "", pool+": the lease is dormant", "192.0.2.8 belongs to 2001:db8::69, silent for 2h4m0s")
	check("192.0.2.8", "", pool+": the lease is dormant", "refused until one comes from there")
	for i := range 10 {
		m.Map(dataPacket(host6(i).String(), inPrefix, time.Hour))
	}
	check("2001:db8::ffff", "", "dynamic-pool: no address is free", "longest")
	if n := len(m.Dynamic.Leases(0)); n != 10 {
		t.Errorf("to explain made leases: %d", n)
	}
}
