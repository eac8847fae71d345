package siit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"taygo/translate/wire"
)

// A poolPair is a pool and its model, which must not differ.
type poolPair struct {
	t     *testing.T
	rng   *rand.Rand
	pool  *DynamicPool
	model *poolModel
}

func (p *poolPair) prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// options returns random options for a few pools of a few addresses.
func (p *poolPair) options() DynamicOptions {
	o := DynamicOptions{Lifetime: 100 * time.Second, Dormant: 1000 * time.Second}
	if p.rng.IntN(8) == 0 {
		o.Dormant = 0
	}
	for i, n := range []int{30, 29, 28, 31} {
		if p.rng.IntN(3) == 0 && len(o.Pools) > 0 {
			continue
		}
		r := PoolRange{V4: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i * 16)}), n)}
		if p.rng.IntN(3) == 0 {
			r.V6 = append(r.V6, p.prefix("2001:db8::/125"))
		}
		o.Pools = append(o.Pools, r)
	}
	for _, s := range []string{
		"192.0.2.20/31", "192.0.2.33/32", "192.0.2.0/24", "192.0.2.0/32", "192.0.2.16/29", "2001:db8::4/127", "2001:db8::9/128",
		"192.0.2.40/29", "2001:db8:1::/48",
	} {
		if p.rng.IntN(3) == 0 {
			o.Reserved = append(o.Reserved, p.prefix(s))
		}
	}
	return o
}

func (p *poolPair) host() netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(1 + p.rng.IntN(40))})
}

func (p *poolPair) addr4() netip.Addr {
	return netip.AddrFrom4([4]byte{192, 0, 2, byte(p.rng.IntN(52))})
}

// same compares what a packet got.
func (p *poolPair) same(what string, a netip.Addr, got wire.Addr, why reason) func(netip.Addr, reason) {
	return func(want netip.Addr, wantWhy reason) {
		p.t.Helper()
		if why != wantWhy || why == mapped && got.Netip() != want {
			p.t.Fatalf("%s %v: got %v, reason %d; want %v, reason %d", what, a, got, why, want, wantWhy)
		}
	}
}

// step does one random thing to both.
func (p *poolPair) step() {
	now := p.model.now
	switch n := p.rng.IntN(100); {
	case n < 45:
		host := p.host()
		a, use := wire.AddrFrom(host), p.pool
		v4, why := use.to4(a, now, true)
		if why == unmapped {
			v4, why = use.assign(a, now)
		}
		p.same("from", host, wire.Addr4(v4), why)(p.model.send(host))
	case n < 60:
		a, use := p.addr4(), n < 57
		v6, why := p.pool.to6(v4(a), now, use)
		p.same("to", a, v6, why)(p.model.lookup(a, use))
	case n < 70:
		a, use := p.host(), n < 67
		v4, why := p.pool.to4(wire.AddrFrom(a), now, use)
		p.same("to", a, wire.Addr4(v4), why)(p.model.lookup(a, use))
	case n < 80:
		p.model.now += time.Duration(p.rng.IntN(int(3 * time.Second)))
	case n < 90:
		p.model.now += time.Duration(p.rng.IntN(int(60 * time.Second)))
	case n < 92:
		p.model.now += time.Duration(p.rng.IntN(int(700 * time.Second)))
	case n < 98:
		p.pool.Sweep(now)
		p.model.sweep()
	case n < 99:
		p.configure(p.model.DynamicOptions)
	default:
		p.configure(p.options())
	}
}

func (p *poolPair) configure(o DynamicOptions) {
	dropped, err := p.pool.Configure(o, p.model.now)
	if err != nil {
		p.t.Fatal(err)
	}
	var got []netip.Addr
	for _, l := range dropped {
		got = append(got, l.V4)
	}
	want := p.model.configure(o)
	slices.SortFunc(got, netip.Addr.Compare)
	slices.SortFunc(want, netip.Addr.Compare)
	if !slices.Equal(got, want) {
		p.t.Fatalf("dropped %v, want %v", got, want)
	}
}

// agree compares all that there is to see.
func (p *poolPair) agree() {
	var got []string
	for _, l := range p.pool.Leases(p.model.now) {
		got = append(got, fmt.Sprint(l))
	}
	if want := p.model.leases(); !slices.Equal(got, want) {
		p.t.Fatalf("leases\n%v, want\n%v", got, want)
	}
	var events []Event
	for len(p.pool.Events()) > 0 {
		if e := <-p.pool.Events(); e.Kind != Dormant { // told when somebody looks
			events = append(events, e)
		}
	}
	if !slices.Equal(events, p.model.events) {
		p.t.Fatalf("events\n%v, want\n%v", events, p.model.events)
	}
	p.model.events = nil
	for i := range 52 {
		a := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		want := slices.ContainsFunc(p.model.Pools, func(r PoolRange) bool {
			return r.V4.Contains(a) && (p.model.mayGive(a, r) || a == r.V4.Addr() && !slices.ContainsFunc(p.model.Reserved, func(x netip.Prefix) bool {
				return x.Contains(a) && x.Bits() > r.V4.Bits()
			}))
		})
		if got := p.model.Ranges().Contain(v4(a)); got != want {
			p.t.Fatalf("%v is in the ranges: %v, want %v", a, got, want)
		}
	}
}

// TestPoolEqualsItsModel does random things to a pool and to a plain model of it.
func TestPoolEqualsItsModel(t *testing.T) {
	t.Parallel()
	rounds := 60
	if os.Getenv("TAYGO_LONG") != "" {
		rounds = 20_000
	}
	for seed := range uint64(rounds) {
		p := &poolPair{t: t, rng: rand.New(rand.NewPCG(seed, 1))}
		o := p.options()
		pool, err := NewDynamicPool(o)
		if err != nil {
			t.Fatal(err)
		}
		p.pool, p.model = pool, &poolModel{DynamicOptions: o, now: time.Duration(seed) * time.Minute}
		for i := range 600 {
			p.step()
			if i%10 == 0 {
				p.agree()
			}
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, i)
			}
		}
	}
}
