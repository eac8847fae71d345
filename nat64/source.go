package nat64

import (
	"sync"

	"taygo/translate"
	"taygo/translate/wire"
)

// A sourceLimits is what one source prefix may have; zero: no limit.
type sourceLimits struct {
	bits                      int // length of the prefixes
	bindings, sessions, ports uint32
	rate, burst               uint32 // new sessions a second, and at once
}

// A source is what the hosts of one prefix have. The zero source is a free slot.
type source struct {
	key      wire.Addr
	sessions uint32
	ports    [NumProtos]uint32 // bindings by protocol
	spent    uint32            // of the burst, in sixteenths of a session
	last     uint32            // when spent was computed, in ticks
	used     bool
}

func (s *source) bindings() uint32 { return s.ports[TCP] + s.ports[UDP] + s.ports[ICMP] }

// sourceShards is how many parts the table of sources has, so that the copying of
// one that grows is no pause.
const sourceShards = 1024

// sources counts what each source prefix has, in open addressing without pointers.
// Each part has its own lock, taken behind that of a shard of the store.
type sources struct {
	maskHi, maskLo uint64
	seed           uint64
	parts          [sourceShards]sourcePart
}

type sourcePart struct {
	mu    sync.Mutex
	slots []source
	n     int
}

// newSources returns an empty table for prefixes of the given length.
func newSources(bits int, seed uint64) *sources {
	s := &sources{seed: seed | 1}
	s.maskHi = ^(^uint64(0) >> min(bits, 64))
	s.maskLo = ^(^uint64(0) >> max(bits-64, 0))
	return s
}

// prefixOf returns the source prefix that an address belongs to.
func (s *sources) prefixOf(v6 wire.Addr) wire.Addr {
	return wire.Addr{Hi: v6.Hi & s.maskHi, Lo: v6.Lo & s.maskLo}
}

// find locks the part that the prefix of v6 belongs to and returns it with the
// prefix and its hash.
func (s *sources) find(v6 wire.Addr) (part *sourcePart, key wire.Addr, h uint64) {
	key = s.prefixOf(v6)
	h = mix(key.Hi^s.seed, key.Lo+s.seed)
	part = &s.parts[h%sourceShards]
	part.mu.Lock()
	return part, key, h / sourceShards
}

