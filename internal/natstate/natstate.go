// Package natstate keeps the bindings and sessions of stateful NAT64 in a file,
// the snapshot, so that established connections outlive a restart.
//
// A snapshot holds each lifetime as what was left of it when it was taken, and
// that moment by two clocks: the wall's, and that of the machine since its start.
// So sessions end when they would have, and a wall clock that is set does no harm
// unless the machine restarts too.
//
// The format, all integers little-endian: a header of 96 octets, blocks, and a
// trailer of 52 octets. Nothing follows.
//
//	header   magic "taygoN64", version u16, length of the prefix u8, zero 5 octets,
//	         wall i64 ns since 1970, boot i64 ns, boot id 16 octets, key of the table
//	         32 octets, prefix 12 octets, CRC-32C of these 92 octets u32
//	block    length of the body u32, from 1; number of entries u32; CRC-32C of both
//	         and the body u32; the body: entries
//	entry    flags u8: protocol (0 TCP, 1 UDP, 2 ICMP), 4 held, 8 static; IPv6
//	         address and port, IPv4 address and port; what is left of a held one
//	         i32; number of sessions uvarint; sessions
//	session  IPv4 address and port of the peer, state u8, what is left i32
//	trailer  zero u32, number of entries u64, number of sessions u64, SHA-256 of all
//	         that is before it
//
// Addresses are in network byte order, ports are integers; lifetimes count
// sixteenths of a second, the unit of nat64's tables, rounded up.
package natstate

import (
	"hash/crc32"
	"math"
	"net/netip"
	"time"

	"taygo/nat64"
)

const (
	magic       = "taygoN64"
	version     = 1
	headerSize  = 96
	blockHeader = 12
	trailerSize = 4 + 8 + 8 + 32
	entrySize   = 1 + 16 + 2 + 4 + 2 + 1 // at least
	sessionSize = 4 + 2 + 1 + 4

	// blockSize is how long a body grows before the next one begins. One with a
	// binding of very many sessions is longer.
	blockSize = 64 << 10
)

// The flags of an entry, above the protocol.
const (
	protoMask  = 3
	flagHeld   = 4
	flagStatic = 8
)

// protocols are the protocol numbers of the flags, as IPv4 writes them.
var protocols = [3]uint8{6, 17, 1}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// unit is the unit of lifetimes in the file.
const unit = time.Second / 16

// toUnits returns a lifetime as it is in the file: rounded up, and no longer than
// the four years that fit.
func toUnits(d time.Duration) int32 {
	n := d / unit
	if d%unit > 0 {
		n++
	}
	return int32(min(max(n, math.MinInt32), math.MaxInt32))
}

func fromUnits(n int32) time.Duration { return time.Duration(n) * unit }

// An Origin says where a snapshot comes from.
type Origin struct {
	Taken  Moment
	Key    [32]byte     // of the table: nat64's Table.Key
	Prefix netip.Prefix // in which the hosts see their peers (RFC 6052 §2.2); may be the zero Prefix
}

// A Summary says what is in a snapshot.
type Summary struct {
	Origin
	Bindings int   // held ones too
	Sessions int   //
	Octets   int64 // of the file
}

// A Restorer takes entries that are borrowed until it returns, and says how many
// of them there are now, and how many are refused: nat64's Table.Restore, at one
// and the same time for all of them.
type Restorer func([]nat64.Entry) (restored, refused int)
