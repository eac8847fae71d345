package mrt_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// What follows writes MRT files as RFC 6396, RFC 8050 and RFC 4271 draw them, and
// knows nothing of the reader.

// A path is one entry of a route: its attributes, and its identifier if the record
// has such.
type path struct {
	peer  uint16
	id    uint32
	attrs []byte
}

// An entry is a route with its paths.
type entry struct {
	prefix string
	octets []byte // of the prefix in the file, if they are not those of prefix
	paths  []path
}

func record(kind, subtype uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1_700_000_000)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, subtype)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...)
}

// peers returns a PEER_INDEX_TABLE of n peers with AS numbers of four octets.
func peers(n int) []byte {
	b := []byte{192, 0, 2, 250, 0, 4, 't', 'e', 's', 't'}
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	for i := range n {
		b = append(b, 2)                             // an IPv4 address, an AS of four octets
		b = append(b, 192, 0, 2, byte(i+1))          // its identifier
		b = append(b, 192, 0, 2, byte(i+1))          // its address
		b = binary.BigEndian.AppendUint32(b, 64_500) // its AS
	}
	return record(13, 1, b)
}

// rib returns a record of an IPv4 route.
func rib(sequence uint32, e entry) []byte { return record(13, 2, ribBody(sequence, e, false)) }

// ribAddPath returns one with identifiers of paths.
func ribAddPath(sequence uint32, e entry) []byte { return record(13, 8, ribBody(sequence, e, true)) }

func ribBody(sequence uint32, e entry, addPath bool) []byte {
	p := netip.MustParsePrefix(e.prefix)
	b := binary.BigEndian.AppendUint32(nil, sequence)
	b = append(b, byte(p.Bits()))
	octets := e.octets
	if octets == nil {
		octets = p.Addr().AsSlice()[:(p.Bits()+7)/8]
	}
	b = append(b, octets...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.paths)))
	for _, one := range e.paths {
		b = binary.BigEndian.AppendUint16(b, one.peer)
		b = binary.BigEndian.AppendUint32(b, 1_690_000_000)
		if addPath {
			b = binary.BigEndian.AppendUint32(b, one.id)
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(one.attrs)))
		b = append(b, one.attrs...)
	}
	return b
}

// attr returns a path attribute. Longer ones get a length of two octets.
func attr(kind byte, value []byte) []byte {
	if len(value) > 255 {
		return append(binary.BigEndian.AppendUint16([]byte{0x50, kind}, uint16(len(value))), value...)
	}
	return append([]byte{0x40, kind, byte(len(value))}, value...)
}

// usual are the attributes that each path has: ORIGIN, and an AS_PATH of two.
func usual() []byte {
	return append(attr(1, []byte{0}), attr(2, []byte{2, 2, 0, 0, 0xfb, 0xf4, 0, 0, 0xfb, 0xf5})...)
}

// via returns the attributes of a path by an IPv4 next hop.
func via(a string) []byte { return append(usual(), attr(3, netip.MustParseAddr(a).AsSlice())...) }

// via6 returns those of a path by IPv6 next hops: a global address, and perhaps a
// link-local one.
func via6(all ...string) []byte {
	return append(usual(), attr(14, append([]byte{byte(16 * len(all))}, octetsOf(all)...))...)
}

// whole6 returns those with the whole MP_REACH_NLRI, for 198.51.100.0/24.
func whole6(all ...string) []byte {
	value := append([]byte{0, 1, 1, byte(16 * len(all))}, octetsOf(all)...)
	return append(usual(), attr(14, append(value, 0, 24, 198, 51, 100))...)
}

func octetsOf(all []string) (b []byte) {
	for _, s := range all {
		b = append(b, netip.MustParseAddr(s).AsSlice()...)
	}
	return b
}

func route(prefix string, attrs ...[]byte) entry {
	e := entry{prefix: prefix}
	for i, a := range attrs {
		e.paths = append(e.paths, path{peer: uint16(i), id: uint32(i + 7), attrs: a})
	}
	return e
}

func join(all ...[]byte) []byte { return bytes.Join(all, nil) }
