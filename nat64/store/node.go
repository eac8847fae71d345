package store

import "unsafe"

// The further sessions of a binding lie in a tree, a B+ tree ordered by a key of
// peer and port. A leaf holds sessions, in no order; a branch holds its children,
// in order. A node takes a block of 256 octets, but for the root, whose block is
// of the least size that it has had use for: one further session takes 16 octets.
//
// With it a session of one among a million is found in five steps, all sessions
// with one peer address lie side by side, a walk can go on where it stopped
// whatever has changed meanwhile, and nobody can make it slow by a choice of
// peers.
type node struct {
	head     uint32 // lowest 5 bits: number of entries; 3 bits: level, 0 for a leaf; the rest, of a root: number of sessions
	sessions [nodeSize]Session
}

// A branch is a node that is not a leaf.
type branch struct {
	head     uint32
	children [nodeSize]child
}

// A child holds the keys from its own on, up to that of the next; the first one
// holds those below as well.
type child struct {
	high uint32 // of its key
	ref  uint32
	low  uint32 // of its key, 16 bits
}

const (
	nodeSize  = 21
	nodeClass = 4

	countMask  = 1<<5 - 1
	levelShift = 5
	levelMask  = 1<<3 - 1
	oneLevel   = 1 << levelShift
	totalShift = 8
	inTotal    = 1 << totalShift // one session
	maxTotal   = 1<<24 - 1

	allKeys = uint64(1) << 48 // above all keys
)

// room is the number of entries that a block has room for, by class.
var room = [nodeClass + 1]int{1, 2, 5, 10, nodeSize}

// keyOf returns the key of a session: 32 bits of the peer, 16 of the port. Both
// are scattered, so that ports or peers that come one after another do not leave
// half-empty nodes behind.
func keyOf(peer uint32, port uint16) uint64 {
	return peerKey(peer) | uint64(port*0x9e3b>>8^port*0x9e3b)
}

// peerKey returns the lowest key of a peer.
func peerKey(peer uint32) uint64 {
	peer *= 0x9e3779b1
	peer ^= peer >> 15
	peer *= 0x85ebca77
	return uint64(peer^peer>>16) << 16
}

func (s *Session) key() uint64 { return keyOf(s.Peer, s.PeerPort) }

func (c *child) key() uint64 { return uint64(c.high)<<16 | uint64(c.low) }

func childOf(key uint64, ref uint32) child {
	return child{high: uint32(key >> 16), ref: ref, low: uint32(key & 0xffff)}
}

func (n *node) count() int    { return int(n.head & countMask) }
func (n *node) level() uint32 { return n.head >> levelShift & levelMask }
func (n *node) total() int    { return int(n.head >> totalShift) }

func (n *node) branch() *branch { return (*branch)(unsafe.Pointer(n)) }

func (b *branch) node() *node { return (*node)(unsafe.Pointer(b)) }

func (s *slab) node(ref uint32) *node { return (*node)(s.at(ref)) }

// copyFrom copies the entries first to last, exclusive, of another node to the
// end of this one.
func (n *node) copyFrom(m *node, first, last int) {
	copy(n.sessions[n.count():], m.sessions[first:last])
	n.head += uint32(last - first)
}

// find returns which child holds a key.
func (b *branch) find(key uint64) int {
	count := int(b.head & countMask)
	i := 1
	for i < count && b.children[i].key() <= key {
		i++
	}
	return i - 1
}

// put inserts a child at place i.
func (b *branch) put(i int, c child) {
	count := int(b.head & countMask)
	copy(b.children[i+1:count+1], b.children[i:count])
	b.children[i] = c
	b.head++
}

// drop removes the child at place i.
func (b *branch) drop(i int) {
	count := int(b.head & countMask)
	copy(b.children[i:], b.children[i+1:count])
	b.head--
}

// leaf returns the leaf under root that holds a key, and the least key past that
// leaf, allKeys if there is none.
func (s *slab) leaf(root uint32, key uint64) (*node, uint64) {
	n, past := s.node(root), allKeys
	for n.level() > 0 {
		b := n.branch()
		i := b.find(key)
		if i+1 < n.count() {
			past = b.children[i+1].key()
		}
		n = s.node(b.children[i].ref)
	}
	return n, past
}

// session finds a session in a leaf.
func (n *node) session(peer uint32, port uint16) *Session {
	for i := range n.sessions[:n.count()] {
		if s := &n.sessions[i]; s.Peer == peer && s.PeerPort == port {
			return s
		}
	}
	return nil
}
