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
	front  int // octets that are in use before there is much to store

	used   atomic.Int64  // octets at the front that are handed out; changes under mu
	asked  atomic.Int64  // octets at the front up to the last that take had to ask for; what follows is real
	wanted chan struct{} // has one when less than half of ahead is left

	mu     sync.Mutex
	memory []byte // the range, from a huge page's boundary on; nil before its first use
	base   unsafe.Pointer
	usable int // octets at the front that the system has granted
}

// A system grants memory. The functions report whether it did.
type system struct {
	reserve func() []byte            // a range of zeros that may not be touched yet, nil if refused
	grant   func(memory []byte) bool // makes a part usable, which may become real as it is touched
	back    func(memory []byte) bool // makes a part usable and real, in huge pages if there are any
	touch   func(memory []byte)      // makes a usable part real, if it can
	release func(memory []byte)
}

const (
	hugePage = 2 << 20
	ahead    = 3 * hugePage
	skipped  = 4096 // octets at the front, so that no ref is 0
	slack    = 4096 // octets at the end: a *node may reach past its block
)

// take hands out size octets, a multiple of 4096, zero and aligned to 4096. It
// returns the address of the arena with the ref.
func (a *arena) take(size int) (unsafe.Pointer, uint32, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.memory == nil && !a.reserve() {
		return nil, 0, false
	}
	at := int(a.used.Load())
	if at > a.front && at+ahead/2 > a.usable {
		select {
		case a.wanted <- struct{}{}:
		default:
		}
	}
	for at+size > a.usable {
		next := a.next()
		if next == nil || !a.system.grant(next) {
			return nil, 0, false
		}
		a.usable += len(next)
		a.asked.Store(int64(a.usable))
	}
	a.used.Store(int64(at + size))
	return a.base, uint32(at >> unitBits), true
}

// touch makes part of a block real that take handed out, and that is going to be used
// now. Pages that become real one by one, as they are first written, cost many times
// as much, most of all in a virtual machine.
func (a *arena) touch(ref uint32, offset, size int) {
	at := int(ref)<<unitBits + offset
	if int64(at) < a.asked.Load() {
		a.system.touch(unsafe.Slice((*byte)(unsafe.Add(a.base, at)), size))
	}
}

func (a *arena) reserve() bool {
	memory := a.system.reserve()
	if memory == nil {
		return false
	}
	runtime.AddCleanup(a, a.system.release, memory)
	odd := -uintptr(unsafe.Pointer(unsafe.SliceData(memory))) & (hugePage - 1)
	a.memory = memory[odd : len(memory)-slack]
	a.base = unsafe.Pointer(unsafe.SliceData(a.memory))
	a.used.Store(skipped)
	return true
}

// next returns what is to become usable next, nil at the end of the arena.
func (a *arena) next() []byte {
	if a.usable+hugePage > len(a.memory) {
		return nil
	}
	return a.memory[a.usable : a.usable+hugePage]
}

// prepare makes memory real ahead of its use, once the store has outgrown its
// front. The system takes its time for it, in which nothing is locked; what take
// had to grant meanwhile is prepared all the same.
func (a *arena) prepare() {
	for used := a.used.Load(); used > int64(a.front); used = a.used.Load() {
		a.mu.Lock()
		at, next := a.usable, a.next()
		a.mu.Unlock()
		if int64(at) >= used+ahead || next == nil || !a.system.back(next) {
			return
		}
		a.mu.Lock()
		a.usable = max(a.usable, at+len(next))
		a.mu.Unlock()
	}
}
