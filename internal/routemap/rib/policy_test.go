package rib

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func TestFilter(t *testing.T) {
	tests := []struct {
		name  string
		rules []Rule
		route string
		proto uint8
		want  bool
	}{
		{"no rule", nil, "192.0.2.0/24", 12, true},
		{"exactly", []Rule{{Prefix: pfx("192.0.2.0/24")}}, "192.0.2.0/24", 12, false},
		{"exactly is not inside", []Rule{{Prefix: pfx("192.0.2.0/24")}}, "192.0.2.0/25", 12, true},
		{"ge at its length", []Rule{{Prefix: pfx("192.0.2.0/24"), Ge: 26}}, "192.0.2.64/26", 12, false},
		{"ge below its length", []Rule{{Prefix: pfx("192.0.2.0/24"), Ge: 26}}, "192.0.2.0/25", 12, true},
		{"ge goes up to a host", []Rule{{Prefix: pfx("192.0.2.0/24"), Ge: 26}}, "192.0.2.1/32", 12, false},
		{"le begins at the prefix", []Rule{{Prefix: pfx("192.0.2.0/24"), Le: 26}}, "192.0.2.0/24", 12, false},
		{"le at its length", []Rule{{Prefix: pfx("192.0.2.0/24"), Le: 26}}, "192.0.2.192/26", 12, false},
		{"le above its length", []Rule{{Prefix: pfx("192.0.2.0/24"), Le: 26}}, "192.0.2.192/27", 12, true},
		{"outside", []Rule{{Prefix: pfx("192.0.2.0/24"), Le: 32}}, "198.51.100.0/24", 12, true},
		{"around", []Rule{{Prefix: pfx("192.0.2.0/24"), Le: 32}}, "192.0.0.0/16", 12, true},
		{"the first decides", []Rule{{Permit: true, Prefix: pfx("192.0.2.0/24")}, {Prefix: pfx("0.0.0.0/0"), Le: 32}}, "192.0.2.0/24", 12, true},
		{"the second decides", []Rule{{Permit: true, Prefix: pfx("192.0.2.0/24")}, {Prefix: pfx("0.0.0.0/0"), Le: 32}}, "192.0.2.0/25", 12, false},
		{"its protocol", []Rule{{Prefix: pfx("0.0.0.0/0"), Le: 32, Protocol: 12}}, "192.0.2.0/24", 12, false},
		{"another protocol", []Rule{{Prefix: pfx("0.0.0.0/0"), Le: 32, Protocol: 12}}, "192.0.2.0/24", 186, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := NewFilter(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Permits(prefix4(tt.route), tt.proto); got != tt.want {
				t.Errorf("Permits(%s, %d) = %v", tt.route, tt.proto, got)
			}
		})
	}
}

func TestNewFilterRefuses(t *testing.T) {
	tests := []struct {
		name string
		rule Rule
		want error
	}{
		{"host bits", Rule{Prefix: pfx("192.0.2.1/24")}, ErrRulePrefix},
		{"IPv6", Rule{Prefix: pfx("2001:db8::/32")}, ErrRulePrefix},
		{"no prefix", Rule{}, ErrRulePrefix},
		{"ge shorter than the prefix", Rule{Prefix: pfx("192.0.2.0/24"), Ge: 23}, ErrRuleRange},
		{"le shorter than the prefix", Rule{Prefix: pfx("192.0.2.0/24"), Le: 23}, ErrRuleRange},
		{"le below ge", Rule{Prefix: pfx("192.0.2.0/24"), Ge: 28, Le: 27}, ErrRuleRange},
		{"le past a host", Rule{Prefix: pfx("192.0.2.0/24"), Le: 33}, ErrRuleRange},
		{"ge past a host", Rule{Prefix: pfx("192.0.2.0/24"), Ge: 33}, ErrRuleRange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewFilter([]Rule{tt.rule}); !errors.Is(err, tt.want) {
				t.Errorf("NewFilter(%+v): %v, want %v", tt.rule, err, tt.want)
			}
		})
	}
}

func TestPolicyAdmit(t *testing.T) {
	deny, err := NewFilter([]Rule{{Prefix: pfx("198.51.100.0/24"), Le: 32}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		policy Policy
		route  string
		want   Reason
	}{
		{"all", Policy{}, "10.0.0.0/8", Accepted},
		{"filtered", Policy{Filter: deny}, "198.51.100.0/25", Filtered},
		{"not filtered", Policy{Filter: deny}, "198.51.0.0/16", Accepted},
		{"default denied", Policy{Default: DefaultDeny}, "0.0.0.0/0", DefaultRefused},
		{"another when the default is denied", Policy{Default: DefaultDeny}, "0.0.0.0/1", Accepted},
		{"the default only", Policy{Default: DefaultOnly}, "0.0.0.0/0", Accepted},
		{"another when the default only", Policy{Default: DefaultOnly}, "8.0.0.0/8", NotDefault},
		{"non-global", Policy{NonGlobal: true}, "10.1.0.0/16", NonGlobal},
		{"default covers more than what is non-global", Policy{NonGlobal: true}, "0.0.0.0/0", Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.policy.Admit(prefix4(tt.route), 12); got != tt.want {
				t.Errorf("Admit(%s) = %v, want %v", tt.route, got, tt.want)
			}
		})
	}
}

// nonGlobal lists the blocks that are not globally reachable (RFC 6890 and the
// IANA registry), and single addresses in them that are.
var (
	nonGlobal = []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "224.0.0.0/3",
	}
	globalInside = []string{"192.0.0.9/32", "192.0.0.10/32"}
)

// TestPrefixNonGlobal asks for the prefixes of every length at the ends of each
// block, beside it, and anywhere.
func TestPrefixNonGlobal(t *testing.T) {
	rng := rand.New(rand.NewPCG(68, 90))
	var addrs []uint32
	for _, s := range append(nonGlobal, globalInside...) {
		p := prefix4(s)
		addrs = append(addrs, p.Addr, p.Last(), p.Addr-1, p.Last()+1, p.Addr+rng.Uint32N(1+p.Last()-p.Addr))
	}
	for range 2000 {
		addrs = append(addrs, rng.Uint32())
	}
	for _, addr := range addrs {
		for bits := range uint8(33) {
			p := Prefix{addr, bits}.Masked()
			want := false
			for _, s := range nonGlobal {
				want = want || prefix4(s).Covers(p)
			}
			for _, s := range globalInside {
				want = want && p != prefix4(s)
			}
			if got := PrefixNonGlobal(p); got != want {
				t.Fatalf("PrefixNonGlobal(%v) = %v", p, got)
			}
		}
	}
}
