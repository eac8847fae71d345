package natstate

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/netip"
	"time"
)

// The reasons to refuse a snapshot. All of it is refused.
var (
	errNoSnapshot = errors.New("this is no snapshot of taygo's sessions")
	errVersion    = errors.New("another version of taygo has written this")
	errDamaged    = errors.New("this is damaged")
	errPrefix     = errors.New("its sessions are of another prefix")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

// A walker reads a snapshot from its first octet to its last.
type walker struct {
	r       *bufio.Reader
	at      int64     // octets read
	size    int64     // of all
	sum     hash.Hash // of all that is read; nil: it is not compared
	body    []byte
	summary Summary
}

// walk reads a snapshot of size octets and checks everything about it but what is
// inside of bodies, and, unless whole is set, the checksum of the whole. It calls
// visit with each body that agrees with its checksum, and the number of entries
// in it; the body is borrowed until visit returns.
func walk(r io.ReaderAt, size int64, whole bool, visit func(body []byte, entries int) (sessions int, err error)) (Summary, error) {
	w := &walker{size: size, r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(min(max(size, 0), 256<<10)))}
	if whole {
		w.sum = sha256.New()
	}
	if err := w.header(); err != nil {
		return Summary{}, err
	}
	for {
		more, err := w.block(visit)
		if err != nil {
			return Summary{}, err
		}
		if !more {
			break
		}
	}
	if err := w.trailer(); err != nil {
		return Summary{}, err
	}
	return w.summary, nil
}

// read reads as many octets as b has. A short file is told as such, and an error
// of the disk as what it is.
func (w *walker) read(b []byte) error {
	n, err := io.ReadFull(w.r, b)
	w.at += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends after %d octets, before its trailer", w.at)
	}
	return err
}

// add adds to the checksum of the whole.
func (w *walker) add(b []byte) {
	if w.sum != nil {
		w.sum.Write(b)
	}
}

// header reads the header.
func (w *walker) header() error {
	var b [headerSize]byte
	n, err := io.ReadFull(w.r, b[:])
	w.at = int64(n)
	if !bytes.HasPrefix(b[:n], []byte(magic)) {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		return errNoSnapshot
	}
	if n >= 10 {
		if v := binary.LittleEndian.Uint16(b[8:]); v != version {
			return fmt.Errorf("%w: its version is %d, and this taygo reads %d", errVersion, v, version)
		}
	}
	if err != nil {
		return damaged("it ends after %d octets, within its header", n)
	}
	const sum = headerSize - 4
	if crc32.Checksum(b[:sum], castagnoli) != binary.LittleEndian.Uint32(b[sum:]) {
		return damaged("its header does not agree with its checksum")
	}
	w.add(b[:])
	w.summary.Taken = Moment{
		Wall: time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:]))).UTC(),
		Boot: time.Duration(binary.LittleEndian.Uint64(b[24:])),
	}
	copy(w.summary.Taken.BootID[:], b[32:])
	copy(w.summary.Key[:], b[48:])
	if b[10] > 0 {
		var prefix [16]byte
		copy(prefix[:12], b[80:])
		w.summary.Prefix = netip.PrefixFrom(netip.AddrFrom16(prefix), int(b[10]))
	}
	return nil
}

// block reads a block and reports whether there was one: else the trailer begins,
// and its first 4 octets have been read.
func (w *walker) block(visit func([]byte, int) (int, error)) (bool, error) {
	var lengths [blockHeader]byte
	start := w.at
	if err := w.read(lengths[:4]); err != nil {
		return false, err
	}
	size := int64(binary.LittleEndian.Uint32(lengths[:]))
	if size == 0 {
		return false, nil
	}
	if size > w.size-w.at {
		return false, damaged("the block at octet %d ends behind the end of the file", start)
	}
	if err := w.read(lengths[4:]); err != nil {
		return false, err
	}
	if int64(cap(w.body)) < size {
		w.body = make([]byte, size)
	}
	w.body = w.body[:size]
	if err := w.read(w.body); err != nil {
		return false, err
	}
	if blockSum(lengths[:8], w.body) != binary.LittleEndian.Uint32(lengths[8:]) {
		return false, damaged("the block at octet %d does not agree with its checksum", start)
	}
	w.add(lengths[:])
	w.add(w.body)
	entries := int(binary.LittleEndian.Uint32(lengths[4:]))
	sessions, err := visit(w.body, entries)
	if err != nil {
		return false, fmt.Errorf("the block at octet %d: %w", start, err)
	}
	w.summary.Bindings += entries
	w.summary.Sessions += sessions
	return true, nil
}

// trailer reads what is behind the first 4 octets of the trailer, which are zero.
func (w *walker) trailer() error {
	var b [trailerSize]byte
	if err := w.read(b[4:]); err != nil {
		return err
	}
	bindings, sessions := binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint64(b[12:])
	w.add(b[:trailerSize-sha256.Size])
	switch {
	case w.at != w.size:
		return damaged("%d octets follow its trailer", w.size-w.at)
	case bindings != uint64(w.summary.Bindings), sessions != uint64(w.summary.Sessions):
		return damaged("it has %d bindings and %d sessions, and its trailer says %d and %d", w.summary.Bindings, w.summary.Sessions, bindings, sessions)
	case w.sum != nil && !bytes.Equal(w.sum.Sum(nil), b[trailerSize-sha256.Size:]):
		return damaged("the whole does not agree with its checksum")
	}
	w.summary.Octets = w.size
	return nil
}
