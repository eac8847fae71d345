package bench

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"

	"taygo/eam"
	"taygo/internal/pkttest"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/wire"
)

// sink takes what benchmarks compute, so that it is computed.
var sink uint64

// Hosts of the micro-benchmarks: a far one, by the prefix, and ones of this side,
// by a pair, by the prefix as well, and by a lease.
const (
	far4, far6     = "203.0.113.5", "2001:db8:64::203.0.113.5"
	pair4, pair6   = "198.51.100.10", "2001:db8:1::a"
	plain4, plain6 = "192.0.2.7", "2001:db8:64::192.0.2.7"
	lease6         = "2001:db8:2::1"
)

// A kind of packets, that takes a way of its own through a Translator.
type micro struct {
	name    string
	v4, v6  []byte // from far to here, and from here to far
	offload wire.Offload
}

// micros returns all kinds of packets for a host here.
func micros(here4, here6 string) []micro {
	in := pkttest.IPv4{Src: far4, Dst: here4, DF: true}
	out := pkttest.IPv6{Src: here6, Dst: far6}
	both := func(name string, l pkttest.Layer) micro {
		return micro{name: name, v4: in.Packet(l), v6: out.Packet(l)}
	}
	udp := pkttest.UDP{Sport: 4000, Dport: 53, Data: pkttest.Pattern(1, 36)}
	tcp := pkttest.TCP{Sport: 4000, Dport: 80, Flags: pkttest.ACK, Data: pkttest.Pattern(2, 1400)}
	super := tcp
	super.Data = pkttest.Pattern(3, 44*1400)
	all := []micro{both("udp", udp), both("tcp", tcp), both("super", super), both("echo", pkttest.Echo{ID: 1, Seq: 2, Data: pkttest.Pattern(4, 56)})}
	all[2].offload = wire.Offload{Segment: 1400, Partial: true}
	fragmented := in
	fragmented.DF = false
	return append(all, micro{
		name: "error",
		v4:   in.Packet(pkttest.ICMPError{Type: 3, Code: 3, Quote: pkttest.IPv4{Src: here4, Dst: far4}.Packet(udp)}),
		v6:   out.Packet(pkttest.ICMPError{Type: 1, Code: 4, Quote: pkttest.IPv6{Src: far6, Dst: here6}.Packet(udp)}),
	}, micro{
		name: "fragment",
		v4:   fragmented.Packet(pkttest.UDP{Sport: 1, Dport: 2, Data: pkttest.Pattern(5, 1400)}), // is cut in two
		v6:   out.Packet(pkttest.Fragment{ID: 7, More: true}, pkttest.Proto{Number: 17, Data: in.Packet(udp)[20 : 20+40]}),
	})
}

