package store

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reservation is the most memory that a Store can use: as much as refs of 32 bits
// can name, 64 GiB. Addresses cost nothing; a system that limits them gives less.
const (
	reservation      = 1 << (30 + bits.UintSize/64*6)
	leastReservation = 64 << 20
)

// kernel is the memory of the operating system.
var kernel = system{reserve: reserve, grant: grant, back: back, touch: touch, release: release}

func reserve() []byte {
	for size := reservation; size >= leastReservation; size /= 2 {
		memory, err := unix.Mmap(-1, 0, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
		if err == nil {
			return memory
		}
	}
	return nil
}

func grant(memory []byte) bool {
	return unix.Mprotect(memory, unix.PROT_READ|unix.PROT_WRITE) == nil
}

func back(memory []byte) bool {
	if !grant(memory) {
		return false
	}
	_ = unix.Madvise(memory, unix.MADV_HUGEPAGE) // without huge pages it is only slower
	for i := 0; i < len(memory); i += hugePage {
		// What another goroutine may have written already stays.
		atomic.AddUint32((*uint32)(unsafe.Pointer(&memory[i])), 0)
	}
	return true
}

func touch(memory []byte) {
	_ = unix.Madvise(memory, unix.MADV_POPULATE_WRITE) // without it pages become real one by one
}

func release(memory []byte) {
	_ = unix.Munmap(memory) // nobody is left who could be told
}
