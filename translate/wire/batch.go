package wire

// A Batch is the frames of one read or one write, in their order. The frames it
// makes lie one behind another in one arena, so that a worker's memory stays in
// its cache; frames of another batch can be added and stay where they lie. A
// Batch belongs to one goroutine. The zero Batch has no arena: frames can only
// be added to it.
type Batch struct {
	arena  []byte
	used   int // octets of arena taken
	store  []Frame
	made   int // frames of store taken
	frames []*Frame
}

// NewBatch returns an empty batch that makes up to n frames in an arena of the
// given octets.
func NewBatch(octets, n int) *Batch {
	return &Batch{arena: make([]byte, octets), store: make([]Frame, n), frames: make([]*Frame, 0, n)}
}

// Frames returns the frames of the batch. The slice is good until Reset.
func (b *Batch) Frames() []*Frame { return b.frames }

// Free is how many octets a new frame can have, its headroom already taken off;
// zero or less if the batch can make no frame.
func (b *Batch) Free() int {
	if b.made == len(b.store) {
		return 0
	}
	return len(b.arena) - b.used - Headroom
}

// Reset empties the batch and keeps its storage: frames it made are no longer good.
func (b *Batch) Reset() { b.used, b.made, b.frames = 0, 0, b.frames[:0] }

// Add appends a frame, which stays where it lies.
func (b *Batch) Add(f *Frame) { b.frames = append(b.frames, f) }

// New makes a frame of n octets, whose content is undefined, or returns nil if
// the batch has no room for it. Add appends it.
func (b *Batch) New(n int) *Frame {
	if n > b.Free() {
		return nil
	}
	f := &b.store[b.made]
	start := b.used + Headroom
	*f = Frame{buf: b.arena[b.used : start+n : start+n], start: Headroom, end: Headroom + n}
	b.made++
	b.used = (start + n + lineMask) &^ lineMask
	return f
}

// LeastFrame is the room that a frame takes in an arena at the least, in octets.
const LeastFrame = 2 * Headroom

// lineMask rounds frames up to cache lines, so that packets start aligned and
// no two frames share a line.
const lineMask = 63

// Room returns free space for a device to receive into: front octets for its own
// header, at most Headroom, and behind them all that is left for a packet. It is
// nil if less than a packet of longest octets would fit.
func (b *Batch) Room(front, longest int) []byte {
	if longest > b.Free() {
		return nil
	}
	return b.arena[b.used+Headroom-front:]
}

// Received appends the packet of n octets that was received into the last Room.
func (b *Batch) Received(n int) *Frame {
	f := b.New(n)
	b.Add(f)
	return f
}
