package tundev

import (
	"strings"
	"testing"

	"taygo/internal/pkttest"
)

// train returns n packets of 100 octets of payload each of one flow, changed.
func train(kind string, n int, change func(i int, x *parts)) []sent {
	all := make([]sent, 0, n)
	for i := range n {
		x := flow(kind, 0, i, 100)
		if change != nil {
			change(i, &x)
		}
		all = append(all, x.sent())
	}
	return all
}

// second changes only the second packet of a train.
func second(change func(x *parts)) func(int, *parts) {
	return func(i int, x *parts) {
		if i == 1 {
			change(x)
		}
	}
}

// Three packets of one flow, of which the second is changed, or as it says.
func TestMergeKeepsApartWhatAReceiverCouldTell(t *testing.T) {
	for _, c := range []struct {
		name   string
		kinds  string
		writes string
		change func(i int, x *parts)
	}{
		{"nothing is changed", "UDP4 UDP6 TCP4 TCP6", "3", func(int, *parts) {}},
		{"checksums left to the kernel", "UDP4 UDP6 TCP4 TCP6", "3", func(_ int, x *parts) { x.partial = true }},
		{"one checksum left to the kernel", "UDP4 UDP6 TCP4 TCP6", "3", second(func(x *parts) { x.partial = true })},
		{"payloads of one octet", "UDP4 UDP6", "3", func(_ int, x *parts) { x.data = x.data[:1] }},

		{"hop limit", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.four.TTL, x.six.HopLimit = 63, 63 })},
		{"hop limits of 1", "UDP4 UDP6 TCP4 TCP6", "1 1 1", func(_ int, x *parts) { x.four.TTL, x.six.HopLimit = 1, 1 }},
		{"hop limits of 0", "UDP4 UDP6 TCP4 TCP6", "1 1 1", func(_ int, x *parts) { x.four.TTL, x.six.HopLimit = pkttest.Zero, pkttest.Zero }},
		{"hop limits of 2", "UDP4 UDP6 TCP4 TCP6", "3", func(_ int, x *parts) { x.four.TTL, x.six.HopLimit = 2, 2 }},
		{"traffic class", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.four.TOS, x.six.TrafficClass = 0x80, 0x80 })},
		{"ECN", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.four.TOS, x.six.TrafficClass = 3, 3 })},
		{"flow label", "UDP6 TCP6", "1 1 1", second(func(x *parts) { x.six.FlowLabel ^= 1 })},
		{"DF", "UDP4 TCP4", "1 1 1", second(func(x *parts) { x.four.DF = true })},
		{"Identification, DF clear", "UDP4 TCP4", "1 1 1", second(func(x *parts) { x.four.ID++ })},
		{"Identification all the same, DF clear", "UDP4 TCP4", "1 1 1", func(_ int, x *parts) { x.four.ID = 5 }},
		{"Identification all the same, DF set", "UDP4 TCP4", "3", func(_ int, x *parts) { x.four.ID, x.four.DF = 5, true }},
		{"Identification at random, DF set", "UDP4 TCP4", "3", func(i int, x *parts) { x.four.ID, x.four.DF = uint16(1000*i*i), true }},
		{"Identification over its end", "UDP4 TCP4", "3", func(i int, x *parts) { x.four.ID = uint16(65535 + i) }},
		{"the reserved flag", "UDP4 TCP4", "1 1 1", second(func(x *parts) { x.mend = func(p []byte) { p[6] |= 0x80; fixHeader(p) } })},
		{"another flow", "UDP6", "2 1", second(func(x *parts) { x.udp.Sport = 9 })},
		{"source port", "UDP4 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.udp.Sport, x.tcp.Sport = 9, 9 })},
		{"destination port", "UDP4 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.udp.Dport, x.tcp.Dport = 9, 9 })},
		{"source", "UDP4 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.four.Src, x.six.Src = "192.0.2.3", "2001:db8::3" })},
		{"destination", "UDP4 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.four.Dst, x.six.Dst = "192.0.2.3", "2001:db8::3" })},

		{"a shorter one", "UDP4 UDP6", "2 1", second(func(x *parts) { x.data = x.data[:99] })},
		{"a longer one", "UDP4 UDP6", "1 2", second(func(x *parts) { x.data = pkttest.Pattern(1, 101) })},
		{"no payload", "UDP4 UDP6", "1 1 1", second(func(x *parts) { x.data = nil })},
		{"a wrong checksum", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.udp.Sum, x.tcp.Sum = pkttest.Wrong, pkttest.Wrong })},
		{"wrong checksums from the first", "UDP4 UDP6 TCP4 TCP6", "1 1 1", func(_ int, x *parts) { x.udp.Sum, x.tcp.Sum = pkttest.Wrong, pkttest.Wrong }},
		{"no checksum", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.udp.Sum, x.tcp.Sum = pkttest.Zero, pkttest.Zero })},
		{"no checksum, where it would come out zero", "UDP4 UDP6", "1 1 1", second(func(x *parts) {
			x.mend = zeroSum
			x.spoil = func(p []byte) { clear(p[start(p)+6 : start(p)+8]) }
		})},
		{"no checksum anywhere", "UDP4 UDP6", "1 1 1", func(_ int, x *parts) { x.udp.Sum = pkttest.Zero }},
		{"a wrong header checksum", "UDP4 TCP4", "1 1 1", second(func(x *parts) { x.four.Sum = pkttest.Wrong })},
		{"a wrong partial checksum", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(func(x *parts) { x.partial, x.astray = true, true })},
		{"a UDP length that lies", "UDP4 UDP6", "1 1 1", second(func(x *parts) { x.udp.Len = pkttest.Wrong })},
		{"octets behind the packet", "UDP4 UDP6 TCP4 TCP6", "1 1 1", second(trailed)},
		{"a checksum of all ones", "UDP4 UDP6", "3", second(func(x *parts) { x.mend = zeroSum })},
		{"a super-packet", "UDP4 UDP6 TCP4 TCP6", "1 2 1", second(func(x *parts) { x.segment, x.data = 100, pkttest.Pattern(9, 150) })},
	} {
		for kind := range strings.FieldsSeq(c.kinds) {
			if got := exchanged(t, newCapture(t, granted.all), train(kind, 3, c.change)...); got != c.writes {
				t.Errorf("%s, %s: writes carry %s packets, want %s", kind, c.name, got, c.writes)
			}
		}
	}
}

