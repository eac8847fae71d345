package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"taygo/internal/control"
)

// A pulse is a TCP connection on which something goes to and fro all the time.
type pulse struct {
	conn    net.Conn
	beats   atomic.Int64
	longest atomic.Int64 // time between two beats, in nanoseconds
	err     error
	done    chan struct{}
}

// startPulse connects an address of seven to the echo of the IPv4 host at port 7.
func (w *natWorld) startPulse(local string) *pulse {
	w.t.Helper()
	c, err := dialFrom(within(w.t), w.seven, "tcp", local, net.JoinHostPort(fourAs6, "7"))
	must(w.t, err)
	must(w.t, c.SetDeadline(time.Now().Add(4*patience)))
	p := &pulse{conn: c, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.beat()
	}()
	w.t.Cleanup(func() { _ = p.end() })
	return p
}

func (p *pulse) beat() {
	b, last := make([]byte, 64), time.Now()
	for n := uint64(0); ; n++ {
		binary.BigEndian.PutUint64(b, n)
		if _, p.err = p.conn.Write(b); p.err != nil {
			return
		}
		if _, p.err = io.ReadFull(p.conn, b); p.err != nil {
			return
		}
		if got := binary.BigEndian.Uint64(b); got != n {
			p.err = fmt.Errorf("beat %d comes back as %d", n, got)
			return
		}
		p.longest.Store(max(p.longest.Load(), int64(time.Since(last))))
		last = time.Now()
		p.beats.Add(1)
		time.Sleep(2 * time.Millisecond)
	}
}

// end ends the connection, and returns an error if it has not lived so long.
func (p *pulse) end() error {
	select {
	case <-p.done:
		return p.err
	default:
	}
	err := p.conn.Close()
	<-p.done
	return err
}

// A stream sends a datagram each millisecond, and counts those that arrive.
type stream struct {
	server        net.Conn
	sent, arrived atomic.Int64
	longest       atomic.Int64 // time between two that arrive, in nanoseconds
	stop          chan struct{}
	stopped       sync.WaitGroup
}

// startStream streams from seven to the IPv4 host.
func (w *natWorld) startStream() *stream {
	w.t.Helper()
	server := udp(w.t, w.four, four, 9)
	must(w.t, server.SetReadBuffer(1<<20))
	c, err := w.seven.Dial(within(w.t), "udp", net.JoinHostPort(fourAs6, "9"))
	must(w.t, err)
	s := &stream{server: server, stop: make(chan struct{})}
	s.stopped.Go(func() {
		defer c.Close()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
				if _, err := c.Write(make([]byte, 100)); err == nil {
					s.sent.Add(1)
				}
			}
		}
	})
	go func() {
		b := make([]byte, 1000)
		for last := (time.Time{}); ; last = time.Now() {
			if _, err := server.Read(b); err != nil {
				return
			}
			if !last.IsZero() {
				s.longest.Store(max(s.longest.Load(), int64(time.Since(last))))
			}
			s.arrived.Add(1)
		}
	}()
	return s
}

// lost ends the stream, and returns how many datagrams have not arrived.
func (s *stream) lost(t *testing.T) int64 {
	t.Helper()
	close(s.stop)
	s.stopped.Wait()
	last := int64(-1)
	eventually(t, "the stream has arrived", func() error {
		now := s.arrived.Load()
		defer func() { last = now }()
		if now != last {
			time.Sleep(100 * time.Millisecond)
			return fmt.Errorf("%d datagrams of %d", now, s.sent.Load())
		}
		return nil
	})
	_ = s.server.Close()
	return s.sent.Load() - last
}

