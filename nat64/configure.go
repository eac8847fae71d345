package nat64

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"taygo/nat64/ports"
	"taygo/nat64/store"
	"taygo/translate/wire"
)

// Removed is what a change of the rules has ended.
type Removed struct{ Bindings, Sessions int }

// Configure puts o in force, or nothing if it returns an error. Bindings that the
// new Options could not have made are removed with their sessions, and no others:
// all of them, if the prefix changes, in which IPv6 hosts see their peers. What
// AddStatic has added stays if its address is still in a pool and its host not
// mapped, unless o has another binding in its place. New lifetimes count from the
// next packet of a session. Packets wait for a moment at most, but if Prefix or
// Limits.SourceBits changes: then those of a shard wait until all that it has was
// looked at.
func (t *Table) Configure(o Options, now time.Duration) (Removed, error) {
	t.admin.Lock()
	defer t.admin.Unlock()
	old := t.rules.Load()
	if o.Key == ([32]byte{}) {
		o.Key = old.Key
	}
	if why := old.fixed(&o); why != "" {
		return Removed{}, fmt.Errorf("nat64: %s: %w", why, ErrRestart)
	}
	r, err := newRules(o)
	if err != nil {
		return Removed{}, err
	}
	r.since = clockOf(now)
	t.keepAdded(r)
	if slices.Equal(r.static.without(o.Pools), old.static.without(old.Pools)) {
		r.pool, r.ledger = old.pool, old.ledger
	}
	if r.sources = old.sources; r.limits.bits != old.limits.bits {
		r.sources = newSources(r.limits.bits, mix(old.sources.seed, uint64(r.limits.bits)))
	}
	return t.enforce(r, now), nil
}

// Close ends all bindings and sessions, and forgets the SYNs that are kept. Packets
// make no new ones.
func (t *Table) Close(now time.Duration) Removed {
	t.admin.Lock()
	defer t.admin.Unlock()
	r := *t.rules.Load()
	r.closed, r.Limits.SYNs = true, 0
	return t.enforce(&r, now)
}

// fixed names what o would change that bindings depend on.
func (r *rules) fixed(o *Options) string {
	switch {
	case r.Key != o.Key:
		return "the key of a table"
	case r.Block != o.Block:
		return "the size of port blocks"
	case !reflect.DeepEqual(r.Deterministic, o.Deterministic):
		return "deterministic assignment"
	case r.Deterministic.Prefix.IsValid() && !slices.Equal(r.Pools, o.Pools):
		return "the pool of deterministic assignment"
	case r.Block != 0 && r.limits.bits != o.Limits.SourceBits:
		return "the length of the prefixes that have port blocks"
	}
	return ""
}

// enforce makes r the rules of all shards.
func (t *Table) enforce(r *rules, now time.Duration) Removed {
	t.rules.Store(r)
	t.syns.configure(r.Limits.SYNs, r.Limits.SYNOctets)
	var sum Removed
	for i := range t.shards {
		t.purge(&t.shards[i], clockOf(now), &sum)
	}
	return sum
}

// purgeStep is how many records are looked at under one lock.
const purgeStep = 512

// purge removes the bindings of a shard that do not fit the rules.
func (t *Table) purge(sh *shard, c clock, sum *Removed) {
	var at store.Cursor
	for done := false; !done; {
		r := t.lock(sh)
		done = sh.Sweep(&at, purgeStep, func(_ store.Ref, b *store.Binding, s *store.Session) store.Action {
			if r.fits(b) {
				return store.Keep
			}
			return t.expel(sh, b, s, c)
		})
		sum.Bindings += sh.expelled.Bindings
		sum.Sessions += sh.expelled.Sessions
		sh.expelled = Removed{}
		sh.Unlock()
	}
}

// expel ends a session, or a binding that has none.
func (t *Table) expel(sh *shard, b *store.Binding, s *store.Session, c clock) store.Action {
	if s != nil {
		t.over(sh, b, s, c)
		sh.expelled.Sessions++
		return store.Close
	}
	if b.Flags&store.Held == 0 {
		sh.expelled.Bindings++
	}
	t.finish(sh, b, c)
	return store.Unbind
}

