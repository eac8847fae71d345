package ports

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"taygo/translate/wire"
)

// An endpoint is a transport address of a protocol.
type endpoint struct {
	proto uint8
	v4    uint32
	port  uint16
}

// An oracle knows slowly what a Ledger knows.
type oracle struct {
	ranges []Range
	taken  map[endpoint]bool
}

func newOracle(ranges []Range) *oracle { return &oracle{ranges, map[endpoint]bool{}} }

// has reports whether the ranges hold e.
func (o *oracle) has(e endpoint) bool {
	if e.port == 0 && e.proto != wire.ProtoICMP {
		return false
	}
	for _, r := range o.ranges {
		serves := map[uint8]bool{wire.ProtoTCP: r.TCP, wire.ProtoUDP: r.UDP, wire.ProtoICMP: r.ICMP}[e.proto]
		if serves && r.Prefix.Contains(wire.Addr4(e.v4).Netip()) && r.First <= e.port && e.port <= r.Last {
			return true
		}
	}
	return false
}

// best returns how well the best free port of an address and shard suits, and
// whether there is one; smaller is better.
func (o *oracle) best(p *Pool, shard int, v4 uint32, r *Request) (int, bool) {
	best, found := 0, false
	for _, g := range o.ranges {
		if !g.Prefix.Contains(wire.Addr4(v4).Netip()) {
			continue
		}
		for port := int(g.First); port <= int(g.Last); port++ {
			e := endpoint{r.Proto, v4, uint16(port)}
			if p.Shard(e.port) != shard || o.taken[e] || !o.has(e) {
				continue
			}
			if n := misfit(r, e.port); !found || n < best {
				best, found = n, true
			}
		}
	}
	return best, found
}

// misfit is 0 for a port of the wanted class and parity, more for others.
func misfit(r *Request, port uint16) int {
	n := 0
	if r.Proto == wire.ProtoICMP {
		return 0
	}
	if (port < 1024) != (r.Port < 1024) {
		n += 2
	}
	if r.Parity && port%2 != r.Port%2 {
		n++
	}
	return n
}

func addr4(s string) uint32 { return wire.AddrFrom(netip.MustParseAddr(s)).V4() }

func addr6(s string) wire.Addr { return wire.AddrFrom(netip.MustParseAddr(s)) }

// every is a range of all ports for all protocols.
func every(prefix string) Range {
	return Range{netip.MustParsePrefix(prefix), 0, 65535, true, true, true}
}

func ports(prefix string, first, last uint16) Range {
	r := every(prefix)
	r.First, r.Last = first, last
	return r
}

func newPool(t testing.TB, o Options) *Pool {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestChoiceAgainstOracle takes and gives back ports at random in narrow pools,
// which are exhausted again and again, and compares each step with the oracle:
// nobody gets what another has, what the pool lacks, or what suits worse than
// another free port; a free port is found whenever the shard has one, and Find
// knows where.
func TestChoiceAgainstOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name   string
		shards int
		ranges []Range
	}{
		{"one address, few ports", 4, []Range{ports("192.0.2.1/32", 1020, 1035)}},
		{"one port", 64, []Range{ports("192.0.2.1/32", 5000, 5000)}},
		{"two classes", 2, []Range{ports("192.0.2.0/31", 1000, 1050)}},
		{"protocols differ", 8, []Range{
			{netip.MustParsePrefix("192.0.2.1/32"), 2000, 2040, true, false, false},
			{netip.MustParsePrefix("192.0.2.2/32"), 2000, 2040, false, true, false},
			{netip.MustParsePrefix("192.0.2.2/31"), 0, 9, false, true, true},
		}},
		{"one shard", 1, []Range{ports("198.51.100.0/30", 60000, 60010), ports("192.0.2.9/32", 3, 5)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, Options{Ranges: tt.ranges, Shards: tt.shards, Seed: 7})
			churn(t, NewLedger(p), newOracle(tt.ranges), rng)
		})
	}
}

// churn runs the steps of TestChoiceAgainstOracle.
func churn(t *testing.T, l *Ledger, o *oracle, rng *rand.Rand) {
	t.Helper()
	p := l.Pool()
	protos := []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}
	var held []endpoint
	for step := range 4000 {
		if len(held) > 0 && rng.IntN(5) < 2+step/1000%2 {
			i := rng.IntN(len(held))
			e := held[i]
			held[i] = held[len(held)-1]
			held = held[:len(held)-1]
			l.Release(e.proto, e.v4, e.port)
			delete(o.taken, e)
			continue
		}
		r := &Request{
			Proto: protos[rng.IntN(3)], Host: wire.Addr{Hi: 0x20010db8 << 32, Lo: rng.Uint64()}, Port: uint16(rng.Uint32()),
			Parity: rng.IntN(2) == 0, Soft: true, Home: rng.IntN(p.Shards()), Random: rng.Uint64(),
		}
		r.Port >>= rng.IntN(8)
		v4, shard, ok := l.Find(r)
		if !ok {
			for i := range p.Addresses() {
				for shard := range p.Shards() {
					if _, free := o.best(p, shard, p.Address(i), r); free {
						t.Fatalf("step %d: Find finds nothing, shard %d of address %d has something", step, shard, i)
					}
				}
			}
			continue
		}
		want, _ := o.best(p, shard, v4, r)
		port, ok := l.Choose(shard, v4, r)
		e := endpoint{r.Proto, v4, port}
		if !ok || o.taken[e] || !o.has(e) || p.Shard(port) != shard || misfit(r, port) != want || !p.Has(e.proto, e.v4, e.port) {
			t.Fatalf("step %d: %+v: %v, %v; suits %d, want %d", step, r, e, ok, misfit(r, port), want)
		}
		if l.Take(e.proto, e.v4, e.port) {
			t.Fatalf("step %d: %v can be taken twice", step, e)
		}
		o.taken[e] = true
		held = append(held, e)
	}
}
