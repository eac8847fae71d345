package store

// A probe goes through the records that may be the one of a hash.
type probe struct {
	line  *line
	other *line // to look at next, nil if it was, or need not be
	tag   uint32
	slot  int // to look at next
}

// probe begins a search.
func (d *directory) probe(h uint64) probe {
	table, i := d.table(h), d.home(h)
	p := probe{line: lineAt(table, i)}
	p.tag = tag(h, p.line.depth())
	if p.line[slots]&awayMask != 0 {
		p.other = lineAt(table, d.other(i, p.tag))
	}
	return p
}

// next returns the number of the next record whose slot has the tag, 0 if there
// is no more. Slot by slot it is faster than match: a processor guesses which one
// it will be, and goes on to the record meanwhile.
func (p *probe) next() uint32 {
	for {
		for i, slot := range p.line[p.slot:p.line.used()] {
			if slot ^= p.tag; slot < 1<<tagShift {
				p.slot += i + 1
				return slot & (isAway - 1)
			}
		}
		if p.other == nil {
			return 0
		}
		p.line, p.other, p.slot = p.other, nil, 0
	}
}
