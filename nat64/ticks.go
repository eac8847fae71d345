package nat64

import "time"

// tick is the unit of time in the tables. Their clock goes round once in eight
// years; two times are compared by their difference, which is never half of that.
const tick = time.Second / 16

// ticks returns the time d, rounded down.
func ticks(d time.Duration) uint32 { return uint32(d / tick) }

// ticksUp returns the time d, rounded up.
func ticksUp(d time.Duration) uint32 { return uint32((d + tick - 1) / tick) }

// left returns how long it is from now to a deadline; zero or less if it has passed.
func left(deadline, now uint32) time.Duration { return time.Duration(int32(deadline-now)) * tick }

// A clock is one moment.
type clock struct {
	at  time.Duration
	now uint32 // in ticks, rounded down: what deadlines are compared with
	up  uint32 // rounded up: what lifetimes are counted from
}

func clockOf(d time.Duration) clock { return clock{d, ticks(d), ticksUp(d)} }

func (c clock) passed(deadline uint32) bool { return int32(deadline-c.now) <= 0 }
