package tundev

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/translate/wire"
)

func TestNetnsWriteCountsWhatTheKernelDoesNotTake(t *testing.T) {
	nonsense := wire.NewFrame(make([]byte, 40)) // of IP version 0
	contradiction := wire.NewFrame(make([]byte, 40))
	contradiction.Offload.Partial = true
	good := wire.NewFrame(udp4("192.0.2.1", 8))
	for _, c := range []struct {
		name    string
		offered offers
		frames  []*wire.Frame
		want    Stats
	}{
		{"a packet", allOffers, []*wire.Frame{good, good}, Stats{Written: 2}},
		{"a packet by the library", withoutHeader, []*wire.Frame{good, good}, Stats{Written: 2}},
		{"no IP", allOffers, []*wire.Frame{good, nonsense, good}, Stats{Written: 2, Refused: 1}},
		{"no IP by the library", withoutHeader, []*wire.Frame{good, nonsense, good}, Stats{Written: 2, Refused: 1}},
		{"a false offload", allOffers, []*wire.Frame{contradiction, good}, Stats{Written: 1, BadFrame: 1}},
		{"an offload by the library", withoutHeader, []*wire.Frame{contradiction, good}, Stats{Written: 1, BadFrame: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, Options{}, c.offered)
			addressed(t, h, d)
			var b wire.Batch
			must(t, d.Queues()[0].Write(&b)) // nothing
			for _, f := range c.frames {
				b.Add(f)
			}
			must(t, d.Queues()[0].Write(&b))
			if got := d.Queues()[0].Stats(); got != c.want {
				t.Errorf("counted %+v, want %+v", got, c.want)
			}
		})
	}
}

// A TUN device seldom lacks room, so this writes to a socket that nobody reads.
func TestWriteDoesNotWaitForRoom(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	q := &Queue{port: newDirect(pair[0], -1, new(Mode))}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	var b wire.Batch
	for range 10_000 {
		b.Add(wire.NewFrame(udp4("192.0.2.1", 8)))
	}
	must(t, q.Write(&b)) // comes back, though nobody reads
	s := q.Stats()
	if s.Written == 0 || s.Full == 0 || s != (Stats{Written: 10_000 - s.Full, Full: s.Full}) {
		t.Errorf("counted %+v, want some written, the others dropped", s)
	}
	read := uint64(0)
	for p := make([]byte, 100); ; read++ {
		if _, err := unix.Read(pair[1], p); err != nil {
			break
		}
	}
	if read != s.Written {
		t.Errorf("%d packets lie in the queue, %d were counted", read, s.Written)
	}
}

func TestTallyKnowsWhatTheKernelAnswers(t *testing.T) {
	for errno, want := range map[unix.Errno]tally{
		0:            {written: 1},
		unix.EIO:     {down: 1},
		unix.EAGAIN:  {full: 1},
		unix.ENOBUFS: {full: 1},
		unix.ENOMEM:  {full: 1},
		unix.EINVAL:  {refused: 1},
		unix.EFAULT:  {refused: 1},
	} {
		var got tally
		if got.wrote(errno); got != want {
			t.Errorf("%v is counted as %+v, want %+v", errno, got, want)
		}
	}
}

// What does not fit into the queue is missed, and counted from Open on.
func TestNetnsMissedCountsWhatTheQueueDoesNotHold(t *testing.T) {
	const room, sent = 10, 300
	h := newHost(t)
	makeAs(t, h, "nat64", unix.IFF_TUN|unix.IFF_NO_PI)
	open := func(want uint64) *Device {
		d := openAt(t, h, Options{Name: "nat64"}, allOffers)
		if missed, err := d.Missed(); missed != want || err != nil {
			t.Errorf("at first %d are missed, %v", missed, err)
		}
		return d
	}
	d := open(0)
	addressed(t, h, d)
	l, err := h.Netlink().LinkByName("nat64")
	must(t, err)
	must(t, h.Netlink().LinkSetTxQLen(l, room))
	send(t, h, sent)
	const others = 20 // that the kernel sends by itself
	missed, err := d.Missed()
	if missed < sent-room || missed > sent+others || err != nil {
		t.Errorf("of %d packets for a queue of %d, %d are missed, %v", sent, room, missed, err)
	}
	must(t, d.Close())
	open(0)
}

