package tundev

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// maxHeld is how many frames are looked at together: the runs of a Write end
// after as many.
const (
	maxHeld     = 1 << maxHeldBits
	maxHeldBits = 7
)

// maxMerged is how many packets make a super-packet at the most. The kernel takes
// maxSegments; with half of them the system call is spread over enough.
const maxMerged = 64

// A merger writes packets, those of one flow as super-packets where a receiver
// cannot tell: the kernel makes of each the very packets again. It holds packets
// back only within one Write, and keeps the order of each flow.
type merger struct {
	fd   int
	mode *Mode

	frames  []*wire.Frame  // held now
	next    [maxHeld]uint8 // of each frame, the one behind it in its run
	runs    [maxHeld]run
	known   int            // of runs
	buckets [maxHeld]uint8 // of each hash, one more than the first of its runs; 0 for none

	front   [headerLen + wire.IPv6Len + maxTCP]byte // the headers of a super-packet
	vectors [1 + maxMerged]unix.Iovec
}

// maxTCP is the longest TCP header, in octets.
const maxTCP = 60

// A run is packets of one flow that wait to be written as one: each but the last
// with a payload of size octets. While it is empty it only knows its flow.
type run struct {
	flow          uint32    // its hash; flows that share theirs disturb each other, no more
	pair          uint32    // the hash of the addresses of its packets
	chain         uint8     // in its bucket, one more than the next run
	n, head, tail uint8     // how many packets, and which
	sound         bool      // the head's checksums have been verified
	at            transport // the head's; of the others too
	size, payload int       // of the head, of all packets
	version       *version
}

