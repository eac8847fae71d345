package tundev

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/translate/wire"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newHost returns a host in a laboratory of its own.
func newHost(t testing.TB) *netlab.Host {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	h, err := lab.Host("gw")
	must(t, err)
	return h
}

// openAt opens a device in h, to be closed with the test.
func openAt(t testing.TB, h *netlab.Host, o Options, offered offers) *Device {
	t.Helper()
	var d *Device
	must(t, h.Do(func() error {
		var err error
		d, err = open(o, offered)
		return err
	}))
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

// addressed gives the device of d the addresses 192.0.2.1 and 2001:db8::1 of
// subnets that are all behind it, and sets it up.
func addressed(t testing.TB, h *netlab.Host, d *Device) {
	t.Helper()
	must(t, h.Addr(d.Name(), netip.MustParsePrefix("192.0.2.1/24")))
	must(t, h.Addr(d.Name(), netip.MustParsePrefix("2001:db8::1/64")))
	must(t, h.Up(d.Name()))
}

// withoutHeader are the offers of a kernel that knows no virtio headers.
var withoutHeader = offers{flags: []uint16{unix.IFF_MULTI_QUEUE}}

func newBatch() *wire.Batch { return wire.NewBatch(1<<18, 256) }

// mirror writes back what it reads, with source and destination address
// exchanged: so a host meets itself as 192.0.2.2 and 2001:db8::2, and no checksum
// changes. What see is given it may keep until it returns. It ends with the device.
func mirror(q *Queue, see func(*wire.Frame)) error {
	b := newBatch()
	for {
		if err := q.Read(b); err != nil {
			return err
		}
		for _, f := range b.Frames() {
			see(f)
			exchange(f.Bytes())
		}
		if err := q.Write(b); err != nil {
			return err
		}
	}
}

func exchange(p []byte) {
	at, n := 12, 4
	if p[0]>>4 == 6 {
		at, n = 8, 16
	}
	var keep [16]byte
	copy(keep[:n], p[at:])
	copy(p[at:at+n], p[at+n:])
	copy(p[at+n:], keep[:n])
}

// mirrors starts a mirror on each queue of d, and stops them with the test.
func mirrors(t testing.TB, d *Device, see func(queue int, f *wire.Frame)) {
	t.Helper()
	ended := make(chan error, len(d.Queues()))
	for i, q := range d.Queues() {
		go func() { ended <- mirror(q, func(f *wire.Frame) { see(i, f) }) }()
	}
	t.Cleanup(func() {
		must(t, d.Close())
		for range d.Queues() {
			if err := <-ended; !errors.Is(err, os.ErrClosed) {
				t.Errorf("a mirror ended with %v", err)
			}
		}
	})
}

// udp4 is a UDP datagram from 192.0.2.2 to the given address.
func udp4(dst string, payload int) []byte {
	p := make([]byte, wire.IPv4Len+wire.UDPLen+payload)
	p[0], p[8], p[9] = 0x45, 64, wire.ProtoUDP
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	src, to := netip.MustParseAddr("192.0.2.2").As4(), netip.MustParseAddr(dst).As4()
	copy(p[12:], src[:])
	copy(p[16:], to[:])
	binary.BigEndian.PutUint16(p[10:], wire.Sum(0).AddBytes(p[:wire.IPv4Len]).Checksum())
	u := p[wire.IPv4Len:]
	binary.BigEndian.PutUint16(u, 4000)
	binary.BigEndian.PutUint16(u[2:], 7)
	binary.BigEndian.PutUint16(u[4:], uint16(len(u)))
	return p
}

// within fails the test if done is not closed, or sent to, in that time.
func within[T any](t testing.TB, limit time.Duration, what string, done <-chan T) T {
	t.Helper()
	select {
	case v := <-done:
		return v
	case <-time.After(limit):
		t.Fatalf("%s: nothing after %v", what, limit)
		panic("unreachable")
	}
}
