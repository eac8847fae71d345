package nat64

import (
	"slices"
	"sync"
)

// A Feed is a listener to the Changes of a Table: a ring of those that it has not
// taken yet. A full ring loses the newest ones and counts them; it never lets a
// packet wait. A Feed may be used by one goroutine.
type Feed struct {
	table *Table

	mu    sync.Mutex
	ring  []Change
	first int // of the oldest in ring
	n     int // how many are there
	lost  uint64
}

// Feed returns a listener to whatever changes from now on, whose ring holds n
// Changes. Without a listener no Change is made.
func (t *Table) Feed(n int) *Feed {
	f := &Feed{table: t, ring: make([]Change, max(n, 1))}
	t.admin.Lock()
	defer t.admin.Unlock()
	var all []*Feed
	if old := t.feeds.Load(); old != nil {
		all = slices.Clone(*old)
	}
	all = append(all, f)
	t.feeds.Store(&all)
	return f
}

// Close ends the listening. What is in the ring can still be taken.
func (f *Feed) Close() {
	t := f.table
	t.admin.Lock()
	defer t.admin.Unlock()
	old := t.feeds.Load()
	if old == nil {
		return
	}
	all := slices.DeleteFunc(slices.Clone(*old), func(other *Feed) bool { return other == f })
	if len(all) == 0 {
		t.feeds.Store(nil)
		return
	}
	t.feeds.Store(&all)
}

// feedStep is how many Changes are taken under one lock, so that a packet that has
// one to tell waits no longer than it takes to copy so many.
const feedStep = 64

// Next takes the oldest Changes, as many as there are and into has room for, and
// returns how many. It does not wait for any.
func (f *Feed) Next(into []Change) int {
	n := 0
	for n < len(into) {
		took := f.take(into[n:min(n+feedStep, len(into))])
		if took == 0 {
			break
		}
		n += took
	}
	return n
}

func (f *Feed) take(into []Change) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(into), f.n)
	for i := range n {
		into[i] = f.ring[f.first]
		f.first = (f.first + 1) % len(f.ring)
	}
	f.n -= n
	return n
}

// Lost returns how many Changes the ring had no room for, since the start.
func (f *Feed) Lost() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

func (f *Feed) add(c Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n == len(f.ring) {
		f.lost++
		return
	}
	f.ring[(f.first+f.n)%len(f.ring)] = c
	f.n++
}

// tell gives c to all listeners.
func (t *Table) tell(c Change) {
	all := t.feeds.Load()
	if all == nil {
		return
	}
	for _, f := range *all {
		f.add(c)
	}
}

// heard reports whether anybody listens.
func (t *Table) heard() bool { return t.feeds.Load() != nil }
