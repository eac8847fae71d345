package translate_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"taygo/internal/pkttest"
	"taygo/translate"
)

// A quoting is a packet that an ICMP error quotes, and how many octets of it are
// headers that must be there.
type quoting struct {
	name    string
	pkt     []byte
	headers int
}

// TestEveryCutOfAQuote: a quoted packet may end anywhere behind its IP headers,
// and what is there of it is translated as if all of it were: RFC 792 asks for no
// more than 8 octets. Cut shorter, the error is dropped (RFC 7915 §4.3, §5.3).
func TestEveryCutOfAQuote(t *testing.T) {
	h4, h6 := pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 7, TOS: 3}, pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 7}
	optioned := h4
	optioned.Options = []byte{7, 7, 4, 0, 0, 0, 0, 0}
	part := pkttest.IPv4{Src: mapped4, Dst: far4, MF: true, ID: 0x1234}
	later := pkttest.IPv4{Src: mapped4, Dst: far4, Offset: 64, ID: 0x1234}
	odd := pkttest.IPv4{Src: mapped4, Dst: far4, Sum: pkttest.Wrong}
	data := pkttest.Proto{Number: 17, Data: udp.Data[:16]}
	silent := pkttest.UDP{Sum: pkttest.Zero, Data: pkttest.Pattern(1, 20)}
	wrong := pkttest.TCP{Sum: pkttest.Wrong, Data: pkttest.Pattern(1, 20)}
	for _, q := range []quoting{
		{"UDP", h4.Packet(udp), 20},
		{"TCP", h4.Packet(tcp), 20},
		{"a ping", h4.Packet(ping), 20},
		{"a pong", h4.Packet(pong), 20},
		{"another protocol", h4.Packet(pkttest.Proto{Number: 132, Data: udp.Data}), 20},
		{"UDP without a checksum", h4.Packet(silent), 20},
		{"TCP with a wrong checksum", h4.Packet(wrong), 20},
		{"IPv4 options", optioned.Packet(udp), 28},
		{"a first fragment", part.Packet(data), 20},
		{"a later fragment", later.Packet(data), 20},
		{"a later fragment of a ping", later.Packet(pkttest.Proto{Number: 1, Data: data.Data}), 20},
		{"a wrong header checksum", odd.Packet(udp), 20},
		{"UDP, IPv6", h6.Packet(udp), 40},
		{"TCP, IPv6", h6.Packet(tcp), 40},
		{"a ping, IPv6", h6.Packet(ping), 40},
		{"a pong, IPv6", h6.Packet(pong), 40},
		{"extension headers", h6.Packet(pkttest.HopByHop{}, pkttest.DestOptions{}, udp), 56},
		{"a source route that is not at its end", h6.Packet(pkttest.Routing{SegmentsLeft: 2}, tcp), 48},
		{"a fragment, IPv6", h6.Packet(pkttest.Fragment{Offset: 64, ID: 0x1234}, data), 48},
		{"a first fragment, IPv6", h6.Packet(pkttest.Fragment{More: true, ID: 0x1234}, data), 48},
		{"an atomic fragment", h6.Packet(pkttest.Fragment{ID: 0x1234}, udp), 48},
	} {
		t.Run(q.name, func(t *testing.T) {
			s := newSubject(t, config())
			whole := q.cut(s, len(q.pkt), t)
			for n := range len(q.pkt) {
				got := q.cut(s, n, t)
				if (got == nil) != (n < q.headers) {
					t.Fatalf("%d octets of %d: %d come out", n, len(q.pkt), len(got))
				}
				if got == nil {
					continue
				}
				want := whole[:len(whole)-(len(q.pkt)-n)]
				if slices.Contains([]int{3, 7, 17}, n-q.headers) { // half a checksum may be copied as it is
					got, want = got[:len(got)-1], want[:min(len(want), len(got))-1]
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("%d octets of %d:\n got %x\nwant %x", n, len(q.pkt), got, want)
				}
			}
		})
	}
}

// cut sends an error that quotes the first n octets and returns the quote of the
// error that comes out, or nil if none does.
func (q quoting) cut(s *subject, n int, t *testing.T) []byte {
	t.Helper()
	pkt, at := ip4.Packet(pkttest.ICMPError{Type: 11, Quote: q.pkt[:n]}), 48
	if q.pkt[0]>>4 == 6 {
		pkt, at = ip6.Packet(pkttest.ICMPError{Type: 3, Quote: q.pkt[:n]}), 28
	}
	v, got := s.send(pkt)
	if got == nil {
		if v != translate.QuoteMalformed {
			t.Errorf("%d octets: %v", n, v)
		}
		return nil
	}
	if err := pkttest.Check(got[0]); err != nil {
		t.Errorf("%d octets: %v", n, err)
	}
	return bytes.Clone(got[0][at:])
}

