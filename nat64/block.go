package nat64

import (
	"taygo/nat64/ports"
	"taygo/nat64/store"
	"taygo/translate"
	"taygo/translate/wire"
)

// blockRoom is how many blocks of a subscriber are looked at without an
// allocation.
const blockRoom = 16

// placeInBlock is place where subscribers have blocks of ports: a port of one that
// the subscriber has already, otherwise of a new one.
func (t *Table) placeInBlock(sh *shard, r *rules, x request, req *ports.Request) (at transport, v translate.Verdict, again bool) {
	var room [blockRoom]ports.Block
	blocks, own := t.blocksOf(r, x.q, room[:0])
	away := false
	for _, b := range blocks {
		if r.pool.Shard(b.First) != sh.n {
			away = true
			continue
		}
		if port, ok := r.ledger.ChooseIn(b, req); ok {
			return transport{b.V4, port}, translate.Translated, false
		}
	}
	if !r.mayTake(len(blocks), own) {
		return transport{}, t.noBlock(x, own), away
	}
	v4, n, ok := r.ledger.FindBlock(req)
	if !ok || n != sh.n {
		return transport{}, t.noBlock(x, true), away || ok
	}
	b, ok := r.ledger.TakeBlock(n, v4, req)
	if !ok {
		return transport{}, 0, true
	}
	if !t.owners.Add(r.sources.prefixOf(x.q.host), b, r.BlocksPerSource) {
		r.ledger.ReleaseBlock(b)
		return transport{}, t.noBlock(x, false), away
	}
	t.tellBlock(BlockTaken, r.sources.prefixOf(x.q.host), b, x.c)
	port, ok := r.ledger.ChooseIn(b, req)
	if !ok {
		return transport{}, t.noBlock(x, true), false // the pool has no port of this protocol in blocks
	}
	return transport{b.V4, port}, translate.Translated, false
}

// blocksOf appends to blocks those of the subscriber that the host of q belongs to,
// the one that follows from its address first, and reports whether there is one.
func (t *Table) blocksOf(r *rules, q *tuple, blocks []ports.Block) (_ []ports.Block, own bool) {
	if r.Deterministic.Prefix.IsValid() {
		if b, is := r.pool.Forward(q.host); is {
			blocks, own = append(blocks, b), true
		}
	}
	return t.owners.Blocks(r.sources.prefixOf(q.host), blocks), own
}

// mayTake reports whether a subscriber with n blocks may take another.
func (r *rules) mayTake(n int, own bool) bool {
	if own {
		n--
	}
	return (!own || r.Deterministic.Overflow) && (r.BlocksPerSource == 0 || n < r.BlocksPerSource)
}

// noBlock tells of a host that gets no port: the pool has no more of them for it,
// or the host has as many as it may.
func (t *Table) noBlock(x request, exhausted bool) translate.Verdict {
	if exhausted {
		t.tellRarely(PortsExhausted, x.q, x.c)
		return translate.PortsExhausted
	}
	t.tellRarely(SourceLimited, x.q, x.c)
	return translate.SourceLimit
}

// blockElsewhere is elsewhere where subscribers have blocks.
func (t *Table) blockElsewhere(r *rules, x request, req *ports.Request, n int) *shard {
	var room [blockRoom]ports.Block
	blocks, own := t.blocksOf(r, x.q, room[:0])
	for _, b := range blocks {
		k := r.pool.Shard(b.First)
		if k == req.Home {
			continue
		}
		if n == 0 {
			return &t.shards[k]
		}
		n--
	}
	if n > 1 || !r.mayTake(len(blocks), own) {
		return nil
	}
	if _, k, ok := r.ledger.FindBlock(req); ok {
		return &t.shards[k]
	}
	return nil
}

// freeBlock gives back the block that the port of b was in, if that was the last.
func (t *Table) freeBlock(sh *shard, b *store.Binding, c clock) {
	r := sh.rules
	block, subscriber := r.pool.Block(b.V4, b.Port4), r.sources.prefixOf(b.V6)
	if !r.ledger.IsIdle(block) || !t.owners.Remove(subscriber, block) {
		return
	}
	r.ledger.ReleaseBlock(block)
	t.tellBlock(BlockFreed, subscriber, block, c)
}

// tellBlock tells of a block.
func (t *Table) tellBlock(kind ChangeKind, subscriber wire.Addr, b ports.Block, c clock) {
	if t.heard() {
		t.tell(Change{
			Kind: kind, At: c.at, V6: addrPort6(subscriber, 0),
			V4: addrPort4(b.V4, b.First), Last: b.Last,
		})
	}
}
