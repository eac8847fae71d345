package siit

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func leaseOf(v4, v6 string, idle time.Duration) Lease {
	return Lease{V4: netip.MustParseAddr(v4), V6: netip.MustParseAddr(v6), Idle: idle}
}

// TestRestoreRefuses: as Tayga ignores lines of its file.
func TestRestoreRefuses(t *testing.T) {
	p := netip.MustParsePrefix
	d, err := NewDynamicPool(DynamicOptions{
		Pools: []PoolRange{
			{V4: p("192.0.2.0/28")},
			{V4: p("198.51.100.0/28"), V6: []netip.Prefix{p("2001:db8:a::/48")}},
		},
		Reserved: []netip.Prefix{p("192.0.2.1/32"), p("192.0.2.4/30"), p("192.0.0.0/16"), p("2001:db8:64::/96"), p("2001:db8:5::/126")},
		Lifetime: DefaultLifetime, Dormant: DefaultDormant,
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		Lease
		want string // in the error; empty: there is none
	}{
		{leaseOf("192.0.2.0", "2001:db8::1", 0), "never given"},
		{leaseOf("192.0.2.1", "2001:db8::2", 0), "belongs to 192.0.2.1/32"},
		{leaseOf("192.0.2.6", "2001:db8::3", 0), "belongs to 192.0.2.4/30"},
		{leaseOf("192.0.2.8", "2001:db8::4", 0), ""},
		{leaseOf("192.0.2.8", "2001:db8::5", 0), "2001:db8::4 has the IPv4 address already"},
		{leaseOf("192.0.2.9", "2001:db8::4", 0), "the host has 192.0.2.8 already"},
		{leaseOf("192.0.2.10", "2001:db8::a", DefaultLifetime-1), ""},
		{leaseOf("192.0.2.11", "2001:db8::b", DefaultLifetime), ""},
		{leaseOf("192.0.2.12", "2001:db8::c", DefaultDormant-1), ""},
		{leaseOf("192.0.2.13", "2001:db8::d", DefaultDormant), ""}, // and is not there
		{leaseOf("192.0.2.14", "2001:db8:64::e", 0), "belongs to 2001:db8:64::/96"},
		{leaseOf("192.0.2.14", "2001:db8:5::1", 0), "belongs to 2001:db8:5::/126"},
		{leaseOf("192.0.2.14", "fe80::1", 0), "IPv6 address of a host"},
		{leaseOf("192.0.2.14", "::ffff:1.2.3.4", 0), "IPv6 address of a host"},
		{leaseOf("2001:db8::9", "2001:db8::9", 0), "IPv4 address of a host"},
		{Lease{}, "IPv4 address of a host"},
		{leaseOf("192.0.2.99", "2001:db8::e", 0), "in no pool"},
		{leaseOf("198.51.100.7", "2001:db8:b::1", 0), "does not serve"},
		{leaseOf("198.51.100.7", "2001:db8:a::1", 0), ""},
		{leaseOf("192.0.2.15", "2001:db8::f", 0), ""},
	}
	var leases []Lease
	for _, tt := range tests {
		leases = append(leases, tt.Lease)
	}
	const now = 5 * time.Second
	for i, err := range d.Restore(leases, now) {
		if want := tests[i].want; want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", tests[i].Lease, err, want)
		}
	}
	var got []string
	for _, l := range d.Leases(now) {
		got = append(got, l.V4.String()+map[bool]string{true: " dormant"}[l.Dormant])
	}
	want := []string{
		"192.0.2.8", "192.0.2.15", "198.51.100.7", "192.0.2.10", "192.0.2.11 dormant", "192.0.2.12 dormant",
	}
	if !slices.Equal(got, want) {
		t.Errorf("leases %q, want %q", got, want)
	}
	checkTables(t, d)
	expect(t, "a dormant host comes back", d.from("2001:db8::b", now), "192.0.2.11")
}

// TestLeasesFromTheFuture: if the clock was set back, how old any lease is cannot
// be known.
func TestLeasesFromTheFuture(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/28")
	for _, err := range d.Restore([]Lease{
		leaseOf("192.0.2.3", "2001:db8::3", time.Minute), leaseOf("192.0.2.4", "2001:db8::4", -1),
		leaseOf("192.0.2.5", "2001:db8::5", 2*DefaultDormant),
	}, 0) {
		if err != nil {
			t.Error(err)
		}
	}
	all := d.Leases(0)
	for _, l := range all {
		if !l.Dormant || l.Idle != DefaultLifetime {
			t.Errorf("%v", l)
		}
	}
	if len(all) != 3 {
		t.Errorf("%d leases, want 3", len(all))
	}
}

// TestOldestLineGoesFirst: of leases used in the same second, the one further
// down in the file.
func TestOldestLineGoesFirst(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/30")
	d.Restore([]Lease{
		leaseOf("192.0.2.1", "2001:db8::1", 3*time.Hour), leaseOf("192.0.2.3", "2001:db8::3", 3*time.Hour),
		leaseOf("192.0.2.2", "2001:db8::2", 3*time.Hour),
	}, 0)
	for _, want := range []string{"192.0.2.2", "192.0.2.3", "192.0.2.1"} {
		expect(t, "next", d.from("2001:db8:1::"+want, 0), want)
	}
}

