package ortc

import (
	"encoding/binary"
	"slices"

	"taygo/internal/routemap/rib"
)

// A set stands for a set of next hops: up to rib.MaxSets for that next hop alone,
// above for the row set-many of the pool, and every for all there are.
type set uint16

const (
	many  set = rib.MaxSets + 1
	every set = 1<<16 - 1
)

// A pool holds the sets of two and more next hops, each once. The zero value is
// empty and ready to use.
type pool struct {
	ends    []uint32      // where in hops each row ends
	hops    []rib.NextHop // each row is sorted
	numbers map[string]set
	enough  int // rows, from which on tidy looks which are in use
	key     []byte
	scratch []rib.NextHop
}

// bytes is an estimate: what a map takes is not told.
func (l *pool) bytes() int {
	return 4*cap(l.ends) + 4*cap(l.hops) + 48*len(l.numbers)
}

// row returns the next hops of s, sorted, or nothing for every.
func (l *pool) row(s set) []rib.NextHop {
	switch {
	case s == every:
		return nil
	case s < many:
		return singles[s : s+1]
	}
	i, from := s-many, uint32(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return l.hops[from:l.ends[i]]
}

// intern returns the set of these next hops, which are sorted; none are every. When
// all rows are taken it is the first of them alone: that goes as well, but may take
// more routes.
func (l *pool) intern(hops []rib.NextHop) set {
	switch len(hops) {
	case 0:
		return every
	case 1:
		return set(hops[0])
	}
	l.key = l.key[:0]
	for _, nh := range hops {
		l.key = binary.LittleEndian.AppendUint16(l.key, uint16(nh))
	}
	if s, ok := l.numbers[string(l.key)]; ok {
		return s
	}
	if l.numbers == nil {
		l.numbers = map[string]set{}
	}
	if len(l.ends) == int(every-many) {
		return set(hops[0])
	}
	s := many + set(len(l.ends))
	l.hops = append(l.hops, hops...)
	l.ends = append(l.ends, uint32(len(l.hops)))
	l.numbers[string(l.key)] = s
	return s
}

// merge returns the set of the parent of two nodes.
func (l *pool) merge(a, b set) set {
	switch {
	case a == every:
		return b
	case b == every || a == b:
		return a
	}
	l.scratch = appendMerged(l.scratch[:0], l.row(a), l.row(b))
	return l.intern(l.scratch)
}

// has tells whether nh is in s.
func (l *pool) has(s set, nh rib.NextHop) bool {
	return s == every || slices.Contains(l.row(s), nh)
}

// tidy forgets the rows that none of these sets is, when there are many.
func (l *pool) tidy(sets []set) {
	const few = 4096
	if len(l.ends) < max(l.enough, few) {
		return
	}
	old := *l
	*l = pool{key: old.key, scratch: old.scratch}
	renumbered := map[set]set{}
	for i, s := range sets {
		if s < many || s == every {
			continue
		}
		to, ok := renumbered[s]
		if !ok {
			to = l.intern(old.row(s))
			renumbered[s] = to
		}
		sets[i] = to
	}
	l.enough = 2 * len(l.ends)
}
