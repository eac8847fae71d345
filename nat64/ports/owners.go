package ports

import (
	"slices"
	"sync"

	"taygo/translate/wire"
)

// Owners says which subscriber has which blocks. A subscriber is the first address
// of its prefix. All methods may be called from any goroutine; each holds one lock
// for a moment, and none calls back. Make one with NewOwners.
type Owners struct {
	seed    uint64
	stripes [64]stripe
}

type stripe struct {
	mu sync.Mutex
	by map[wire.Addr][]Block
}

// NewOwners returns an Owners in which nobody has a block.
func NewOwners(seed uint64) *Owners {
	o := &Owners{seed: seed}
	for i := range o.stripes {
		o.stripes[i].by = map[wire.Addr][]Block{}
	}
	return o
}

func (o *Owners) stripe(subscriber wire.Addr) *stripe {
	return &o.stripes[mixIn(mix(o.seed, subscriber), 0)>>58]
}

// Blocks appends the blocks of a subscriber to blocks, oldest first.
func (o *Owners) Blocks(subscriber wire.Addr, blocks []Block) []Block {
	s := o.stripe(subscriber)
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(blocks, s.by[subscriber]...)
}

// Add gives a block to a subscriber, and reports false if it has most of them
// already; most 0 is no limit.
func (o *Owners) Add(subscriber wire.Addr, b Block, most int) bool {
	s := o.stripe(subscriber)
	s.mu.Lock()
	defer s.mu.Unlock()
	if most > 0 && len(s.by[subscriber]) >= most {
		return false
	}
	s.by[subscriber] = append(s.by[subscriber], b)
	return true
}

// Remove takes a block from a subscriber and reports whether it had it.
func (o *Owners) Remove(subscriber wire.Addr, b Block) bool {
	s := o.stripe(subscriber)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.by[subscriber], b)
	switch {
	case at < 0:
		return false
	case len(s.by[subscriber]) == 1:
		delete(s.by, subscriber)
	default:
		s.by[subscriber] = slices.Delete(s.by[subscriber], at, at+1)
	}
	return true
}

// Each calls yield for each block until it returns false, in no order. yield may
// call methods of o; blocks that come or go meanwhile may be left out.
func (o *Owners) Each(yield func(subscriber wire.Addr, b Block) bool) {
	type owned struct {
		subscriber wire.Addr
		b          Block
	}
	for i := range o.stripes {
		s := &o.stripes[i]
		var found []owned
		s.mu.Lock()
		for subscriber, blocks := range s.by {
			for _, b := range blocks {
				found = append(found, owned{subscriber, b})
			}
		}
		s.mu.Unlock()
		for _, f := range found {
			if !yield(f.subscriber, f.b) {
				return
			}
		}
	}
}
