package translate_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
	"taygo/translate"
	"taygo/translate/wire"
)

// A natted is a Mapper of RFC 6146 in that it rewrites ports: those of IPv6 hosts
// are others in IPv4 by the bits of portBits. Addresses are mapped statelessly.
type natted struct{ translate.Mapper }

const portBits = 0x5a01

func (m natted) Map(p *translate.Packet) translate.Verdict {
	v := m.Mapper.Map(p)
	p.Stateful = true
	if b := p.Transport(); p.Offset == 0 && len(b) >= 8 {
		p.ToPorts = otherPorts(b, p.V6, p.Proto)
	}
	return v
}

func (m natted) MapError(p *translate.Packet) translate.Verdict {
	v := m.Mapper.MapError(p)
	p.Stateful = true
	b := append(slices.Clone(p.QuotedTransport()), make([]byte, 8)...)
	p.ToPorts = otherPorts(b, !p.V6, p.Quoted.Proto) // the host is on the other side of what it sent
	return v
}

// otherPorts returns the ports in a transport header, the source's changed or the
// destination's. An ICMP identifier is changed in any case.
func otherPorts(b []byte, source bool, proto uint8) translate.Ports {
	to := translate.Ports{Src: binary.BigEndian.Uint16(b), Dst: binary.BigEndian.Uint16(b[2:])}
	switch {
	case proto == wire.ProtoICMP || proto == wire.ProtoICMPv6:
		id := binary.BigEndian.Uint16(b[4:]) ^ portBits
		return translate.Ports{Src: id, Dst: id}
	case source:
		to.Src ^= portBits
	default:
		to.Dst ^= portBits
	}
	return to
}

// newNatted returns a subject that rewrites ports.
func newNatted(t testing.TB, c *oracle.Config) *subject {
	s := newSubject(t, c)
	s.Mapper = natted{s.Mapper}
	return s
}

// A message is a transport message between ports.
type message struct {
	name string
	make func(src, dst uint16) pkttest.Layer
}

// messages are all kinds that have ports, with so many octets of data. An identifier
// is a port of the host, which out tells.
func messages(n int, out bool) []message {
	data := pkttest.Pattern(5, n)
	id := func(src, dst uint16) uint16 {
		if out {
			return src
		}
		return dst
	}
	return []message{
		{"UDP", func(s, d uint16) pkttest.Layer { return pkttest.UDP{Sport: s, Dport: d, Data: data} }},
		{"TCP", func(s, d uint16) pkttest.Layer {
			return pkttest.TCP{Sport: s, Dport: d, Seq: 9, Flags: pkttest.ACK, Options: []byte{2, 4, 5, 0}, Data: data}
		}},
		{"a ping", func(s, d uint16) pkttest.Layer { return pkttest.Echo{ID: id(s, d), Seq: 3, Data: data} }},
		{"a pong", func(s, d uint16) pkttest.Layer { return pkttest.Echo{ID: id(s, d), Seq: 3, Reply: true, Data: data} }},
	}
}

// TestPortsAreRewritten: with ports from everywhere, in every protocol and both
// directions, what comes out is what would have been built with the other ports
// (RFC 6146 §3.6), its checksum with it, complete or partial. Fragments show it in
// the first only.
func TestPortsAreRewritten(t *testing.T) {
	s := newNatted(t, config())
	rng := rand.New(rand.NewPCG(51, 52))
	for i, h := range bothWays() {
		out := i == 1
		for k, m := range messages(33, out) {
			for range runs(8000) {
				src, dst := uint16(rng.Uint32()), uint16(rng.Uint32())
				src2, dst2 := src, dst^portBits
				if out {
					src2, dst2 = src^portBits, dst
				}
				wantSame(t, s, super{packet: h.in(m.make(src, dst))}, h.out(m.make(src2, dst2)))
				if k < 2 {
					p, want := super{h.in(m.make(src, dst)), wire.Offload{Partial: true}}, h.out(m.make(src2, dst2))
					setSum(p.packet, true)
					wantSame(t, s, p, want)
				}
				if t.Failed() {
					t.Fatalf("%s, %s: %d > %d", h.name, m.name, src, dst)
				}
			}
			first := h.in(m.make(7, 8))
			wantFirst(t, s, h, first[len(first)-33-transportOf(k):], k < 2)
		}
	}
}

// transportOf is how long the header of message k is.
func transportOf(k int) int { return []int{8, 24, 8, 8}[k] }

