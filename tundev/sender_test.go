package tundev

import (
	"bytes"
	"math/rand/v2"

	"taygo/internal/pkttest"
	"taygo/translate/wire"
)

// A sender makes a sequence of packets of several flows, most of which can be
// merged. It asks choose, for a number below n, what comes next.
type sender struct {
	choose func(n int) int
	flows  []parts
	next   int // the flow that goes on
	events []event
}

// An event changes a flow from here on, or its next packet x alone.
type event func(s *sender, flow, x *parts)

// pick returns one of the values.
func pick[T any](s *sender, values ...T) T { return values[s.choose(len(values))] }

// harmless are events behind which every packet still reaches its receiver.
var harmless = []event{
	func(s *sender, _, x *parts) { x.data = x.data[:s.choose(len(x.data)+1)] },
	func(s *sender, f, x *parts) {
		f.data = pkttest.Pattern(byte(s.choose(256)), pick(s, 1, 2, 8, 99, 500, 1220, 1252, 1300, 1400))
		x.data = f.data
	},
	func(_ *sender, _, x *parts) { x.data = append(x.data, 7) },
	func(s *sender, f, x *parts) {
		f.four.TTL = pkttest.Field(2 + s.choose(254))
		f.six.HopLimit, x.four.TTL, x.six.HopLimit = f.four.TTL, f.four.TTL, f.four.TTL
	},
	func(s *sender, _, x *parts) {
		x.four.TOS, x.six.TrafficClass = byte(s.choose(256)), byte(s.choose(256))
	},
	func(s *sender, _, x *parts) { x.six.FlowLabel = uint32(s.choose(1 << 20)) },
	func(s *sender, f, x *parts) { f.four.DF = !f.four.DF; x.four.DF = f.four.DF },
	func(s *sender, f, x *parts) { f.four.ID += uint16(s.choose(3)); x.four.ID = f.four.ID },
	func(s *sender, f, x *parts) { f.tcp.Seq += uint32(s.choose(3)); x.tcp.Seq = f.tcp.Seq },
	func(s *sender, f, x *parts) { f.tcp.Ack++; x.tcp.Ack = f.tcp.Ack },
	func(s *sender, _, x *parts) { x.tcp.Window = uint16(s.choose(1 << 16)) },
	func(s *sender, _, x *parts) { x.tcp.Flags ^= 1 << s.choose(8) },
	func(s *sender, _, x *parts) { x.tcp.Flags |= pick[uint8](s, pkttest.PSH, pkttest.FIN) },
	func(s *sender, _, x *parts) { x.tcp.Urgent = uint16(s.choose(2)) },
	func(s *sender, f, x *parts) {
		f.tcp.Options = pkttest.Pattern(1, 4*s.choose(11))
		x.tcp.Options = f.tcp.Options
	},
	func(s *sender, _, x *parts) { x.partial = true },
	func(s *sender, f, x *parts) { f.partial = !f.partial; x.partial = f.partial },
	func(s *sender, _, x *parts) { x.mend = zeroSum },
	func(s *sender, _, x *parts) { x.between = []pkttest.Layer{pkttest.DestOptions{}} },
	func(s *sender, _, x *parts) {
		x.instead = pkttest.Proto{Number: 50, Data: pkttest.Pattern(1, 1+s.choose(40))}
	},
	func(s *sender, _, x *parts) {
		x.segment, x.data = 10+s.choose(90), pkttest.Pattern(3, 101+s.choose(1000))
	},
}

// harmful are those that may harm a packet.
var harmful = []event{
	func(s *sender, _, x *parts) { x.data = nil },
	func(s *sender, f, x *parts) { x.four.TTL, x.six.HopLimit = pkttest.Zero, 1 },
	func(s *sender, f, x *parts) { x.udp.Sum, x.tcp.Sum = pkttest.Wrong, pkttest.Wrong },
	func(s *sender, f, x *parts) { x.udp.Sum, x.tcp.Sum = pkttest.Zero, pkttest.Zero },
	func(s *sender, f, x *parts) { x.partial, x.astray = true, true },
	func(s *sender, f, x *parts) {
		x.udp.Len, x.tcp.DataOffset, x.partial = pkttest.Wrong, pkttest.Wrong, false
	},
	func(s *sender, f, x *parts) { x.four.Len, x.six.Len = pkttest.Wrong, pkttest.Wrong },
	func(s *sender, f, x *parts) { x.four.Sum = pkttest.Wrong },
	func(s *sender, f, x *parts) { x.four.MF, x.four.Offset, x.four.DF = true, 8*s.choose(2), false },
	func(s *sender, f, x *parts) {
		x.between = []pkttest.Layer{pkttest.Fragment{Offset: 8 * s.choose(2), More: s.choose(2) > 0, ID: 5}}
	},
	func(s *sender, _, x *parts) {
		x.spoil = func(p []byte) { p[s.choose(len(p))] ^= 1 << s.choose(8) }
	},
	func(s *sender, _, x *parts) { x.spoil = func(p []byte) { copy(p, p[s.choose(len(p)):]) } },
	func(s *sender, _, x *parts) { x.data = pkttest.Pattern(1, pick(s, 21000, 32000, 65000)) },
	func(s *sender, _, x *parts) { x.tcp.Seq -= uint32(s.choose(1000)) },
}

// newSender returns a sender of eight flows, two of each kind.
func newSender(choose func(n int) int, events ...event) *sender {
	s := &sender{choose: choose, events: events}
	for n := range 8 {
		x := flow(kinds[n%4], n, 0, pick(s, 1, 20, 100, 1252))
		if n >= 4 { // between the addresses of the other one
			x.four.Dst, x.six.Dst = s.flows[n-4].four.Dst, s.flows[n-4].six.Dst
		}
		s.flows = append(s.flows, x)
	}
	return s
}

// packet makes the next packet.
func (s *sender) packet() sent {
	if s.choose(4) == 0 {
		s.next = s.choose(len(s.flows))
	}
	f := &s.flows[s.next]
	x := *f
	if s.choose(4) == 0 {
		pick(s, s.events...)(s, f, &x)
	}
	f.four.ID++
	if x.instead == nil {
		f.tcp.Seq += uint32(len(x.data))
	}
	if x.spoil != nil || x.between != nil || x.instead != nil || x.four.MF || x.four.Offset > 0 {
		x.partial, x.segment, x.mend = false, 0, nil
	}
	return x.sent()
}

// A script chooses by the octets of a string, and zero behind its end.
func script(b []byte) func(n int) int {
	return func(n int) int {
		c := 0
		for i := 0; i < 2 && n > 1<<(8*i) && len(b) > 0; i++ {
			c, b = c<<8|int(b[0]), b[1:]
		}
		return c % n
	}
}

// random chooses at random, the same for the same seed.
func random(seed uint64) func(n int) int { return rand.New(rand.NewPCG(seed, 1)).IntN }

// alike reports whether frames and the packets that they held are still the same:
// a Write changes none.
func alike(given []sent, before [][]byte) bool {
	for i, s := range given {
		if !bytes.Equal(s.frame.Bytes(), before[i]) {
			return false
		}
	}
	return true
}

// batchOf returns a batch of the frames.
func batchOf(given ...sent) *wire.Batch {
	b := new(wire.Batch)
	for _, s := range given {
		b.Add(s.frame)
	}
	return b
}
