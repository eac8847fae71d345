package rib

import (
	"cmp"
	"slices"
)

// An Alternate is one of several routes for a prefix.
type Alternate struct {
	Metric  uint32
	NextHop NextHop
}

// Alternates keeps the routes of a prefix that has more than one, by metric: the
// lowest is the one that counts, and when it goes nothing announces the next. Of a
// prefix with a single route nothing is kept, as long as its metric is the usual
// one, which is that of the first route. The zero value is ready to use.
type Alternates struct {
	usual    uint32
	hasUsual bool
	of       map[Prefix][]Alternate // ascending
}

// Add takes a route of p and returns the next hop that counts now. It replaces the
// one with the same metric. current is what a RIB has for p, in which only what
// Add and Remove return was ever set, and exists whether it has any.
func (t *Alternates) Add(p Prefix, a Alternate, current NextHop, exists bool) NextHop {
	if !t.hasUsual {
		t.usual, t.hasUsual = a.Metric, true
	}
	list, several := t.of[p]
	if !several && exists {
		list = []Alternate{{t.usual, current}}
	}
	if !several && a.Metric == t.usual {
		return a.NextHop
	}
	at, found := find(list, a.Metric)
	if found {
		list[at] = a
	} else {
		list = slices.Insert(list, at, a)
	}
	if t.of == nil {
		t.of = map[Prefix][]Alternate{}
	}
	t.of[p] = list
	return list[0].NextHop
}

// Remove takes the route of p with that metric away. It returns the next hop that
// counts now, or false if there is no route left.
func (t *Alternates) Remove(p Prefix, metric uint32, current NextHop, exists bool) (NextHop, bool) {
	list, several := t.of[p]
	if !several {
		return current, exists && !(t.hasUsual && metric == t.usual)
	}
	if at, found := find(list, metric); found {
		list = slices.Delete(list, at, at+1)
	}
	if len(list) == 0 || len(list) == 1 && list[0].Metric == t.usual {
		delete(t.of, p)
	} else {
		t.of[p] = list
	}
	if len(list) == 0 {
		return None, false
	}
	return list[0].NextHop, true
}

// Of returns the routes of p, the lowest metric first, given what a RIB has for it
// as for Add.
func (t *Alternates) Of(p Prefix, current NextHop, exists bool) []Alternate {
	if list, several := t.of[p]; several {
		return slices.Clone(list)
	}
	if !exists {
		return nil
	}
	return []Alternate{{t.usual, current}}
}

// Uses tells whether one of the routes kept has the next hop.
func (t *Alternates) Uses(nh NextHop) bool {
	for _, list := range t.of {
		if slices.ContainsFunc(list, func(a Alternate) bool { return a.NextHop == nh }) {
			return true
		}
	}
	return false
}

// Len returns of how many prefixes it keeps routes.
func (t *Alternates) Len() int { return len(t.of) }

// Reset forgets everything, as at the begin of a resync. What the RIB has for a
// prefix exists for Add and Remove only if it was seen since (RIB.Seen).
func (t *Alternates) Reset() { *t = Alternates{} }

func find(list []Alternate, metric uint32) (int, bool) {
	return slices.BinarySearchFunc(list, metric, func(a Alternate, m uint32) int { return cmp.Compare(a.Metric, m) })
}
