package oracle

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// zeroed is a datagram of 8 octets without checksum that claims the given UDP
// length.
func zeroed(length int) []byte {
	b := udp(e4, x4, 8)
	b[6], b[7] = 0, 0
	binary.BigEndian.PutUint16(b[4:], uint16(length))
	return b
}

func TestUDPZeroChecksum(t *testing.T) {
	mode := func(m string) func(*Config) { return func(c *Config) { c.UDPZero = m } }
	whole := v4{src: x4, dst: e4, proto: 17}
	whole6 := v6{src: e6, dst: x6, next: 17}
	first6 := v6{src: e6, dst: x6, next: 44, extension: fragHeader(17, 1, 5)}
	atomic6 := v6{src: e6, dst: x6, next: 44, extension: fragHeader(17, 0, 5)}
	right := func(length int) string { // of zeroed(length) from x6 to e6 or from e4 to x4
		b := zeroed(length)[:length]
		sum := ^onesSum(slices.Concat(pseudo(x6, e6, 17, length), b))
		return fmt.Sprintf("%04x", sum)
	}
	runRules(t, []ruleCase{
		{"drop", mode("drop"), whole.packet(zeroed(16)), Dropped, nil, nil},
		{"drop, 6 to 4", mode("drop"), whole6.packet(zeroed(16)), Dropped, nil, nil},
		{"forward", mode("forward"), whole.packet(zeroed(16)), Translated, []int{56}, map[int]string{46: "0000"}},
		{"forward, 6 to 4", mode("forward"), whole6.packet(zeroed(16)), Translated, []int{36}, map[int]string{26: "0000"}},
		{"compute", nil, whole.packet(zeroed(16)), Translated, []int{56}, map[int]string{46: right(16)}},
		{"compute over the UDP length alone", nil, whole.packet(zeroed(12)), Translated, []int{56}, map[int]string{46: right(12)}},
		{"no computing past the packet", nil, whole.packet(zeroed(17)), Dropped, nil, nil},
		{"no computing of half a header", nil, whole.packet(zeroed(7)), Dropped, nil, nil},
		{"no computing past the packet, 6 to 4", nil, whole6.packet(zeroed(17)), Dropped, nil, nil},
		{"an atomic fragment is whole", nil, atomic6.packet(zeroed(16)), Translated, []int{36}, nil},
		{"first fragment in mode forward", mode("forward"), v4{src: x4, dst: e4, proto: 17, flags: 0x2000}.packet(zeroed(64)), Dropped, nil, nil},
		{"first fragment in mode forward, 6 to 4", mode("forward"), first6.packet(zeroed(64)), Dropped, nil, nil},
		{"later fragment", mode("drop"), v4{src: x4, dst: e4, proto: 17, flags: 2}.packet(make([]byte, 16)), Translated, []int{64}, nil},
		{"it goes before the address mapping", deny("203.0.113.0/24"), v4{src: x4, dst: e4, proto: 17}.packet(zeroed(17)), Dropped, nil, nil},
	})
}

func TestSizeRules(t *testing.T) {
	df := v4{src: x4, dst: e4, proto: 17, flags: 0x4000}
	small4 := func(c *Config) { c.MTU4 = 400 }
	wide := func(c *Config) { c.LowestIPv6MTU, c.MTU6 = 1500, 1400 }
	options := df
	options.options = slices.Repeat([]byte{1}, 40)
	laterDF := v4{src: x4, dst: e4, proto: 17, flags: 0x4000 | 100}
	later6 := v6{src: e6, dst: x6, next: 44, extension: fragHeader(17, 6400|1, 5)}
	runRules(t, []ruleCase{
		{"DF, options: the real size counts", nil, options.packet(udp(x4, e4, 1452)), Translated, []int{1500}, nil},
		{"DF, options: one too many", nil, options.packet(udp(x4, e4, 1453)), Reply, []int{576}, map[int]string{20: "0304", 24: "000005c84f"}},
		{"no error about a later fragment", nil, laterDF.packet(data(1456)), Dropped, nil, nil},
		{"IPv6 later fragment too big: 2/0", nil, later6.packet(data(1488)), Reply, []int{1280}, map[int]string{40: "0200", 44: "000005f0"}},
		{
			"small IPv4 link: an ICMPv4 error is split", small4, error6(e6, x6, [2]byte{3, 0}, 0, udp6(x6, e6, 1100)),
			Translated,
			[]int{396, 200},
			map[int]string{6: "2000"},
		},
		{"small IPv4 link: 2/0 tells no less than 1280", small4, udp6(e6, x6, 1300), Reply, []int{1280}, map[int]string{44: "00000500"}},
		{"1281 is told", small4, udp6(e6, x6, 1233), Reply, []int{1280}, map[int]string{40: "0200"}},
		{"lowest-ipv6-mtu above the MTU", wide, udp4(x4, e4, 1400), Translated, []int{1400, 104}, nil},
		{"exactly 1280 is split", small4, udp6(e6, x6, 1232), Translated, []int{396, 396, 396, 132}, nil},
	})
}

