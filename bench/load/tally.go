package load

import (
	"fmt"
	"time"
)

// A Tally is what became of the datagrams of a trial. The zero Tally is that of a
// trial without datagrams.
type Tally struct {
	Time    time.Duration // from the first datagram sent to the last
	Sent    int
	Arrived int // intact, each counted once
	InTime  int // of these, before the last one was sent

	Corrupt   int // arrived, with other octets than were sent
	Duplicate int // arrived intact once more
	Reordered int // arrived intact behind a later one of their flow (RFC 4737 §3.3)
	Refused   int // dropped by the receiver's host: wrong UDP checksum, or no room
	Stale     int // intact, of an earlier trial, which has counted it as lost
}

// Lost is how many datagrams did not arrive intact.
func (t Tally) Lost() int { return t.Sent - t.Arrived }

// Clean reports whether every datagram arrived intact, and once.
func (t Tally) Clean() bool {
	return t.Lost() == 0 && t.Corrupt == 0 && t.Duplicate == 0
}

// Offered is the rate of sending, in datagrams a second.
func (t Tally) Offered() float64 { return t.rate(t.Sent) }

// Delivered is the rate at which intact datagrams arrived while others were sent,
// in datagrams a second.
func (t Tally) Delivered() float64 { return t.rate(t.InTime) }

func (t Tally) rate(n int) float64 {
	if t.Time <= 0 {
		return 0
	}
	return float64(n) / t.Time.Seconds()
}

// Add counts the datagrams of another trial as well.
func (t *Tally) Add(o Tally) {
	t.Time += o.Time
	t.Sent += o.Sent
	t.Arrived += o.Arrived
	t.InTime += o.InTime
	t.Corrupt += o.Corrupt
	t.Duplicate += o.Duplicate
	t.Reordered += o.Reordered
	t.Refused += o.Refused
	t.Stale += o.Stale
}

// Faults says what went wrong besides loss, or returns "".
func (t Tally) Faults() string {
	if t.Corrupt+t.Duplicate+t.Reordered+t.Refused == 0 {
		return ""
	}
	return fmt.Sprintf("%d corrupt, %d duplicate, %d reordered, %d refused by the receiver, of %d sent",
		t.Corrupt, t.Duplicate, t.Reordered, t.Refused, t.Sent)
}

// A checker counts the datagrams that arrive in one trial.
type checker struct {
	Tally
	trial uint32
	shape Shape
	seen  []uint64 // a bit for each datagram
	next  []uint64 // of each flow, the number behind the highest that arrived
}

func newChecker(trial uint32, s Shape) *checker {
	return &checker{trial: trial, shape: s, seen: make([]uint64, 1<<14), next: make([]uint64, s.Flows)}
}

// take counts the datagram that arrived with the payload b.
func (c *checker) take(b []byte) {
	trial, seq, ok := read(b, c.shape)
	switch {
	case !ok:
		c.Corrupt++
		return
	case trial != c.trial, seq >= uint64(c.Sent):
		c.Stale++
		return
	}
	for seq/64 >= uint64(len(c.seen)) {
		c.seen = append(c.seen, make([]uint64, len(c.seen))...)
	}
	word, bit := &c.seen[seq/64], uint64(1)<<(seq%64)
	if *word&bit != 0 {
		c.Duplicate++
		return
	}
	*word |= bit
	c.Arrived++
	next := &c.next[c.shape.flow(seq)]
	if seq < *next {
		c.Reordered++
		return
	}
	*next = seq + 1
}
