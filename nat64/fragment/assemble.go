package fragment

import (
	"encoding/binary"

	"taygo/translate/wire"
)

const (
	longest4 = 65535                // Total Length
	longest6 = wire.IPv6Len + 65535 // Payload Length
)

// fits reports whether a datagram, all of whose pieces are there in order, can be
// one packet, in IPv4 as well.
func (d *datagram) fits() bool {
	total := d.pieces[0].len + d.cover.size
	if d.isV6() {
		return total <= longest6 && d.cover.size <= longest4-wire.IPv4Len
	}
	return total <= longest4
}

func (d *datagram) isV6() bool { return d.pieces[0].buf[0]>>4 == 6 }

// size is how many octets the packet has.
func (r *ready) size() int {
	if r.datagram == nil {
		return len(r.pieces[0].buf)
	}
	return r.datagram.pieces[0].len + r.datagram.cover.size
}

// put writes the packet to f, which has its size.
func (r *ready) put(f *wire.Frame) {
	d := r.datagram
	if d == nil {
		copy(f.Bytes(), r.pieces[0].buf)
		return
	}
	b := f.Bytes()
	n := d.pieces[0].len
	copy(b, d.pieces[0].buf[:n])
	for _, x := range d.pieces {
		copy(b[n+x.at:], x.buf[x.len:])
	}
	if d.isV6() {
		put6(b, n, d.congested())
	} else {
		put4(b, n, d.congested())
	}
	f.Reassembled = true
}

// congested reports whether a fragment was marked on its way (RFC 3168 §5.3).
func (d *datagram) congested() bool { return d.marks&(1<<congestionExperienced) != 0 }

const congestionExperienced = 3 // in the ECN field, of which 0 says that it is not in use

// put4 makes the header of a first fragment, n octets long, that of all of b: no
// fragment, and DF clear, as its sender let it be fragmented.
func put4(b []byte, n int, congested bool) {
	if congested && b[1]&congestionExperienced != 0 {
		b[1] |= congestionExperienced
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[6], b[7], b[10], b[11] = 0, 0, 0, 0
	binary.BigEndian.PutUint16(b[10:], wire.Sum(0).AddBytes(b[:n]).Checksum())
}

// put6 makes the headers of a first fragment, n octets long with the Fragment
// Header, those of all of b: an atomic fragment (RFC 6946).
func put6(b []byte, n int, congested bool) {
	const ecnShift = 4 // of the Traffic Class, which begins in octet 0
	if congested && b[1]>>ecnShift&congestionExperienced != 0 {
		b[1] |= congestionExperienced << ecnShift
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-wire.IPv6Len))
	at := n - wire.FragmentLen + 2
	b[at], b[at+1] = 0, 0
}
