package nat64_test

import (
	"math/rand/v2"
	"testing"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate/wire"
)

// TestPrefetchChangesNothing: whatever octets there are, and whether the Table knows
// their flow or not.
func TestPrefetchChangesNothing(t *testing.T) {
	k := newKit(t, newTable(t, options(statics)))
	for i := range 20_000 {
		k.sendOut(nat64.UDP, neighbour(host, i), server, 0)
	}
	before := k.table.Status(0)
	rng := rand.New(rand.NewPCG(1, 2))
	frames := []*wire.Frame{
		wire.NewFrame(out6(host6, far46, pkttest.UDP{Sport: 1, Dport: 2})),
		wire.NewFrame(out6(other6, far46, pkttest.TCP{Sport: 1, Dport: 2})),
		wire.NewFrame(in4(far4, pool4, pkttest.UDP{Sport: 1, Dport: 4000})),
		wire.NewFrame(in4(far4, pool4, pkttest.Echo{})),
	}
	for n := range 1000 {
		b := make([]byte, n%100)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		if len(b) > 9 {
			b[0] = [...]byte{0x45, 0x60, b[0], 0x4f}[n%4]
			b[6], b[9] = [...]byte{wire.ProtoTCP, wire.ProtoICMPv6, 0, b[6]}[n/4%4], [...]byte{wire.ProtoUDP, wire.ProtoICMP, b[9]}[n/16%3]
		}
		frames = append(frames, wire.NewFrame(b))
	}
	if n := testing.AllocsPerRun(10, func() { k.table.Prefetch(frames) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
	if got := k.table.Status(0); got.States != before.States || got.Bindings != before.Bindings {
		t.Errorf("%+v, before %+v", got, before)
	}
	check(t, k.table)
}
