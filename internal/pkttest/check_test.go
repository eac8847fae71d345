package pkttest

import (
	"errors"
	"slices"
	"testing"
)

var (
	head4 = IPv4{Src: "198.51.100.10", Dst: "203.0.113.5"}
	head6 = IPv6{Src: "2001:db8:64::cb00:7105", Dst: "2001:db8:1::10"}
	back4 = IPv4{Src: "203.0.113.5", Dst: "198.51.100.10", TTL: 5}
	back6 = IPv6{Src: "2001:db8:1::10", Dst: "2001:db8:64::cb00:7105", HopLimit: 5}

	udp = UDP{Sport: 1000, Dport: 40000, Data: Pattern(1, 24)}
	tcp = TCP{Sport: 80, Dport: 40000, Flags: ACK, Window: 100, Data: Pattern(1, 24)}
	ext = Extension(mpls)
)

// good4 and good6 are packets that the strictest Checker passes.
var good4 = map[string][]byte{
	"UDP":            head4.Packet(udp),
	"TCP":            head4.Packet(tcp),
	"TCP options":    head4.Packet(TCP{Flags: SYN, Options: synOptions}),
	"echo request":   head4.Packet(Echo{ID: 1, Seq: 2, Data: Pattern(1, 25)}),
	"echo reply":     head4.Packet(Echo{Reply: true}),
	"SCTP":           head4.Packet(Proto{Number: 132, Data: Pattern(1, 9)}),
	"no data":        head4.Packet(),
	"UDP options":    head4.Packet(udp, Proto{Data: Pattern(1, 5)}),
	"first fragment": IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", MF: true}.Packet(Proto{Number: 17, Data: []byte{0, 1, 0, 2, 0, 99, 1, 1}}),
	"later fragment": IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Offset: 800}.Packet(Proto{Number: 17, Data: Pattern(1, 9)}),
	"unreachable":    head4.Packet(ICMPError{Type: 3, Code: 3, Quote: back4.Packet(udp)}),
	"cut quote":      head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(udp)[:28]}),
	"too big":        head4.Packet(ICMPError{Type: 3, Code: 4, MTU: 1400, Quote: back4.Packet(udp)}),
	"pointer":        head4.Packet(ICMPError{Type: 12, Pointer: 16, Quote: back4.Packet(udp)}),
	"extension":      head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(udp), Ext: ext}),
	"quoted options": head4.Packet(ICMPError{Type: 3, Code: 5, Quote: IPv4{Src: "203.0.113.5", Dst: "192.0.2.1", Options: optionSamples[3]}.Packet(tcp)}),
	"longest error":  head4.Packet(ICMPError{Type: 3, Code: 1, Quote: back4.Packet(UDP{Data: Pattern(1, 800)})[:548]}),
}

var good6 = map[string][]byte{
	"UDP":            head6.Packet(udp),
	"TCP":            head6.Packet(tcp),
	"echo request":   head6.Packet(Echo{ID: 1, Seq: 2, Data: Pattern(1, 25)}),
	"echo reply":     head6.Packet(Echo{Reply: true}),
	"ESP":            head6.Packet(Proto{Number: 50, Data: Pattern(1, 9)}),
	"no data":        head6.Packet(),
	"first fragment": head6.Packet(Fragment{More: true, ID: 7}, Proto{Number: 17, Data: []byte{0, 1, 0, 2, 0, 99, 1, 1}}),
	"later fragment": head6.Packet(Fragment{Offset: 800, ID: 7}, Proto{Number: 6, Data: Pattern(1, 9)}),
	"unreachable":    head6.Packet(ICMPError{Type: 1, Code: 4, Quote: back6.Packet(udp)}),
	"too big":        head6.Packet(ICMPError{Type: 2, MTU: 1280, Quote: back6.Packet(udp)}),
	"pointer":        head6.Packet(ICMPError{Type: 4, Pointer: 43, Quote: back6.Packet(Routing{SegmentsLeft: 1}, udp)}),
	"quoted options": head6.Packet(ICMPError{Type: 3, Quote: back6.Packet(HopByHop{}, DestOptions{}, Fragment{ID: 1}, udp)}),
	"extension":      head6.Packet(ICMPError{Type: 3, Quote: back6.Packet(udp), Ext: ext}),
	"longest error":  head6.Packet(ICMPError{Type: 1, Code: 1, Quote: back6.Packet(UDP{Data: Pattern(1, 1300)})[:1232]}),
}

func TestCheckPassesWhatIsRight(t *testing.T) {
	for _, good := range []map[string][]byte{good4, good6} {
		for name, pkt := range good {
			if err := (Checker{QuotedSums: true, MTU4: 576, MTU6: 1280}).Check(pkt); err != nil {
				t.Errorf("%s: %v\n%s", name, err, Dump(pkt))
			}
		}
	}
}

