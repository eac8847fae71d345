package siit

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A poolModel is a dynamic pool by Tayga's rules, for one goroutine: it looks at
// everything, each time.
type poolModel struct {
	DynamicOptions
	held   []*modelLease
	now    time.Duration
	turn   int
	events []Event
}

type modelLease struct {
	v4, v6 netip.Addr
	last   time.Duration
	turn   int
}

func (m *poolModel) mapped(l *modelLease) bool {
	return l != nil && m.now-l.last < m.Lifetime
}

func (m *poolModel) of(a netip.Addr) *modelLease {
	for _, l := range m.held {
		if l.v4 == a || l.v6 == a {
			return l
		}
	}
	return nil
}

// lookup is a packet that does not get a lease: to or from an IPv4 address, or to
// an IPv6 address.
func (m *poolModel) lookup(a netip.Addr, use bool) (netip.Addr, reason) {
	l := m.of(a)
	if !m.mapped(l) {
		return netip.Addr{}, unmapped
	}
	if use {
		m.touch(l)
	}
	if a.Is4() {
		return l.v6, mapped
	}
	return l.v4, mapped
}

// touch notes a use, to the second.
func (m *poolModel) touch(l *modelLease) {
	if m.now-l.last >= time.Second {
		l.last = m.now
	}
}

// send is a packet from an IPv6 host.
func (m *poolModel) send(v6 netip.Addr) (netip.Addr, reason) {
	if l := m.of(v6); l != nil {
		if m.mapped(l) {
			m.touch(l)
			return l.v4, mapped
		}
		l.last = m.now
		m.events = append(m.events, Event{Reactivated, l.v4, v6})
		return l.v4, mapped
	}
	pools := m.serving(v6)
	if len(pools) == 0 {
		return netip.Addr{}, unmapped
	}
	for _, p := range pools {
		for i := range addresses(p.V4) {
			v4 := nth(p.V4, (firstOffset(v6, 32-p.V4.Bits())+i)%addresses(p.V4))
			if m.mayGive(v4, p) && m.of(v4) == nil {
				return m.lease(Assigned, v4, v6)
			}
		}
	}
	dormant := slices.DeleteFunc(slices.Clone(m.held), func(l *modelLease) bool {
		return m.mapped(l) || !slices.ContainsFunc(pools, func(p PoolRange) bool { return p.V4.Contains(l.v4) })
	})
	if len(dormant) == 0 {
		return netip.Addr{}, poolFull
	}
	old := slices.MinFunc(dormant, func(a, b *modelLease) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.turn, b.turn))
	})
	m.drop(old)
	return m.lease(Reassigned, old.v4, v6)
}

func (m *poolModel) lease(k EventKind, v4, v6 netip.Addr) (netip.Addr, reason) {
	m.turn++
	m.held = append(m.held, &modelLease{v4, v6, m.now, m.turn})
	m.events = append(m.events, Event{k, v4, v6})
	return v4, mapped
}

func (m *poolModel) drop(old *modelLease) {
	m.held = slices.DeleteFunc(m.held, func(l *modelLease) bool { return l == old })
}

// serving returns the pools that may give v6 an address.
func (m *poolModel) serving(v6 netip.Addr) (found []PoolRange) {
	for _, r := range m.Reserved {
		if r.Contains(v6) {
			return nil
		}
	}
	for _, p := range m.Pools {
		ok := len(p.V6) == 0
		for _, x := range p.V6 {
			ok = ok || x.Contains(v6)
		}
		if ok {
			found = append(found, p)
		}
	}
	return found
}

// mayGive reports whether the pool p may give v4 to anybody.
func (m *poolModel) mayGive(v4 netip.Addr, p PoolRange) bool {
	for _, r := range m.Reserved {
		if r.Contains(v4) && r.Bits() > p.V4.Bits() {
			return false
		}
	}
	return v4 != p.V4.Addr()
}

// sweep frees what has expired.
func (m *poolModel) sweep() {
	for _, l := range slices.Clone(m.held) {
		if m.now-l.last >= max(m.Dormant, m.Lifetime) {
			m.drop(l)
		}
	}
}

// configure replaces the options and returns the IPv4 addresses whose leases end.
func (m *poolModel) configure(o DynamicOptions) (dropped []netip.Addr) {
	m.DynamicOptions = o
	for _, l := range slices.Clone(m.held) {
		stays := slices.ContainsFunc(m.serving(l.v6), func(p PoolRange) bool {
			return p.V4.Contains(l.v4) && m.mayGive(l.v4, p)
		})
		if !stays {
			dropped = append(dropped, l.v4)
			m.drop(l)
		}
	}
	return dropped
}

// leases returns all leases as strings, in the order of a file.
func (m *poolModel) leases() (all []string) {
	var public []Lease
	for _, l := range m.held {
		public = append(public, Lease{l.v4, l.v6, m.now - l.last, !m.mapped(l)})
	}
	slices.SortFunc(public, func(a, b Lease) int {
		if a.Dormant != b.Dormant {
			return map[bool]int{true: 1, false: -1}[a.Dormant]
		}
		return cmp.Or(cmp.Compare(a.Idle, b.Idle), a.V4.Compare(b.V4))
	})
	for _, l := range public {
		all = append(all, fmt.Sprint(l))
	}
	return all
}

// firstOffset is the hash of §3.2 of the reference, octet by octet.
func firstOffset(v6 netip.Addr, bits int) int {
	octets, sum := v6.As16(), uint64(0)
	for i := 0; i < 16; i += 4 {
		sum += uint64(binary.LittleEndian.Uint32(octets[i:]))
		for sum >= 1<<bits {
			sum = sum%(1<<bits) + sum/(1<<bits)
		}
	}
	return int(sum)
}

func addresses(p netip.Prefix) int { return 1 << (32 - p.Bits()) }

func nth(p netip.Prefix, i int) netip.Addr {
	b := p.Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(i))
	return netip.AddrFrom4(b)
}
