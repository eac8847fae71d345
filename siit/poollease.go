package siit

import (
	"cmp"
	"net/netip"
	"sync/atomic"
	"time"

	"taygo/translate/wire"
)

// A Lease is an IPv4 address of a DynamicPool and the IPv6 host that has it.
type Lease struct {
	V4, V6 netip.Addr
	Idle   time.Duration // since the last packet from or to the host; below zero if a file dates it in the future
	// Dormant: no packet for the lifetime of a lease, so that packets to V4 have
	// no counterpart; a packet from V6 ends that. Of a Lease to restore it is not
	// read.
	Dormant bool
}

// resolution is how exactly the last use of a lease is kept, so that the workers
// that use it write to it seldom.
const resolution = time.Second

// A lease is a Lease as packets find it. What may change without the lock of the
// pool is in used alone.
type lease struct {
	addr [2]wire.Addr // [0] IPv4, [1] IPv6
	used atomic.Int64 // time of the last use, doubled, plus 1 if dormant

	owner *leasePool
	stamp time.Duration // a last use, perhaps not the latest; of a dormant lease, the latest
	turn  uint64        // of leases with the same stamp, the lowest is the first to go
	at    int           // where it is in its queue
}

// The sides of a lease.
const (
	side4 = iota
	side6
)

func newLease(v4, v6 wire.Addr, last time.Duration) *lease {
	l := &lease{addr: [2]wire.Addr{v4, v6}, stamp: last}
	l.used.Store(int64(last) << 1)
	return l
}

// last returns the time of the last use, and whether the lease is marked dormant.
func (l *lease) last() (time.Duration, bool) {
	w := l.used.Load()
	return time.Duration(w >> 1), w&1 != 0
}

// mapped reports whether the lease may be used at the time now.
func (l *lease) mapped(now, lifetime time.Duration) bool {
	last, dormant := l.last()
	return !dormant && now-last < lifetime
}

// use is mapped, and remembers the use.
func (l *lease) use(now, lifetime time.Duration) bool {
	for {
		w := l.used.Load()
		age := now - time.Duration(w>>1)
		if w&1 != 0 || age >= lifetime {
			return false
		}
		if age < resolution || l.used.CompareAndSwap(w, int64(now)<<1) {
			return true
		}
	}
}

// retire marks a lease dormant that was last used lifetime ago or before. If it
// was used since its stamp it gets a new stamp instead.
func (l *lease) retire(now, lifetime time.Duration) bool {
	for {
		w := l.used.Load()
		l.stamp = time.Duration(w >> 1)
		if now-l.stamp < lifetime {
			return false
		}
		if l.used.CompareAndSwap(w, w|1) {
			return true
		}
	}
}

// public returns the lease as it is at the time now.
func (l *lease) public(now, lifetime time.Duration) Lease {
	last, dormant := l.last()
	idle := max(0, now-last)
	return Lease{l.addr[side4].Netip(), l.addr[side6].Netip(), idle, dormant || idle >= lifetime}
}

// A queue is leases in a heap (container/heap), the one with the earliest stamp
// at the front.
type queue []*lease

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }

// compare orders leases by how long they have not been used.
func (l *lease) compare(m *lease) int {
	return cmp.Or(cmp.Compare(l.stamp, m.stamp), cmp.Compare(l.turn, m.turn))
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push adds x, a *lease, at the end.
func (q *queue) Push(x any) {
	l := x.(*lease)
	l.at = len(*q)
	*q = append(*q, l)
}

// Pop removes the lease at the end.
func (q *queue) Pop() any {
	end := len(*q) - 1
	l := (*q)[end]
	(*q)[end] = nil
	*q = (*q)[:end]
	return l
}
