package nat64

import (
	"fmt"
	"net/netip"
	"time"

	"taygo/nat64/ports"
	"taygo/nat64/store"
	"taygo/translate"
	"taygo/translate/wire"
)

// An Explanation says what would become of the first packet of a flow, and why.
type Explanation struct {
	Verdict translate.Verdict // Translated: it passes; otherwise why it does not
	V6, V4  netip.AddrPort    // of the binding; the zero AddrPort if there is none yet
	Peer    netip.AddrPort
	State   State         // of the session; Closed if there is none
	Left    time.Duration // of the session
	Static  bool          // the binding is configured
	Held    bool          // the binding is released, and comes back
	Block   string        // the block that the host's ports are of; empty without blocks
	Rule    string        // what decides, as a sentence
}

// ExplainOut explains a flow from an IPv6 transport address to an IPv4 one. A flow
// of TCP begins with a SYN. It makes no state, and prolongs none.
func (t *Table) ExplainOut(proto uint8, v6, peer netip.AddrPort, now time.Duration) Explanation {
	q := tuple{
		proto: proto, index: indexOf(proto), event: v6Other,
		host: wire.AddrFrom(v6.Addr()), hostPort: v6.Port(), peer: wire.AddrFrom(peer.Addr()).V4(), peerPort: peer.Port(),
	}
	e := Explanation{Peer: peer}
	r := t.rules.Load()
	if q.index == ICMP {
		q.proto, q.peerPort = wire.ProtoICMP, 0
	}
	if e.Verdict = r.judgeOut(&q); e.Verdict != translate.Translated {
		e.Rule = "no flow of this kind passes: " + e.Verdict.What()
		return e
	}
	if q.index < 0 {
		return r.explainDedicated(e, q.host)
	}
	sh, r := t.lockHome(&q)
	ref := sh.Out(q.proto, q.host, q.hostPort)
	if to := sh.Displaced(q.proto, q.host, q.hostPort); ref == 0 && to != nil {
		sh.Unlock()
		sh = &t.shards[to.Number()]
		r = t.lock(sh)
		ref = sh.Out(q.proto, q.host, q.hostPort)
	}
	defer sh.Unlock()
	c := clockOf(now)
	bound := ref != 0 && r.explainBinding(sh, ref, &q, &e, c)
	if !bound {
		t.explainNew(sh, r, &q, &e)
	}
	r.explainLimits(&q, &e, !bound || e.Held, c)
	return e
}

// explainLimits explains a flow whose source may not have another session.
func (r *rules) explainLimits(q *tuple, e *Explanation, binding bool, c clock) {
	if e.State != Closed || e.Verdict != translate.Translated {
		return
	}
	cost := charge{q.host, q.index, binding, q.event.inbound()}
	if e.Verdict = r.sources.ask(&r.limits, cost, c.now); e.Verdict != translate.Translated {
		e.Rule = "the flow needs a new session: " + e.Verdict.What()
	}
}

// judgeOut judges a flow without looking at bindings.
func (r *rules) judgeOut(q *tuple) translate.Verdict {
	switch {
	case r.Prefix.Contains(q.host.Hi, q.host.Lo):
		return translate.SourceInPrefix
	case q.index == ICMP && !r.Informational:
		return translate.ICMPInformational
	}
	return r.judgePeer(q.peer)
}

// explainDedicated explains a protocol without ports.
func (r *rules) explainDedicated(e Explanation, host wire.Addr) Explanation {
	v4, ok := r.static.host4[host]
	if !ok {
		e.Verdict = translate.StatelessOnly
		e.Rule = "the protocol has no ports, and the host has no address dedicated to it"
		return e
	}
	e.V6, e.V4 = netip.AddrPortFrom(host.Netip(), 0), addrPort4(v4, 0)
	e.Static, e.Rule = true, "the address is dedicated to the host"
	return e
}

// explainBinding explains a flow by its binding, if that is in use.
func (r *rules) explainBinding(sh *shard, ref store.Ref, q *tuple, e *Explanation, c clock) bool {
	b := sh.Binding(ref)
	e.V6, e.V4 = addrPort6(b.V6, b.Port6), addrPort4(b.V4, b.Port4)
	e.Static = b.Flags&store.Static != 0
	if b.Flags&store.Held != 0 {
		e.Held = !c.passed(b.Deadline)
		e.Rule = "the host had this binding and takes it back"
		return e.Held
	}
	used, looked := false, 0
	for s := range sh.Sessions(ref) {
		if looked++; looked > tidyLook || r.alive(s, c) {
			used = true
			break
		}
	}
	e.Rule = "there is a session"
	if s := sh.Session(ref, q.peer, q.peerPort); s != nil && r.alive(s, c) {
		entry, _ := r.sessionEntry(s, c)
		e.State, e.Left = entry.State, entry.Left
		return true
	}
	e.Rule = "the host has this binding, for all destinations (RFC 4787 REQ-1)"
	return used
}

