package gateway

import (
	"net/netip"
	"strings"
	"testing"

	"taygo/conf"
	"taygo/internal/control"
)

// TestExplainFlow: what becomes of a flow is what becomes of its packets, also of
// one that turns back to an IPv6 host, or that goes to the translator itself.
func TestExplainFlow(t *testing.T) {
	r := start(t, natConfig+"nat64-static tcp [2001:db8:2::80]:80 192.0.2.2:80\nnat64-static icmp [2001:db8:2::80]:7 192.0.2.2:7\n"+
		"nat64-pool 192.0.2.9\nnat64-dedicated 192.0.2.9 2001:db8:2::9\n", 1)
	const own6in4 = "2001:db8:64::192.0.2.1"
	for _, tt := range []struct{ proto, src, dst, verdict, to string }{
		{"tcp", "[" + ordinary + "]:4000", "[" + far6 + "]:80", "translated", far4 + ":80"},
		{"tcp", "[" + mapped + "]:4000", "[" + far6 + "]:80", "translated", far4 + ":80"},
		{"tcp", "[" + ordinary + "]:4000", "[" + pool6 + "]:80", "translated", "[2001:db8:2::80]:80"},
		{"tcp", "[" + mapped + "]:4000", "[" + pool6 + "]:80", "translated", "[2001:db8:2::80]:80"},
		{"tcp", "[" + mapped + "]:4000", "[" + pool6 + "]:81", "syn_stored", ""},
		{"udp", "[" + ordinary + "]:4000", "[" + pool6 + "]:81", "no_binding", ""},
		{"icmp", "[2001:db8:2::80]:7", "[" + pool6 + "]:7", "translated", "[2001:db8:2::80]:7"},
		{"tcp", "[" + ordinary + "]:4000", "[2001:db8:64::198.51.100.10]:80", "translated", "[" + mapped + "]:80"},
		{"tcp", "[" + ordinary + "]:4000", "[" + own6in4 + "]:80", "own_protocol", ""},
		{"icmp", "[" + ordinary + "]:4000", "[" + own6in4 + "]:4000", "answered", ""},
		{"tcp", "[" + ordinary + "]:4000", "[2001:db8:1::1]:80", "own_protocol", ""},
		{"tcp", "[" + ordinary + "]:4000", "[2001:db8:9::1]:80", "destination_unmapped", ""},
		{"tcp", "[" + ordinary + "]:4000", "[ff02::1]:80", "illegal_destination", ""},
		{"tcp", "[" + ordinary + "]:4000", "[2001:db8:64::127.0.0.1]:80", "illegal_destination", ""},
		{"tcp", "[ff02::1]:4000", "[" + far6 + "]:80", "illegal_source", ""},
		{"tcp", "[::]:4000", "[" + far6 + "]:80", "illegal_source", ""},
		{"udp", "0.0.0.0:53", "192.0.2.2:80", "illegal_source", ""},
		{"udp", far4 + ":53", "192.0.2.1:80", "own_protocol", ""},
		{"icmp", far4 + ":53", "192.0.2.1:53", "answered", ""},
		{"udp", far4 + ":53", "192.0.2.2:80", "no_binding", ""},
		{"tcp", far4 + ":53", "192.0.2.2:80", "translated", "[2001:db8:2::80]:80"},
		{"tcp", far4 + ":53", "192.0.2.77:80", "destination_unmapped", ""},
		{"tcp", far4 + ":53", "198.51.100.10:80", "translated", "[" + mapped + "]:80"},
		{"47", ordinary, far6, "stateless_only", ""},
		{"47", far4, pool4, "stateless_only", ""},
		{"47", "2001:db8:2::9", far6, "translated", far4 + ":0"},
		{"47", far4, "192.0.2.9", "translated", "[2001:db8:2::9]:0"},
		{"47", mapped, far6, "translated", far4 + ":0"},
	} {
		f, err := control.ParseFlow(tt.proto, tt.src, tt.dst)
		if err != nil {
			t.Fatal(err)
		}
		e := r.ExplainFlow(f)
		to := ""
		if e.Dst.IsValid() {
			to = e.Dst.String()
		}
		if e.Verdict != tt.verdict || to != tt.to || e.Rule == "" {
			t.Errorf("%s %s to %s: %+v, want %s, to %s", tt.proto, tt.src, tt.dst, e, tt.verdict, tt.to)
		}
	}
}