// adopt brings a shard, which is locked, under new rules.
func (t *Table) adopt(sh *shard, r *rules) {
	old := sh.rules
	sh.rules = r
	if r.ledger != old.ledger {
		r.ledger.Adopt(sh.n, old.ledger)
	}
	if r.static != old.static {
		t.eachStaticPort(sh, old.static, func(proto uint8, v4 uint32, port uint16) {
			if _, _, still := r.static.to6(indexOf(proto), v4, port); !still && sh.In(proto, v4, port) == 0 {
				r.ledger.Release(proto, v4, port)
			}
		})
		t.eachStaticPort(sh, r.static, func(proto uint8, v4 uint32, port uint16) { r.ledger.Take(proto, v4, port) })
	}
	if r.sources != old.sources {
		recount(sh, r.sources)
	}
	if r.Prefix != old.Prefix {
		var at store.Cursor
		sh.Sweep(&at, math.MaxInt, func(_ store.Ref, b *store.Binding, s *store.Session) store.Action {
			if s == nil && b.Flags&store.Held != 0 {
				return store.Keep
			}
			return t.expel(sh, b, s, r.since)
		})
	}
}

// eachStaticPort calls f with the transport addresses of a shard that are static.
func (t *Table) eachStaticPort(sh *shard, s *statics, f func(proto uint8, v4 uint32, port uint16)) {
	shift := sh.rules.pool.Shift() // so many low bits tell ports of a shard apart that lie in a row
	for key, runs := range s.by4 {
		for i := range runs {
			first := int(runs[i].port4)
			last := first + int(runs[i].last)
			row := first >> shift
			for row += (sh.n - row) & (shardsOfTable - 1); row<<shift <= last; row += shardsOfTable {
				for port := max(first, row<<shift); port <= min(last, (row+1)<<shift-1); port++ {
					f(protoNumbers[key.proto], key.addr, uint16(port))
				}
			}
		}
	}
}

// recount counts what the shard holds towards its sources anew.
func recount(sh *shard, to *sources) {
	var at store.Cursor
	var last store.Ref
	sh.Sweep(&at, math.MaxInt, func(ref store.Ref, b *store.Binding, s *store.Session) store.Action {
		bindings, sessions := 0, 0
		if ref != last && b.Flags&store.Held == 0 {
			bindings, last = 1, ref
		}
		if s != nil {
			sessions = 1
		}
		to.add(b.V6, indexOf(b.Proto), bindings, sessions)
		return store.Keep
	})
}

// AddStatic adds a static binding, until RemoveStatic or the end of the Table. A
// dynamic binding in its way is removed. The error says what is wrong with it.
func (t *Table) AddStatic(b Static, now time.Duration) (Removed, error) {
	t.admin.Lock()
	defer t.admin.Unlock()
	old := t.rules.Load()
	list := append(slices.Clip(old.static.list), b)
	static, err := newStatics(list, old.Dedicated)
	if err != nil {
		return Removed{}, err
	}
	t.added = append(t.added, b)
	r := *old
	r.static = static
	return t.enforce(&r, now), nil
}

// RemoveStatic removes the static binding of b.Proto and b.V4, whichever host it
// is of, with its sessions; b.Ports must be as it was added. One that Options name
// comes back with the next Configure.
func (t *Table) RemoveStatic(b Static, now time.Duration) (Removed, error) {
	t.admin.Lock()
	defer t.admin.Unlock()
	old := t.rules.Load()
	is := func(o Static) bool {
		return o.Proto == b.Proto && o.V4 == b.V4 && max(o.Ports, 1) == max(b.Ports, 1) && (!b.V6.IsValid() || o.V6 == b.V6)
	}
	list := slices.DeleteFunc(slices.Clone(old.static.list), is)
	if len(list) == len(old.static.list) {
		return Removed{}, fmt.Errorf("nat64: static binding of %v, %d ports: %w: list them to see which there are", b.V4, max(b.Ports, 1), ErrNoStatic)
	}
	static, err := newStatics(list, old.Dedicated)
	if err != nil {
		return Removed{}, err
	}
	t.added = slices.DeleteFunc(t.added, is)
	r := *old
	r.static = static
	return t.enforce(&r, now), nil
}

// keepAdded adds to new rules what AddStatic has added, as far as it has room.
func (t *Table) keepAdded(r *rules) {
	for _, b := range t.added {
		pooled := slices.ContainsFunc(r.Pools, func(p ports.Range) bool { return p.Prefix.Contains(b.V4.Addr()) })
		if !pooled || r.Mapped != nil && r.Mapped(wire.AddrFrom(b.V6.Addr())) {
			continue
		}
		if static, err := newStatics(append(slices.Clip(r.static.list), b), r.Dedicated); err == nil {
			r.static = static
		}
	}
}
