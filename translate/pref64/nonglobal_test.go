package pref64

import (
	"net/netip"
	"testing"
)

// registry lists what is not globally reachable as ranges of addresses, first
// and last: the oracle of NonGlobal.
var registry = [][2]string{
	{"0.0.0.0", "0.255.255.255"},
	{"10.0.0.0", "10.255.255.255"},
	{"100.64.0.0", "100.127.255.255"},
	{"127.0.0.0", "127.255.255.255"},
	{"169.254.0.0", "169.254.255.255"},
	{"172.16.0.0", "172.31.255.255"},
	{"192.0.0.0", "192.0.0.8"},
	{"192.0.0.11", "192.0.0.255"},
	{"192.0.2.0", "192.0.2.255"},
	{"192.168.0.0", "192.168.255.255"},
	{"198.18.0.0", "198.19.255.255"},
	{"198.51.100.0", "198.51.100.255"},
	{"203.0.113.0", "203.0.113.255"},
	{"224.0.0.0", "239.255.255.255"},
	{"240.0.0.0", "255.255.255.255"},
}

func v4(s string) uint32 {
	b := netip.MustParseAddr(s).As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func TestNonGlobalAgreesWithTheRegistry(t *testing.T) {
	var ranges [][2]uint32
	for _, r := range registry {
		ranges = append(ranges, [2]uint32{v4(r[0]), v4(r[1])})
	}
	want := func(a uint32) bool {
		for _, r := range ranges {
			if r[0] <= a && a <= r[1] {
				return true
			}
		}
		return false
	}
	for net := range uint32(1 << 24) { // one host of every /24, spread over its last octets
		if a := net<<8 | net*167&0xff; NonGlobal(a) != want(a) {
			t.Fatalf("NonGlobal(%v) = %v, want %v", addr4(a), !want(a), want(a))
		}
	}
	for _, r := range ranges {
		for _, a := range []uint32{r[0] - 1, r[0], r[0] + 1, r[1] - 1, r[1], r[1] + 1} {
			if NonGlobal(a) != want(a) {
				t.Errorf("NonGlobal(%v) = %v, want %v", addr4(a), !want(a), want(a))
			}
		}
	}
}

func TestGlobalAddressesNextToSpecialOnes(t *testing.T) {
	tests := map[string]string{
		"192.0.0.9":     "Port Control Protocol anycast",
		"192.0.0.10":    "TURN anycast",
		"192.88.99.1":   "6to4 relay anycast, deprecated but global",
		"192.31.196.1":  "AS112",
		"192.52.193.1":  "AMT",
		"192.175.48.1":  "AS112",
		"100.63.0.1":    "below the shared address space",
		"100.128.0.1":   "above the shared address space",
		"172.15.0.1":    "below RFC 1918",
		"172.32.0.1":    "above RFC 1918",
		"223.255.255.1": "below multicast",
	}
	for a, what := range tests {
		if NonGlobal(v4(a)) {
			t.Errorf("NonGlobal(%s) = true: %s", a, what)
		}
	}
}
