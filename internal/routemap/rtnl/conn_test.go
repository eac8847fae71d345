package rtnl

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host returns a host and a function that dials in it.
func host(t *testing.T) func(Config) *Conn {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	h, err := lab.Host("one")
	must(t, err)
	return func(cfg Config) *Conn {
		t.Helper()
		var c *Conn
		must(t, h.Do(func() error {
			var err error
			c, err = Dial(cfg)
			return err
		}))
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
}

// blackholes appends requests for n routes.
func blackholes(b *Batch, request, flags uint16, n int) {
	for i := range n {
		dst := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		b.Route(request, flags, &Route{Family: unix.AF_INET, Type: unix.RTN_BLACKHOLE, Protocol: 64, Table: 464, Dst: dst})
	}
}

func TestNetnsSend(t *testing.T) {
	c := host(t)(Config{ReceiveBuffer: 8 << 20})
	var b Batch
	failures, err := c.Send(&b)
	if err != nil || failures != nil {
		t.Errorf("an empty batch: %v, %v", failures, err)
	}
	blackholes(&b, unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, 500)
	failures, err = c.Send(&b)
	if err != nil || len(failures) > 0 {
		t.Fatalf("new routes: %v, %v", failures, err)
	}
	b.Reset()
	blackholes(&b, unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, 1000)
	failures, err = c.Send(&b)
	must(t, err)
	for i, f := range failures {
		r, _ := ParseRoute(f.Payload)
		if f.Request != i || !errors.Is(f, unix.EEXIST) || f.Type != unix.RTM_NEWROUTE || r.Dst.Addr().As4()[3] != byte(i) {
			t.Fatalf("failure %d is %+v of %v", i, f, r.Dst)
		}
	}
	if len(failures) != 500 {
		t.Errorf("%d requests failed, want the 500 of routes that were there", len(failures))
	}
	n := 0
	must(t, c.Dump(func(b *Batch) { b.Routes(unix.AF_INET, 464, 64) }, func() { n = 0 }, func(m Message) {
		if r, ok := ParseRoute(m.Payload); ok && r.Table == 464 && r.Type == unix.RTN_BLACKHOLE {
			n++
		}
	}))
	if n != 1000 {
		t.Errorf("%d routes are dumped, want 1000", n)
	}
	err = c.Ask(func(b *Batch) { b.Routes(unix.AF_INET6, 6464, 64) }, func(Message) {})
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("a table that nobody has used: %v", err)
	}
	var f Failure
	err = c.Do(func(b *Batch) {
		b.NextHop(unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE, &NextHop{ID: 1, Family: unix.AF_INET6})
	})
	if !errors.As(err, &f) || f.Errno != unix.EINVAL || f.Text == "" {
		t.Errorf("an object that leads nowhere: %v", err)
	}
}

// TestNetnsOverrun: a buffer that is too small is told of, and after a Drain the
// Conn hears again.
func TestNetnsOverrun(t *testing.T) {
	dial := host(t)
	c := dial(Config{})
	ears := dial(Config{ReceiveBuffer: 64 << 10, Groups: []uint32{unix.RTNLGRP_IPV4_ROUTE}})
	if size := ears.Buffer(); size != 128<<10 {
		t.Errorf("the buffer has %d octets", size)
	}
	var b Batch
	blackholes(&b, unix.RTM_NEWROUTE, unix.NLM_F_CREATE, 1000)
	_, err := c.Send(&b)
	must(t, err)
	err = ears.Receive(time.Time{}, func(Message) {})
	if !errors.Is(err, ErrOverrun) {
		t.Fatalf("a thousand messages: %v", err)
	}
	must(t, ears.Drain())
	b.Reset()
	blackholes(&b, unix.RTM_DELROUTE, 0, 3)
	_, err = c.Send(&b)
	must(t, err)
	n := 0
	must(t, ears.Receive(time.Now().Add(time.Minute), func(m Message) {
		if m.Type == unix.RTM_DELROUTE && m.Port == c.Port() {
			n++
		}
	}))
	if n != 3 {
		t.Errorf("%d messages after the overrun, want 3", n)
	}
}