// TestQuoteOfNothing: a quoted packet ends where its header says. What stands behind
// it is padding, which is neither read nor sent on.
func TestQuoteOfNothing(t *testing.T) {
	behind := []byte{3, 3, 3, 3, 3, 3, 3, 3} // would be an ICMP error
	q4, q6 := pkttest.IPv4{Src: mapped4, Dst: far4, Proto: 1}.Packet(), pkttest.IPv6{Src: mapped6, Dst: far6, Next: 58}.Packet()
	r4, r6 := pkttest.IPv4{Src: far4, Dst: mapped4, Proto: 1}.Packet(), pkttest.IPv6{Src: far6, Dst: mapped6, Next: 58}.Packet()
	runRules(t, config(), []ruleTest{
		{
			"IPv4", ip4.Packet(pkttest.ICMPError{Type: 11, Quote: append(q4, behind...)}), translate.Translated,
			packets(pkttest.IPv6{Src: far6, Dst: mapped6, HopLimit: 63}.Packet(pkttest.ICMPError{Type: 3, Quote: q6})),
		},
		{
			"IPv6", ip6.Packet(pkttest.ICMPError{Type: 3, Quote: append(r6, behind...)}), translate.Translated,
			packets(pkttest.IPv4{Src: mapped4, Dst: far4, TTL: 63}.Packet(pkttest.ICMPError{Type: 11, Quote: r4})),
		},
	})
}

// TestExtensionsFit: an extension structure crosses behind a quote that is padded
// to 128 octets and to the unit of the length attribute, is shortened rather than
// the structure lost, and no less than to 128 octets (RFC 4884 §4, RFC 7915 §4.2,
// §5.2).
func TestExtensionsFit(t *testing.T) {
	s := newSubject(t, config())
	for quoted := 28; quoted < 1400; quoted += 4 {
		for _, size := range []int{4, 12, 100, 400, 416, 420, 500, 1100, 1104, 1108} {
			ext := pkttest.Extension()
			if size > 4 {
				ext = pkttest.Extension(pkttest.Object{Class: 1, Type: 1, Data: make([]byte, size-8)})
			}
			quote4 := pkttest.IPv4{Src: mapped4, Dst: far4}.Packet(pkttest.UDP{Data: make([]byte, quoted-28)})
			quote6 := pkttest.IPv6{Src: far6, Dst: mapped6}.Packet(pkttest.UDP{Data: make([]byte, quoted-28)})
			if max(quoted, 128) <= 255*4 {
				wantFit(t, s, ip4.Packet(pkttest.ICMPError{Type: 11, Quote: quote4, Ext: ext}), parts{len(quote4) + 20, size})
			}
			wantFit(t, s, ip6.Packet(pkttest.ICMPError{Type: 3, Quote: quote6, Ext: ext}), parts{len(quote6) - 20, size})
			if t.Failed() {
				t.Fatalf("a quote of %d octets, an extension of %d", quoted, size)
			}
		}
	}
}

// A parts is the lengths of a quote, as the other family writes it, and of an
// extension structure, in octets.
type parts struct{ quote, extension int }

// wantFit sends an error, of which so much should come out as fits.
func wantFit(t *testing.T, s *subject, pkt []byte, has parts) {
	t.Helper()
	room, unit, at, icmp := 1280-48, 8, 44, 40
	if pkt[0]>>4 == 6 {
		room, unit, at, icmp = 576-28, 4, 25, 20
	}
	padded := max(128, (has.quote+unit-1)/unit*unit)
	quote := min(padded, (room-has.extension)/unit*unit)
	total := quote + has.extension
	if quote < 128 {
		quote, total = 0, min(has.quote, room)
	}
	_, got := s.send(pkt)
	if len(got) != 1 {
		t.Errorf("%d packets", len(got))
		return
	}
	if length := int(got[0][at]) * unit; length != quote || len(got[0])-icmp-8 != total {
		t.Errorf("length attribute %d octets, want %d; %d octets in all, want %d", length, quote, len(got[0])-icmp-8, total)
	}
	if err := pkttest.Check(got[0]); err != nil {
		t.Error(err)
	}
}

// TestWellKnownPrefixKeepsChecksums: between two addresses of 64:ff9b::/96 the
// transport checksum comes out as it went in (RFC 6052 §4.1), elsewhere not.
func TestWellKnownPrefixKeepsChecksums(t *testing.T) {
	for _, prefix := range []string{"wkp", "base"} {
		c := *testConfigs()[prefix]
		c.WKPFStrict = false
		s := newSubject(t, &c)
		from, to := c.Prefix.Addr().String()+"8.8.8.8", c.Prefix.Addr().String()+"203.0.113.9"
		for _, layer := range []pkttest.Layer{udp, tcp} {
			for _, pkt := range [][]byte{pkttest.IPv6{Src: from, Dst: to}.Packet(layer), pkttest.IPv4{Src: "8.8.8.8", Dst: "203.0.113.9"}.Packet(layer)} {
				_, got := s.send(pkt)
				at := map[byte]int{17: 6, 6: 16}[got[0][9]]
				in, out := 40, 20
				if got[0][0]>>4 == 6 {
					in, out, at = 20, 40, map[byte]int{17: 6, 6: 16}[got[0][6]]
				}
				before, after := binary.BigEndian.Uint16(pkt[in+at:]), binary.BigEndian.Uint16(got[0][out+at:])
				if (before == after) != (prefix == "wkp") {
					t.Errorf("%s: checksum %#x becomes %#x", prefix, before, after)
				}
			}
		}
	}
}
