package oracle

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
)

// A ruleCase is a packet, its outcome, and what stands at some offsets of the
// first packet that comes out.
type ruleCase struct {
	name  string
	set   func(*Config)
	in    []byte
	kind  string
	sizes []int
	at    map[int]string // offset: hex
}

// runRules also checks that every packet that comes out is well formed.
func runRules(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := siit()
			if tc.set != nil {
				tc.set(c)
			}
			got := Translate(c, tc.in)
			if got.Kind != tc.kind {
				t.Fatalf("%s (%s), want %s; %x", got.Kind, got.Why, tc.kind, got.Packets)
			}
			if len(got.Packets) != len(tc.sizes) {
				t.Fatalf("%d packets, want sizes %v", len(got.Packets), tc.sizes)
			}
			for i, b := range got.Packets {
				if len(b) != tc.sizes[i] {
					t.Errorf("packet %d: %d octets, want %d: %x", i, len(b), tc.sizes[i], b)
				}
				if why := malformed(b); why != "" {
					t.Errorf("packet %d: %s: %x", i, why, b)
				}
			}
			for offset, text := range tc.at {
				want, _ := hex.DecodeString(text)
				if b := got.Packets[0][offset:]; !bytes.HasPrefix(b, want) {
					t.Errorf("at %d: got %x, want %s", offset, b[:min(len(b), len(want))], text)
				}
			}
		})
	}
}

const (
	own4Hex = "c0000201"
	own6Hex = "20010db8000100000000000000000001"
	e6Hex   = "20010db8000100000000000000000010"
	e4Hex   = "c633640a"
	x4Hex   = "cb007105"
	x6Hex   = "20010db80064000000000000cb007105"
)

func wellKnown(c *Config) { c.Prefix = netip.MustParsePrefix("64:ff9b::/96") }

func deny(text string) func(*Config) {
	return func(c *Config) { c.DenyIPv4 = prefixes(text) }
}

func TestLocal(t *testing.T) {
	const own4In6 = "2001:db8:64::c000:201"
	echo4 := icmp4(8, 0, 0x00010002, data(20))
	broken := bytes.Clone(echo4)
	broken[9]++
	echo6 := func(dst string) []byte {
		return v6{src: e6, dst: dst, next: 58, tc: 0xb8}.packet(icmp6(e6, dst, [2]byte{128, 0}, 1, data(20)))
	}
	runRules(t, []ruleCase{
		{
			"an echo request to own4 is answered", nil,
			v4{src: x4, dst: own4, proto: 1, tos: 0xb8, ttl: 1, id: 7, flags: 0x4000}.packet(echo4),
			Reply,
			[]int{48},
			map[int]string{0: "45b800300000000040", 12: own4Hex + x4Hex + "0000", 24: "00010002"},
		},
		{
			"an echo request to own6 is answered", nil, echo6(own6), Reply,
			[]int{68},
			map[int]string{0: "6b800000001c3a40" + own6Hex + e6Hex + "8100"},
		},
		{
			"own4 under the prefix is own", nil, echo6(own4In6), Reply,
			[]int{68},
			map[int]string{8: "20010db80064000000000000" + own4Hex + e6Hex + "8100"},
		},
		{"own4 is not own where the prefix may not hold it", wellKnown, echo6("64:ff9b::c000:201"), Dropped, nil, nil},
		{"a broken echo request is dropped", nil, v4{src: x4, dst: own4, proto: 1}.packet(broken), Dropped, nil, nil},
		{"a fragmented echo request is dropped", nil, v4{src: x4, dst: own4, proto: 1, flags: 0x2000}.packet(icmp4(8, 0, 1, data(8))), Dropped, nil, nil},
		{"an echo request from nowhere is dropped", nil, v4{src: "224.0.0.1", dst: own4, proto: 1}.packet(echo4), Dropped, nil, nil},
		{"an echo reply is dropped", nil, v4{src: x4, dst: own4, proto: 1}.packet(icmp4(0, 0, 1, nil)), Dropped, nil, nil},
		{"an ICMP error is dropped", nil, error4(x4, own4, [2]byte{3, 1}, 0, udp4(own4, x4, 8)), Dropped, nil, nil},
		{"UDP to own4: 3/2", nil, udp4(x4, own4, 8), Reply, []int{64}, map[int]string{1: "00", 8: "4001", 20: "0302", 24: "0000000045"}},
		{"UDP to own6: 4/1, pointer 6", nil, udp6(e6, own6, 8), Reply, []int{104}, map[int]string{40: "0401", 44: "0000000660"}},
		{
			"the error about own4 under the prefix comes from own6", nil, udp6(e6, own4In6, 8),
			Reply,
			[]int{104},
			map[int]string{8: own6Hex},
		},
		{"a later fragment to own4 is dropped", nil, v4{src: x4, dst: own4, proto: 17, flags: 2}.packet(data(8)), Dropped, nil, nil},
		{"a later fragment to own6 is dropped", nil, v6{src: e6, dst: own6, next: 44, extension: fragHeader(17, 16, 1)}.packet(data(8)), Dropped, nil, nil},
	})
}