// write writes the frames, each as Queue.Write promises.
func (m *merger) write(frames []*wire.Frame, t *tally) error {
	if len(frames) == 1 || !m.mode.TSO {
		return m.each(frames, t)
	}
	for len(frames) > 0 {
		n := min(len(frames), maxHeld)
		if err := m.merge(frames[:n], t); err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// merge writes at most maxHeld frames.
func (m *merger) merge(frames []*wire.Frame, t *tally) error {
	m.frames, m.known = frames, 0
	clear(m.buckets[:])
	for i := range frames {
		if err := m.take(i, t); err != nil {
			return err
		}
	}
	return m.flush(t, func(*run) bool { return true })
}

// take adds a frame to the run of its flow, or begins one with it, or writes it
// behind all that it might overtake.
func (m *merger) take(i int, t *tally) error {
	f := m.frames[i]
	p := f.Bytes()
	v := versionOf(p)
	if v == nil {
		return m.single(f, t)
	}
	pair := v.pair(p)
	at, ok := v.plain(p)
	if !ok { // the ports, if there are any, are elsewhere
		if err := m.flush(t, func(r *run) bool { return r.pair == pair }); err != nil {
			return err
		}
		return m.single(f, t)
	}
	r := m.find(v.flow(p, pair))
	may := m.mergeable(f, v, at)
	if may && r.n > 0 && m.joins(r, f, v) {
		return m.append(r, uint8(i), t)
	}
	if err := m.end(r, t); err != nil {
		return err
	}
	if !may || at.last(p) {
		return m.single(f, t)
	}
	size := len(p) - at.end
	r.n, r.head, r.tail, r.sound = 1, uint8(i), uint8(i), false
	r.pair, r.at, r.size, r.payload, r.version = pair, at, size, size, v
	return nil
}

// find returns the run of a flow, perhaps empty.
func (m *merger) find(flow uint32) *run {
	bucket := &m.buckets[flow>>(32-maxHeldBits)]
	for i := *bucket; i > 0; i = m.runs[i-1].chain {
		if r := &m.runs[i-1]; r.flow == flow {
			return r
		}
	}
	r := &m.runs[m.known]
	m.known++
	r.flow, r.chain, r.n = flow, *bucket, 0
	*bucket = uint8(m.known)
	return r
}

// append adds a frame that joins the run, and ends the run if that was its last.
func (m *merger) append(r *run, i uint8, t *tally) error {
	p := m.frames[i].Bytes()
	size := len(p) - r.at.end
	m.next[r.tail] = i
	r.tail = i
	r.n++
	r.payload += size
	if size < r.size || r.n == maxMerged || r.at.last(p) {
		return m.end(r, t)
	}
	return nil
}

// flush ends the runs of which is true.
func (m *merger) flush(t *tally, which func(*run) bool) error {
	for i := range m.runs[:m.known] {
		if r := &m.runs[i]; which(r) {
			if err := m.end(r, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// end writes the packets of a run, if it has any, and empties it. Those that the
// kernel does not take together it may take singly.
func (m *merger) end(r *run, t *tally) error {
	n := r.n
	r.n = 0
	if n > 1 && m.together(r) == 0 {
		t.written += uint64(n)
		t.merged += uint64(n) - 1
		return nil
	}
	for i := r.head; n > 0; n, i = n-1, m.next[i] {
		if err := m.single(m.frames[i], t); err != nil {
			return err
		}
	}
	return nil
}

// together writes the packets of a run as one super-packet: headers made from
// those of the first and the last, and the payloads from where they lie.
func (m *merger) together(r *run) unix.Errno {
	front := m.front[:headerLen+r.at.end]
	r.at.describe(front, wire.Offload{Segment: uint16(r.size), Partial: true})
	copy(front[headerLen:], m.frames[r.head].Bytes())
	r.cover(front[headerLen:], m.frames[r.tail].Bytes())
	m.vectors[0].Base = &front[0]
	m.vectors[0].SetLen(len(front))
	n := 1
	for i := r.head; ; i = m.next[i] {
		payload := m.frames[i].Bytes()[r.at.end:]
		m.vectors[n].Base = &payload[0]
		m.vectors[n].SetLen(len(payload))
		n++
		if i == r.tail {
			break
		}
	}
	errno := unix.EINTR
	for errno == unix.EINTR {
		_, _, errno = unix.RawSyscall(unix.SYS_WRITEV, uintptr(m.fd), uintptr(unsafe.Pointer(&m.vectors[0])), uintptr(n))
	}
	return errno
}

// cover makes the headers p of the first packet those of the run.
func (r *run) cover(p, last []byte) {
	v, start := r.version, r.at.start
	n := len(p) - start + r.payload
	binary.BigEndian.PutUint16(p[v.length:], uint16(start+n-v.uncounted))
	if v == &version4 {
		const checksum = 10
		binary.BigEndian.PutUint16(p[checksum:], 0)
		binary.BigEndian.PutUint16(p[checksum:], wire.Sum(0).AddBytes(p[:v.header]).Checksum())
	}
	if r.at.kind == unix.VIRTIO_NET_HDR_GSO_UDP_L4 {
		binary.BigEndian.PutUint16(p[start+udpLength:], uint16(n))
	} else {
		p[start+tcpFlags] = last[start+tcpFlags]
	}
	binary.BigEndian.PutUint16(p[start+r.at.checksum():], v.pseudo(p, n).Fold())
}

// each writes the frames one by one.
func (m *merger) each(frames []*wire.Frame, t *tally) error {
	for _, f := range frames {
		if err := m.single(f, t); err != nil {
			return err
		}
	}
	return nil
}

// single writes a frame as it is.
func (m *merger) single(f *wire.Frame, t *tally) error {
	front := f.Front(headerLen)
	if !encode(front, f.Offload) {
		t.badFrame++
		return nil
	}
	errno := unix.EINTR
	for errno == unix.EINTR {
		_, _, errno = unix.RawSyscall(unix.SYS_WRITE, uintptr(m.fd), uintptr(unsafe.Pointer(&front[0])), uintptr(len(front)))
	}
	if errno == unix.EBADFD {
		return fmt.Errorf("tundev: write: %w", ErrGone)
	}
	t.wrote(errno)
	return nil
}
