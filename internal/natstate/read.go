package natstate

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"

	"taygo/nat64"
)

// Loaded says what became of the entries of a snapshot.
type Loaded struct {
	Summary
	Age      time.Duration // time since it was taken
	Restored int           // entries that are there again
	Refused  int           // entries that fit neither pool nor limits any more
	Ended    int           // entries whose time ended meanwhile, and static ones without sessions
}

// Options say how a snapshot is read.
type Options struct {
	Now Moment
	// Hold is how long the port of a binding of UDP or ICMP is held when its last
	// session has ended, also when that was meanwhile: nat64's Options.PortHold (RFC
	// 6888 REQ-8).
	Hold time.Duration
	// Closing is how long a connection is in TRANS when it was ESTABLISHED and idle
	// too long: nat64's Timeouts.Closing. One that would still be is probed after
	// all.
	Closing time.Duration
	// Prefix is that in which hosts see their peers now: a snapshot of another is
	// refused. The zero Prefix takes any.
	Prefix netip.Prefix
}

// Read reads a snapshot of size octets twice: once to check the whole of it, and
// then, if it is good, to restore it, block by block. Each session has lost what
// has passed since of its lifetime. After an error nothing has been restored, but when
// the file changes while it is read, or the disk fails.
func Read(r io.ReaderAt, size int64, o Options, restore Restorer) (Loaded, error) {
	var p parser
	summary, err := walk(r, size, true, p.parse)
	if err != nil {
		return Loaded{}, err
	}
	if o.Prefix.IsValid() && o.Prefix != summary.Prefix {
		return Loaded{}, fmt.Errorf("%w, %v", errPrefix, summary.Prefix)
	}
	l := Loaded{Summary: summary, Age: o.Now.Since(summary.Taken)}
	_, err = walk(r, size, false, func(body []byte, entries int) (int, error) {
		sessions, err := p.parse(body, entries)
		if err != nil {
			return 0, err
		}
		alive := p.age(l.Age, o)
		restored, refused := restore(alive)
		l.Ended += entries - len(alive)
		l.Restored += restored
		l.Refused += refused
		return sessions, nil
	})
	return l, err
}

// A parser holds the entries of one block.
type parser struct {
	entries  []nat64.Entry
	sessions []nat64.SessionEntry
}

// parse reads the body of a block, which has agreed with its checksum, so that
// whatever is wrong with it has been written so.
func (p *parser) parse(body []byte, entries int) (sessions int, err error) {
	p.entries, p.sessions = p.entries[:0], p.sessions[:0]
	for range entries {
		if body, err = p.entry(body); err != nil {
			return 0, err
		}
	}
	if len(body) > 0 {
		return 0, damaged("%d octets follow its entries", len(body))
	}
	return len(p.sessions), nil
}

// entry reads one entry and returns what is behind it.
func (p *parser) entry(b []byte) ([]byte, error) {
	if len(b) < entrySize {
		return nil, damaged("an entry is cut off")
	}
	flags := b[0]
	v6, v4 := netip.AddrFrom16([16]byte(b[1:])), netip.AddrFrom4([4]byte(b[19:]))
	if flags&protoMask == protoMask || flags >= 2*flagStatic || v6.Is4In6() {
		return nil, damaged("an entry has flags %#x and the address %v", flags, v6)
	}
	e := nat64.Entry{
		Proto:  protocols[flags&protoMask],
		V6:     netip.AddrPortFrom(v6, binary.LittleEndian.Uint16(b[17:])),
		V4:     netip.AddrPortFrom(v4, binary.LittleEndian.Uint16(b[23:])),
		Held:   flags&flagHeld != 0,
		Static: flags&flagStatic != 0,
	}
	b = b[25:]
	if e.Held {
		if len(b) < 5 {
			return nil, damaged("an entry is cut off")
		}
		e.Left = fromUnits(int32(binary.LittleEndian.Uint32(b)))
		b = b[4:]
	}
	n, width := binary.Uvarint(b)
	if width <= 0 || n > uint64(len(b)-width)/sessionSize || e.Held && n > 0 {
		return nil, damaged("an entry has %d sessions in %d octets", n, len(b))
	}
	b = b[width:]
	first := len(p.sessions)
	for range n {
		s := nat64.SessionEntry{
			Peer:  netip.AddrPortFrom(netip.AddrFrom4([4]byte(b)), binary.LittleEndian.Uint16(b[4:])),
			State: nat64.State(b[6]),
			Left:  fromUnits(int32(binary.LittleEndian.Uint32(b[7:]))),
		}
		if s.State == nat64.Closed || s.State >= nat64.NumStates {
			return nil, damaged("a session is in state %d", b[6])
		}
		p.sessions = append(p.sessions, s)
		b = b[sessionSize:]
	}
	e.Sessions = p.sessions[first:len(p.sessions):len(p.sessions)]
	p.entries = append(p.entries, e)
	return b, nil
}

// age takes a time from all lifetimes, and returns the entries that are left.
func (p *parser) age(by time.Duration, o Options) []nat64.Entry {
	alive := p.entries[:0]
	for _, e := range p.entries {
		if e, ok := age(e, by, o); ok {
			alive = append(alive, e)
		}
	}
	return alive
}

// age takes a time from the lifetimes of an entry, and reports whether any of it
// is left. A static binding without sessions is there without being restored.
func age(e nat64.Entry, by time.Duration, o Options) (nat64.Entry, bool) {
	if e.Held {
		e.Left -= by
		return e, e.Left > 0
	}
	alive, longest := e.Sessions[:0], time.Duration(math.MinInt64/2)
	for _, s := range e.Sessions {
		s.Left -= by
		longest = max(longest, s.Left)
		if s.State == nat64.Established && s.Left <= 0 && s.Left+o.Closing > 0 {
			s.Left = unit
		}
		if s.Left > 0 {
			alive = append(alive, s)
		}
	}
	e.Sessions = alive
	const tcp = 6
	if len(alive) > 0 || e.Static || e.Proto == tcp || o.Hold+longest <= 0 {
		return e, len(alive) > 0
	}
	e.Held, e.Left, e.Sessions = true, o.Hold+longest, nil
	return e, true
}