// explainNew explains a flow that needs a binding.
func (t *Table) explainNew(sh *shard, r *rules, q *tuple, e *Explanation) {
	e.V6, e.V4 = addrPort6(q.host, q.hostPort), netip.AddrPort{}
	if v4, port, ok := r.static.to4(q.index, q.host, q.hostPort); ok {
		e.V4, e.Static, e.Rule = addrPort4(v4, port), true, "the binding is configured"
		return
	}
	var req ports.Request
	r.ask(sh, q, &req)
	if r.Block != 0 {
		t.explainBlocks(r, q, &req, e)
		return
	}
	v4, _, ok := r.ledger.Find(&req)
	if !ok {
		e.Verdict = translate.PortsExhausted
		e.Rule = "the address of the host has no port left"
		return
	}
	e.V4 = addrPort4(v4, 0)
	e.Rule = "the host gets a port of this address, which its others are on too (RFC 4787 REQ-2)"
}

// explainBlocks explains a flow that needs a binding in a block. Whether the blocks
// of the subscriber have a port left is not looked at.
func (t *Table) explainBlocks(r *rules, q *tuple, req *ports.Request, e *Explanation) {
	blocks, _ := t.blocksOf(r, q, make([]ports.Block, 0, blockRoom))
	for _, b := range blocks {
		e.Block += fmt.Sprintf("%v-%d ", addrPort4(b.V4, b.First), b.Last)
	}
	if len(blocks) > 0 {
		e.V4 = addrPort4(blocks[0].V4, 0)
		e.Rule = "the host gets a port of the blocks that its subscriber has, or of a new one"
		return
	}
	v4, _, ok := r.ledger.FindBlock(req)
	if !ok {
		e.Verdict = translate.PortsExhausted
		e.Rule = "the pool has no block left"
		return
	}
	e.V4 = addrPort4(v4, 0)
	e.Rule = "the host gets a port of a new block of its subscriber"
}

// ExplainIn explains a flow from an IPv4 transport address to one of the pool. A
// flow of TCP begins with a SYN. It makes no state, and prolongs none.
func (t *Table) ExplainIn(proto uint8, peer, v4 netip.AddrPort, now time.Duration) Explanation {
	q := tuple{
		proto: proto, index: indexOf(proto), event: v4Other,
		v4: wire.AddrFrom(v4.Addr()).V4(), port4: v4.Port(), peer: wire.AddrFrom(peer.Addr()).V4(), peerPort: peer.Port(),
	}
	switch q.index {
	case TCP:
		q.event = v4SYN
	case ICMP:
		q.peerPort = 0
	}
	e := Explanation{V4: v4, Peer: peer}
	if r := t.rules.Load(); !r.owns(q.v4) {
		e.Verdict = translate.DestinationUnmapped
		e.Rule = "the address is not of the pool, and not dedicated to a host"
		return e
	} else if q.index < 0 {
		return r.explainDedicated(e, r.static.host6[q.v4])
	}
	sh := t.ofPort(q.port4)
	r := t.lock(sh)
	defer sh.Unlock()
	t.explainInIn(sh, r, request{nil, &q, clockOf(now)}, &e)
	return e
}

// explainInIn explains a flow from IPv4 in the shard of its pool port.
func (t *Table) explainInIn(sh *shard, r *rules, x request, e *Explanation) {
	q := x.q
	if r.Source != nil {
		if e.Verdict = r.Source(q.peer); e.Verdict != translate.Translated {
			e.Rule = "no flow of this source passes: " + e.Verdict.What()
			return
		}
	}
	ref := sh.In(q.proto, q.v4, q.port4)
	bound := ref != 0 && r.explainBinding(sh, ref, q, e, x.c) && !e.Held
	if e.State != Closed {
		return
	}
	if !bound {
		v6, port6, static := r.static.to6(q.index, q.v4, q.port4)
		if !static {
			e.V6, e.Verdict = netip.AddrPort{}, t.strange(r, x)
			e.Rule = "no host uses the transport address: " + e.Verdict.What()
			return
		}
		e.V6, e.Static = addrPort6(v6, port6), true
	}
	e.Rule = "the binding lets in packets from any host"
	if v, done := t.admit(sh, r, ref, x); done {
		e.Verdict = v
		e.Rule = "a host uses the transport address, but the packet does not pass: " + v.What()
		return
	}
	q.host = wire.AddrFrom(e.V6.Addr())
	r.explainLimits(q, e, !bound, x.c)
}