// TestFreeRangesOfPieces: the free Identification of a quote is in the first
// piece alone, each piece's own in each.
func TestFreeRangesOfPieces(t *testing.T) {
	c := siit()
	c.MTU4 = 400
	got := Translate(c, error6(e6, x6, [2]byte{3, 0}, 0, udp6(x6, e6, 1100)))
	own, quoted := [][2]int{{4, 2}, {10, 2}}, [][2]int{{32, 2}, {38, 2}, {22, 2}}
	if want := [][][2]int{slices.Concat(own, quoted), own}; !reflect.DeepEqual(got.Free, want) {
		t.Errorf("free %v, want %v", got.Free, want)
	}
}

func TestHeaderRules(t *testing.T) {
	chain := func(n int) []byte { // n destination options headers before UDP
		b := slices.Repeat([]byte{60, 0, 1, 4, 0, 0, 0, 0}, n)
		b[len(b)-8] = 17
		return b
	}
	nine := func(c *Config) { c.ExtensionHeaders = 9 }
	tcpLater := data(24)
	routed := v4{src: x4, dst: e4, proto: 17, options: []byte{131, 2, 1, 0}}
	garbled := v4{src: x4, dst: e4, proto: 17, options: []byte{7, 1, 131, 6, 4, 1, 2, 3}}
	twice := v6{src: e6, dst: x6, next: 43, extension: []byte{43, 0, 0, 1, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 0}}
	options := func(n int) []byte { return v6{src: e6, dst: x6, next: 60, extension: chain(n)}.packet(udp(e6, x6, 8)) }
	fragChain := v6{src: e6, dst: x6, next: 60, extension: append(chain(8), fragHeader(17, 0, 1)...)}
	fragChain.extension[56] = 44
	echo := func(code byte) []byte {
		return v4{src: x4, dst: e4, proto: 1}.packet(icmp4(8, code, 1, data(3)))
	}
	runRules(t, []ruleCase{
		{"eight extension headers", nil, options(8), Translated, []int{36}, nil},
		{"nine are too many", nil, options(9), Dropped, nil, nil},
		{"unless configured", nine, options(9), Translated, []int{36}, nil},
		{"the Fragment Header counts", nil, fragChain.packet(udp(e6, x6, 8)), Dropped, nil, nil},
		{"TCP fragment at offset 8", nil, v4{src: x4, dst: e4, proto: 6, flags: 1}.packet(tcpLater), Dropped, nil, nil},
		{"TCP fragment at offset 8, 6 to 4", nil, v6{src: e6, dst: x6, next: 44, extension: fragHeader(6, 8, 1)}.packet(tcpLater), Dropped, nil, nil},
		{"TCP fragment at offset 16", nil, v4{src: x4, dst: e4, proto: 6, flags: 2}.packet(tcpLater), Translated, []int{72}, nil},
		{"fragment payload of 12 before more", nil, v4{src: x4, dst: e4, proto: 17, flags: 0x2000}.packet(udp(x4, e4, 4)), Dropped, nil, nil},
		{"fragment payload of 12 before more, 6 to 4", nil, v6{src: e6, dst: x6, next: 44, extension: fragHeader(17, 1, 1)}.packet(udp(e6, x6, 4)), Dropped, nil, nil},
		{"fragment past 65535", nil, v4{src: x4, dst: e4, proto: 17, flags: 0x1fff}.packet(data(8)), Dropped, nil, nil},
		{"fragment up to 65535", nil, v4{src: x4, dst: e4, proto: 17, flags: 0x1fff}.packet(data(7)), Translated, []int{55}, nil},
		{"LSRR without pointer is no route", nil, routed.packet(udp(x4, e4, 8)), Translated, []int{56}, nil},
		{"to the unspecified address", nil, udp6(e6, "::", 8), Dropped, nil, nil},
		{"to the loopback address", nil, udp6(e6, "::1", 8), Dropped, nil, nil},
		{"IGMP in IPv6", nil, v6{src: e6, dst: x6, next: 2}.packet(data(8)), Dropped, nil, nil},
		{"nothing is an option behind a garbled one", nil, garbled.packet(udp(x4, e4, 8)), Translated, []int{56}, nil},
		{"the first of two Segments Left is told", nil, twice.packet(udp(e6, x6, 8)), Reply, []int{120}, map[int]string{40: "0400", 44: "0000002b"}},
		{"source quench spent: silence", nil, v4{src: x4, dst: e4, proto: 1, ttl: 1}.packet(icmp4(4, 0, 0, udp4(e4, x4, 8))), Dropped, nil, nil},
		{"an echo request leaves with code 0", nil, echo(7), Translated, []int{51}, map[int]string{40: "8000"}},
		{"version 5", nil, append([]byte{0x55}, udp4(x4, e4, 8)[1:]...), Dropped, nil, nil},
		{"nothing", nil, nil, Dropped, nil, nil},
		{"later IPv6 fragment without mapping: 1/1", nil, v6{src: e6, dst: "2001:db8:77::1", next: 44, extension: fragHeader(17, 16, 1)}.packet(data(8)), Reply, []int{104}, map[int]string{40: "0101"}},
		{"later ICMPv6 fragment spent: silence", nil, v6{src: e6, dst: x6, next: 44, hops: 1, extension: fragHeader(58, 16, 1)}.packet(data(8)), Dropped, nil, nil},
		{"redirect spent: silence", nil, v6{src: e6, dst: x6, next: 58, hops: 1}.packet(icmp6(e6, x6, [2]byte{137, 0}, 0, data(32))), Dropped, nil, nil},
	})
}

