package gateway

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"taygo/internal/control"
	"taygo/internal/pkttest"
)

const (
	ordinary = "2001:db8:2::20" // a host without explicit mapping
	mapped   = "2001:db8:1::10" // one that baseConfig maps to 198.51.100.10
	far4     = "203.0.113.5"
	far6     = "2001:db8:64::203.0.113.5"
	pool4    = "192.0.2.2"
	pool6    = "2001:db8:64::192.0.2.2"
)

const natConfig = baseConfig + "nat64-pool 192.0.2.2\n"

// udp6 and udp4 build datagrams, udp4 one from far4.
func udp6(src, dst string, sport, dport uint16) []byte {
	return pkttest.IPv6{Src: src, Dst: dst}.Packet(pkttest.UDP{Sport: sport, Dport: dport, Data: pkttest.Pattern(1, 24)})
}

func udp4(dst string, sport, dport uint16) []byte {
	return pkttest.IPv4{Src: far4, Dst: dst}.Packet(pkttest.UDP{Sport: sport, Dport: dport, Data: pkttest.Pattern(1, 24)})
}

// ends returns addresses and ports of a UDP datagram without extension headers.
func ends(t *testing.T, p []byte) (src, dst netip.AddrPort) {
	t.Helper()
	if p[0]>>4 == 6 {
		a, b := netip.AddrFrom16([16]byte(p[8:24])), netip.AddrFrom16([16]byte(p[24:40]))
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(p[40:])), netip.AddrPortFrom(b, binary.BigEndian.Uint16(p[42:]))
	}
	a, b := netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20]))
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(p[20:])), netip.AddrPortFrom(b, binary.BigEndian.Uint16(p[22:]))
}

// TestBothWaysOfTranslationAtOnce: hosts with an explicit mapping keep their
// addresses and ports, others share the pool, and they reach each other.
func TestBothWaysOfTranslationAtOnce(t *testing.T) {
	r := start(t, natConfig, 1)
	q := (<-r.opened).ports[0]
	pass := func(p []byte) (src, dst netip.AddrPort) {
		t.Helper()
		q.in <- [][]byte{p}
		return ends(t, receive(t, q))
	}
	src, dst := pass(udp6(mapped, far6, 4000, 53))
	if src.String() != "198.51.100.10:4000" || dst.String() != far4+":53" {
		t.Errorf("mapped host: %v to %v", src, dst)
	}
	src, dst = pass(udp6(ordinary, far6, 4000, 53))
	if src.Addr().String() != pool4 || dst.String() != far4+":53" {
		t.Errorf("ordinary host: %v to %v", src, dst)
	}
	src, dst = pass(udp4(pool4, 53, src.Port()))
	if src.Addr() != netip.MustParseAddr(far6) || dst.String() != "["+ordinary+"]:4000" {
		t.Errorf("reply: %v to %v", src, dst)
	}
	// To the mapped host by its IPv4 address: it sees the pool's.
	src, dst = pass(udp6(ordinary, "2001:db8:64::198.51.100.10", 4001, 80))
	if src.Addr() != netip.MustParseAddr(pool6) || dst.String() != "["+mapped+"]:80" {
		t.Errorf("ordinary to mapped host: %v to %v", src, dst)
	}
	src, dst = pass(udp6(mapped, pool6, 80, src.Port()))
	if src.Addr() != netip.MustParseAddr("2001:db8:64::198.51.100.10") || dst.String() != "["+ordinary+"]:4001" {
		t.Errorf("mapped to ordinary host: %v to %v", src, dst)
	}
	q.in <- [][]byte{udp4("192.0.2.99", 1, 2)}
	if p := receive(t, q); p[9] != 1 || !bytes.Equal(p[16:20], []byte{203, 0, 113, 5}) {
		t.Errorf("to an address of nobody: % x", p)
	}
	st := r.Status().NAT64
	if st == nil || st.Bindings["udp"] != 2 || st.Pool["udp"].Used != 2 || st.Pool["udp"].Of != 65535 {
		t.Errorf("status %+v", st)
	}
}

