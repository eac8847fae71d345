package beside

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
)

// Facts are a packet and what became of it.
type facts struct {
	in           view
	raw          []byte
	tayga, taygo [][]byte
	want         oracle.Outcome
}

// A view is what the rows ask of a packet, read as far as it can be.
type view struct {
	v6       bool
	src, dst netip.Addr
	ttl      byte
	proto    byte // behind extension headers
	options  bool // IPv4 options, or IPv6 extension headers but for a Fragment Header
	routed   bool // there is a Routing header
	fragment bool // a part of a packet
	atomic   bool // a Fragment Header on a whole packet
	offset   int  // of a fragment, in octets
	total    int  // the length that the header tells
	body     []byte
	error    bool  // an ICMP error
	quote    *view // of an ICMP error
}

func look(b []byte) view {
	var v view
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		v = look4(b)
	case len(b) >= 40 && b[0]>>4 == 6:
		v = look6(b)
	}
	icmp := !v.v6 && v.proto == 1 || v.v6 && v.proto == 58
	if !icmp || len(v.body) < 8 || v.offset > 0 {
		return v
	}
	kind := v.body[0]
	if v.error = v.v6 && kind < 128 || !v.v6 && (kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12); v.error {
		q := look(v.body[8:])
		v.quote = &q
	}
	return v
}

func look4(b []byte) view {
	word := binary.BigEndian.Uint16(b[6:])
	ihl := min(max(int(b[0]&15)*4, 20), len(b))
	return view{
		src: netip.AddrFrom4([4]byte(b[12:])), dst: netip.AddrFrom4([4]byte(b[16:])), ttl: b[8], proto: b[9],
		options: ihl > 20, fragment: word&0x3fff != 0, offset: int(word&0x1fff) * 8,
		total: int(binary.BigEndian.Uint16(b[2:])), body: b[ihl:],
	}
}

func look6(b []byte) view {
	v := view{
		v6: true, src: netip.AddrFrom16([16]byte(b[8:])), dst: netip.AddrFrom16([16]byte(b[24:])), ttl: b[7], proto: b[6],
		total: int(binary.BigEndian.Uint16(b[4:])) + 40, body: b[40:],
	}
	for len(v.body) >= 8 && v.offset == 0 {
		size := 8
		switch v.proto {
		case 0, 43, 60:
			v.options = true
			v.routed = v.routed || v.proto == 43
			size = 8 * (1 + int(v.body[1]))
		case 44:
			word := binary.BigEndian.Uint16(v.body[2:])
			v.offset, v.fragment = int(word&^7), word&^6 != 0
			v.atomic = !v.fragment
		default:
			return v
		}
		v.proto, v.body = v.body[0], v.body[min(size, len(v.body)):]
	}
	return v
}

// any reports whether an address of the packet, or of the one it quotes, fits.
func (v *view) any(fits func(netip.Addr) bool) bool {
	return v != nil && (fits(v.src) || fits(v.dst) || v.quote.any(fits))
}

// embedded returns the IPv4 address of a, which may stand in the prefix.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if a.Is4() {
		return a, true
	}
	for _, p := range prefixes {
		if p.Contains(a) {
			b := a.As16()
			if p.Bits() == 64 {
				return netip.AddrFrom4([4]byte(b[9:])), true
			}
			return netip.AddrFrom4([4]byte(b[12:])), true
		}
	}
	return a, false
}

func within(list ...string) func(netip.Addr) bool {
	return func(a netip.Addr) bool {
		v4, ok := embedded(a)
		for _, p := range list {
			if ok && netip.MustParsePrefix(p).Contains(v4) {
				return true
			}
		}
		return false
	}
}

// mapped reports whether a is the IPv4 address, inside the prefix, of a host that
// has an IPv6 address by a map, or of the translator.
func mapped(a netip.Addr) bool {
	return a.Is6() && within("198.51.100.0/24", own4+"/32")(a)
}

// kind tells what came out: nothing, an ICMP error of the translator as type/code,
// or else "translated".
func (f *facts) kind(out [][]byte) string {
	if len(out) == 0 {
		return "nothing"
	}
	v := look(out[0])
	if v.v6 == f.in.v6 && v.dst == f.in.src && len(v.body) >= 8 && (v.src == netip.MustParseAddr(own4) || v.src == netip.MustParseAddr(own6)) {
		if v.proto == 1 || v.proto == 58 {
			return codes(v.body[0], v.body[1])
		}
	}
	return "translated"
}

// went reports whether the outcomes were one of those of each list.
func (f *facts) went(tayga, taygo string) bool {
	has := func(list, kind string) bool { return slices.Contains(strings.Fields(list), kind) }
	return has(tayga, f.kind(f.tayga)) && has(taygo, f.kind(f.taygo))
}

// rule reports whether one of the rules of docs/rfc.md decided.
func (f *facts) rule(ids ...string) bool {
	return slices.Contains(ids, f.want.Why)
}

// agreed reports whether taygo did what the oracle says.
func (f *facts) agreed() bool {
	if len(f.taygo) != len(f.want.Packets) {
		return false
	}
	for i, want := range f.want.Packets {
		got, want := bytes.Clone(f.taygo[i]), bytes.Clone(want)
		for _, free := range f.want.Free[i] {
			if free[0]+free[1] > min(len(got), len(want)) {
				return false
			}
			clear(got[free[0]:][:free[1]])
			clear(want[free[0]:][:free[1]])
		}
		if !bytes.Equal(got, want) {
			return false
		}
	}
	return true
}

func (f *facts) same() bool {
	if len(f.tayga) != len(f.taygo) {
		return false
	}
	for i := range f.tayga {
		if !bytes.Equal(f.tayga[i], f.taygo[i]) {
			return false
		}
	}
	return true
}

// each returns the pairs of packets, if as many came out of both.
func (f *facts) each(differ func(tayga, taygo []byte) bool) bool {
	if len(f.tayga) != len(f.taygo) {
		return false
	}
	for i := range f.tayga {
		if len(f.tayga[i]) >= 20 && len(f.taygo[i]) >= 20 && f.tayga[i][0]>>4 == f.taygo[i][0]>>4 && differ(f.tayga[i], f.taygo[i]) {
			return true
		}
	}
	return false
}

// right reports whether the checksum of the message in pkt is right.
func right(pkt []byte) bool { return pkttest.TransportSum(pkt) == pkttest.SumGood }

func codes(kind, code byte) string { return fmt.Sprintf("%d/%d", kind, code) }
