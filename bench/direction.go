package bench

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"taygo/bench/load"
	"taygo/internal/netlab"
)

// A direction is one way along a line.
type direction struct {
	from, to     *netlab.Host
	src, dst, at netip.Addr // of the sender; of the receiver, as the sender knows it and as it has it

	path load.Path    // the whole way
	tun  *load.Sender // puts packets into the translator's device; nil where there is none
}

// open opens the sockets for datagrams of a peer on mid.
func (d *direction) open(mid *netlab.Host, k kind) error {
	router, err := mid.Netlink().LinkByName(d.from.Name())
	if err != nil {
		return err
	}
	err = d.from.Do(func() (err error) {
		d.path.Sender, err = load.NewSender(mid.Name(), router.Attrs().HardwareAddr, d.src, d.dst)
		return err
	})
	if err == nil && k != plain {
		err = mid.Do(func() (err error) {
			d.tun, err = load.NewSender(device, nil, d.src, d.dst)
			return err
		})
	}
	if err != nil {
		return err
	}
	return d.to.Do(func() (err error) {
		d.path.Receiver, err = load.NewReceiver(d.at)
		return err
	})
}

// close closes those sockets that are open.
func (d *direction) close() error {
	var errs []error
	if d.path.Sender != nil {
		errs = append(errs, d.path.Sender.Close())
	}
	if d.tun != nil {
		errs = append(errs, d.tun.Close())
	}
	if d.path.Receiver != nil {
		errs = append(errs, d.path.Receiver.Close())
	}
	return errors.Join(errs...)
}

// rated returns the path for trials at high rates. It begins in the transmit queue
// of the translator's device: the router's work before that is the same for all,
// and takes so much of the sender's CPU that it would limit what can be measured.
func (d *direction) rated() load.Path {
	p := d.path
	if d.tun != nil {
		p.Sender = d.tun
	}
	return p
}

// connect makes n TCP connections.
func (d *direction) connect(ctx context.Context, n int) ([]load.Connection, error) {
	server, err := d.to.Listen("tcp", netip.AddrPortFrom(d.at, 0).String())
	if err != nil {
		return nil, err
	}
	defer server.Close()
	at := netip.AddrPortFrom(d.dst, server.Addr().(*net.TCPAddr).AddrPort().Port())
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all := make([]load.Connection, n)
	for i := range all {
		c := &all[i]
		if c.From, err = d.from.Dial(ctx, "tcp", at.String()); err == nil {
			c.To, err = server.Accept()
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(all))
		}
	}
	return all, nil
}

func closeAll(connections []load.Connection) error {
	var errs []error
	for _, c := range connections {
		for _, end := range []net.Conn{c.From, c.To} {
			if end != nil {
				errs = append(errs, end.Close())
			}
		}
	}
	return errors.Join(errs...)
}
