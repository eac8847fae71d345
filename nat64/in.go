package nat64

import (
	"taygo/nat64/store"
	"taygo/translate"
	"taygo/translate/wire"
)

// mapIn maps a packet from IPv4, or one that turns back (RFC 6146 §3.5.1.2,
// §3.5.2.2, §3.5.3).
func (t *Table) mapIn(p *translate.Packet) translate.Verdict {
	r := t.rules.Load()
	var q tuple
	if v := r.inTuple(p, &q); v != translate.Translated {
		return v
	}
	if q.index < 0 {
		return r.mapToDedicated(p, &q)
	}
	sh := t.ofPort(q.port4)
	r = t.lock(sh)
	defer sh.Unlock()
	return t.inIn(sh, r, request{p, &q, clockOf(p.Now)})
}

// inTuple reads the tuple of a packet from IPv4 to q, index -1 if its protocol has
// no ports.
func (r *rules) inTuple(p *translate.Packet, q *tuple) (v translate.Verdict) {
	q.proto, q.index, q.event = p.Proto, indexOf(p.Proto), v4Other
	q.v4, q.peer = p.Dst.V4(), p.Src.V4()
	if !r.owns(q.v4) {
		return translate.DestinationUnmapped
	}
	if r.Source != nil && !p.Again { // then it is an address of the pool
		if v = r.Source(q.peer); v != translate.Translated {
			return v
		}
	}
	if q.index < 0 {
		return translate.Translated
	}
	var ok bool
	if q.peerPort, q.port4, ok = r.readPorts(p, q); !ok {
		return translate.NoBinding
	}
	switch {
	case q.later:
	case q.index == TCP:
		q.event = tcpEvent(p.Transport(), false)
	case q.index == ICMP:
		q.peerPort = 0
		if kind := p.Transport()[0]; kind != echoRequest4 && kind != echoReply4 {
			return translate.ICMPType
		}
	}
	return translate.Translated
}

// inIn maps a packet from IPv4 in the shard of its pool port.
func (t *Table) inIn(sh *shard, r *rules, x request) translate.Verdict {
	q := x.q
	ref := sh.In(q.proto, q.v4, q.port4)
	if ref != 0 {
		if s := sh.Session(ref, q.peer, q.peerPort); s != nil && sh.settle(q.index, s, x.c) {
			sh.step(s, q, x.c)
			b := sh.Binding(ref)
			r.setIn(x.p, b.V6, b.Port6, q)
			return translate.Translated
		}
	}
	v := t.openIn(sh, r, ref, x)
	if v == translate.Translated {
		r.setIn(x.p, q.host, q.hostPort, q)
	}
	return v
}

// setIn gives p the addresses of the binding of a host.
func (r *rules) setIn(p *translate.Packet, host wire.Addr, port uint16, q *tuple) {
	p.To = translate.Pair{Src: r.embed(q.peer), Dst: host}
	p.ToPorts = translate.Ports{Src: q.peerPort, Dst: port}
	if q.index == ICMP {
		p.ToPorts.Src = port
	}
}

// embed returns the IPv6 form of an IPv4 address.
func (r *rules) embed(v4 uint32) wire.Addr {
	hi, lo := r.Prefix.Embed(v4)
	return wire.Addr{Hi: hi, Lo: lo}
}

// mapToDedicated is mapDedicated the other way.
func (r *rules) mapToDedicated(p *translate.Packet, q *tuple) translate.Verdict {
	v6, ok := r.static.host6[q.v4]
	if !ok {
		return translate.StatelessOnly
	}
	p.To = translate.Pair{Src: r.embed(q.peer), Dst: v6}
	p.ToPorts = translate.Ports{}
	return translate.Translated
}

// openIn opens a session for the first packet of one from IPv4, in the binding ref
// if it is there already. It completes the tuple by the host. A source of the pool is
// forged, unless the packet turns back: answers to it would never leave.
func (t *Table) openIn(sh *shard, r *rules, ref store.Ref, x request) translate.Verdict {
	q := x.q
	if x.p != nil && !x.p.Again && r.owns(q.peer) {
		return translate.IllegalSource
	}
	ref = t.tidy(sh, r, ref, x)
	bound := sh.inUse(ref)
	if bound {
		b := sh.Binding(ref)
		q.host, q.hostPort = b.V6, b.Port6
	} else if v6, port6, static := r.static.to6(q.index, q.v4, q.port4); static {
		q.host, q.hostPort = v6, port6
	} else {
		return t.strange(r, x)
	}
	if v, done := t.admit(sh, r, ref, x); done {
		return v
	}
	cost := charge{q.host, q.index, !bound, true}
	if v := t.reserve(sh, r, ref, cost, x); v != translate.Translated {
		return v
	}
	if !bound {
		var ok bool
		if ref, ok = t.bindStatic(sh, x, q.v4, q.port4); !ok {
			t.unreserve(r, cost)
			return translate.SessionsFull
		}
	}
	return t.add(sh, r, ref, x)
}

// strange judges a packet from IPv4 to a transport address that no host uses. A
// SYN is kept if a host could come to use it.
func (t *Table) strange(r *rules, x request) translate.Verdict {
	q := x.q
	switch {
	case q.index != TCP, q.later:
		return translate.NoBinding
	case !q.event.isSYN():
		return translate.NoSession
	case !r.IncomingTCP:
		return translate.TCPIncoming
	case !r.pool.Has(q.proto, q.v4, q.port4):
		return translate.NoBinding
	}
	return t.keepSYN(r, x)
}

// keepSYN keeps a SYN for the time in which the host may open the connection from
// its side (RFC 6146 §3.5.2.2).
func (t *Table) keepSYN(r *rules, x request) translate.Verdict {
	q := x.q
	if x.p == nil || t.syns.keep(q.synKey(), x.p.Bytes(), x.c.at+r.Timeouts.IncomingSYN) {
		return translate.SYNStored
	}
	return translate.SYNStoreFull
}

func (q *tuple) synKey() synKey {
	return synKey{v4: q.v4, peer: q.peer, port4: q.port4, peerPort: q.peerPort}
}

// admit judges a packet from IPv4 that no session awaits, to a transport address
// that a host uses by ref or by configuration: by policy, and by filtering (RFC 6146
// §3.5.1.2, §3.5.2.2). It reports whether the packet makes no session.
func (t *Table) admit(sh *shard, r *rules, ref store.Ref, x request) (v translate.Verdict, done bool) {
	q := x.q
	if q.index == TCP && !r.IncomingTCP {
		if q.event.isSYN() {
			return translate.TCPIncoming, true
		}
		return translate.NoSession, true
	}
	if r.AddressDependent {
		seen := sh.inUse(ref) && sh.PeerSeen(ref, q.peer, func(s *store.Session) bool { return r.alive(s, x.c) })
		switch {
		case seen:
		case q.index == TCP && q.event.isSYN():
			return t.keepSYN(r, x), true
		default:
			return translate.Filtered, true
		}
	}
	// A segment that is no SYN passes, and makes no session; so does what belongs
	// to a fragment that has made one.
	return translate.Translated, q.later || q.index == TCP && !q.event.isSYN()
}
