package natstate

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"

	"taygo/nat64"
)

// Write writes a snapshot. It calls export, which yields entries that are borrowed
// until yield returns, with lifetimes as at from.Taken. It holds one block at a
// time. The errors are w's, and an entry that no file can
// hold.
func Write(w io.Writer, from Origin, export func(yield func(nat64.Entry) bool)) (Summary, error) {
	e := newEncoder(w, from)
	export(func(entry nat64.Entry) bool {
		e.add(&entry)
		return e.err == nil
	})
	e.flush()
	e.finish()
	if e.err != nil {
		return Summary{}, e.err
	}
	return e.summary, nil
}

func appendHeader(b []byte, from Origin) []byte {
	at := from.Taken
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint16(b, version)
	prefix, bits := [16]byte{}, 0
	if from.Prefix.IsValid() {
		prefix, bits = from.Prefix.Addr().As16(), from.Prefix.Bits()
	}
	b = append(b, byte(bits), 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(at.Wall.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(at.Boot))
	b = append(b, at.BootID[:]...)
	b = append(b, from.Key[:]...)
	b = append(b, prefix[:12]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// An encoder writes blocks. After its first error it does nothing.
type encoder struct {
	w       io.Writer
	sum     hash.Hash // of all that is written
	block   []byte    // header, to be filled in, and body
	entries uint32    // in it
	summary Summary
	err     error
}

// newEncoder returns an encoder that has written the header.
func newEncoder(w io.Writer, from Origin) *encoder {
	e := &encoder{w: w, sum: sha256.New(), summary: Summary{Origin: from}}
	e.block = make([]byte, blockHeader, blockHeader+blockSize+4096)
	e.emit(appendHeader(nil, from))
	return e
}

// errForeign is the reason to refuse an entry that is not of this world.
var errForeign = errors.New("not a binding of TCP, UDP or ICMP between IPv6 and IPv4")

// add appends an entry to the block, and begins the next one if it is long enough.
func (e *encoder) add(entry *nat64.Entry) {
	if e.err != nil {
		return
	}
	flags, ok := flagsOf(entry)
	if !ok {
		e.err = fmt.Errorf("binding of protocol %d, %v and %v: %w", entry.Proto, entry.V6, entry.V4, errForeign)
		return
	}
	v6, v4 := entry.V6.Addr().As16(), entry.V4.Addr().As4()
	b := append(e.block, flags)
	b = append(b, v6[:]...)
	b = binary.LittleEndian.AppendUint16(b, entry.V6.Port())
	b = append(b, v4[:]...)
	b = binary.LittleEndian.AppendUint16(b, entry.V4.Port())
	if entry.Held {
		b = binary.LittleEndian.AppendUint32(b, uint32(toUnits(entry.Left)))
	}
	b = binary.AppendUvarint(b, uint64(len(entry.Sessions)))
	for i := range entry.Sessions {
		s := &entry.Sessions[i]
		if !s.Peer.Addr().Is4() {
			e.err = fmt.Errorf("session of %v with %v: %w", entry.V6, s.Peer, errForeign)
			return
		}
		peer := s.Peer.Addr().As4()
		b = append(b, peer[:]...)
		b = binary.LittleEndian.AppendUint16(b, s.Peer.Port())
		b = append(b, byte(s.State))
		b = binary.LittleEndian.AppendUint32(b, uint32(toUnits(s.Left)))
	}
	e.block = b
	e.entries++
	e.summary.Bindings++
	e.summary.Sessions += len(entry.Sessions)
	if len(e.block) >= blockHeader+blockSize {
		e.flush()
	}
}

// flagsOf returns the flags of an entry, and false if no file can hold it.
func flagsOf(e *nat64.Entry) (byte, bool) {
	v6, v4 := e.V6.Addr(), e.V4.Addr()
	if !v6.Is6() || v6.Is4In6() || v6.Zone() != "" || !v4.Is4() {
		return 0, false
	}
	for flags, proto := range protocols {
		if proto == e.Proto {
			if e.Held {
				flags |= flagHeld
			}
			if e.Static {
				flags |= flagStatic
			}
			return byte(flags), true
		}
	}
	return 0, false
}

// flush writes the block if there is anything in it.
func (e *encoder) flush() {
	if e.entries == 0 || e.err != nil {
		return
	}
	size := len(e.block) - blockHeader
	if size > math.MaxUint32 {
		e.err = errors.New("a binding has more sessions than a block can hold")
		return
	}
	binary.LittleEndian.PutUint32(e.block, uint32(size))
	binary.LittleEndian.PutUint32(e.block[4:], e.entries)
	binary.LittleEndian.PutUint32(e.block[8:], blockSum(e.block[:8], e.block[blockHeader:]))
	e.emit(e.block)
	e.block, e.entries = e.block[:blockHeader], 0
}

// blockSum returns the checksum of a block: of the lengths before it, and its body.
func blockSum(lengths, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(lengths, castagnoli), castagnoli, body)
}

func (e *encoder) finish() {
	b := make([]byte, 4, trailerSize)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.summary.Bindings))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.summary.Sessions))
	e.emit(b)
	e.emit(e.sum.Sum(nil))
}

// emit writes b.
func (e *encoder) emit(b []byte) {
	if e.err != nil {
		return
	}
	n, err := e.w.Write(b)
	e.summary.Octets += int64(n)
	e.sum.Write(b)
	e.err = err
}
