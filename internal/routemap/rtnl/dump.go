package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Routes appends the request for a dump of the routes of a family in a table, of
// one protocol or, for 0, of all. The kernel refuses with ENOENT if nobody has
// used the table. One before 4.20 ignores what is asked for and dumps all.
func (b *Batch) Routes(family uint8, table uint32, protocol uint8) {
	at := b.begin(unix.RTM_GETROUTE, unix.NLM_F_DUMP)
	inHeader := table
	if inHeader > maxTableInHeader {
		inHeader = unix.RT_TABLE_UNSPEC
	}
	b.buf = append(b.buf, family, 0, 0, 0, uint8(inHeader), protocol, 0, 0)
	b.buf = native.AppendUint32(b.buf, 0)
	b.attr32(unix.RTA_TABLE, table)
	b.end(at)
}

// NextHops appends the request for a dump of all nexthop objects.
func (b *Batch) NextHops() {
	at := b.begin(unix.RTM_GETNEXTHOP, unix.NLM_F_DUMP)
	b.buf = append(b.buf, make([]byte, sizeofNextHopMsg)...)
	b.end(at)
}

// Links appends the request for a dump of all links.
func (b *Batch) Links() {
	at := b.begin(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	b.buf = append(b.buf, make([]byte, unix.SizeofIfInfomsg)...)
	b.end(at)
}

// RouteTo appends the question by which route packets to an address would go. The
// answer is that route, with its own prefix. Of routes by nexthop objects the kernel
// looks at what it has cached with the object, and when one of them goes denies for
// a while that the others are there (ENETUNREACH).
func (b *Batch) RouteTo(to netip.Addr) {
	at := b.begin(unix.RTM_GETROUTE, 0)
	family := uint8(unix.AF_INET)
	if to.Is6() {
		family = unix.AF_INET6
	}
	b.buf = append(b.buf, family, uint8(to.BitLen()), 0, 0, 0, 0, 0, 0)
	b.buf = native.AppendUint32(b.buf, unix.RTM_F_FIB_MATCH)
	b.attr(unix.RTA_DST, to.AsSlice())
	b.end(at)
}
