package load

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// got is a datagram that arrives: of this trial, or otherwise.
type got struct {
	seq     uint64
	corrupt bool
	stale   bool
}

func TestChecker(t *testing.T) {
	for _, c := range []struct {
		rule  string
		shape Shape
		sent  int
		got   []got
		want  Tally
	}{
		{"all arrive", Shape{1, 1}, 3, []got{{seq: 0}, {seq: 1}, {seq: 2}}, Tally{Arrived: 3}},
		{"none arrives", Shape{1, 1}, 3, nil, Tally{}},
		{"what is missing is lost", Shape{1, 1}, 3, []got{{seq: 0}, {seq: 2}}, Tally{Arrived: 2}},
		{"a second one is a duplicate", Shape{1, 1}, 2, []got{{seq: 0}, {seq: 0}, {seq: 1}, {seq: 0}}, Tally{Arrived: 2, Duplicate: 2}},
		{"one behind a later one is reordered", Shape{1, 1}, 4, []got{{seq: 0}, {seq: 3}, {seq: 1}, {seq: 2}}, Tally{Arrived: 4, Reordered: 2}},
		{"a duplicate is not reordered too", Shape{1, 1}, 3, []got{{seq: 0}, {seq: 1}, {seq: 2}, {seq: 1}}, Tally{Arrived: 3, Duplicate: 1}},
		{"flows may overtake each other", Shape{2, 1}, 4, []got{{seq: 1}, {seq: 3}, {seq: 0}, {seq: 2}}, Tally{Arrived: 4}},
		{"a flow may not overtake itself", Shape{2, 1}, 4, []got{{seq: 2}, {seq: 1}, {seq: 0}, {seq: 3}}, Tally{Arrived: 4, Reordered: 1}},
		{"a corrupt one is lost as well", Shape{1, 1}, 2, []got{{seq: 0, corrupt: true}, {seq: 1}}, Tally{Arrived: 1, Corrupt: 1}},
		{"one of another trial does not count", Shape{1, 1}, 1, []got{{seq: 0, stale: true}, {seq: 0}}, Tally{Arrived: 1, Stale: 1}},
		{"one that was not sent yet does not count", Shape{1, 1}, 1, []got{{seq: 1}, {seq: 0}}, Tally{Arrived: 1, Stale: 1}},
		{"late ones of a long trial count", Shape{1, 1}, 1 << 22, []got{{seq: 1<<22 - 1}}, Tally{Arrived: 1}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			k := newChecker(5, c.shape)
			k.Sent = c.sent
			for _, g := range c.got {
				trial := uint32(5)
				if g.stale {
					trial = 4
				}
				var p payload
				p.fill(trial, g.seq, c.shape.port(g.seq))
				if g.corrupt {
					p[20] ^= 1
				}
				k.take(p[:])
			}
			c.want.Sent = c.sent
			if k.Tally != c.want {
				t.Errorf("%+v, want %+v", k.Tally, c.want)
			}
			if clean := c.want.Arrived == c.sent && c.want.Duplicate+c.want.Corrupt == 0; k.Clean() != clean {
				t.Errorf("clean: %v, want %v", k.Clean(), clean)
			}
		})
	}
}

// The bitmap against a set.
func TestCheckerCountsAsASetDoes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	k := newChecker(1, Shape{1, 1})
	k.Sent = 1 << 21
	seen := map[uint64]bool{}
	for range 100_000 {
		seq := rng.Uint64N(uint64(k.Sent))
		if rng.IntN(2) == 0 {
			seq %= 1000
		}
		seen[seq] = true
		var p payload
		p.fill(1, seq, k.shape.port(seq))
		k.take(p[:])
	}
	if k.Arrived != len(seen) || k.Duplicate != 100_000-len(seen) {
		t.Errorf("%d arrived, %d duplicates; the set has %d", k.Arrived, k.Duplicate, len(seen))
	}
}

func TestTallySaysRatesAndFaults(t *testing.T) {
	a := Tally{Time: time.Second, Sent: 1000, Arrived: 900, InTime: 800}
	b := Tally{Time: time.Second, Sent: 3000, Arrived: 3000, InTime: 3000, Corrupt: 1, Duplicate: 2, Reordered: 3, Refused: 4, Stale: 5}
	if a.Faults() != "" {
		t.Errorf("loss is told as %q", a.Faults())
	}
	a.Add(b)
	if a.Lost() != 100 || a.Offered() != 2000 || a.Delivered() != 1900 {
		t.Errorf("lost %d, offered %v, delivered %v", a.Lost(), a.Offered(), a.Delivered())
	}
	if want := "1 corrupt, 2 duplicate, 3 reordered, 4 refused by the receiver, of 4000 sent"; a.Faults() != want || a.Stale != 5 {
		t.Errorf("faults are %q, want %q; %d stale", a.Faults(), want, a.Stale)
	}
	if got := fmt.Sprint(Tally{}.Offered(), Tally{}.Clean()); got != "0 true" {
		t.Errorf("the zero Tally says %s", got)
	}
}
