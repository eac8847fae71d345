package routemap

import (
	"time"

	"taygo/internal/routemap/rib"
)

// A hold keeps routes for a while when a routing daemon has taken all of its routes
// back, as it does when it ends: it may be about to start again. Which routes a
// daemon takes back one by one, a Mapper takes away one by one; but when they
// become many in a row it waits until the row ends, and looks what is left. If
// that is nothing, all routes stay, until the daemon has filled the table again
// or time is over.
type hold struct {
	base    int         // routes when the row began
	row     int         // routes taken back since
	last    time.Time   // when the last was
	long    time.Time   // since when the row is long; zero if it is not
	excused bool        // routes may be gone for a reason of the kernel's own
	journal []journaled // what was taken away before the row was long
	until   time.Time   // of the hold; zero if there is none
}

// A journaled route was taken away at the begin of a row.
type journaled struct {
	prefix  rib.Prefix
	nextHop rib.NextHop
}

const (
	// holdFrom is how many routes a source must have had: fewer are taken away at
	// once.
	holdFrom = 100
	// holdShare is the part of the routes that makes a row long.
	holdShare = 16
	// rowGap ends a row of routes taken back.
	rowGap = 200 * time.Millisecond
	// rowLongest is how long the end of a row is waited for.
	rowLongest = 20 * time.Second
	// refillGap is for how long no route must come until a daemon is taken to have
	// filled the table again.
	refillGap = 5 * time.Second
	// byHand is the last protocol number of routes that the kernel or an
	// administrator made (RTPROT_STATIC). What they take back is meant so.
	byHand = 4
)

// withdraw takes in that a source has taken a route back.
func (m *Mapper) withdraw(p rib.Prefix, order uint32, protocol uint8) {
	h := &m.hold
	if m.opt.Hold <= 0 || protocol <= byHand {
		m.take(p, order)
		return
	}
	if m.held() {
		return
	}
	now := time.Now()
	if now.Sub(h.last) > rowGap && h.long.IsZero() {
		*h = hold{base: m.rib.Len(), journal: h.journal[:0]}
	}
	h.last = now
	h.row++
	if h.base < holdFrom || h.row <= max(h.base/holdShare, 1) {
		if nh, exists := m.rib.Get(p); exists {
			h.journal = append(h.journal, journaled{p, nh})
		}
		m.take(p, order)
		return
	}
	if h.long.IsZero() {
		h.long = now
	}
	if now.Sub(h.long) < rowLongest {
		m.timers.put(choreWithdrawn, rowGap)
	}
}

// held tells whether routes are kept that the source does not have.
func (m *Mapper) held() bool { return !m.hold.until.IsZero() }

// excuse notes that routes can go now without a daemon ending.
func (h *hold) excuse() { h.excused = true }

// came notes that a source has a new route.
func (m *Mapper) came() {
	if left := time.Until(m.hold.until); m.held() {
		m.timers.put(choreHold, max(0, min(left, refillGap)))
	}
}

// keeps tells whether a resync that has read all sources keeps what they do not
// have any more.
func (m *Mapper) keeps(why reason) bool {
	h := &m.hold
	now := time.Now()
	if m.held() {
		if now.Before(h.until) && (m.source.candidates == 0 || why != reasonHold) {
			m.timers.in(choreHold, time.Until(h.until))
			return true
		}
		m.log.Info("routes are held no more", "routes", m.rib.Unseen())
		*h = hold{}
		return false
	}
	if h.long.IsZero() || h.excused || m.source.candidates > 0 {
		*h = hold{}
		return false
	}
	for _, j := range h.journal {
		if m.targets[j.nextHop].usable {
			m.put(j.prefix, j.nextHop)
		}
	}
	*h = hold{until: now.Add(m.opt.Hold)}
	m.timers.put(choreHold, m.opt.Hold)
	m.log.Warn("the source is empty; its routes are held", "routes", m.rib.Len(), "for", m.opt.Hold)
	return true
}