// TestNetnsErrorsOverrun: when there is no room for what the kernel refused, that
// is told.
func TestNetnsErrorsOverrun(t *testing.T) {
	c := host(t)(Config{ReceiveBuffer: 4 << 10})
	var b Batch
	blackholes(&b, unix.RTM_DELROUTE, 0, 1000)
	if _, err := c.Send(&b); !errors.Is(err, ErrOverrun) {
		t.Errorf("a thousand refusals: %v", err)
	}
}

// TestNetnsDeaf: what a Conn is deaf to it does not hear, all else it does.
func TestNetnsDeaf(t *testing.T) {
	dial := host(t)
	conns := []*Conn{dial(Config{}), dial(Config{}), dial(Config{})}
	ears := dial(Config{Groups: []uint32{unix.RTNLGRP_IPV4_ROUTE}, Deaf: []uint32{conns[0].Port(), conns[1].Port()}})
	for i, c := range conns {
		var b Batch
		blackholes(&b, []uint16{unix.RTM_NEWROUTE, unix.RTM_DELROUTE}[i%2], unix.NLM_F_CREATE*uint16(1-i%2), 1)
		_, err := c.Send(&b)
		must(t, err)
	}
	var heard []uint32
	for {
		n, err := ears.Poll(func(m Message) { heard = append(heard, m.Port) })
		must(t, err)
		if n == 0 {
			break
		}
	}
	if len(heard) != 1 || heard[0] != conns[2].Port() {
		t.Errorf("heard of the ports %v, want %d", heard, conns[2].Port())
	}
}

// TestNetnsWake: Wake ends one Receive, whether it waits or is yet to come.
func TestNetnsWake(t *testing.T) {
	c := host(t)(Config{Groups: []uint32{unix.RTNLGRP_LINK}})
	none := func(m Message) { t.Errorf("message %+v", m) }
	c.Wake()
	must(t, c.Receive(time.Time{}, none))
	done := make(chan error)
	go func() { done <- c.Receive(time.Time{}, none) }()
	for waiting := true; waiting; {
		select {
		case err := <-done:
			must(t, err)
			waiting = false
		case <-time.After(time.Millisecond):
			c.Wake()
		}
	}
	must(t, c.Receive(time.Now().Add(-time.Second), none))
	must(t, c.Receive(time.Now().Add(time.Millisecond), none))
}

// TestNetnsOnlyTheKernelIsHeard: what another process sends to the socket is no
// message of the kernel's, however much it looks like one, or like none at all.
func TestNetnsOnlyTheKernelIsHeard(t *testing.T) {
	dial := host(t)
	c, other := dial(Config{Groups: []uint32{unix.RTNLGRP_IPV4_ROUTE}}), dial(Config{})
	var b Batch
	blackholes(&b, unix.RTM_NEWROUTE, unix.NLM_F_CREATE, 1)
	forge := func() {
		for _, octets := range [][]byte{b.buf, make([]byte, 1), make([]byte, 100_000)} {
			must(t, other.raw.Control(func(fd uintptr) {
				must(t, unix.Sendto(int(fd), octets, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: c.Port()}))
			}))
		}
	}
	forge()
	links := 0
	if err := c.Ask((*Batch).Links, func(Message) { links++ }); err != nil || links == 0 {
		t.Errorf("%d links, %v", links, err)
	}
	forge()
	heard := 0
	listen := func() { must(t, c.Receive(time.Now().Add(20*time.Millisecond), func(Message) { heard++ })) }
	if listen(); heard > 0 {
		t.Errorf("%d messages of another process are heard", heard)
	}
	failures, err := other.Send(&b)
	must(t, err)
	if listen(); heard != 1 || len(failures) > 0 {
		t.Errorf("%d messages of the kernel are heard, want 1; %v", heard, failures)
	}
}
