package ports

import "taygo/translate/wire"

// A layout says which shard has which ports: shard (port>>shift) mod shards. The
// ports of a shard have places 0, 1, 2 … in their own order, so that pairs of
// ports (RFC 4787 §4.2.2), and blocks, lie together.
type layout struct {
	shift int            // 2^shift ports in a row are of one shard
	log   int            // of the number of shards, to the base 2
	words int            // of a bit for each place
	block int            // ports of a block; 0: there are no blocks
	low   [maxShards]int // places of a shard that are well-known ports
}

const (
	allPorts  = 1 << 16
	wellKnown = 1024 // ports below are of the other class (RFC 6146 §3.5.1.1)
	maxShards = 64
)

func newLayout(shards, block int) layout {
	y := layout{shift: 1, log: log2(shards), block: block}
	if block != 0 {
		y.shift = log2(block)
	}
	y.words = 1 << max(16-y.log, y.shift) / 64
	for port := range wellKnown {
		y.low[y.shard(uint16(port))]++
	}
	return y
}

// log2 returns the logarithm of a power of two.
func log2(n int) int {
	log := 0
	for n > 1 {
		n, log = n/2, log+1
	}
	return log
}

func (y *layout) shards() int { return 1 << y.log }

func (y *layout) shard(port uint16) int { return int(port) >> y.shift & (y.shards() - 1) }

// place returns where in its shard a port stands.
func (y *layout) place(port uint16) int {
	return int(port)>>(y.shift+y.log)<<y.shift | int(port)&(1<<y.shift-1)
}

// port returns the port at a place of a shard.
func (y *layout) port(shard, place int) uint16 {
	return uint16(place>>y.shift<<(y.shift+y.log) | shard<<y.shift | place&(1<<y.shift-1))
}

// What is taken and released: a port of a protocol, or a block of them.
const (
	kindTCP = iota
	kindUDP
	kindICMP
	kindBlock
	numKinds
	kindAny  = numKinds // ports of any protocol, where they are counted
	noKind   = -1
	numProto = kindBlock
)

func kindOf(proto uint8) int {
	switch proto {
	case wire.ProtoTCP:
		return kindTCP
	case wire.ProtoUDP:
		return kindUDP
	case wire.ProtoICMP:
		return kindICMP
	}
	return noKind
}
