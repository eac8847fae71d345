package gateway

import (
	"fmt"
	"net/netip"

	"taygo/internal/control"
	"taygo/nat64"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/wire"
)

// ExplainFlow is control.Server.ExplainFlow.
func (g *Gateway) ExplainFlow(f control.Flow) control.FlowExplanation {
	r := g.rules.Load()
	t := r.mapper.table
	src, dst := f.Src.Addr(), f.Dst.Addr()
	switch {
	case t != nil && src.Is6() && !r.mapper.hasMap(src):
		peer, ok := r.mapper.Prefix.ExtractAddr(dst)
		if !ok {
			return refused(control.Stateful, translate.DestinationUnmapped)
		}
		to := netip.AddrPortFrom(peer, f.Dst.Port())
		return g.explainSession(t.ExplainOut(protocolNumber(f.Protocol), f.Src, to, g.clock()), f)
	case t != nil && src.Is4() && t.Owns(wire.AddrFrom(dst).V4()):
		return g.explainSession(t.ExplainIn(protocolNumber(f.Protocol), f.Src, f.Dst, g.clock()), f)
	case t != nil && src.Is4() && !r.mapper.hasMap(dst):
		return refused(control.Stateless, translate.DestinationUnmapped)
	}
	return r.explainAddresses(f)
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
// reports whether it has. There are no bindings to look at.
func (r *rules) explainShared(a netip.Addr, o *nat64.Options) (siit.Explanation, bool) {
	e := siit.Explanation{Addr: a, RFC: "RFC 6146 §3.5", Note: "ask about a flow: taygo explain tcp SOURCE:PORT DESTINATION:PORT"}
	if a.Is4() {
		for _, p := range o.Pools {
			if p.Prefix.Contains(a) {
				e.Rule = fmt.Sprintf("an address of the nat64-pool %v, which IPv6 hosts without a map share", p)
				return e, true
			}
		}
		return e, false
	}
	if r.mapper.hasMap(a) {
		return e, false
	}
	if _, in := r.mapper.Prefix.ExtractAddr(a); in {
		return e, false
	}
	e.Rule = "no map has it: stateful NAT64 gives it ports of a nat64-pool address, by its sessions"
	return e, true
}