func TestConfigureDropsWhatFallsOutAndNoMore(t *testing.T) {
	p := netip.MustParsePrefix
	o := DynamicOptions{Pools: []PoolRange{{V4: p("192.0.2.0/26")}}, Lifetime: DefaultLifetime, Dormant: DefaultDormant}
	d, err := NewDynamicPool(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 63 {
		d.get(host6(i), 0)
	}
	of := func(v6 string) string { return d.from(v6, 0) }
	kept, mappedNow := of("2001:db8::2"), of("2001:db8::5")
	d.Sweep(DefaultLifetime)
	o.Pools = []PoolRange{{V4: p("192.0.2.0/27"), V6: []netip.Prefix{p("2001:db8::/122")}}, {V4: p("192.0.2.32/27")}}
	o.Reserved = []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(mappedNow), 32), p("2001:db8::7/128")}
	lost := []string{mappedNow, of("2001:db8::7"), "192.0.2.32"}
	before := d.Version()
	dropped, err := d.Configure(o, DefaultLifetime)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range dropped {
		got = append(got, l.V4.String())
	}
	slices.Sort(got)
	slices.Sort(lost)
	if !slices.Equal(got, lost) || d.Version() == before {
		t.Errorf("dropped %v, want %v", got, lost)
	}
	checkTables(t, d)
	expect(t, "a dormant lease that stays", d.from("2001:db8::2", DefaultLifetime), kept)
	if same, err := d.Configure(o, DefaultLifetime); err != nil || len(same) != 0 {
		t.Errorf("the same again drops %v, %v", same, err)
	}
	o.Pools[0].V4 = p("192.0.2.0/25")
	if _, err := d.Configure(o, DefaultLifetime); err == nil || len(d.Leases(DefaultLifetime)) != 60 {
		t.Errorf("overlapping pools: %v, and %d leases are left", err, len(d.Leases(0)))
	}
}

// TestALongerLifetimeWakesNobody: a lease that was told to be dormant stays so.
func TestALongerLifetimeWakesNobody(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/24")
	v4 := d.from("2001:db8::1", 0)
	d.Sweep(DefaultLifetime)
	o := DynamicOptions{Pools: []PoolRange{{V4: netip.MustParsePrefix("192.0.2.0/24")}}, Lifetime: 10 * DefaultLifetime}
	if _, err := d.Configure(o, DefaultLifetime); err != nil {
		t.Fatal(err)
	}
	expect(t, "dormant", d.to(v4, DefaultLifetime), "")
	expect(t, "from the host", d.from("2001:db8::1", DefaultLifetime), v4)
	expect(t, "and by the new lifetime", d.to(v4, 11*DefaultLifetime-1), "2001:db8::1")
}

// TestAShorterLifetimeTakesEffect: also for a pool that was found full.
func TestAShorterLifetimeTakesEffect(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/31")
	d.from("2001:db8::1", 0)
	expect(t, "full", d.from("2001:db8::2", time.Hour), "")
	o := DynamicOptions{Pools: []PoolRange{{V4: netip.MustParsePrefix("192.0.2.0/31")}}, Lifetime: time.Hour}
	if _, err := d.Configure(o, time.Hour); err != nil {
		t.Fatal(err)
	}
	expect(t, "not any more", d.from("2001:db8::2", time.Hour), "192.0.2.1")
}

func TestWrongOptionsAreRefused(t *testing.T) {
	p := netip.MustParsePrefix
	for _, tt := range []struct {
		pools    []PoolRange
		lifetime time.Duration
		want     string
	}{
		{nil, 0, "lifetime"},
		{[]PoolRange{{}}, 1, "not an IPv4 prefix"},
		{[]PoolRange{{V4: p("2001:db8::/32")}}, 1, "not an IPv4 prefix"},
		{[]PoolRange{{V4: p("192.0.2.1/24")}}, 1, "write 192.0.2.0/24"},
		{[]PoolRange{{V4: p("192.0.2.1/32")}}, 1, "1 to 31"},
		{[]PoolRange{{V4: p("0.0.0.0/0")}}, 1, "1 to 31"},
		{[]PoolRange{{V4: p("127.0.0.0/8")}}, 1, "no host may have"},
		{[]PoolRange{{V4: p("239.255.0.0/16")}}, 1, "no host may have"},
		{[]PoolRange{{V4: p("192.0.2.0/24"), V6: []netip.Prefix{p("192.0.2.0/24")}}}, 1, "not an IPv6 prefix"},
		{[]PoolRange{{V4: p("192.0.2.0/24"), V6: []netip.Prefix{p("2001:db8::1/64")}}}, 1, "not an IPv6 prefix"},
		{[]PoolRange{{V4: p("192.0.2.0/24")}, {V4: p("192.0.2.128/25")}}, 1, "overlaps the pool 192.0.2.0/24"},
	} {
		_, err := NewDynamicPool(DynamicOptions{Pools: tt.pools, Lifetime: tt.lifetime})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.pools, err, tt.want)
		}
	}
}

// TestAddressesNoHostMayHaveAreNotGiven: wherever a pool contains them.
func TestAddressesNoHostMayHaveAreNotGiven(t *testing.T) {
	d := dynamicPool(t, "254.0.0.0/7")
	d.Restore([]Lease{leaseOf("255.255.255.254", "2001:db8::1", 0)}, 0)
	v4, _ := d.get(host6(1), 0)
	if p := d.config.Load().pools[0]; v4 == 0xffffffff || p.V4.Addr().String() != "254.0.0.0" {
		t.Errorf("given %x", v4)
	}
	if next, ok := d.config.Load().pools[0].free.next(1<<25 - 1); ok {
		t.Errorf("the last address is free: %d", next)
	}
	low := dynamicPool(t, "126.0.0.0/7")
	if next, ok := low.config.Load().pools[0].free.next(1 << 24); ok {
		t.Errorf("127.0.0.0/8 is free: %d", next)
	}
}