func TestAddressRules(t *testing.T) {
	noPrefix := func(c *Config) { c.Prefix = netip.Prefix{} }
	pools := func(c *Config) {
		noPrefix(c)
		c.Pool4 = []netip.Addr{netip.MustParseAddr("192.0.2.77")}
		c.Pool6 = []netip.Addr{netip.MustParseAddr("2001:db8:6791::1")}
	}
	noClassE := func(c *Config) { c.ClassE = false }
	ttl := [2]byte{11, 0}
	quote4 := udp4(e4, x4, 20)
	quote4EAM := udp4(e4, f4, 20)
	quote6 := udp6(x6, e6, 20)
	runRules(t, []ruleCase{
		{"denied destination: 1/1", deny("203.0.113.0/24"), udp6(e6, x6, 8), Reply, []int{104}, map[int]string{40: "0101"}},
		{"denied source: 3/13", deny("203.0.113.0/24"), udp4(x4, e4, 8), Reply, []int{64}, map[int]string{20: "030d"}},
		{"denied destination of an echo: silence", deny("203.0.113.0/24"), v6{src: e6, dst: x6, next: 58}.packet(icmp6(e6, x6, [2]byte{128, 0}, 1, nil)), Dropped, nil, nil},
		{"an EAM overrides the denial", deny("198.51.100.0/24"), udp4(x4, e4, 8), Translated, []int{56}, map[int]string{24: e6Hex}},
		{"a denied router speaks through own6", deny("192.0.2.128/25"), error4("192.0.2.129", e4, ttl, 0, quote4), Translated, []int{116}, map[int]string{8: own6Hex}},
		{"an unmapped IPv4 router speaks through the pool", pools, error4("192.0.2.129", e4, ttl, 0, quote4EAM), Translated, []int{116}, map[int]string{8: "20010db8679100000000000000000001"}},
		{"an unmapped IPv6 router speaks through the pool", pools, error6("2001:db8:ffff::9", e6, [2]byte{3, 0}, 0, udp6(e6, f6, 20)), Translated, []int{76}, map[int]string{12: "c000024d"}},
		{"an error from a link-local router is dropped", nil, error6("fe80::1", x6, [2]byte{3, 0}, 0, quote6), Dropped, nil, nil},
		{"an error from an embedded loopback is dropped", nil, error6("2001:db8:64::7f00:1", x6, [2]byte{3, 0}, 0, quote6), Dropped, nil, nil},
		{"data from an embedded loopback is dropped", nil, udp6("2001:db8:64::7f00:1", e6, 8), Dropped, nil, nil},
		{"embedded link-local destination", nil, udp6(e6, "2001:db8:64::a9fe:101", 8), Dropped, nil, nil},
		{"class E may be a source", nil, udp4("240.0.0.1", e4, 8), Translated, []int{56}, nil},
		{"class E may be refused", noClassE, udp4("240.0.0.1", e4, 8), Dropped, nil, nil},
		{"class E refused in IPv6 too", noClassE, udp6("2001:db8:64::f000:1", x6, 8), Dropped, nil, nil},
		{"an error from refused class E passes", noClassE, error4("240.0.0.1", e4, ttl, 0, quote4), Translated, []int{116}, map[int]string{20: "f0000001"}},
		{"an error from loopback under the WKP comes from own6", wellKnown, error4("127.0.0.1", e4, ttl, 0, udp4(e4, "8.8.8.8", 20)), Translated, []int{116}, map[int]string{8: own6Hex}},
		{"no error to an IPv4 link-local source", nil, v4{src: "169.254.1.1", dst: e4, proto: 17, ttl: 1}.packet(udp("169.254.1.1", e4, 8)), Dropped, nil, nil},
		{"globally reachable 192.0.0.9 passes the WKP", wellKnown, udp4("192.0.0.9", e4, 8), Translated, []int{56}, nil},
		{"192.0.0.8 does not", wellKnown, udp4("192.0.0.8", e4, 8), Dropped, nil, nil},
		{"not even a TTL of 0 hides an illegal source", nil, v4{src: "127.0.0.1", dst: e4, proto: 17, ttl: 1}.packet(udp(x4, e4, 8)), Dropped, nil, nil},
		{"without own6 the errors come from own4 under the prefix", func(c *Config) { c.Own6 = netip.Addr{}; deny("203.0.113.0/24")(c) }, udp6(e6, x6, 8), Reply, []int{104}, map[int]string{8: "20010db80064000000000000" + own4Hex}},
		{"without any address an IPv4 router's error is lost", func(c *Config) { noPrefix(c); c.Own4, c.Own6 = netip.Addr{}, netip.Addr{} }, error4("192.0.2.129", e4, ttl, 0, quote4EAM), Dropped, nil, nil},
		{"without any own address there is no error", func(c *Config) { c.Own4 = netip.Addr{}; noPrefix(c) }, udp4(x4, e4, 8), Dropped, nil, nil},
	})
}

