// Package mrt reads the IPv4 routes of a table that a BGP speaker or a route
// collector has written in the MRT format: TABLE_DUMP_V2 (RFC 6396 §4.3), also with
// several paths of a peer (RFC 8050 §4). Files may be compressed by gzip or bzip2.
//
// What is read may be any octets: memory is bounded whatever they are, and what
// cannot be used is counted, not guessed at.
package mrt

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// A Route is an IPv4 route by the first of its paths, which in a table of one
// router is the best.
type Route struct {
	Prefix  netip.Prefix // IPv4, without host bits
	NextHop netip.Addr   // IPv4, or IPv6 (RFC 8950); any address that the file has
	Paths   int          // that the file has of it in this place
}

// ErrFormat is wrapped by the error for what is not an MRT file at all.
var ErrFormat = errors.New("this is not an MRT file")

// A Reader reads routes. It is used by one goroutine.
type Reader struct {
	in      *bufio.Reader
	records uint64
	skipped [reasons]uint64
	buf     []byte
	failed  error // the end of all reading
}

// Sizes of what is read of records, in octets.
const (
	headerSize = 12
	// recordHead is as much of a record as can matter: all up to the end of its first
	// path, whose attributes are 65,535 octets at most.
	recordHead = 4 + 1 + 4 + 2 + 2 + 4 + 4 + 2 + 0xffff
)

// NewReader returns a Reader of a file, which is unpacked if it is compressed. The
// error tells that it cannot be.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	magic, _ := in.Peek(4) // an error comes again
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("mrt: gzip: %w: %w: fetch it again", ErrFormat, err)
		}
		in = bufio.NewReaderSize(z, 64<<10)
	case len(magic) == 4 && string(magic[:3]) == "BZh" && magic[3] >= '1' && magic[3] <= '9':
		in = bufio.NewReaderSize(bzip2.NewReader(in), 64<<10)
	}
	return &Reader{in: in, buf: make([]byte, 0, 4<<10)}, nil
}

// Records returns how many records have been read whole.
func (r *Reader) Records() uint64 { return r.records }

// Skipped returns how many records were passed over for a reason.
func (r *Reader) Skipped(why Reason) uint64 { return r.skipped[why] }

// Next returns the next route, in the order of the file. After the last one the
// error is io.EOF. Any other says at which record the file is damaged; what was
// returned before is as good as the file. It stays the same then.
func (r *Reader) Next() (Route, error) {
	for r.failed == nil {
		kind, subtype, err := r.record()
		if err != nil {
			r.failed = err
			break
		}
		r.records++
		route, why := parse(kind, subtype, r.buf)
		switch why {
		case none:
			return route, nil
		case noRoute:
		default:
			r.skipped[why]++
		}
	}
	return Route{}, r.failed
}

// record reads the next record, of which the head is in r.buf then.
func (r *Reader) record() (kind, subtype uint16, err error) {
	var head [headerSize]byte
	n, err := io.ReadFull(r.in, head[:])
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return 0, 0, io.EOF
	case n > 0 && r.records == 0 && errors.Is(err, io.ErrUnexpectedEOF):
		return 0, 0, fmt.Errorf("mrt: it ends within its first %d octets: %w: name another", headerSize, ErrFormat)
	case err != nil:
		return 0, 0, r.damaged(err)
	}
	kind, subtype = binary.BigEndian.Uint16(head[4:]), binary.BigEndian.Uint16(head[6:])
	length := int64(binary.BigEndian.Uint32(head[8:]))
	if r.records == 0 && !known(kind) {
		return 0, 0, fmt.Errorf("mrt: it begins with a record of type %d: %w: name another, or unpack it first", kind, ErrFormat)
	}
	if err := r.read(int(min(length, recordHead))); err != nil {
		return 0, 0, r.damaged(err)
	}
	if _, err := io.CopyN(io.Discard, r.in, length-int64(len(r.buf))); err != nil {
		return 0, 0, r.damaged(err)
	}
	return kind, subtype, nil
}

// read reads n octets into r.buf.
func (r *Reader) read(n int) error {
	if n > cap(r.buf) {
		r.buf = make([]byte, 0, recordHead)
	}
	r.buf = r.buf[:n]
	_, err := io.ReadFull(r.in, r.buf)
	return err
}

// damaged returns the error of a record that cannot be read.
func (r *Reader) damaged(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("mrt: record %d: %w: the file is damaged, fetch it again", r.records+1, err)
}
