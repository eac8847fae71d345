package nat64_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/fragment"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// A world is a translator with a Table, whose clock the test drives.
type world struct {
	t     testing.TB
	table *nat64.Table
	frags *fragment.Store
	keep  *fragment.Keeper
	tr    *translate.Translator
	in    *wire.Batch
	out   *wire.Batch
	now   time.Duration

	last translate.Verdict
	sent [][]byte // by the last step
}

// prefix is in which the IPv6 hosts of the tests see IPv4 hosts.
var prefix = func() pref64.Prefix {
	p, err := pref64.New(netip.MustParsePrefix("2001:db8:64::/96"))
	if err != nil {
		panic(err)
	}
	return p
}()

// options returns the defaults with a pool of one address, changed.
func options(changes ...func(*nat64.Options)) nat64.Options {
	o := nat64.Defaults()
	o.Prefix = prefix
	o.Pools = []ports.Range{allOf("192.0.2.1/32")}
	for _, change := range changes {
		change(&o)
	}
	return o
}

// allOf returns all ports of a prefix.
func allOf(s string) ports.Range {
	return ports.Range{Prefix: netip.MustParsePrefix(s), First: 1, Last: 65535, TCP: true, UDP: true, ICMP: true}
}

// newTable returns a Table.
func newTable(t testing.TB, o nat64.Options) *nat64.Table {
	t.Helper()
	table, err := nat64.New(o, [32]byte{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// newWorld returns a translator with a new Table.
func newWorld(t testing.TB, o nat64.Options) *world {
	t.Helper()
	frags := fragment.NewStore(fragment.Options{})
	o.Fragments = frags
	w := &world{
		t: t, table: newTable(t, o), frags: frags,
		keep: fragment.NewKeeper(frags, func(*translate.Packet) bool { return true }),
		tr:   translate.New([32]byte{4}, 0, 1),
		in:   wire.NewBatch(1<<17, 64), out: wire.NewBatch(1<<19, 512),
	}
	w.tr.Policy = &translate.Policy{
		Own4: addr("192.0.2.254"), Own6: addr("2001:db8:1::1"), MTU4: 1500, MTU6: 1500, LowestMTU6: 1280, MaxExtensions: 8,
		Errors: [2]translate.Errors{translate.ErrorsSend, translate.ErrorsSend},
	}
	w.tr.Mapper, w.tr.Fragments = w.table, w.keep
	return w
}

func addr(s string) wire.Addr { return wire.AddrFrom(netip.MustParseAddr(s)) }

// send translates a packet and collects what comes of it.
func (w *world) send(pkt []byte) {
	w.out.Reset()
	w.in.Reset()
	w.last = w.tr.Translate(wire.NewFrame(pkt), w.now, w.out)
	for f := w.keep.Next(w.in); f != nil; f = w.keep.Next(w.in) {
		w.tr.Translate(f, w.now, w.out)
	}
	w.collect()
}

// collect copies what the batch holds.
func (w *world) collect() {
	w.sent = nil
	for _, f := range w.out.Frames() {
		w.sent = append(w.sent, append([]byte(nil), f.Bytes()...))
	}
}

// at sets the clock and lets the Table do what is due. What comes out is in w.sent.
func (w *world) at(now time.Duration) {
	w.now = now
	w.out.Reset()
	w.frags.Sweep(now)
	sweepAll(w.table, now, w)
	w.collect()
}

// sweepAll lets a whole round of sweeping pass at one moment.
func sweepAll(t *nat64.Table, now time.Duration, out nat64.Sink) {
	t.SweepAll(now, out)
}

// Send is part of nat64.Sink.
func (w *world) Send(packet []byte) { w.out.Add(wire.NewFrame(packet)) }

// Refuse is part of nat64.Sink.
func (w *world) Refuse(packet []byte, v translate.Verdict) {
	w.tr.Refuse(wire.NewFrame(packet), v, w.now, w.out)
}

// sessions returns the sessions there are.
func (w *world) sessions() []nat64.Session { return sessionsOf(w.table, w.now) }

func sessionsOf(t *nat64.Table, now time.Duration) []nat64.Session {
	var all []nat64.Session
	t.Sessions(nat64.Query{}, now, func(s nat64.Session) bool {
		all = append(all, s)
		return true
	})
	return all
}

// bindings returns the bindings there are, held ones too.
func bindingsOf(t *nat64.Table, now time.Duration) []nat64.Entry {
	var all []nat64.Entry
	t.Bindings(nat64.Query{Held: true}, now, func(e nat64.Entry) bool {
		e.Sessions = append([]nat64.SessionEntry(nil), e.Sessions...)
		all = append(all, e)
		return true
	})
	return all
}

// live counts the bindings that are not held.
func live(all []nat64.Entry) int {
	n := 0
	for _, e := range all {
		if !e.Held {
			n++
		}
	}
	return n
}

// Hosts of the tests.
const (
	host6  = "2001:db8:1::10"
	other6 = "2001:db8:2::10"
	pool4  = "192.0.2.1"
	far4   = "203.0.113.5"
	far46  = "2001:db8:64::203.0.113.5"
	near4  = "203.0.113.6"
	near46 = "2001:db8:64::203.0.113.6"
)

// out6 is a packet of an IPv6 host to an IPv4 host inside the prefix.
func out6(src, dst string, layers ...pkttest.Layer) []byte {
	return pkttest.IPv6{Src: src, Dst: dst}.Packet(layers...)
}

// in4 is a packet from IPv4.
func in4(src, dst string, layers ...pkttest.Layer) []byte {
	return pkttest.IPv4{Src: src, Dst: dst}.Packet(layers...)
}
