package translate_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/wire"
)

// TestPoolFull: a host that the dynamic pool has no address for is told so, as
// one that has no mapping (RFC 7915 §5.4), until a lease is dormant.
func TestPoolFull(t *testing.T) {
	s := newSubject(t, testConfigs()["base"])
	o := siit.DynamicOptions{
		Pools:    []siit.PoolRange{{V4: netip.MustParsePrefix("192.0.2.128/31")}},
		Lifetime: time.Hour, Dormant: 2 * time.Hour,
	}
	pool, err := siit.NewDynamicPool(o)
	if err != nil {
		t.Fatal(err)
	}
	m := s.Mapper.(*siit.Mapper)
	m.Dynamic, m.Leased = pool, o.Ranges()
	first := pkttest.IPv6{Src: "2001:db8:a::1", Dst: far6}.Packet(udp)
	second := pkttest.IPv6{Src: "2001:db8:a::2", Dst: far6}.Packet(udp)
	back := pkttest.IPv4{Src: far4, Dst: "192.0.2.129"}.Packet(udp)
	for _, tt := range []struct {
		what string
		at   time.Duration
		pkt  []byte
		want translate.Verdict
	}{
		{"nobody has the address", 0, back, translate.DestinationUnmapped},
		{"the first host gets it", 0, first, translate.Translated},
		{"the second none", 0, second, translate.PoolFull},
		{"back to the first", time.Hour - 1, back, translate.Translated},
		{"the second still none", 2*time.Hour - 2, second, translate.PoolFull},
		{"the first is silent", 2 * time.Hour, back, translate.DestinationUnmapped},
		{"the second takes over", 2 * time.Hour, second, translate.Translated},
		{"the first is refused", 2 * time.Hour, first, translate.PoolFull},
	} {
		v, out := s.sendAt(tt.at, tt.pkt)
		if v != tt.want || len(out) != 1 {
			t.Errorf("%s: %v, want %v, and %d packets", tt.what, v, tt.want, len(out))
			continue
		}
		const at = 40 // of the ICMP message in an IPv6 packet
		if v == translate.PoolFull && (out[0][at] != 1 || out[0][at+1] != 1) {
			t.Errorf("%s: ICMPv6 %d/%d, want 1/1", tt.what, out[0][at], out[0][at+1])
		}
	}
}

// TestLeasesAllocateNothing: packets of hosts with a lease, both ways.
func TestLeasesAllocateNothing(t *testing.T) {
	s := newSubject(t, testConfigs()["base"])
	o := siit.DynamicOptions{Pools: []siit.PoolRange{{V4: netip.MustParsePrefix("192.0.2.128/31")}}, Lifetime: time.Hour}
	pool, err := siit.NewDynamicPool(o)
	if err != nil {
		t.Fatal(err)
	}
	m := s.Mapper.(*siit.Mapper)
	m.Dynamic, m.Leased = pool, o.Ranges()
	now := time.Duration(0)
	for _, pkt := range [][]byte{
		pkttest.IPv6{Src: "2001:db8:a::1", Dst: far6}.Packet(udp),
		pkttest.IPv4{Src: far4, Dst: "192.0.2.129"}.Packet(udp),
	} {
		frame := wire.NewFrame(pkt)
		saved := *frame
		if n := testing.AllocsPerRun(500, func() {
			now += time.Second
			*frame = saved
			copy(frame.Bytes(), pkt)
			s.out.Reset()
			if v := s.Translate(frame, now, s.out); v != translate.Translated {
				t.Fatal(v)
			}
		}); n != 0 {
			t.Errorf("%v allocations a packet", n)
		}
	}
}