// TestFragmentsWithoutPortsWaitForThem: those of a stateful flow are kept until the
// first comes, those of a mapped host are not.
func TestFragmentsWithoutPortsWaitForThem(t *testing.T) {
	r := start(t, natConfig, 1)
	q := (<-r.opened).ports[0]
	whole := udp6(ordinary, far6, 4000, 53)[40:]
	piece := func(src string, from, to int) []byte {
		return pkttest.IPv6{Src: src, Dst: far6}.Packet(
			pkttest.Fragment{ID: 7, Offset: from, More: to < len(whole)}, pkttest.Proto{Number: 17, Data: whole[from:to]})
	}
	q.in <- [][]byte{piece(mapped, 16, len(whole))}
	receive(t, q)
	q.in <- [][]byte{piece(ordinary, 16, len(whole)), piece(ordinary, 0, 16)}
	first, second := receive(t, q), receive(t, q)
	if first[6]&0x1f != 0 || first[7] != 0 || second[7] != 2 {
		t.Errorf("fragments at % x and % x", first[6:8], second[6:8])
	}
	if src, _ := ends(t, first); src.Addr().String() != pool4 {
		t.Errorf("from %v", src)
	}
	if n := r.Status().FromIP6.Packets["held"]; n != 1 {
		t.Errorf("%d held", n)
	}
}

// TestReloadShrinksThePool: what falls out of it goes, all else stays.
func TestReloadShrinksThePool(t *testing.T) {
	r := start(t, baseConfig+"nat64-pool 192.0.2.4/31\nnat64-limit sessions 1000\n", 1)
	q := (<-r.opened).ports[0]
	before := map[netip.Addr]int{}
	for i := range 64 {
		host := netip.MustParseAddr(ordinary).As16()
		host[15] = byte(i)
		q.in <- [][]byte{udp6(netip.AddrFrom16(host).String(), far6, 4000, 53)}
		src, _ := ends(t, receive(t, q))
		before[src.Addr()]++
	}
	gone := before[netip.MustParseAddr("192.0.2.5")]
	if gone == 0 || gone == 64 {
		t.Fatalf("addresses %v", before)
	}
	r.write(t, baseConfig+"nat64-pool 192.0.2.4/32\nnat64-limit sessions 1000\n")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if st := r.Status().NAT64; st.Bindings["udp"] != 64-gone || st.Sessions.Used != 64-gone {
		t.Errorf("%d bindings, %d sessions; want %d", st.Bindings["udp"], st.Sessions.Used, 64-gone)
	}
	r.write(t, baseConfig)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if st := r.Status().NAT64; st != nil {
		t.Errorf("without a pool: %+v", st)
	}
}

// TestSessionsOutliveARestart: the next process has the bindings and sessions of
// this one, and packets of both sides pass as before.
func TestSessionsOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	r := startIn(t, dir, natConfig)
	r.port.in <- [][]byte{udp6(ordinary, far6, 4000, 53)}
	src, _ := ends(t, receive(t, r.port))
	r.stop()
	r = startIn(t, dir, natConfig)
	r.port.in <- [][]byte{udp4(pool4, 53, src.Port())}
	if _, dst := ends(t, receive(t, r.port)); dst.String() != "["+ordinary+"]:4000" {
		t.Errorf("reply to %v", dst)
	}
	r.port.in <- [][]byte{udp6(ordinary, far6, 4000, 53)}
	if now, _ := ends(t, receive(t, r.port)); now != src {
		t.Errorf("from %v, it was %v", now, src)
	}
	r.stop()
}

// TestChangesThatTakeARestart: they are refused with the line that is to blame.
func TestChangesThatTakeARestart(t *testing.T) {
	for _, tt := range []struct {
		before, line string
		at           int
	}{
		{"", "nat64-port-blocks 64", 8},
		{"", "nat64-deterministic 2001:db8:2::/48 56", 8},
		{"nat64-port-blocks 64\n", "nat64-source-length 56\nnat64-port-blocks 64", 8},
		{"nat64-deterministic 2001:db8:2::/48 56 64\n", "nat64-deterministic 2001:db8:2::/48 56 64\nnat64-pool 192.0.2.3", 9},
	} {
		r := start(t, natConfig+tt.before, 1)
		r.write(t, natConfig+tt.line+"\n")
		want := fmt.Sprintf("%s:%d: nat64: ", r.path, tt.at)
		if err := r.Reload(); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "restart to change it") {
			t.Errorf("%s: %v, want %s", tt.line, err, want)
		}
	}
}