// stretched claims a payload of n octets and has 28.
func stretched(n uint16) []byte {
	b := udp6(x6, e6, 20)
	binary.BigEndian.PutUint16(b[4:], n)
	return b
}

func TestErrorRules(t *testing.T) {
	mtu := func(m uint32) []byte { return error6(e6, x6, [2]byte{2, 0}, m, udp6(x6, e6, 20)) }
	cut := func(b []byte, n int) []byte { return error4(x4, e4, [2]byte{11, 0}, 0, b[:n]) }
	inner := udp4(e4, x4, 40)
	fragQuote := v6{src: x6, dst: e6, next: 44, extension: fragHeader(17, 1, 9)}.packet(udp(x6, e6, 8))
	guess := func(c *Config) { c.Plateaus, c.MTU4, c.MTU6 = []int{1400, 1270}, 9000, 9000 }
	optioned := v4{src: e4, dst: x4, proto: 17, options: data(8)}.packet(udp(e4, x4, 1378))
	fragEcho := v4{src: e4, dst: x4, proto: 1, flags: 0x2000}.packet(icmp4(8, 0, 1, data(8)))
	runRules(t, []ruleCase{
		{"MTU 88", nil, mtu(88), Translated, []int{76}, map[int]string{20: "0304", 26: "0044"}},
		{"MTU 1400 of a fragment", nil, error6(e6, x6, [2]byte{2, 0}, 1400, fragQuote), Translated, []int{64}, map[int]string{26: "055c", 34: "2000"}},
		{"MTU 92 of a fragment", nil, error6(e6, x6, [2]byte{2, 0}, 92, fragQuote), Translated, []int{64}, map[int]string{26: "0044"}},
		{"MTU 87", nil, mtu(87), Dropped, nil, nil},
		{"a guessed MTU, by the Total Length with options", guess, error4(x4, e4, [2]byte{3, 4}, 0, optioned), Translated, []int{1280}, map[int]string{44: "0000058c"}},
		{"no plateau of 1280 below: 1280", guess, error4(x4, e4, [2]byte{3, 4}, 0, udp4(e4, x4, 1272)), Translated, []int{1280}, map[int]string{44: "00000500"}},
		{"a quote of its header alone", nil, cut(inner, 20), Translated, []int{88}, map[int]string{52: "0030"}},
		{"a quote of 4 transport octets", nil, cut(inner, 24), Translated, []int{92}, map[int]string{52: "0030", 88: "0fa00035"}},
		{"a quote of a cut header", nil, cut(inner, 19), Dropped, nil, nil},
		{"a quote with surplus octets", nil, error4(x4, e4, [2]byte{11, 0}, 0, append(udp4(e4, x4, 4), data(9)...)), Translated, []int{100}, nil},
		{"a quoted echo of which only the type is left", nil, cut(v4{src: e4, dst: x4, proto: 1}.packet(icmp4(8, 0, 1, data(8))), 21), Translated, []int{89}, map[int]string{88: "80"}},
		{"a quoted ICMP fragment", nil, error4(x4, e4, [2]byte{11, 1}, 0, fragEcho), Dropped, nil, nil},
		{"a quoted IGMP", nil, error4(x4, e4, [2]byte{11, 0}, 0, v4{src: e4, dst: x4, proto: 2}.packet(data(8))), Dropped, nil, nil},
		{"a quoted packet to multicast", nil, error4(x4, e4, [2]byte{11, 0}, 0, udp4(e4, "224.0.0.5", 8)), Dropped, nil, nil},
		{"a quoted packet to a denied address", deny("203.0.113.0/24"), error4(f4, e4, [2]byte{11, 0}, 0, inner), Dropped, nil, nil},
		{"a quote of the other version", nil, error4(x4, e4, [2]byte{11, 0}, 0, udp6(e6, x6, 8)), Dropped, nil, nil},
		{"a quote of the other version, 6 to 4", nil, error6(e6, x6, [2]byte{3, 0}, 0, inner), Dropped, nil, nil},
		{"a quoted length that IPv4 cannot tell", nil, error6(e6, x6, [2]byte{3, 0}, 0, stretched(65516)), Dropped, nil, nil},
		{"a quoted length that IPv4 can just tell", nil, error6(e6, x6, [2]byte{3, 0}, 0, stretched(65515)), Translated, []int{76}, map[int]string{30: "ffff"}},
		{"a quoted TCP fragment at offset 8", nil, error4(x4, e4, [2]byte{11, 0}, 0, v4{src: e4, dst: x4, proto: 6, flags: 1}.packet(data(8))), Translated, []int{104}, nil},
		{"a later fragment of an error", nil, v4{src: x4, dst: e4, proto: 1, flags: 4}.packet(data(40)), Dropped, nil, nil},
	})
}

