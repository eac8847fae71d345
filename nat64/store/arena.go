package store

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Memory is counted in units of 16 octets, and named by the number of its first
// unit in the arena: a ref, which is half as long as a pointer and means nothing
// to the garbage collector. The ref 0 names none.
const (
	unitBits = 4
	unit     = 1 << unitBits
)

// An arena is the memory of all shards of a Store: one range of addresses, which
// becomes usable from its front on as it is handed out.
type arena struct {
	system system
	small  int // octets at the front, of which only what is written becomes real

	mu     sync.Mutex
	memory []byte // the range, from a huge page's boundary on; nil before its first use
	base   unsafe.Pointer
	usable int // octets at the front that the system has granted
	used   atomic.Int64
}

// A system grants memory. Its functions report whether it did.
type system struct {
	reserve func() []byte                       // a range of zeros that may not be touched yet, nil if refused
	grant   func(memory []byte, huge bool) bool // makes a part of it usable
	release func(memory []byte)
}

const (
	hugePage  = 2 << 20
	grantStep = 16 * hugePage
	skipped   = 4096 // octets at the front, so that no ref is 0
	slack     = 4096 // octets at the end: a *node may reach past its block
)

func newArena(s system, small int) *arena {
	return &arena{system: s, small: (small + hugePage - 1) &^ (hugePage - 1)}
}

// take hands out size octets, a multiple of 4096, aligned to as much and zero. It
// returns the address of the arena with the ref.
func (a *arena) take(size int) (unsafe.Pointer, uint32, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.memory == nil && !a.reserve() {
		return nil, 0, false
	}
	at := int(a.used.Load())
	if !a.grant(at + size) {
		return nil, 0, false
	}
	a.used.Store(int64(at + size))
	return a.base, uint32(at >> unitBits), true
}

func (a *arena) reserve() bool {
	memory := a.system.reserve()
	if memory == nil {
		return false
	}
	runtime.AddCleanup(a, a.system.release, memory)
	odd := -uintptr(unsafe.Pointer(unsafe.SliceData(memory))) & (hugePage - 1)
	a.memory = memory[odd:]
	a.base = unsafe.Pointer(unsafe.SliceData(a.memory))
	a.used.Store(skipped)
	return true
}

// grant makes the arena usable up to end. At its front it asks for little at a
// time and for pages of the usual size, so that a store of few records stays
// small; past it for huge ones, without which a look-up in a large store misses
// the translation caches of the processor too.
func (a *arena) grant(end int) bool {
	for end > a.usable {
		huge := a.usable >= a.small
		next := a.usable + hugePage
		if huge {
			next = a.usable + grantStep
		}
		next = min(next, len(a.memory))
		if end > len(a.memory)-slack || !a.system.grant(a.memory[a.usable:next], huge) {
			return false
		}
		a.usable = next
	}
	return true
}
