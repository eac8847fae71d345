package eam

import "math/bits"

// An index finds the rule that holds at an address. It is a tree over the cuts:
// a node divides the addresses between its first and its last cut into equal
// slots, about one for each cut, and a slot that still has many cuts in it is a
// node again. So the depth follows from how unevenly the prefixes are spread,
// not from their number: one level when they are spread evenly, two when they
// lie in a few dense ranges. The zero index has no cuts and no rule.
type index struct {
	rules []rule // shared with the table
	cuts  []cut
	nodes []node
	slots []slot
	root  slot
	sites sites // where there are rules: elsewhere there is nothing to find
}

// A slot is the number of the cut where a scan forward begins, or with the bit
// inner the number of a node.
type slot uint32

const (
	inner slot = 1 << 31
	few        = 4 // cuts that are scanned and not divided
)

// A node divides the addresses from base on into slots of 1<<shift addresses.
// The last slot has no end. 32 octets: two nodes share a cache line.
type node struct {
	base  key
	first uint32 // number of its first slot
	last  uint32 // number of its last slot, counted from the first
	outer slot   // the cut before base
	shift uint8
}

// newIndex returns the index of rules by the addresses of one of their sides.
// site tells in which site an address lies.
func newIndex(rules []rule, side func(*rule) span, site func(key) uint64) index {
	x := index{rules: rules}
	spans := make([]span, len(rules))
	for i := range rules {
		spans[i] = side(&rules[i])
		spans[i].rule = uint32(i)
		x.sites.add(site(spans[i].first), site(spans[i].last))
	}
	x.cuts = cutsOf(spans)
	x.root = x.divide(1, len(x.cuts))
	return x
}

// divide returns a slot for the cuts from i up to j; cut i-1 lies before them.
func (x *index) divide(i, j int) slot {
	if j-i <= few {
		return slot(i - 1)
	}
	base := x.cuts[i].at
	spread := x.cuts[j-1].at.minus(base)
	shift := uint8(max(0, spread.len()-bits.Len(uint(j-i))))
	n := node{base, uint32(len(x.slots)), uint32(spread.shifted(shift)), slot(i - 1), shift}
	number := slot(len(x.nodes))
	x.nodes = append(x.nodes, n)
	x.slots = append(x.slots, make([]slot, n.last+1)...)
	for s := range n.last + 1 {
		from := i
		for i < j && n.slot(x.cuts[i].at) == s {
			i++
		}
		x.slots[n.first+s] = x.divide(from, i)
	}
	return inner | number
}

// slot returns the number of the slot that a lies in, which is not before base.
func (n *node) slot(a key) uint32 {
	d := a.minus(n.base)
	return uint32(min(d.shifted(n.shift), uint64(n.last)))
}

// find returns the rule that holds at a, or nil. A cut without a rule and an
// index without cuts need no case of their own: both fail a bounds check.
func (x *index) find(a key) *rule {
	s := x.root
	for s&inner != 0 {
		n := &x.nodes[s&^inner]
		if a.less(n.base) {
			s = n.outer
			break
		}
		s = x.slots[n.first+n.slot(a)]
	}
	for int(s)+1 < len(x.cuts) && !a.less(x.cuts[s+1].at) {
		s++
	}
	if int(s) < len(x.cuts) {
		if r := x.cuts[s].rule; int(r) < len(x.rules) {
			return &x.rules[r]
		}
	}
	return nil
}
