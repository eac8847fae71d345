package tundev

import (
	"bytes"
	"strings"
	"testing"

	"taygo/internal/pkttest"
	"taygo/translate/wire"
)

// Four packets of a flow, and between the second and the third another packet,
// which must not overtake the first two nor be overtaken, if it is between the
// same addresses.
func TestMergeLetsNothingOvertake(t *testing.T) {
	fragmented := func(offset int, more bool) func(x *parts) {
		return func(x *parts) {
			x.four.MF, x.four.Offset, x.four.ID = more, offset, 9
			x.between = append(x.between, pkttest.Fragment{Offset: offset, More: more, ID: 9})
			if x.version == 4 {
				x.between = nil
			}
		}
	}
	elsewhere := func(x *parts) { x.four.Dst, x.six.Dst = "198.51.100.1", "2001:db8:2::1" }
	for _, c := range []struct {
		name   string
		kinds  string
		writes string
		change func(x *parts)
	}{
		{"a first fragment", "UDP4 UDP6 TCP4 TCP6", "2 1 2", fragmented(0, true)},
		{"a later fragment", "UDP4 UDP6 TCP4 TCP6", "2 1 2", fragmented(800, false)},
		{"a fragment elsewhere", "UDP4 UDP6 TCP4 TCP6", "1 4", func(x *parts) { fragmented(800, false)(x); elsewhere(x) }},
		{"an atomic fragment", "UDP6 TCP6", "2 1 2", fragmented(0, false)},
		{"IPv4 options", "UDP4 TCP4", "2 1 2", func(x *parts) { x.four.Options = []byte{1, 1, 1, 1} }},
		{"Hop-by-Hop Options", "UDP6 TCP6", "2 1 2", func(x *parts) { x.between = []pkttest.Layer{pkttest.HopByHop{}} }},
		{"Destination Options", "UDP6 TCP6", "2 1 2", func(x *parts) { x.between = []pkttest.Layer{pkttest.DestOptions{}} }},
		{"ICMP", "UDP4 UDP6 TCP4 TCP6", "2 1 2", func(x *parts) { x.instead = pkttest.Echo{ID: 1} }},
		{"ICMP elsewhere", "UDP4 UDP6 TCP4 TCP6", "1 4", func(x *parts) { x.instead = pkttest.Echo{ID: 1}; elsewhere(x) }},
		{"ESP", "UDP4 UDP6 TCP4 TCP6", "2 1 2", func(x *parts) { x.instead = pkttest.Proto{Number: 50, Data: make([]byte, 40)} }},
		{"half a UDP header", "UDP4 UDP6", "2 1 2", func(x *parts) { x.instead = pkttest.Proto{Number: 17, Data: make([]byte, 7)} }},
		{"half a TCP header", "TCP4 TCP6", "2 1 2", func(x *parts) { x.instead = pkttest.Proto{Number: 6, Data: make([]byte, 19)} }},
		{"a TCP header that lies", "TCP4 TCP6", "2 1 2", func(x *parts) { x.tcp.DataOffset = 4 }},
		{"IP of another version", "UDP4 UDP6 TCP4 TCP6", "1 4", func(x *parts) { x.spoil = func(p []byte) { p[0] |= 0xf0 } }},
		{"an IP header of four words", "UDP4", "2 1 2", func(x *parts) { x.spoil = func(p []byte) { p[0] = 0x44 } }},
		{"another flow", "UDP4 UDP6 TCP4 TCP6", "4 1", func(x *parts) { x.udp.Sport, x.tcp.Sport = 9, 9 }},
		{"the flow of the other protocol", "UDP6 TCP6", "4 1", func(x *parts) { x.isTCP = !x.isTCP }},
	} {
		for kind := range strings.FieldsSeq(c.kinds) {
			given := train(kind, 4, nil)
			x := flow(kind, 0, 0, 100)
			c.change(&x)
			given = []sent{given[0], given[1], x.sent(), given[2], given[3]}
			if got := exchanged(t, newCapture(t, granted.all), given...); got != c.writes {
				t.Errorf("%s, %s: writes carry %s packets, want %s", kind, c.name, got, c.writes)
			}
		}
	}
}

