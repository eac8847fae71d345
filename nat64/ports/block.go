package ports

// A Block is ports in a row of one address, for all protocols, that are kept for
// one subscriber (RFC 7768 §2). All of them lie in one shard.
type Block struct {
	V4          uint32
	First, Last uint16
}

// Has reports whether a transport address lies in the block.
func (b Block) Has(v4 uint32, port uint16) bool {
	return v4 == b.V4 && b.First <= port && port <= b.Last
}

// Block returns the block that a port lies in, whether the pool has all of it or
// not. The pool must have blocks.
func (p *Pool) Block(v4 uint32, port uint16) Block {
	first := port &^ uint16(p.block-1)
	return Block{v4, first, first + uint16(p.block-1)}
}

// BlockSize is how many ports a block has; 0 if the pool has no blocks.
func (p *Pool) BlockSize() int { return p.block }

// FindBlock is Find for a block that nobody has.
func (l *Ledger) FindBlock(r *Request) (v4 uint32, shard int, ok bool) { return l.find(r, kindBlock) }

// TakeBlock takes a block of an address and a shard, any of those that are free
// with the same probability, and reports false if there is none.
func (l *Ledger) TakeBlock(shard int, v4 uint32, r *Request) (Block, bool) {
	s := l.pool.span(v4)
	if s == nil {
		return Block{}, false
	}
	port, ok := l.choose(choice{s, v4, kindBlock, shard, 0, l.pool.words * 64}, r)
	if !ok {
		return Block{}, false
	}
	return l.pool.Block(v4, port), true
}

// ClaimBlock takes a certain block, one that a subscriber had before a restart,
// and reports whether nobody had it. Like Take, it takes blocks that FindBlock
// would not find on any address of the pool.
func (l *Ledger) ClaimBlock(b Block) bool {
	s := l.pool.span(b.V4)
	return s != nil && l.take(s, kindBlock, b.V4, b.First)
}

// ReleaseBlock gives a block back.
func (l *Ledger) ReleaseBlock(b Block) {
	if s := l.pool.span(b.V4); s != nil {
		l.release(s, kindBlock, b.V4, b.First)
	}
}

// ChooseIn takes a free port of a block, as Choose does of a shard.
func (l *Ledger) ChooseIn(b Block, r *Request) (port uint16, ok bool) {
	s, kind := l.pool.span(b.V4), kindOf(r.Proto)
	if s == nil || kind == noKind {
		return 0, false
	}
	from := l.pool.place(b.First)
	return l.choose(choice{s, b.V4, kind, l.pool.shard(b.First), from, from + l.pool.block}, r)
}

// IsIdle reports whether no port of a block is taken, of any protocol: then the
// subscriber needs it no more.
func (l *Ledger) IsIdle(b Block) bool {
	s := l.pool.span(b.V4)
	if s == nil {
		return true
	}
	from, shard, number := l.pool.place(b.First), l.pool.shard(b.First), s.number(b.V4)
	for kind, pg := range l.shards[shard].of(number) {
		if kind == kindBlock || pg == nil {
			continue
		}
		words := pg.sheet(l.pool, number)
		for i := from / 64; i*64 < from+l.pool.block; i++ {
			if words[i]&below(from+l.pool.block-i*64)&^below(from-i*64) != 0 {
				return false
			}
		}
	}
	return true
}

// BlocksTaken is how many blocks are taken in a shard.
func (l *Ledger) BlocksTaken(shard int) int { return l.shards[shard].taken[kindBlock] }
