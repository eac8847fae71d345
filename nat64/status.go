package nat64

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"taygo/translate/wire"
)

// The protocols that have ports, as indexes of what Status counts.
const (
	TCP = iota
	UDP
	ICMP // queries, whose ports are identifiers

	NumProtos = iota
)

// protoNumbers are the protocol numbers of the indexes, as IPv4 writes them.
var protoNumbers = [NumProtos]uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}

// indexOf returns the index of a protocol number, as either family writes it, or
// -1 of a protocol without ports.
func indexOf(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return TCP
	case wire.ProtoUDP:
		return UDP
	case wire.ProtoICMP, wire.ProtoICMPv6:
		return ICMP
	}
	return -1
}

// A Status is how a Table stands at one moment.
type Status struct {
	Bindings [NumProtos]int            // that are not held
	Held     [NumProtos]int            // released, while their ports rest
	States   [NumProtos][NumStates]int // sessions by state; V4Init of TCP counts the kept SYNs too
	Sessions int                       // of all states, kept SYNs apart
	Limit    int                       // of Sessions; 0: as many as memory holds
	Ports    [NumProtos]Fill           // transport addresses of the pool
	Blocks   int                       // blocks of ports that subscribers have
	SYNs     Fill                      // kept SYNs
	Octets   uint64                    // memory of bindings and sessions
	Sources  int                       // source prefixes that have bindings
	Top      []Source                  // those with the most sessions, most first
	Evicted  uint64                    // sessions that had to give way, since the start
	Probes   uint64                    // segments sent to hosts of idle connections, since the start
}

// A Fill says how full something is.
type Fill struct{ Used, Of int }

// A Source is what the hosts of one source prefix have.
type Source struct {
	Prefix   netip.Prefix
	Bindings int
	Sessions int
}

// TopSources is how many sources a Status names at most.
const TopSources = 10

// Status returns how the Table stands. Packets wait for no more than a moment.
func (t *Table) Status(now time.Duration) Status {
	r := t.rules.Load()
	st := Status{
		Sessions: int(t.sessions.Load()), Limit: r.Limits.Sessions, Octets: t.store.Memory(),
		Evicted: t.evicted.Load(), Probes: t.probes.Load(),
		SYNs: Fill{Used: len(t.keptSYNs(now)), Of: r.Limits.SYNs},
	}
	for i := range t.shards {
		sh := &t.shards[i]
		r = t.lock(sh)
		for proto := range NumProtos {
			st.Bindings[proto] += int(sh.bindings[proto])
			st.Held[proto] += int(sh.held[proto])
			st.Ports[proto].Used += r.ledger.Taken(i, protoNumbers[proto])
			for state, n := range sh.states[proto] {
				st.States[proto][state] += int(n)
			}
		}
		st.Blocks += r.ledger.BlocksTaken(i)
		sh.Unlock()
	}
	for proto := range NumProtos {
		st.Ports[proto].Of = int(r.pool.Size(protoNumbers[proto]))
	}
	st.States[TCP][V4Init] += st.SYNs.Used
	st.Sources, st.Top = r.sources.top(TopSources, r.limits.bits)
	return st
}

// top returns how many sources have bindings, and the n with the most sessions.
func (s *sources) top(n, bits int) (all int, most []Source) {
	for i := range s.parts {
		part := &s.parts[i]
		part.mu.Lock()
		for k := range part.slots {
			src := &part.slots[k]
			if !src.used || src.bindings() == 0 {
				continue
			}
			all++
			if len(most) == n && int(src.sessions) <= most[n-1].Sessions {
				continue
			}
			x := Source{sourcePrefix(src.key, bits), int(src.bindings()), int(src.sessions)}
			at, _ := slices.BinarySearchFunc(most, x, func(a, b Source) int { return cmp.Compare(b.Sessions, a.Sessions) })
			most = slices.Insert(most, at, x)
			most = most[:min(n, len(most))]
		}
		part.mu.Unlock()
	}
	return all, most
}

func sourcePrefix(key wire.Addr, bits int) netip.Prefix { return netip.PrefixFrom(key.Netip(), bits) }