func TestNetnsReadDrainsTheQueueInOrder(t *testing.T) {
	h := newHost(t)
	d := openAt(t, h, Options{}, allOffers)
	addressed(t, h, d)
	send(t, h, 300)
	for _, c := range []struct {
		name          string
		octets, n     int
		least, atMost int
	}{
		{"a batch of few frames", 1 << 18, 10, 10, 10},
		{"a batch with room for one super-packet", wire.Headroom + wire.MaxPacket, 256, 1, 1},
		{"a large batch", 1 << 20, 1024, 289, 320}, // and what else the kernel sent
	} {
		b := wire.NewBatch(c.octets, c.n)
		must(t, d.Queues()[0].Read(b))
		if n := len(b.Frames()); n < c.least || n > c.atMost {
			t.Errorf("%s holds %d packets, want %d to %d", c.name, n, c.least, c.atMost)
		}
	}
	small := wire.NewBatch(wire.Headroom+wire.MaxPacket-1, 256)
	if err := d.Queues()[0].Read(small); err == nil || !strings.Contains(err.Error(), "make it larger") {
		t.Errorf("a batch without room for a packet: %v", err)
	}
}

// send sends n datagrams from the host into its device.
func send(t testing.TB, h *netlab.Host, n int) {
	t.Helper()
	c, err := h.Dial(t.Context(), "udp", "192.0.2.2:9")
	must(t, err)
	defer c.Close()
	for range n {
		_, err := c.Write([]byte("packet"))
		must(t, err)
	}
}

func TestNetnsCloseWakesEveryReader(t *testing.T) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		t.Run(name, func(t *testing.T) {
			d := openAt(t, newHost(t), Options{Queues: 4}, offered)
			var ended []<-chan error
			for _, q := range d.Queues() {
				ended = append(ended, reads(q))
			}
			time.Sleep(20 * time.Millisecond) // most of them sleep by now; all must wake
			must(t, d.Close())
			for _, e := range ended {
				if err := within(t, time.Second, "reader of a closed device", e); !errors.Is(err, os.ErrClosed) {
					t.Errorf("reader of a closed device: %v", err)
				}
			}
			var b wire.Batch
			b.Add(wire.NewFrame(udp4("192.0.2.1", 8)))
			if err := d.Queues()[0].Write(&b); !errors.Is(err, os.ErrClosed) {
				t.Errorf("writer to a closed device: %v", err)
			}
			if err := d.Queues()[0].Read(newBatch()); !errors.Is(err, os.ErrClosed) {
				t.Errorf("reader of a closed device: %v", err)
			}
			if _, err := d.MTU(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("MTU of a closed device: %v", err)
			}
			if _, open := <-d.Events(); open {
				t.Error("an event of a closed device")
			}
			must(t, d.Close())
		})
	}
}

func TestNetnsDeletedDevice(t *testing.T) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, Options{}, offered)
			q := d.Queues()[0]
			ended := reads(q)
			time.Sleep(10 * time.Millisecond)
			must(t, h.Netlink().LinkDel(linkOf(t, h, d)))
			if err := within(t, time.Second, "reader of a deleted device", ended); !errors.Is(err, ErrGone) {
				t.Errorf("reader of a deleted device: %v", err)
			}
			var b wire.Batch
			b.Add(wire.NewFrame(udp4("192.0.2.1", 8)))
			if err := q.Write(&b); !errors.Is(err, ErrGone) {
				t.Errorf("writer to a deleted device: %v", err)
			}
			again := openAt(t, h, Options{Name: d.Name()}, offered) // while the old one is not closed
			if again.Name() != "nat640" {
				t.Errorf("the new device is %q", again.Name())
			}
		})
	}
}

func TestNetnsOpenAndCloseLeakNothing(t *testing.T) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		turns := map[string]int{"direct": 100, "library": 20}[name]
		h := newHost(t)
		turn := func(queues int) error {
			return h.Do(func() error {
				d, err := open(Options{Queues: queues, Offload: true}, offered)
				if err != nil {
					return err
				}
				ended := reads(d.Queues()[0])
				must(t, d.Close())
				within(t, time.Second, "reader", ended)
				return nil
			})
		}
		must(t, turn(2))
		files, routines := openFiles(t), runtime.NumGoroutine()
		for range turns {
			must(t, turn(2))
		}
		if err := turn(257); !errors.Is(err, unix.E2BIG) { // fails when much is open already
			t.Errorf("257 queues: %v", err)
		}
		settle(func() bool { return openFiles(t) <= files && runtime.NumGoroutine() <= routines })
		if f, r := openFiles(t), runtime.NumGoroutine(); f > files || r > routines {
			t.Errorf("%s: %d files and %d goroutines, were %d and %d", name, f, r, files, routines)
		}
	}
}

// settle waits until ok, for some seconds at most.
func settle(ok func() bool) {
	for range 3000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	return len(files)
}
