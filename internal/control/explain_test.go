package control

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestAFlowIsExplained(t *testing.T) {
	flow := Flow{"tcp", netip.MustParseAddrPort("[2001:db8::1]:4000"), netip.MustParseAddrPort("[64:ff9b::cb00:7105]:80")}
	want := FlowExplanation{
		Mode: Stateful, Verdict: "translated", Src: netip.MustParseAddrPort("192.0.2.2:5000"),
		Dst: netip.MustParseAddrPort("203.0.113.5:80"), Binding: "dynamic", State: "ESTABLISHED", Left: time.Hour, Rule: "there is a session",
	}
	var asked Flow
	c := serve(t, &Server{ExplainFlow: func(f Flow) FlowExplanation { asked = f; return want }})
	if got, err := c.ExplainFlow(t.Context(), flow); err != nil || got != want || asked != flow {
		t.Errorf("asked %v, told %+v, %v", asked, got, err)
	}
}

func TestFlowsThatCannotBe(t *testing.T) {
	for _, c := range []struct{ proto, src, dst, want string }{
		{"sctp", "192.0.2.1:1", "192.0.2.2:2", "write tcp, udp or icmp"},
		{"tcp", "192.0.2.1", "192.0.2.2:2", "write one like 192.0.2.1:80"},
		{"tcp", "192.0.2.1:1", "2001:db8::1", "write one like 192.0.2.1:80"},
		{"tcp", "192.0.2.1:1", "[2001:db8::1]:2", "not of one family"},
		{"udp", "[fe80::1%eth0]:1", "[2001:db8::1]:2", "write one like"},
		{"udp", "[::ffff:192.0.2.1]:1", "192.0.2.1:2", "write one like"},
		{"6", "192.0.2.1", "192.0.2.2", "protocol 6 has ports: write tcp, udp or icmp"},
		{"47", "192.0.2.1:1", "192.0.2.2", "an address without a port"},
		{"256", "192.0.2.1", "192.0.2.2", "write tcp, udp or icmp"},
	} {
		if _, err := ParseFlow(c.proto, c.src, c.dst); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s %s: %v", c.proto, c.src, c.dst, err)
		}
	}
	c := serve(t, &Server{})
	flow := Flow{"tcp", netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")}
	if _, err := c.ExplainFlow(t.Context(), flow); err == nil || !strings.Contains(err.Error(), "nothing is translated") {
		t.Errorf("where nothing is translated: %v", err)
	}
}