// TestExplainFlowToOwnAddressOfThePool: one address for both, of which the
// translator has only the pings.
func TestExplainFlowToOwnAddressOfThePool(t *testing.T) {
	r := start(t, baseConfig+"nat64-pool 192.0.2.1\n", 1)
	for proto, want := range map[string]string{"udp": "no_binding", "icmp": "answered"} {
		f, err := control.ParseFlow(proto, far4+":53", "192.0.2.1:53")
		if err != nil {
			t.Fatal(err)
		}
		if e := r.ExplainFlow(f); e.Verdict != want {
			t.Errorf("%s: %+v, want %s", proto, e, want)
		}
	}
}

// TestExplainAddressOfAPool: by the lines that say something about it.
func TestExplainAddressOfAPool(t *testing.T) {
	c, err := conf.Parse("f", strings.NewReader(natConfig+
		"nat64-pool 192.0.2.9\nnat64-dedicated 192.0.2.9 2001:db8:2::9\nnat64-static tcp [2001:db8:2::80]:80-89 192.0.2.2:8080-8089\n"))
	if err != nil {
		t.Fatal(err)
	}
	const static = "; nat64-static tcp [2001:db8:2::80]:80 192.0.2.2:8080, 10 ports"
	for _, tt := range []struct {
		addr, to, rule string
		stateful       bool
	}{
		{ordinary, "invalid IP", "no map has it: stateful NAT64 gives it ports of a nat64-pool address, by its sessions", true},
		{"2001:db8:2::80", "invalid IP", "no map has it: stateful NAT64 gives it ports of a nat64-pool address, by its sessions" + static, true},
		{pool4, "invalid IP", "an address of the nat64-pool 192.0.2.2/32, which IPv6 hosts without a map share" + static, true},
		{"2001:db8:2::9", "192.0.2.9", "nat64-dedicated 192.0.2.9 2001:db8:2::9", false},
		{"192.0.2.9", "2001:db8:2::9", "nat64-dedicated 192.0.2.9 2001:db8:2::9", false},
		{mapped, "198.51.100.10", "map 198.51.100.10/32 2001:db8:1::10/128", false},
		{"ff02::1", "invalid IP", "no router may forward to the destination address", false},
		{"fe80::1", "invalid IP", "no router may forward to the destination address", false},
	} {
		all, err := Explain(c, []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(tt.addr), 0)})
		if err != nil {
			t.Fatal(err)
		}
		if e := all[0]; e.To.String() != tt.to || e.Rule != tt.rule || e.Stateful != tt.stateful {
			t.Errorf("%s: %+v, want %s by %s", tt.addr, e, tt.to, tt.rule)
		}
	}
}

// TestExplainDeterministic: by its address alone a host has its ports, and by its
// port a transport address its prefix (RFC 7422 §2).
func TestExplainDeterministic(t *testing.T) {
	c, err := conf.Parse("f", strings.NewReader(natConfig+"nat64-deterministic 2001:db8:2::/48 56 64\n"))
	if err != nil {
		t.Fatal(err)
	}
	for end, want := range map[string]string{
		"[2001:db8:2:300::20]:0": "; nat64-deterministic: ports 1216-1279 of 192.0.2.2",
		"192.0.2.2:1216":         "; nat64-deterministic: port 1216 is of 2001:db8:2:300::/56",
		"192.0.2.2:1279":         "; nat64-deterministic: port 1279 is of 2001:db8:2:300::/56",
		"192.0.2.2:1280":         "; nat64-deterministic: port 1280 is of 2001:db8:2:400::/56",
		"192.0.2.2:1023":         "; nat64-deterministic: port 1023 is of no certain prefix",
		"192.0.2.2:0":            ", which IPv6 hosts without a map share",
		"[2001:db8:9::1]:0":      ", by its sessions",
	} {
		all, err := Explain(c, []netip.AddrPort{netip.MustParseAddrPort(end)})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(all[0].Rule, want) {
			t.Errorf("%s: %s", end, all[0].Rule)
		}
	}
}
