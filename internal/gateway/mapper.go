package gateway

import (
	"taygo/nat64"
	"taygo/siit"
	"taygo/translate"
)

// A mapper chooses for each packet between the two Mappers. A host with an explicit
// mapping is translated by its addresses alone. If there is a pool for stateful
// translation, every other IPv6 host is translated by its sessions, and a packet
// from IPv4 to an address without explicit mapping is for the pool or for nobody.
type mapper struct {
	siit.Mapper
	table *nat64.Table // nil: there is no stateful translation
}

var _ translate.Mapper = (*mapper)(nil)

// Map implements translate.Mapper.
func (m *mapper) Map(p *translate.Packet) translate.Verdict {
	if m.table == nil {
		return m.Mapper.Map(p)
	}
	if m.stateful(p) {
		return m.table.Map(p)
	}
	if !p.V6 && !m.Explicit.Has4(p.Dst.V4()) {
		return translate.DestinationUnmapped
	}
	return m.turn(p, m.Mapper.Map(p))
}

// MapError implements translate.Mapper.
func (m *mapper) MapError(p *translate.Packet) translate.Verdict {
	if m.table == nil {
		return m.Mapper.MapError(p)
	}
	if m.stateful(p) {
		return m.table.MapError(p)
	}
	if !p.V6 && !m.Explicit.Has4(p.Dst.V4()) {
		return translate.DestinationUnmapped
	}
	return m.turn(p, m.Mapper.MapError(p))
}

// stateful reports whether the packet belongs to a session, or is to open one. The
// host of an ICMPv6 error is the one that the quoted packet was for, not a router
// on the way to it.
func (m *mapper) stateful(p *translate.Packet) bool {
	if !p.V6 {
		return m.table.Owns(p.Dst.V4())
	}
	host := p.Src
	if p.Error {
		host = p.Quoted.Dst
	}
	return !m.Explicit.Has6(host.Hi, host.Lo)
}

// keeps reports whether a fragment belongs to a session, or may open one.
func (m *mapper) keeps(p *translate.Packet) bool {
	if !p.V6 {
		return m.table.Owns(p.Dst.V4())
	}
	return !m.Explicit.Has6(p.Src.Hi, p.Src.Lo)
}

// turn lets a packet of an explicitly mapped host to the pool turn back to the IPv6
// host there (RFC 6146 §3.8), whatever the directive hairpin says, which is about
// explicit mappings.
func (m *mapper) turn(p *translate.Packet, v translate.Verdict) translate.Verdict {
	if p.V6 && v == translate.Translated && m.table.Owns(p.To.Dst.V4()) {
		p.Hairpin = true
	}
	return v
}