// extended is the body of an RFC 4884 message: a quote of size octets, an
// extension of more.
func extended(quote []byte, size, more int) []byte {
	return append(append(quote, make([]byte, size)...)[:size], data(more)...)
}

func TestExtensionRules(t *testing.T) {
	info := func(c *Config) { c.InterfaceInfo = true }
	told := siit()
	info(told)
	long4 := func(words uint32, more int) []byte {
		return error4(x4, e4, [2]byte{3, 1}, words<<16, extended(udp4(e4, x4, 1000), int(words)*4, more))
	}
	long6 := func(words uint32, more int) []byte {
		return error6(e6, x6, [2]byte{3, 0}, words<<24, extended(udp6(x6, e6, 1000), int(words)*8, more))
	}
	from := "2001:db8:ffff::9"
	quote := udp6(x6, e6, 20)
	runRules(t, []ruleCase{
		{"4 to 6: the quote is shortened", nil, long4(200, 500), Translated, []int{48 + 728 + 500}, map[int]string{44: "5b000000"}},
		{"4 to 6: the shortest quote", nil, long4(100, 1104), Translated, []int{48 + 128 + 1104}, map[int]string{44: "10000000"}},
		{"4 to 6: no room: the extension goes", nil, long4(100, 1105), Translated, []int{48 + 420}, map[int]string{44: "00000000"}},
		{"6 to 4: the quote is shortened", nil, long6(80, 40), Translated, []int{28 + 508 + 40}, map[int]string{24: "007f0000"}},
		{"6 to 4: the shortest quote", nil, long6(40, 419), Translated, []int{28 + 128 + 419}, map[int]string{24: "00200000"}},
		{"6 to 4: no room: the extension goes", nil, long6(60, 421), Translated, []int{28 + 460}, map[int]string{24: "00000000"}},
		{"a parameter problem loses its extension", nil, error4(x4, e4, [2]byte{12, 0}, 33<<16, extended(udp4(e4, x4, 200), 132, 40)), Translated, []int{48 + 152}, map[int]string{40: "0400"}},
		{"a length without extension", nil, long4(33, 0), Translated, []int{48 + 152}, map[int]string{44: "00000000"}},
		{"a length past the message, 6 to 4", nil, error6(e6, x6, [2]byte{1, 0}, 255<<24, quote), Dropped, nil, nil},
		{
			"RFC 5837 object for a replaced source", info, error6(from, x6, [2]byte{3, 0}, 0, quote),
			Translated,
			[]int{28 + 128 + 28},
			map[int]string{12: own4Hex, 20: "0b00", 24: "00200000", 156: "2000", 160: "0018020400020000" + "20010db8ffff00000000000000000009"},
		},
		{"none for a mapped source", info, error6(e6, x6, [2]byte{3, 0}, 0, quote), Translated, []int{28 + 48}, nil},
		{"none in a parameter problem", info, error6(from, x6, [2]byte{4, 0}, 8, quote), Translated, []int{28 + 48}, nil},
		{"an extension is kept as it is", info, error6(from, x6, [2]byte{3, 0}, 16<<24, extended(quote, 128, 12)), Translated, []int{28 + 128 + 12}, nil},
	})
	got := Translate(told, error6(from, x6, [2]byte{3, 0}, 0, quote))
	if sum := onesSum(got.Packets[0][156:]); sum != 0xffff {
		t.Errorf("extension checksum adds up to %#x", sum)
	}
}
