package nat64

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sort"

	"taygo/nat64/ports"
	"taygo/translate/wire"
)

// The reasons for which static bindings are refused, for errors.Is.
var (
	ErrStatic   = errors.New("not a static binding")
	ErrConflict = errors.New("another static binding has that transport address")
	ErrNoStatic = errors.New("there is no such static binding")
)

// A run is a Static as packets ask for it.
type run struct {
	v6           wire.Addr
	v4           uint32
	port6, port4 uint16 // the first ones
	last         uint16 // number of the last one, counted from 0
}

// The keys of the runs of one address.
type (
	key6 struct {
		addr  wire.Addr
		proto int
	}
	key4 struct {
		addr  uint32
		proto int
	}
)

// A statics is all static bindings and dedicated hosts. It never changes.
type statics struct {
	list   []Static
	filter [16]uint64 // a bit for each value of filterBit that a host has
	by6    map[key6][]run
	by4    map[key4][]run
	host4  map[wire.Addr]uint32 // dedicated addresses, by host
	host6  map[uint32]wire.Addr
	owned  map[uint32]struct{} // addresses of static bindings
}

// filterBit maps hosts to bits of the filter, which tells most packets that their
// host has nothing static.
func filterBit(v6 wire.Addr) uint64 { return (v6.Lo ^ v6.Hi ^ v6.Lo>>17) % 1024 }

