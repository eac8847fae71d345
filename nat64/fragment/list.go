package fragment

// The lists that a datagram is on: one of the store, by age, and one of its
// source.
const (
	ofStore = iota
	ofSource
)

// The classes of datagrams.
const (
	kept  = iota // there are pieces of it
	known        // their ports are remembered, or that they are discarded
	past         // all of them has been let pass
	numClasses
)

// A list is datagrams in the order in which they are to go.
type list struct {
	head, tail *datagram
	n          int
}

type link struct{ prev, next *datagram }

func (l *list) pushBack(d *datagram, which int) {
	d.links[which] = link{prev: l.tail}
	if l.tail == nil {
		l.head = d
	} else {
		l.tail.links[which].next = d
	}
	l.tail = d
	l.n++
}

func (l *list) remove(d *datagram, which int) {
	k := &d.links[which]
	if k.prev == nil {
		l.head = k.next
	} else {
		k.prev.links[which].next = k.next
	}
	if k.next == nil {
		l.tail = k.prev
	} else {
		k.next.links[which].prev = k.prev
	}
	*k = link{}
	l.n--
}
