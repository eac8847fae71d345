package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// natTCP asks for what is of TCP.
var natTCP = control.Query{Protocol: "tcp"}

// pageOf returns a page of n octets that differs from all others.
func pageOf(number, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(number), byte(number >> 8), 1}).Read(b) // never fails
	return b
}

// servePages serves pages of n octets at port 80 of a host until the test ends.
func servePages(t *testing.T, h *netlab.Host, at string, n int) {
	t.Helper()
	l, err := h.Listen("tcp", net.JoinHostPort(at, "80"))
	must(t, err)
	server := &http.Server{
		ReadHeaderTimeout: patience,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			number, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
			w.Header().Set("Content-Length", strconv.Itoa(n))
			_, _ = w.Write(pageOf(number, n))
		}),
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }()
}

// fetch opens a page, and returns an error unless it is the right one.
func fetch(h *netlab.Host, at string, number, n int) error {
	client := http.Client{Transport: &http.Transport{DialContext: h.Dial, DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(fmt.Sprintf("http://%s/%d", net.JoinHostPort(at, "80"), number))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	digest := sha256.New()
	if got, err := io.Copy(digest, resp.Body); err != nil {
		return fmt.Errorf("page %d: %w after %d octets", number, err, got)
	}
	if [32]byte(digest.Sum(nil)) != sha256.Sum256(pageOf(number, n)) {
		return fmt.Errorf("page %d: the digest is wrong", number)
	}
	return nil
}

// Hosts with and without a map open many pages at once, and each arrives whole.
func TestNetnsNAT64Downloads(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	const octets = 512 << 10
	servePages(t, w.four, four, octets)
	var all sync.WaitGroup
	for i := range 90 {
		all.Go(func() {
			h := []*netlab.Host{w.six, w.seven, w.eight}[i%3]
			if err := fetch(h, fourAs6, i, octets); err != nil {
				t.Errorf("%s: %v", h.Name(), err)
			}
		})
	}
	all.Wait()
	if n := len(w.bindings(natTCP)); n != 60 {
		t.Errorf("%d connections of hosts without a map have a binding, not 60", n)
	}
}

// A program that knows nothing of this opens many pages at once.
func TestNetnsNAT64Curl(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{})
	w.start()
	const octets, pages = 256 << 10, 60
	servePages(t, w.four, four, octets)
	dir := t.TempDir()
	tool(t, w.seven, "curl", "-sS", "--fail", "--noproxy", "*", "-Z", "--parallel-max", "60", "--parallel-immediate",
		"-o", filepath.Join(dir, "#1"), fmt.Sprintf("http://[%s]/[0-%d]", fourAs6, pages-1))
	out := tool(t, w.seven, "sh", "-c", "cd '"+dir+"' && sha256sum *")
	for i := range pages {
		want := sha256.Sum256(pageOf(i, octets))
		if !strings.Contains(out, fmt.Sprintf("%s  %d\n", hex.EncodeToString(want[:]), i)) {
			t.Errorf("page %d is not there, or wrong", i)
		}
	}
}

// serveTCP has a host treat each connection to a port as told, until the test ends.
func serveTCP(t *testing.T, h *netlab.Host, at string, port uint16, treat func(*net.TCPConn)) {
	t.Helper()
	l, err := h.Listen("tcp", transport(at, port).String())
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = c.SetDeadline(deadline())
				treat(c.(*net.TCPConn))
			}()
		}
	}()
}

// A reset by the server reaches the host, its session ends sooner, and the next
// connection is as good as any. One worker keeps all packets in order: where one of
// the host's comes behind the reset, the session lives on (RFC 6146 §3.5.2.2).
func TestNetnsNAT64Resets(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: "workers 1\n"})
	w.start()
	serveTCP(t, w.four, four, 80, func(c *net.TCPConn) {
		_, _ = bufio.NewReader(c).ReadString('\n')
		_ = c.SetLinger(0)
	})
	for range 100 {
		c, err := w.seven.Dial(within(t), "tcp", net.JoinHostPort(fourAs6, "80"))
		must(t, err)
		must(t, c.SetDeadline(deadline()))
		_, err = io.WriteString(c, "reset me\n")
		must(t, err)
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("the host is told %v", err)
		}
		must(t, c.Close())
	}
	got := w.sessions(natTCP)
	if len(got) != 100 {
		t.Errorf("%d sessions of 100 connections", len(got))
	}
	for _, s := range got {
		if s.State != "TRANS" || s.Left.Minutes() > 4.1 {
			t.Errorf("a session that was reset is %+v", s)
		}
	}
}

// A connection that one side has closed carries what the other still sends.
func TestNetnsNAT64HalfClose(t *testing.T) {
	t.Parallel()
	w := newNATWorld(t, plan{lines: staticLines})
	w.listenBound()
	w.start()
	for _, x := range []way{w.out(w.seven), w.bound()} {
		t.Run("by the client "+x.name, func(t *testing.T) { transfer(t, x, 1<<20) })
		t.Run("by the server "+x.name, func(t *testing.T) {
			digest := make(chan [32]byte, 1)
			serveTCP(t, x.to, x.listen, 5100, func(c *net.TCPConn) {
				_ = c.CloseWrite()
				got, _ := io.ReadAll(c)
				digest <- sha256.Sum256(got)
			})
			c, err := x.from.Dial(within(t), "tcp", net.JoinHostPort(x.dial, "5100"))
			must(t, err)
			defer c.Close()
			must(t, c.SetDeadline(deadline()))
			if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("the server closes, and the client reads %d octets, %v", n, err)
			}
			_, err = c.Write(noise(1 << 20))
			must(t, err)
			must(t, c.Close())
			if <-digest != sha256.Sum256(noise(1<<20)) {
				t.Error("what is sent then does not arrive, or other octets")
			}
		})
	}
}
