package tundev

import "sync/atomic"

// Stats is what passed through a queue since Open, in frames: a super-packet
// counts once. What the kernel drops because a queue is full, before it is read,
// Device.Missed tells.
type Stats struct {
	Read    uint64 // given to the caller
	Written uint64 // taken by the kernel
	Merged  uint64 // of Written, those that went along behind another in its system call

	BadHeader uint64 // not read: the virtio header contradicts the packet
	BadFrame  uint64 // not written: the frame's Offload contradicts the packet, or the device has no virtio headers
	Refused   uint64 // not written: the kernel finds the packet wrong (EINVAL and the like)
	Down      uint64 // not written: the device is down (EIO)
	Full      uint64 // not written: the kernel has no room now (EAGAIN, ENOBUFS, ENOMEM)
}

// A tally is the Stats of one batch.
type tally struct {
	read, written, merged                    uint64
	badHeader, badFrame, refused, down, full uint64
}

// counts are the Stats of a queue. A batch adds to them once, so that reader and
// writer seldom touch what others look at.
type counts struct {
	read, written, merged                    atomic.Uint64
	badHeader, badFrame, refused, down, full atomic.Uint64
}

// Stats returns the counters of the queue. Any goroutine may call it, also after
// Close.
func (q *Queue) Stats() Stats {
	c := &q.counts
	return Stats{
		Read:      c.read.Load(),
		Written:   c.written.Load(),
		Merged:    c.merged.Load(),
		BadHeader: c.badHeader.Load(),
		BadFrame:  c.badFrame.Load(),
		Refused:   c.refused.Load(),
		Down:      c.down.Load(),
		Full:      c.full.Load(),
	}
}

func (c *counts) add(t *tally) {
	add(&c.read, t.read)
	add(&c.written, t.written)
	add(&c.merged, t.merged)
	add(&c.badHeader, t.badHeader)
	add(&c.badFrame, t.badFrame)
	add(&c.refused, t.refused)
	add(&c.down, t.down)
	add(&c.full, t.full)
}

func add(c *atomic.Uint64, n uint64) {
	if n > 0 {
		c.Add(n)
	}
}
