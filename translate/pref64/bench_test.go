package pref64

import "testing"

// What the benchmarks compute goes here, so that it is computed.
var (
	sink64 uint64
	sink32 uint32
)

func BenchmarkEmbed(b *testing.B) {
	for _, s := range examples {
		b.Run(s, func(b *testing.B) {
			p := prefix(b, s)
			b.ReportAllocs()
			for i := range b.N {
				hi, lo := p.Embed(uint32(i))
				sink64 += hi ^ lo
			}
		})
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, s := range examples {
		b.Run(s, func(b *testing.B) {
			p := prefix(b, s)
			hi, lo := p.Embed(0xc0000221)
			b.ReportAllocs()
			for i := range b.N {
				v4, _ := p.Extract(hi, lo^uint64(i&0xff))
				sink32 += v4
			}
		})
	}
}

func BenchmarkNonGlobal(b *testing.B) {
	for _, tt := range []struct{ name, addr string }{
		{"global", "8.8.8.8"}, {"private", "10.1.2.3"}, {"most rows", "192.169.0.1"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			a := v4(tt.addr)
			for i := range b.N {
				if NonGlobal(a ^ uint32(i&0xff)) {
					sink32++
				}
			}
		})
	}
}

func TestPacketPathAllocatesNothing(t *testing.T) {
	p := prefix(t, "2001:db8:122::/48")
	n := testing.AllocsPerRun(100, func() {
		v4, _ := p.Extract(p.Embed(0xc0000221))
		if NonGlobal(v4) && p.Contains(p.Embed(v4)) {
			sink32 += v4
		}
	})
	if n != 0 {
		t.Errorf("Embed, Extract, Contains and NonGlobal allocate %v times", n)
	}
}
