package translate_test

import (
	"fmt"
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate/wire"
)

// BenchmarkTranslate measures one packet in process: each way, by prefix and
// explicit mappings, for small packets and for super-packets.
func BenchmarkTranslate(b *testing.B) {
	for _, maps := range []int{1, 1000, 100_000} {
		c := *testConfigs()["base"]
		for i := 1; i < maps; i++ {
			c.EAM = append(c.EAM, oracle.Pair{
				V4: netip.PrefixFrom(wire.Addr4(0x0b000000+uint32(i)*16).Netip(), 32),
				V6: netip.PrefixFrom(wire.Addr{Hi: 0x20010db8<<32 | uint64(i%16), Lo: uint64(i) << 20}.Netip(), 128),
			})
		}
		for _, size := range []int{36, 46 * 1400} {
			for name, packet := range map[string][]byte{
				"4to6": pkttest.IPv4{Src: "203.0.113.5", Dst: "198.51.100.10", DF: true}.Packet(pkttest.UDP{Sport: 1, Dport: 2, Data: pkttest.Pattern(1, size)}),
				"6to4": pkttest.IPv6{Src: "2001:db8:1::10", Dst: "2001:db8:64::203.0.113.5"}.Packet(pkttest.UDP{Sport: 1, Dport: 2, Data: pkttest.Pattern(1, size)}),
			} {
				b.Run(fmt.Sprintf("%s/maps=%d/payload=%d", name, maps, size), func(b *testing.B) {
					benchmark(b, &c, packet, size > 1400)
				})
			}
		}
	}
}

func benchmark(b *testing.B, c *oracle.Config, packet []byte, super bool) {
	s := newSubject(b, c)
	in := wire.NewBatch(1<<18, 4)
	frame := in.New(len(packet))
	saved := *frame
	headers := packet[:min(len(packet), 60)]
	if super {
		setSum(packet, true)
	}
	copy(frame.Bytes(), packet)
	b.ReportAllocs()
	for b.Loop() {
		*frame = saved
		copy(frame.Bytes(), headers)
		if super {
			frame.Offload = wire.Offload{Partial: true, Segment: 1400}
		}
		s.out.Reset()
		if v := s.Translate(frame, 0, s.out); !v.Sent() {
			b.Fatal(v)
		}
	}
}
