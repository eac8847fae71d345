package fragment

import (
	"taygo/translate"
	"taygo/translate/wire"
)

// A Keeper is the translate.Fragments of one worker. It belongs to the goroutine
// of its Translator.
type Keeper struct {
	// Stateful tells which fragments concern the store: those whose flows are
	// translated statefully. All others pass untouched. It may be exchanged between
	// packets.
	Stateful func(p *translate.Packet) bool

	store   *Store
	ready   []ready
	at      int   // of the first in ready that has not been handed out
	current *byte // the packet that Next handed out last
}

// A ready is something to translate: a fragment, or a datagram to be reassembled.
type ready struct {
	source   *source
	datagram *datagram // nil: a fragment
	pieces   [1]piece
}

// NewKeeper returns a Keeper on a store. stateful becomes its field Stateful.
func NewKeeper(s *Store, stateful func(p *translate.Packet) bool) *Keeper {
	return &Keeper{Stateful: stateful, store: s}
}

// Keep decides about a fragment, as translate.Fragments demands: it is let pass
// with ports that Store.Ports knows, Held until they are or until its datagram can
// be reassembled, or dropped as FragmentOverlap, FragmentsFull, or, if it has no
// octet or its datagram would be longer than a packet may be, Malformed. Fragments
// of protocols without ports pass.
func (k *Keeper) Keep(p *translate.Packet) translate.Verdict {
	if k.current != nil && k.current == &p.Bytes()[0] {
		k.current = nil
		return translate.Translated // the store has counted it when it came
	}
	if p.Proto != wire.ProtoTCP && p.Proto != wire.ProtoUDP && !isICMP(p) || !k.Stateful(p) {
		return translate.Translated
	}
	return k.store.keep(k, p)
}

// Ready reports whether Next has something. It costs nothing.
func (k *Keeper) Ready() bool { return k.at < len(k.ready) }

// Next returns a frame that is ready to be translated, made by b but not added to
// it: a fragment whose ports have become known, or a reassembled packet. It
// returns nil if there is none, or b has no room for it now; a b that is empty
// needs room for wire.MaxPacket. The frame has to be translated before Next is
// called again.
func (k *Keeper) Next(b *wire.Batch) *wire.Frame {
	k.current = nil
	if !k.Ready() {
		return nil
	}
	r := &k.ready[k.at]
	f := b.New(r.size())
	if f == nil {
		return nil
	}
	r.put(f)
	k.store.taken(r)
	*r = ready{}
	if k.at++; 2*k.at >= len(k.ready) {
		n := copy(k.ready, k.ready[k.at:])
		clear(k.ready[n:])
		k.ready, k.at = k.ready[:n], 0
	}
	k.current = &f.Bytes()[0]
	return f
}

// taken gives back the memory of what was handed out.
func (s *Store) taken(r *ready) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.datagram != nil {
		s.release(r.datagram)
		s.recycle(r.datagram)
		return
	}
	s.free(r.source, r.pieces[0])
	s.forget(r.source)
}
