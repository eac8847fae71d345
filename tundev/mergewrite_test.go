package tundev

import (
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/translate/wire"
)

// A UDP socket takes no message of more than 65,507 octets, and so some
// super-packets not, but their packets.
func TestMergeThatIsRefusedGoesSingly(t *testing.T) {
	receiver, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	defer receiver.Close()
	must(t, receiver.SetReadBuffer(1<<20))
	sender, err := net.DialUDP("udp4", nil, receiver.LocalAddr().(*net.UDPAddr))
	must(t, err)
	defer sender.Close()
	raw, err := sender.SyscallConn()
	must(t, err)
	q := new(Queue)
	must(t, raw.Control(func(fd uintptr) { q.port = newDirect(int(fd), -1, granted.all) }))
	for _, c := range []struct {
		packets, size int
		want          Stats
	}{
		{5, 13089, Stats{Written: 5, Merged: 4}}, // 65,503 octets with both headers
		{5, 13091, Stats{Written: 5}},
		{3, 21820, Stats{Written: 3}},
	} {
		before := q.Stats()
		var given []sent
		for i := range c.packets {
			x := flow("UDP6", 0, i, c.size)
			given = append(given, x.sent())
		}
		must(t, q.Write(batchOf(given...)))
		got := q.Stats()
		got.Written, got.Merged = got.Written-before.Written, got.Merged-before.Merged
		if got != c.want {
			t.Errorf("%d packets of %d octets are counted %+v, want %+v", c.packets, c.size, got, c.want)
		}
		var packets [][]byte
		for range got.Written - got.Merged {
			b := make([]byte, 1<<16)
			n, err := receiver.Read(b)
			must(t, err)
			must(t, judge(b[:n]))
			one, err := kernelCuts(b[:n])
			must(t, err)
			packets = append(packets, one...)
		}
		for i, p := range packets {
			if !slices.Equal(p, given[i].packets[0]) {
				t.Errorf("packet %d of %d is\n% x, want\n% x", i, c.packets, p, given[i].packets[0])
			}
		}
	}
}

// nullFile returns a descriptor that takes every write.
func nullFile(t testing.TB) int {
	t.Helper()
	fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { must(t, unix.Close(fd)) })
	return fd
}

// mixed is a batch of n packets in turn of so many flows.
func mixed(n, flows, payload int, kind ...string) *wire.Batch {
	b := new(wire.Batch)
	for i := range n {
		f := i % flows
		x := flow(kind[f%len(kind)], f, i/flows, payload)
		x.four.ID, x.four.DF = 0, true
		b.Add(x.sent().frame)
	}
	return b
}

func TestMergeAllocatesNothing(t *testing.T) {
	q := &Queue{port: newDirect(nullFile(t), -1, granted.all)}
	for _, flows := range []int{1, 4, 64} {
		b := mixed(256, flows, 36, kinds...)
		if n := testing.AllocsPerRun(100, func() { must(t, q.Write(b)) }); n != 0 {
			t.Errorf("%v allocations for 256 packets of %d flows", n, flows)
		}
	}
	if s := q.Stats(); s.Merged == 0 {
		t.Errorf("counted %+v, nothing merged", s)
	}
}

// Whoever looks at the counters while a writer runs sees them grow.
func TestMergeIsCountedWhileOthersLook(t *testing.T) {
	q := &Queue{port: newDirect(nullFile(t), -1, granted.all)}
	b := mixed(64, 2, 36, "UDP4")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 200 {
			if err := q.Write(b); err != nil {
				t.Error(err)
			}
		}
	}()
	last := Stats{}
	for running := true; running; {
		select {
		case <-ended:
			running = false
		default:
		}
		s := q.Stats()
		if s.Written < last.Written || s.Merged < last.Merged {
			t.Errorf("counted %+v after %+v", s, last)
		}
		last = s
	}
	if want := (Stats{Written: 200 * 64, Merged: 200 * 62}); last != want {
		t.Errorf("counted %+v, want %+v", last, want)
	}
}
