package ports

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"taygo/translate/wire"
)

// FuzzLedger reads a pool and what is done with it from octets, and holds each step
// against the oracle: New refuses or makes a pool, nothing panics, nobody gets what
// another has, and Find finds something if and only if Choose does.
func FuzzLedger(f *testing.F) {
	f.Fuzz(func(t *testing.T, pool, steps []byte) {
		var ranges []Range
		for ; len(pool) >= 11 && len(ranges) < 4; pool = pool[10:] {
			v4 := addr4("192.0.2.0") + uint32(pool[0]&7)
			first := binary.BigEndian.Uint16(pool[1:])
			ranges = append(ranges, Range{
				netip.PrefixFrom(wire.Addr4(v4).Netip(), 27+int(pool[3])%7), first, first + uint16(pool[4])%64,
				pool[5]&1 != 0, pool[5]&2 != 0, pool[5]&4 != 0,
			})
		}
		if len(pool) == 0 {
			return
		}
		p, err := New(Options{Ranges: ranges, Shards: 1 << (pool[0] % 7), Block: []int{0, 0, 2, 8, 16}[pool[0]/7%5]})
		if err != nil {
			return
		}
		fuzzLedger(t, NewLedger(p), newOracle(ranges), steps)
	})
}

func fuzzLedger(t *testing.T, l *Ledger, o *oracle, steps []byte) {
	var held []endpoint
	for ; len(steps) >= 8; steps = steps[8:] {
		if steps[0]&1 != 0 && len(held) > 0 {
			e := held[0]
			held = held[1:]
			l.Release(e.proto, e.v4, e.port)
			delete(o.taken, e)
			continue
		}
		r := &Request{
			Proto: []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP, 132}[steps[1]%4], Host: wire.Addr{Lo: uint64(steps[2])},
			Port: binary.BigEndian.Uint16(steps[3:]), Parity: steps[0]&2 != 0, Soft: steps[0]&4 != 0,
			Home: int(steps[5]) % l.Pool().Shards(), Random: binary.BigEndian.Uint64(steps),
		}
		v4, shard, ok := l.Find(r)
		if !ok {
			continue
		}
		want, _ := o.best(l.Pool(), shard, v4, r)
		port, ok := l.Choose(shard, v4, r)
		e := endpoint{r.Proto, v4, port}
		if !ok || o.taken[e] || !o.has(e) || misfit(r, port) != want {
			t.Fatalf("%+v: %+v, %v", r, e, ok)
		}
		o.taken[e] = true
		held = append(held, e)
	}
}
