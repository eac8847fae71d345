package siit

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"taygo/translate/wire"
)

// from sends a packet from a host and returns the address it gets, or "" if it
// gets none.
func (d *DynamicPool) from(v6 string, now time.Duration) string {
	v4, why := d.get(wire.AddrFrom(netip.MustParseAddr(v6)), now)
	if why != mapped {
		return ""
	}
	return wire.Addr4(v4).String()
}

// to sends a packet to an IPv4 address and returns the host that gets it, or "".
func (d *DynamicPool) to(a string, now time.Duration) string {
	v6, why := d.to6(v4(netip.MustParseAddr(a)), now, true)
	if why != mapped {
		return ""
	}
	return v6.String()
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestHostsGetTheirAddressesByTheSumAndThenUpwards(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/28", "192.0.2.1/32", "192.0.2.4/30") // as Debian's tayga does it
	for _, tt := range []struct{ v6, v4 string }{
		{"2001:db8::69", "192.0.2.8"},
		{"2001:db8::70", "192.0.2.12"},
		{"2001:db8::69", "192.0.2.8"},
		{"2001:db8::79", "192.0.2.9"},
		{"2001:db8::1:69", "192.0.2.10"},
		{"2001:db8::2", "192.0.2.11"},
		{"2001:db8::12", "192.0.2.13"},
		{"2001:db8::22", "192.0.2.14"},
		{"2001:db8::32", "192.0.2.15"},
		{"2001:db8::42", "192.0.2.2"},
		{"2001:db8::52", "192.0.2.3"},
		{"2001:db8::62", ""},
		{"2001:db8::32", "192.0.2.15"},
	} {
		expect(t, tt.v6, d.from(tt.v6, 0), tt.v4)
	}
}

func TestTheLastAddressIsGivenAndTheFirstIsNot(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/31")
	expect(t, "first host", d.from("2001:db8::1", 0), "192.0.2.1")
	expect(t, "second host", d.from("2001:db8::2", 0), "")
}

func TestLeaseLivesAsTaygasDoes(t *testing.T) {
	const v6, v4 = "2001:db8::69", "192.0.2.80"
	d := dynamicPool(t, "192.0.2.0/24")
	expect(t, "before any packet", d.to(v4, 0), "")
	expect(t, "first packet", d.from(v6, 0), v4)
	expect(t, "just within the lifetime", d.to(v4, DefaultLifetime-1), v6)
	now := 2*DefaultLifetime - 2 // the packet to it has begun the lifetime anew
	expect(t, "again within it", d.to(v4, now), v6)
	now += DefaultLifetime
	expect(t, "when it is over", d.to(v4, now), "")
	d.Sweep(now)
	expect(t, "and swept", d.to(v4, now), "")
	expect(t, "another host, that would get the same", d.from("2001:db8::6900", now), "192.0.2.81")
	expect(t, "the host itself", d.from(v6, now), v4)
	expect(t, "once it is back", d.to(v4, now), v6)
	now += DefaultDormant - 1
	d.Sweep(now)
	expect(t, "just before it expires", d.from(v6, now), v4)
	now += DefaultDormant
	d.Sweep(now)
	expect(t, "another host, when it has", d.from("2001:db8::6900", now), v4)
}

func TestAFullPoolGivesAwayTheLongestDormant(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/30")
	for i, v6 := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3"} {
		if d.from(v6, time.Duration(i)*time.Minute) == "" {
			t.Fatal("no address for", v6)
		}
	}
	now := DefaultLifetime
	first := d.from("2001:db8::1", now-1)
	expect(t, "no lease is dormant", d.from("2001:db8::4", now-1), "")
	now += 2 * time.Minute
	second, third := d.by6.find(wire.AddrFrom(netip.MustParseAddr("2001:db8::2"))).addr[side4].String(), ""
	expect(t, "one more", d.from("2001:db8::4", now), second)
	expect(t, "to the address", d.to(second, now), "2001:db8::4")
	third = d.from("2001:db8::5", now)
	expect(t, "the used one stays", d.to(first, now), "2001:db8::1")
	expect(t, "the one that lost its address", d.from("2001:db8::3", now), "")
	expect(t, "to the third", d.to(third, now), "2001:db8::5")
}

