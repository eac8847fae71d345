package nat64_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// static returns a static binding.
func static(proto uint8, v6, v4 string, n int) nat64.Static {
	return nat64.Static{Proto: proto, V6: netip.MustParseAddrPort(v6), V4: netip.MustParseAddrPort(v4), Ports: n}
}

// TestStaticBinding: it admits IPv4 hosts at any time, gives its host always the
// same transport address, and that to no other (RFC 6146 §3.1).
func TestStaticBinding(t *testing.T) {
	for proto := range nat64.NumProtos {
		k := newKit(t, newTable(t, options(statics)))
		at := v4(pool4, 4000)
		for range 3 {
			if got, v := k.sendIn(proto, pinger(stranger), at, begin); v != translate.Translated || got != host {
				t.Errorf("protocol %d at %v: in %v, %v", proto, k.now, got, v)
			}
			k.now += 10 * time.Hour
			k.table.SweepAll(k.now, &counter{})
			if got, v := k.sendOut(proto, host, pinger(server), begin); v != translate.Translated || got != at {
				t.Errorf("protocol %d at %v: out %v, %v", proto, k.now, got, v)
			}
			check(t, k.table)
			k.now += 10 * time.Hour
			k.table.SweepAll(k.now, &counter{})
		}
	}
}

// TestStaticPortIsNobodyElses: the pool does not give a static port to another.
func TestStaticPortIsNobodyElses(t *testing.T) {
	k := newKit(t, newTable(t, options(onePort, statics)))
	_, v := k.sendOut(nat64.UDP, v6(other6, 9), server, 0)
	wantVerdict(t, "another host", v, translate.PortsExhausted)
	check(t, k.table)
}

// TestStaticRun: a run of ports maps one to one.
func TestStaticRun(t *testing.T) {
	run := static(wire.ProtoTCP, "["+host6+"]:1000", pool4+":40000", 100)
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.Static = []nat64.Static{run} })))
	for _, tt := range []struct {
		port4 uint16
		port6 uint16 // 0: no binding
	}{{39999, 0}, {40000, 1000}, {40050, 1050}, {40099, 1099}, {40100, 0}} {
		got, v := k.sendIn(nat64.TCP, stranger, v4(pool4, tt.port4), pkttest.SYN)
		if (v == translate.Translated) != (tt.port6 != 0) || tt.port6 != 0 && got != v6(host6, tt.port6) {
			t.Errorf("to port %d: %v, %v", tt.port4, got, v)
		}
		if tt.port6 == 0 {
			continue
		}
		if got, v := k.sendOut(nat64.TCP, v6(host6, tt.port6), server, pkttest.SYN); v != translate.Translated || got != v4(pool4, tt.port4) {
			t.Errorf("from port %d: %v, %v", tt.port6, got, v)
		}
	}
	if got, _ := k.sendOut(nat64.TCP, v6(host6, 999), server, pkttest.SYN); got.port >= 40000 && got.port < 40100 {
		t.Errorf("another port of the host got %v", got)
	}
	check(t, k.table)
}

// TestHostWithStaticBindingKeepsItsAddress: its other bindings are on the same
// address (RFC 6146 §3.5.3).
func TestHostWithStaticBindingKeepsItsAddress(t *testing.T) {
	k := newKit(t, newTable(t, options(statics, func(o *nat64.Options) { o.Pools = []ports.Range{allOf("192.0.2.0/24")} })))
	for i := range 20 {
		h := v6(host6, uint16(100+i))
		if got, _ := k.sendOut(i%nat64.NumProtos, h, pinger(server), begin); got.addr != addr(pool4) {
			t.Errorf("port %d: %v", h.port, got)
		}
	}
}

