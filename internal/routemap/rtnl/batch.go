package rtnl

import "golang.org/x/sys/unix"

// BatchSize is how many octets of requests go to the kernel at once. Larger
// batches are no faster.
const BatchSize = 64 << 10

// A Batch collects requests for Conn.Send. The zero Batch is empty and ready for
// use; it is for one goroutine at a time.
type Batch struct {
	buf []byte
	n   int
}

// Len returns the number of requests.
func (b *Batch) Len() int { return b.n }

// Full tells whether it is time to send: another request could make the batch
// longer than the kernel takes.
func (b *Batch) Full() bool { return len(b.buf) > BatchSize-maxRequest }

// maxRequest is more than the longest request has: a group of 256 nexthops of 8
// octets.
const maxRequest = 4 << 10

// Reset makes the batch empty.
func (b *Batch) Reset() { b.buf, b.n = b.buf[:0], 0 }

// At returns the request of that number, from 0, as a Message. Its payload is good
// until the next Reset.
func (b *Batch) At(n int) (Message, bool) {
	for m := range Messages(b.buf) {
		if n == 0 {
			return m, true
		}
		n--
	}
	return Message{}, false
}

// begin starts a request and returns its place.
func (b *Batch) begin(request, flags uint16) int {
	at := len(b.buf)
	b.buf = native.AppendUint32(b.buf, 0)
	b.buf = native.AppendUint16(b.buf, request)
	b.buf = native.AppendUint16(b.buf, flags|unix.NLM_F_REQUEST)
	b.buf = native.AppendUint64(b.buf, 0) // sequence number and port
	b.n++
	return at
}

func (b *Batch) end(at int) {
	native.PutUint32(b.buf[at:], uint32(len(b.buf)-at)) // whole attributes end at multiples of four
}

func (b *Batch) attr(kind uint16, value []byte) {
	b.buf = native.AppendUint16(b.buf, uint16(unix.SizeofNlAttr+len(value)))
	b.buf = native.AppendUint16(b.buf, kind)
	b.buf = append(b.buf, value...)
	for len(b.buf)&3 != 0 {
		b.buf = append(b.buf, 0)
	}
}

func (b *Batch) attr32(kind uint16, value uint32) {
	b.buf = native.AppendUint16(b.buf, unix.SizeofNlAttr+4)
	b.buf = native.AppendUint16(b.buf, kind)
	b.buf = native.AppendUint32(b.buf, value)
}

// number gives the requests their sequence numbers, from first on, and asks for an
// answer to the last.
func (b *Batch) number(first uint32) {
	for at, seq := 0, first; at < len(b.buf); seq++ {
		native.PutUint32(b.buf[at+8:], seq)
		next := at + int(native.Uint32(b.buf[at:]))
		if next >= len(b.buf) {
			native.PutUint16(b.buf[at+6:], native.Uint16(b.buf[at+6:])|unix.NLM_F_ACK)
		}
		at = next
	}
}
