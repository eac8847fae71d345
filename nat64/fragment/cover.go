package fragment

// A cover is the octets of a datagram that have come, as ascending intervals that
// do not touch. The zero cover is of a datagram of which nothing is known.
type cover struct {
	seen []interval
	size int // of the datagram in octets; 0 until the last fragment came
}

// An interval is the octets from one up to another.
type interval struct{ from, end int }

// add adds a fragment, the last one unless more follow, and reports whether it
// agrees with those before: it overlaps none, and the datagram ends where the last
// one says (RFC 5722 §4).
func (c *cover) add(x interval, more bool) bool {
	at := len(c.seen)
	for at > 0 && c.seen[at-1].from >= x.end {
		at--
	}
	switch {
	case at > 0 && c.seen[at-1].end > x.from,
		c.size != 0 && x.end > c.size,
		!more && at < len(c.seen):
		return false
	}
	if !more {
		c.size = x.end
	}
	left := at > 0 && c.seen[at-1].end == x.from
	right := at < len(c.seen) && c.seen[at].from == x.end
	switch {
	case left && right:
		c.seen[at-1].end = c.seen[at].end
		c.seen = append(c.seen[:at], c.seen[at+1:]...)
	case left:
		c.seen[at-1].end = x.end
	case right:
		c.seen[at].from = x.from
	default:
		c.seen = append(c.seen, interval{})
		copy(c.seen[at+1:], c.seen[at:])
		c.seen[at] = x
	}
	return true
}

// whole reports whether all of the datagram has come.
func (c *cover) whole() bool {
	return c.size != 0 && len(c.seen) == 1 && c.seen[0] == interval{0, c.size}
}

// reset forgets everything but the memory.
func (c *cover) reset() { c.seen, c.size = c.seen[:0], 0 }
