package translate_test

import (
	"math/rand/v2"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
)

// names are the hosts of a round trip, by their names in each family.
var names = [][2]string{{far4, far6}, {"8.8.8.8", "2001:db8:64::8.8.8.8"}, {mapped4, mapped6}, {other4, other6}, {"198.51.100.77", "2001:db8:2:0:d000::"}}

// A trip makes random packets of one family out of what the other family can say
// as well, so that nothing but a hop is lost on the way there and back.
type trip struct {
	rng *rand.Rand
	v6  bool
}

// TestThereAndBack: a packet that is translated and translated back is the same
// packet two hops later. What is lost by design is not made here: IPv4 options,
// extension headers, flow labels, and the Identification of a whole datagram.
func TestThereAndBack(t *testing.T) {
	for name, v6 := range map[string]bool{"4 to 6 to 4": false, "6 to 4 to 6": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(func(c *oracle.Config) { c.MTU4, c.MTU6, c.LowestIPv6MTU, c.Hairpin = 9000, 9000, 9000, "off" })
			there, back := newSubject(t, c), newSubject(t, c)
			trip := trip{rand.New(rand.NewPCG(1, 2)), v6}
			for i := range runs(20_000) {
				in := trip.packet()
				v, mid := there.send(in)
				if len(mid) != 1 || !v.Sent() {
					t.Fatalf("packet %d: %v, %d packets\n%s", i, v, len(mid), pkttest.Dump(in))
				}
				if err := pkttest.Check(mid[0]); err != nil {
					t.Fatalf("packet %d: %v\n%s", i, err, pkttest.Dump(in))
				}
				v, out := back.send(mid[0])
				if len(out) != 1 || !v.Sent() || !isLater(in, out[0]) {
					t.Fatalf("packet %d, back: %v, %d packets\n%s%s%s", i, v, len(out), pkttest.Dump(in), pkttest.Dump(mid[0]), pkttest.Dump(out[0]))
				}
			}
		})
	}
}

// isLater reports whether b is a two hops later.
func isLater(a, b []byte) bool {
	if a[0]>>4 == 6 {
		return len(a) == len(b) && a[7] == b[7]+2 && equalBut(a, b, [][2]int{{7, 1}})
	}
	free := [][2]int{{8, 1}, {10, 2}}
	if d := piece(a); d.at == 0 && !d.more {
		free = append(free, [2]int{4, 2})
	}
	return len(a) == len(b) && a[8] == b[8]+2 && equalBut(a, b, free)
}

func (t trip) packet() []byte {
	i := t.rng.IntN(len(names))
	j := (i + 1 + t.rng.IntN(len(names)-1)) % len(names)
	if t.rng.IntN(3) == 0 {
		return t.wrap(i, j, nil, t.error(j, i))
	}
	size := []int{t.rng.IntN(100), t.rng.IntN(1400), 1200 + t.rng.IntN(60), t.rng.IntN(8900)}[t.rng.IntN(4)]
	if t.rng.IntN(3) > 0 {
		return t.wrap(i, j, nil, t.layer(size))
	}
	f := &pkttest.Fragment{Offset: 8 * t.rng.IntN(6000), ID: uint32(t.rng.IntN(65536))}
	if f.More = t.rng.IntN(2) == 0 || f.Offset < 16; f.More {
		size = size&^7 + 8
	}
	if f.Offset == 0 {
		size += 24
	} else {
		f.Offset += 16
	}
	return t.wrap(i, j, f, pkttest.Proto{Number: []uint8{17, 6, 132, 50}[t.rng.IntN(4)], Data: t.first(size)})
}

// first is data that begins like a TCP header of 20 octets or a UDP header with a
// checksum.
func (t trip) first(size int) []byte {
	data := pkttest.Pattern(byte(1+t.rng.IntN(200)), size)
	if size > 12 {
		data[6], data[12] = 9, 0x50
	}
	return data
}

// wrap puts IP headers in front of a layer, as the translator itself would.
func (t trip) wrap(i, j int, f *pkttest.Fragment, layer pkttest.Layer) []byte {
	limit, class := pkttest.Field(3+t.rng.IntN(250)), uint8(t.rng.Uint32())
	if t.v6 {
		h := pkttest.IPv6{Src: names[i][1], Dst: names[j][1], HopLimit: limit, TrafficClass: class}
		if f != nil {
			return h.Packet(*f, layer)
		}
		return h.Packet(layer)
	}
	h := pkttest.IPv4{Src: names[i][0], Dst: names[j][0], TTL: limit, TOS: class}
	if f != nil {
		h.Offset, h.MF, h.ID = f.Offset, f.More, uint16(f.ID)
	}
	_, isError := layer.(pkttest.ICMPError)
	pkt := h.Packet(layer)
	if h.DF = f == nil && len(pkt) > 1260 && !isError; h.DF {
		pkt = h.Packet(layer)
	}
	return pkt
}

