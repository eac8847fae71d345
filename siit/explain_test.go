package siit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"taygo/translate"
	"taygo/translate/wire"
)

// line is an explanation in one line.
func line(e Explanation) string {
	to, back := "nothing", ""
	if e.To.IsValid() {
		to = e.To.String()
	}
	if e.Back != e.Addr && e.To.IsValid() {
		back = fmt.Sprintf(" (back: %v)", e.Back)
	}
	s := fmt.Sprintf("%v: %s%s: %s [%s]", e.Addr, to, back, e.Rule, e.RFC)
	if e.Note != "" {
		s += " " + e.Note
	}
	return s
}

// TestExplain: the words name the rule as the configuration writes it, the clause
// behind it, and what an operator will trip over.
func TestExplain(t *testing.T) {
	m := mapperOf(t, "64:ff9b::/96", "100.0.0.0/30 2001:db8:c::/126", "8.8.4.4/32 2001:db8:d::/64", "100.0.0.2/32 2001:db8:e::1/128", "9.0.0.0/8 2001:db8:ff00::/40")
	m.Strict = true
	m.Denied = NewRanges([]netip.Prefix{netip.MustParsePrefix("8.8.8.0/24")})
	simple := *m
	simple.Hairpin = Simple
	none := mapperOf(t, "", "100.0.0.1/32 2001:db8:c::1/128")
	const (
		byMap6, byMap4  = "[RFC 7757 §3.3.1]", "[RFC 7757 §3.3.2]"
		byPrefix        = "prefix 64:ff9b::/96 [RFC 6052 §2.2]"
		notSymmetric    = " not symmetric: replies come from another address (RFC 7757 §5)"
		noRouterForward = "nothing: no router may forward to the destination address [RFC 1812 §5.3.7, RFC 7915 §5.1, RFC 6052 §5]"
	)
	for _, tt := range []struct {
		m    *Mapper
		want string
	}{
		{m, "100.0.0.1: 2001:db8:c::1: map 100.0.0.0/30 2001:db8:c::/126 " + byMap6},
		{m, "2001:db8:c::1: 100.0.0.1: map 100.0.0.0/30 2001:db8:c::/126 " + byMap4},
		{m, "2001:db8:c::2: 100.0.0.2 (back: 2001:db8:e::1): map 100.0.0.0/30 2001:db8:c::/126 " + byMap4 + notSymmetric},
		{m, "2001:db8:d::5: 8.8.4.4 (back: 2001:db8:d::): map 8.8.4.4/32 2001:db8:d::/64 " + byMap4 + notSymmetric},
		{m, "9.9.9.9: 2001:db8:ff09:909::: map 9.0.0.0/8 2001:db8:ff00::/40 " + byMap6},
		{m, "1.2.3.4: 64:ff9b::102:304: " + byPrefix},
		{m, "64:ff9b::102:304: 1.2.3.4: " + byPrefix},
		{m, "64:ff9b::6400:1: 100.0.0.1 (back: 2001:db8:c::1): " + byPrefix + " as a destination it is hairpinned: the packet goes to 2001:db8:c::1 and stays IPv6 (RFC 7757 §4.2.2)"},
		{&simple, "64:ff9b::6400:1: 100.0.0.1 (back: 2001:db8:c::1): " + byPrefix + notSymmetric},
		{&simple, "100.0.0.1: 2001:db8:c::1: map 100.0.0.0/30 2001:db8:c::/126 " + byMap6 + " as a source it maps by the prefix, because of hairpin simple (RFC 7757 §4.2.1)"},
		{m, "10.0.0.1: nothing: the Well-Known Prefix may not carry the destination address: use a prefix of your own, or wkpf-strict no [RFC 6052 §3.1]"},
		{m, "64:ff9b::a00:1: nothing: the Well-Known Prefix may not carry the destination address: use a prefix of your own, or wkpf-strict no [RFC 6052 §3.1]"},
		{m, "8.8.8.8: nothing: the directive deny-ipv4 excludes the destination address [RFC 6052 §5]"},
		{m, "2001:db8::1: nothing: outside the prefix and every map [RFC 7915 §4.4, §5.4]"},
		{none, "8.8.8.8: nothing: the destination address has no counterpart on the other side [RFC 7915 §4.4, §5.4]"},
		{none, "64:ff9b::808:808: nothing: outside the prefix and every map [RFC 7915 §4.4, §5.4]"},
		{m, "127.0.0.1: " + noRouterForward},
		{m, "169.254.1.1: " + noRouterForward},
		{m, "ff02::1: " + noRouterForward},
		{m, "fe80::1: " + noRouterForward},
	} {
		a, _, _ := strings.Cut(tt.want, ": ")
		if got := line(tt.m.Explain(netip.MustParseAddr(a))); got != tt.want {
			t.Errorf("%s\nwant %s", got, tt.want)
		}
	}
}

// TestExplainAgreesWithMap: what is explained is what happens to a packet that is
// sent to the address.
func TestExplainAgreesWithMap(t *testing.T) {
	maps := []*Mapper{
		mapperOf(t, "64:ff9b::/96", "100.0.0.0/8 2001:db8:c::/104", "0.0.0.0/0 2001:db8:ff00::/40"),
		mapperOf(t, "2001:db8:122:300::/56", "100.0.0.0/8 2001:db8:c::/104", "8.0.0.0/8 2001:db8:122:308::/64"),
		mapperOf(t, "", "100.0.0.0/8 2001:db8:c::/104"),
	}
	maps[0].Strict = true
	maps[1].Denied = NewRanges([]netip.Prefix{netip.MustParsePrefix("128.0.0.0/2")})
	bases := []string{"::", "64:ff9b::", "2001:db8:c::", "2001:db8:ff00::", "2001:db8:122:300::", "fe80::", "ff0e::"}
	rng := rand.New(rand.NewPCG(8, 9))
	mapped := 0
	for i := range 40_000 {
		m := maps[i%len(maps)]
		a := addr4(rng.Uint32())
		peer := "2001:db8:c::1"
		if i%2 == 0 {
			x := wire.AddrFrom(netip.MustParseAddr(bases[rng.IntN(len(bases))]))
			x.Hi, x.Lo = x.Hi|rng.Uint64()>>(24+rng.UintN(40)), x.Lo|rng.Uint64()>>rng.UintN(64)
			if a = x.Netip(); a.Is4() {
				continue
			}
		} else {
			peer = "100.0.0.1"
		}
		e := m.Explain(a)
		p := dataPacket(peer, a.String(), 0)
		v := m.Map(p)
		if wire.IllegalSource6(wire.AddrFrom(a)) && a.Is6() || a.Is4() && wire.IllegalDestination4(v4(a)) {
			v = translate.IllegalDestination // the Translator asks no Mapper about those
		}
		if (v == translate.Translated) != e.To.IsValid() || v == translate.Translated && p.To.Dst != wire.AddrFrom(e.To) {
			t.Fatalf("%s\nbut a packet to it: %s", line(e), outcome(v, p))
		}
		if v == translate.Translated {
			mapped++
		} else if v != translate.DestinationUnmapped && !strings.HasPrefix(e.Rule, v.What()) {
			t.Fatalf("%s\nbut a packet to it: %v", line(e), v)
		}
	}
	if mapped < 10_000 {
		t.Errorf("only %d addresses are mapped", mapped)
	}
}
