package rtnl

import (
	"errors"
	"net/netip"
	"slices"
	"time"

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

// tries is how often a dump is repeated that is interrupted each time.
const tries = 20

// Dump is Ask for what is dumped whole: it asks again as long as something changed
// meanwhile, and calls restart before each try. A long answer is read by a goroutine
// of its own, so that the kernel makes the next datagrams while each is at work.
func (c *Conn) Dump(add func(*Batch), restart func(), each func(Message)) error {
	var err error
	for range tries {
		restart()
		if err = c.dump(add, each); !errors.Is(err, ErrInterrupted) {
			return err
		}
	}
	return err
}

func (c *Conn) dump(add func(*Batch), each func(Message)) error {
	if err := c.request(add); err != nil {
		return err
	}
	a := answer{seq: c.seq, each: each}
	first, err := c.read()
	if err != nil {
		return err
	}
	if done, err := a.take(first); done {
		return err
	}
	return a.collect(c.readAhead())
}

const (
	ahead    = 4        // datagrams
	dumpSize = 32 << 10 // no datagram of a dump is longer
)

// readAhead has a goroutine read what is left of the answer to the last request, and
// returns what returns each datagram, which is good until the next.
func (c *Conn) readAhead() func() ([]byte, error) {
	type received struct {
		room, datagram []byte
		err            error
	}
	full, empty := make(chan received, ahead), make(chan []byte, ahead)
	if c.rooms == nil {
		c.rooms = make([]byte, ahead*dumpSize)
	}
	for room := range slices.Chunk(c.rooms, dumpSize) {
		empty <- room
	}
	go func() {
		for last := false; !last; {
			r := received{room: <-empty}
			_ = c.file.SetReadDeadline(time.Now().Add(patience)) // it fails only if the file is closed
			r.datagram, r.err = c.readInto(r.room)
			last = r.err != nil
			for m := range Messages(r.datagram) {
				last = last || m.ends(c.seq)
			}
			full <- r
		}
	}()
	var r received
	return func() ([]byte, error) {
		if r.room != nil {
			empty <- r.room
		}
		r = <-full
		return r.datagram, r.err
	}
}
