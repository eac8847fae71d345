package nat64_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// TestShrinkingThePool removes exactly the bindings that fall out of it, held ones
// too; all others live on, and new ones stay inside.
func TestShrinkingThePool(t *testing.T) {
	o := options(func(o *nat64.Options) { o.Pools = []ports.Range{allOf("192.0.2.0/28")} })
	k := newKit(t, newTable(t, o))
	small := []ports.Range{
		{Prefix: netip.MustParsePrefix("192.0.2.0/29"), First: 1, Last: 40000, TCP: true, UDP: true, ICMP: true},
		{Prefix: netip.MustParsePrefix("192.0.2.8/32"), First: 1, Last: 65535, TCP: true},
	}
	inside := func(proto int, s side) bool {
		a := s.addr.V4() - addr("192.0.2.0").V4()
		return a < 8 && s.port <= 40000 || a == 8 && proto == nat64.TCP
	}
	at := map[int]side{}
	flow := func(i int) (int, side) { return i % 3, neighbour(v6(host6, uint16(1024+i)), i/100) }
	stay := 0
	for i := range 3000 {
		proto, from := flow(i)
		got, v := k.sendOut(proto, from, pinger(server), begin)
		wantVerdict(t, "flow", v, translate.Translated)
		if at[i] = got; inside(proto, got) {
			stay++
		}
	}
	o.Pools = small
	removed, err := k.table.Configure(o, k.now)
	if err != nil || removed != (nat64.Removed{Bindings: 3000 - stay, Sessions: 3000 - stay}) {
		t.Errorf("removed %+v, %v; want %d", removed, err, 3000-stay)
	}
	check(t, k.table)
	for i, was := range at {
		proto, _ := flow(i)
		got, v := k.sendIn(proto, pinger(server), was, 0)
		if inside(proto, was) != (v == translate.Translated) {
			t.Errorf("flow %d at %v: %v, %v", i, was, v, got)
		}
	}
	for i := range 3000 {
		proto, from := flow(i)
		got, v := k.sendOut(proto, from, pinger(server), begin)
		if v != translate.Translated || !inside(proto, got) || inside(proto, at[i]) && got != at[i] {
			t.Errorf("flow %d: %v, %v, was %v", i, v, got, at[i])
		}
	}
	check(t, k.table)
}

// TestConfigureIsAllOrNothing: what is refused changes nothing.
func TestConfigureIsAllOrNothing(t *testing.T) {
	tests := []struct {
		name   string
		change func(*nat64.Options)
		want   error
	}{
		{"no prefix", func(o *nat64.Options) { o.Prefix = options().Prefix; o.Prefix = nat64.Options{}.Prefix }, nat64.ErrOption},
		{"a time of zero", func(o *nat64.Options) { o.Timeouts.UDP = 0 }, nat64.ErrOption},
		{"a time of years", func(o *nat64.Options) { o.Timeouts.Established = 1 << 60 }, nat64.ErrOption},
		{"a limit below zero", func(o *nat64.Options) { o.Limits.SourcePorts = -1 }, nat64.ErrOption},
		{"sources of no bits", func(o *nat64.Options) { o.Limits.SourceBits = 0 }, nat64.ErrOption},
		{"sources of too many bits", func(o *nat64.Options) { o.Limits.SourceBits = 129 }, nat64.ErrOption},
		{"an empty pool", func(o *nat64.Options) { o.Pools = nil }, ports.ErrEmpty},
		{"a pool of IPv6", func(o *nat64.Options) { o.Pools[0].Prefix = netip.MustParsePrefix("2001:db8::/64") }, ports.ErrPrefix},
		{"statics that collide", func(o *nat64.Options) { statics(o); statics(o) }, nat64.ErrConflict},
		{"another key", func(o *nat64.Options) { o.Key[3] = 9 }, nat64.ErrRestart},
		{"port blocks", func(o *nat64.Options) { o.Block = 64 }, nat64.ErrRestart},
	}
	for _, tt := range tests {
		k := newKit(t, newTable(t, options()))
		at, _ := k.sendOut(nat64.UDP, host, server, 0)
		o := options(func(o *nat64.Options) { o.Informational = false })
		tt.change(&o)
		if removed, err := k.table.Configure(o, k.now); !errors.Is(err, tt.want) || removed != (nat64.Removed{}) {
			t.Errorf("%s: %+v, %v", tt.name, removed, err)
		}
		if _, v := k.sendIn(nat64.UDP, stranger, at, 0); v != translate.Translated {
			t.Errorf("%s: the binding is gone: %v", tt.name, v)
		}
		if _, v := k.sendOut(nat64.ICMP, host, pinger(server), 0); v != translate.Translated {
			t.Errorf("%s: the policy has changed: %v", tt.name, v)
		}
	}
}