// wantSame translates p, of which the kernel makes want.
func wantSame(t *testing.T, s *subject, p super, want []byte) {
	t.Helper()
	v, got := s.sendSuper(p)
	if v != translate.Translated {
		t.Errorf("%v", v)
		return
	}
	wantPackets(t, got, packets(want))
	if err := pkttest.Check(got[0]); err != nil {
		t.Error(err)
	}
}

// wantFirst translates a first fragment of a datagram and a later one.
func wantFirst(t *testing.T, s *subject, h way, transport []byte, crosses bool) {
	t.Helper()
	number := uint8(17)
	if len(transport) == 33+24 {
		number = 6
	}
	later := pkttest.Proto{Number: number, Data: transport[:16]}
	if !crosses {
		return // fragments of ICMP do not
	}
	if _, got := s.send(h.fragment(64, false, later)); len(got) != 1 || !bytes.Equal(got[0], h.crossed(64, false, later)) {
		t.Errorf("%s: a later fragment becomes %x", h.name, got)
	}
	v, got := s.send(h.fragment(0, true, pkttest.Proto{Number: number, Data: transport[:len(transport)&^7]}))
	at := len(got[0]) - len(transport)&^7
	src, dst := binary.BigEndian.Uint16(got[0][at:]), binary.BigEndian.Uint16(got[0][at+2:])
	if v != translate.Translated || (src^7)+(dst^8) != portBits {
		t.Errorf("%s: a first fragment from port %d to %d: %v", h.name, src, dst, v)
	}
}

// TestPortsOfSuperPackets: a super-packet whose ports are rewritten becomes, byte
// for byte, what its segments become one by one, also where it must be cut, and when
// it turns back to IPv6.
func TestPortsOfSuperPackets(t *testing.T) {
	for _, mtu := range []int{1500, 1280, 9000} {
		c := config(func(c *oracle.Config) { c.MTU6, c.MTU4 = mtu, mtu-20 })
		one, all := newNatted(t, c), newNatted(t, c)
		rng := rand.New(rand.NewPCG(uint64(mtu), 53))
		for i := range runs(3000) {
			sameAsSegments(t, makeSuper(rng), one, all)
			if t.Failed() {
				t.Fatalf("MTU %d, super-packet %d", mtu, i)
			}
		}
	}
}

// TestPortsOfEveryCutOfAQuote: the packet that an ICMP error quotes gets the ports
// that its sender knows, as far as it is quoted, and so does its checksum (RFC 6146
// §3.6.1).
func TestPortsOfEveryCutOfAQuote(t *testing.T) {
	s := newNatted(t, config())
	const host, hidden, far = 5000, 5000 ^ portBits, 53
	for _, out := range []bool{false, true} { // whether the host sent what is quoted
		for k, m := range messages(20, out) {
			var h4, h6 []byte
			if out {
				h4 = pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 9}.Packet(m.make(hidden, far))
				h6 = pkttest.IPv6{Src: mapped6, Dst: far6, HopLimit: 9}.Packet(m.make(host, far))
			} else {
				h4 = pkttest.IPv4{Src: far4, Dst: mapped4, TTL: 9}.Packet(m.make(far, hidden))
				h6 = pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 9}.Packet(m.make(far, host))
			}
			for n := range len(h4) - 20 + 1 {
				name := fmt.Sprintf("%s, sent by the host: %v, %d octets", m.name, out, n)
				from, quoted, want := ip4.Packet(pkttest.ICMPError{Type: 11, Quote: h4[:20+n]}), 48, h6[40:40+n]
				if !out {
					from, quoted, want = ip6.Packet(pkttest.ICMPError{Type: 3, Quote: h6[:40+n]}), 28, h4[20:20+n]
				}
				wantQuote(t, s, from, name, quoteTest{quoted, want, k})
			}
		}
	}
}

// A quoteTest is what an error is to quote: where the quoted packet begins, and
// what it has behind its IP header, of message kind.
type quoteTest struct {
	at   int
	want []byte
	kind int
}