func TestHairpinRules(t *testing.T) {
	mode := func(m string) func(*Config) { return func(c *Config) { c.Hairpin = m } }
	const e6InPrefix = "2001:db8:64::c633:640a"
	const f6InPrefix = "2001:db8:64::c633:640b"
	hop := [2]byte{11, 0}
	small := func(c *Config) { c.MTU6 = 1400 }
	global := func(c *Config) {
		wellKnown(c)
		c.EAM = append(c.EAM, Pair{netip.MustParsePrefix("192.0.0.9/32"), netip.MustParsePrefix("2001:db8:2::9/128")})
	}
	runRules(t, []ruleCase{
		{"off: the packet leaves as IPv4", mode("off"), udp6(e6, f6InPrefix, 8), Translated, []int{36}, map[int]string{12: e4Hex + "c633640b"}},
		{"simple: so it does, too", mode("simple"), udp6(e6, f6InPrefix, 8), Translated, []int{36}, nil},
		{"simple: an IPv4 source is never an EAM", mode("simple"), udp4(e4, f4, 8), Translated, []int{56}, map[int]string{8: "20010db80064000000000000" + e4Hex}},
		{
			"simple: the quoted destination is never an EAM", mode("simple"), error4("192.0.2.9", e4, hop, 0, udp4(e4, f4, 8)),
			Translated,
			[]int{104},
			map[int]string{8: "20010db80064000000000000c0000209" + e6Hex, 56: e6Hex + "20010db80064000000000000c633640b"},
		},
		{
			"simple: an error of the quoted destination", mode("simple"), error4(f4, e4, hop, 0, udp4(e4, f4, 8)),
			Translated,
			[]int{104},
			map[int]string{8: "20010db80064000000000000c633640b"},
		},
		{"simple: an error of another mapped host", mode("simple"), error4(f4, e4, hop, 0, udp4(e4, x4, 8)), Translated, []int{104}, map[int]string{8: "20010db8000100000000000000000011"}},
		{"intrinsic: back at once, one hop", nil, udp6(f6, e6InPrefix, 8), Translated, []int{56}, map[int]string{7: "3f20010db80064000000000000c633640b" + e6Hex}},
		{"intrinsic: too big is told to the IPv6 sender", small, udp6(f6, e6InPrefix, 1440), Reply, []int{1280}, map[int]string{8: own6Hex, 40: "0200", 44: "00000578"}},
		{"intrinsic: what is too big for the IPv4 link alone passes", func(c *Config) { c.MTU4 = 1000 }, udp6(f6, e6InPrefix, 1200), Translated, []int{1248}, nil},
		{
			"intrinsic: a fragment is split anew", nil,
			v6{src: f6, dst: e6InPrefix, next: 44, extension: fragHeader(17, 1, 0xabcd1234)}.packet(udp(f6, e6InPrefix, 1400)),
			Translated,
			[]int{1280, 224},
			map[int]string{40: "11000001" + "00001234"},
		},
		{
			"intrinsic: a source denied to the prefix", deny("198.51.100.11/32"), udp6(f6, e6InPrefix, 8),
			Reply,
			[]int{104},
			map[int]string{40: "0101"},
		},
		{"intrinsic: a source that the WKP refuses", global, udp6(f6, "64:ff9b::192.0.0.9", 8), Dropped, nil, nil},
		{"intrinsic: off, it leaves", func(c *Config) { global(c); c.Hairpin = "off" }, udp6(f6, "64:ff9b::192.0.0.9", 8), Translated, []int{36}, nil},
	})
}
