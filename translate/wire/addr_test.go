package wire

import (
	"net/netip"
	"testing"
)

func TestAddrIsTheAddress(t *testing.T) {
	for _, s := range []string{"192.0.2.33", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1", "ff02::1"} {
		a := netip.MustParseAddr(s)
		got := AddrFrom(a)
		if got.Netip() != a || got.String() != s {
			t.Errorf("AddrFrom(%s) = %v", s, got)
		}
		if got.Is4() != a.Is4() {
			t.Errorf("AddrFrom(%s).Is4() = %v", s, got.Is4())
		}
		var b [16]byte
		got.Store16(b[:])
		if Load16(b[:]) != got {
			t.Errorf("%s: Load16 and Store16 differ", s)
		}
	}
	if !AddrFrom(netip.Addr{}).IsZero() {
		t.Error("the Addr of no address is not zero")
	}
}

func TestAddrSumsUpLikeTheAddressInEitherFamily(t *testing.T) {
	for _, s := range []string{"192.0.2.33", "2001:db8:1:2:3:4:5:6"} {
		a := netip.MustParseAddr(s)
		if got, want := Sum(0).AddAddr(AddrFrom(a)).Fold(), naive(a.AsSlice()); got != want {
			t.Errorf("%s: %04x, want %04x", s, got, want)
		}
	}
}

func TestIllegalAddresses(t *testing.T) {
	tests := []struct {
		addr                string
		source, destination bool // illegal
	}{
		{"0.0.0.0", true, true},
		{"0.255.255.255", true, true},
		{"1.0.0.0", false, false},
		{"126.255.255.255", false, false},
		{"127.0.0.1", true, true},
		{"128.0.0.0", false, false},
		{"169.253.255.255", false, false},
		{"169.254.0.1", true, true},
		{"169.255.0.0", false, false},
		{"223.255.255.255", false, false},
		{"224.0.0.1", true, true},
		{"239.255.255.255", true, true},
		{"240.0.0.1", false, false},
		{"255.255.255.254", false, false},
		{"255.255.255.255", true, true},
		{"::", true, true},
		{"::1", true, true},
		{"::2", false, false},
		{"::ffff:192.0.2.1", true, false},
		{"::fffe:192.0.2.1", false, false},
		{"fe7f::1", false, false},
		{"fe80::1", true, true},
		{"febf::1", true, true},
		{"fec0::1", false, false},
		{"ff00::", true, true},
		{"2001:db8::1", false, false},
	}
	for _, tt := range tests {
		parsed := netip.MustParseAddr(tt.addr)
		a := AddrFrom(parsed)
		source, destination := IllegalSource6(a), IllegalDestination6(a)
		if parsed.Is4() {
			source, destination = IllegalSource4(a.V4()), IllegalDestination4(a.V4())
		}
		if source != tt.source || destination != tt.destination {
			t.Errorf("%s: illegal as source %v, as destination %v; want %v, %v", tt.addr, source, destination, tt.source, tt.destination)
		}
	}
}
