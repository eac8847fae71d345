package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"taygo/internal/netlab"
)

// A way is from a host to an address under which it sees another.
type way struct {
	name     string
	from, to *netlab.Host
	dial     string // the address of to, as from sees it
	listen   string // and as it is
}

func (w *world) ways() []way {
	return []way{
		{"from IPv6 to IPv4", w.six, w.four, fourAs6, four},
		{"from IPv4 to IPv6", w.four, w.six, sixAs4, six},
	}
}

// noise returns n octets that no compression and no lucky guess gets right.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// transfer sends octets over a TCP connection, and back, and fails the test
// unless they arrive as they were.
func transfer(t *testing.T, x way, octets int) {
	t.Helper()
	if err := tryTransfer(t, x, octets); err != nil {
		t.Fatalf("%d octets %s and back: %v", octets, x.name, err)
	}
}

func tryTransfer(t *testing.T, x way, octets int) error {
	t.Helper()
	server, err := x.to.Listen("tcp", net.JoinHostPort(x.listen, "0"))
	must(t, err)
	defer server.Close()
	digest := make(chan [32]byte, 1)
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		got, _ := io.ReadAll(c)
		digest <- sha256.Sum256(got)
		_, _ = c.Write(got)
	}()
	_, port, _ := net.SplitHostPort(server.Addr().String())
	c, err := x.from.Dial(within(t), "tcp", net.JoinHostPort(x.dial, port))
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(deadline())
	sent := noise(octets)
	if _, err := c.Write(sent); err != nil {
		return err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	switch {
	case err != nil:
		return fmt.Errorf("%d octets came back: %w", len(got), err)
	case <-digest != sha256.Sum256(sent):
		return errors.New("other octets arrived")
	case !bytes.Equal(got, sent):
		return fmt.Errorf("%d octets came back, or other ones", len(got))
	}
	return nil
}

// A page of some MB is fetched whole, by a program that knows nothing of this.
func TestNetnsCurl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	page := noise(5 << 20)
	for _, x := range w.ways() {
		t.Run(x.name, func(t *testing.T) {
			l, err := x.to.Listen("tcp", net.JoinHostPort(x.listen, "80"))
			must(t, err)
			server := &http.Server{
				ReadHeaderTimeout: patience,
				Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write(page)
				}),
			}
			defer server.Close()
			go func() { _ = server.Serve(l) }()
			file := filepath.Join(t.TempDir(), "page")
			tool(t, x.from, "curl", "-sS", "--fail", "--noproxy", "*", "-o", file, "http://"+net.JoinHostPort(x.dial, "80")+"/")
			got, err := os.ReadFile(file)
			must(t, err)
			if sha256.Sum256(got) != sha256.Sum256(page) {
				t.Errorf("%d octets of a page of %d arrive, or other ones", len(got), len(page))
			}
		})
	}
}

// An iperf is what iperf3 says at the end of a test.
type iperf struct {
	Error string
	End   struct {
		SumSent     struct{ Bytes int } `json:"sum_sent"`
		SumReceived struct{ Bytes int } `json:"sum_received"`
		Sum         struct {
			Packets     int
			LostPackets int `json:"lost_packets"`
		}
	}
}

func TestNetnsIperf(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.start()
	for _, x := range w.ways() {
		server := start(t, x.to, nil, "iperf3", "-s", "--forceflush", "-B", x.listen)
		server.out.wait(t, "Server listening", 1)
		measure := func(t *testing.T, args ...string) iperf {
			var r iperf
			args = append([]string{"-c", x.dial, "-J"}, args...)
			out := tool(t, x.from, "iperf3", args...)
			must(t, json.Unmarshal([]byte(out), &r))
			if r.Error != "" {
				t.Fatalf("iperf3 %v: %s", args, r.Error)
			}
			return r
		}
		for name, extra := range map[string][]string{"": nil, ", reverse": {"-R"}} {
			t.Run("TCP "+x.name+name, func(t *testing.T) {
				const octets = 20_000_000
				r := measure(t, append(extra, "-P", "2", "-n", fmt.Sprint(octets))...)
				// It does not wait for the last ones that it sends.
				if sent, got := r.End.SumSent.Bytes, r.End.SumReceived.Bytes; sent < octets || got < octets/4 {
					t.Errorf("%d octets of %d sent arrive, %d wanted", got, sent, octets)
				}
			})
			t.Run("UDP "+x.name+name, func(t *testing.T) {
				// So few that they fit into the receiver's buffer, should it sleep.
				r := measure(t, append(extra, "-u", "-b", "1M", "-l", "1400", "-t", "1")...)
				if s := r.End.Sum; s.Packets < 10 || s.LostPackets != 0 {
					t.Errorf("%d of %d datagrams are lost", s.LostPackets, s.Packets)
				}
			})
		}
	}
}