func wantQuote(t *testing.T, s *subject, pkt []byte, name string, q quoteTest) {
	t.Helper()
	v, got := s.send(pkt)
	if len(got) != 1 {
		t.Fatalf("%s: %v, %d packets", name, v, len(got))
	}
	c := pkttest.Checker{QuotedSums: true}
	if err := c.Check(got[0]); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	header := 20
	if got[0][q.at]>>4 == 6 {
		header = 40
	}
	rest, n := got[0][q.at+header:], len(q.want)
	// Half of a port, an identifier or a checksum is copied as it is.
	halves := [][]int{{1, 2, 3, 7}, {1, 2, 3, 17}, {3, 5}, {3, 5}}[q.kind]
	same := n
	if slices.Contains(halves, n) {
		same = n - 1
	}
	if q.kind < 2 && n < 4 {
		same = 0
	}
	if q.kind >= 2 && n < 6 {
		same = min(n, 2) // the checksum is not told what the identifier is
	}
	if len(rest) != n || !bytes.Equal(rest[:same], q.want[:same]) {
		t.Errorf("%s: the quote has\n%x, want\n%x", name, rest, q.want)
	}
}

// TestZeroChecksumIsComputedStatefully: whatever the policy about stateless
// translation is, a UDP datagram without a checksum gets one, with its new port in
// it; a fragment cannot, and is dropped (RFC 6146 §3.4).
func TestZeroChecksumIsComputedStatefully(t *testing.T) {
	none := pkttest.UDP{Sport: 5, Dport: 6, Data: pkttest.Pattern(1, 24), Sum: pkttest.Zero}
	for _, mode := range []string{"drop", "compute", "forward"} {
		s := newNatted(t, config(func(c *oracle.Config) { c.UDPZero = mode }))
		for i, h := range bothWays() {
			want := pkttest.UDP{Sport: 5, Dport: 6 ^ portBits, Data: none.Data}
			if i == 1 {
				want.Sport, want.Dport = 5^portBits, 6
			}
			wantSame(t, s, super{packet: h.in(none)}, h.out(want))
			first := pkttest.Proto{Number: 17, Data: ip4.Packet(none)[20:44]}
			for _, tt := range []struct {
				name string
				pkt  []byte
			}{
				{"a first fragment", h.fragment(0, true, first)},
				{"more octets than there are", h.in(lying(none, 33))},
				{"fewer than a header", h.in(lying(none, 7))},
			} {
				if v, got := s.send(tt.pkt); v != translate.ZeroUDPChecksum || got != nil {
					t.Errorf("%s, %s, %s: %v, %d packets", mode, h.name, tt.name, v, len(got))
				}
			}
		}
	}
}

// TestOwnAddressShared: if the translator's IPv4 address is of the pool too, what
// has ports is for hosts behind it, also when an IPv6 host sends it there inside the
// prefix; the translator answers pings, and refuses other protocols.
func TestOwnAddressShared(t *testing.T) {
	to4, to6 := pkttest.IPv4{Src: far4, Dst: own4}, pkttest.IPv6{Src: mapped6, Dst: ownIn6}
	quote4, quote6 := pkttest.IPv4{Src: own4, Dst: far4}.Packet(udp), pkttest.IPv6{Src: ownIn6, Dst: mapped6}.Packet(udp)
	sctp := pkttest.Proto{Number: 132, Data: pkttest.Pattern(1, 16)}
	part := pkttest.Proto{Number: 1, Data: append([]byte{8}, sctp.Data[1:]...)} // it could begin a ping
	part6 := pkttest.Proto{Number: 58, Data: append([]byte{128}, sctp.Data[1:]...)}
	for _, tt := range []struct {
		name         string
		pkt          []byte
		alone, among translate.Verdict
	}{
		{"UDP", to4.Packet(udp), translate.OwnProtocol, translate.Translated},
		{"TCP", to4.Packet(tcp), translate.OwnProtocol, translate.Translated},
		{"a pong", to4.Packet(pong), translate.OwnDropped, translate.Translated},
		{"an ICMP error", to4.Packet(pkttest.ICMPError{Type: 3, Quote: quote4}), translate.OwnDropped, translate.Translated},
		{"a ping", to4.Packet(ping), translate.Answered, translate.Answered},
		{"SCTP", to4.Packet(sctp), translate.OwnProtocol, translate.OwnProtocol},
		{"a later fragment of UDP", pkttest.IPv4{Src: far4, Dst: own4, Offset: 8}.Packet(pkttest.Proto{Number: 17, Data: part.Data}), translate.OwnDropped, translate.Translated},
		{"a fragment of a ping", pkttest.IPv4{Src: far4, Dst: own4, MF: true}.Packet(part), translate.OwnDropped, translate.FragmentedICMP},
		{"a later fragment of ICMP", pkttest.IPv4{Src: far4, Dst: own4, Offset: 8}.Packet(part), translate.OwnDropped, translate.FragmentedICMP},
		{"UDP inside the prefix", to6.Packet(udp), translate.OwnProtocol, translate.Translated},
		{"a pong inside the prefix", to6.Packet(pong), translate.OwnDropped, translate.Translated},
		{"an ICMPv6 error inside the prefix", to6.Packet(pkttest.ICMPError{Type: 1, Quote: quote6}), translate.OwnDropped, translate.Translated},
		{"a fragment inside the prefix", to6.Packet(pkttest.Fragment{Offset: 8}, part6), translate.OwnDropped, translate.FragmentedICMP},
		{"a ping inside the prefix", to6.Packet(ping), translate.Answered, translate.Answered},
		{"SCTP inside the prefix", to6.Packet(sctp), translate.OwnProtocol, translate.OwnProtocol},
		{"UDP to own6", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(udp), translate.OwnProtocol, translate.OwnProtocol},
		{"a pong to own6", pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(pong), translate.OwnDropped, translate.OwnDropped},
	} {
		for _, shared := range []bool{false, true} {
			s := newNatted(t, config())
			p := *s.Policy
			p.Own4Shared = shared
			s.Policy = &p
			want := tt.alone
			if shared {
				want = tt.among
			}
			v, got := s.send(tt.pkt)
			if v != want || v == translate.Translated && len(got) != 1 {
				t.Errorf("%s, shared %v: %v and %d packets, want %v", tt.name, shared, v, len(got), want)
			}
			for _, pkt := range got {
				if err := pkttest.Check(pkt); err != nil {
					t.Errorf("%s, shared %v: %v", tt.name, shared, err)
				}
			}
		}
	}
}

