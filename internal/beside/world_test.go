package beside

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
)

// tayga is the program of Debian's package.
const tayga = "/usr/sbin/tayga"

// mtu is that of the TUN device, in octets.
const mtu = 1500

// patience is how long a test waits for what takes milliseconds on an idle
// machine, before it fails.
const patience = 30 * time.Second

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// build builds taygo under the name tayga, so that it is started as Tayga is.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tayga")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "taygo/cmd/taygo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return path
}

// A side is one translator on a host of its own, and a socket on its TUN device
// that puts packets there as the kernel would, and sees what it writes.
type side struct {
	t    *testing.T
	name string
	link *unix.SockaddrLinklayer
	fd   int
	turn uint32 // of the last fence
	buf  []byte
}

// newSide starts program with the configuration, on a device that Tayga has made.
// What only taygo understands is more.
func newSide(t *testing.T, program, config, more string) *side {
	t.Helper()
	s := &side{t: t, name: "taygo", buf: make([]byte, 65536)}
	if program == tayga {
		s.name = "Tayga"
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "tayga.conf")
	config = strings.ReplaceAll(config, "DIRECTORY", dir)
	must(t, os.WriteFile(file, []byte(config), 0o644))
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	host, err := lab.Host(s.name)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err = host.Run(ctx, tayga, "-c", file, "--mktun")
	must(t, err)
	must(t, host.Sysctl("net.ipv6.conf.nat64.disable_ipv6", "1"))
	must(t, host.MTU("nat64", mtu))
	must(t, os.WriteFile(file, []byte(config+more), 0o644))
	s.start(host, program, file)
	must(t, host.Up("nat64"))
	must(t, host.Do(s.open))
	t.Cleanup(func() { _ = unix.Close(s.fd) })
	s.await()
	return s
}

// start runs the translator until the test ends. It has to end well.
func (s *side) start(host *netlab.Host, program, file string) {
	s.t.Helper()
	var log bytes.Buffer
	cmd := host.Command(context.Background(), program, "-n", "-c", file)
	cmd.Stderr = &log
	must(s.t, cmd.Start())
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("%s: %v\n%s", s.name, err, &log)
		}
	})
}

// open opens the socket, in the namespace of the calling thread.
func (s *side) open() error {
	dev, err := net.InterfaceByName("nat64")
	if err != nil {
		return err
	}
	s.link = &unix.SockaddrLinklayer{Protocol: network(unix.ETH_P_ALL), Ifindex: dev.Index}
	s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	for _, err := range []error{
		unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.Bind(s.fd, s.link),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// network returns a number in network byte order.
func network(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

// exchange gives the translator a packet and returns what it makes of it. A ping to
// the translator follows, and a second one once that is answered: packets of one
// batch may leave in another order, those of two batches do not.
func (s *side) exchange(pkt []byte) [][]byte {
	s.t.Helper()
	s.send(pkt)
	var out [][]byte
	for range 2 {
		if err := s.fence(&out); err != nil {
			s.t.Fatalf("%s no longer answers: %v: after\n%s", s.name, err, pkttest.Dump(pkt))
		}
	}
	return out
}

// mark is the beginning of what the pings carry.
var mark = []byte("fence of the test: ")

// fence pings the translator, and adds to out what comes before the answer.
func (s *side) fence(out *[][]byte) error {
	s.t.Helper()
	s.turn++
	data := binary.BigEndian.AppendUint32(bytes.Clone(mark), s.turn)
	s.send(pkttest.IPv4{Src: "203.0.113.254", Dst: own4}.Packet(pkttest.Echo{Data: data}))
	for {
		n, _, err := unix.Recvfrom(s.fd, s.buf, 0)
		switch pkt := s.buf[:max(n, 0)]; {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case bytes.HasSuffix(pkt, data):
			return nil
		case len(pkt) != 28+len(data) || !bytes.HasPrefix(pkt[28:], mark):
			*out = append(*out, bytes.Clone(pkt))
		}
	}
}

// await waits until the translator answers. Until then packets may get lost.
func (s *side) await() {
	s.t.Helper()
	s.wait(20 * time.Millisecond)
	for end := time.Now().Add(patience); ; {
		if err := s.fence(new([][]byte)); err == nil {
			s.wait(patience)
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s does not answer", s.name)
		}
	}
}

// wait sets how long to wait for a packet.
func (s *side) wait(d time.Duration) {
	s.t.Helper()
	timeout := unix.NsecToTimeval(int64(d))
	must(s.t, unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout))
}

func (s *side) send(pkt []byte) {
	s.t.Helper()
	to := *s.link
	if to.Protocol = network(unix.ETH_P_IP); pkt[0]>>4 == 6 {
		to.Protocol = network(unix.ETH_P_IPV6)
	}
	if err := unix.Sendto(s.fd, pkt, 0, &to); err != nil {
		s.t.Fatalf("%s: %v: sending\n%s", s.name, err, pkttest.Dump(pkt))
	}
}
