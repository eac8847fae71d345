package natstate

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"taygo/nat64"
)

func readerAt(b []byte) io.ReaderAt { return bytes.NewReader(b) }

// small returns a snapshot of some 4 KB, of several blocks.
func small(t testing.TB) []byte {
	var b bytes.Buffer
	e := newEncoder(&b, origin)
	for n := range 70 {
		one := entry(n)
		e.add(&one)
		if n%20 == 19 {
			e.flush()
		}
	}
	e.flush()
	e.finish()
	if e.err != nil || b.Len() < 3500 {
		t.Fatal(b.Len(), e.err)
	}
	return b.Bytes()
}

// refused reports whether nothing at all is restored of b, with an error.
func refused(b []byte) bool {
	got, _, err := read(b, Options{Now: start})
	return err != nil && len(got) == 0
}

// TestEachChangedByte: by each bit, and to other values.
func TestEachChangedByte(t *testing.T) {
	b := small(t)
	if refused(b) {
		t.Fatal("it is refused as it is")
	}
	for at := range b {
		old := b[at]
		for _, change := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 255, byte(1 + rand.IntN(255)), old} {
			if b[at] = old ^ change; b[at] != old && !refused(b) {
				t.Fatalf("octet %d = %#x instead of %#x is not refused", at, b[at], old)
			}
		}
		b[at] = old
	}
}

// TestTruncatedFile: at each place of a short one, and at random places of a long
// one; and one that something follows.
func TestTruncatedFile(t *testing.T) {
	b := small(t)
	for end := range b {
		if !refused(b[:end]) {
			t.Fatalf("%d of %d octets are not refused", end, len(b))
		}
	}
	for _, more := range []string{"\x00", "\x00\x00\x00\x00", "more"} {
		if !refused(append(slices.Clone(b), more...)) {
			t.Errorf("%q behind it is not refused", more)
		}
	}
	big := written(t, entries(1500))
	cuts := 10_000
	if testing.Short() {
		cuts = 500
	}
	for range cuts {
		if end := rand.IntN(len(big)); !refused(big[:end]) {
			t.Fatalf("%d of %d octets are not refused", end, len(big))
		}
	}
}

// TestScrambledFile: blocks changed places, are missing or there twice, parts are
// of another snapshot.
func TestScrambledFile(t *testing.T) {
	b := small(t)
	blocks := [][]byte{b[:headerSize]}
	for at := headerSize; ; {
		size := int(binary.LittleEndian.Uint32(b[at:]))
		if size == 0 {
			blocks = append(blocks, b[at:])
			break
		}
		blocks = append(blocks, b[at:at+blockHeader+size])
		at += blockHeader + size
	}
	if len(blocks) != 6 {
		t.Fatal(len(blocks))
	}
	for name, order := range map[string][]int{
		"swapped": {0, 2, 1, 3, 4, 5}, "missing": {0, 1, 3, 4, 5}, "twice": {0, 1, 1, 2, 3, 4, 5}, "for another": {0, 1, 1, 3, 4, 5}, "none": {0, 5},
	} {
		var made []byte
		for _, i := range order {
			made = append(made, blocks[i]...)
		}
		if !refused(made) {
			t.Errorf("blocks %s: not refused", name)
		}
	}
	later := origin
	later.Taken = after(1)
	mixed := append(appendHeader(nil, later), b[headerSize:]...)
	if !refused(mixed) {
		t.Error("a header of another snapshot is not refused")
	}
}

