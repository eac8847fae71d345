package pkttest

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

var testAddresses = Addresses{
	Mapped:   addrs("198.51.100.10", "198.51.100.11", "2001:db8:1::10", "2001:db8:1::11"),
	Embedded: addrs("203.0.113.5", "203.0.113.77", "2001:db8:64::cb00:7105", "2001:db8:64::cb00:714d"),
	Unmapped: addrs("192.0.2.200", "2001:db8:ffff::1"),
	Martian:  addrs("127.0.0.1", "224.0.0.251", "0.0.0.0", "::1", "ff02::1", "fe80::1"),
}

func TestGenIsTheSameForTheSameSeed(t *testing.T) {
	a, b, other := NewGen(1, testAddresses), NewGen(1, testAddresses), NewGen(2, testAddresses)
	same := 0
	for i := range 1000 {
		p := a.Packet()
		if q := b.Packet(); !bytes.Equal(p, q) {
			t.Fatalf("packet %d differs:\n%s\n%s", i, Dump(p), Dump(q))
		}
		if bytes.Equal(p, other.Packet()) {
			same++
		}
		if m, n := a.Mutate(p), b.Mutate(p); !bytes.Equal(m, n) {
			t.Fatalf("mutation %d differs:\n%s\n%s", i, Dump(m), Dump(n))
		}
	}
	if same > 10 {
		t.Errorf("%d of 1000 packets are the same for another seed", same)
	}
}

// traits names what a packet is, for counting.
func traits(pkt []byte) []string {
	p, err := takeApart(pkt)
	if err != nil {
		return []string{"malformed"}
	}
	family := fmt.Sprintf("v%d ", pkt[0]>>4)
	number := p.next
	if !p.v6() {
		number = p.head[9]
	}
	out := []string{"well-formed", family + protocolName(p.v6(), number), "sum " + TransportSum(pkt).String()}
	for name, has := range map[string]bool{
		"first fragment":  p.more && p.at == 0,
		"middle fragment": p.more && p.at > 0,
		"last fragment":   !p.more && p.at > 0,
		"atomic fragment": p.fragment && !p.more && p.at == 0,
		"extension":       p.v6() && len(p.head) > 40,
		"options":         !p.v6() && len(p.head) > 20,
		"hop limit 1":     p.v6() && pkt[7] == 1 || !p.v6() && pkt[8] == 1,
		"long":            len(pkt) > 60000,
		"near an MTU":     len(pkt) >= 1480 && len(pkt) <= 1500,
		"martian":         !p.v6() && (isForbidden(pkt[12:16]) || isForbidden(pkt[16:20])) || p.v6() && (isForbidden(pkt[8:24]) || isForbidden(pkt[24:40])),
		"error":           len(p.data) > 8 && number == icmpNumber(p.v6()) && p.at == 0 && isErrorType(p.v6(), p.data[0]),
		"RFC 4884":        len(p.data) > 140 && number == icmpNumber(p.v6()) && p.at == 0 && isErrorType(p.v6(), p.data[0]) && quoteSize(p.v6(), p.data) > 0,
	} {
		if has {
			out = append(out, name)
		}
	}
	return out
}

func TestGenMakesEverythingOftenEnough(t *testing.T) {
	const n = 20000
	g := NewGen(3, testAddresses)
	count := make(map[string]int)
	for range n {
		for _, trait := range traits(g.Packet()) {
			count[trait]++
		}
	}
	least := map[string]int{
		"well-formed": n * 97 / 100, "v4 udp": n / 10, "v4 tcp": n / 10, "v4 icmp": n / 10, "v6 udp": n / 20,
		"v6 tcp": n / 20, "v6 icmpv6": n / 20, "v4 igmp": 10, "v4 esp": 10, "v6 sctp": 10, "v6 no next header": 10,
		"sum good": n / 2, "sum bad": n / 100, "sum zero": n / 500, "first fragment": n / 100,
		"middle fragment": n / 100, "last fragment": n / 100, "atomic fragment": n / 200, "extension": n / 50,
		"options": n / 50, "hop limit 1": n / 100, "long": n / 1000, "near an MTU": n / 100, "martian": n / 100,
		"error": n / 20, "RFC 4884": n / 100, "malformed": n / 1000,
	}
	for trait, want := range least {
		if count[trait] < want {
			t.Errorf("%s: %d of %d packets, want %d", trait, count[trait], n, want)
		}
	}
}

func TestGenOfOneFamily(t *testing.T) {
	g4 := NewGen(4, Addresses{Unmapped: addrs("192.0.2.1")})
	g6 := NewGen(4, Addresses{Martian: addrs("::1")})
	versions := make(map[byte]int)
	for range 1000 {
		versions[g4.Packet()[0]>>4]++
	}
	if versions[4] < 990 { // a few lie about their version
		t.Errorf("versions of IPv4 packets: %v", versions)
	}
	clear(versions)
	for range 1000 {
		versions[g6.Packet()[0]>>4]++
	}
	if versions[6] < 990 {
		t.Errorf("versions of IPv6 packets: %v", versions)
	}
	defer func() {
		if recover() == nil {
			t.Error("NewGen accepts no addresses")
		}
	}()
	NewGen(1, Addresses{})
}

func TestMutateBreaksPacketsAndLeavesTheInputAlone(t *testing.T) {
	const n = 20000
	g := NewGen(5, testAddresses)
	var same, malformed, sumsRight, empty int
	for range n {
		pkt := g.Packet()
		before := slices.Clone(pkt)
		m := g.Mutate(pkt)
		if !bytes.Equal(pkt, before) {
			t.Fatalf("Mutate changed its input\n%s%s", Dump(before), Dump(pkt))
		}
		if len(m) > maxPacket {
			t.Fatalf("%d octets", len(m))
		}
		switch _, err := takeApart(m); {
		case bytes.Equal(m, pkt):
			same++
		case len(m) == 0:
			empty++
		case err != nil:
			malformed++
		case TransportSum(m) == SumGood:
			sumsRight++
		}
	}
	t.Logf("same %d, empty %d, malformed %d, right checksums %d of %d", same, empty, malformed, sumsRight, n)
	if same > n/20 || malformed < n/10 || malformed > n/2 || sumsRight < n/5 || empty == 0 {
		t.Errorf("same %d, empty %d, malformed %d, right checksums %d of %d", same, empty, malformed, sumsRight, n)
	}
}

func TestGenAllocatesNothing(t *testing.T) {
	g := NewGen(6, testAddresses)
	if n := testing.AllocsPerRun(5000, func() { g.Mutate(g.Packet()) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkGenPacket(b *testing.B) {
	g := NewGen(7, testAddresses)
	b.ReportAllocs()
	for b.Loop() {
		g.Packet()
	}
}

func BenchmarkGenMutate(b *testing.B) {
	g := NewGen(8, testAddresses)
	b.ReportAllocs()
	for b.Loop() {
		g.Mutate(g.Packet())
	}
}

func BenchmarkCheck(b *testing.B) {
	g := NewGen(9, testAddresses)
	var pkts [][]byte
	for range 1000 {
		pkts = append(pkts, slices.Clone(g.Packet()))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Check(pkts[i%len(pkts)])
	}
}
