package nat64

import (
	"taygo/nat64/store"
	"taygo/translate"
	"taygo/translate/wire"
)

// Map is part of translate.Mapper.
func (t *Table) Map(p *translate.Packet) translate.Verdict {
	p.Stateful, p.Hairpin = true, false
	if p.V6 {
		return t.mapOut(p)
	}
	return t.mapIn(p)
}

// mapOut maps a packet of an IPv6 host (RFC 6146 §3.5.1.1, §3.5.2.2, §3.5.3).
func (t *Table) mapOut(p *translate.Packet) translate.Verdict {
	r := t.rules.Load()
	var q tuple
	if v := r.outTuple(p, &q); v != translate.Translated {
		return v
	}
	if q.index < 0 {
		return r.mapDedicated(p, &q)
	}
	c := clockOf(p.Now)
	v, again := t.out(p, &q, c)
	if again {
		v = t.displace(p, &q, c)
	}
	return v
}

// outTuple reads the tuple of a packet of an IPv6 host to q, index -1 if its
// protocol has no ports.
func (r *rules) outTuple(p *translate.Packet, q *tuple) (v translate.Verdict) {
	q.proto, q.index, q.event, q.host = p.Proto, indexOf(p.Proto), v6Other, p.Src
	if r.Prefix.Contains(p.Src.Hi, p.Src.Lo) {
		return translate.SourceInPrefix // it could loop (RFC 6146 §3.5)
	}
	var ok bool
	if q.peer, ok = r.Prefix.Extract(p.Dst.Hi, p.Dst.Lo); !ok {
		return translate.DestinationUnmapped
	}
	if v = r.judgePeer(q.peer); v != translate.Translated || q.index < 0 {
		return v
	}
	if q.hostPort, q.peerPort, ok = r.readPorts(p, q); !ok {
		return translate.NoBinding
	}
	switch {
	case q.later:
	case q.index == TCP:
		q.event = tcpEvent(p.Transport(), true)
	case q.index == ICMP:
		q.proto, q.peerPort = wire.ProtoICMP, 0
		if kind := p.Transport()[0]; kind != echoRequest6 && kind != echoReply6 {
			return translate.ICMPType
		}
		if !r.Informational {
			return translate.ICMPInformational
		}
	}
	return translate.Translated
}

// ICMP types of echo messages.
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

// out maps a packet of an IPv6 host in its home shard, or in that where its binding
// lives. It reports whether a binding is to be made in another shard, which is a
// matter of displace.
func (t *Table) out(p *translate.Packet, q *tuple, c clock) (v translate.Verdict, again bool) {
	sh, r := t.lockHome(q)
	ref := sh.Out(q.proto, q.host, q.hostPort)
	if ref == 0 {
		if to := sh.Displaced(q.proto, q.host, q.hostPort); to != nil {
			sh.Unlock()
			sh = &t.shards[to.Number()]
			r = t.lock(sh)
			if ref = sh.Out(q.proto, q.host, q.hostPort); ref == 0 {
				sh.Unlock()
				return 0, true
			}
		}
	}
	defer sh.Unlock()
	return t.outIn(sh, r, ref, request{p, q, c})
}

// lockHome locks the home shard of the host of q.
func (t *Table) lockHome(q *tuple) (*shard, *rules) {
	for {
		r := t.rules.Load()
		sh := t.home(r, q)
		if now := t.lock(sh); now == r {
			return sh, r
		}
		sh.Unlock() // by the new rules it may be another
	}
}

// A request is a packet on its way through a shard. The packet is nil of a flow
// that is asked about only.
type request struct {
	p *translate.Packet
	q *tuple
	c clock
}

// outIn maps a packet of an IPv6 host whose binding is ref, or is to be in sh.
func (t *Table) outIn(sh *shard, r *rules, ref store.Ref, x request) (v translate.Verdict, again bool) {
	q := x.q
	if ref != 0 {
		if s := sh.Session(ref, q.peer, q.peerPort); s != nil && sh.settle(q.index, s, x.c) {
			sh.step(s, q, x.c)
			b := sh.Binding(ref)
			r.setOut(x.p, transport{b.V4, b.Port4}, q)
			return translate.Translated, false
		}
	}
	at, v, again := t.openOut(sh, r, ref, x)
	if v == translate.Translated && !again {
		r.setOut(x.p, at, q)
	}
	return v, again
}

// setOut gives p the addresses of the binding of its host to at.
func (r *rules) setOut(p *translate.Packet, at transport, q *tuple) {
	p.To = translate.Pair{Src: wire.Addr4(at.v4), Dst: wire.Addr4(q.peer)}
	p.ToPorts = translate.Ports{Src: at.port, Dst: q.peerPort}
	if q.index == ICMP {
		p.ToPorts.Dst = at.port
	}
	p.Hairpin = r.turns(q.peer)
}

// step is what a packet does to a session that is there.
func (sh *shard) step(s *store.Session, q *tuple, c clock) {
	if q.later {
		return
	}
	r := sh.rules
	inbound := q.event.inbound()
	to, timer := State(s.State), lifeOf[q.index]
	switch {
	case q.index == TCP:
		m := r.machine[s.State][q.event]
		to, timer = m.to, m.timer
	case inbound && to == FromV6, !inbound && to == FromV4:
		to = BothWays
	}
	if timer != keep && (!inbound || r.RefreshInbound || q.index == TCP && to != State(s.State)) {
		s.Deadline = c.up + r.life[timer]
	}
	if to != State(s.State) {
		sh.setState(q.index, s, to)
	}
}

// lifeOf is the lifetime of a new session, which is that of each packet of UDP and
// ICMP queries.
var lifeOf = [NumProtos]timer{TCP: opening, UDP: udp, ICMP: query}

// mapDedicated maps a packet of a protocol without ports of a host that has an
// address alone (RFC 6146 §3.4 lets others do).
func (r *rules) mapDedicated(p *translate.Packet, q *tuple) translate.Verdict {
	v4, ok := r.static.host4[q.host]
	if !ok {
		return translate.StatelessOnly
	}
	p.To = translate.Pair{Src: wire.Addr4(v4), Dst: wire.Addr4(q.peer)}
	p.ToPorts = translate.Ports{}
	p.Hairpin = r.turns(q.peer)
	return translate.Translated
}
