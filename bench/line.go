package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"taygo/bench/load"
	"taygo/internal/netlab"
)

// The addresses of a line.
var (
	fourAddr   = netip.MustParseAddr("192.0.2.80")     // the IPv4 host
	fourRouter = netip.MustParseAddr("192.0.2.1")      // its router
	sixAddr    = netip.MustParseAddr("2001:db8:1::10") // the IPv6 host
	sixRouter  = netip.MustParseAddr("2001:db8:1::1")

	own4    = netip.MustParseAddr("203.0.113.1") // the translator's own
	own6    = netip.MustParseAddr("2001:db8::64")
	prefix  = netip.MustParsePrefix("2001:db8:64::/96")
	sixAs4  = netip.MustParseAddr("198.51.100.10")           // by the map
	fourAs6 = netip.MustParseAddr("2001:db8:64::192.0.2.80") // by the prefix

	// The host in the place of the IPv4 host where nobody translates.
	farAddr   = netip.MustParseAddr("2001:db8:4::80")
	farRouter = netip.MustParseAddr("2001:db8:4::1")
)

const (
	device = "nat64"
	mtu    = 1500 // octets, of all links

	txQueueLen = 4096 // packets
)

// A line is three hosts in a row: an IPv4 host, the host on which a peer
// translates, an IPv6 host. With a peer that does not translate both ends are
// IPv6 hosts. Nothing else is on it.
type line struct {
	peer           Peer
	lab            *netlab.Lab
	four, mid, six *netlab.Host
	to6, to4       direction
	process        *process // nil where the kernel does all
	rest           float64  // memory of the process before its first packet, in octets
	tally          load.Tally
}

// newLine builds the hosts, and starts the peer with its files in dir.
func newLine(ctx context.Context, p Peer, dir string) (*line, error) {
	l, err := newHosts(p)
	if err != nil {
		return nil, err
	}
	if err = l.run(dir); err == nil {
		err = l.join()
	}
	if err == nil && l.process != nil {
		l.rest, err = l.process.memory()
	}
	if err == nil {
		err = l.reach(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("bench: peer %s: %w", p.Name, errors.Join(err, l.Close()))
	}
	return l, nil
}

// newHosts builds the hosts and the links between them.
func newHosts(p Peer) (*line, error) {
	lab, err := netlab.New()
	if err != nil {
		return nil, err
	}
	l := &line{peer: p, lab: lab}
	if err := l.build(); err != nil {
		return nil, errors.Join(err, lab.Close())
	}
	return l, nil
}

func (l *line) build() error {
	for name, h := range map[string]**netlab.Host{"four": &l.four, "mid": &l.mid, "six": &l.six} {
		var err error
		if *h, err = l.lab.Host(name); err != nil {
			return err
		}
	}
	four, router, length := fourAddr, fourRouter, 24
	l.to6 = direction{from: l.four, to: l.six, src: fourAddr, dst: sixAs4, at: sixAddr}
	l.to4 = direction{from: l.six, to: l.four, src: sixAddr, dst: fourAs6, at: fourAddr}
	all := netip.MustParsePrefix("0.0.0.0/0")
	if !l.peer.kind.translates() {
		four, router, length, all = farAddr, farRouter, 64, netip.MustParsePrefix("::/0")
		l.to6.src, l.to6.dst = farAddr, sixAddr
		l.to4.dst, l.to4.at = farAddr, farAddr
	}
	if err := l.lab.Link(l.four.End(netip.PrefixFrom(four, length)), l.mid.End(netip.PrefixFrom(router, length)), mtu); err != nil {
		return err
	}
	if err := l.lab.Link(l.six.End(netip.PrefixFrom(sixAddr, 64)), l.mid.End(netip.PrefixFrom(sixRouter, 64)), mtu); err != nil {
		return err
	}
	return errors.Join(l.mid.Forward(), l.four.Route(all, router, "mid"), l.six.Route(netip.MustParsePrefix("::/0"), sixRouter, "mid"))
}

// run starts the peer's program and waits until it has made its device.
func (l *line) run(dir string) error {
	if l.peer.Path == "" {
		return nil
	}
	config := filepath.Join(dir, l.peer.Name+".conf")
	err := os.WriteFile(config, []byte(l.peer.configuration()), 0o600)
	if err != nil {
		return err
	}
	program, err := filepath.Abs(l.peer.Path)
	if err != nil {
		return err
	}
	if l.process, err = start(l.mid, translatorCPU, program, l.peer.arguments(config)...); err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err = l.mid.Netlink().LinkByName(device); err == nil {
			return nil
		}
		if err := l.process.alive(); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("no device %s after %v: %w: %s", device, patience, err, l.process.said)
		}
	}
}

// patience is how long a peer may take for what takes milliseconds.
const patience = 20 * time.Second

// join sets the peer's device up, if it has one, and leads all packets to it. All
// peers get the transmit queue that taygo gives itself: Tayga leaves the 500
// packets of the kernel, and its rate without loss would be that of the queue. All
// are given their packets by rules, because the null translator's go back to where
// their destination is, so that the kernel works the same for each.
func (l *line) join() error {
	if l.peer.kind == plain {
		return nil
	}
	link, err := l.mid.Netlink().LinkByName(device)
	if err == nil {
		err = l.mid.Netlink().LinkSetTxQLen(link, txQueueLen)
	}
	if err == nil {
		err = l.mid.Up(device)
	}
	if err != nil {
		return err
	}
	return errors.Join(l.mid.Divert("four", device), l.mid.Divert("six", device))
}

// reach opens the sockets of both directions and waits until packets pass.
func (l *line) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for name, d := range map[string]*direction{"4→6": &l.to6, "6→4": &l.to4} {
		err := d.open(l.mid, l.peer.kind)
		if err == nil {
			err = load.On(loadCPU, func() error { return d.path.Reach(ctx) })
		}
		if err != nil {
			return fmt.Errorf("%s: no packet passes: %w", name, err)
		}
	}
	return nil
}

// cpu returns the CPU time that the peer has used; 0 if the kernel does all.
func (l *line) cpu() (time.Duration, error) {
	if l.process == nil {
		return 0, nil
	}
	return l.process.cpu()
}

// alive returns an error that tells the last words of a peer that has ended.
func (l *line) alive() error {
	if l.process == nil {
		return nil
	}
	return l.process.alive()
}

// offload lets the ends carry super-packets, or not.
func (l *line) offload(on bool) error {
	return errors.Join(l.four.Offload("mid", on), l.six.Offload("mid", on))
}

// Close ends the peer and gives up the hosts.
func (l *line) Close() error {
	if l.process != nil {
		l.process.stop()
	}
	return errors.Join(l.to6.close(), l.to4.close(), l.lab.Close())
}
