package load

import (
	"bytes"
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
)

func TestSenderBuildsThePacketsOfTheStandards(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		want     func(pkttest.Layer) []byte
	}{
		{"192.0.2.80", "198.51.100.10", func(l pkttest.Layer) []byte {
			return pkttest.IPv4{Src: "192.0.2.80", Dst: "198.51.100.10", DF: true}.Packet(l)
		}},
		{"2001:db8:1::10", "2001:db8:64::192.0.2.80", func(l pkttest.Layer) []byte {
			return pkttest.IPv6{Src: "2001:db8:1::10", Dst: "2001:db8:64::192.0.2.80"}.Packet(l)
		}},
	} {
		var s Sender
		shape := Shape{Flows: MaxFlows, Burst: 2}
		s.prepare(netip.MustParseAddr(c.src), netip.MustParseAddr(c.dst))
		for seq := range uint64(70_000) { // of all flows
			s.build(3, 9, seq, shape)
			var p payload
			p.fill(9, seq, shape.port(seq))
			want := c.want(pkttest.UDP{Sport: shape.port(seq), Dport: port, Data: p[:]})
			if got := s.packet(3); !bytes.Equal(got, want) {
				t.Fatalf("packet %d:\n%swant\n%s", seq, pkttest.Dump(got), pkttest.Dump(want))
			}
		}
	}
}
