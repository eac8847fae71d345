package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// ErrLost tells that too many datagrams of a measurement did not arrive.
var ErrLost = errors.New("load: datagrams get lost")

const (
	pause     = 100 * time.Microsecond // between datagrams, so that what lies between has gone to sleep
	longest   = time.Second            // that a datagram may be on its way
	mostLosts = 10
)

// Latency sends one datagram at a time, for a time d and one at least, and returns
// how long each was on its way. It keeps its thread busy throughout: call it by On.
func (p Path) Latency(ctx context.Context, d time.Duration) ([]time.Duration, error) {
	shape := Shape{Flows: 1, Burst: 1}
	c := newChecker(rand.Uint32(), shape)
	var took []time.Duration
	for start := time.Now(); (time.Since(start) < d || len(took) == 0) && ctx.Err() == nil; {
		spin(pause/2 + rand.N(pause))
		seq := uint64(c.Sent)
		c.Sent++
		begun := time.Now()
		if err := p.Sender.send(c.trial, shape, seq, 1); err != nil {
			return nil, err
		}
		t, err := p.await(c, begun)
		switch {
		case err == nil:
			took = append(took, t)
		case !errors.Is(err, ErrLost) || c.Lost() > mostLosts:
			return nil, err
		}
	}
	return took, ctx.Err()
}

// await waits until the checker has seen one more datagram, which was sent at the
// time begun, and returns how long that took.
func (p Path) await(c *checker, begun time.Time) (time.Duration, error) {
	for before := c.Arrived; ; {
		if _, err := p.Receiver.receive(c.take); err != nil {
			return 0, err
		}
		switch t := time.Since(begun); {
		case c.Arrived > before:
			return t, nil
		case t > longest:
			return 0, ErrLost
		}
	}
}

// spin waits without sleep, for to be woken takes longer than what is measured.
func spin(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

// Reach sends datagrams, with pauses, until one arrives.
func (p Path) Reach(ctx context.Context) error {
	shape := Shape{Flows: 1, Burst: 1}
	for {
		switch t, err := p.Trial(ctx, shape, 1000, time.Millisecond*2); {
		case err != nil:
			return err
		case t.Arrived > 0:
			return nil
		}
		select {
		case <-ctx.Done():
			return ErrLost
		case <-time.After(5 * time.Millisecond):
		}
	}
}
