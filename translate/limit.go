package translate

import "time"

// A Rate is a limit on events: so many in a second on average, so many at once.
type Rate struct{ PerSecond, Burst int }

// A bucket is a token bucket (RFC 4443 §2.4f) that is refilled by the packets it
// judges, so it needs no timer. The zero bucket is full. It belongs to one goroutine.
type bucket struct {
	spent time.Duration // what taking tokens has cost, as the time that earns them back
	last  time.Duration // when spent was brought up to date
}

// take takes a token at the time now, or reports that there is none.
func (b *bucket) take(r Rate, now time.Duration) bool {
	if r.PerSecond <= 0 {
		return false
	}
	token := time.Second / time.Duration(r.PerSecond)
	b.spent = max(0, b.spent-max(0, now-b.last))
	b.last = now
	if b.spent+token > token*time.Duration(r.Burst) {
		return false
	}
	b.spent += token
	return true
}