func TestMergeFindsFlowsThatAreMixed(t *testing.T) {
	for _, c := range []struct{ flows, packets, writes int }{
		{2, 4, 2},
		{8, 4, 8},
		{32, 4, 32},
		{64, 2, 64},
		{127, 1, 127},
		{64, 4, 128},  // more than are looked at together
		{200, 2, 400}, // and more flows than that
	} {
		for _, kind := range kinds {
			var given []sent
			for i := range c.packets {
				for n := range c.flows {
					x := flow(kind, n, i, 10)
					x.four.ID = uint16(i) // in a flow, not between two hosts
					given = append(given, x.sent())
				}
			}
			if got := len(strings.Fields(exchanged(t, newCapture(t, granted.all), given...))); got != c.writes {
				t.Errorf("%d packets of each of %d flows of %s leave in %d writes, want %d", c.packets, c.flows, kind, got, c.writes)
			}
		}
	}
}

func TestMergeStopsInTime(t *testing.T) {
	for _, c := range []struct {
		name       string
		n, size    int
		last       int // the payload of the last packet, if another
		fragmented bool
		kinds      string
		writes     string
	}{
		{"at 64 packets", 100, 10, 0, false, "UDP4 UDP6 TCP4 TCP6", "64 36"},
		{"at the frames of a turn", 200, 10, 0, false, "UDP4 UDP6 TCP4 TCP6", "64 64 64 8"},
		{"before 65,536 octets", 50, 1400, 0, false, "UDP4 UDP6 TCP4 TCP6", "46 4"},
		{"at the second of two large ones", 3, 40000, 0, false, "UDP4 UDP6 TCP4 TCP6", "1 1 1"},
		{"a shorter last one, of which all fit any link", 3, 1200, 7, false, "UDP4 UDP6 TCP4 TCP6", "3"},
		{"at 1280 octets of IPv6", 3, 1232, 7, false, "UDP6", "3"},
		{"behind 1281 octets of IPv6", 3, 1233, 7, false, "UDP6", "2 1"},
		{"a shorter last one, which may fit where the others do not", 3, 1300, 7, false, "UDP4 UDP6 TCP4 TCP6", "2 1"},
		{"a shorter last one, when all can be fragmented", 3, 1300, 7, true, "UDP4 TCP4", "3"},
		{"a shorter one behind a probe of the path MTU", 2, 1400, 1200, false, "UDP4 UDP6", "1 1"},
	} {
		for kind := range strings.FieldsSeq(c.kinds) {
			c1 := newCapture(t, granted.all)
			var given []sent
			for i := range c.n {
				x := flow(kind, 0, i, c.size)
				x.four.DF = !c.fragmented
				if i == c.n-1 && c.last > 0 {
					x.data = pkttest.Pattern(3, c.last)
				}
				given = append(given, x.sent())
			}
			if got := exchanged(t, c1, given...); got != c.writes {
				t.Errorf("%s, %s: writes carry %s packets, want %s", kind, c.name, got, c.writes)
			}
		}
	}
}

// The longest super-packet of IPv4 fills its length field.
func TestMergeFillsTheLengthOfIPv4(t *testing.T) {
	for last, want := range map[int]string{21835: "3", 21836: "2 1"} {
		given := train("UDP4", 3, func(i int, x *parts) {
			x.data = pkttest.Pattern(byte(i), []int{21836, 21836, last}[i])
		})
		if got := exchanged(t, newCapture(t, granted.all), given...); got != want {
			t.Errorf("%d octets: writes carry %s packets, want %s", wire.IPv4Len+wire.UDPLen+2*21836+last, got, want)
		}
	}
}

func TestMergeOnlyWhatIsGranted(t *testing.T) {
	for _, c := range []struct {
		name string
		mode *Mode
		udp  string
		tcp  string
	}{
		{"super-packets of both", granted.all, "3", "3"},
		{"super-packets of TCP", granted.tso, "1 1 1", "3"},
		{"none", granted.none, "1 1 1", "1 1 1"},
	} {
		for i, kind := range kinds {
			want := []string{c.udp, c.tcp}[i/2]
			if got := exchanged(t, newCapture(t, c.mode), train(kind, 3, nil)...); got != want {
				t.Errorf("%s, %s: writes carry %s packets, want %s", kind, c.name, got, want)
			}
		}
	}
}

// A lone packet goes as it is, with the checksum that it has.
func TestMergeLeavesALonePacketAlone(t *testing.T) {
	for _, kind := range kinds {
		c := newCapture(t, granted.all)
		a, b := flow(kind, 0, 0, 100).sent(), flow(kind, 1, 0, 100).sent()
		for _, given := range [][]sent{{a}, {a, b}} {
			must(t, c.Write(batchOf(given...)))
			for i, w := range c.drain(t) {
				if want := append(header{}.bytes(), given[i].packets[0]...); !bytes.Equal(w, want) {
					t.Errorf("%s: packet %d of %d is written as % x, want % x", kind, i, len(given), w, want)
				}
			}
		}
	}
}
