package store

import (
	"sync/atomic"
	"unsafe"
)

// A record is a binding as it is stored, with its first session and the others.
// A free one has the protocol 0.
type record struct {
	Binding
	first Session
	more  uint32 // root of the tree of further sessions; of a free record the number of the next
}

// The octet stored of a Binding.
const (
	hasFirst  = 0x80 // first is a session
	rootClass = 0x07 // class of the block of the root of more
)

// records are numbered from 1; they lie in chunks.
type records struct {
	arena  *arena
	base   unsafe.Pointer
	seed   *[4]uint64
	chunks []uint32                 // refs
	shown  atomic.Pointer[[]uint32] // chunks as they are or were, for those without the lock
	next   uint32                   // lowest number never used
	real   uint32                   // lowest number whose memory may not be real
	free   uint32                   // first of a list
}

const (
	chunkBits  = 11
	recordSize = int(unsafe.Sizeof(record{}))
	maxRecords = 1 << numberBits
)

// bind makes the record that of a binding without sessions. A processor cannot read
// at once what it has just written in parts: it waits until all that was written
// before is in its cache. So each part is copied by itself, and no two that lie side
// by side one after another, which would become one.
func (b *record) bind(from *Binding) {
	*b = record{}
	b.V6.Hi = from.V6.Hi
	b.V4 = from.V4
	b.V6.Lo = from.V6.Lo
	b.Port6 = from.Port6
	b.Deadline = from.Deadline
	b.Proto = from.Proto
	b.Port4 = from.Port4
	b.Flags = from.Flags
}

// set is the like for a session.
func (s *Session) set(from *Session) {
	s.Peer = from.Peer
	s.State = from.State
	s.PeerPort = from.PeerPort
	s.Deadline = from.Deadline
	s.Flags = from.Flags
}

func (b *record) address() uintptr { return uintptr(unsafe.Pointer(b)) }

// at returns a record by its number.
func (r *records) at(n uint32) *record {
	chunk := unsafe.Add(r.base, uintptr(r.chunks[n>>chunkBits])<<unitBits)
	return (*record)(unsafe.Add(chunk, uintptr(n&(1<<chunkBits-1))*unsafe.Sizeof(record{})))
}

// guess returns where a record lies, by a number that may be of none, 0 then.
func (r *records) guess(base unsafe.Pointer, n uint32) uintptr {
	shown := r.shown.Load()
	if shown == nil || n>>chunkBits >= uint32(len(*shown)) {
		return 0
	}
	chunk := uintptr(base) + uintptr((*shown)[n>>chunkBits])<<unitBits
	return chunk + uintptr(n&(1<<chunkBits-1))*unsafe.Sizeof(record{})
}

func (r *records) alloc() (uint32, bool) {
	if n := r.free; n != 0 {
		r.free = r.at(n).more
		r.fetch(r.free)
		return n, true
	}
	if r.next>>chunkBits >= uint32(len(r.chunks)) {
		if r.next >= maxRecords {
			return 0, false
		}
		base, ref, ok := r.arena.take(recordSize << chunkBits)
		if !ok {
			return 0, false
		}
		r.base = base
		r.chunks = append(r.chunks, ref)
		shown := r.chunks
		r.shown.Store(&shown)
		r.next = max(r.next, 1)
	}
	if r.next >= r.real {
		r.touch()
	}
	r.next++
	r.fetch(r.next)
	return r.next - 1, true
}

// touch makes the memory of records real, from the next one on: of half as many as
// there are, but of some pages at most.
func (r *records) touch() {
	const page, most = 4096, 32 << 10
	first := int(r.next&(1<<chunkBits-1)) * recordSize &^ (page - 1)
	size := min(max(int(r.next)*recordSize/2&^(page-1), page), most, recordSize<<chunkBits-first)
	r.arena.touch(r.chunks[r.next>>chunkBits], first, size)
	r.real = r.next&^(1<<chunkBits-1) + uint32((first+size)/recordSize)
}

// fetch begins to fetch the record that will be the next one.
func (r *records) fetch(n uint32) {
	if n != 0 && n>>chunkBits < uint32(len(r.chunks)) {
		at := r.at(n).address()
		prefetch(&[]uintptr{at, at + uintptr(recordSize) - 1}[0], 2)
	}
}

func (r *records) put(n uint32) {
	*r.at(n) = record{more: r.free}
	r.free = n
}

// is4 reports whether the record is of an IPv4 transport address.
func (b *record) is4(proto uint8, v4 uint32, port uint16) bool {
	return b.V4 == v4 && b.Port4 == port && b.Proto == proto
}

// hash returns the hash of a record for the index of a side.
func (r *records) hash(side side, n uint32) uint64 {
	b := r.at(n)
	if side == side6 {
		return hash6(r.seed, b.Proto, b.V6, b.Port6)
	}
	return hash4(r.seed, b.Proto, b.V4, b.Port4)
}
