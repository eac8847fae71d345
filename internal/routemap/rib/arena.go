package rib

import "math/bits"

// An arena holds the runs of all buckets in one slice. The room of a run is one of
// the sizes of its classes; what a run outgrew is kept for others by class. When
// no room is left, everything moves to a new slice, close together, that is a
// fifth larger than what is in use: so a table never takes much more than its
// entries, whatever came and went before.
type arena struct {
	words   []Entry // the length is what was ever given out
	buckets []bucket
	free    [classes]uint32 // heads of lists of free rooms by class: place + 1, or 0
	used    int             // words in rooms of runs
}

// A bucket is where a run lies: off is its place, sized its length and, from bit
// 24 on, the class of its room.
type bucket struct {
	off   uint32
	sized uint32
}

func (b bucket) len() int   { return int(b.sized & (1<<24 - 1)) }
func (b bucket) class() int { return int(b.sized >> 24) }

// classes is one more than the class that has room for every prefix of a bucket:
// 2^17-1 of 16 bits and more, and 15 shorter ones.
const classes = 62

// room returns the size of a class: 0, 2, 4 … 16, 20, 24, 28, 32, 40, 48 …
func room(class int) int {
	if class <= 8 {
		return 2 * class
	}
	return (5 + (class-9)&3) << (2 + (class-9)>>2)
}

// classOf returns the smallest class with room for n entries.
func classOf(n int) int {
	if n <= 16 {
		return (n + 1) / 2
	}
	shift := bits.Len(uint(n-1)) - 3
	return 9 + (shift-2)*4 + (n-1)>>shift - 4
}

func newArena() arena { return arena{buckets: make([]bucket, 1<<bucketBits)} }

func (a *arena) bytes() int { return 4*cap(a.words) + 8*len(a.buckets) }

func (a *arena) run(b uint16) []Entry {
	at := a.buckets[b]
	return a.words[at.off : int(at.off)+at.len()]
}

// slot returns the place of an entry of a run.
func (a *arena) slot(b uint16, at int) int { return int(a.buckets[b].off) + at }

// find returns where in the run of b the prefix of e is or would be.
func (a *arena) find(b uint16, e Entry) (at int, found bool) {
	run := a.run(b)
	at = after(run, e)
	if at > 0 && run[at-1].key() == e.key() {
		return at - 1, true
	}
	return at, false
}

// insert makes e the entry number at of the run of b.
func (a *arena) insert(b uint16, at int, e Entry, m *marks) {
	n := a.buckets[b].len()
	if class := classOf(n + 1); room(a.buckets[b].class()) <= n {
		a.move(b, class, m)
	}
	off := int(a.buckets[b].off)
	copy(a.words[off+at+1:off+n+1], a.words[off+at:off+n])
	m.shiftUp(off+at, off+n)
	a.words[off+at] = e
	a.buckets[b].sized++
}

// remove takes entry number at out of the run of b. Room of which less than half
// is used is given back.
func (a *arena) remove(b uint16, at int, m *marks) {
	off, n := int(a.buckets[b].off), a.buckets[b].len()
	copy(a.words[off+at:off+n-1], a.words[off+at+1:off+n])
	m.shiftDown(off+at, off+n-1)
	a.buckets[b].sized--
	if n--; 2*n < room(a.buckets[b].class()) {
		a.move(b, classOf(n), m)
		if len(a.words) > 4096 && 2*a.used < len(a.words) {
			a.rebuild(b, classOf(n), m)
		}
	}
}

// move gives the run of b a room of another class.
func (a *arena) move(b uint16, class int, m *marks) {
	from := a.buckets[b]
	to, ok := a.take(class)
	if !ok {
		a.rebuild(b, class, m)
		return
	}
	copy(a.words[to:], a.run(b))
	m.copy(to, int(from.off), from.len())
	a.release(from)
	a.used += room(class)
	a.buckets[b] = bucket{uint32(to), uint32(from.len() | class<<24)}
}

// take returns the place of a free room, or false if there is none.
func (a *arena) take(class int) (int, bool) {
	if class == 0 {
		return 0, true
	}
	if head := a.free[class]; head != 0 {
		a.free[class] = uint32(a.words[head-1])
		return int(head - 1), true
	}
	at, end := len(a.words), len(a.words)+room(class)
	if end > cap(a.words) {
		return 0, false
	}
	a.words = a.words[:end]
	return at, true
}

func (a *arena) release(at bucket) {
	if at.class() == 0 {
		return
	}
	a.used -= room(at.class())
	a.words[at.off] = Entry(a.free[at.class()])
	a.free[at.class()] = at.off + 1
}

// rebuild moves all runs into a new slice, that of b into a room of that class.
func (a *arena) rebuild(b uint16, class int, m *marks) {
	a.used = 0
	for i, at := range a.buckets {
		a.used += room(fit(i == int(b), class, at))
	}
	old := a.words
	a.words = make([]Entry, a.used, a.used+a.used/5+1024)
	a.free = [classes]uint32{}
	moved := m.sized(cap(a.words))
	to := 0
	for i, at := range a.buckets {
		n, c := at.len(), fit(i == int(b), class, at)
		copy(a.words[to:], old[at.off:int(at.off)+n])
		m.carry(moved, to, int(at.off), n)
		a.buckets[i] = bucket{uint32(to), uint32(n | c<<24)}
		to += room(c)
	}
	m.replace(moved)
}

// fit is the class a run gets: the one it is to have, or that of its length.
func fit(chosen bool, class int, at bucket) int {
	if chosen {
		return class
	}
	return classOf(at.len())
}
