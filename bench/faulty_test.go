package bench

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/bench/load"
	"taygo/internal/netlab"
)

// A faulty translator carries packets as the null translator does, and spoils some.
type faulty struct {
	tun   int
	on    atomic.Bool
	stop  atomic.Bool
	ended chan error

	seen  int
	held  []byte // to go behind the next one
	wrong load.Tally
}

// virtio is the length of a virtio header; behind it is a UDP datagram over IPv6.
const virtio, udpAt = 10, 10 + 40

// spoil returns what is written for the packet b, with its virtio header.
func (f *faulty) spoil(b []byte) [][]byte {
	data := b[udpAt+8:]
	f.seen++
	switch f.seen % 100 {
	case 10: // lost
		f.wrong.Sent++
		return nil
	case 20:
		f.wrong.Duplicate++
		return [][]byte{b, b}
	case 30: // in a way that the checksum of UDP does not see
		f.wrong.Sent++
		f.wrong.Corrupt++
		first, second := binary.BigEndian.Uint16(data[4:]), binary.BigEndian.Uint16(data[12:])
		binary.BigEndian.PutUint16(data[4:], second)
		binary.BigEndian.PutUint16(data[12:], first)
	case 40: // in a way that it sees
		f.wrong.Sent++
		f.wrong.Refused++
		data[7] ^= 4
	case 50:
		f.wrong.Reordered++
		f.held = slices.Clone(b)
		return nil
	case 51:
		return [][]byte{b, f.held}
	}
	return [][]byte{b}
}

func (f *faulty) run() error {
	b := make([]byte, 1<<16)
	for !f.stop.Load() {
		fds := []unix.PollFd{{Fd: int32(f.tun), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, 50); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		n, err := unix.Read(f.tun, b)
		if errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil {
			return err
		}
		out := [][]byte{b[:n]}
		if f.on.Load() && n == udpAt+8+load.PayloadLen {
			out = f.spoil(b[:n])
		}
		for _, packet := range out {
			if _, err := unix.Write(f.tun, packet); err != nil {
				return err
			}
		}
	}
	return nil
}

// Everything that a faulty translator does wrong is found, and nothing else.
func TestNetnsCheckerCountsWhatGoesWrong(t *testing.T) {
	netlab.Require(t)
	l, err := newHosts(Peer{Name: "faulty", kind: null})
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	f := &faulty{ended: make(chan error, 1)}
	must(t, l.mid.Do(func() (err error) {
		f.tun, err = openTUN(device)
		return err
	}))
	t.Cleanup(func() { must(t, unix.Close(f.tun)) })
	must(t, unix.IoctlSetInt(f.tun, unix.TUNSETOFFLOAD, 0))
	go func() { f.ended <- f.run() }()
	err = l.join()
	if err == nil {
		err = l.reach(t.Context())
	}
	f.on.Store(true)
	d := &l.to6
	d.path.Settle = time.Second // a busy machine may take as long
	var got load.Tally
	if err == nil {
		got, err = l.trial(t.Context(), d, load.Shape{Flows: 1, Burst: 1}, 4000, 500*time.Millisecond)
	}
	f.stop.Store(true)
	must(t, errors.Join(err, <-f.ended))
	want := load.Tally{
		Time: got.Time, Sent: got.Sent, Arrived: got.Sent - f.wrong.Sent, InTime: got.InTime,
		Corrupt: f.wrong.Corrupt, Duplicate: f.wrong.Duplicate, Reordered: f.wrong.Reordered, Refused: f.wrong.Refused,
	}
	if f.wrong.Duplicate == 0 || f.wrong.Corrupt == 0 || f.wrong.Refused == 0 || f.wrong.Reordered == 0 {
		t.Fatalf("of %d datagrams nothing was spoilt: %+v", f.seen, f.wrong)
	}
	if got != want || got.Clean() || l.tally.Faults() == "" {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