func newStatics(list []Static, dedicated []Dedicated) (*statics, error) {
	s := &statics{
		list: list, by6: map[key6][]run{}, by4: map[key4][]run{},
		host4: map[wire.Addr]uint32{}, host6: map[uint32]wire.Addr{}, owned: map[uint32]struct{}{},
	}
	for _, d := range dedicated {
		v6, v4 := wire.AddrFrom(d.V6), wire.AddrFrom(d.V4).V4()
		_, twice6 := s.host4[v6]
		_, twice4 := s.host6[v4]
		if !isV6(d.V6) || !d.V4.Is4() || twice6 || twice4 {
			return nil, fmt.Errorf("nat64: dedicated address %v of %v: %w: name an IPv4 address and an IPv6 host, each once", d.V4, d.V6, ErrStatic)
		}
		s.host4[v6], s.host6[v4] = v4, v6
		s.note(v6)
	}
	for _, b := range list {
		if err := s.add(b); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func isV6(a netip.Addr) bool { return a.Is6() && !a.Is4In6() && a.Zone() == "" }

func (s *statics) note(v6 wire.Addr) {
	b := filterBit(v6)
	s.filter[b/64] |= 1 << (b % 64)
}

// run returns b as a run.
func (b Static) run() (run, int, error) {
	proto, n := indexOf(b.Proto), max(b.Ports, 1)
	switch {
	case proto < 0 || b.Proto == wire.ProtoICMPv6, !isV6(b.V6.Addr()), !b.V4.Addr().Is4(), b.Ports < 0:
		return run{}, 0, fmt.Errorf("nat64: static binding of protocol %d, %v to %v: %w: give TCP, UDP or ICMP, an IPv6 and an IPv4 transport address",
			b.Proto, b.V6, b.V4, ErrStatic)
	case n > 65536-int(b.V6.Port()), n > 65536-int(b.V4.Port()):
		return run{}, 0, fmt.Errorf("nat64: static binding of %d ports, %v to %v: %w: there is no port above 65535", n, b.V6, b.V4, ErrStatic)
	}
	return run{
		v6: wire.AddrFrom(b.V6.Addr()), v4: wire.AddrFrom(b.V4.Addr()).V4(),
		port6: b.V6.Port(), port4: b.V4.Port(), last: uint16(n - 1),
	}, proto, nil
}

func (s *statics) add(b Static) error {
	r, proto, err := b.run()
	if err != nil {
		return err
	}
	k6, k4 := key6{r.v6, proto}, key4{r.v4, proto}
	runs6, ok6 := insert(s.by6[k6], r, (*run).first6)
	runs4, ok4 := insert(s.by4[k4], r, (*run).first4)
	if !ok6 || !ok4 {
		return fmt.Errorf("nat64: static binding %v to %v: %w: remove the other first", b.V6, b.V4, ErrConflict)
	}
	s.by6[k6], s.by4[k4] = runs6, runs4
	s.owned[r.v4] = struct{}{}
	s.note(r.v6)
	return nil
}

// insert puts r among runs in the order of their first ports, unless it overlaps
// one of them.
func insert(runs []run, r run, first func(*run) uint16) ([]run, bool) {
	at, _ := slices.BinarySearchFunc(runs, first(&r), func(o run, port uint16) int { return cmp.Compare(first(&o), port) })
	if at < len(runs) && int(first(&r))+int(r.last) >= int(first(&runs[at])) {
		return nil, false
	}
	if at > 0 && int(first(&runs[at-1]))+int(runs[at-1].last) >= int(first(&r)) {
		return nil, false
	}
	return slices.Insert(slices.Clip(runs), at, r), true
}

// to4 returns the pool address and port that belong to an IPv6 transport address,
// if any does statically.
func (s *statics) to4(proto int, v6 wire.Addr, port uint16) (v4 uint32, port4 uint16, ok bool) {
	b := filterBit(v6)
	if s.filter[b/64]>>(b%64)&1 == 0 {
		return 0, 0, false
	}
	if r := find(s.by6[key6{v6, proto}], port, (*run).first6); r != nil {
		return r.v4, r.port4 + (port - r.port6), true
	}
	v4, ok = s.host4[v6]
	if ok && s.run4(proto, v4, port) != nil {
		return 0, 0, false // the port of the address belongs to another
	}
	return v4, port, ok
}

// to6 is the inverse of to4.
func (s *statics) to6(proto int, v4 uint32, port uint16) (v6 wire.Addr, port6 uint16, ok bool) {
	if r := s.run4(proto, v4, port); r != nil {
		return r.v6, r.port6 + (port - r.port4), true
	}
	v6, ok = s.host6[v4]
	if !ok {
		return wire.Addr{}, 0, false
	}
	back, backPort, _ := s.to4(proto, v6, port)
	return v6, port, back == v4 && backPort == port
}

func (s *statics) run4(proto int, v4 uint32, port uint16) *run {
	return find(s.by4[key4{v4, proto}], port, (*run).first4)
}

func (r *run) first6() uint16 { return r.port6 }
func (r *run) first4() uint16 { return r.port4 }

// find returns the one of runs, ordered by their first ports, that has the port.
func find(runs []run, port uint16, first func(*run) uint16) *run {
	at := sort.Search(len(runs), func(i int) bool { return first(&runs[i]) > port }) - 1
	if at < 0 || port-first(&runs[at]) > runs[at].last {
		return nil
	}
	return &runs[at]
}

// prefer returns the address of the pool that a host's static bindings are on, so
// that its others are on the same (RFC 6146 §3.5.3); 0 if it has none.
func (s *statics) prefer(v6 wire.Addr) uint32 {
	b := filterBit(v6)
	if s.filter[b/64]>>(b%64)&1 == 0 {
		return 0
	}
	for proto := range NumProtos {
		if runs := s.by6[key6{v6, proto}]; len(runs) > 0 {
			return runs[0].v4
		}
	}
	return 0
}

// owns reports whether an address has a static binding or is dedicated.
func (s *statics) owns(v4 uint32) bool {
	if len(s.owned)+len(s.host6) == 0 {
		return false
	}
	_, static := s.owned[v4]
	_, dedicated := s.host6[v4]
	return static || dedicated
}

// without returns the ranges without the addresses that are dedicated.
func (s *statics) without(ranges []ports.Range) []ports.Range {
	if len(s.host6) == 0 {
		return ranges
	}
	var rest []ports.Range
	for _, r := range ranges {
		rest = s.split(rest, r)
	}
	return rest
}

// split appends to rest what is left of r.
func (s *statics) split(rest []ports.Range, r ports.Range) []ports.Range {
	has := false
	for v4 := range s.host6 {
		has = has || r.Prefix.Contains(wire.Addr4(v4).Netip())
	}
	switch {
	case !has:
		return append(rest, r)
	case r.Prefix.Bits() == 32:
		return rest
	}
	lower, upper := r, r
	bits := r.Prefix.Bits() + 1
	at := wire.AddrFrom(r.Prefix.Addr()).V4()
	lower.Prefix = netip.PrefixFrom(r.Prefix.Addr(), bits)
	upper.Prefix = netip.PrefixFrom(wire.Addr4(at|1<<(32-bits)).Netip(), bits)
	return s.split(s.split(rest, lower), upper)
}
