package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"taygo/internal/control"
)

// chat is a TCP connection that is used now and then.
type chat struct {
	t *testing.T
	net.Conn
	from string
}

// newChat connects an address of a host without a map to an echo of the IPv4 host
// at port 7, which must be there.
func (w *natWorld) newChat(local string) *chat {
	w.t.Helper()
	c, err := dialFrom(within(w.t), w.seven, "tcp", local, net.JoinHostPort(fourAs6, "7"))
	must(w.t, err)
	w.t.Cleanup(func() { _ = c.Close() })
	return &chat{w.t, c, local}
}

// exchange sends some octets and wants them back.
func (c *chat) exchange() error {
	_ = c.SetDeadline(deadline())
	sent, got := noise(3000), make([]byte, 3000)
	if _, err := c.Write(sent); err != nil {
		return err
	}
	for n := 0; n < len(got); {
		m, err := c.Read(got[n:])
		if err != nil {
			return err
		}
		n += m
	}
	if !slices.Equal(sent, got) {
		return fmt.Errorf("other octets came back")
	}
	return nil
}

// chats gives seven so many addresses more, and each of those a connection.
func (w *natWorld) chats(n int) (all []*chat) {
	w.t.Helper()
	serveTCP(w.t, w.four, four, 7, echoStream)
	for i := range n {
		local := fmt.Sprintf("2001:db8:2::%d", 100+i)
		must(w.t, w.seven.Addr("xlat", prefix(local+"/64")))
		c := w.newChat(local)
		must(w.t, c.exchange())
		all = append(all, c)
	}
	return all
}

// echoStream sends back what comes.
func echoStream(c *net.TCPConn) {
	_ = c.SetDeadline(deadline().Add(patience))
	b := make([]byte, 1<<15)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
	}
}

// A reload that takes addresses and ports from the pool ends exactly the
// connections that have those; all others go on.
func TestNetnsNAT64ReloadShrinksPool(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, pool string
		stays      func(netip.AddrPort) bool
	}{
		{"to half of its addresses", "198.51.100.128/31", func(at netip.AddrPort) bool { return prefix("198.51.100.128/31").Contains(at.Addr()) }},
		{"to half of its ports", "198.51.100.128/30 30000-65535", func(at netip.AddrPort) bool { return at.Port() >= 30000 }},
		{"to nothing of it", "198.51.100.144", func(at netip.AddrPort) bool { return at.Addr() == addr("198.51.100.144") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNATWorld(t, plan{})
			w.start()
			all := w.chats(40)
			mapped, err := w.six.Dial(within(t), "tcp", net.JoinHostPort(fourAs6, "7"))
			must(t, err)
			defer mapped.Close()
			before := map[string]netip.AddrPort{}
			for _, s := range w.sessions(natTCP) {
				before[s.IPv6.String()] = s.IPv4
			}
			w.configure("nat64-pool " + c.pool + "\n")
			good(t, w.xlat, "reload", "-c", w.conf)
			after := map[string]netip.AddrPort{}
			for _, s := range w.sessions(natTCP) {
				after[s.IPv6.String()] = s.IPv4
			}
			for _, chat := range all {
				at := before[chat.LocalAddr().String()]
				now, ok := after[chat.LocalAddr().String()]
				if stays := c.stays(at); ok != stays || stays && now != at {
					t.Errorf("the session of %s at %v is now at %v (%v)", chat.from, at, now, ok)
				}
				if c.stays(at) {
					if err := chat.exchange(); err != nil {
						t.Errorf("the connection of %s at %v: %v", chat.from, at, err)
					}
				}
			}
			if err := (&chat{t, mapped, six}).exchange(); err != nil {
				t.Errorf("the connection of a host with a map: %v", err)
			}
			for range 10 { // new ones have what is left
				seen := w.newChat(seven)
				must(t, seen.exchange())
			}
			for _, s := range w.sessions(control.Query{Protocol: "tcp", Client: prefix(seven + "/128")}) {
				if !c.stays(s.IPv4) {
					t.Errorf("a new session is at %v", s.IPv4)
				}
			}
		})
	}
}
