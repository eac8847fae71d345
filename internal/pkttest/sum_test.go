package pkttest

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
)

// slowChecksum is the checksum as a remainder of one big number.
func slowChecksum(b []byte) uint16 {
	if len(b)%2 != 0 {
		b = append(bytes.Clone(b), 0)
	}
	n := new(big.Int).SetBytes(b)
	rest := new(big.Int).Mod(n, big.NewInt(65535)).Uint64()
	if rest == 0 && n.Sign() != 0 {
		rest = 65535 // a sum of anything but zeros folds to ffff, never to 0
	}
	return ^uint16(rest)
}

// TestChecksumsAgree holds the sum of the builders, that of the Checker, and one
// over big integers to each other.
func TestChecksumsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 2000 {
		b := make([]byte, n%200+rng.IntN(8))
		for i := range b {
			switch n % 4 {
			case 0:
				b[i] = 0xff // the most carries
			case 1:
				b[i] = 0
			default:
				b[i] = byte(rng.Uint32())
			}
		}
		fast, slow := checksum(add(0, b)), slowChecksum(b)
		if fast != slow {
			t.Fatalf("% x: checksum %04x, want %04x", b, fast, slow)
		}
		if len(b)%2 == 0 {
			cut := rng.IntN(len(b)/2+1) * 2
			if parts := checksum(add(add(0, b[:cut]), b[cut:])); parts != slow {
				t.Fatalf("% x in two parts: %04x, want %04x", b, parts, slow)
			}
			summed := append(b, byte(slow>>8), byte(slow))
			if !agrees(words(summed)) {
				t.Fatalf("% x with checksum %04x does not agree", b, slow)
			}
			summed[rng.IntN(len(summed))] ^= 1 << rng.Uint32N(8)
			if agrees(words(summed)) {
				t.Fatalf("% x with a bit flipped agrees", summed)
			}
		}
	}
}

func TestTransportSum(t *testing.T) {
	for name, tt := range map[string]struct {
		pkt  []byte
		want SumState
	}{
		"nothing":                 {nil, SumNone},
		"IPv4 UDP":                {good4["UDP"], SumGood},
		"IPv4 UDP, no checksum":   {head4.Packet(UDP{Sum: Zero}), SumZero},
		"IPv4 UDP, wrong":         {head4.Packet(UDP{Sum: Wrong}), SumBad},
		"UDP length lies":         {head6.Packet(UDP{Len: 9}), SumBad},
		"TCP data offset lies":    {head6.Packet(TCP{DataOffset: 6}), SumBad},
		"UDP shorter than packet": {head4.Packet(UDP{Sport: 1}, Proto{Data: Pattern(1, 3)}), SumGood},
		"behind IPv4 options":     {IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Options: []byte{1, 1}}.Packet(tcp), SumGood},
		"octets behind packet":    {append(head4.Packet(tcp), 9), SumGood},
		"TCP cut":                 {head4.Packet(Proto{Number: 6, Data: Pattern(1, 19)}), SumNone},
		"ICMPv4":                  {head4.Packet(Echo{}), SumGood},
		"ICMPv4, wrong":           {head4.Packet(Echo{Sum: Wrong}), SumBad},
		"behind IPv6 headers":     {head6.Packet(HopByHop{}, DestOptions{}, Routing{}, Fragment{}, DestOptions{}, tcp), SumGood},
		"… wrong":                 {head6.Packet(HopByHop{}, Fragment{}, DestOptions{}, TCP{Sum: Wrong}), SumBad},
		"first fragment":          {head6.Packet(Fragment{More: true}, tcp), SumNone},
		"last fragment":           {head6.Packet(Fragment{Offset: 8}, tcp), SumNone},
		"header past the packet":  {head6.Packet(DestOptions{Len: 4}, udp), SumNone},
		"… behind a fragment":     {head6.Packet(Fragment{}, DestOptions{Len: 9}, udp), SumNone},
		"other protocol":          {good4["SCTP"], SumNone},
		"ICMPv6 in IPv4":          {head4.Packet(Proto{Number: 58, Data: Pattern(1, 8)}), SumNone},
	} {
		if got := TransportSum(tt.pkt); got != tt.want {
			t.Errorf("%s: %v, want %v\n%s", name, got, tt.want, Dump(tt.pkt))
		}
	}
}
