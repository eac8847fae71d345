package nat64

import (
	"fmt"
	"net/netip"
	"time"

	"taygo/nat64/store"
	"taygo/translate/wire"
)

// SweepAll calls Sweep until it has gone round once from where it was.
func (t *Table) SweepAll(now time.Duration, out Sink) {
	t.Sweep(now, out)
	for t.sweep.shard != 0 || t.sweep.at != (store.Cursor{}) {
		t.Sweep(now, out)
	}
}

// Peek returns the state of a session of the IPv4 transport address of a binding,
// and what is left of its lifetime; Closed if there is none.
func (t *Table) Peek(proto uint8, v4, peer netip.AddrPort, now time.Duration) (State, time.Duration) {
	sh := t.ofPort(v4.Port())
	r := t.lock(sh)
	defer sh.Unlock()
	ref := sh.In(proto, wire.AddrFrom(v4.Addr()).V4(), v4.Port())
	if ref == 0 {
		return Closed, 0
	}
	s := sh.Session(ref, wire.AddrFrom(peer.Addr()).V4(), peer.Port())
	if s == nil {
		return Closed, 0
	}
	e, ok := r.sessionEntry(s, clockOf(now))
	if !ok {
		return Closed, 0
	}
	return e.State, e.Left
}

// Kept returns how many SYNs are kept.
func (t *Table) Kept() int { return int(t.syns.live.Load()) }

// audit is what a check of a Table has found.
type audit struct {
	owners4  map[string]string
	owners6  map[string]bool
	sources  map[wire.Addr]source
	sessions int64
}

// Check finds contradictions in a Table that nobody uses meanwhile: a transport
// address of either side that two bindings have, a binding without sessions that is
// not held, and counts that are not what is there.
func (t *Table) Check() error {
	a := audit{map[string]string{}, map[string]bool{}, map[wire.Addr]source{}, 0}
	for i := range t.shards {
		if err := t.checkShard(&t.shards[i], &a); err != nil {
			return err
		}
	}
	if got := t.sessions.Load(); got != a.sessions {
		return fmt.Errorf("%d sessions counted, %d are there", got, a.sessions)
	}
	return t.checkSources(&a)
}

func (t *Table) checkShard(sh *shard, a *audit) error {
	r := t.lock(sh)
	defer sh.Unlock()
	var bindings, held [NumProtos]uint32
	var states [NumProtos][NumStates]uint32
	var at store.Cursor
	var last store.Ref
	var err error
	for done := false; !done; {
		done = sh.Sweep(&at, 1<<30, func(ref store.Ref, b *store.Binding, s *store.Session) store.Action {
			index := indexOf(b.Proto)
			if ref != last {
				last = ref
				if e := t.checkBinding(sh, b, s, a); e != nil && err == nil {
					err = e
				}
				if b.Flags&store.Held != 0 {
					held[index]++
				} else {
					bindings[index]++
				}
			}
			if s == nil {
				return store.Keep
			}
			states[index][s.State]++
			a.sessions++
			key := r.sources.prefixOf(b.V6)
			src := a.sources[key]
			src.sessions++
			a.sources[key] = src
			return store.Keep
		})
	}
	if err != nil {
		return err
	}
	if bindings != sh.bindings || held != sh.held || states != sh.states {
		return fmt.Errorf("shard %d counts %v %v %v, but has %v %v %v", sh.n, sh.bindings, sh.held, sh.states, bindings, held, states)
	}
	return nil
}

func (t *Table) checkBinding(sh *shard, b *store.Binding, s *store.Session, a *audit) error {
	r, index := sh.rules, indexOf(b.Proto)
	v4 := fmt.Sprint(index, " ", addrPort4(b.V4, b.Port4))
	v6 := fmt.Sprint(index, " ", addrPort6(b.V6, b.Port6))
	isHeld := b.Flags&store.Held != 0
	switch {
	case a.owners4[v4] != "":
		return fmt.Errorf("%s belongs to %s and %s", v4, v6, a.owners4[v4])
	case a.owners6[v6]:
		return fmt.Errorf("%s has two transport addresses", v6)
	case isHeld == (s != nil):
		return fmt.Errorf("%s: held %v, with a session %v", v4, isHeld, s != nil)
	case t.ofPort(b.Port4) != sh:
		return fmt.Errorf("%s is in shard %d", v4, sh.n)
	case b.Flags&store.Static == 0 && r.ledger.Take(b.Proto, b.V4, b.Port4):
		return fmt.Errorf("%s is free in the ledger", v4)
	}
	a.owners4[v4], a.owners6[v6] = v6, true
	q := tuple{proto: b.Proto, index: index, host: b.V6, hostPort: b.Port6}
	if home := t.home(r, &q); home != sh && b.Flags&flagDisplaced == 0 {
		return fmt.Errorf("%s: its home shard %d does not know that it is in %d", v6, home.n, sh.n)
	}
	if !isHeld {
		key := r.sources.prefixOf(b.V6)
		src := a.sources[key]
		src.ports[index]++
		a.sources[key] = src
	}
	return nil
}

func (t *Table) checkSources(a *audit) error {
	s := t.rules.Load().sources
	found := 0
	for i := range s.parts {
		n := 0
		for _, src := range s.parts[i].slots {
			if !src.used {
				continue
			}
			n++
			want := a.sources[src.key]
			if src.sessions != want.sessions || src.ports != want.ports {
				return fmt.Errorf("source %v counts %d sessions, %v ports; there are %d, %v", src.key, src.sessions, src.ports, want.sessions, want.ports)
			}
			if want.sessions != 0 || want.bindings() != 0 {
				found++
			}
		}
		if n != s.parts[i].n {
			return fmt.Errorf("part %d of the sources has %d, counts %d", i, n, s.parts[i].n)
		}
	}
	if found != len(a.sources) {
		return fmt.Errorf("%d sources counted, there are %d", found, len(a.sources))
	}
	return nil
}

// Notes returns how many bindings home shards believe to be in other shards.
func (t *Table) Notes() int { return int(t.away.Load()) }

// EnforceWithoutPurge is Configure that is interrupted before its purge, with
// Options that change the pool alone.
func (t *Table) EnforceWithoutPurge(o Options) {
	old := t.rules.Load()
	o.Key = old.Key
	r, err := newRules(o)
	if err != nil {
		panic(err)
	}
	r.sources = old.sources
	t.rules.Store(r)
}

// SweepPort is SweepAll for the shard of a port alone.
func (t *Table) SweepPort(port uint16, now time.Duration, out Sink) {
	t.refuseSYNs(now, out)
	t.sweep.shard, t.sweep.at = t.ofPort(port).n, store.Cursor{}
	t.sweepStep(clockOf(now), out)
	t.sweep.shard, t.sweep.at = 0, store.Cursor{}
}

// Forget removes the binding of a transport address, whatever state it is in, and
// all SYNs that are kept.
func (t *Table) Forget(proto uint8, v4 netip.AddrPort, now time.Duration) {
	sh := t.ofPort(v4.Port())
	t.lock(sh)
	if ref := sh.In(proto, wire.AddrFrom(v4.Addr()).V4(), v4.Port()); ref != 0 {
		t.remove(sh, ref, clockOf(now))
	}
	sh.Unlock()
	t.adoptOrphans(sh)
	for i := t.syns.first; i != t.syns.next; i++ {
		if !t.syns.queue[i%len(t.syns.queue)].gone {
			t.syns.forget(i)
		}
	}
}
