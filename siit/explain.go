package siit

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"taygo/translate"
	"taygo/translate/wire"
)

// An Explanation says what an address becomes on the other side, and why.
type Explanation struct {
	Addr netip.Addr
	To   netip.Addr // invalid if Addr has no counterpart
	Rule string     // the rule that decides, as the configuration writes it
	RFC  string     // the clause behind it
	Back netip.Addr // what To becomes; invalid if there is no way back
	Note string     // what else there is to know; may be empty
}

// Explain explains how the address a of a data packet is mapped.
func (m *Mapper) Explain(a netip.Addr) Explanation {
	e := Explanation{Addr: a}
	if a.Is4() {
		m.explain4(&e)
	} else {
		m.explain6(&e)
	}
	if e.To.IsValid() {
		e.Back = m.back(e.To)
		if e.Back != a && e.Note == "" {
			e.Note = "not symmetric: replies come from another address (RFC 7757 §5)"
		}
	}
	return e
}

// back maps an address as a data packet's, or returns the zero Addr.
func (m *Mapper) back(a netip.Addr) netip.Addr {
	if a.Is4() {
		if to, why := m.to6(m.asked(), v4(a), true); why == mapped {
			return to.Netip()
		}
		return netip.Addr{}
	}
	if to, _, why := m.to4(m.asked(), wire.AddrFrom(a)); why == mapped {
		return wire.Addr4(to).Netip()
	}
	return netip.Addr{}
}

// asked returns a packet for whose sake no lease is used.
func (m *Mapper) asked() *translate.Packet {
	p := &translate.Packet{Error: true}
	if m.Dynamic != nil {
		p.Now = m.Dynamic.now()
	}
	return p
}

func (m *Mapper) explain4(e *Explanation) {
	if wire.IllegalSource4(v4(e.Addr)) || wire.IllegalDestination4(v4(e.Addr)) {
		e.refuse(translate.IllegalDestination)
		return
	}
	if m.Leased.Contain(v4(e.Addr)) {
		m.Dynamic.explain4(e)
		e.To = m.back(e.Addr)
		return
	}
	if pair, ok := m.Explicit.Find4(e.Addr); ok {
		e.Rule, e.RFC = fmt.Sprintf("map %v %v", pair.V4, pair.V6), "RFC 7757 §3.3.1"
		if m.Hairpin == Simple {
			e.Note = "as a source it maps by the prefix, because of hairpin simple (RFC 7757 §4.2.1)"
		}
	} else {
		m.explainPrefix(e, v4(e.Addr))
	}
	e.To = m.back(e.Addr)
}

func (m *Mapper) explain6(e *Explanation) {
	a := wire.AddrFrom(e.Addr)
	if wire.IllegalSource6(a) {
		e.refuse(translate.IllegalDestination)
		return
	}
	pair, explicit := m.Explicit.Find6(e.Addr)
	if !explicit {
		embedded, ok := m.Prefix.ExtractAddr(e.Addr)
		switch {
		case !ok && m.Dynamic != nil:
			m.Dynamic.explain6(e)
			e.To = m.back(e.Addr)
			return
		case !ok:
			e.Rule, e.RFC = "outside the prefix and every map", translate.DestinationUnmapped.RFC()
			return
		}
		m.explainPrefix(e, v4(embedded))
	} else {
		e.Rule, e.RFC = fmt.Sprintf("map %v %v", pair.V4, pair.V6), "RFC 7757 §3.3.2"
	}
	e.To = m.back(e.Addr)
	if !e.To.IsValid() {
		return
	}
	if wire.IllegalDestination4(v4(e.To)) {
		e.To = netip.Addr{}
		e.refuse(translate.IllegalDestination)
	} else if hairpin, _ := m.holder(m.asked(), v4(e.To)); !explicit && m.Hairpin == Intrinsic && hairpin {
		e.Note = fmt.Sprintf("as a destination it is hairpinned: the packet goes to %v and stays IPv6 (RFC 7757 §4.2.2)", m.back(e.To))
	}
}

// explainPrefix explains what the prefix does with an IPv4 address.
func (m *Mapper) explainPrefix(e *Explanation, v4 uint32) {
	if wire.IllegalDestination4(v4) {
		e.refuse(translate.IllegalDestination)
		return
	}
	switch m.carries(v4) {
	case mapped:
		e.Rule, e.RFC = fmt.Sprintf("prefix %v", m.Prefix), "RFC 6052 §2.2"
	case notGlobal:
		e.refuse(translate.DestinationNotGlobal)
		e.Rule += ": use a prefix of your own, or wkpf-strict no"
	case denied:
		e.refuse(translate.DestinationDenied)
	default:
		e.refuse(translate.DestinationUnmapped)
	}
}

// refuse explains that the address has no counterpart, by the verdict on a packet
// that is sent to it.
func (e *Explanation) refuse(v translate.Verdict) { e.Rule, e.RFC = v.What(), v.RFC() }

func v4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}