// A restart under load, after a regular end or a kill, keeps what was established:
// TCP connections live on, and datagrams have the same port. The log says how long
// the gap was. With TAYGO_LONG there are many restarts.
func TestNetnsNAT64Restart(t *testing.T) {
	rounds := 1
	if os.Getenv("TAYGO_LONG") != "" {
		rounds = 10
	}
	for _, c := range []struct {
		name   string
		signal syscall.Signal
	}{
		{"as told", syscall.SIGTERM},
		{"killed", syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newNATWorld(t, plan{lines: "nat64-state-interval 1\n"})
			p := w.start()
			serveTCP(t, w.four, four, 7, echoStream)
			var pulses []*pulse
			for i := range 50 {
				local := fmt.Sprintf("2001:db8:2::%d", 100+i)
				must(t, w.seven.Addr("xlat", prefix(local+"/64")))
				pulses = append(pulses, w.startPulse(local))
			}
			if rounds > 1 {
				w.flood(100_000)
			}
			before := portsOf(w)
			for range rounds {
				p = restart(w, p, c.signal, pulses)
			}
			for i, p := range pulses {
				if err := p.end(); err != nil {
					t.Errorf("connection %d: %v", i, err)
				}
			}
			after := portsOf(w)
			for v6, v4 := range before {
				if after[v6] != v4 {
					t.Errorf("%s had the port %s, and has now %q", v6, v4, after[v6])
				}
			}
		})
	}
}

// restart ends a taygo and runs another, which it returns, while something is on
// all connections and in a stream, and measures the gap.
func restart(w *natWorld, p *process, by syscall.Signal, pulses []*pulse) *process {
	t := w.t
	t.Helper()
	stream := w.startStream()
	eventually(t, "the stream flows", func() error {
		if n := stream.arrived.Load(); n < 50 {
			return fmt.Errorf("%d datagrams", n)
		}
		return nil
	})
	if by == syscall.SIGKILL {
		begun := time.Now()
		eventually(t, "a snapshot of all", func() error {
			if s := w.status().NAT64.Snapshot; s.Sessions <= len(pulses) || s.Time.Before(begun) {
				return fmt.Errorf("%+v", s)
			}
			return nil
		})
	}
	for _, p := range pulses {
		p.longest.Store(0)
	}
	p.mustBeGood = false
	begun := time.Now()
	p.signal(by)
	p.wait()
	ended := time.Since(begun)
	p = w.run()
	away := time.Since(begun)
	var longest time.Duration
	at := make([]int64, len(pulses))
	for i, p := range pulses {
		at[i] = p.beats.Load()
	}
	for i, p := range pulses {
		eventually(t, fmt.Sprint("connection ", i, " goes on"), func() error {
			if now := p.beats.Load(); now < at[i]+20 {
				return fmt.Errorf("%d beats", now-at[i])
			}
			return nil
		})
		longest = max(longest, time.Duration(p.longest.Swap(0)))
	}
	lost, sent := stream.lost(t), stream.sent.Load()
	gap := time.Duration(stream.longest.Load())
	t.Logf("ended after %v, up again after %v; %d of %d datagrams are lost, none came for %v; no connection paused longer than %v",
		ended, away, lost, sent, gap, longest)
	return p
}

// portsOf returns the binding of each transport address, by protocol.
func portsOf(w *natWorld) map[string]string {
	all := map[string]string{}
	for _, b := range w.bindings(control.Query{}) {
		all[b.Protocol+" "+b.IPv6.String()] = b.IPv4.String()
	}
	return all
}

// A state file that is damaged, or of something else, is refused whole with a clear
// message; translation starts without it.
func TestNetnsNAT64BadStateFile(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "nat64-state-file state\n"})
	p := w.start()
	w.chats(5)
	if code := p.stop(); code != 0 {
		t.Errorf("status %d", code)
	}
	path := w.dir + "/state"
	good, err := os.ReadFile(path)
	must(t, err)
	for name, change := range map[string]func([]byte) []byte{
		"an octet changed": func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b },
		"cut short":        func(b []byte) []byte { return b[:len(b)-1] },
		"another file":     func([]byte) []byte { return []byte("map 198.51.100.10 2001:db8:1::10\n") },
		"empty":            func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(path, change(append([]byte(nil), good...)), 0o600))
			p := w.run()
			p.log.wait(t, path, 1)
			if n := len(w.sessions(natTCP)); n != 0 {
				t.Errorf("%d sessions of a file that is wrong", n)
			}
			w.ping(w.seven, fourAs6, 1)
			if code := p.stop(); code != 0 {
				t.Errorf("status %d", code)
			}
		})
	}
	must(t, os.WriteFile(path, good, 0o600))
	w.run()
	if n := len(w.sessions(natTCP)); n != 5 {
		t.Errorf("%d sessions of the good file, not 5", n)
	}
}
