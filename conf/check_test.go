package conf

import "testing"

func TestMissing(t *testing.T) {
	const (
		noIPv4   = "f: ipv4-addr: is missing: add it, with an IPv4 address that no host has"
		noPrefix = "f: prefix: is missing, and there is no map either, so nothing can be translated: add prefix or map"
		noIPv6   = "f: ipv6-addr: is missing, and without prefix it cannot be made of ipv4-addr: add it, with an IPv6 address that no host has, or add prefix"
	)
	for _, tt := range []struct{ name, text, message string }{
		{"empty file", "", noIPv4 + "\n" + noPrefix},
		{"nothing but comments", "# ipv4-addr 192.0.2.1\n#prefix 2001:db8::/96", noIPv4 + "\n" + noPrefix},
		{"no ipv4-addr", "prefix 2001:db8::/96", noIPv4},
		{"neither prefix nor map", "ipv4-addr 192.0.2.1", noPrefix},
		{"neither, even with ipv6-addr", "ipv4-addr 192.0.2.1\nipv6-addr 2001:db8::1", noPrefix},
		{"no prefix to make ipv6-addr of", "ipv4-addr 192.0.2.1\nmap 192.0.2.2 2001:db8::2", noIPv6},
		{"the whole file comes before its lines", "tos x\nprefix 2001:db8::/96", noIPv4 + "\n" + `f:1: tos: "x" is neither copy nor a number: write copy or a number from 0 to 255`},
		{"wrong is not missing", "ipv4-addr 127.0.0.1\nprefix 2001:db8::/96", "f:1: ipv4-addr: 127.0.0.1 lies in 127.0.0.0/8, which is loopback: write one outside 127.0.0.0/8"},
		{"misspelt is not missing", "ipv4-adr 192.0.2.1\nprefix 2001:db8::/96", `f:1: unknown directive "ipv4-adr": write ipv4-addr`},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.text, tt.message) })
	}
	c := parse(t, "ipv4-addr 192.0.2.1\nipv6-addr 2001:db8::1\nmap 192.0.2.2 2001:db8::2")
	if c.Prefix.IsValid() {
		t.Errorf("maps alone have prefix %v", c.Prefix)
	}
}

func TestWKPStrict(t *testing.T) {
	const do = ": write an ipv6-addr outside 64:ff9b::/96, or wkpf-strict no"
	runBad(t, []bad{
		{
			"ipv6-addr holds a private address", "ipv6-addr 64:ff9b::10.0.0.1",
			"f:3: ipv6-addr: 64:ff9b::a00:1 holds 10.0.0.1, which is private, not global (RFC 6052 §3.1)" + do,
		},
		{
			"ipv6-addr holds loopback", "ipv6-addr 64:ff9b::127.0.0.1",
			"f:3: ipv6-addr: 64:ff9b::7f00:1 holds 127.0.0.1, which is loopback, not global (RFC 6052 §3.1)" + do,
		},
		{
			"a bad wkpf-strict is not taken for strict", "prefix 64:ff9b::/96\nipv4-addr 10.0.0.1\nwkpf-strict maybe",
			`f:5: wkpf-strict: "maybe" is neither yes nor no: write yes or no`,
		},
		{
			"nor is a misspelt one", "prefix 64:ff9b::/96\nipv4-addr 10.0.0.1\nwkpf-strct no",
			`f:5: unknown directive "wkpf-strct": write wkpf-strict`,
		},
		{
			"nor one on a line that is too long", "prefix 64:ff9b::/96\nipv4-addr 10.0.0.1\n" + pad("wkpf-strict no", 511),
			"f:5: longer than 510 bytes, newline and comment included: break it in two",
		},
	})
	for _, lines := range []string{
		"prefix 64:ff9b::/96\nipv4-addr 192.168.255.1\nwkpf-strict no",
		"prefix 64:ff9b::/96\nipv4-addr 192.168.255.1\nipv6-addr 2001:db8::1",
		"prefix 64:ff9b:1:ffff::/96\nipv4-addr 192.168.255.1",
		"prefix 64:ff9b::/96\nipv4-addr 192.0.0.2\nmap 192.0.0.1 2001:db8::464", // clatd's
		"prefix 64:ff9b::/96\nipv4-addr 192.88.99.1",
		"ipv6-addr 64:ff9b::10.0.0.1\nwkpf-strict no",
	} {
		parse(t, file(lines))
	}
}

// TestOwnAddressOutsideWKP: a configuration with the well-known prefix and a
// private own address starts, and says which own IPv6 address it gets.
func TestOwnAddressOutsideWKP(t *testing.T) {
	const made = ", not global, so the ipv6-addr made of it lies in 64:ff9b:1::/96, not in prefix 64:ff9b::/96 (RFC 6052 §3.1, RFC 8215): write an ipv6-addr of your own"
	for addr, what := range map[string]string{"192.168.255.1": "private", "100.64.0.1": "shared address space"} {
		c := parse(t, "prefix 64:ff9b::/96\nipv4-addr "+addr)
		if got, want := Errors(c.Warnings).Error(), "f:2: ipv4-addr: "+addr+" is "+what+made; got != want {
			t.Errorf("warning %q, want %q", got, want)
		}
	}
	for _, quiet := range []string{"ipv4-addr 192.0.0.2", "ipv4-addr 10.0.0.1\nwkpf-strict no", "ipv4-addr 10.0.0.1\nipv6-addr 2001:db8::1"} {
		if c := parse(t, "prefix 64:ff9b::/96\n"+quiet); len(c.Warnings) > 0 {
			t.Errorf("%q warns: %v", quiet, c.Warnings)
		}
	}
}

func TestLastWins(t *testing.T) {
	runGood(t, []good{
		{
			"wkpf-strict", "wkpf-strict no\nwkpf-strict yes", func(*Config) {},
			"f:4: wkpf-strict: given again after line 3, and the last one counts: remove one",
		},
		{
			"udp-cksum-mode", "udp-cksum-mode drop\nudp-cksum-mode calc", func(c *Config) { c.UDPChecksum = UDPChecksumCalc },
			"f:4: udp-cksum-mode: given again after line 3, and the last one counts: remove one",
		},
	})
}