// Segments of TCP likewise; each is 100 octets behind the one before.
func TestMergeKeepsApartSegmentsThatDiffer(t *testing.T) {
	flags := func(f uint8) func(x *parts) { return func(x *parts) { x.tcp.Flags |= f } }
	all := func(change func(x *parts)) func(int, *parts) { return func(_ int, x *parts) { change(x) } }
	reserved := func(x *parts) { x.mend = func(p []byte) { p[start(p)+12] |= 2 } }
	for _, c := range []struct {
		name   string
		writes string
		change func(i int, x *parts)
	}{
		{"a gap", "1 1 1", second(func(x *parts) { x.tcp.Seq++ })},
		{"a segment again", "1 1 1", second(func(x *parts) { x.tcp.Seq -= 100 })},
		{"the reverse order", "1 1 1", func(i int, x *parts) { x.tcp.Seq -= uint32(200 * i) }},
		{"acknowledgment", "1 1 1", second(func(x *parts) { x.tcp.Ack++ })},
		{"window", "1 1 1", second(func(x *parts) { x.tcp.Window++ })},
		{"urgent pointer", "1 1 1", all(func(x *parts) { x.tcp.Urgent = 1 })},
		{"SYN", "1 1 1", all(flags(pkttest.SYN))},
		{"RST", "1 1 1", all(flags(pkttest.RST))},
		{"URG", "1 1 1", all(flags(pkttest.URG))},
		{"CWR", "1 1 1", all(flags(pkttest.CWR))},
		{"CWR on one", "1 1 1", second(flags(pkttest.CWR))},
		{"ECE on one", "1 1 1", second(flags(pkttest.ECE))},
		{"ECE on all", "3", all(flags(pkttest.ECE))},
		{"ACK missing on one", "1 1 1", second(func(x *parts) { x.tcp.Flags = 0 })},
		{"PSH on the second", "2 1", second(flags(pkttest.PSH))},
		{"FIN on the second", "2 1", second(flags(pkttest.FIN))},
		{"PSH on all", "1 1 1", all(flags(pkttest.PSH))},
		{"PSH on the last", "3", func(i int, x *parts) { x.tcp.Flags |= uint8(i/2) * pkttest.PSH }},
		{"FIN and PSH on the last", "3", func(i int, x *parts) { x.tcp.Flags |= uint8(i/2) * (pkttest.PSH | pkttest.FIN) }},
		{"reserved bits on one", "1 1 1", second(reserved)},
		{"reserved bits on all", "3", all(reserved)},
		{"a timestamp", "1 1 1", second(func(x *parts) { x.tcp.Options = []byte{1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 2} })},
		{"no options on one", "1 1 1", second(func(x *parts) { x.tcp.Options = nil })},
		{"more options on one", "1 1 1", second(func(x *parts) { x.tcp.Options = append(x.tcp.Options[:12:12], 1, 1, 1, 1) })},
		{"no options on all", "3", all(func(x *parts) { x.tcp.Options = nil })},
		{"the most options on all", "3", all(func(x *parts) { x.tcp.Options = pkttest.Pattern(1, 40) })},
		{"a shorter one", "2 1", func(i int, x *parts) {
			x.data, x.tcp.Seq = pkttest.Pattern(1, 100-i%2), x.tcp.Seq-uint32(i/2)
		}},
		{"a longer one", "1 2", func(i int, x *parts) {
			x.data, x.tcp.Seq = pkttest.Pattern(1, 100+i%2), x.tcp.Seq+uint32(i/2)
		}},
		{"no payload", "1 1 1", func(i int, x *parts) {
			x.data, x.tcp.Seq = x.data[:100*(1-i%2)], x.tcp.Seq-uint32(100*(i/2))
		}},
		{"a checksum of zero", "1 1 1", second(func(x *parts) { x.mend = zeroSum })},
		{"a checksum of all ones", "1 1 1", second(func(x *parts) {
			x.mend = zeroSum
			x.spoil = func(p []byte) { p[start(p)+16], p[start(p)+17] = 0xff, 0xff }
		})},
	} {
		for _, kind := range kinds[2:] {
			if got := exchanged(t, newCapture(t, granted.all), train(kind, 3, c.change)...); got != c.writes {
				t.Errorf("%s, %s: writes carry %s packets, want %s", kind, c.name, got, c.writes)
			}
		}
	}
}

// fixHeader makes the checksum of an IPv4 header anew.
func fixHeader(p []byte) {
	clear(p[10:12])
	big.PutUint16(p[10:], ^folded(octetSum(p[:start(p)])))
}

// trailed makes the IP header say that the packet ends before the frame.
func trailed(x *parts) { x.four.Len, x.six.Len = 100, 50 }

// zeroSum makes a packet whose checksum comes out zero, which TCP writes as it is
// and UDP as all ones: it adds the checksum to its last word.
func zeroSum(p []byte) {
	setSum(p, false)
	at := start(p) + 6
	if p[9] == 6 && p[0]>>4 == 4 || p[6] == 6 && p[0]>>4 == 6 {
		at = start(p) + 16
	}
	last := p[len(p)-2:]
	big.PutUint16(last, folded(uint64(big.Uint16(last))+uint64(big.Uint16(p[at:]))))
}
