package gateway

import (
	"context"
	"time"

	"taygo/translate"
	"taygo/translate/wire"
)

// sweepNAT64 reclaims sessions and fragments whose time is over, and sends what
// that gives rise to, until ctx ends.
func (g *Gateway) sweepNAT64(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var hurry <-chan struct{}
	for {
		select {
		case <-timer.C:
		case <-hurry:
		case <-ctx.Done():
			return nil
		}
		wait := sweepInterval
		if t := g.table.Load(); t != nil {
			hurry = t.Hurry()
			wait = min(wait, t.Sweep(g.clock(), g.sweeper))
			g.sweeper.publish()
		}
		if g.fragments.Sweep(g.clock()) {
			wait = 0
		}
		timer.Reset(max(wait, time.Millisecond))
	}
}

// A sweeper sends the packets that the end of a session gives rise to. It is a
// nat64.Sink, and belongs to one goroutine but for its counts.
type sweeper struct {
	g          *Gateway
	translator *translate.Translator
	out        *wire.Batch
	tally      tally
	counts     counts
}

func newSweeper(g *Gateway) *sweeper {
	const room = 4096 // one ICMP error
	return &sweeper{g: g, translator: translate.New(newSeed(), 0, 1), out: wire.NewBatch(room, 1)}
}

// Send implements nat64.Sink.
func (s *sweeper) Send(packet []byte) {
	if q := s.g.firstQueue(); q != nil {
		_ = q.Send(packet) // the workers notice a device that is gone
	}
}

// Refuse implements nat64.Sink.
func (s *sweeper) Refuse(packet []byte, v translate.Verdict) {
	r := s.g.rules.Load()
	s.translator.Policy, s.translator.Mapper = &r.policy, &r.mapper
	s.out.Reset()
	f := wire.NewFrame(packet)
	s.tally.add(isV6(f), v, f.Len())
	s.translator.Refuse(f, v, s.g.clock(), s.out)
	for _, answer := range s.out.Frames() {
		s.Send(answer.Bytes())
	}
}

// publish lets the status show what was sent.
func (s *sweeper) publish() { s.counts.publish(&s.tally, &s.translator.Errors) }

// firstQueue returns a queue of the device, or nil while it is lost.
func (g *Gateway) firstQueue() queue {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.device == nil {
		return nil
	}
	return g.device.queues()[0]
}