func (t trip) layer(size int) pkttest.Layer {
	data := pkttest.Pattern(byte(t.rng.Uint32()), size)
	switch t.rng.IntN(4) {
	case 0:
		return pkttest.UDP{Sport: uint16(t.rng.Uint32()), Dport: uint16(t.rng.Uint32()), Data: data}
	case 1:
		return pkttest.TCP{Sport: uint16(t.rng.Uint32()), Seq: t.rng.Uint32(), Flags: uint8(t.rng.Uint32()), Options: data[:min(size, 4*t.rng.IntN(10))], Data: data}
	case 2:
		return pkttest.Echo{Reply: t.rng.IntN(2) == 0, ID: uint16(t.rng.Uint32()), Seq: uint16(t.rng.Uint32()), Data: data}
	}
	return pkttest.Proto{Number: []uint8{4, 33, 41, 47, 50, 115, 132, 136}[t.rng.IntN(8)], Data: data}
}

// Errors that have exactly one counterpart, which is theirs alone.
var (
	alone4 = []pkttest.ICMPError{
		{Type: 3, Code: 1},
		{Type: 3, Code: 2},
		{Type: 3, Code: 3},
		{Type: 3, Code: 10},
		{Type: 3, Code: 4, MTU: 1400},
		{Type: 3, Code: 4, MTU: 1260},
		{Type: 11},
		{Type: 11, Code: 1},
		{Type: 11, Code: 77},
		{Type: 12, Pointer: 0},
		{Type: 12, Pointer: 1},
		{Type: 12, Pointer: 2},
		{Type: 12, Pointer: 8},
		{Type: 12, Pointer: 9},
		{Type: 12, Pointer: 12},
		{Type: 12, Pointer: 16},
	}
	alone6 = []pkttest.ICMPError{
		{Type: 1},
		{Type: 1, Code: 1},
		{Type: 1, Code: 4},
		{Type: 2, MTU: 1280},
		{Type: 2, MTU: 1420},
		{Type: 3},
		{Type: 3, Code: 1},
		{Type: 3, Code: 77},
		{Type: 4, Code: 1, Pointer: 6},
		{Type: 4, Pointer: 0},
		{Type: 4, Pointer: 1},
		{Type: 4, Pointer: 4},
		{Type: 4, Pointer: 6},
		{Type: 4, Pointer: 7},
		{Type: 4, Pointer: 8},
		{Type: 4, Pointer: 24},
	}
)

// error is an ICMP error about a packet that went from host i to host j, or about
// a fragment of one, with an extension structure in some cases.
func (t trip) error(i, j int) pkttest.ICMPError {
	e := alone4[t.rng.IntN(len(alone4))]
	if t.v6 {
		e = alone6[t.rng.IntN(len(alone6))]
	}
	e.Quote = t.wrap(i, j, nil, t.layer(t.rng.IntN(420)))
	if e.MTU == 0 && t.rng.IntN(4) == 0 { // an MTU means something else to a fragment
		f := &pkttest.Fragment{Offset: 8 * (2 + t.rng.IntN(8000)), ID: uint32(t.rng.IntN(65536)), More: true}
		e.Quote = t.wrap(i, j, f, pkttest.Proto{Number: 17, Data: make([]byte, 8*t.rng.IntN(40))})
	} else if t.rng.IntN(2) == 0 { // not all of it is quoted
		e.Quote = e.Quote[:max(min(len(e.Quote), 48), t.rng.IntN(len(e.Quote)))]
	}
	if may := e.Type == 11 || e.Type == 3 && (t.v6 || e.Code == 1) || t.v6 && e.Type == 1; may && t.rng.IntN(3) == 0 {
		e.Ext = pkttest.Extension(pkttest.Object{Class: 1, Type: 1, Data: []byte{0, 1, 1, 64}})
		long := pkttest.UDP{Data: pkttest.Pattern(1, 200+8*t.rng.IntN(20))}
		e.Quote = t.wrap(i, j, nil, long) // a multiple of 8 in one family is not one in the other
		e.Quote = e.Quote[:len(e.Quote)&^7-8]
		if !t.v6 {
			e.Quote = e.Quote[:len(e.Quote)-4]
		}
	}
	return e
}
