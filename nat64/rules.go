package nat64

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"taygo/nat64/ports"
	"taygo/nat64/store"
	"taygo/translate"
	"taygo/translate/wire"
)

// ErrOption is why New and Configure refuse what stands in no other error, for
// errors.Is. ErrRestart is a change that only a new Table can make.
var (
	ErrOption  = errors.New("not possible")
	ErrRestart = errors.New("cannot change at run time: restart to change it")
)

// rules are all that Options say, as packets ask for it. Only the ledger and the
// sources in them change.
type rules struct {
	Options
	pool    *ports.Pool
	ledger  *ports.Ledger
	static  *statics
	machine *machine
	life    [numTimers]uint32 // in ticks
	hold    [NumProtos]uint32 // of a released port, in ticks
	limits  sourceLimits
	sources *sources
	since   clock // when they came in force, of all but the first
	closed  bool  // nothing can be bound
}

// shardsOfTable is how many shards a Table has.
const shardsOfTable = 64

// newRules checks o and makes rules of it.
func newRules(o Options) (*rules, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	static, err := newStatics(o.Static, o.Dedicated)
	if err != nil {
		return nil, err
	}
	r := &rules{Options: o, static: static, machine: newMachine(o.RSTCloses)}
	r.pool, err = ports.New(ports.Options{
		Ranges: static.without(o.Pools), Shards: shardsOfTable, Block: o.Block,
		Seed: mix(binary.LittleEndian.Uint64(o.Key[:]), binary.LittleEndian.Uint64(o.Key[8:])), Deterministic: o.Deterministic,
	})
	if err != nil {
		return nil, fmt.Errorf("nat64: pool: %w", err)
	}
	r.ledger = ports.NewLedger(r.pool)
	t := &o.Timeouts
	for timer, d := range map[timer]time.Duration{
		est: t.Established, opening: t.Opening, closing: t.Closing, udp: t.UDP, query: t.ICMP,
	} {
		r.life[timer] = ticksUp(d)
	}
	if !o.AddressDependent { // with it, a stranger cannot use the port (RFC 6888 REQ-8)
		r.hold[UDP], r.hold[ICMP] = ticksUp(o.PortHold), ticksUp(o.PortHold)
	}
	l := &o.Limits
	r.limits = sourceLimits{
		bits: l.SourceBits, bindings: uint32(l.SourceBindings), sessions: uint32(l.SourceSessions),
		ports: uint32(l.SourcePorts), rate: uint32(l.SourceRate), burst: uint32(max(l.SourceBurst, 1)),
	}
	return r, nil
}

// check finds values that no Table can have.
func (o *Options) check() error {
	if !o.Prefix.Valid() {
		return fmt.Errorf("nat64: prefix: %w: IPv6 hosts see IPv4 hosts inside one, set it", ErrOption)
	}
	t, l := &o.Timeouts, &o.Limits
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"UDP", t.UDP},
		{"established", t.Established},
		{"opening", t.Opening},
		{"closing", t.Closing},
		{"incoming SYN", t.IncomingSYN},
		{"ICMP", t.ICMP},
		{"port hold", o.PortHold + time.Second},
	} {
		if d.d < time.Second || d.d > maxLife {
			return fmt.Errorf("nat64: %s time %v: %w: choose one from a second (a port hold: from 0) to %v", d.name, d.d, ErrOption, maxLife)
		}
	}
	for _, n := range []struct {
		name string
		n    int
	}{
		{"sessions", l.Sessions},
		{"bindings of a source", l.SourceBindings},
		{"sessions of a source", l.SourceSessions},
		{"ports of a source", l.SourcePorts},
		{"new sessions of a source", l.SourceRate},
		{"burst of a source", l.SourceBurst},
		{"kept SYNs", l.SYNs},
		{"octets of kept SYNs", l.SYNOctets},
		{"blocks of a source", o.BlocksPerSource},
	} {
		if n.n < 0 || n.n > maxLimit {
			return fmt.Errorf("nat64: %d %s: %w: choose a limit from 0 to %d", n.n, n.name, ErrOption, maxLimit)
		}
	}
	if l.SourceBits < 1 || l.SourceBits > 128 {
		return fmt.Errorf("nat64: sources of %d bits: %w: choose 1 to 128", l.SourceBits, ErrOption)
	}
	return nil
}

const (
	maxLife  = 366 * 24 * time.Hour
	maxLimit = math.MaxInt32 / 32
)

// owns reports whether packets from IPv4 to v4 are for hosts behind the Table.
func (r *rules) owns(v4 uint32) bool { return r.pool.Owns(v4) || r.static.owns(v4) }

// turns reports whether a packet to v4 is for an IPv6 host (RFC 6146 §3.8).
func (r *rules) turns(v4 uint32) bool {
	return r.owns(v4) || r.Hairpins != nil && r.Hairpins(v4)
}

// fits reports whether the binding b could be made by these rules.
func (r *rules) fits(b *store.Binding) bool {
	if r.closed || r.Mapped != nil && r.Mapped(b.V6) {
		return false
	}
	proto := indexOf(b.Proto)
	if v4, port, ok := r.static.to4(proto, b.V6, b.Port6); ok {
		return v4 == b.V4 && port == b.Port4
	}
	if b.Flags&store.Static != 0 {
		return false
	}
	if _, _, taken := r.static.to6(proto, b.V4, b.Port4); taken || !r.pool.Has(b.Proto, b.V4, b.Port4) {
		return false
	}
	if own, is := r.pool.Forward(b.V6); is && own.Has(b.V4, b.Port4) {
		return true
	} else if is && !r.Deterministic.Overflow {
		return false
	}
	_, another := r.pool.Reverse(b.V4, b.Port4)
	return !another
}

// A tuple is the addresses and ports of a flow on both sides, as far as they are
// known, with identifiers for ports (RFC 6146 §3.4).
type tuple struct {
	proto    uint8 // as IPv4 writes it
	index    int   // of proto
	event    event // of a TCP segment; of others only the direction counts
	later    bool  // a later fragment, which changes nothing
	host     wire.Addr
	hostPort uint16
	v4       uint32
	port4    uint16
	peer     uint32
	peerPort uint16
}

// portsOf reads the ports of a datagram, the same twice of an ICMP query. b holds
// them.
func portsOf(index int, b []byte) (src, dst uint16) {
	if index == ICMP {
		id := binary.BigEndian.Uint16(b[4:])
		return id, id
	}
	return binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
}

// readPorts reads the ports of a packet to q: where they stand, or as its first
// fragment had them. It reports false if that has not come.
func (r *rules) readPorts(p *translate.Packet, q *tuple) (src, dst uint16, ok bool) {
	if p.Offset == 0 {
		src, dst = portsOf(q.index, p.Transport())
		return src, dst, true
	}
	q.later = true
	if r.Fragments == nil {
		return 0, 0, false
	}
	ports, ok := r.Fragments.Ports(p)
	return ports.Src, ports.Dst, ok
}

// judgePeer asks the rules whether an IPv4 host may be sent to.
func (r *rules) judgePeer(v4 uint32) translate.Verdict {
	if wire.IllegalDestination4(v4) {
		return translate.IllegalDestination
	}
	if r.Destination != nil {
		return r.Destination(v4)
	}
	return translate.Translated
}

// addrPort4 and addrPort6 return transport addresses for people.
func addrPort4(v4 uint32, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(wire.Addr4(v4).Netip(), port)
}

func addrPort6(v6 wire.Addr, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(v6.Netip(), port)
}
