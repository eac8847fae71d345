package nat64

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// probeLen is the length of a probe in octets.
const probeLen = wire.IPv6Len + wire.TCPLen

// A flow is a session as the IPv6 side sees it.
type flow struct {
	host, peer         wire.Addr // of the IPv6 host; of the IPv4 host, inside the prefix
	hostPort, peerPort uint16
}

// putProbe writes to b a segment that asks the IPv6 host whether its connection is
// still there: an ACK with no data, of sequence and acknowledgement number 0, as if
// from the IPv4 host (RFC 6146 §3.5.2.2). A host that has the connection answers
// with an ACK, one that has not with an RST.
func putProbe(b *[probeLen]byte, f flow) {
	*b = [probeLen]byte{}
	b[0] = 6 << 4
	binary.BigEndian.PutUint16(b[4:], wire.TCPLen)
	b[6], b[7] = wire.ProtoTCP, 64
	f.peer.Store16(b[8:])
	f.host.Store16(b[24:])
	segment := b[wire.IPv6Len:]
	binary.BigEndian.PutUint16(segment, f.peerPort)
	binary.BigEndian.PutUint16(segment[2:], f.hostPort)
	segment[12] = wire.TCPLen / 4 << 4
	segment[flagsAt] = flagACK
	sum := wire.Sum(0).AddAddr(f.peer).AddAddr(f.host).Add(wire.TCPLen + wire.ProtoTCP).AddBytes(segment)
	binary.BigEndian.PutUint16(segment[16:], sum.Checksum())
}

const flagACK = 0x10