// TestDedicated: a host that has an address alone has all its ports and all other
// protocols on it, one to one, both ways, with ICMP errors; but for static bindings
// of others.
func TestDedicated(t *testing.T) {
	dedicated := func(o *nat64.Options) {
		o.Pools = []ports.Range{allOf("192.0.2.0/28")}
		o.Dedicated = []nat64.Dedicated{{V6: netip.MustParseAddr(host6), V4: netip.MustParseAddr("192.0.2.7")}}
		o.Static = []nat64.Static{static(wire.ProtoTCP, "["+other6+"]:80", "192.0.2.7:80", 1)}
	}
	k := newKit(t, newTable(t, options(dedicated)))
	for proto := range nat64.NumProtos {
		h := v6(host6, 1234)
		if got, v := k.sendOut(proto, h, pinger(server), begin); v != translate.Translated || got != v4("192.0.2.7", 1234) {
			t.Errorf("out %v, %v", got, v)
		}
		if got, v := k.sendIn(proto, pinger(stranger), v4("192.0.2.7", 999), begin); v != translate.Translated || got != v6(host6, 999) {
			t.Errorf("in %v, %v", got, v)
		}
	}
	if got, v := k.sendIn(nat64.TCP, stranger, v4("192.0.2.7", 80), begin); v != translate.Translated || got != v6(other6, 80) {
		t.Errorf("the port of another: %v, %v", got, v)
	}
	if got, v := k.sendOut(nat64.TCP, v6(host6, 80), server, begin); v != translate.Translated || got == v4("192.0.2.7", 80) {
		t.Errorf("the host from the port of another: %v, %v", got, v)
	}
	for i := range 2000 {
		h := v6(other6, 5)
		h.addr.Lo += uint64(i)
		if got, _ := k.sendOut(nat64.UDP, h, server, 0); got.addr == addr("192.0.2.7") {
			t.Fatalf("another host got %v", got)
		}
	}
	check(t, k.table)
	w := newWorld(t, options(dedicated))
	gre := pkttest.Proto{Number: 47, Data: pkttest.Pattern(1, 40)}
	w.send(out6(host6, far46, gre))
	w.wantSent(pkttest.IPv4{Src: "192.0.2.7", Dst: far4, TTL: 63}.Packet(gre))
	w.send(in4(far4, "192.0.2.7", gre))
	w.wantSent(pkttest.IPv6{Src: far46, Dst: host6, HopLimit: 63}.Packet(gre))
	w.send(in4(router4, "192.0.2.7", pkttest.ICMPError{Type: 11, Quote: in4("192.0.2.7", far4, gre)}))
	w.wantSent(pkttest.IPv6{Src: "2001:db8:64::198.51.100.1", Dst: host6, HopLimit: 63}.Packet(
		pkttest.ICMPError{Type: 3, Quote: out6(host6, far46, gre)}))
	w.send(out6(router6, far46, pkttest.ICMPError{Type: 3, Quote: out6(far46, host6, gre)}))
	w.wantSent(pkttest.IPv4{Src: "192.0.2.7", Dst: far4, TTL: 63}.Packet(
		pkttest.ICMPError{Type: 11, Quote: in4(far4, "192.0.2.7", gre)}))
	w.send(out6(router6, far46, pkttest.ICMPError{Type: 3, Quote: out6(far46, other6, gre)}))
	wantVerdict(t, "an error about another host", w.last, translate.QuoteUnmapped)
}

// TestStaticAtRunTime: a static binding that is added takes the place of dynamic
// ones on either side; removed, it takes its sessions along.
func TestStaticAtRunTime(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.PortHold = 0 })))
	k.sendOut(nat64.UDP, host, server, 0)
	theirs, _ := k.sendOut(nat64.UDP, v6(other6, 9), server, 0)
	bystander, _ := k.sendOut(nat64.UDP, v6(other6, 10), server, 0)
	b := nat64.Static{Proto: wire.ProtoUDP, V6: host.netip(), V4: theirs.netip()}
	removed, err := k.table.AddStatic(b, k.now)
	if err != nil || removed != (nat64.Removed{Bindings: 2, Sessions: 2}) {
		t.Errorf("added: %+v, %v", removed, err)
	}
	check(t, k.table)
	if got, _ := k.sendOut(nat64.UDP, host, server, 0); got != theirs {
		t.Errorf("the host has %v, want %v", got, theirs)
	}
	if got, v := k.sendOut(nat64.UDP, v6(other6, 9), server, 0); v != translate.Translated || got == theirs {
		t.Errorf("the other has %v, %v", got, v)
	}
	if got, _ := k.sendOut(nat64.UDP, v6(other6, 10), server, 0); got != bystander {
		t.Errorf("the bystander has %v, had %v", got, bystander)
	}
	if _, err := k.table.AddStatic(b, k.now); !errors.Is(err, nat64.ErrConflict) {
		t.Errorf("added twice: %v", err)
	}
	b.V6 = netip.AddrPort{}
	removed, err = k.table.RemoveStatic(b, k.now)
	if err != nil || removed != (nat64.Removed{Bindings: 1, Sessions: 1}) {
		t.Errorf("removed: %+v, %v", removed, err)
	}
	if _, v := k.sendIn(nat64.UDP, stranger, theirs, 0); v != translate.NoBinding {
		t.Errorf("behind it: %v", v)
	}
	if _, err := k.table.RemoveStatic(b, k.now); !errors.Is(err, nat64.ErrNoStatic) {
		t.Errorf("removed twice: %v", err)
	}
	check(t, k.table)
}

