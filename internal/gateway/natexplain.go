package gateway

import (
	"fmt"
	"net/netip"
	"slices"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// ExplainFlow is control.Server.ExplainFlow.
func (g *Gateway) ExplainFlow(f control.Flow) control.FlowExplanation {
	r := g.rules.Load()
	t := r.mapper.table
	src, dst := f.Src.Addr(), f.Dst.Addr()
	if v := r.judgeEnds(f); v != translate.Translated {
		return refused(control.Stateless, v)
	}
	switch {
	case t != nil && src.Is6() && !r.mapper.hasMap(src):
		peer, ok := r.mapper.Prefix.ExtractAddr(dst)
		if !ok {
			return refused(control.Stateful, translate.DestinationUnmapped)
		}
		to := netip.AddrPortFrom(peer, f.Dst.Port())
		return g.turn(r, g.explainSession(t.ExplainOut(protocolNumber(f.Protocol), f.Src, to, g.clock()), f), f.Protocol)
	case t != nil && src.Is4() && t.Owns(wire.AddrFrom(dst).V4()):
		return g.explainSession(t.ExplainIn(protocolNumber(f.Protocol), f.Src, f.Dst, g.clock()), f)
	case t != nil && src.Is4() && !r.mapper.hasMap(dst):
		return refused(control.Stateless, translate.DestinationUnmapped)
	}
	return g.turn(r, r.explainAddresses(f), f.Protocol)
}

// judgeEnds judges a flow by what its addresses are, not by what they map to. An
// echo to the translator itself is a request.
func (r *rules) judgeEnds(f control.Flow) translate.Verdict {
	p, src, dst := &r.policy, wire.AddrFrom(f.Src.Addr()), wire.AddrFrom(f.Dst.Addr())
	v6, echo := f.Src.Addr().Is6(), f.Protocol == "icmp"
	own := !dst.IsZero() && (dst == p.Own6 || (dst == p.Own4 || dst == p.Alt6) && (echo || !p.Own4Shared))
	switch {
	case v6 && wire.IllegalSource6(src), !v6 && (wire.IllegalSource4(src.V4()) || p.DropClassE && src.V4()>>28 == 0xf):
		return translate.IllegalSource
	case own && echo:
		return translate.Answered
	case own:
		return translate.OwnProtocol
	case v6 && wire.IllegalDestination6(dst), !v6 && wire.IllegalDestination4(dst.V4()):
		return translate.IllegalDestination
	}
	return translate.Translated
}

// turn goes on with a flow of an IPv6 host if it turns back to another one (RFC 6146
// §3.8). Its port may not be chosen yet.
func (g *Gateway) turn(r *rules, x control.FlowExplanation, protocol string) control.FlowExplanation {
	t, peer := r.mapper.table, x.Dst.Addr()
	if t == nil || x.Verdict != translate.Translated.String() || !peer.Is4() {
		return x
	}
	back := control.Flow{Protocol: protocol, Src: x.Src, Dst: x.Dst}
	if protocol == "icmp" { // both ends have the identifier that the pool gave
		back.Dst = netip.AddrPortFrom(peer, x.Src.Port())
	}
	var in control.FlowExplanation
	switch {
	case t.Owns(wire.AddrFrom(peer).V4()):
		in = g.explainSession(t.ExplainIn(protocolNumber(protocol), back.Src, back.Dst, g.clock()), back)
	case r.mapper.hasMap(peer):
		in = r.explainAddresses(back)
	default:
		return x
	}
	x.Rule += "; it turns back to the IPv6 host of " + peer.String() + " (RFC 6146 §3.8): " + in.Rule
	x.Verdict, x.Src, x.Dst = in.Verdict, in.Src, in.Dst
	return x
}

// hasMap reports whether an explicit mapping holds the address.
func (m *mapper) hasMap(a netip.Addr) bool {
	if a.Is4() {
		return m.Explicit.Has4(wire.AddrFrom(a).V4())
	}
	x := wire.AddrFrom(a)
	return m.Explicit.Has6(x.Hi, x.Lo)
}

func refused(mode string, v translate.Verdict) control.FlowExplanation {
	return control.FlowExplanation{Mode: mode, Verdict: v.String(), Rule: v.What()}
}

// explainSession renders what the table says of a flow.
func (g *Gateway) explainSession(e nat64.Explanation, f control.Flow) control.FlowExplanation {
	x := control.FlowExplanation{Mode: control.Stateful, Verdict: e.Verdict.String(), Rule: e.Rule, Note: e.Block}
	if e.Verdict != translate.Translated {
		return x
	}
	if f.Src.Addr().Is6() {
		x.Src, x.Dst = e.V4, e.Peer
	} else {
		x.Src = netip.AddrPortFrom(g.rules.Load().mapper.Prefix.EmbedAddr(f.Src.Addr()), f.Src.Port())
		x.Dst = e.V6
	}
	switch {
	case e.Static:
		x.Binding = "static"
	case e.Held:
		x.Binding = "held"
	case e.V4.Port() == 0:
		x.Binding = "new"
	default:
		x.Binding = "dynamic"
	}
	if e.State != nat64.Closed {
		x.State, x.Left = e.State.String(), e.Left
	}
	return x
}

// explainAddresses explains a flow that is translated by its addresses alone.
func (r *rules) explainAddresses(f control.Flow) control.FlowExplanation {
	src, dst := r.mapper.Explain(f.Src.Addr()), r.mapper.Explain(f.Dst.Addr())
	x := control.FlowExplanation{
		Mode: control.Stateless, Verdict: translate.Translated.String(),
		Rule: fmt.Sprintf("source: %s (%s); destination: %s (%s)", src.Rule, src.RFC, dst.Rule, dst.RFC),
	}
	switch {
	case !dst.To.IsValid():
		x.Verdict = translate.DestinationUnmapped.String()
	case !src.To.IsValid():
		x.Verdict = translate.SourceUnmapped.String()
	default:
		x.Src, x.Dst = netip.AddrPortFrom(src.To, f.Src.Port()), netip.AddrPortFrom(dst.To, f.Dst.Port())
	}
	return x
}

// explainShared explains an address that stateful translation has to do with, and
// reports whether it has. There are no bindings to look at but those of c.
func (r *rules) explainShared(c *conf.Config, a netip.Addr) (Explanation, bool) {
	e := Explanation{Stateful: true}
	e.Addr, e.RFC, e.Note = a, "RFC 6146 §3.5", "ask about a flow: taygo explain tcp SOURCE:PORT DESTINATION:PORT"
	n := &c.NAT64
	in := slices.IndexFunc(n.Pools, func(p conf.NAT64Pool) bool { return p.V4.Contains(a) })
	_, embedded := r.mapper.Prefix.ExtractAddr(a)
	switch {
	case in >= 0:
		e.Rule = fmt.Sprintf("an address of the nat64-pool %v, which IPv6 hosts without a map share", n.Pools[in].V4)
	case a.Is4(), embedded, r.mapper.hasMap(a), wire.IllegalSource6(wire.AddrFrom(a)):
		return e, false
	default:
		e.Rule = "no map has it: stateful NAT64 gives it ports of a nat64-pool address, by its sessions"
	}
	for _, d := range n.Dedicated {
		switch a {
		case d.V4:
			e.To = d.V6
		case d.V6:
			e.To = d.V4
		default:
			continue
		}
		e.Back, e.Stateful = a, false
		e.Rule, e.RFC = fmt.Sprintf("nat64-dedicated %v %v", d.V4, d.V6), "RFC 7915 §4.1, §5.1"
	}
	for _, s := range n.Static {
		if s.V4.Addr() == a || s.V6.Addr() == a {
			e.Rule += fmt.Sprintf("; nat64-static %v %v %v, %d ports", s.Protocol, s.V6, s.V4, s.Ports)
		}
	}
	return e, true
}

// explainBlock adds the block of ports that follows from an IPv6 address, or the
// prefix that a transport address belongs to (RFC 7422 §2).
func (e *Explanation) explainBlock(pool *ports.Pool, end netip.AddrPort) {
	a := wire.AddrFrom(end.Addr())
	if end.Addr().Is6() {
		if b, is := pool.Forward(a); is {
			e.Rule += fmt.Sprintf("; nat64-deterministic: ports %d-%d of %v", b.First, b.Last, wire.Addr4(b.V4).Netip())
			e.RFC = "RFC 7422 §2"
		}
		return
	}
	if end.Port() == 0 {
		return
	}
	if source, is := pool.Reverse(a.V4(), end.Port()); is {
		e.Rule += fmt.Sprintf("; nat64-deterministic: port %d is of %v", end.Port(), source)
	} else {
		e.Rule += fmt.Sprintf("; nat64-deterministic: port %d is of no certain prefix", end.Port())
	}
	e.RFC = "RFC 7422 §2"
}
