package lab

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// A step shows one thing. run returns what was seen.
type step struct {
	name string
	run  func(context.Context) (string, error)
}

// What the servers say to the host, by the way that its packets come.
const (
	by1 = "isp1 sees 192.0.2.65"
	by2 = "isp2 sees 192.0.2.81"
)

// steps returns what the lab shows, in order.
func (n *network) steps() []step {
	return []step{
		n.after("all up", nothing, by1, by2),
		{"ping", n.ping},
		n.after("isp1 loses a route", n.near("isp1", "disable"), by2, by2),
		n.after("it has it again", n.near("isp1", "enable"), by1, by2),
		n.after("a session ends", n.session("border2", "upstream", "disable"), by1, by1),
		n.after("it is back", n.session("border2", "upstream", "enable"), by1, by2),
		n.after("BIRD of border1 ends", func(context.Context) error { return n.stopBIRD("border1") }, by2, by2),
		n.after("and is back", func(context.Context) error { return n.startBIRD("border1") }, by1, by2),
		n.after("link of border2 down", func(context.Context) error { return n.hosts["border2"].Down("core") }, by1, by1),
	}
}

func nothing(context.Context) error { return nil }

// near has an upstream network disable or enable the route near to it.
func (n *network) near(isp, what string) func(context.Context) error {
	return func(ctx context.Context) error { return n.birdc(ctx, isp, what, "near") }
}

// session has BIRD of a host disable or enable a session.
func (n *network) session(name, session, what string) func(context.Context) error {
	return func(ctx context.Context) error { return n.birdc(ctx, name, what, session) }
}

// after returns the step that does something, and then wants each server to be
// reached by the way that it is to be, and the mapped routes to be proven equal to the
// IPv4 ones.
func (n *network) after(name string, do func(context.Context) error, want ...string) step {
	return step{name, func(ctx context.Context) (string, error) {
		began := time.Now()
		if err := do(ctx); err != nil {
			return "", err
		}
		for i, server := range servers {
			if err := n.reach(ctx, server, want[i]); err != nil {
				return "", err
			}
		}
		took := time.Since(began).Round(time.Millisecond)
		v, err := n.mapper.VerifyRoutes(ctx, true, nil)
		switch {
		case err != nil:
			return "", err
		case !v.Equal || v.Missing+v.Surplus > 0:
			return "", fmt.Errorf("the tables differ: %+v", v)
		}
		return fmt.Sprintf("%s: %s; %s: %s; after %v; %d routes verified", servers[0], want[0], servers[1], want[1], took, v.Kernel), nil
	}}
}

// reach has the host connect to a server until what that says is as wanted.
func (n *network) reach(ctx context.Context, server, want string) error {
	said := ""
	for ctx.Err() == nil {
		got, err := n.connect(ctx, server)
		if err == nil && got == want {
			return nil
		}
		if said = got; err != nil {
			said = err.Error()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s: want %q, last was: %s", server, want, said)
}

// connect opens one connection from the host and returns what the server says.
func (n *network) connect(ctx context.Context, server string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	c, err := n.hosts["inner"].Dial(ctx, "tcp", netip.AddrPortFrom(as6(server), 7).String())
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(250 * time.Millisecond)); err != nil {
		return "", err
	}
	said, err := io.ReadAll(c)
	return string(said), err
}

// ping has the host ping each server.
func (n *network) ping(ctx context.Context) (string, error) {
	for _, server := range servers {
		if _, err := n.hosts["inner"].Run(ctx, "ping", "-n", "-c", "3", "-i", "0.1", "-W", "2", as6(server).String()); err != nil {
			return "", err
		}
	}
	return "3 of 3 answers from each", nil
}

// as6 returns the IPv6 address of an IPv4 one in the prefix (RFC 6052 §2.2).
func as6(v4 string) netip.Addr {
	a, b := netip.MustParseAddr("2001:db8:64::").As16(), netip.MustParseAddr(v4).As4()
	copy(a[12:], b[:])
	return netip.AddrFrom16(a)
}
