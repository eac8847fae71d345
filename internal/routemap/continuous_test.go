package routemap

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rib"
	"taygo/internal/routemap/rtnl"
)

// TestNetnsMapContinuous: while routes change, no destination is without a route
// that has one all the time. The kernel is asked, and each change that it tells of
// is followed.
func TestNetnsMapContinuous(t *testing.T) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact, AggregateLoose} {
		l := newMapLab(t)
		l.opt.Aggregate = aggregate
		l.ip("-6 rule add to 2001:db8:64::/96 table 6464")
		l.ip("nexthop add id 1 via " + gwA4 + " dev a")
		told := l.ears(unix.RTNLGRP_IPV6_ROUTE)
		l.start()
		l.ip("route add table 464 10.0.0.0/8 nhid 1")
		l.equal()
		l.fill(2000)
		l.equal()

		var stop atomic.Bool
		looked := make(chan int)
		go func() { looked <- l.look(&stop) }()
		l.change(60)
		l.equal()
		stop.Store(true)
		n := <-looked
		changes, failure := follow(told)
		if failure != "" {
			t.Errorf("aggregation %d: %s", aggregate, failure)
		}
		if n == 0 || changes < 1000 {
			t.Errorf("%d looks were taken, %d changes heard", n, changes)
		}
	}
}

// change changes routes inside 10.0.0.0/8, the next hop of that, and the Mapper.
func (l *mapLab) change(rounds int) {
	rng := rand.New(rand.NewPCG(6, 4))
	var b rtnl.Batch
	for round := range rounds {
		for range 300 {
			i := rng.IntN(2000)
			l.route(&b, []uint16{unix.RTM_NEWROUTE, unix.RTM_NEWROUTE, unix.RTM_DELROUTE}[rng.IntN(3)], i, rng.IntN(2))
		}
		l.send(&b)
		switch round % 15 {
		case 3:
			l.ip("nexthop replace id 1 via " + gwB4 + " dev b")
		case 6:
			l.ip("nexthop replace id 1 via " + gwA4 + " dev a")
		case 9:
			must(l.t, l.m.Resync(l.t.Context()))
		case 12:
			l.end()
			l.start()
		}
	}
}

// follow follows what the kernel has told of the table, and returns how many changes
// that were and, if any, the first after which an address in 10.0.0.0/8 had no route.
func follow(told *rtnl.Conn) (changes int, failure string) {
	table := rib.New()
	whole := rib.Prefix{Addr: 10 << 24, Bits: 8}
	begun := false
	for {
		n, err := told.Poll(func(e rtnl.Message) {
			r, ok := rtnl.ParseRoute(e.Payload)
			if !ok || r.Table != DefaultTable || failure != "" {
				return
			}
			a := r.Dst.Addr().As16()
			p, _ := rib.PrefixOf(netip.PrefixFrom(netip.AddrFrom4([4]byte(a[12:])), r.Dst.Bits()-96))
			leads := rib.NextHop(1)
			if r.Type == unix.RTN_THROW {
				leads = rib.None
			}
			changes++
			if e.Type == unix.RTM_NEWROUTE {
				table.Set(p, leads)
			} else {
				table.Delete(p)
			}
			begun = begun || p == whole
			for _, addr := range []uint32{p.Addr, p.Last()} {
				_, nh, routed := table.Lookup(addr)
				if begun && whole.Contains(addr) && (!routed || nh == rib.None) {
					failure = v4(addr).String() + " has no route after " + r.Dst.String() + " changed"
				}
			}
		})
		if err != nil {
			return changes, err.Error()
		}
		if n == 0 || failure != "" {
			return changes, failure
		}
	}
}

// look sends packets to addresses in 10.0.0.0/8 until it is stopped. It returns how
// many. (RTM_GETROUTE will not do: it looks at what is cached with a nexthop object,
// and when one of its routes goes, denies for a while that there are others.) A
// packet in the very moment in which another route takes the place of its own can
// fail in the kernel, which finds the old one but cannot hold it any more; so two in
// a row count.
func (l *mapLab) look(stop *atomic.Bool) int {
	fd := -1
	if err := l.Do(func() error {
		var err error
		fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	}); err != nil {
		l.t.Error(err)
		return 0
	}
	defer unix.Close(fd)
	n := 0
	for failed := 0; !stop.Load(); {
		to := unix.SockaddrInet6{Port: 9, Addr: l.opt.Prefix.EmbedAddr(numbered(n % 2000).Addr()).As16()}
		err := unix.Sendto(fd, []byte("look"), 0, &to)
		switch {
		case err == nil || errors.Is(err, unix.EAGAIN):
			n, failed = n+1, 0
		case failed < 1:
			failed++
		default:
			l.t.Errorf("a packet to %v after %d others: %v", netip.AddrFrom16(to.Addr), n, err)
			return n
		}
	}
	return n
}
