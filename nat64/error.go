package nat64

import (
	"taygo/nat64/store"
	"taygo/translate"
	"taygo/translate/wire"
)

// MapError is part of translate.Mapper. It finds the session of the quoted packet,
// and changes nothing in it (RFC 6146 §3.5, §3.6; RFC 5508 REQ-4 to REQ-6).
func (t *Table) MapError(p *translate.Packet) translate.Verdict {
	p.Stateful, p.Hairpin = true, false
	r := t.rules.Load()
	q, v := r.quotedTuple(p)
	if v != translate.Translated {
		return v
	}
	if q.index < 0 {
		return r.mapDedicatedError(p, &q)
	}
	b, ok := t.quoted(p, &q, clockOf(p.Now))
	if !ok {
		return translate.QuoteUnmapped
	}
	r.setError(p, &b, &q)
	return translate.Translated
}

// quotedTuple reads the tuple of the packet that an ICMP error quotes, index -1 if
// its protocol has no ports. The quoted packet went the other way.
func (r *rules) quotedTuple(p *translate.Packet) (tuple, translate.Verdict) {
	quoted := &p.Quoted
	q := tuple{proto: quoted.Proto, index: indexOf(quoted.Proto)}
	if q.index == ICMP {
		q.proto = wire.ProtoICMP
	}
	var src, dst uint16
	if q.index >= 0 {
		b := p.QuotedTransport()
		if quoted.Offset != 0 || len(b) < 4 || q.index == ICMP && len(b) < 6 {
			return q, translate.QuoteUnmapped // no ports (RFC 6146 §3.4)
		}
		src, dst = portsOf(q.index, b)
	}
	if !p.V6 {
		if p.Dst != quoted.Src || !r.owns(p.Dst.V4()) {
			return q, translate.QuoteUnmapped
		}
		q.v4, q.port4, q.peer, q.peerPort = quoted.Src.V4(), src, quoted.Dst.V4(), dst
	} else {
		peer, v := r.quotedPeer(p)
		if v != translate.Translated {
			return q, v
		}
		q.host, q.hostPort, q.peer, q.peerPort = quoted.Dst, dst, peer, src
	}
	if q.index == ICMP {
		q.peerPort = 0
	}
	return q, translate.Translated
}

// quotedPeer returns the IPv4 host that an ICMPv6 error goes to, which is the one
// that sent the quoted packet.
func (r *rules) quotedPeer(p *translate.Packet) (uint32, translate.Verdict) {
	if r.Prefix.Contains(p.Src.Hi, p.Src.Lo) {
		return 0, translate.SourceInPrefix
	}
	peer, ok := r.Prefix.Extract(p.Dst.Hi, p.Dst.Lo)
	if !ok {
		return 0, translate.DestinationUnmapped
	}
	if v := r.judgePeer(peer); v != translate.Translated {
		return 0, v
	}
	if from, ok := r.Prefix.Extract(p.Quoted.Src.Hi, p.Quoted.Src.Lo); !ok || from != peer {
		return 0, translate.QuoteUnmapped
	}
	return peer, translate.Translated
}

// quoted returns the binding of the session that the quoted packet belongs to. If
// anybody may use a static binding, the binding alone will do (RFC 6146 §3.6.1).
func (t *Table) quoted(p *translate.Packet, q *tuple, c clock) (store.Binding, bool) {
	var sh *shard
	var r *rules
	var ref store.Ref
	if p.V6 {
		sh, r = t.lockHome(q)
		ref = sh.Out(q.proto, q.host, q.hostPort)
		if to := sh.Displaced(q.proto, q.host, q.hostPort); ref == 0 && to != nil {
			sh.Unlock()
			sh = &t.shards[to.Number()]
			r = t.lock(sh)
			ref = sh.Out(q.proto, q.host, q.hostPort)
		}
	} else {
		sh = t.ofPort(q.port4)
		r = t.lock(sh)
		ref = sh.In(q.proto, q.v4, q.port4)
	}
	defer sh.Unlock()
	if ref != 0 {
		if s := sh.Session(ref, q.peer, q.peerPort); s != nil && r.alive(s, c) {
			return *sh.Binding(ref), true
		}
	}
	return r.quotedStatic(p, q)
}

// quotedStatic returns the static binding that the quoted packet belongs to.
func (r *rules) quotedStatic(p *translate.Packet, q *tuple) (b store.Binding, ok bool) {
	switch {
	case r.AddressDependent:
		return b, false
	case p.V6:
		b.V6, b.Port6 = q.host, q.hostPort
		b.V4, b.Port4, ok = r.static.to4(q.index, q.host, q.hostPort)
	default:
		b.V4, b.Port4 = q.v4, q.port4
		b.V6, b.Port6, ok = r.static.to6(q.index, q.v4, q.port4)
	}
	return b, ok
}

// setError gives p the addresses of an ICMP error about a session of the binding b.
// From IPv4 it comes from the router that sent it (RFC 5508 REQ-4), so that
// traceroute works; from IPv6 it comes from the pool address, which stands in for a
// router in between.
func (r *rules) setError(p *translate.Packet, b *store.Binding, q *tuple) {
	peer := r.embed(q.peer)
	if p.V6 {
		p.To = translate.Pair{Src: wire.Addr4(b.V4), Dst: wire.Addr4(q.peer)}
		p.QuotedTo = translate.Pair{Src: wire.Addr4(q.peer), Dst: wire.Addr4(b.V4)}
		p.ToPorts = translate.Ports{Src: q.peerPort, Dst: b.Port4}
		p.Replaced = p.Src != b.V6
		p.Hairpin = r.turns(q.peer)
	} else {
		p.To = translate.Pair{Src: r.router(p), Dst: b.V6}
		p.QuotedTo = translate.Pair{Src: b.V6, Dst: peer}
		p.ToPorts = translate.Ports{Src: b.Port6, Dst: q.peerPort}
	}
	if q.index == ICMP && p.V6 {
		p.ToPorts.Src = b.Port4 // an identifier stands for both ports
	}
}

// router returns the IPv6 form of the source of an ICMPv4 error, or the address of
// the translator in place of one that may not be embedded (RFC 6052 §3.1).
func (r *rules) router(p *translate.Packet) wire.Addr {
	v4 := p.Src.V4()
	if r.Source != nil && !p.Again && r.Source(v4) != translate.Translated && !r.Own6.IsZero() {
		p.Replaced = true
		return r.Own6
	}
	return r.embed(v4)
}

// mapDedicatedError maps an ICMP error about a packet of a protocol without ports.
func (r *rules) mapDedicatedError(p *translate.Packet, q *tuple) translate.Verdict {
	var b store.Binding
	var ok bool
	if p.V6 {
		b.V6 = q.host
		b.V4, ok = r.static.host4[q.host]
	} else {
		b.V4 = q.v4
		b.V6, ok = r.static.host6[q.v4]
	}
	if !ok {
		return translate.QuoteUnmapped
	}
	r.setError(p, &b, q)
	p.ToPorts = translate.Ports{}
	return translate.Translated
}