func TestPoolsAreTriedInOrderAndServeTheirHosts(t *testing.T) {
	p := netip.MustParsePrefix
	d, err := NewDynamicPool(DynamicOptions{
		Pools: []PoolRange{
			{V4: p("192.0.2.0/31"), V6: []netip.Prefix{p("2001:db8:a::/48"), p("2001:db8:b::/48")}},
			{V4: p("198.51.100.0/30")},
			{V4: p("203.0.113.0/31"), V6: []netip.Prefix{p("2001:db8:b::/48")}},
		},
		Reserved: []netip.Prefix{p("2001:db8:b:1::/64")},
		Lifetime: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		v6, v4 string
		why    reason
	}{
		{"2001:db8:a::1", "192.0.2.1", mapped},
		{"2001:db8:b::1", "198.51.100.2", mapped},
		{"2001:db8:c::1", "198.51.100.3", mapped},
		{"2001:db8:c::2", "198.51.100.1", mapped},
		{"2001:db8:c::3", "", poolFull},
		{"2001:db8:b::2", "203.0.113.1", mapped},
		{"2001:db8:b:1::1", "", unmapped}, // another rule's
	} {
		v4, why := d.assign(wire.AddrFrom(netip.MustParseAddr(tt.v6)), 0)
		if why != tt.why || why == mapped && wire.Addr4(v4).String() != tt.v4 {
			t.Errorf("%s: %v, reason %d, want %q, reason %d", tt.v6, wire.Addr4(v4), why, tt.v4, tt.why)
		}
	}
	only, err := NewDynamicPool(DynamicOptions{Pools: []PoolRange{{V4: p("192.0.2.0/24"), V6: []netip.Prefix{p("2001:db8:a::/48")}}}, Lifetime: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, why := only.assign(host6(1), 0); why != unmapped {
		t.Errorf("a host that no pool serves: reason %d", why)
	}
}

func TestEventsAreTold(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/31")
	d.Restore([]Lease{{V4: netip.MustParseAddr("192.0.2.1"), V6: netip.MustParseAddr("2001:db8::1")}}, 0)
	now := DefaultLifetime
	d.Sweep(now)
	d.from("2001:db8::1", now)
	d.from("2001:db8::2", now) // refused
	d.from("2001:db8::2", now+DefaultLifetime)
	d.Sweep(now + DefaultLifetime + DefaultDormant)
	d.from("2001:db8::3", now+DefaultLifetime+DefaultDormant)
	var lines []string
	for len(d.Events()) > 0 {
		lines = append(lines, (<-d.Events()).String())
	}
	want := []string{
		"DYN: loaded 192.0.2.1->2001:db8::1",
		"DYN: dormant 192.0.2.1->2001:db8::1",
		"DYN: reactivated 192.0.2.1->2001:db8::1",
		"DYN: dormant 192.0.2.1->2001:db8::1",
		"DYN: reassigned 192.0.2.1->2001:db8::2",
		"DYN: dormant 192.0.2.1->2001:db8::2",
		"DYN: assigned 192.0.2.1->2001:db8::3",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// TestNobodyReadsTheEvents: packets go on, and what is lost is counted.
func TestNobodyReadsTheEvents(t *testing.T) {
	d := dynamicPool(t, "10.0.0.0/16")
	for i := range eventsHeld + 7 {
		d.get(host6(i), 0)
	}
	if n := d.EventsLost(); n != 7 {
		t.Errorf("%d lost, want 7", n)
	}
}

// TestVersionTellsWhatAFileMustKnow: what would be lost if the process were
// killed makes another version; what the last use tells does not.
func TestVersionTellsWhatAFileMustKnow(t *testing.T) {
	d := dynamicPool(t, "192.0.2.0/31")
	changes := func(f func()) bool {
		before := d.Version()
		f()
		return d.Version() != before
	}
	for _, tt := range []struct {
		what string
		do   func()
		want bool
	}{
		{"assigned", func() { d.from("2001:db8::1", 0) }, true},
		{"used", func() { d.from("2001:db8::1", time.Hour); d.to("192.0.2.1", 2*time.Hour) }, false},
		{"refused", func() { d.from("2001:db8::2", time.Hour) }, false},
		{"dormant", func() { d.Sweep(10 * time.Hour) }, false},
		{"reactivated", func() { d.from("2001:db8::1", 10*time.Hour) }, true},
		{"taken over", func() { d.from("2001:db8::2", 20*time.Hour) }, true},
		{"expired", func() { d.Sweep(20*time.Hour + DefaultDormant) }, true},
		{"swept", func() { d.Sweep(21*time.Hour + DefaultDormant) }, false},
	} {
		if got := changes(tt.do); got != tt.want {
			t.Errorf("%s: another version: %v", tt.what, got)
		}
	}
}

func TestSweepIsBounded(t *testing.T) {
	d := dynamicPool(t, "10.0.0.0/16")
	for i := range 3 * sweepWork {
		d.get(host6(i), 0)
	}
	const now = DefaultDormant
	calls := 1
	for d.Sweep(now) {
		calls++
	}
	if calls != 7 || len(d.Leases(now)) != 0 {
		t.Errorf("%d calls to free %d leases, %d left", calls, 3*sweepWork, len(d.Leases(now)))
	}
}
