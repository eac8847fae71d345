package routemap

import (
	"iter"

	"taygo/internal/routemap/rib"
)

// A color is what becomes of packets to an address: the kind and the number of a
// target. Two addresses of one color are forwarded alike.
type color uint64

const (
	uncolored color = 0         // no route of the table
	anyColor  color = ^color(0) // not to be compared
)

// A segment is a range of addresses of one color: up to last, from the end of the
// one before on.
type segment struct {
	last  uint32
	color color
}

// segments returns how a table forwards, from 0.0.0.0 to 255.255.255.255, by
// longest prefix match.
func segments(t *rib.RIB, of func(rib.Prefix, rib.NextHop) color) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		open := []segment{{last: ^uint32(0)}} // prefixes around the place, the longest last
		place := uint64(0)                    // the next address to tell of
		// upTo tells of what lies before an address, and closes what ends there.
		upTo := func(end uint64) bool {
			for place < end {
				top := open[len(open)-1]
				if uint64(top.last) < place { // it ends where the one inside it ended
					open = open[:len(open)-1]
					continue
				}
				last := min(uint64(top.last), end-1)
				if !yield(segment{uint32(last), top.color}) {
					return false
				}
				place = last + 1
			}
			return true
		}
		for p, nh := range t.All() {
			if !upTo(uint64(p.Addr)) {
				return
			}
			open = append(open, segment{p.Last(), of(p, nh)})
		}
		upTo(1 << 32)
	}
}

// A difference is a range of addresses that two tables forward differently.
type difference struct {
	first, last uint32
	want, have  color
}

// differences returns where two tables forward differently. Ranges that touch come
// one by one.
func differences(want, have iter.Seq[segment]) iter.Seq[difference] {
	return func(yield func(difference) bool) {
		next, stop := iter.Pull(have)
		defer stop()
		b, more := next()
		first := uint32(0)
		for a := range want {
			for more {
				last := min(a.last, b.last)
				if a.color != b.color && a.color != anyColor && b.color != anyColor && !yield(difference{first, last, a.color, b.color}) {
					return
				}
				first = last + 1
				if last == b.last {
					b, more = next()
				}
				if last == a.last {
					break
				}
			}
		}
	}
}
