package store

import (
	"math/bits"
	"testing"
)

// check holds the store's own structures to what they promise each other.
func (s *Store) check(t testing.TB) {
	t.Helper()
	for i := range s.shards {
		sh := &s.shards[i]
		sh.Lock()
		for len(sh.slab.dead) > 0 {
			sh.slab.reclaim()
		}
		c := checker{TB: t, Shard: sh, blocks: map[uint32]int{}}
		c.records()
		c.index(&sh.by6)
		if !sh.catchUp() {
			c.bound--
		}
		c.index(&sh.by4)
		c.memory()
		sh.Unlock()
	}
}

type checker struct {
	testing.TB
	*Shard
	blocks map[uint32]int // by ref, the units that each holds
	bound  int
}

func (c *checker) block(ref uint32, class int) {
	if _, twice := c.blocks[ref]; twice || ref == 0 {
		c.Fatalf("shard %d: the block %#x of class %d is in use twice", c.number, ref, class)
	}
	if ref&(1<<class-1) != 0 {
		c.Fatalf("shard %d: the block %#x is not aligned to its class %d", c.number, ref, class)
	}
	c.blocks[ref] = 1 << class
}

// records finds each record either bound or free, and each tree in order.
func (c *checker) records() {
	var free int
	for n := c.Shard.records.free; n != 0; n = c.Shard.records.at(n).more {
		if c.Shard.records.at(n).Proto != 0 {
			c.Fatalf("record %d is bound, and free", n)
		}
		free++
	}
	for n := uint32(1); n < c.Shard.records.next; n++ {
		b := c.Shard.records.at(n)
		if b.Proto == 0 {
			free--
			continue
		}
		c.bound++
		if b.more != 0 {
			class := int(b.stored & rootClass)
			if got, want := c.node(b.more, class, 0, allKeys), c.slab.node(b.more).total(); got != want {
				c.Fatalf("record %d: %d sessions in the tree, its root says %d", n, got, want)
			}
			if class < nodeClass && c.slab.node(b.more).count() > room[class] {
				c.Fatalf("record %d: %d entries in a root of class %d", n, c.slab.node(b.more).count(), class)
			}
		}
	}
	if free != 0 {
		c.Fatalf("%d free records more in the list than there are", free)
	}
}

// node holds the tree under ref to keys from low to high, exclusive, and returns
// the number of its sessions.
func (c *checker) node(ref uint32, class int, low, high uint64) int {
	c.block(ref, class)
	n, total := c.slab.node(ref), 0
	if n.count() == 0 || n.count() > nodeSize {
		c.Fatalf("a node of %d entries", n.count())
	}
	for i := range n.count() {
		if n.level() == 0 {
			if key := n.sessions[i].key(); key < low || key >= high {
				c.Fatalf("key %#x in a leaf from %#x to %#x", key, low, high)
			}
			total++
			continue
		}
		b, past := n.branch(), high
		if i+1 < n.count() {
			past = b.children[i+1].key()
		}
		if past <= low || past > high {
			c.Fatalf("a child up to %#x in a branch from %#x to %#x", past, low, high)
		}
		if level := c.slab.node(b.children[i].ref).level(); level+1 != n.level() {
			c.Fatalf("level %d below %d", level, n.level())
		}
		total += c.node(b.children[i].ref, nodeClass, low, past)
		low = past
	}
	return total
}

// index finds each bound record in the index, once, and each number right that
// its lines keep.
func (c *checker) index(x *index) {
	entries, d := 0, x.dir.Load()
	if d == nil {
		d = &directory{}
	}
	for i := 0; i < len(d.tables); {
		table := x.slab.at(d.tables[i].Load())
		depth := lineAt(table, 0).depth()
		c.block(d.tables[i].Load(), tableClass(d.mask))
		away := make([]uint32, int(d.mask)+1)
		for j := range away {
			l := lineAt(table, uintptr(j))
			for k, slot := range l[:slots] {
				if (slot != 0) != (k < l.used()) {
					c.Fatalf("slot %d of a line that says %d are in use: %#x", k, l.used(), slot)
				}
				if slot == 0 {
					continue
				}
				n := slot & (isAway - 1)
				h := c.Shard.records.hash(x.side, n)
				if rank(h)>>(32-depth) != uint32(i)>>(uint32(d.depth)-depth) || slot&^isAway != tag(h, l.depth())|n || l.depth() != depth {
					c.Fatalf("record %d of hash %#x in table %d of depth %d, tag %#x", n, h, i, depth, slot>>tagShift)
				}
				home := d.home(h)
				if (slot&isAway != 0) != (home != uintptr(j)) {
					c.Fatalf("record %d in line %d, its home is %d: %#x", n, j, home, slot)
				}
				if home != uintptr(j) {
					away[home]++
					if d.other(home, slot) != uintptr(j) {
						c.Fatalf("record %d in line %d, belongs into %d or %d", n, j, home, d.other(home, slot))
					}
				}
				entries++
			}
		}
		for j, want := range away {
			if got := lineAt(table, uintptr(j))[slots] & awayMask / oneAway; got != want {
				c.Fatalf("line %d says that %d are away, not %d", j, got, want)
			}
		}
		for range 1 << (uint32(d.depth) - depth) {
			if x.slab.at(d.tables[i].Load()) != table {
				c.Fatalf("place %d of the directory is of another table", i)
			}
			i++
		}
	}
	if entries != c.bound {
		c.Fatalf("%d records in the index of side %d, %d are bound", entries, x.side, c.bound)
	}
}

// memory finds each unit of the slab in a block, or free, or not cut up yet, and
// no two halves of a block free.
func (c *checker) memory() {
	used := len(c.blocks)
	for class, ref := range c.slab.free {
		for prev := uint32(0); ref != 0; prev, ref = ref, c.slab.freeBlock(ref).next {
			c.block(ref, class)
			if b := c.slab.freeBlock(ref); b.prev != prev || b.class != uint32(class) {
				c.Fatalf("free block %#x of class %d after %#x: %+v", ref, class, prev, *b)
			}
			if class <= nodeClass && !c.slab.isFree(ref, class) || class < nodeClass && c.slab.isFree(ref^1<<class, class) {
				c.Fatalf("free block %#x of class %d is not marked, or the other half is free too", ref, class)
			}
		}
	}
	units, free, pages := int(c.slab.end-c.slab.next), 0, map[uint32]bool{}
	for ref, n := range c.blocks {
		if units += n; n <= lineUnits {
			pages[ref&^unitMask] = true
		}
	}
	for page := range pages {
		units += 1 << headClass
		for _, word := range (*nodePage)(c.slab.at(page)).free {
			free += bits.OnesCount64(word)
		}
	}
	if units%(chunkSize>>unitBits) != 0 {
		c.Fatalf("shard %d: %d units of the slab are in no whole number of chunks", c.number, units)
	}
	for class := nodeClass + 1; class < classes; class++ {
		for ref := c.slab.free[class]; ref != 0; ref = c.slab.freeBlock(ref).next {
			used++
		}
	}
	if used += free; used != len(c.blocks) {
		c.Fatalf("shard %d: %d blocks by the marks, %d by the lists", c.number, used, len(c.blocks))
	}
}
