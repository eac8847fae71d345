package eam

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func TestMissingLengthsAre32And128(t *testing.T) { // C-3.2-01, eam-no-lengths
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	table := build(t, []Pair{{netip.PrefixFrom(v4, 32), netip.PrefixFrom(v6, 128)}})
	if got, ok := to6(table, v4); got != v6 || !ok {
		t.Errorf("To6(%v) = %v, %v; want %v", v4, got, ok, v6)
	}
	for _, next := range []netip.Addr{v4.Prev(), v4.Next()} {
		if got, ok := to6(table, next); ok {
			t.Errorf("To6(%v) = %v, want none", next, got)
		}
	}
	for _, next := range []netip.Addr{v6.Prev(), v6.Next()} {
		if got, ok := to4(table, next); ok {
			t.Errorf("To4(%v) = %v, want none", next, got)
		}
	}
}

func TestSuffixesOfUnequalLength(t *testing.T) { // C-3.2-02, C-3.3-01, C-3.3-02
	tests := []struct{ name, v4net, v6net, v4, v6 string }{
		{"equal", "192.0.2.0/24", "2001:db8:aaaa::/120", "192.0.2.5", "2001:db8:aaaa::5"},
		{"one bit free", "192.0.2.0/24", "2001:db8:aaaa::/119", "192.0.2.5", "2001:db8:aaaa::a"},
		{"suffix across bit 64", "198.51.100.0/22", "2001:db8:cccc::/61", "198.51.101.2", "2001:db8:cccc:2:400::"},
		{"suffix ends at bit 64", "192.0.2.0/24", "2001:db8:cccc::/56", "192.0.2.5", "2001:db8:cccc:5::"},
		{"suffix begins at bit 64", "192.0.2.0/24", "2001:db8:cccc::/64", "192.0.2.5", "2001:db8:cccc:0:500::"},
		{"suffix in the first half", "192.0.2.0/24", "2001:db8::/32", "192.0.2.5", "2001:db8:500::"},
		{"all of IPv4 at the end", "0.0.0.0/0", "2001:db8::/96", "192.0.2.5", "2001:db8::c000:205"},
		{"all of IPv4 at the front", "0.0.0.0/0", "::/0", "192.0.2.5", "c000:205::"},
		{"a host for a network", "192.0.2.1/32", "2001:db8::/64", "192.0.2.1", "2001:db8::"},
		{"a host for all of IPv6", "192.0.2.1/32", "::/0", "192.0.2.1", "::"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := build(t, []Pair{pair(tt.v4net, tt.v6net)})
			v4, v6 := netip.MustParseAddr(tt.v4), netip.MustParseAddr(tt.v6)
			if got, ok := to6(table, v4); got != v6 || !ok {
				t.Errorf("To6(%v) = %v, %v; want %v", v4, got, ok, v6)
			}
			if got, ok := to4(table, v6); got != v4 || !ok {
				t.Errorf("To4(%v) = %v, %v; want %v", v6, got, ok, v4)
			}
		})
	}
}

func TestBitsPastTheSuffixDoNotCount(t *testing.T) { // C-3.3-04
	table := build(t, []Pair{pair("192.0.2.0/24", "2001:db8:aaaa::/64")})
	for _, past := range []uint64{0, 1, 0xffffffffffffff, 0x12345678} {
		if v4, ok := table.To4(0x20010db8aaaa0000, 5<<56|past); v4 != 0xc0000205 || !ok {
			t.Errorf("past the suffix %#x: To4 = %#x, %v", past, v4, ok)
		}
	}
}

func TestNestedPairsAreLegalAndAsymmetric(t *testing.T) { // C-5-01
	table := build(t, []Pair{
		pair("192.0.2.0/24", "2001:db8:aaaa::/120"),
		pair("192.0.2.7/32", "2001:db8:aaaa::9/128"), // inside, on both sides
	})
	tests := []struct{ from, to string }{
		{"192.0.2.7", "2001:db8:aaaa::9"},
		{"192.0.2.9", "2001:db8:aaaa::9"},
		{"2001:db8:aaaa::9", "192.0.2.7"},
		{"2001:db8:aaaa::7", "192.0.2.7"},
		{"192.0.2.8", "2001:db8:aaaa::8"},
	}
	for _, tt := range tests {
		a, translate := netip.MustParseAddr(tt.from), to6
		if a.Is6() {
			translate = to4
		}
		if got, ok := translate(table, a); got != netip.MustParseAddr(tt.to) || !ok {
			t.Errorf("%s -> %v, %v; want %s", tt.from, got, ok, tt.to)
		}
	}
}

// TestTablesAgreeWithScan covers C-3.3-01 and C-3.3-02: random tables, nested
// and overlapping on both sides, at every address where an answer can change.
func TestTablesAgreeWithScan(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 150 {
		check(t, nested(rng, n), rng, 100)
	}
}

