package fragment

import "fmt"

// Check recounts everything.
func (s *Store) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fragments, octets, datagrams := map[*source]int{}, map[*source]int{}, map[*source]int{}
	listed := 0
	for class := range s.lists {
		n := 0
		var last *datagram
		for d := s.lists[class].head; d != nil; d = d.links[ofStore].next {
			n++
			switch {
			case last != nil && last.deadline > d.deadline && class != known:
				return fmt.Errorf("class %d: not in order of age", class)
			case s.by[d.key] != d:
				return fmt.Errorf("%v is not in the table", d.key)
			case d.state.class() != class || !d.listed:
				return fmt.Errorf("%v in state %d on list %d", d.key, d.state, class)
			case s.sources[d.source.addr] != d.source:
				return fmt.Errorf("%v: its source is forgotten", d.key)
			case (class == kept) != (len(d.pieces) > 0):
				return fmt.Errorf("%v: %d pieces in state %d", d.key, len(d.pieces), d.state)
			}
			last = d
			for _, x := range d.pieces {
				fragments[d.source]++
				octets[d.source] += cap(x.buf)
			}
			datagrams[d.source]++
		}
		if n != s.lists[class].n {
			return fmt.Errorf("class %d: %d on the list, %d counted", class, n, s.lists[class].n)
		}
		listed += n
	}
	if listed != len(s.by) {
		return fmt.Errorf("%d on lists, %d in the table", listed, len(s.by))
	}
	return s.checkSources(fragments, octets, datagrams)
}

// checkSources compares what was counted with what the sources say, when nothing
// is ready.
func (s *Store) checkSources(fragments, octets, datagrams map[*source]int) error {
	sum := Status{}
	for _, src := range s.sources {
		if src.fragments != fragments[src] || src.octets != octets[src] || src.datagrams != datagrams[src] {
			return fmt.Errorf("source %v: %d fragments, %d octets, %d datagrams; want %d, %d, %d", src.addr,
				src.fragments, src.octets, src.datagrams, fragments[src], octets[src], datagrams[src])
		}
		if src.datagrams == 0 {
			return fmt.Errorf("source %v is idle", src.addr)
		}
		sum.Fragments += src.fragments
		sum.Octets += src.octets
	}
	if sum.Fragments != s.status.Fragments || sum.Octets != s.status.Octets {
		return fmt.Errorf("%+v, want %+v", s.status, sum)
	}
	if limit := s.options.Octets + longest6; s.memory.octets+s.status.Octets > limit+longest6 {
		return fmt.Errorf("%d octets lie spare, %d are in use", s.memory.octets, s.status.Octets)
	}
	return nil
}
