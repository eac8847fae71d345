package load

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A Path is where datagrams enter and where they come out.
type Path struct {
	Sender   *Sender
	Receiver *Receiver
	Settle   time.Duration // how long a trial waits for a further datagram at its end; 0 is 100 ms
}

// Flood is the rate of a trial that sends as fast as it can.
const Flood = 0

// Trial sends datagrams for a time at a rate, in datagrams a second, and counts
// what arrives. It keeps its thread busy throughout: call it by On.
func (p Path) Trial(ctx context.Context, shape Shape, rate float64, d time.Duration) (Tally, error) {
	if shape.Flows < 1 || shape.Flows > MaxFlows || shape.Burst < 1 {
		return Tally{}, fmt.Errorf("load: shape %+v: 1 to %d flows, and bursts of 1 or more", shape, MaxFlows)
	}
	refused, err := p.Receiver.refused()
	if err != nil {
		return Tally{}, err
	}
	if _, err := p.Receiver.receive(func([]byte) {}); err != nil { // of an earlier trial
		return Tally{}, err
	}
	c := newChecker(rand.Uint32(), shape)
	if err := p.run(ctx, c, rate, d); err != nil {
		return c.Tally, err
	}
	c.InTime = c.Arrived
	if err := p.settle(c); err != nil {
		return c.Tally, err
	}
	now, err := p.Receiver.refused()
	c.Refused = now - refused
	return c.Tally, err
}

// settle receives until nothing more is to be expected.
func (p Path) settle(c *checker) error {
	for last := time.Now(); c.Arrived < c.Sent; {
		n, err := p.Receiver.receive(c.take)
		if err != nil {
			return err
		}
		wait := cmp.Or(p.Settle, 100*time.Millisecond)
		if c.Arrived == 0 {
			wait *= 10 // what lies between may not have had its CPU yet
		}
		switch {
		case n > 0:
			last = time.Now()
		case time.Since(last) > wait:
			return nil
		}
	}
	return nil
}

// run sends and receives until the time is over.
func (p Path) run(ctx context.Context, c *checker, rate float64, d time.Duration) error {
	start := time.Now()
	for ctx.Err() == nil {
		c.Time = time.Since(start)
		if c.Time >= d {
			return nil
		}
		due := batch
		if rate != Flood {
			due = min(batch, int(rate*c.Time.Seconds())-c.Sent)
		}
		if due > 0 {
			seq := uint64(c.Sent)
			c.Sent += due
			if err := p.Sender.send(c.trial, c.shape, seq, due); err != nil {
				return err
			}
		}
		if _, err := p.Receiver.receive(c.take); err != nil {
			return err
		}
	}
	return ctx.Err()
}
