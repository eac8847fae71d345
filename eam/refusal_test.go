package eam

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		rule   string
		pairs  []Pair
		want   error
		advice string
	}{
		{"C-3.2-02/bad-eam-suffix", []Pair{pair("192.0.2.0/24", "2001:db8::/121")}, ErrSuffix, "write /120 or shorter"},
		{"C-3.2-02/a host cannot hold all of IPv4", []Pair{pair("0.0.0.0/0", "2001:db8::/128")}, ErrSuffix, "write /96 or shorter"},
		{"C-5-02/bad-eam-duplicate-v6", []Pair{
			pair("198.51.100.8/32", "2001:db8::1/128"), pair("198.51.100.9/32", "2001:db8::1/128"),
		}, ErrTwice, "remove this pair or 198.51.100.8/32 2001:db8::1/128"},
		{"C-5-02/identical IPv4 prefix", []Pair{
			pair("192.0.2.1/32", "2001:db8::1/128"), pair("192.0.2.1/32", "2001:db8::2/128"),
		}, ErrTwice, "remove this pair or 192.0.2.1/32 2001:db8::1/128"},
		{"C-3.2-03/host bits in the IPv4 prefix", []Pair{pair("192.0.2.1/24", "2001:db8::/120")}, ErrHostBits, "write 192.0.2.0/24"},
		{"C-3.2-03/host bits in the IPv6 prefix", []Pair{pair("192.0.2.0/24", "2001:db8::1/120")}, ErrHostBits, "write 2001:db8::/120"},
		{"C-3.2-01/families swapped", []Pair{pair("2001:db8::/120", "192.0.2.0/24")}, ErrFamily, "IPv4 prefix first"},
		{"C-3.2-01/IPv4 twice", []Pair{pair("192.0.2.0/24", "192.0.2.0/24")}, ErrFamily, "IPv4 prefix first"},
		{"C-3.2-01/no prefixes", []Pair{{}}, ErrFamily, "IPv4 prefix first"},
		{"C-3.2-01/IPv4 length too great", []Pair{
			{netip.PrefixFrom(netip.MustParseAddr("192.0.2.1"), 33), netip.MustParsePrefix("2001:db8::1/128")},
		}, ErrFamily, "IPv4 prefix first"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			table, err := New(tt.pairs)
			if !errors.Is(err, tt.want) || table != nil {
				t.Fatalf("New() = %v, %v; want %v", table, err, tt.want)
			}
			refused := tt.pairs[len(tt.pairs)-1].String()
			if text := err.Error(); !strings.HasPrefix(text, "eam: "+refused+": ") || !strings.Contains(text, tt.advice) {
				t.Errorf("error %q does not name %s or say %q", text, refused, tt.advice)
			}
		})
	}
}

func TestNewTellsAllRefusalsInOrder(t *testing.T) {
	_, err := New([]Pair{
		pair("192.0.2.0/24", "2001:db8:a::/120"),
		pair("192.0.2.9/24", "2001:db8:b::/125"),        // host bits, suffix, and the network of pair 0
		pair("198.51.100.0/24", "2001:db8:c::/120"),     // nothing
		pair("2001:db8:d::/120", "198.51.100.0/24"),     // families
		pair("203.0.113.0/24", "2001:db8:a::/120"),      // pair 0
		pair("198.51.100.0/24", "2001:db8:c::/120"),     // pair 2, both sides
		pair("198.51.100.0/25", "2001:db8:c::100/120"),  // nothing: nested
		pair("203.0.113.255/31", "2001:db8:e::ffff/64"), // host bits, both sides
		{},
		{}, // families; no prefixes are not the same prefix
	})
	want := []struct {
		index int
		err   error
	}{
		{1, ErrHostBits},
		{1, ErrSuffix},
		{1, ErrTwice},
		{3, ErrFamily},
		{3, ErrTwice}, // swapped or not, its IPv4 prefix is that of pair 2
		{4, ErrTwice},
		{5, ErrTwice},
		{5, ErrTwice},
		{7, ErrHostBits},
		{7, ErrHostBits},
		{8, ErrFamily},
		{9, ErrFamily},
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != len(want) {
		t.Fatalf("New() error = %v, want %d joined", err, len(want))
	}
	for i, err := range joined.Unwrap() {
		var r *Refusal
		if !errors.As(err, &r) || r.Index != want[i].index || !errors.Is(err, want[i].err) {
			t.Errorf("refusal %d is %v, want pair %d, %v", i, err, want[i].index, want[i].err)
		}
	}
}
