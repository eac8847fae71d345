package eam

import (
	"net/netip"
	"testing"
)

// appendixB is the table of RFC 7757 appendix B; its addresses under the
// Well-Known Prefix are examples and no leave to use it so (RFC 6052 §3.1).
var appendixB = []Pair{
	pair("192.0.2.1/32", "2001:db8:aaaa::/128"),
	pair("192.0.2.2/32", "2001:db8:bbbb::b/128"),
	pair("192.0.2.16/28", "2001:db8:cccc::/124"),
	pair("192.0.2.128/26", "2001:db8:dddd::/64"),
	pair("192.0.2.192/29", "2001:db8:eeee:8::/62"),
	pair("192.0.2.224/31", "64:ff9b::/127"),
}

// overlap maps all of IPv4, and one host in it elsewhere.
var overlap = []Pair{
	pair("0.0.0.0/0", "2001:db8:ff00::/40"),
	pair("198.51.100.64/32", "2001:db8::abcd/128"),
}

// vectors pairs an IPv4 address with its IPv6 form, by the requirements they
// show. only64 marks an IPv6 address that is mapped but is not what its IPv4
// address is mapped to.
var vectors = []struct {
	req, name string
	table     []Pair
	v4, v6    string
	only64    bool
}{
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.1", appendixB, "192.0.2.1", "2001:db8:aaaa::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.2", appendixB, "192.0.2.2", "2001:db8:bbbb::b", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.16", appendixB, "192.0.2.16", "2001:db8:cccc::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.24", appendixB, "192.0.2.24", "2001:db8:cccc::8", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.31", appendixB, "192.0.2.31", "2001:db8:cccc::f", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.128", appendixB, "192.0.2.128", "2001:db8:dddd::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.152", appendixB, "192.0.2.152", "2001:db8:dddd:0:6000::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.183", appendixB, "192.0.2.183", "2001:db8:dddd:0:dc00::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.191", appendixB, "192.0.2.191", "2001:db8:dddd:0:fc00::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.195", appendixB, "192.0.2.195", "2001:db8:eeee:9:8000::", false},
	{"C-3.3-01+C-3.3-02", "7757-192.0.2.225", appendixB, "192.0.2.225", "64:ff9b::1", false},
	{"C-3.3-04", "7757-truncate", appendixB, "192.0.2.152", "2001:db8:dddd:0:6000:1234:5678:9abc", true},
	{"C-3.3-01", "7757-lpm-46", overlap, "198.51.100.64", "2001:db8::abcd", false},
	{"C-3.3-01", "7757-ivi-46", overlap, "198.51.100.65", "2001:db8:ffc6:3364:4100::", false},
	{"C-5-01", "7757-overlap-64", overlap, "198.51.100.64", "2001:db8:ffc6:3364:4000::", true},
}

func TestVectorsBothWays(t *testing.T) {
	for _, tt := range vectors {
		t.Run(tt.req+"/"+tt.name, func(t *testing.T) {
			table := build(t, tt.table)
			v4, v6 := netip.MustParseAddr(tt.v4), netip.MustParseAddr(tt.v6)
			if got, ok := to4(table, v6); got != v4 || !ok {
				t.Errorf("To4(%v) = %v, %v; want %v", v6, got, ok, v4)
			}
			if got, ok := to6(table, v4); (got == v6) == tt.only64 || !ok {
				t.Errorf("To6(%v) = %v, %v; want %v: %v", v4, got, ok, v6, !tt.only64)
			}
		})
	}
}

// TestAddressOutsideEveryPairIsLeftToThePrefix is the vector
// 7757-fallback-192.0.2.248 (C-3.3-03): the table has no answer, neither for
// the IPv4 address nor for its form under the prefix of RFC 6052.
func TestAddressOutsideEveryPairIsLeftToThePrefix(t *testing.T) {
	table := build(t, appendixB)
	if got, ok := to6(table, netip.MustParseAddr("192.0.2.248")); ok {
		t.Errorf("To6 = %v, want none", got)
	}
	if got, ok := to4(table, netip.MustParseAddr("64:ff9b::c000:2f8")); ok {
		t.Errorf("To4 = %v, want none", got)
	}
	if table.Has4(0xc00002f8) {
		t.Error("Has4(192.0.2.248) = true")
	}
}
