// Package siit maps one address to one address: by explicit mappings first
// (RFC 7757), then by the translation prefix (RFC 6052), both without state, and
// an IPv6 host that neither knows by a lease of a dynamic pool, as Tayga does.
// Addresses of routers that have no counterpart borrow one (RFC 6791).
package siit

import (
	"taygo/eam"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// Hairpin is how two hosts with explicit mappings reach each other by their
// IPv4 addresses (RFC 7757 §4.2). The zero Hairpin is Intrinsic.
type Hairpin uint8

// The ways of hairpinning.
const (
	Intrinsic Hairpin = iota // translate back to IPv6 at once (§4.2.2)
	Simple                   // never use the explicit mapping of an IPv4 source (§4.2.1)
	Off
)

// A Mapper is a translate.Mapper whose only state is that of Dynamic. It never
// changes itself, so any number of goroutines may use it. The zero Mapper maps
// nothing.
type Mapper struct {
	Explicit *eam.Table
	Prefix   pref64.Prefix
	Strict   bool // the prefix is the Well-Known Prefix and carries global addresses only (RFC 6052 §3.1)
	Denied   Ranges
	Hairpin  Hairpin
	Dynamic  *DynamicPool // nil: none
	Leased   Ranges       // the addresses that Dynamic gives: its DynamicOptions.Ranges
	Sources4 Pool         // of ICMP errors whose IPv6 source has no counterpart
	Sources6 Pool         // of ICMP errors whose IPv4 source has none
}

var _ translate.Mapper = (*Mapper)(nil)

// A reason is why an address has no counterpart; zero if it has one.
type reason uint8

const (
	mapped reason = iota
	unmapped
	notGlobal
	denied
	illegal
	poolFull
)

// The verdicts on a packet for an address that has no counterpart.
var (
	sourceVerdict = [...]translate.Verdict{
		translate.Translated, translate.SourceUnmapped, translate.SourceNotGlobal, translate.SourceDenied, translate.IllegalSource,
		translate.PoolFull,
	}
	destinationVerdict = [...]translate.Verdict{
		translate.Translated, translate.DestinationUnmapped, translate.DestinationNotGlobal, translate.DestinationDenied, translate.IllegalDestination,
	}
)

// Map maps source and destination of p, each on its own (RFC 7757 §3.2). Only the
// source of a packet that has a destination gets a lease.
func (m *Mapper) Map(p *translate.Packet) translate.Verdict {
	var why reason
	if !p.V6 {
		if p.To.Dst, why = m.to6(p, p.Dst.V4(), true); why != mapped {
			return destinationVerdict[why]
		}
		p.To.Src, why = m.to6(p, p.Src.V4(), !m.plain(p))
		return sourceVerdict[why]
	}
	dst, byPrefix, why := m.to4(p, p.Dst)
	p.Hairpin = false
	switch {
	case why != unmapped && wire.IllegalDestination4(dst):
		why = illegal
	case why == mapped && byPrefix && m.Hairpin == Intrinsic:
		p.Hairpin, why = m.holder(p, dst)
	}
	if why != mapped {
		return destinationVerdict[why]
	}
	src, _, why := m.to4(p, p.Src)
	switch {
	case why == unmapped && m.Dynamic != nil:
		src, why = m.Dynamic.assign(p.Src, p.Now)
	case why != unmapped && wire.IllegalSource4(src):
		why = illegal
	}
	p.To = translate.Pair{Src: wire.Addr4(src), Dst: wire.Addr4(dst)}
	return sourceVerdict[why]
}

// plain reports whether the source of the IPv4 packet p must map by the prefix
// alone, so that an IPv6 host sees a peer under the address that it wrote to.
func (m *Mapper) plain(p *translate.Packet) bool { return p.Again || m.Hairpin == Simple }

// holder reports whether an IPv6 host holds the IPv4 address v4, to which a packet
// from IPv6 goes by the prefix; the packet is hairpinned then. It has nowhere to
// go if v4 is for hosts, but none holds it.
func (m *Mapper) holder(p *translate.Packet, v4 uint32) (bool, reason) {
	if m.Leased.Contain(v4) {
		_, why := m.Dynamic.to6(v4, p.Now, false)
		return why == mapped, why
	}
	return !m.Explicit.Far4(v4) && m.Explicit.Has4(v4), mapped
}

// to6 maps an IPv4 address of p, or of the packet that p quotes.
func (m *Mapper) to6(p *translate.Packet, v4 uint32, explicit bool) (wire.Addr, reason) {
	if explicit {
		if m.Leased.Contain(v4) {
			return m.Dynamic.to6(v4, p.Now, !p.Error)
		}
		if !m.Explicit.Far4(v4) {
			if hi, lo, ok := m.Explicit.To6(v4); ok {
				return wire.Addr{Hi: hi, Lo: lo}, mapped
			}
		}
	}
	if why := m.carries(v4); why != mapped {
		return wire.Addr{}, why
	}
	hi, lo := m.Prefix.Embed(v4)
	return wire.Addr{Hi: hi, Lo: lo}, mapped
}

// to4 maps an IPv6 address of p, or of the packet that p quotes, and reports
// whether the prefix did.
func (m *Mapper) to4(p *translate.Packet, a wire.Addr) (v4 uint32, byPrefix bool, why reason) {
	if !m.Explicit.Far6(a.Hi) {
		if v4, ok := m.Explicit.To4(a.Hi, a.Lo); ok {
			return v4, false, mapped
		}
	}
	if v4, ok := m.Prefix.Extract(a.Hi, a.Lo); ok {
		return v4, true, m.carries(v4)
	}
	if m.Dynamic == nil {
		return 0, false, unmapped
	}
	v4, why = m.Dynamic.to4(a, p.Now, !p.Error)
	return v4, false, why
}

// carries tells why the prefix may not carry v4.
func (m *Mapper) carries(v4 uint32) reason {
	switch {
	case !m.Prefix.Valid():
		return unmapped
	case m.Strict && pref64.NonGlobal(v4):
		return notGlobal
	case m.Denied.Contain(v4):
		return denied
	}
	return mapped
}

// JudgeSource returns the verdict on a packet from an IPv4 host that IPv6 hosts see
// under the prefix: Translated, or why the prefix may not carry it.
func (m *Mapper) JudgeSource(v4 uint32) translate.Verdict { return sourceVerdict[m.carries(v4)] }

// JudgeDestination is JudgeSource for a packet to the host.
func (m *Mapper) JudgeDestination(v4 uint32) translate.Verdict {
	return destinationVerdict[m.carries(v4)]
}