// TestAMapTakesAHostOutOfThePool: its sessions end with the reload, those of others
// do not.
func TestAMapTakesAHostOutOfThePool(t *testing.T) {
	r := start(t, natConfig, 1)
	q := (<-r.opened).ports[0]
	for _, host := range []string{ordinary, "2001:db8:2::21"} {
		q.in <- [][]byte{udp6(host, far6, 4000, 53)}
		receive(t, q)
	}
	r.write(t, natConfig+"map 198.51.100.20 "+ordinary+"\n")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	var left []string
	if err := r.listSessions(control.Query{}, func(s control.Session) bool { left = append(left, s.IPv6.String()); return true }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(left, []string{"[2001:db8:2::21]:4000"}) {
		t.Errorf("left: %v", left)
	}
}

// TestAnotherPrefixEndsAllSessions: on a reload, and over a restart.
func TestAnotherPrefixEndsAllSessions(t *testing.T) {
	dir := t.TempDir()
	other := strings.Replace(natConfig, "2001:db8:64::/96", "2001:db8:65::/96", 1)
	r := startIn(t, dir, natConfig)
	r.port.in <- [][]byte{udp6(ordinary, far6, 4000, 53)}
	receive(t, r.port)
	r.stop()
	r = startIn(t, dir, other)
	if n := r.Status().NAT64.Sessions.Used; n != 0 || !strings.Contains(r.log.String(), "its sessions are of another prefix, 2001:db8:64::/96") {
		t.Errorf("%d sessions over a restart; told:\n%v", n, r.log)
	}
	r.port.in <- [][]byte{udp6(ordinary, "2001:db8:65::203.0.113.5", 4000, 53)}
	receive(t, r.port)
	r.write(t, natConfig)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if n := r.Status().NAT64.Sessions.Used; n != 0 {
		t.Errorf("%d sessions over a reload", n)
	}
	r.stop()
}

// TestACorruptSnapshotIsRefusedWhole: it starts, empty, and says so.
func TestACorruptSnapshotIsRefusedWhole(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nat64.state"), []byte("taygoN64 and nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startIn(t, dir, natConfig)
	r.port.in <- [][]byte{udp6(ordinary, far6, 4000, 53)}
	receive(t, r.port)
	if !strings.Contains(r.log.String(), "starting without the sessions of before") {
		t.Errorf("told:\n%v", r.log)
	}
	r.stop()
}

// TestControlOfBindings: static bindings come and go, and are listed with others.
func TestControlOfBindings(t *testing.T) {
	r := start(t, natConfig, 1)
	q := (<-r.opened).ports[0]
	b := control.Binding{Protocol: "udp", IPv6: netip.MustParseAddrPort("[" + ordinary + "]:80"), IPv4: netip.MustParseAddrPort(pool4 + ":8080")}
	if err := r.addBinding(b); err != nil {
		t.Fatal(err)
	}
	q.in <- [][]byte{udp4(pool4, 9, 8080)}
	if _, dst := ends(t, receive(t, q)); dst != b.IPv6 {
		t.Errorf("to %v", dst)
	}
	var sessions []control.Session
	if err := r.listSessions(control.Query{}, func(s control.Session) bool { sessions = append(sessions, s); return true }); err != nil {
		t.Fatal(err)
	}
	if len(sessions) != 1 || sessions[0].IPv6 != b.IPv6 || sessions[0].Peer.String() != far4+":9" || sessions[0].State != "FROM_V4" {
		t.Errorf("sessions %+v", sessions)
	}
	if err := r.addBinding(b); err == nil {
		t.Error("the same binding twice")
	}
	for _, bad := range []control.Binding{
		{Protocol: "udp", IPv6: netip.MustParseAddrPort("[" + ordinary + "]:81"), IPv4: netip.MustParseAddrPort("198.51.100.10:81")},
		{Protocol: "icmp", IPv6: netip.MustParseAddrPort("[" + mapped + "]:81"), IPv4: netip.MustParseAddrPort(pool4 + ":81")},
	} {
		if err := r.addBinding(bad); err == nil {
			t.Errorf("added %+v, though a map has its address", bad)
		}
	}
	if err := r.removeBinding(b); err != nil {
		t.Fatal(err)
	}
	if err := r.removeBinding(b); err == nil {
		t.Error("a binding removed twice")
	}
	if n := r.Status().NAT64.Bindings["udp"]; n != 0 {
		t.Errorf("%d bindings are left", n)
	}
}
