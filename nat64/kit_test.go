package nat64_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
	"taygo/translate/wire"
)

// A catcher is a Mapper that keeps the packet it gets, as only a Translator can
// make one.
type catcher struct{ p *translate.Packet }

func (c *catcher) Map(p *translate.Packet) translate.Verdict {
	c.p = p
	return translate.NoBinding
}

func (c *catcher) MapError(p *translate.Packet) translate.Verdict { return c.Map(p) }

// capture returns pkt as a Mapper sees it. What the test changes of it, other
// Mappers see.
func capture(t testing.TB, pkt []byte) *translate.Packet {
	t.Helper()
	w := newWorld(t, options())
	c := &catcher{}
	w.tr.Mapper, w.tr.Fragments = c, nil
	w.send(pkt)
	if c.p == nil {
		t.Fatalf("%v:\n%s", w.last, pkttest.Dump(pkt))
	}
	return c.p
}

// A kit sends packets to a Table without a Translator, many in a short time.
type kit struct {
	table   *nat64.Table
	out, in [nat64.NumProtos]*translate.Packet
	now     time.Duration
}

func newKit(t testing.TB, table *nat64.Table) *kit {
	k := &kit{table: table}
	layers := [nat64.NumProtos]pkttest.Layer{
		nat64.TCP: pkttest.TCP{}, nat64.UDP: pkttest.UDP{}, nat64.ICMP: pkttest.Echo{},
	}
	for i, l := range layers {
		k.out[i] = capture(t, out6(host6, far46, l))
		k.in[i] = capture(t, in4(far4, pool4, l))
	}
	return k
}

// A side is a transport address of either family.
type side struct {
	addr wire.Addr
	port uint16
}

func v6(s string, port uint16) side { return side{addr(s), port} }
func v4(s string, port uint16) side { return side{addr(s), port} }

// inPrefix returns the IPv6 form of an IPv4 address.
func inPrefix(v4 wire.Addr) wire.Addr {
	hi, lo := prefix.Embed(v4.V4())
	return wire.Addr{Hi: hi, Lo: lo}
}

// sendOut gives the Table a packet of an IPv6 host to an IPv4 one, with TCP flags,
// and returns the source that it has on the other side.
func (k *kit) sendOut(proto int, from, to side, flags uint8) (side, translate.Verdict) {
	p := k.out[proto]
	p.Now, p.Src, p.Dst = k.now, from.addr, inPrefix(to.addr)
	setPorts(p, proto, from.port, to.port, flags)
	v := k.table.Map(p)
	return side{p.To.Src, p.ToPorts.Src}, v
}

// sendIn gives the Table a packet of an IPv4 host to the pool, with TCP flags, and
// returns the destination that it has on the other side.
func (k *kit) sendIn(proto int, from, to side, flags uint8) (side, translate.Verdict) {
	p := k.in[proto]
	p.Now, p.Src, p.Dst = k.now, from.addr, to.addr
	setPorts(p, proto, from.port, to.port, flags)
	v := k.table.Map(p)
	got := side{p.To.Dst, p.ToPorts.Dst}
	if proto == nat64.ICMP {
		got.port = p.ToPorts.Src
	}
	return got, v
}

// setPorts writes the ports; of an ICMP query, the one that is not zero.
func setPorts(p *translate.Packet, proto int, src, dst uint16, flags uint8) {
	b := p.Transport()
	switch proto {
	case nat64.ICMP:
		binary.BigEndian.PutUint16(b[4:], src|dst)
		return
	case nat64.TCP:
		b[13] = flags
	}
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
}

// peek returns the state of the session with the tests' server of a transport
// address of the pool, and what is left of its lifetime.
func (k *kit) peek(proto uint8, at side) (nat64.State, time.Duration) {
	return k.table.Peek(proto, at.netip(), server.netip(), k.now)
}

func (s side) netip() netip.AddrPort { return netip.AddrPortFrom(s.addr.Netip(), s.port) }

// wantVerdict fails the test if a packet got another verdict.
func wantVerdict(t testing.TB, what string, got, want translate.Verdict) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// check fails the test if the Table contradicts itself.
func check(t testing.TB, table *nat64.Table) {
	t.Helper()
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
}
