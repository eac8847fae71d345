package nat64_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
)

// A script reads steps from octets. When they are used up, it reads zeros.
type script struct{ b []byte }

func (s *script) next(n int) int {
	if len(s.b) == 0 {
		return 0
	}
	v := int(s.b[0]) % n
	s.b = s.b[1:]
	return v
}

// fuzzOptions are rules under which a few packets meet each other's bindings.
func fuzzOptions(s *script) nat64.Options {
	return options(statics, func(o *nat64.Options) {
		o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.0/31"), First: 3998, Last: 4003, TCP: true, UDP: true, ICMP: true}}
		o.AddressDependent, o.IncomingTCP = s.next(2) == 1, s.next(4) != 1
		o.SoftPairing, o.RefreshInbound = s.next(2) == 1, s.next(2) == 0
		o.Limits.Sessions, o.Limits.SourceBindings = s.next(10), s.next(10)
		o.Limits.SYNs, o.Limits.SYNOctets = 3, 150
		if s.next(3) == 1 {
			o.Block, o.BlocksPerSource = 2, 2
		}
		if s.next(3) == 1 {
			o.Dedicated = []nat64.Dedicated{{V6: netip.MustParseAddr(other6), V4: netip.MustParseAddr("192.0.2.0")}}
		}
	})
}

// layer returns a transport header, or one that is none.
func (s *script) layer() pkttest.Layer {
	a, b := uint16(3997+s.next(7)), uint16(3997+s.next(7))
	switch s.next(4) {
	case 0:
		return pkttest.UDP{Sport: a, Dport: b, Data: pkttest.Pattern(1, s.next(20))}
	case 1:
		return pkttest.TCP{Sport: a, Dport: b, Flags: uint8(s.next(32))}
	case 2:
		return pkttest.Echo{ID: a, Seq: 1, Reply: s.next(2) == 1}
	}
	return pkttest.Proto{Number: 47, Data: pkttest.Pattern(1, 20)}
}

var (
	fuzzHosts = []string{host6, other6, "2001:db8:1::11", "2001:db8:2::11", "2001:db8:64::192.0.2.1"}
	fuzzPeers = []string{far4, near4, "192.0.2.0", "192.0.2.1", "192.0.2.2"}
)

// packet returns a packet of either family, or an ICMP error that quotes one.
func (s *script) packet() []byte {
	h, p := fuzzHosts[s.next(len(fuzzHosts))], fuzzPeers[s.next(len(fuzzPeers))]
	in6 := "2001:db8:64::" + p
	switch s.next(5) {
	case 0, 1:
		return out6(h, in6, s.layer())
	case 2:
		return in4(p, fuzzPeers[2+s.next(2)], s.layer())
	case 3:
		return out6(h, in6, pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(in6, h, s.layer())})
	}
	pool := fuzzPeers[2+s.next(2)]
	return in4(router4, pool, pkttest.ICMPError{Type: 3, Code: 3, Quote: in4(pool, p, s.layer())})
}

// step does one thing to the translator.
func (s *script) step(w *world, o *nat64.Options) {
	switch s.next(8) {
	case 0:
		w.at(w.now + time.Duration(s.next(256))*time.Second)
	case 1:
		w.at(w.now + time.Duration(s.next(256))*time.Minute)
	case 2:
		changed := *o
		changed.Pools = []ports.Range{o.Pools[0]}
		changed.Pools[0].Last -= uint16(s.next(3) * 2)
		_, err := w.table.Configure(changed, w.now)
		if err != nil && o.Block == 0 {
			w.t.Fatal(err)
		}
	case 3:
		pkt := s.packet()
		pkt[s.next(256)%len(pkt)] ^= byte(1 << s.next(8))
		w.send(pkt)
	default:
		w.send(s.packet())
	}
}

// FuzzPackets runs packets, time and changes of the rules through a translator: all
// that comes out is well-formed, and nothing ever contradicts itself.
func FuzzPackets(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &script{b: b[:min(len(b), 600)]}
		o := fuzzOptions(s)
		table, err := nat64.New(o, [32]byte{1})
		if err != nil {
			t.Skip(err)
		}
		w := newWorld(t, o)
		w.table = table
		w.tr.Mapper = table
		for n := 0; len(s.b) > 0; n++ {
			s.step(w, &o)
			for _, out := range w.sent {
				if err := (pkttest.Checker{AllowBadTransport: true, AllowOddSource: true, AllowOddQuote: true}).Check(out); err != nil {
					t.Fatalf("step %d, %v: %v\n%s", n, w.last, err, pkttest.Dump(out))
				}
			}
			if err := table.Check(); err != nil {
				t.Fatalf("behind step %d, %v: %v", n, w.last, err)
			}
		}
		for range 3 {
			w.at(w.now + 5*time.Hour)
		}
		if st := table.Status(w.now); st.Sessions != 0 || st.Bindings != [3]int{} || st.Held != [3]int{} || table.Notes() != 0 {
			t.Errorf("left behind: %+v, %d notes", st, table.Notes())
		}
	})
}
