package nat64_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
	"taygo/translate/wire"
)

// exported returns all that a Table exports, in an order.
func exported(t *nat64.Table, now time.Duration) []nat64.Entry {
	var all []nat64.Entry
	t.Export(func(e nat64.Entry) bool {
		e.Sessions = slices.Clone(e.Sessions)
		slices.SortFunc(e.Sessions, func(a, b nat64.SessionEntry) int { return a.Peer.Compare(b.Peer) })
		all = append(all, e)
		return true
	}, now)
	slices.SortFunc(all, func(a, b nat64.Entry) int {
		return cmp.Or(cmp.Compare(a.Proto, b.Proto), a.V4.Compare(b.V4))
	})
	return all
}

// populate gives a Table bindings of all kinds: with many sessions, in all states,
// held, static, and in other shards than those of their hosts.
func populate(k *kit, n int) {
	for i := range n {
		proto := i % 3
		from := neighbour(v6(host6, uint16(1024+i)), i/50)
		at, _ := k.sendOut(proto, from, pinger(server), begin)
		for s := range i % 7 {
			k.sendOut(proto, from, v4(near4, uint16(s*(1-proto/2))), begin)
		}
		for s := range i % 5 {
			flags := []uint8{pkttest.SYN | pkttest.ACK, pkttest.FIN, pkttest.RST, pkttest.ACK, pkttest.FIN}[s]
			k.sendIn(proto, pinger(server), at, flags)
			if s == i%3 {
				k.sendOut(proto, from, pinger(server), pkttest.FIN)
			}
		}
		k.now += time.Second / 10
	}
	k.now += 60 * time.Second
	k.table.SweepAll(k.now, &counter{})
}

// TestExportAndRestore: what comes back is what was there, in whatever state, and
// the flows go on.
func TestExportAndRestore(t *testing.T) {
	variants := map[string]func(*nat64.Options){
		"plain":         func(*nat64.Options) {},
		"small pool":    func(o *nat64.Options) { o.Pools[0].First, o.Pools[0].Last = 5000, 5220 },
		"static":        statics,
		"blocks":        func(o *nat64.Options) { blocks(o); o.BlocksPerSource = 20 },
		"deterministic": func(o *nat64.Options) { deterministic(o); o.Deterministic.Overflow = true },
	}
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			o := options(variant)
			k := newKit(t, newTable(t, o))
			k.sendIn(nat64.UDP, stranger, v4(pool4, 4000), 0)
			populate(k, 600)
			check(t, k.table)
			all := exported(k.table, k.now)
			o.Key = k.table.Key()
			again, err := nat64.New(o, [32]byte{77})
			if err != nil {
				t.Fatal(err)
			}
			if restored, refused := again.Restore(all, k.now); restored != len(all) || refused != 0 {
				t.Errorf("%d restored, %d refused of %d", restored, refused, len(all))
			}
			check(t, again)
			if got := exported(again, k.now); fmt.Sprint(got) != fmt.Sprint(all) {
				t.Errorf("%d entries become %d:\n%v\n%v", len(all), len(got), all[:min(3, len(all))], got[:min(3, len(got))])
			}
			if a, b := k.table.Status(k.now), again.Status(k.now); fmt.Sprint(a.Bindings, a.Held, a.States, a.Blocks, a.Sources) != fmt.Sprint(b.Bindings, b.Held, b.States, b.Blocks, b.Sources) {
				t.Errorf("status %+v\nbecomes %+v", a, b)
			}
			goOn(t, k, again, all)
			check(t, again)
			again.SweepAll(k.now+5*time.Hour, &counter{})
			again.SweepAll(k.now+10*time.Hour, &counter{})
			check(t, again)
		})
	}
}

// goOn looks whether the hosts of all entries keep their transport addresses.
func goOn(t *testing.T, k *kit, again *nat64.Table, all []nat64.Entry) {
	t.Helper()
	next := *k
	next.table = again
	for _, e := range all {
		proto := map[uint8]int{wire.ProtoTCP: nat64.TCP, wire.ProtoUDP: nat64.UDP, wire.ProtoICMP: nat64.ICMP}[e.Proto]
		h := side{wire.AddrFrom(e.V6.Addr()), e.V6.Port()}
		got, v := next.sendOut(proto, h, pinger(v4("203.0.113.99", 0)), begin)
		if v != translate.Translated || got.netip() != e.V4 {
			t.Errorf("%v was %v, is %v, %v", e.V6, e.V4, got, v)
		}
	}
}

