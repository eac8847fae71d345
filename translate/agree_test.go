package translate_test

import (
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
)

func addrs(list ...string) (all []netip.Addr) {
	for _, s := range list {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

// testAddresses are where generated packets come from and go to.
var testAddresses = pkttest.Addresses{
	Mapped: addrs("198.51.100.10", "198.51.100.11", "198.51.100.77", "2001:db8:1::10", "2001:db8:1::11",
		"2001:db8:2:0:d000::", "2001:db8:64::198.51.100.10", "2001:db8:64::198.51.100.11"),
	Embedded: addrs("203.0.113.5", "203.0.113.77", "240.0.0.5", "8.8.8.8", "2001:db8:64::203.0.113.5", "2001:db8:64::203.0.113.77", "2001:db8:64::240.0.0.5"),
	Unmapped: addrs("2001:db8:ffff::1", "2001:db8:1::1", "192.0.2.1", "2001:db8:64::192.0.2.1"),
	Martian: addrs("127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.1", "255.255.255.255", "10.1.2.3",
		"fe80::1", "ff02::1", "2001:db8:64::127.0.0.1", "2001:db8:64::169.254.0.9", "2001:db8:64::10.1.2.3"),
}

// testConfigs are the configurations under which translator and oracle are
// compared.
func testConfigs() map[string]*oracle.Config {
	base := oracle.Config{
		Prefix: netip.MustParsePrefix("2001:db8:64::/96"),
		Own4:   netip.MustParseAddr("192.0.2.1"), Own6: netip.MustParseAddr("2001:db8:1::1"),
		EAM: []oracle.Pair{
			{V4: netip.MustParsePrefix("198.51.100.10/32"), V6: netip.MustParsePrefix("2001:db8:1::10/128")},
			{V4: netip.MustParsePrefix("198.51.100.11/32"), V6: netip.MustParsePrefix("2001:db8:1::11/128")},
			{V4: netip.MustParsePrefix("198.51.100.64/28"), V6: netip.MustParsePrefix("2001:db8:2::/64")},
		},
		MTU4: 1480, MTU6: 1500, LowestIPv6MTU: 1280,
		UDPZero: "drop", Hairpin: "intrinsic", TrafficClass: -1, TOS: -1,
		ClassE: true, Plateaus: plateaus, ExtensionHeaders: 8,
	}
	with := func(change func(*oracle.Config)) *oracle.Config {
		c := base
		change(&c)
		return &c
	}
	return map[string]*oracle.Config{
		"base":     &base,
		"compute":  with(func(c *oracle.Config) { c.UDPZero, c.Hairpin, c.TOS, c.TrafficClass = "compute", "off", 0x28, 0 }),
		"forward":  with(func(c *oracle.Config) { c.UDPZero, c.Hairpin, c.InterfaceInfo = "forward", "simple", true }),
		"jumbo":    with(func(c *oracle.Config) { c.MTU4, c.MTU6, c.LowestIPv6MTU = 8980, 9000, 1400 }),
		"small":    with(func(c *oracle.Config) { c.MTU4, c.MTU6, c.ClassE, c.ExtensionHeaders = 576, 1280, false, 2 }),
		"deny":     with(func(c *oracle.Config) { c.DenyIPv4 = []netip.Prefix{netip.MustParsePrefix("203.0.113.64/26")} }),
		"wkp":      with(func(c *oracle.Config) { c.Prefix, c.WKPFStrict = netip.MustParsePrefix("64:ff9b::/96"), true }),
		"prefix64": with(func(c *oracle.Config) { c.Prefix = netip.MustParsePrefix("2001:db8:122:344::/64") }),
		"mapsonly": with(func(c *oracle.Config) { c.Prefix = netip.Prefix{} }),
	}
}

// compare translates pkt both ways and reports a difference.
func compare(t *testing.T, s *subject, c *oracle.Config, pkt []byte) {
	t.Helper()
	want := oracle.Translate(c, pkt)
	v, got := s.send(pkt)
	if agreed(want, got) || permitted(v, &s.Packet().Quoted) {
		return
	}
	t.Errorf("%v, oracle says %s (%s)\n  in %s", v, want.Kind, want.Why, hex.EncodeToString(pkt[:min(len(pkt), 300)]))
	for _, p := range got {
		t.Errorf(" got %s", hex.EncodeToString(p[:min(len(p), 300)]))
	}
	for _, p := range want.Packets {
		t.Errorf("want %s", hex.EncodeToString(p[:min(len(p), 300)]))
	}
}

func agreed(want oracle.Outcome, got [][]byte) bool {
	if len(got) != len(want.Packets) {
		return false
	}
	for i, w := range want.Packets {
		if !equalBut(got[i], w, want.Free[i]) {
			return false
		}
	}
	return true
}

// permitted reports a difference that is meant: an error about a fragment of an
// ICMP message, which the oracle drops, as it drops such fragments, is
// translated, because the translator itself makes such fragments of a ping.
func permitted(v translate.Verdict, q *translate.Header) bool {
	icmp := !q.V6 && q.Proto == 1 || q.V6 && q.Proto == 58
	return v.Sent() && icmp && (q.More || q.Offset != 0)
}

// runs is how many packets a property test tries.
func runs(n int) int {
	if os.Getenv("TAYGO_LONG") != "" {
		return 1_000_000
	}
	if testing.Short() {
		return n / 10
	}
	return n
}

// TestAgreesWithOracle compares the translator with an independent one, on
// well-formed and on broken packets.
func TestAgreesWithOracle(t *testing.T) {
	for name, c := range testConfigs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSubject(t, c)
			gen := pkttest.NewGen(uint64(len(name))<<32|7, addressesIn(c))
			for i := range runs(6000) {
				pkt := gen.Packet()
				if i%3 == 0 {
					pkt = gen.Mutate(pkt)
				}
				compare(t, s, c, pkt)
				if t.Failed() {
					t.Fatalf("packet %d", i)
				}
			}
		})
	}
}

// addressesIn returns the test addresses, moved under the prefix of c.
func addressesIn(c *oracle.Config) pkttest.Addresses {
	move := func(list []netip.Addr) (all []netip.Addr) {
		for _, a := range list {
			s := a.String()
			if rest, ok := strings.CutPrefix(s, "2001:db8:64::"); ok && c.Prefix.Bits() == 96 {
				prefix, _ := strings.CutSuffix(c.Prefix.Addr().String(), "::")
				a = netip.MustParseAddr(prefix + "::" + rest)
			}
			all = append(all, a)
		}
		return all
	}
	a := testAddresses
	a.Mapped, a.Embedded, a.Martian = move(a.Mapped), move(a.Embedded), move(a.Martian)
	if c.Prefix.Bits() == 64 {
		a.Embedded = append(a.Embedded, addrs("2001:db8:122:344:cb:71:500::", "2001:db8:122:344:c6:3364:a00::")...)
	}
	return a
}

// FuzzTranslate holds the translator to the oracle, and what it puts out to the
// checker.
func FuzzTranslate(f *testing.F) {
	configs := testConfigs()
	names := []string{"base", "compute", "forward", "small", "wkp", "prefix64", "mapsonly"}
	gen := pkttest.NewGen(1, testAddresses)
	for i := range 200 {
		f.Add(uint8(i), append([]byte(nil), gen.Packet()...))
	}
	subjects := make([]*subject, len(names))
	for i, name := range names {
		subjects[i] = newSubject(f, configs[name])
	}
	f.Fuzz(func(t *testing.T, which uint8, pkt []byte) {
		i := int(which) % len(names)
		compare(t, subjects[i], configs[names[i]], pkt)
	})
}