// at returns the number of the slot of key, or of the free one where it belongs.
func (p *sourcePart) at(key wire.Addr, h uint64) uint64 {
	mask := uint64(len(p.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		if s := &p.slots[i]; !s.used || s.key == key {
			return i
		}
	}
}

// make returns the slot of key, with room for it.
func (p *sourcePart) make(key wire.Addr, h, seed uint64) *source {
	if 4*(p.n+1) > 3*len(p.slots) {
		old := p.slots
		p.slots = make([]source, max(8, 2*len(old)))
		for i := range old {
			if s := &old[i]; s.used {
				p.slots[p.at(s.key, hashSource(s.key, seed))] = *s
			}
		}
	}
	s := &p.slots[p.at(key, h)]
	if !s.used {
		s.key, s.used = key, true
		p.n++
	}
	return s
}

// hashSource returns the hash of a prefix within its part.
func hashSource(key wire.Addr, seed uint64) uint64 {
	return mix(key.Hi^seed, key.Lo+seed) / sourceShards
}

// A charge is what a new session costs its source.
type charge struct {
	v6      wire.Addr
	index   int  // of the protocol
	binding bool // it needs a new binding as well
	inbound bool // an IPv4 host opens it
}

// spend counts a session, and its binding, for its source, unless a limit is
// reached: then it counts nothing.
func (s *sources) spend(l *sourceLimits, c charge, now uint32) translate.Verdict {
	part, key, h := s.find(c.v6)
	defer part.mu.Unlock()
	src := part.make(key, h, s.seed)
	if v := src.judge(l, &c, now); v != translate.Translated {
		return v
	}
	if l.rate != 0 && !c.inbound {
		src.spent += ticksPerSecond
	}
	src.sessions++
	if c.binding {
		src.ports[c.index]++
	}
	return translate.Translated
}

// ask says what spend would, and counts nothing.
func (s *sources) ask(l *sourceLimits, c charge, now uint32) translate.Verdict {
	part, key, h := s.find(c.v6)
	defer part.mu.Unlock()
	var src source
	if part.n > 0 {
		src = part.slots[part.at(key, h)]
	}
	return src.judge(l, &c, now)
}

// judge says whether a source may have a session more. Strangers reach the limit of
// sessions halfway, and do not count towards the rate: what they do does not shut a
// host off.
func (s *source) judge(l *sourceLimits, c *charge, now uint32) translate.Verdict {
	sessions := l.sessions
	if c.inbound {
		sessions = (sessions + 1) / 2
	}
	switch {
	case sessions != 0 && s.sessions >= sessions,
		c.binding && l.bindings != 0 && s.bindings() >= l.bindings,
		c.binding && l.ports != 0 && s.ports[c.index] >= l.ports:
		return translate.SourceLimit
	case l.rate != 0 && !c.inbound && !s.hasTime(l, now):
		return translate.SourceRate
	}
	return translate.Translated
}

// ticksPerSecond is what one session costs of the burst, which regains its rate
// in each tick.
const ticksPerSecond = 16

// hasTime brings what is spent of the burst up to date and reports whether a
// session is left in it.
func (s *source) hasTime(l *sourceLimits, now uint32) bool {
	s.regain(l, now)
	return s.spent+ticksPerSecond <= l.burst*ticksPerSecond
}

// regain counts the time that has passed towards what was spent.
func (s *source) regain(l *sourceLimits, now uint32) {
	passed := int32(now - s.last)
	if passed <= 0 && s.spent != 0 {
		return // another worker's clock is ahead
	}
	s.spent -= uint32(min(uint64(s.spent), uint64(passed)*uint64(l.rate)))
	s.last = now
}

// add counts what was there already, whatever the limits are.
func (s *sources) add(v6 wire.Addr, index, bindings, sessions int) {
	part, key, h := s.find(v6)
	defer part.mu.Unlock()
	src := part.make(key, h, s.seed)
	src.ports[index] += uint32(bindings)
	src.sessions += uint32(sessions)
}

// refund counts off what has ended.
func (s *sources) refund(v6 wire.Addr, index, bindings, sessions int) {
	part, key, h := s.find(v6)
	defer part.mu.Unlock()
	if part.n == 0 {
		return
	}
	i := part.at(key, h)
	src := &part.slots[i]
	if !src.used {
		return
	}
	src.ports[index] -= uint32(bindings)
	src.sessions -= uint32(sessions)
	if src.idle() {
		part.remove(i, s.seed)
	}
}

// idle reports whether nothing is known of a source that a new one has not.
func (s *source) idle() bool { return s.sessions == 0 && s.bindings() == 0 && s.spent == 0 }

// reclaim frees the slots of a part whose sources have nothing any more, and have
// regained their burst.
func (s *sources) reclaim(i int, l *sourceLimits, now uint32) {
	part := &s.parts[i]
	part.mu.Lock()
	defer part.mu.Unlock()
	for i := 0; i < len(part.slots); {
		src := &part.slots[i]
		if src.used && src.spent != 0 {
			src.regain(l, now)
		}
		if src.used && src.idle() {
			part.remove(uint64(i), s.seed) // another may come to stand here
			continue
		}
		i++
	}
}

// remove frees slot i and moves those behind it forward that belong there.
func (p *sourcePart) remove(i uint64, seed uint64) {
	mask := uint64(len(p.slots) - 1)
	p.n--
	for hole := i; ; {
		p.slots[hole] = source{}
		for {
			i = (i + 1) & mask
			next := &p.slots[i]
			if !next.used {
				return
			}
			if want := hashSource(next.key, seed) & mask; (i-want)&mask >= (i-hole)&mask {
				break
			}
		}
		p.slots[hole] = p.slots[i]
		hole = i
	}
}