// TestRestoreWithAnotherKey: hosts that belong elsewhere by the new key keep their
// bindings all the same.
func TestRestoreWithAnotherKey(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	populate(k, 300)
	all := exported(k.table, k.now)
	o := options(func(o *nat64.Options) { o.Key[5] = 42 })
	again := newTable(t, o)
	if restored, refused := again.Restore(all, k.now); restored != len(all) || refused != 0 {
		t.Errorf("%d restored, %d refused of %d", restored, refused, len(all))
	}
	goOn(t, k, again, all)
	check(t, again)
}

// TestRestoreRefuses: an entry that cannot be is refused whole, and leaves nothing.
func TestRestoreRefuses(t *testing.T) {
	good := nat64.Entry{
		Proto: wire.ProtoUDP, V6: netip.MustParseAddrPort("[" + host6 + "]:4000"), V4: netip.MustParseAddrPort(pool4 + ":5000"),
		Sessions: []nat64.SessionEntry{{Peer: netip.MustParseAddrPort(far4 + ":53"), State: nat64.BothWays, Left: time.Minute}},
	}
	tests := map[string]func(e *nat64.Entry){
		"good":                   func(*nat64.Entry) {},
		"no protocol":            func(e *nat64.Entry) { e.Proto = 47 },
		"ICMPv6":                 func(e *nat64.Entry) { e.Proto = wire.ProtoICMPv6 },
		"families exchanged":     func(e *nat64.Entry) { e.V6, e.V4 = e.V4, e.V6 },
		"no address":             func(e *nat64.Entry) { e.V6 = netip.AddrPort{} },
		"not of the pool":        func(e *nat64.Entry) { e.V4 = netip.MustParseAddrPort("192.0.2.2:5000") },
		"port 0":                 func(e *nat64.Entry) { e.V4 = netip.MustParseAddrPort(pool4 + ":0") },
		"a static port":          func(e *nat64.Entry) { e.V4 = netip.MustParseAddrPort(pool4 + ":4444") },
		"no session":             func(e *nat64.Entry) { e.Sessions = nil },
		"held with a session":    func(e *nat64.Entry) { e.Held, e.Left = true, time.Minute },
		"held for no time":       func(e *nat64.Entry) { e.Held, e.Sessions = true, nil },
		"no state":               func(e *nat64.Entry) { e.Sessions[0].State = nat64.NumStates },
		"closed":                 func(e *nat64.Entry) { e.Sessions[0].State = nat64.Closed },
		"a state of TCP":         func(e *nat64.Entry) { e.Sessions[0].State = nat64.Established },
		"a session that is over": func(e *nat64.Entry) { e.Sessions[0].Left = 0 },
		"a session for ever":     func(e *nat64.Entry) { e.Sessions[0].Left = 1 << 62 },
		"a peer of IPv6":         func(e *nat64.Entry) { e.Sessions[0].Peer = e.V6 },
	}
	for name, change := range tests {
		table := newTable(t, options(func(o *nat64.Options) {
			o.Static = []nat64.Static{static(wire.ProtoUDP, "["+other6+"]:1", pool4+":4444", 1)}
		}))
		e := good
		e.Sessions = slices.Clone(good.Sessions)
		change(&e)
		restored, refused := table.Restore([]nat64.Entry{e}, time.Second)
		if want := name == "good"; (restored == 1) != want || (refused == 0) != want || len(exported(table, time.Second)) != restored {
			t.Errorf("%s: %d restored, %d refused", name, restored, refused)
		}
		check(t, table)
	}
	table := newTable(t, options())
	clash6, clash4 := good, good
	clash6.V4 = netip.MustParseAddrPort(pool4 + ":5002")
	clash4.V6 = netip.MustParseAddrPort("[" + other6 + "]:4000")
	if restored, refused := table.Restore([]nat64.Entry{good, good, clash6, clash4}, time.Second); restored != 1 || refused != 3 {
		t.Errorf("one in four ways: %d restored, %d refused", restored, refused)
	}
	check(t, table)
}

// TestRestoreKeepsTheLimitOfSessions: more than there may be do not come back.
func TestRestoreKeepsTheLimitOfSessions(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	populate(k, 300)
	again := newTable(t, options(func(o *nat64.Options) { o.Limits.Sessions = 100; o.Key = k.table.Key() }))
	again.Restore(exported(k.table, k.now), k.now)
	if n := again.Status(k.now).Sessions; n != 100 {
		t.Errorf("%d sessions, want 100", n)
	}
	check(t, again)
}
