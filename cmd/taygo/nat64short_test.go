package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// Thousands of short connections, or with TAYGO_LONG fifty thousand, are opened and
// closed without a fault, and each has a session.
func TestNetnsNAT64ShortConnections(t *testing.T) {
	t.Parallel()
	many := 4000
	if os.Getenv("TAYGO_LONG") != "" {
		many = 50_000
	}
	w := newNATWorld(t, plan{lines: "nat64-pool 198.51.100.128/28\n"})
	w.start()
	serveTCP(t, w.four, four, 7, func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	const workers = 8
	var all sync.WaitGroup
	var used sync.Map // transport addresses: kernels take some twice
	begun := time.Now()
	for i := range workers {
		local := fmt.Sprintf("2001:db8:2::%d", 100+i)
		must(t, w.seven.Addr("xlat", prefix(local+"/64")))
		all.Go(func() {
			if err := shortConnections(w.seven, local, many/workers, &used); err != nil {
				t.Errorf("from %s: %v", local, err)
			}
		})
	}
	all.Wait()
	t.Logf("%.0f connections a second", float64(many)/time.Since(begun).Seconds())
	distinct := 0
	for range used.Range {
		distinct++
	}
	s := w.status().NAT64
	if s.Sessions.Used != distinct || s.Bindings["tcp"] != distinct || distinct < many*9/10 {
		t.Errorf("of %d connections, from %d ports, there are %+v", many, distinct, s)
	}
}

// shortConnections opens n connections from an address of a host, one after another, and
// exchanges some octets on each. It stores the transport addresses that it had.
func shortConnections(h *netlab.Host, local string, n int, used *sync.Map) error {
	return h.Do(func() error {
		d := net.Dialer{LocalAddr: localAddr("tcp", local), Timeout: patience}
		got := make([]byte, 100)
		for i := range n {
			c, err := d.Dial("tcp", net.JoinHostPort(fourAs6, "7"))
			if err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
			used.Store(c.LocalAddr().String(), true)
			_ = c.SetDeadline(deadline())
			sent := fmt.Sprintf("%s %d", local, i)
			if _, err = io.WriteString(c, sent); err == nil {
				_, err = io.ReadFull(c, got[:len(sent)])
			}
			_ = c.Close()
			if err != nil || string(got[:len(sent)]) != sent {
				return fmt.Errorf("connection %d: %q, %w", i, got[:len(sent)], err)
			}
		}
		return nil
	})
}
