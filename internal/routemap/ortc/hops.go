package ortc

import (
	"slices"

	"taygo/internal/routemap/rib"
)

// singles holds each next hop, to cut sets of one from.
var singles = func() (all [many]rib.NextHop) {
	for i := range all {
		all[i] = rib.NextHop(i)
	}
	return all
}()

// appendMerged appends to dst what both sets have, or if that is nothing, what any
// of the two has. All are sorted. dst may share memory with them, behind them.
func appendMerged(dst, l, r []rib.NextHop) []rib.NextHop {
	if len(l) == 1 && len(r) == 1 && l[0] != r[0] {
		return append(dst, min(l[0], r[0]), max(l[0], r[0]))
	}
	from := len(dst)
	for i, j := 0, 0; i < len(l) && j < len(r); {
		switch {
		case l[i] < r[j]:
			i++
		case l[i] > r[j]:
			j++
		default:
			dst = append(dst, l[i])
			i, j = i+1, j+1
		}
	}
	if len(dst) > from {
		return dst
	}
	for len(l) > 0 && len(r) > 0 {
		if l[0] < r[0] {
			dst, l = append(dst, l[0]), l[1:]
		} else {
			dst, r = append(dst, r[0]), r[1:]
		}
	}
	return append(append(dst, l...), r...)
}

// pick returns the next hop to choose of a set: the one there is, if the set has
// it, else the first that is no hole.
func pick(set []rib.NextHop, old rib.NextHop, existed bool) rib.NextHop {
	switch {
	case existed && slices.Contains(set, old):
		return old
	case set[0] == rib.None && len(set) > 1:
		return set[1]
	}
	return set[0]
}
