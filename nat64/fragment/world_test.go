package fragment_test

import (
	"bytes"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64/fragment"
	"taygo/translate"
	"taygo/translate/wire"
)

// The hosts of the tests: an IPv6 host whose ports become others on the pool's
// address, and an IPv4 host.
const (
	host6   = "2001:db8:1::7"
	pool4   = "192.0.2.1"
	far4    = "203.0.113.9"
	far6    = "2001:db8:64::203.0.113.9"
	prefix6 = "2001:db8:64::"
	other4  = "203.0.113.10"

	port6, port4 = 5000, 40000 // of the IPv6 host, on either side
	farPort      = 53
)

// A mapper translates between the hosts above, and asks the store for the ports of
// later fragments as the Mapper of NAT64 does.
type mapper struct {
	store *fragment.Store
	seen  []translate.Ports // as it saw them, one packet after another
	known bool              // of the last packet
}

func (m *mapper) Map(p *translate.Packet) translate.Verdict {
	p.Stateful = true
	m.known = p.Offset == 0
	var ports translate.Ports
	switch {
	case p.Proto != wire.ProtoTCP && p.Proto != wire.ProtoUDP && p.Proto != wire.ProtoICMP && p.Proto != wire.ProtoICMPv6:
		return translate.StatelessOnly
	case p.Offset != 0:
		ports, m.known = m.store.Ports(p)
	default:
		ports = portsOf(p)
	}
	if !m.known {
		return translate.NoBinding
	}
	m.seen = append(m.seen, ports)
	if p.V6 {
		p.To = translate.Pair{Src: addr(pool4), Dst: wire.Addr4(uint32(p.Dst.Lo))}
		p.ToPorts = translate.Ports{Src: port4, Dst: ports.Dst}
		return translate.Translated
	}
	p.To = translate.Pair{Src: addr(prefix6), Dst: addr(host6)}
	p.To.Src.Lo |= uint64(p.Src.V4())
	p.ToPorts = translate.Ports{Src: ports.Src, Dst: port6}
	if p.Proto == wire.ProtoICMP {
		p.ToPorts.Src = port6
	}
	return translate.Translated
}

func (m *mapper) MapError(*translate.Packet) translate.Verdict { return translate.QuoteUnmapped }

func portsOf(p *translate.Packet) translate.Ports {
	b := p.Transport()
	if p.Proto == wire.ProtoICMP || p.Proto == wire.ProtoICMPv6 {
		id := uint16(b[4])<<8 | uint16(b[5])
		return translate.Ports{Src: id, Dst: id}
	}
	return translate.Ports{Src: uint16(b[0])<<8 | uint16(b[1]), Dst: uint16(b[2])<<8 | uint16(b[3])}
}

// A world is a store with some workers.
type world struct {
	t       testing.TB
	store   *fragment.Store
	workers []*worker
	now     time.Duration

	unchecked bool // the packets that come out, and the verdicts of what was ready
}

type worker struct {
	tr   *translate.Translator
	m    *mapper
	keep *fragment.Keeper
	in   *wire.Batch
	out  *wire.Batch
}

func newWorld(t testing.TB, o fragment.Options, n int) *world {
	t.Helper()
	w := &world{t: t, store: fragment.NewStore(o)}
	for i := range n {
		k := &worker{
			tr: translate.New([32]byte{byte(i)}, i, n), m: &mapper{store: w.store},
			keep: fragment.NewKeeper(w.store, func(p *translate.Packet) bool { return p.V6 || p.Dst == addr(pool4) }),
			in:   wire.NewBatch(1<<20, 1<<12), out: wire.NewBatch(2*translate.MaxOutput, 2*translate.MaxOutput/wire.LeastFrame),
		}
		k.tr.Policy, k.tr.Mapper, k.tr.Fragments = policy(), k.m, k.keep
		w.workers = append(w.workers, k)
	}
	return w
}

func policy() *translate.Policy {
	return &translate.Policy{
		Own4: addr("192.0.2.254"), Own6: addr("2001:db8::1"), MTU4: 1480, MTU6: 1500, LowestMTU6: 1280, MaxExtensions: 8,
		Errors: [2]translate.Errors{translate.ErrorsSend, translate.ErrorsSend},
	}
}

// send has the first worker translate a packet and all that becomes ready.
func (w *world) send(pkt []byte) (translate.Verdict, [][]byte) {
	w.t.Helper()
	return w.workers[0].send(w, pkt)
}

func (k *worker) send(w *world, pkt []byte) (translate.Verdict, [][]byte) {
	k.in.Reset()
	k.out.Reset()
	v := k.tr.Translate(wire.NewFrame(pkt), w.now, k.out)
	for f := k.keep.Next(k.in); f != nil; f = k.keep.Next(k.in) {
		if one := k.tr.Translate(f, w.now, k.out); !one.Sent() && !w.unchecked {
			w.t.Errorf("what was ready got the verdict %v", one)
		}
	}
	var got [][]byte
	for _, f := range k.out.Frames() {
		if err := (pkttest.Checker{MTU4: 1480, MTU6: 1500}).Check(f.Bytes()); err != nil && !w.unchecked {
			w.t.Errorf("%v\n%s", err, pkttest.Dump(f.Bytes()))
		}
		got = append(got, bytes.Clone(f.Bytes()))
	}
	return v, got
}

// holds fails the test unless the store is consistent in itself.
func (w *world) holds() {
	w.t.Helper()
	if err := w.store.Check(); err != nil {
		w.t.Fatal(err)
	}
}