// TestCheckFindsEveryFlippedBit flips each bit of packets in which every octet is
// under some checksum or rule.
func TestCheckFindsEveryFlippedBit(t *testing.T) {
	for _, tt := range []struct {
		pkt  []byte
		free []int // octets that nothing protects
	}{
		{good4["UDP"], nil},
		{good4["TCP"], nil},
		{good4["echo request"], nil},
		{good4["unreachable"], nil},
		{good4["too big"], nil},
		{good6["UDP"], []int{0, 1, 2, 3, 6, 7}}, // traffic class, flow label, next header, hop limit
		{good6["TCP"], []int{0, 1, 2, 3, 6, 7}},
		{good6["unreachable"], []int{0, 1, 2, 3, 6, 7}},
	} {
		for i := range tt.pkt {
			for bit := range 8 {
				pkt := slices.Clone(tt.pkt)
				pkt[i] ^= 1 << bit
				if Check(pkt) == nil && !slices.Contains(tt.free, i) {
					t.Errorf("octet %d bit %d flipped: passed\n%s", i, bit, Dump(pkt))
				}
			}
		}
	}
}

// TestCheckFindsEveryCut gives it every beginning of a packet, and one octet more.
func TestCheckFindsEveryCut(t *testing.T) {
	for _, good := range []map[string][]byte{good4, good6} {
		for name, pkt := range good {
			for n := range pkt {
				if Check(pkt[:n]) == nil {
					t.Errorf("%s: the first %d octets of %d pass", name, n, len(pkt))
				}
			}
			if err := Check(append(slices.Clone(pkt), 0)); !errors.Is(err, ErrLength) {
				t.Errorf("%s: an octet behind the packet: %v", name, err)
			}
		}
	}
}

func TestCheckerOptions(t *testing.T) {
	longQuote := back4.Packet(UDP{Data: Pattern(1, 800)})
	for name, tt := range map[string]struct {
		c    Checker
		pkt  []byte
		want error // of the strictest Checker; c passes it
	}{
		"UDP checksum":     {Checker{AllowBadTransport: true}, head4.Packet(UDP{Sum: Wrong}), ErrSum},
		"TCP checksum":     {Checker{AllowBadTransport: true}, head6.Packet(TCP{Sum: Wrong}), ErrSum},
		"echo checksum":    {Checker{AllowBadTransport: true}, head6.Packet(Echo{Sum: Wrong}), ErrSum},
		"UDP length":       {Checker{AllowBadTransport: true}, head6.Packet(UDP{Len: Wrong}), ErrTransport},
		"TCP data offset":  {Checker{AllowBadTransport: true}, head4.Packet(TCP{DataOffset: 4}), ErrTransport},
		"zero UDP":         {Checker{AllowZeroUDP: true}, head6.Packet(UDP{Sum: Zero}), ErrZeroSum},
		"source of errors": {Checker{AllowOddSource: true}, IPv4{Src: "127.0.0.1", Dst: "192.0.2.1"}.Packet(ICMPError{Type: 11, Quote: back4.Packet(udp)}), ErrAddress},
		"octets in quote":  {Checker{AllowOddQuote: true}, head4.Packet(ICMPError{Type: 11, Quote: append(back4.Packet(udp), 1)}), ErrQuote},
		"no extension":     {Checker{AllowOddQuote: true}, head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(udp), Ext: []byte{}}), ErrExtension},
		"extension sum":    {Checker{AllowOddQuote: true}, head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(udp), Ext: spoil(ext, 3)}), ErrExtension},
		"long error 4":     {Checker{MaxError4: 836}, head4.Packet(ICMPError{Type: 11, Quote: longQuote[:808]}), ErrErrorSize},
		"long error 6":     {Checker{MaxError6: 1500}, head6.Packet(ICMPError{Type: 3, Quote: back6.Packet(UDP{Data: Pattern(1, 1300)})}), ErrErrorSize},
	} {
		if err := Check(tt.pkt); !errors.Is(err, tt.want) {
			t.Errorf("%s: Check = %v, want %v", name, err, tt.want)
		}
		if err := tt.c.Check(tt.pkt); err != nil {
			t.Errorf("%s: allowed, but: %v", name, err)
		}
	}
	for name, tt := range map[string]struct {
		c    Checker
		pkt  []byte
		want error // of c; the strictest Checker passes it
	}{
		"MTU 4":      {Checker{MTU4: 51}, good4["UDP"], ErrMTU},
		"MTU 6":      {Checker{MTU6: 71}, good6["UDP"], ErrMTU},
		"quoted UDP": {Checker{QuotedSums: true}, head6.Packet(ICMPError{Type: 3, Quote: back6.Packet(UDP{Sum: Wrong})}), ErrSum},
	} {
		if err := tt.c.Check(tt.pkt); !errors.Is(err, tt.want) {
			t.Errorf("%s: Check = %v, want %v", name, err, tt.want)
		}
		if err := Check(tt.pkt); err != nil {
			t.Errorf("%s: not asked for, but: %v", name, err)
		}
	}
	if err := (Checker{AllowOddSource: true}).Check(IPv4{Src: "127.0.0.1", Dst: "192.0.2.1"}.Packet(udp)); !errors.Is(err, ErrAddress) {
		t.Errorf("AllowOddSource lets data through: %v", err)
	}
	if err := (Checker{AllowBadTransport: true}).Check(head4.Packet(ICMPError{Type: 11, Quote: back4.Packet(udp), Sum: Wrong})); !errors.Is(err, ErrSum) {
		t.Errorf("AllowBadTransport lets a wrong ICMP error through: %v", err)
	}
}

// spoil returns b with one bit of octet at flipped.
func spoil(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 1
	return b
}
