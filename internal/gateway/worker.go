package gateway

import (
	"runtime"
	"sync/atomic"
	"time"

	"taygo/nat64/fragment"
	"taygo/translate"
	"taygo/translate/wire"
)

// A queue is one queue of the TUN device. Read blocks until there is a packet;
// it fails with os.ErrClosed once the device is closed.
type queue interface {
	Read(*wire.Batch) error
	Write(*wire.Batch) error
	Send(packet []byte) error // may be called by anybody
}

// A worker carries the packets of one queue. Everything in it but counts belongs
// to its goroutine.
type worker struct {
	rules  *atomic.Pointer[rules]
	obeyed *rules // those that hold for the translator
	clock  func() time.Duration
	log    *packetLog

	translator *translate.Translator
	fragments  *fragment.Keeper
	in, out    *wire.Batch
	late       *wire.Batch // fragments whose time has come
	tally      tally       // of this batch
	counts     counts
}

// The memory of a batch: small packets in the first part, so that a worker's
// packets stay in its cache, and room for one more packet of any length behind
// them. In the first part there is room for as many packets of 1,500 octets as the
// batch has frames: the more of a flow come together, the fewer are the writes.
const (
	batchFrames = 64
	batchOctets = 128<<10 + wire.MaxPacket + 2*wire.Headroom
)

func newWorker(g *Gateway, seed [32]byte, i, n int) *worker {
	const made = 2 * translate.MaxOutput
	return &worker{
		rules:      &g.rules,
		clock:      g.clock,
		log:        g.packetLog,
		translator: translate.New(seed, i, n),
		in:         wire.NewBatch(batchOctets, batchFrames),
		out:        wire.NewBatch(made, made/wire.LeastFrame),
		fragments:  fragment.NewKeeper(g.fragments, nil),
		late:       wire.NewBatch(wire.MaxPacket+2*wire.Headroom, 1),
	}
}

// carry carries packets until the queue closes.
func (w *worker) carry(q queue) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		if err := q.Read(w.in); err != nil {
			return err
		}
		if err := w.translate(q); err != nil {
			return err
		}
	}
}

// translate translates the batch that was read, and writes what it becomes.
func (w *worker) translate(q queue) error {
	r := w.rules.Load()
	w.obey(r)
	now := w.clock()
	w.out.Reset()
	if r.mapper.table != nil {
		r.mapper.table.Prefetch(w.in.Frames())
	}
	for _, f := range w.in.Frames() {
		if err := w.one(f, r, now, q); err != nil {
			return err
		}
		for w.fragments.Ready() {
			w.late.Reset()
			if err := w.one(w.fragments.Next(w.late), r, now, q); err != nil {
				return err
			}
			if err := w.flush(q); err != nil { // before its memory is used again
				return err
			}
		}
	}
	w.counts.publish(&w.tally, &w.translator.Errors)
	return q.Write(w.out)
}

// obey lets the packets that follow be translated by the rules r.
func (w *worker) obey(r *rules) {
	if r == w.obeyed {
		return
	}
	w.obeyed = r
	w.translator.Policy, w.translator.Mapper = &r.policy, &r.mapper
	w.translator.Fragments = nil
	if r.mapper.table != nil {
		w.fragments.Stateful = r.mapper.keeps
		w.translator.Fragments = w.fragments
	}
}

// one translates one frame.
func (w *worker) one(f *wire.Frame, r *rules, now time.Duration, q queue) error {
	if w.out.Free() < translate.MaxOutput {
		if err := w.flush(q); err != nil {
			return err
		}
	}
	octets, v6 := f.Len(), isV6(f)
	v := w.translator.Translate(f, now, w.out)
	p := w.translator.Packet() // of a hairpinned packet, the one between
	w.tally.add(v6, v, octets)
	if r.logged[v.Class()] {
		w.log.add(p, v)
	}
	return nil
}

// flush writes what there is to send.
func (w *worker) flush(q queue) error {
	err := q.Write(w.out)
	w.out.Reset()
	return err
}

// isV6 reports whether the frame holds an IPv6 packet; an empty one holds none.
func isV6(f *wire.Frame) bool {
	b := f.Bytes()
	return len(b) > 0 && b[0]>>4 == 6
}