// TestRemovedStaticPortIsFree: though it was never used.
func TestRemovedStaticPortIsFree(t *testing.T) {
	k := newKit(t, newTable(t, options(onePort)))
	b := static(wire.ProtoUDP, "["+host6+"]:1", pool4+":4000", 1)
	if _, err := k.table.AddStatic(b, 0); err != nil {
		t.Fatal(err)
	}
	_, v := k.sendOut(nat64.UDP, v6(other6, 9), server, 0)
	wantVerdict(t, "while it is there", v, translate.PortsExhausted)
	if _, err := k.table.RemoveStatic(b, 0); err != nil {
		t.Fatal(err)
	}
	_, v = k.sendOut(nat64.UDP, v6(other6, 9), server, 0)
	wantVerdict(t, "when it is gone", v, translate.Translated)
	check(t, k.table)
}

// TestStaticRefused: bindings that cannot be, with the reason.
func TestStaticRefused(t *testing.T) {
	good := static(wire.ProtoUDP, "["+host6+"]:4000", pool4+":4000", 10)
	tests := []struct {
		name string
		b    nat64.Static
		want error
	}{
		{"a protocol without ports", static(47, "["+host6+"]:1", pool4+":1", 1), nat64.ErrStatic},
		{"ICMP by its other number", static(wire.ProtoICMPv6, "["+host6+"]:1", pool4+":1", 1), nat64.ErrStatic},
		{"two IPv4 addresses", static(wire.ProtoUDP, pool4+":1", pool4+":1", 1), nat64.ErrStatic},
		{"two IPv6 addresses", static(wire.ProtoUDP, "["+host6+"]:1", "["+host6+"]:1", 1), nat64.ErrStatic},
		{"IPv4 in IPv6 clothes", static(wire.ProtoUDP, "[::ffff:192.0.2.1]:1", pool4+":1", 1), nat64.ErrStatic},
		{"ports past the end", static(wire.ProtoUDP, "["+host6+"]:65000", pool4+":1", 537), nat64.ErrStatic},
		{"pool ports past the end", static(wire.ProtoUDP, "["+host6+"]:1", pool4+":65000", 537), nat64.ErrStatic},
		{"ports less than none", static(wire.ProtoUDP, "["+host6+"]:1", pool4+":1", -1), nat64.ErrStatic},
		{"an IPv6 side twice", static(wire.ProtoUDP, "["+host6+"]:4009", pool4+":9", 1), nat64.ErrConflict},
		{"an IPv6 side from below", static(wire.ProtoUDP, "["+host6+"]:3991", pool4+":9", 10), nat64.ErrConflict},
		{"an IPv4 side twice", static(wire.ProtoUDP, "["+other6+"]:1", pool4+":4000", 1), nat64.ErrConflict},
		{"an IPv4 side around", static(wire.ProtoUDP, "["+other6+"]:1", pool4+":3000", 2000), nat64.ErrConflict},
		{"another protocol", static(wire.ProtoTCP, "["+host6+"]:4000", pool4+":4000", 10), nil},
		{"right behind", static(wire.ProtoUDP, "["+host6+"]:4010", pool4+":4010", 1), nil},
		{"right before", static(wire.ProtoUDP, "["+host6+"]:3999", pool4+":3999", 1), nil},
	}
	for _, tt := range tests {
		o := options(func(o *nat64.Options) { o.Static = []nat64.Static{good, tt.b} })
		if _, err := nat64.New(o, [32]byte{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for name, d := range map[string][]nat64.Dedicated{
		"an IPv4 host":     {{V6: netip.MustParseAddr(pool4), V4: netip.MustParseAddr(pool4)}},
		"an address twice": {{V6: netip.MustParseAddr(host6), V4: netip.MustParseAddr(pool4)}, {V6: netip.MustParseAddr(other6), V4: netip.MustParseAddr(pool4)}},
		"a host twice":     {{V6: netip.MustParseAddr(host6), V4: netip.MustParseAddr(pool4)}, {V6: netip.MustParseAddr(host6), V4: netip.MustParseAddr("192.0.2.2")}},
		"no address":       {{V6: netip.MustParseAddr(host6)}},
	} {
		o := options(func(o *nat64.Options) { o.Pools, o.Dedicated = []ports.Range{allOf("192.0.2.0/24")}, d })
		if _, err := nat64.New(o, [32]byte{}); !errors.Is(err, nat64.ErrStatic) {
			t.Errorf("dedicated, %s: %v", name, err)
		}
	}
}