// TestConfigureKeepsSessions: other options change without a session that ends, and
// hold from the next packet on.
func TestConfigureKeepsSessions(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at, _ := k.sendOut(nat64.UDP, host, server, 0)
	o := options(func(o *nat64.Options) {
		o.AddressDependent = true
		o.Timeouts.UDP = 10 * time.Minute
		o.Limits.SourceBits, o.Limits.SourceBindings = 48, 2
	})
	if removed, err := k.table.Configure(o, k.now); err != nil || removed != (nat64.Removed{}) {
		t.Errorf("%+v, %v", removed, err)
	}
	check(t, k.table)
	_, v := k.sendIn(nat64.UDP, stranger, at, 0)
	wantVerdict(t, "a stranger", v, translate.Filtered)
	k.now = 299 * time.Second
	_, v = k.sendIn(nat64.UDP, server, at, 0)
	wantVerdict(t, "the server", v, translate.Translated)
	if _, left := k.peek(17, at); left != 10*time.Minute {
		t.Errorf("%v left", left)
	}
	for i, want := range []translate.Verdict{translate.Translated, translate.SourceLimit} {
		_, v := k.sendOut(nat64.UDP, v6(fmt.Sprintf("2001:db8:1:%d::1", i+1), 1), server, 0)
		wantVerdict(t, "another host of the /48", v, want)
	}
	check(t, k.table)
}