// measure is a benchmark of what a worker does with one packet.
func measure(b *testing.B, r *rules, packet []byte, o wire.Offload) {
	w := r.newWorker(0, 1, [][]byte{packet}, o)
	b.SetBytes(int64(len(packet)))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.round(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTranslate is one packet of each kind, each way.
func BenchmarkTranslate(b *testing.B) {
	r := mustRules(b, 1)
	for _, m := range micros(pair4, pair6) {
		b.Run("way=4to6/kind="+m.name, func(b *testing.B) { measure(b, r, m.v4, m.offload) })
		b.Run("way=6to4/kind="+m.name, func(b *testing.B) { measure(b, r, m.v6, m.offload) })
	}
}

// BenchmarkMode is a small packet by each way to find its addresses.
func BenchmarkMode(b *testing.B) {
	lease4 := ""
	pool := mustRules(b, 1)
	lease(b, pool, &lease4)
	for _, c := range []struct {
		mode         string
		r            *rules
		here4, here6 string
	}{
		{"pair", mustRules(b, 1), pair4, pair6},
		{"pair-of-100000", mustRules(b, 100_000), pair4, pair6},
		{"prefix", mustRules(b, 1), plain4, plain6},
		{"pool", pool, lease4, lease6},
	} {
		m := micros(c.here4, c.here6)[0]
		b.Run("way=4to6/mode="+c.mode, func(b *testing.B) { measure(b, c.r, m.v4, m.offload) })
		b.Run("way=6to4/mode="+c.mode, func(b *testing.B) { measure(b, c.r, m.v6, m.offload) })
	}
}

func mustRules(tb testing.TB, n int) *rules {
	tb.Helper()
	r, err := newRules(n)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// lease gives r a dynamic pool, and the host lease6 an address of it.
func lease(tb testing.TB, r *rules, addr *string) {
	tb.Helper()
	o := siit.DynamicOptions{
		Pools:    []siit.PoolRange{{V4: netip.MustParsePrefix("192.0.2.128/25")}},
		Lifetime: siit.DefaultLifetime, Dormant: siit.DefaultDormant,
	}
	d, err := siit.NewDynamicPool(o)
	if err != nil {
		tb.Fatal(err)
	}
	r.mapper.Dynamic, r.mapper.Leased = d, o.Ranges()
	w := r.newWorker(0, 1, [][]byte{micros(plain4, lease6)[0].v6}, wire.Offload{})
	if err := w.round(); err != nil {
		tb.Fatal(err)
	}
	*addr = netip.AddrFrom4([4]byte(w.out.Frames()[0].Bytes()[12:])).String()
}

// A closed Mapper refuses all packets without an answer.
type closed struct{}

func (closed) Map(*translate.Packet) translate.Verdict      { return translate.SourceNotGlobal }
func (closed) MapError(*translate.Packet) translate.Verdict { return translate.SourceNotGlobal }

// BenchmarkParse is all that is done with a packet before its addresses are asked
// for.
func BenchmarkParse(b *testing.B) {
	r := mustRules(b, 1)
	for _, m := range micros(pair4, pair6) {
		for _, c := range []struct {
			way    string
			packet []byte
		}{{"4to6", m.v4}, {"6to4", m.v6}} {
			b.Run("way="+c.way+"/kind="+m.name, func(b *testing.B) {
				w := r.newWorker(0, 1, [][]byte{c.packet}, m.offload)
				w.Mapper = closed{}
				b.ReportAllocs()
				for b.Loop() {
					if v := w.Translate(w.frames[0], 0, w.out); v != translate.SourceNotGlobal {
						b.Fatal(v)
					}
				}
			})
		}
	}
}

// BenchmarkEAM looks up the addresses of a table in no order.
func BenchmarkEAM(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		all := pairs(n)
		t, err := eam.New(all)
		if err != nil {
			b.Fatal(err)
		}
		var asked [1 << 14]struct {
			v4 uint32
			v6 wire.Addr
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range asked {
			p := all[rng.IntN(n)]
			asked[i].v4, asked[i].v6 = wire.AddrFrom(p.V4.Addr()).V4(), wire.AddrFrom(p.V6.Addr())
		}
		b.Run("to6/pairs="+strconv.Itoa(n), func(b *testing.B) {
			for i := range b.N {
				_, lo, _ := t.To6(asked[i%len(asked)].v4)
				sink += lo
			}
		})
		b.Run("to4/pairs="+strconv.Itoa(n), func(b *testing.B) {
			for i := range b.N {
				a := asked[i%len(asked)].v6
				v4, _ := t.To4(a.Hi, a.Lo)
				sink += uint64(v4)
			}
		})
	}
}

// BenchmarkWorkers is small packets of many flows in process, by one worker and by
// two.
func BenchmarkWorkers(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run("n="+strconv.Itoa(n), func(b *testing.B) { benchmarkWorkers(b, n) })
	}
}

func benchmarkWorkers(b *testing.B, n int) {
	const flows = 4096
	r := mustRules(b, 1000)
	ended := make(chan error, n)
	workers := make([]*worker, n)
	for i := range workers {
		workers[i] = r.newWorker(i, n, manyFlows(flows), wire.Offload{})
	}
	b.ResetTimer()
	for _, w := range workers {
		go func() {
			for i := 0; i < b.N; i += flows * n {
				if err := w.round(); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for range workers {
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
}