// TestWhyAFileIsRefused: the message names the cause.
func TestWhyAFileIsRefused(t *testing.T) {
	good := small(t)
	next := slices.Clone(good)
	next[8] = 2
	for name, row := range map[string]struct {
		b     []byte
		cause error
		says  string
	}{
		"nothing":         {nil, errNoSnapshot, ""},
		"of another kind": {[]byte("### Tayga dynamic map\n" + strings.Repeat("x", 200)), errNoSnapshot, ""},
		"a letter":        {[]byte("t"), errNoSnapshot, ""},
		"a newer version": {next, errVersion, "its version is 2, and this taygo reads 1"},
		"half a header":   {good[:50], errDamaged, "ends after 50 octets, within its header"},
		"half a block":    {good[:headerSize+100], errDamaged, "the block at octet 96 ends behind the end"},
		"no trailer":      {good[:len(good)-trailerSize], errDamaged, "before its trailer"},
		"a longer file":   {append(slices.Clone(good), 'x'), errDamaged, "1 octets follow"},
		"a wrong header":  {flip(good, 30), errDamaged, "its header does not agree"},
		"a wrong block":   {flip(good, 300), errDamaged, "the block at octet 96 does not agree"},
		"a wrong count":   {flip(good, len(good)-48), errDamaged, "its trailer says"},
		"a wrong whole":   {flip(good, len(good)-1), errDamaged, "the whole does not agree"},
	} {
		_, _, err := read(row.b, Options{Now: start})
		if !errors.Is(err, row.cause) || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// flip returns a copy of b with one octet changed.
func flip(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 0x40
	return b
}

// sealed returns a snapshot with one block of this body, whose checksums are right.
func sealed(body []byte, entries int, trailer [2]uint64) []byte {
	b := appendHeader(nil, origin)
	if len(body) > 0 {
		start := len(b)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
		b = binary.LittleEndian.AppendUint32(b, uint32(entries))
		b = binary.LittleEndian.AppendUint32(b, blockSum(b[start:start+8], body))
		b = append(b, body...)
	}
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, trailer[0])
	b = binary.LittleEndian.AppendUint64(b, trailer[1])
	whole := sha256.Sum256(b)
	return append(b, whole[:]...)
}

// bodyOf returns the body of the block of these entries.
func bodyOf(all ...nat64.Entry) []byte {
	e := newEncoder(io.Discard, origin)
	for i := range all {
		e.add(&all[i])
	}
	return e.block[blockHeader:]
}

// TestEntriesThatMakeNoSense are refused though all checksums are right: another
// version may have written them.
func TestEntriesThatMakeNoSense(t *testing.T) {
	held, one := entry(6), entry(0)
	if refused(sealed(bodyOf(held, one), 2, [2]uint64{2, 1})) {
		t.Fatal("good entries are refused")
	}
	set := func(at int, value byte) []byte {
		b := bodyOf(one)
		b[at] = value
		return sealed(b, 1, [2]uint64{1, 1})
	}
	heldWithSession := bodyOf(one)
	heldWithSession = slices.Insert(heldWithSession, 25, 1, 0, 0, 0)
	heldWithSession[0] |= flagHeld
	mapped := bodyOf(one)
	copy(mapped[1:], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1})
	for name, b := range map[string][]byte{
		"a fourth protocol":       set(0, 3),
		"an unknown flag":         set(0, 16),
		"a session too many":      set(25, 2),
		"a session too few":       set(25, 0),
		"no end of a number":      set(25, 0x80),
		"a state of none":         set(32, 0),
		"an unknown state":        set(32, nat64.NumStates),
		"held with a session":     sealed(heldWithSession, 1, [2]uint64{1, 1}),
		"a mapped IPv4 address":   sealed(mapped, 1, [2]uint64{1, 1}),
		"an entry too few":        sealed(bodyOf(one), 2, [2]uint64{2, 1}),
		"an entry too many":       sealed(bodyOf(one, one), 1, [2]uint64{1, 1}),
		"no entry":                sealed(bodyOf(one), 0, [2]uint64{0, 0}),
		"sessions counted wrong":  sealed(bodyOf(one), 1, [2]uint64{1, 2}),
		"bindings counted wrong":  sealed(bodyOf(one), 1, [2]uint64{2, 1}),
		"half an entry":           sealed(bodyOf(one)[:20], 1, [2]uint64{1, 1}),
		"half of what is held":    sealed(bodyOf(held)[:27], 1, [2]uint64{1, 0}),
		"four billion of entries": sealed(bodyOf(one), 1<<32-1, [2]uint64{1<<32 - 1, 1}),
	} {
		if !refused(b) {
			t.Errorf("%s: not refused", name)
		}
	}
}

// FuzzRead: whatever a file holds, and whatever a block with the right checksums
// holds, it is refused whole, or what is restored can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add(small(f), uint32(0), false)
	f.Add(bodyOf(entries(8)...), uint32(8), true)
	f.Fuzz(func(t *testing.T, b []byte, n uint32, body bool) {
		if body {
			sessions, err := new(parser).parse(b, int(n))
			if err != nil && !errors.Is(err, errDamaged) {
				t.Fatal(err)
			}
			b = sealed(b, int(n), [2]uint64{uint64(n), uint64(sessions)})
		}
		got, l, err := read(b, Options{Now: start})
		if err != nil {
			if len(got) > 0 {
				t.Fatalf("%d entries are restored, and then: %v", len(got), err)
			}
			return
		}
		again, _, err := read(written(t, got), Options{Now: start})
		if err != nil || !slices.EqualFunc(got, again, equal) || l.Restored != len(got) {
			t.Fatalf("%+v, %v: %+v\nbecome %+v", l, err, got, again)
		}
	})
}
