package translate

import "taygo/translate/wire"

// ICMP types of messages that quote a packet.
const (
	unreachable4, quench4, redirect4, exceeded4, problem4 = 3, 4, 5, 11, 12
	unreachable6, tooBig6, exceeded6, problem6            = 1, 2, 3, 4
	redirect6                                             = 137
)

// isError reports whether an ICMP message is an error: no error may be sent
// about it (RFC 1122 §3.2.2, RFC 4443 §2.4e).
func isError(v6 bool, kind uint8) bool {
	if v6 {
		return kind < 128 || kind == redirect6
	}
	return kind == unreachable4 || kind == quench4 || kind == redirect4 || kind == exceeded4 || kind == problem4
}

// A second says what becomes of the second word of an ICMP error.
type second uint8

const (
	unused    second = iota // zero, but for the length attribute (RFC 4884)
	mtu                     // a path MTU, computed
	pointer                 // a pointer, by table
	nextField               // the constant 6: where the Next Header field stands
)

// An errorRow is what an ICMP error becomes in the other family.
type errorRow struct {
	kind, code uint8
	second     second
}

const (
	noRow     = 0xff // a code without counterpart
	noPointer = 0xff // a field without counterpart
)

var gone = errorRow{kind: noRow}

// The tables of RFC 7915 §4.2: Destination Unreachable by code, and Parameter
// Problem by code.
var (
	unreachable4to6 = [16]errorRow{
		0:  {unreachable6, 0, unused},
		1:  {unreachable6, 0, unused},
		2:  {problem6, 1, nextField},
		3:  {unreachable6, 4, unused},
		4:  {tooBig6, 0, mtu},
		5:  {unreachable6, 0, unused},
		6:  {unreachable6, 0, unused},
		7:  {unreachable6, 0, unused},
		8:  {unreachable6, 0, unused},
		9:  {unreachable6, 1, unused},
		10: {unreachable6, 1, unused},
		11: {unreachable6, 0, unused},
		12: {unreachable6, 0, unused},
		13: {unreachable6, 1, unused},
		14: gone,
		15: {unreachable6, 1, unused},
	}
	problem4to6 = [3]errorRow{
		0: {problem6, 0, pointer},
		1: gone,
		2: {problem6, 0, pointer},
	}
	// RFC 7915 §4.2, figure 3.
	pointer4to6 = [20]uint8{
		0, 1, 4, 4, noPointer, noPointer, noPointer, noPointer, 7, 6,
		noPointer, noPointer, 8, 8, 8, 8, 24, 24, 24, 24,
	}
)

// The tables of RFC 7915 §5.2.
var (
	unreachable6to4 = [5]errorRow{
		0: {unreachable4, 1, unused},
		1: {unreachable4, 10, unused},
		2: {unreachable4, 1, unused},
		3: {unreachable4, 1, unused},
		4: {unreachable4, 3, unused},
	}
	problem6to4 = [2]errorRow{
		0: {problem4, 0, pointer},
		1: {unreachable4, 2, unused},
	}
	// RFC 7915 §5.2, figure 6.
	pointer6to4 = [40]uint8{
		0, 1, noPointer, noPointer, 2, 2, 9, 8,
		12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12,
		16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
	}
)

// crossError returns what an ICMP error of the given type and code becomes.
func crossError(v6 bool, kind, code uint8) (errorRow, bool) {
	row := gone
	switch {
	case !v6 && kind == unreachable4:
		row = lookup(unreachable4to6[:], code)
	case !v6 && kind == exceeded4:
		row = errorRow{exceeded6, code, unused}
	case !v6 && kind == problem4:
		row = lookup(problem4to6[:], code)
	case v6 && kind == unreachable6:
		row = lookup(unreachable6to4[:], code)
	case v6 && kind == tooBig6:
		row = errorRow{unreachable4, 4, mtu}
	case v6 && kind == exceeded6:
		row = errorRow{exceeded4, code, unused}
	case v6 && kind == problem6:
		row = lookup(problem6to4[:], code)
	}
	return row, row.kind != noRow
}

func lookup(table []errorRow, code uint8) errorRow {
	if int(code) < len(table) {
		return table[code]
	}
	return gone
}

// crossPointer returns the field of the other family's header at which a
// Parameter Problem points.
func crossPointer(v6 bool, word uint32) (uint32, bool) {
	if v6 {
		if word >= uint32(len(pointer6to4)) || pointer6to4[word] == noPointer {
			return 0, false
		}
		return uint32(pointer6to4[word]) << 24, true // the first octet of the word
	}
	at := word >> 24
	if at >= uint32(len(pointer4to6)) || pointer4to6[at] == noPointer {
		return 0, false
	}
	return uint32(pointer4to6[at]), true
}

// crossMTU returns the path MTU that an ICMP error reports on the other side
// (RFC 7915 §4.2, §5.2). q is the quoted packet.
func (t *Translator) crossMTU(v6 bool, word uint32, q *Header) (uint32, bool) {
	p := t.Policy
	if !v6 {
		m := int(word & 0xffff)
		if m == 0 {
			m = p.plateau(q.Total)
		}
		return uint32(max(wire.MinMTU6, min(m+20, p.MTU6, p.MTU4+20))), true
	}
	less := wire.IPv6Len - wire.IPv4Len
	if q.Fragment {
		less += wire.FragmentLen
	}
	const least = 68 // IPv4 takes no less (RFC 791 §3.2)
	if word < least+20 {
		return 0, false
	}
	m := min(int64(word)-int64(less), int64(p.MTU4), int64(p.MTU6-20), 65535)
	return uint32(max(m, least)), true
}

// plateau guesses the path MTU that a router without RFC 1191 did not tell: the
// next lower common one that IPv6 can use, or 0.
func (p *Policy) plateau(total int) int {
	for _, m := range p.Plateaus {
		if m < total {
			if m >= wire.MinMTU6 {
				return m
			}
			return 0
		}
	}
	return 0
}
