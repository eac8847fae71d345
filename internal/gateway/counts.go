package gateway

import (
	"sync/atomic"

	"taygo/internal/control"
	"taygo/translate"
)

// A tally counts the packets of a batch, by family of arrival ([0] IPv4, [1]
// IPv6) and verdict.
type tally struct {
	packets [2][translate.NumVerdicts]uint32
	octets  [2]uint64
}

func (t *tally) add(v6 bool, v translate.Verdict, octets int) {
	i := 0
	if v6 {
		i = 1
	}
	t.packets[i][v]++
	t.octets[i] += uint64(octets)
}

// counts are the published counters of a worker. It writes them once per batch;
// anybody may read them.
type counts struct {
	packets [2][translate.NumVerdicts]atomic.Uint64
	octets  [2]atomic.Uint64
	errors  [2][3]atomic.Uint64 // sent, limited, off
}

// publish adds t to the counters and clears it.
func (c *counts) publish(t *tally, e *translate.ErrorCount) {
	for i := range t.packets {
		for v, n := range t.packets[i] {
			if n > 0 {
				c.packets[i][v].Add(uint64(n))
			}
		}
		if t.octets[i] > 0 {
			c.octets[i].Add(t.octets[i])
		}
		c.errors[i][0].Store(e.Sent[i])
		c.errors[i][1].Store(e.Limited[i])
		c.errors[i][2].Store(e.Off[i])
	}
	*t = tally{}
}

// addTo adds the counters of a worker to a status, by direction.
func (c *counts) addTo(directions *[2]control.Direction) {
	for i := range directions {
		d := &directions[i]
		if d.Packets == nil {
			d.Packets = make(map[string]uint64, translate.NumVerdicts)
		}
		for v := range translate.NumVerdicts {
			d.Packets[translate.Verdict(v).String()] += c.packets[i][v].Load()
		}
		d.Octets += c.octets[i].Load()
		d.ErrorsSent += c.errors[i][0].Load()
		d.ErrorsLimited += c.errors[i][1].Load()
		d.ErrorsOff += c.errors[i][2].Load()
	}
}
