package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"taygo/internal/netlab"
)

// A pinger sends echo requests from one address and hears all ICMP that comes
// there. It belongs to one goroutine.
type pinger struct {
	conn    *net.IPConn
	dialect *dialect
	v6      bool
	id, seq uint16
}

// newPinger opens a raw socket on a host.
func newPinger(h *netlab.Host, from netip.Addr) (*pinger, error) {
	p := &pinger{dialect: icmpv4, v6: from.Is6(), id: uint16(rand.Uint32())}
	network := "ip4:icmp"
	if p.v6 {
		p.dialect, network = icmpv6, "ip6:ipv6-icmp"
	}
	c, err := h.ListenPacket(network, from.String())
	if err != nil {
		return nil, err
	}
	p.conn = c.(*net.IPConn)
	return p, nil
}

func (p *pinger) close() { p.conn.Close() }

// An answer is a message, who sent it, and how long after the request.
type answer struct {
	message
	from netip.Addr
	took time.Duration
}

// defaultHops is enough for any path here.
const defaultHops = 64

// probe sends an echo request with a TTL or hop limit, and returns what comes
// back for it.
func (p *pinger) probe(to netip.Addr, hops int) (answer, error) {
	if err := p.setHops(hops); err != nil {
		return answer{}, err
	}
	p.seq++
	begun := time.Now()
	if _, err := p.conn.WriteTo(p.dialect.request(p.id, p.seq, 56), &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return answer{}, err
	}
	a, err := p.hear(begun, func(m message) bool { return m.id == p.id && m.seq == p.seq })
	if err != nil {
		return answer{}, fmt.Errorf("ping %s: %w", write(to), err)
	}
	return a, nil
}

// hear waits for a message that is wanted.
func (p *pinger) hear(begun time.Time, wanted func(message) bool) (answer, error) {
	const wait = time.Second
	if err := p.conn.SetReadDeadline(begun.Add(wait)); err != nil {
		return answer{}, err
	}
	b := make([]byte, 4096)
	for {
		n, from, err := p.conn.ReadFromIP(b)
		took := time.Since(begun)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return answer{}, fmt.Errorf("nothing came back in %v", wait)
		case err != nil:
			return answer{}, err
		}
		m, ok := p.dialect.read(b[:n])
		if !ok || !wanted(m) {
			continue
		}
		a, _ := netip.AddrFromSlice(from.IP)
		return answer{m, a.Unmap(), took}, nil
	}
}

func (p *pinger) setHops(hops int) error {
	level, option := syscall.IPPROTO_IP, syscall.IP_TTL
	if p.v6 {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_UNICAST_HOPS
	}
	raw, err := p.conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), level, option, hops) })
	return errors.Join(err, set)
}

// echo wants an echo reply, from the address that was asked.
func (p *pinger) echo(to netip.Addr) (time.Duration, error) {
	a, err := p.probe(to, defaultHops)
	switch {
	case err != nil:
		return 0, err
	case a.kind != echoReply || a.from != to:
		return 0, fmt.Errorf("ping %s: %s came from %s", write(to), a.kind, write(a.from))
	}
	return a.took, nil
}

// ping sends n echo requests and wants all of them answered.
func ping(ctx context.Context, h *netlab.Host, from, to netip.Addr, n int) (string, error) {
	p, err := newPinger(h, from)
	if err != nil {
		return "", err
	}
	defer p.close()
	var times []time.Duration
	for range n {
		took, err := p.echo(to)
		if err != nil {
			return "", fmt.Errorf("%w (%d answered before)", err, len(times))
		}
		times = append(times, took)
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return "", err
		}
	}
	slices.Sort(times)
	return fmt.Sprintf("%s answered %d of %d, median %v", write(to), n, n, times[n/2].Round(time.Microsecond)), nil
}

// pause waits, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
