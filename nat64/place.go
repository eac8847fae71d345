package nat64

import (
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// A transport is a transport address of the pool.
type transport struct {
	v4   uint32
	port uint16
}

// place takes a port of this shard for the host of x. again says that another
// shard has one.
func (t *Table) place(sh *shard, r *rules, x request) (at transport, v translate.Verdict, again bool) {
	var req ports.Request
	r.ask(sh, x.q, &req)
	if r.Block != 0 {
		return t.placeInBlock(sh, r, x, &req)
	}
	for {
		v4, n, ok := r.ledger.Find(&req)
		if !ok {
			t.tellRarely(PortsExhausted, x.q, x.c)
			return transport{}, translate.PortsExhausted, false
		}
		if n != sh.n {
			return transport{}, 0, true
		}
		if port, ok := r.ledger.Choose(n, v4, &req); ok {
			return transport{v4, port}, translate.Translated, false
		}
	}
}

// ask completes a request for a port, which is zero.
func (r *rules) ask(sh *shard, q *tuple, req *ports.Request) {
	req.Proto, req.Host, req.Port = q.proto, q.host, q.hostPort
	if r.Block != 0 {
		req.Host = r.sources.prefixOf(q.host)
	}
	req.Prefer, req.Parity, req.Soft = r.static.prefer(q.host), r.Parity && q.index == UDP, r.SoftPairing
	req.Home, req.Random = sh.n, sh.rng.Uint64()
}

// An orphan is what a home shard may still have noted of a binding that was in
// another shard and is gone.
type orphan struct {
	proto uint8
	host  wire.Addr
	port  uint16
}

// displace is out for a packet whose binding is to be made outside its home shard.
// One at a time makes such, so that no host gets two.
//
// The home shard notes where the binding will be before it is there. So another
// packet of the host that comes between comes here too, and waits.
func (t *Table) displace(p *translate.Packet, q *tuple, c clock) translate.Verdict {
	t.displacing.Lock()
	defer t.displacing.Unlock()
	x := request{p, q, c}
	for n := 0; ; n++ {
		v, again := t.outKnown(x)
		if !again {
			return v
		}
		to := t.elsewhere(x, n)
		if to == nil {
			t.tellRarely(PortsExhausted, q, c)
			return translate.PortsExhausted
		}
		home, _ := t.lockHome(q)
		if to == home || home.Out(q.proto, q.host, q.hostPort) != 0 {
			home.Unlock()
			continue
		}
		t.note(home, q, to)
		home.Unlock()
		r := t.lock(to)
		v, again = t.outIn(to, r, 0, x)
		to.Unlock()
		if !again && v == translate.Translated {
			return v
		}
		t.undisplace(q)
		if !again && v != translate.PortsExhausted {
			return v
		}
	}
}

// outKnown is out while bindings are made in other shards by this goroutine alone:
// it forgets a note about a binding that is no longer there.
func (t *Table) outKnown(x request) (v translate.Verdict, again bool) {
	q := x.q
	sh, _ := t.lockHome(q)
	to := sh.Displaced(q.proto, q.host, q.hostPort)
	sh.Unlock()
	if to != nil {
		other := &t.shards[to.Number()]
		t.lock(other)
		there := other.Out(q.proto, q.host, q.hostPort)
		other.Unlock()
		if there == 0 {
			t.undisplace(q)
		}
	}
	return t.out(x.p, q, x.c)
}

// note lets a home shard, which is locked, know where a binding is to be found.
func (t *Table) note(home *shard, q *tuple, to *shard) {
	home.Displace(q.proto, q.host, q.hostPort, to.Shard)
	t.away.Add(1)
}

// undisplace lets the home shard of the host of q forget where its binding was.
func (t *Table) undisplace(q *tuple) {
	home, _ := t.lockHome(q)
	defer home.Unlock()
	if home.Displaced(q.proto, q.host, q.hostPort) != nil {
		home.Undisplace(q.proto, q.host, q.hostPort)
		t.away.Add(-1)
	}
}

// elsewhere returns a shard to try for a port, on the n-th try, or nil.
func (t *Table) elsewhere(x request, n int) *shard {
	home, r := t.lockHome(x.q)
	var req ports.Request
	r.ask(home, x.q, &req)
	home.Unlock()
	if r.Block != 0 {
		return t.blockElsewhere(r, x, &req, n)
	}
	if _, k, ok := r.ledger.Find(&req); ok && n < 2*shardsOfTable {
		return &t.shards[k]
	}
	return nil
}

// adoptOrphans forgets in home shards what they noted of bindings that are gone.
func (t *Table) adoptOrphans(sh *shard) {
	sh.Lock()
	orphans := sh.orphans
	sh.orphans = nil
	sh.Unlock()
	if len(orphans) == 0 {
		return
	}
	t.displacing.Lock()
	defer t.displacing.Unlock()
	for _, o := range orphans {
		q := tuple{proto: o.proto, index: indexOf(o.proto), host: o.host, hostPort: o.port}
		home, _ := t.lockHome(&q)
		to := home.Displaced(o.proto, o.host, o.port)
		home.Unlock()
		if to != sh.Shard {
			continue
		}
		sh.Lock()
		back := sh.Out(o.proto, o.host, o.port)
		sh.Unlock()
		if back == 0 {
			t.undisplace(&q)
		}
	}
}
