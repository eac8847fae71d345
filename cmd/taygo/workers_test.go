package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// Any number of workers carries all traffic, and super-packets whole where the
// kernel gives them, whichever CPU forwards what they write.
func TestNetnsWorkers(t *testing.T) {
	t.Parallel()
	for n, more := range map[int]string{1: "", 2: "rps-cpus 0\n", 8: ""} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, plan{lines: fmt.Sprintf("workers %d\n%s", n, more)})
			w.start()
			for _, x := range w.ways() {
				transfer(t, x, 4<<20)
				transfer(t, x, 4<<20)
				w.ping(x.from, x.dial, 2)
			}
			s := w.status()
			if s.Device.Workers != n || !strings.HasPrefix(s.Device.Mode, fmt.Sprintf("multi-queue %d,", n)) {
				t.Errorf("%d workers, mode %q", s.Device.Workers, s.Device.Mode)
			}
			if strings.HasSuffix(s.Device.Mode, ", rps 0") != (more != "") {
				t.Errorf("with %q: mode %q", more, s.Device.Mode)
			}
			octets, packets := s.FromIP4.Octets+s.FromIP6.Octets, s.FromIP4.Packets["translated"]+s.FromIP6.Packets["translated"]
			if mean := octets / packets; strings.Contains(s.Device.Mode, "tso") && mean < 1500 {
				t.Errorf("a packet has %d octets in the mean: no super-packets", mean)
			}
			if q := s.Device.Queues; q.BadHeader+q.Refused+q.Down+q.Full != 0 {
				t.Errorf("the device has not taken or given all: %+v", q)
			}
		})
	}
}

// A device that is lost again and again leaves nothing behind in the process, which
// can be stopped while there is none.
func TestNetnsDeviceLostAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{lines: "tun-lost wait\n"})
	w.device()
	p := w.run()
	var before resources
	for i := range 12 {
		tool(t, w.xlat, "ip", "link", "del", "nat64")
		p.log.wait(t, "device lost", i+1)
		if i == 11 {
			break
		}
		w.device()
		p.log.wait(t, deviceOpen, i+2)
		w.ping(w.six, fourAs6, 1)
		if i == 1 {
			before = p.resources()
		}
	}
	eventually(t, "descriptors closed", func() error {
		if after := p.resources(); after.descriptors >= before.descriptors || after.memory > before.memory+16<<10 {
			return fmt.Errorf("%+v without a device, %+v with one", after, before)
		}
		return nil
	})
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 0 {
		t.Errorf("status %d", code)
	}
}
