package tundev

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/translate/wire"
)

// next returns the next event, in words; "closed" for the end of the channel.
func next(t *testing.T, d *Device) string {
	t.Helper()
	select {
	case e, open := <-d.Events():
		if !open {
			return "closed"
		}
		return fmt.Sprint(e)
	case <-time.After(time.Second):
		t.Fatal("no event within a second")
		return ""
	}
}

func nextIs(t *testing.T, d *Device, want string) {
	t.Helper()
	if got := next(t, d); got != want {
		t.Errorf("event %s, want %s", got, want)
	}
}

// reads reads from q until an error, which it sends.
func reads(q *Queue) <-chan error {
	ended := make(chan error, 1)
	go func() {
		for b := newBatch(); ; {
			if err := q.Read(b); err != nil {
				ended <- err
				return
			}
		}
	}()
	return ended
}

func linkOf(t *testing.T, h *netlab.Host, d *Device) netlink.Link {
	t.Helper()
	l, err := h.Netlink().LinkByIndex(d.Index())
	must(t, err)
	return l
}

func TestNetnsEventsTellWhatHappens(t *testing.T) {
	h := newHost(t)
	d := openAt(t, h, Options{Queues: 2}, allOffers)
	var ended []<-chan error
	for _, q := range d.Queues() {
		ended = append(ended, reads(q))
	}
	index := d.Index()
	must(t, h.Up("nat640"))
	nextIs(t, d, "{up nat640 1500}")
	must(t, h.MTU("nat640", 9000))
	nextIs(t, d, "{mtu changed nat640 9000}")
	if mtu, err := d.MTU(); mtu != 9000 || err != nil {
		t.Errorf("MTU is %d, %v", mtu, err)
	}
	must(t, h.Down("nat640"))
	nextIs(t, d, "{down nat640 9000}")
	must(t, h.Netlink().LinkSetName(linkOf(t, h, d), "tun64"))
	nextIs(t, d, "{renamed tun64 9000}")
	if d.Name() != "tun64" || d.Index() != index {
		t.Errorf("%s has index %d, want tun64 with %d", d.Name(), d.Index(), index)
	}
	must(t, h.Up("tun64"))
	nextIs(t, d, "{up tun64 9000}")
	must(t, h.Netlink().LinkDel(linkOf(t, h, d)))
	if got := next(t, d); got != "{down tun64 9000}" { // seen if the watcher was quicker than the deletion
		nextIs(t, d, "closed")
		if got != "{gone tun64 9000}" {
			t.Errorf("event %s, want gone", got)
		}
	}
	for i := range ended {
		if err := within(t, time.Second, "reader of a deleted device", ended[i]); !errors.Is(err, ErrGone) {
			t.Errorf("reader %d of a deleted device: %v", i, err)
		}
	}
	if _, err := d.MTU(); !errors.Is(err, ErrGone) {
		t.Errorf("MTU of a deleted device: %v", err)
	}
	if d.Name() != "tun64" {
		t.Errorf("a deleted device was %q", d.Name())
	}
}

func TestNetnsMovedDeviceIsFollowed(t *testing.T) {
	h, far := newHost(t), newHost(t)
	d := openAt(t, h, Options{}, allOffers)
	must(t, h.Up(d.Name()))
	nextIs(t, d, "{up nat640 1500}")
	ended := reads(d.Queues()[0])
	must(t, h.Netlink().LinkSetNsFd(linkOf(t, h, d), int(far.Namespace())))
	if got := next(t, d); got == "{down nat640 1500}" { // if it was noticed between
		nextIs(t, d, "{moved nat640 1500}")
	} else {
		if got != "{moved nat640 1500}" {
			t.Errorf("event %s, want moved", got)
		}
		nextIs(t, d, "{down nat640 1500}")
	}
	must(t, far.MTU("nat640", 1400))
	nextIs(t, d, "{mtu changed nat640 1400}")
	if mtu, err := d.MTU(); mtu != 1400 || err != nil {
		t.Errorf("MTU is %d, %v", mtu, err)
	}
	must(t, far.Netlink().LinkDel(linkOf(t, far, d)))
	nextIs(t, d, "{gone nat640 1400}")
	if err := within(t, time.Second, "reader of a deleted device", ended); !errors.Is(err, ErrGone) {
		t.Errorf("reader of a deleted device: %v", err)
	}
}

// A watcher that falls behind loses messages, but not what they were about.
func TestNetnsEventsSurviveAnOverrun(t *testing.T) {
	h := newHost(t)
	makeAs(t, h, "other", unix.IFF_TUN|unix.IFF_NO_PI)
	d := openAt(t, h, Options{}, allOffers)
	full := cap(d.watch.events)
	for i := range full {
		must(t, h.MTU("nat640", 1400+i))
		settle(func() bool { return len(d.watch.events) == i+1 })
	}
	must(t, h.MTU("nat640", 1399)) // this one the watcher cannot deliver, so it hears nothing more
	time.Sleep(50 * time.Millisecond)
	for i := range 2000 {
		must(t, h.MTU("other", 1400+i%2))
	}
	must(t, h.MTU("nat640", 1300)) // of this, it gets no message
	for range full {
		next(t, d)
	}
	nextIs(t, d, "{mtu changed nat640 1399}")
	nextIs(t, d, "{mtu changed nat640 1300}")
	must(t, h.Up("nat640"))
	nextIs(t, d, "{up nat640 1300}")
}

func TestNetnsDownDeviceDropsAndSleeps(t *testing.T) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, Options{}, offered)
			addressed(t, h, d)
			q := d.Queues()[0]
			ended := reads(q)
			must(t, h.Down("nat640"))
			b := newBatch()
			b.Add(wire.NewFrame(udp4("192.0.2.1", 8)))
			b.Add(wire.NewFrame(udp4("192.0.2.1", 8)))
			must(t, q.Write(b))
			if s := q.Stats(); s.Down != 2 || s.Written != 0 {
				t.Errorf("after writing to a device that is down: %+v", s)
			}
			var before, after unix.Rusage
			must(t, unix.Getrusage(unix.RUSAGE_SELF, &before))
			time.Sleep(300 * time.Millisecond)
			must(t, unix.Getrusage(unix.RUSAGE_SELF, &after))
			if spent := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()); spent > 100*time.Millisecond {
				t.Errorf("waiting 300 ms for a device that is down took %v of a core", spent)
			}
			must(t, h.Up("nat640"))
			read := q.Stats().Read
			must(t, q.Write(b))
			if s := q.Stats(); s.Written != 2 {
				t.Errorf("after writing to a device that is up again: %+v", s)
			}
			c, err := h.Dial(t.Context(), "udp", "192.0.2.2:9")
			must(t, err)
			defer c.Close()
			_, err = c.Write([]byte("x"))
			must(t, err)
			for end := time.Now().Add(time.Second); q.Stats().Read == read; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("nothing read within a second of the device being up")
				}
			}
			must(t, d.Close())
			if err := within(t, time.Second, "reader of a closed device", ended); !errors.Is(err, os.ErrClosed) {
				t.Errorf("reader of a closed device: %v", err)
			}
		})
	}
}
