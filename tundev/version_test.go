package tundev

import (
	"bytes"
	"testing"

	"taygo/translate/wire"
)

// Headers of flows whose hashes are the same are told apart bit by bit. What may
// differ is what the kernel makes anew.
func TestSameHeadersDifferOnlyInWhatTheKernelMakes(t *testing.T) {
	for _, c := range []struct {
		kind string
		free []int // octets
	}{
		{"UDP4", []int{2, 3, 4, 5, 10, 11}}, // length, Identification, checksum
		{"TCP4", []int{2, 3, 4, 5, 10, 11}},
		{"UDP6", []int{4, 5}}, // length
		{"TCP6", []int{4, 5}},
	} {
		p := flow(c.kind, 0, 0, 8).sent().packets[0]
		v := versionOf(p)
		const ports = 4
		for bit := range 8 * (start(p) + ports) {
			q := bytes.Clone(p)
			q[bit/8] ^= 0x80 >> (bit % 8)
			if got, want := v.same(p, q), bytes.IndexByte(octets(c.free), byte(bit/8)) >= 0; got != want {
				t.Errorf("%s: packets that differ in bit %d of octet %d are the same: %v", c.kind, bit%8, bit/8, got)
			}
		}
		q := bytes.Clone(p)
		for i := start(p) + ports; i < len(q); i++ {
			q[i] ^= 0xff
		}
		if !v.same(p, q) {
			t.Errorf("%s: packets that differ behind the ports are not the same", c.kind)
		}
	}
}

func octets(values []int) (b []byte) {
	for _, v := range values {
		b = append(b, byte(v))
	}
	return b
}

// A flow of IPv4 and one of IPv6 that share a hash, and so a run.
func TestMergeOfTwoFlowsWithTheSameHash(t *testing.T) {
	hash := func(p []byte) uint32 {
		v := versionOf(p)
		return v.flow(p, v.pair(p))
	}
	four := flow("UDP4", 0, 0, 1).sent().packets[0]
	byHash := map[uint32][]byte{}
	for i := range 1 << 16 {
		big.PutUint16(four[16:], uint16(i))
		byHash[hash(four)] = bytes.Clone(four[16:18])
	}
	six := flow("UDP6", 0, 0, 1).sent().packets[0]
	for i := 0; byHash[hash(six)] == nil; i++ {
		big.PutUint32(six[36:], uint32(i))
	}
	copy(four[16:], byHash[hash(six)])
	fixHeader(four)
	setSum(four, false)
	setSum(six, false)
	var given []sent
	for range 3 {
		for _, p := range [][]byte{four, six} {
			given = append(given, sent{wire.NewFrame(p), [][]byte{p}})
		}
	}
	c := newCapture(t, granted.all)
	if got := exchanged(t, c, given...); got != "1 1 1 1 1 1" {
		t.Errorf("writes carry %s packets", got)
	}
	later := bytes.Clone(six) // a fragment, which must not overtake
	later[6] = wire.ProtoFragment
	given = append(given[:2], given[1], sent{wire.NewFrame(later), [][]byte{later}})
	if got := exchanged(t, c, given...); got != "1 2 1" {
		t.Errorf("with a fragment, writes carry %s packets", got)
	}
}
