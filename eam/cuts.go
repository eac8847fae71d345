package eam

import (
	"cmp"
	"slices"
)

// A span is the addresses first to last of a prefix.
type span struct {
	first, last key
	rule        uint32 // its number
}

// spanOf returns the addresses of the prefix that begins at first and leaves
// free bits past its length.
func spanOf(first key, free uint) span {
	last := key{first.hi | (1<<(max(free, 64)-64) - 1), first.lo | (1<<free - 1)}
	return span{first: first, last: last}
}

// A cut is an address from which on, up to the next cut, the same rule holds.
type cut struct {
	at   key
	rule uint32
}

// none is the rule of a cut where no prefix holds the addresses.
const none = ^uint32(0)

// cutsOf cuts all addresses wherever the longest prefix of spans changes. The
// first cut is address zero; at most two more come from each span. Prefixes
// nest or lie apart, so one walk over them in order suffices.
func cutsOf(spans []span) []cut {
	slices.SortFunc(spans, func(s, t span) int { // an outer prefix before those inside it
		return cmp.Or(s.first.compare(t.first), t.last.compare(s.last))
	})
	w := walk{cuts: make([]cut, 1, 2*len(spans)+1)}
	w.cuts[0].rule = none
	for _, s := range spans {
		for len(w.open) > 0 && w.open[len(w.open)-1].last.compare(s.first) < 0 {
			w.leave()
		}
		w.open = append(w.open, s)
		w.cut(s.first, s.rule)
	}
	for len(w.open) > 0 {
		w.leave()
	}
	return w.cuts
}

// A walk goes through all prefixes by address.
type walk struct {
	cuts []cut
	open []span // the prefixes around the current address, outermost first
}

// leave ends the innermost open prefix: past it the one around it holds.
func (w *walk) leave() {
	end := w.open[len(w.open)-1].last.next()
	w.open = w.open[:len(w.open)-1]
	outer := none
	if len(w.open) > 0 {
		outer = w.open[len(w.open)-1].rule
	}
	if end != (key{}) { // a prefix that reaches the last key has nothing past it
		w.cut(end, outer)
	}
}

// cut lets rule hold from at on.
func (w *walk) cut(at key, rule uint32) {
	if last := &w.cuts[len(w.cuts)-1]; last.at == at {
		last.rule = rule
		return
	}
	w.cuts = append(w.cuts, cut{at, rule})
}