// nested returns up to n pairs whose prefixes gather around a few addresses.
func nested(rng *rand.Rand, n int) []Pair {
	near4 := []uint32{0, rng.Uint32(), rng.Uint32(), ^uint32(0)}
	near6 := []key{{}, {rng.Uint64(), rng.Uint64()}, {rng.Uint64(), 0}, {^uint64(0), ^uint64(0)}}
	seen := map[netip.Prefix]bool{}
	var pairs []Pair
	for range n {
		v4 := near4[rng.IntN(4)] ^ rng.Uint32()>>rng.IntN(33)
		v6 := near6[rng.IntN(4)]
		v6.hi ^= rng.Uint64() >> rng.IntN(65) &^ (1<<rng.IntN(64) - 1)
		v6.lo ^= rng.Uint64() >> rng.IntN(65)
		bits4 := rng.IntN(33)
		p := Pair{
			netip.PrefixFrom(addr4(v4), bits4).Masked(),
			netip.PrefixFrom(addr6(v6.hi, v6.lo), rng.IntN(97+bits4)).Masked(),
		}
		if !seen[p.V4] && !seen[p.V6] {
			seen[p.V4], seen[p.V6] = true, true
			pairs = append(pairs, p)
		}
	}
	return pairs
}

func TestEmptyTablesHaveNoAnswer(t *testing.T) {
	tables := map[string]*Table{
		"nil": nil, "zero": {}, "nil pairs": build(t, nil), "no pairs": build(t, []Pair{}),
	}
	for name, table := range tables {
		t.Run(name, func(t *testing.T) {
			_, _, ok6 := table.To6(0xc0000201)
			_, ok4 := table.To4(0x20010db8<<32, 1)
			_, found4 := table.Find4(netip.MustParseAddr("192.0.2.1"))
			_, found6 := table.Find6(netip.MustParseAddr("2001:db8::1"))
			if ok6 || ok4 || found4 || found6 || table.Has4(0) {
				t.Errorf("To6 %v, To4 %v, Find4 %v, Find6 %v, Has4 %v", ok6, ok4, found4, found6, table.Has4(0))
			}
			if pairs := slices.Collect(table.Pairs()); table.Len() != 0 || pairs != nil {
				t.Errorf("Len %d, Pairs %v", table.Len(), pairs)
			}
		})
	}
}

func TestFindTellsThePair(t *testing.T) {
	table := build(t, appendixB)
	want := appendixB[4]
	if got, ok := table.Find4(netip.MustParseAddr("192.0.2.195")); got != want || !ok {
		t.Errorf("Find4 = %v, %v; want %v", got, ok, want)
	}
	if got, ok := table.Find6(netip.MustParseAddr("2001:db8:eeee:9:8000::")); got != want || !ok {
		t.Errorf("Find6 = %v, %v; want %v", got, ok, want)
	}
	for _, s := range []string{"192.0.2.3", "2001:db8:eeee:c::", "::ffff:192.0.2.195"} {
		a := netip.MustParseAddr(s)
		if got, ok := table.Find4(a); ok {
			t.Errorf("Find4(%s) = %v", s, got)
		}
		if got, ok := table.Find6(a); ok {
			t.Errorf("Find6(%s) = %v", s, got)
		}
	}
	if _, ok := table.Find4(netip.Addr{}); ok {
		t.Error("Find4 of the zero Addr found a pair")
	}
	if _, ok := table.Find6(netip.MustParseAddr("192.0.2.195")); ok {
		t.Error("Find6 of an IPv4 address found a pair")
	}
}

func TestPairsComeByIPv4PrefixOuterFirst(t *testing.T) {
	want := []Pair{
		pair("0.0.0.0/0", "2001:db8:ff00::/40"),
		pair("192.0.2.0/24", "2001:db8:1::/120"),
		pair("192.0.2.0/25", "2001:db8:2::/64"),
		pair("192.0.2.0/32", "2001:db8:3::/128"),
		pair("198.51.100.64/32", "2001:db8::abcd/128"),
	}
	given := slices.Clone(want)
	slices.Reverse(given)
	table := build(t, given)
	clear(given) // the table keeps nothing of its argument
	if got := slices.Collect(table.Pairs()); !slices.Equal(got, want) || table.Len() != len(want) {
		t.Errorf("Pairs() = %v, Len() = %d; want %v", got, table.Len(), want)
	}
	for p := range table.Pairs() { // and a loop may leave early
		if p != want[0] {
			t.Errorf("first pair %v, want %v", p, want[0])
		}
		break
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	table := build(t, appendixB)
	n := testing.AllocsPerRun(100, func() {
		hi, lo, _ := table.To6(0xc00002c3)
		v4, _ := table.To4(hi, lo)
		if table.Has4(v4) {
			sink += uint64(v4)
		}
	})
	if n != 0 {
		t.Errorf("To6, To4 and Has4 allocate %v times", n)
	}
}
