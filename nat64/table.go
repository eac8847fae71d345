package nat64

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"taygo/nat64/ports"
	"taygo/nat64/store"
)

// A Table is the bindings and sessions of stateful translation. It is a
// translate.Mapper; all its methods may be called from any goroutine, if not said
// otherwise. Make one with New.
type Table struct {
	store  *store.Store
	shards []shard
	rules  atomic.Pointer[rules]
	syns   synStore
	owners *ports.Owners
	feeds  atomic.Pointer[[]*Feed]
	seeds  [4]uint64 // of home shards

	sessions atomic.Int64 // of all shards
	away     atomic.Int64 // bindings that home shards believe to be in others
	evicted  atomic.Uint64
	probes   atomic.Uint64
	told     [NumChangeKinds]atomic.Uint32 // tick of the last Change of a kind that is told once a second

	displacing sync.Mutex // held while a binding is made outside its home shard
	admin      sync.Mutex // one change of the rules or the feeds at a time
	added      []Static   // by AddStatic
	sweeping   sync.Mutex
	sweep      sweep
}

// A shard is a part of a Table, under the lock of its part of the store.
type shard struct {
	*store.Shard
	n        int
	rules    *rules // those that it obeys
	rng      *rand.ChaCha8
	evictAt  store.Cursor
	evicted  bool // the eviction under way has found a session
	orphans  []orphan
	expelled Removed // what new rules have ended, until it is told

	bindings [NumProtos]uint32 // that are not held
	held     [NumProtos]uint32
	states   [NumProtos][NumStates]uint32
}

// flagDisplaced marks a binding that lives outside its home shard.
const flagDisplaced = 1 << 7

// New returns an empty Table. Its random choices follow from seed, which has to be
// new and unpredictable for each Table. The error names what is refused.
func New(o Options, seed [32]byte) (*Table, error) {
	rng := rand.New(rand.NewChaCha8(seed))
	if o.Key == ([32]byte{}) {
		for i := range 4 {
			binary.LittleEndian.PutUint64(o.Key[8*i:], rng.Uint64())
		}
	}
	r, err := newRules(o)
	if err != nil {
		return nil, err
	}
	r.sources = newSources(r.limits.bits, rng.Uint64())
	t := &Table{
		owners: ports.NewOwners(rng.Uint64()),
		shards: make([]shard, shardsOfTable),
		store: store.New(store.Options{
			Shards: shardsOfTable, PortShift: r.pool.Shift(),
			Seed: [4]uint64{rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64()},
		}),
	}
	for i := range t.shards {
		var part [32]byte
		for k := range 4 {
			binary.LittleEndian.PutUint64(part[8*k:], rng.Uint64())
		}
		t.shards[i] = shard{Shard: t.store.Shard(i), n: i, rules: r, rng: rand.NewChaCha8(part)}
		t.eachStaticPort(&t.shards[i], r.static, func(proto uint8, v4 uint32, port uint16) { r.ledger.Take(proto, v4, port) })
	}
	for i := range t.seeds {
		t.seeds[i] = binary.LittleEndian.Uint64(o.Key[8*i:])
	}
	t.syns.configure(o.Limits.SYNs, o.Limits.SYNOctets)
	t.rules.Store(r)
	return t, nil
}

// Key returns the Key of the Options, made up if they had none. To restore what
// Export gives, make the new Table with it.
func (t *Table) Key() [32]byte { return t.rules.Load().Key }

// Owns reports whether packets from IPv4 to v4 are for hosts behind the Table.
func (t *Table) Owns(v4 uint32) bool { return t.rules.Load().owns(v4) }

// lock locks a shard and returns the rules that hold, to which the shard is brought
// first if they are new.
func (t *Table) lock(sh *shard) *rules {
	sh.Lock()
	if r := t.rules.Load(); sh.rules != r {
		t.adopt(sh, r)
	}
	return sh.rules
}

// ofPort returns the shard of a pool port.
func (t *Table) ofPort(port uint16) *shard { return &t.shards[t.store.OfPort(port).Number()] }

// home returns the shard that a packet of an IPv6 host looks in first: that of its
// port if it has a static one, that of its block if it has a certain one, one by a
// hash of its subscriber if there are blocks, and otherwise of its transport
// address.
func (t *Table) home(r *rules, q *tuple) *shard {
	if _, port, ok := r.static.to4(q.index, q.host, q.hostPort); ok {
		return t.ofPort(port)
	}
	if r.Deterministic.Prefix.IsValid() {
		if own, is := r.pool.Forward(q.host); is {
			return t.ofPort(own.First)
		}
	}
	return &t.shards[t.homeHash(r, q)%shardsOfTable]
}

func (t *Table) homeHash(r *rules, q *tuple) uint64 {
	host, port, proto := q.host, q.hostPort, q.proto
	if r.Block != 0 {
		host, port, proto = r.sources.prefixOf(q.host), 0, 0
	}
	h := fold(host.Hi^t.seeds[0], host.Lo^t.seeds[1])
	return fold(h^uint64(port)<<8^uint64(proto)^t.seeds[2], t.seeds[3]|1)
}

// fold multiplies to 128 bits and folds them to 64.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// mix returns a hash of two words that depend on a secret.
func mix(a, b uint64) uint64 {
	return fold(fold(a^0x9e3779b97f4a7c15, b^0xe7037ed1a0b428db)^a, 0xa0761d6478bd642f)
}

// setState moves a session from one state to another.
func (sh *shard) setState(index int, s *store.Session, to State) {
	sh.states[index][s.State]--
	sh.states[index][to]++
	s.State = uint8(to)
}

// settle brings a session up to date: an ESTABLISHED connection whose lifetime is
// over is in TRANS, probed or not (RFC 6146 §3.5.2.2). It reports whether the
// session is still there.
func (sh *shard) settle(index int, s *store.Session, c clock) bool {
	if !c.passed(s.Deadline) {
		return true
	}
	if State(s.State) != Established {
		return false
	}
	sh.setState(index, s, Trans)
	s.Deadline += sh.rules.life[closing]
	return !c.passed(s.Deadline)
}

// alive is settle for those who look only.
func (r *rules) alive(s *store.Session, c clock) bool {
	return !c.passed(s.Deadline) || State(s.State) == Established && !c.passed(s.Deadline+r.life[closing])
}

// tellBinding tells of a binding.
func (t *Table) tellBinding(kind ChangeKind, b *store.Binding, c clock) {
	if t.heard() {
		t.tell(Change{
			Kind: kind, Proto: b.Proto, At: c.at,
			V6: addrPort6(b.V6, b.Port6), V4: addrPort4(b.V4, b.Port4),
		})
	}
}

// tellSession tells of a session.
func (t *Table) tellSession(kind ChangeKind, b *store.Binding, s *store.Session, c clock) {
	if t.heard() {
		t.tell(Change{
			Kind: kind, Proto: b.Proto, At: c.at,
			V6: addrPort6(b.V6, b.Port6), V4: addrPort4(b.V4, b.Port4), Peer: addrPort4(s.Peer, s.PeerPort),
		})
	}
}

// tellRarely tells of a limit that a host has reached, at most once a second.
func (t *Table) tellRarely(kind ChangeKind, q *tuple, c clock) {
	if !t.heard() {
		return
	}
	last := t.told[kind].Load()
	if last != 0 && int32(c.now-last) < int32(ticks(time.Second)) || !t.told[kind].CompareAndSwap(last, c.now|1) {
		return
	}
	t.tell(Change{Kind: kind, Proto: q.proto, At: c.at, V6: addrPort6(q.host, q.hostPort)})
}
