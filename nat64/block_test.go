package nat64_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
)

// blocks gives subscribers blocks of 64 ports, two at most.
func blocks(o *nat64.Options) {
	o.Block, o.BlocksPerSource, o.PortHold = 64, 2, 0
	o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), First: 1024, Last: 65535, TCP: true, UDP: true, ICMP: true}}
}

// changesOf takes all that a Feed has, of one kind.
func changesOf(f *nat64.Feed, kind nat64.ChangeKind) []nat64.Change {
	buf := make([]nat64.Change, 1<<16)
	var all []nat64.Change
	for _, c := range buf[:f.Next(buf)] {
		if c.Kind == kind {
			all = append(all, c)
		}
	}
	return all
}

// TestBlockOfASubscriber: the first binding of a subscriber takes a block, further
// ones of all its hosts are in it, and when it is used up in another, as many as it
// may have; the last binding frees it (RFC 6888 REQ-14, RFC 7768).
func TestBlockOfASubscriber(t *testing.T) {
	k := newKit(t, newTable(t, options(blocks)))
	feed := k.table.Feed(1 << 16)
	var taken []nat64.Change
	for i := range 200 {
		got, v := k.sendOut(nat64.UDP, neighbour(v6(host6, uint16(2000+i)), i%7), server, 0)
		if i >= 128 {
			wantVerdict(t, "past two blocks", v, translate.SourceLimit)
			continue
		}
		taken = append(taken, changesOf(feed, nat64.BlockTaken)...)
		if v != translate.Translated || len(taken) != 1+i/64 {
			t.Fatalf("binding %d: %v, %d blocks", i, v, len(taken))
		}
		at := got.netip()
		in := false
		for _, b := range taken {
			in = in || b.V4.Addr() == at.Addr() && b.V4.Port() <= at.Port() && at.Port() <= b.Last
		}
		if !in {
			t.Errorf("binding %d: %v is in no block of %v", i, at, taken)
		}
	}
	for _, b := range taken {
		if b.Last-b.V4.Port() != 63 || b.V4.Port()%64 != 0 || b.V6.Addr() != netip.MustParseAddr("2001:db8:1::") {
			t.Errorf("block %+v", b)
		}
	}
	if got, v := k.sendOut(nat64.TCP, v6(host6, 1), server, begin); v != translate.Translated || got.port>>6 != taken[0].V4.Port()>>6 && got.port>>6 != taken[1].V4.Port()>>6 {
		t.Errorf("another protocol: %v, %v", got, v)
	}
	check(t, k.table)
	if n := k.table.Status(k.now).Blocks; n != 2 {
		t.Errorf("%d blocks", n)
	}
	k.now = time.Hour
	k.table.SweepAll(k.now, &counter{})
	if n := len(changesOf(feed, nat64.BlockFreed)); n != 2 || k.table.Status(k.now).Blocks != 0 {
		t.Errorf("%d blocks freed, %d left", n, k.table.Status(k.now).Blocks)
	}
	check(t, k.table)
}

// TestEverySubscriberHasItsOwnBlocks: no two share one, and when they are used up
// the next one gets none.
func TestEverySubscriberHasItsOwnBlocks(t *testing.T) {
	k := newKit(t, newTable(t, options(blocks)))
	owner := map[uint16]int{}
	n := (65536 - 1024) / 64
	for i := range n + 5 {
		s := v6("2001:db8:1::1", 77)
		s.addr.Hi += uint64(i)
		for proto := range nat64.NumProtos {
			got, v := k.sendOut(proto, s, pinger(server), begin)
			if i >= n {
				wantVerdict(t, "one too many", v, translate.PortsExhausted)
				continue
			}
			if before, had := owner[got.port>>6]; v != translate.Translated || had && before != i {
				t.Fatalf("subscriber %d: %v, %v, block of %d", i, v, got, before)
			}
			owner[got.port>>6] = i
		}
	}
	check(t, k.table)
}

// deterministic gives the 16 /64s of a /60 the blocks of an address, of 512 ports.
func deterministic(o *nat64.Options) {
	blocks(o)
	o.Block, o.BlocksPerSource = 512, 0
	o.Deterministic = ports.Deterministic{Prefix: netip.MustParsePrefix("2001:db8:1::/60"), Bits: 64}
}

// TestDeterministic: the ports of a subscriber follow from its address (RFC 7422),
// and it gets no others, unless it may overflow; blocks are logged only then.
func TestDeterministic(t *testing.T) {
	for _, overflow := range []bool{false, true} {
		o := options(deterministic)
		o.Deterministic.Overflow = overflow
		k := newKit(t, newTable(t, o))
		feed := k.table.Feed(1 << 16)
		pool, err := ports.New(ports.Options{Ranges: o.Pools, Shards: 64, Block: o.Block, Deterministic: o.Deterministic})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 16 {
			s := v6("2001:db8:1::1", 0)
			s.addr.Hi += uint64(i)
			own, _ := pool.Forward(s.addr)
			for n := range 600 {
				s.port = uint16(2000 + n)
				got, v := k.sendOut(nat64.UDP, s, server, 0)
				switch inside := own.Has(got.addr.V4(), got.port); {
				case n < 512 && (v != translate.Translated || !inside):
					t.Fatalf("subscriber %d, binding %d: %v, %v, block %v", i, n, v, got, own)
				case n >= 512 && overflow && (v != translate.Translated || inside):
					t.Fatalf("subscriber %d, binding %d: %v, %v", i, n, v, got)
				case n >= 512 && !overflow:
					wantVerdict(t, "past the block", v, translate.PortsExhausted)
				}
			}
		}
		if n := len(changesOf(feed, nat64.BlockTaken)); n != map[bool]int{false: 0, true: 16}[overflow] {
			t.Errorf("overflow %v: %d blocks logged", overflow, n)
		}
		check(t, k.table)
	}
}

// TestSubscriberThatIsNone: a host outside the deterministic prefix gets a block of
// those that no subscriber has.
func TestSubscriberThatIsNone(t *testing.T) {
	o := options(deterministic)
	k := newKit(t, newTable(t, o))
	pool, err := ports.New(ports.Options{Ranges: o.Pools, Shards: 64, Block: o.Block, Deterministic: o.Deterministic})
	if err != nil {
		t.Fatal(err)
	}
	_, v := k.sendOut(nat64.UDP, v6("2001:db8:ffff::1", 5), server, 0)
	wantVerdict(t, "without overflow", v, translate.PortsExhausted)
	o.Deterministic.Overflow = true
	k = newKit(t, newTable(t, o))
	got, v := k.sendOut(nat64.UDP, v6("2001:db8:ffff::1", 5), server, 0)
	if p, is := pool.Reverse(got.addr.V4(), got.port); v != translate.Translated || is {
		t.Errorf("%v, %v, of subscriber %v", v, got, p)
	}
	check(t, k.table)
}