// TestAddedBindingsOutliveConfigure: what was added at run time stays, unless the
// new Options have another in its place, or its address in no pool.
func TestAddedBindingsOutliveConfigure(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	a := static(17, "["+other6+"]:7", pool4+":4000", 1)
	b := static(17, "["+other6+"]:8", pool4+":8", 1)
	c := static(17, "["+other6+"]:9", "192.0.2.7:9", 1)
	for _, s := range []nat64.Static{a, b, c} {
		if _, err := k.table.AddStatic(s, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.table.Configure(options(statics), 0); err != nil {
		t.Fatal(err)
	}
	for port, want := range map[uint16]side{4000: host, 8: v6(other6, 8)} {
		if got, v := k.sendIn(nat64.UDP, stranger, v4(pool4, port), 0); v != translate.Translated || got != want {
			t.Errorf("port %d: %v, %v", port, v, got)
		}
	}
	if n := len(k.table.Statics()); n != 4 || k.table.Owns(addr("192.0.2.7").V4()) {
		t.Errorf("%d static bindings, want 4, none on 192.0.2.7", n)
	}
	check(t, k.table)
}

// TestAnotherPrefix: sessions whose peers IPv6 hosts would see under another address
// end, with their bindings, static or not; ports that rest go on resting.
func TestAnotherPrefix(t *testing.T) {
	k := newKit(t, newTable(t, options(statics)))
	k.sendOut(nat64.ICMP, v6(other6, 1), pinger(server), 0)
	k.now = 70 * time.Second
	k.table.SweepAll(k.now, &counter{})
	at, _ := k.sendOut(nat64.UDP, v6(other6, 1), server, 0)
	k.sendOut(nat64.UDP, host, server, 0)
	k.sendOut(nat64.UDP, host, stranger, 0)
	f := k.table.Feed(100)
	o := options(statics)
	var err error
	if o.Prefix, err = pref64.New(netip.MustParsePrefix("2001:db8:65::/96")); err != nil {
		t.Fatal(err)
	}
	if removed, err := k.table.Configure(o, k.now); err != nil || removed != (nat64.Removed{Bindings: 2, Sessions: 3}) {
		t.Errorf("removed %+v, %v", removed, err)
	}
	check(t, k.table)
	if n := f.Next(make([]nat64.Change, 100)); n != 5 {
		t.Errorf("%d changes, want 5", n)
	}
	if st := k.table.Status(k.now); st.Sessions != 0 || st.Held[nat64.ICMP] != 1 {
		t.Errorf("%+v", st)
	}
	_, v := k.sendIn(nat64.UDP, server, at, 0)
	wantVerdict(t, "the server", v, translate.NoBinding)
	if removed, err := k.table.Configure(o, k.now); err != nil || removed != (nat64.Removed{}) {
		t.Errorf("the same again: %+v, %v", removed, err)
	}
}

// TestHostThatGetsAMapping: its bindings end, those that were added for it too, and
// no others.
func TestHostThatGetsAMapping(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	k.sendOut(nat64.UDP, host, server, 0)
	at, _ := k.sendOut(nat64.UDP, v6(other6, 1), server, 0)
	if _, err := k.table.AddStatic(static(17, "["+host6+"]:9", pool4+":9", 1), 0); err != nil {
		t.Fatal(err)
	}
	k.sendIn(nat64.UDP, stranger, v4(pool4, 9), 0)
	o := options(func(o *nat64.Options) { o.Mapped = func(v6 wire.Addr) bool { return v6 == addr(host6) } })
	if removed, err := k.table.Configure(o, k.now); err != nil || removed != (nat64.Removed{Bindings: 2, Sessions: 2}) {
		t.Errorf("removed %+v, %v", removed, err)
	}
	check(t, k.table)
	_, v := k.sendIn(nat64.UDP, stranger, v4(pool4, 9), 0)
	wantVerdict(t, "the binding that was added", v, translate.NoBinding)
	_, v = k.sendIn(nat64.UDP, server, at, 0)
	wantVerdict(t, "the other host", v, translate.Translated)
}

// TestClose: all that is bound ends and is told, static or not, kept SYNs are
// forgotten, and nothing is bound any more.
func TestClose(t *testing.T) {
	k := newKit(t, newTable(t, options(statics)))
	k.sendOut(nat64.TCP, host, server, begin)
	k.sendOut(nat64.UDP, host, server, 0)
	k.sendIn(nat64.UDP, stranger, v4(pool4, 4000), 0)
	_, v := k.sendIn(nat64.TCP, stranger, v4(pool4, 9), begin)
	wantVerdict(t, "a SYN that nobody awaits", v, translate.SYNStored)
	before := k.table.Status(k.now)
	bindings := before.Bindings[nat64.TCP] + before.Bindings[nat64.UDP]
	f := k.table.Feed(100)
	if got, want := k.table.Close(k.now), (nat64.Removed{Bindings: bindings, Sessions: before.Sessions}); got != want || bindings < 2 {
		t.Errorf("removed %+v, want %+v", got, want)
	}
	told := map[nat64.ChangeKind]int{}
	buf := make([]nat64.Change, 100)
	for _, c := range buf[:f.Next(buf)] {
		told[c.Kind]++
	}
	if told[nat64.BindingGone] != bindings || told[nat64.SessionGone] != before.Sessions {
		t.Errorf("told %v", told)
	}
	_, v = k.sendOut(nat64.UDP, v6(other6, 9), server, 0)
	wantVerdict(t, "a host", v, translate.SessionsFull)
	_, v = k.sendIn(nat64.UDP, stranger, v4(pool4, 4000), 0)
	wantVerdict(t, "a stranger", v, translate.SessionsFull)
	if st := k.table.Status(k.now); st.Sessions != 0 || st.SYNs.Used != 0 {
		t.Errorf("%+v is left", st)
	}
	check(t, k.table)
}

// TestStaticTurnsDynamic: what a reload removes of static bindings and dedicated
// hosts goes with its sessions, and the ports are anybody's.
func TestStaticTurnsDynamic(t *testing.T) {
	o := options(onePort, statics, func(o *nat64.Options) {
		o.Pools = append(o.Pools, allOf("192.0.2.7/32"))
		o.Dedicated = []nat64.Dedicated{{V6: netip.MustParseAddr(other6), V4: netip.MustParseAddr("192.0.2.7")}}
	})
	k := newKit(t, newTable(t, o))
	k.sendOut(nat64.UDP, host, server, 0)
	k.sendOut(nat64.UDP, v6(other6, 5), server, 0)
	removed, err := k.table.Configure(options(onePort), k.now)
	if err != nil || removed != (nat64.Removed{Bindings: 2, Sessions: 2}) {
		t.Errorf("%+v, %v", removed, err)
	}
	check(t, k.table)
	got, v := k.sendOut(nat64.UDP, v6(other6, 6), server, 0)
	if v != translate.Translated || got != v4(pool4, 4000) {
		t.Errorf("another host: %v, %v", v, got)
	}
	if k.table.Owns(addr("192.0.2.7").V4()) {
		t.Error("the dedicated address is still there")
	}
	check(t, k.table)
}

// TestNewRulesHoldBeforeThePurge: a binding that does not fit the new rules opens
// no session any more, though the purge has not come to it.
func TestNewRulesHoldBeforeThePurge(t *testing.T) {
	o := options()
	k := newKit(t, newTable(t, o))
	at, _ := k.sendOut(nat64.UDP, host, server, 0)
	o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), First: at.port - 1, Last: at.port - 1, UDP: true}}
	k.table.EnforceWithoutPurge(o)
	_, v := k.sendIn(nat64.UDP, stranger, at, 0)
	wantVerdict(t, "a stranger", v, translate.NoBinding)
	got, v := k.sendOut(nat64.UDP, host, stranger, 0)
	if v != translate.Translated || got.port != at.port-1 {
		t.Errorf("the host gets %v, %v", got, v)
	}
	check(t, k.table)
}
