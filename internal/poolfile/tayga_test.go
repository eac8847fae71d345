package poolfile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// taygaConfig is what Debian's Tayga runs by; the pool here has the same options.
const taygaConfig = `tun-device nat64
ipv4-addr 192.0.2.1
ipv6-addr 2001:db8:7::1
prefix 2001:db8:64::/96
map 192.0.2.8/29 2001:db8:5::/125
map 192.0.2.20 2001:db8:6::20
dynamic-pool 192.0.2.0/26
data-dir `

func taygaOptions() siit.DynamicOptions {
	o := siit.DynamicOptions{
		Pools:    []siit.PoolRange{{V4: netip.MustParsePrefix("192.0.2.0/26")}},
		Lifetime: siit.DefaultLifetime, Dormant: siit.DefaultDormant,
	}
	for _, s := range []string{
		"192.0.2.1/32", "2001:db8:7::1/128", "2001:db8:64::/96", "192.0.2.8/29", "2001:db8:5::/125",
		"192.0.2.20/32", "2001:db8:6::20/128",
	} {
		o.Reserved = append(o.Reserved, netip.MustParsePrefix(s))
	}
	return o
}

// A peer is Tayga in a network of its own.
type peer struct {
	t    *testing.T
	host *netlab.Host
	file File
	log  string
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lab.Close() })
	p := &peer{t: t, file: In(t.TempDir())}
	if p.host, err = lab.Host("tayga"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.conf(), []byte(taygaConfig+p.file.dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := p.host.Run(t.Context(), "/usr/sbin/tayga", "-c", p.conf(), "--mktun")
	if err != nil {
		t.Fatalf("%v\n%s(type `make tools`)", err, out)
	}
	if err := errors.Join(
		p.host.Up("nat64"),
		p.host.Addr("nat64", netip.MustParsePrefix("203.0.113.1/32")),
		p.host.Route(netip.MustParsePrefix("192.0.2.0/24"), netip.Addr{}, "nat64"),
	); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *peer) conf() string { return filepath.Join(p.file.dir, "tayga.conf") }

// run runs Tayga while packets from the hosts come in, and lets it write its file.
func (p *peer) run(hosts []netip.Addr) {
	p.t.Helper()
	cmd := p.host.Command(context.Background(), "/usr/sbin/tayga", "-c", p.conf(), "-d")
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.answered() // it runs
	if err := p.host.Do(func() error { return send(hosts) }); err != nil {
		p.t.Error(err)
	}
	p.answered() // it has seen what came before
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		p.t.Errorf("tayga: %v", err)
	}
	p.log = log.String()
}

// answered waits until Tayga answers an echo request.
func (p *peer) answered() {
	p.t.Helper()
	for range 50 {
		if _, err := p.host.Run(p.t.Context(), "ping", "-c", "1", "-W", "1", "192.0.2.1"); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatal("tayga does not answer")
}

// send puts a packet from each host into the device, as the kernel would.
func send(hosts []netip.Addr) error {
	link, err := net.InterfaceByName("nat64")
	if err != nil {
		return err
	}
	s, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(s)
	to := &syscall.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{0x86, 0xdd}), Ifindex: link.Index}
	for i, host := range hosts {
		pkt := pkttest.IPv6{Src: host.String(), Dst: "2001:db8:64::203.0.113.9"}.Packet(pkttest.UDP{Sport: 9, Dport: 9})
		if err := syscall.Sendto(s, pkt, 0, to); err != nil {
			return fmt.Errorf("packet from %v: %w", host, err)
		}
		if i%50 == 49 {
			time.Sleep(5 * time.Millisecond) // the queue of the device holds 500
		}
	}
	return nil
}

// newPool returns a pool with the leases of the peer's file, of which all count.
func (p *peer) newPool(at time.Time) *siit.DynamicPool {
	p.t.Helper()
	pool, err := siit.NewDynamicPool(taygaOptions())
	if err != nil {
		p.t.Fatal(err)
	}
	entries, errs := p.file.Load(at)
	leases := make([]siit.Lease, len(entries))
	for i, e := range entries {
		leases[i] = e.Lease
	}
	for _, err := range append(errs, pool.Restore(leases, 0)...) {
		if err != nil {
			p.t.Error(err)
		}
	}
	return pool
}

// pairs returns leases without their times, by IPv4 address.
func pairs(leases []siit.Lease) (all []string) {
	for _, l := range leases {
		all = append(all, fmt.Sprintf("%v %v", l.V4, l.V6))
	}
	slices.Sort(all)
	return all
}

// hostsOf returns n hosts out of a few more than the pool has room for.
func hostsOf(rng *rand.Rand, n int) (all []netip.Addr) {
	for range n {
		b := [16]byte{0x20, 1, 0xd, 0xb8, 0, 9, 15: byte(rng.IntN(20))}
		b[6], b[9] = byte(rng.IntN(3)), byte(rng.IntN(2))
		all = append(all, netip.AddrFrom16(b))
	}
	return all
}

// sendTo sends a packet from each host through a mapper with the pool.
func sendTo(t *testing.T, pool *siit.DynamicPool, hosts []netip.Addr) {
	t.Helper()
	prefix, err := pref64.New(netip.MustParsePrefix("2001:db8:64::/96"))
	if err != nil {
		t.Fatal(err)
	}
	m := siit.Mapper{Prefix: prefix, Dynamic: pool, Leased: taygaOptions().Ranges()}
	for _, h := range hosts {
		p := &translate.Packet{}
		p.V6, p.Src, p.Dst = true, wire.AddrFrom(h), wire.AddrFrom(prefix.EmbedAddr(netip.MustParseAddr("203.0.113.9")))
		m.Map(p)
	}
}

// TestNetnsSameAddressesAsTayga sends packets from the same hosts to Debian's
// Tayga and to a pool. Each run begins with the file that Tayga wrote in the run
// before, read here and written anew with other times of last use.
func TestNetnsSameAddressesAsTayga(t *testing.T) {
	p := newPeer(t)
	rng := rand.New(rand.NewPCG(1, 64))
	for _, tt := range []struct {
		what  string
		age   func(i int) time.Duration
		hosts int
	}{
		{"an empty pool fills", nil, 400},
		{"all leases are dormant", func(i int) time.Duration { return 3*time.Hour + time.Duration(i)*time.Minute }, 40},
		{"some are", func(i int) time.Duration { return time.Duration(i) * 10 * time.Minute }, 60},
		{"some have expired", func(i int) time.Duration { return time.Minute + time.Duration(i+1)*8*time.Hour }, 25},
		{"there is room", func(int) time.Duration { return time.Minute }, 400},
	} {
		if tt.age != nil {
			leases := p.newPool(time.Now()).Leases(0)
			for i := range leases {
				leases[i].Idle = tt.age(i)
			}
			if err := p.file.Save(leases, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		pool := p.newPool(time.Now())
		hosts := hostsOf(rng, tt.hosts)
		sendTo(t, pool, hosts)
		p.run(hosts)
		if strings.Contains(p.log, "Ignoring") || tt.age != nil && !strings.Contains(p.log, "Loaded ") {
			t.Errorf("%s: Tayga has not read all of the file:\n%s", tt.what, p.log)
		}
		got, want := pairs(pool.Leases(0)), pairs(p.newPool(time.Now()).Leases(0))
		if !slices.Equal(got, want) || len(want) < 20 {
			t.Errorf("%s: the pool has\n%s\nTayga\n%s\n%s", tt.what, strings.Join(got, "\n"), strings.Join(want, "\n"), p.log)
		}
	}
}