// TestRefusedLater: the sender of a packet that was kept gets the error that a
// verdict owes, as if it had just arrived, at most as often as others; of a packet
// that nobody may be told about, and of a verdict that owes none, it does not
// (RFC 6146 §3.5.2.2, RFC 1122 §3.2.2).
func TestRefusedLater(t *testing.T) {
	syn4, syn6 := ip4.Packet(pkttest.TCP{Flags: pkttest.SYN}), ip6.Packet(pkttest.TCP{Flags: pkttest.SYN})
	quote := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(udp)
	broken := bytes.Clone(syn4)
	broken[10]++
	for _, tt := range []struct {
		name string
		pkt  []byte
		v    translate.Verdict
		want [][]byte
	}{
		{"a SYN", syn4, translate.SYNUnanswered, packets(refusal(syn4, pkttest.ICMPError{Type: 3, Code: 3}))},
		{"a SYN from IPv6", syn6, translate.SYNUnanswered, packets(refusal(syn6, pkttest.ICMPError{Type: 1, Code: 4}))},
		{"another verdict", syn6, translate.PortsExhausted, packets(refusal(syn6, pkttest.ICMPError{Type: 1, Code: 3}))},
		{"a verdict that owes nothing", syn4, translate.NoBinding, nil},
		{"one of a packet sent", syn4, translate.Translated, nil},
		{"an ICMP error", ip4.Packet(pkttest.ICMPError{Type: 3, Quote: quote}), translate.SYNUnanswered, nil},
		{"a later fragment", pkttest.IPv4{Src: far4, Dst: mapped4, Offset: 64}.Packet(pkttest.Proto{Number: 17, Data: udp.Data}), translate.SYNUnanswered, nil},
		{"a broken header", broken, translate.SYNUnanswered, nil},
		{"nothing", nil, translate.SYNUnanswered, nil},
	} {
		s := newNatted(t, config())
		s.out.Reset()
		s.Refuse(wire.NewFrame(tt.pkt), tt.v, 0, s.out)
		var got [][]byte
		for _, f := range s.out.Frames() {
			got = append(got, f.Bytes())
		}
		t.Run(tt.name, func(t *testing.T) { wantPackets(t, got, tt.want) })
	}
	s := limited(t, [2]translate.Errors{})
	s.out.Reset()
	for range 9 {
		s.Refuse(wire.NewFrame(syn4), translate.SYNUnanswered, 0, s.out)
	}
	if n := len(s.out.Frames()); n != 3 || s.Errors.Limited[0] != 6 {
		t.Errorf("%d errors are sent, three may be; %+v", n, s.Errors)
	}
}
