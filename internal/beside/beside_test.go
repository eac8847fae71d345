package beside

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"taygo/internal/netlab"
	"taygo/internal/pkttest"
	"taygo/internal/pkttest/oracle"
)

const (
	own4 = "192.0.2.1"
	own6 = "2001:db8:1::1"
)

// prefixes are those of the configurations; the second has stray bits.
var prefixes = []netip.Prefix{
	netip.MustParsePrefix("2001:db8:64::/96"), netip.MustParsePrefix("2001:db8:122:344::/64"), netip.MustParsePrefix("64:ff9b::/96"),
}

// lines begin every configuration.
const lines = `tun-device nat64
ipv4-addr 192.0.2.1
ipv6-addr 2001:db8:1::1
map 198.51.100.10 2001:db8:1::10
map 198.51.100.11 2001:db8:1::11
map 198.51.100.64/28 2001:db8:2::/124
`

// more is what only taygo reads: it sends as many ICMP errors as Tayga.
const more = "icmp-errors ipv4 send\nicmp-errors ipv6 send\ncontrol-socket off\n"

func pair(v4, v6 string) oracle.Pair {
	return oracle.Pair{V4: netip.MustParsePrefix(v4), V6: netip.MustParsePrefix(v6)}
}

// judge returns the oracle for a prefix, which may be invalid, and the lines.
func judge(p netip.Prefix) *oracle.Config {
	return &oracle.Config{
		Prefix: p, WKPFStrict: true, Own4: netip.MustParseAddr(own4), Own6: netip.MustParseAddr(own6),
		EAM: []oracle.Pair{
			pair("198.51.100.10/32", "2001:db8:1::10/128"), pair("198.51.100.11/32", "2001:db8:1::11/128"),
			pair("198.51.100.64/28", "2001:db8:2::/124"),
		},
		MTU4: mtu - 20, MTU6: mtu, LowestIPv6MTU: 1280, UDPZero: "drop", Hairpin: "intrinsic",
		TrafficClass: -1, TOS: -1, ClassE: true, ExtensionHeaders: 8,
	}
}

func addrs(list ...string) (all []netip.Addr) {
	for _, s := range list {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

// hosts returns where packets come from and go to, under a prefix of 96 bits.
func hosts(prefix string) pkttest.Addresses {
	return pkttest.Addresses{
		Mapped: addrs("198.51.100.10", "198.51.100.11", "198.51.100.77", "2001:db8:1::10", "2001:db8:1::11",
			"2001:db8:2::d", prefix+"198.51.100.10"),
		Embedded: addrs("203.0.113.5", "203.0.113.77", "203.0.113.78", "8.8.8.8", "240.0.0.5",
			prefix+"203.0.113.5", prefix+"203.0.113.77", prefix+"8.8.8.8"),
		Unmapped: addrs("2001:db8:ffff::1", own6, own4, prefix+own4),
		Martian: addrs("127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.1", "255.255.255.255", "10.1.2.3",
			"fe80::1", "ff02::1", prefix+"127.0.0.1", prefix+"169.254.0.9", prefix+"10.1.2.3"),
	}
}

// A run is a configuration for both, and what is sent.
type run struct {
	name   string
	lines  string
	judge  *oracle.Config
	hosts  pkttest.Addresses
	mutate bool // a part of the packets is broken
	count  int
}

func runs() []run {
	narrow := hosts("2001:db8:64::")
	narrow.Embedded = append(addrs("203.0.113.5", "8.8.8.8", "240.0.0.5"),
		addrs("2001:db8:122:344:cb:71:500::", "2001:db8:122:344:cb:71:500:1", "2001:db8:122:344:8:808:800::", "2001:db8:122:344:1cb:71:500::")...)
	pool := hosts("2001:db8:64::")
	pool.Unmapped = addrs("2001:db8::69", "fd00::1", "192.0.2.80", "192.0.2.254")
	leased := judge(prefixes[0])
	leased.EAM = append(leased.EAM, pair("192.0.2.80/32", "2001:db8::69/128"), pair("192.0.2.254/32", "fd00::1/128"))
	return []run{
		{"prefix", lines + "prefix 2001:db8:64::/96\n", judge(prefixes[0]), hosts("2001:db8:64::"), true, 8000},
		{"only maps", lines, judge(netip.Prefix{}), hosts("2001:db8:64::"), true, 1500},
		{"prefix of 64 bits", lines + "prefix 2001:db8:122:344::/64\n", judge(prefixes[1]), narrow, true, 2000},
		{"well-known prefix", lines + "prefix 64:ff9b::/96\n", judge(prefixes[2]), hosts("64:ff9b::"), true, 2000},
		{"pool", lines + "prefix 2001:db8:64::/96\ndynamic-pool 192.0.2.0/24\ndata-dir DIRECTORY\n", leased, pool, false, 2000},
	}
}

// TestNetnsBesideTayga gives Tayga and taygo the same packets. Where they differ
// taygo has to do what the oracle says, and a row of the table has to permit it.
func TestNetnsBesideTayga(t *testing.T) {
	netlab.Require(t)
	if _, err := os.Stat(tayga); err != nil {
		t.Fatalf("%v: install Debian's package tayga", err)
	}
	program := build(t)
	used := map[string]int{}
	for i, r := range runs() {
		t.Run(r.name, func(t *testing.T) {
			c := &comparison{t: t, run: r, used: used}
			c.tayga, c.taygo = newSide(t, tayga, r.lines, ""), newSide(t, program, r.lines, more)
			c.all(uint64(i) + 7)
		})
	}
	t.Logf("packets by row: %v", used)
	for _, d := range Differences() {
		if !t.Failed() && used[d.Name] == 0 && !d.Unseen {
			t.Errorf("%s: no packet needs this row", d.Name)
		}
	}
}

// TestRows: rows have names of their own, say why, and have a condition unless no
// packet shows them.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Differences() {
		if seen[d.Name] || d.Name == "" || d.Tayga == "" || d.Taygo == "" || d.Why == "" {
			t.Errorf("%q: a name that is not unique, or an empty column", d.Name)
		}
		seen[d.Name] = true
		if has := causes[d.Name] != nil || mends[d.Name] != nil; has == d.Unseen {
			t.Errorf("%s: a condition: %v, unseen: %v", d.Name, has, d.Unseen)
		}
	}
	for name := range causes {
		if !seen[name] {
			t.Errorf("%s: a condition without a row", name)
		}
	}
	for name := range mends {
		if !seen[name] {
			t.Errorf("%s: a condition without a row", name)
		}
	}
}

// A comparison is a run in progress.
type comparison struct {
	t            *testing.T
	run          run
	tayga, taygo *side
	used         map[string]int // rows by name
	sent, differ int
}

// all sends leases for the pool first, then the vectors, then generated packets.
func (c *comparison) all(seed uint64) {
	for _, host := range []string{"2001:db8::69", "fd00::1"} {
		if c.run.name == "pool" {
			c.compare(pkttest.IPv6{Src: host, Dst: "2001:db8:64::203.0.113.5"}.Packet(pkttest.UDP{Sport: 1, Dport: 2}))
		}
	}
	for _, v := range pkttest.Vectors() {
		if len(v.In) > 0 && c.run.mutate {
			c.compare(v.In)
		}
	}
	for _, pkt := range append(zeroSums(), rare()...) {
		c.compare(pkt)
	}
	count := c.run.count
	if os.Getenv("TAYGO_LONG") != "" {
		count *= 20
	}
	gen := pkttest.NewGen(seed, c.run.hosts)
	for i := range count {
		pkt := gen.Packet()
		if c.run.mutate && i%4 == 0 {
			pkt = gen.Mutate(pkt)
		}
		if c.compare(pkt); c.t.Failed() {
			c.t.Fatalf("packet %d", i)
		}
	}
	c.t.Logf("%d packets, %d of them fare otherwise", c.sent, c.differ)
}

// zeroSums returns datagrams of which the translations have the checksum 0 in one
// case of 65,536.
func zeroSums() (all [][]byte) {
	for _, v6 := range []bool{true, false} {
		build := func(data []byte) []byte {
			udp := pkttest.UDP{Sport: 1000, Dport: 2000, Data: data}
			if v6 {
				return pkttest.IPv6{Src: "2001:db8:1::10", Dst: "2001:db8:64::203.0.113.5"}.Packet(udp)
			}
			return pkttest.IPv4{Src: "203.0.113.5", Dst: "198.51.100.10", DF: true}.Packet(udp)
		}
		out := oracle.Translate(judge(prefixes[0]), build([]byte{0, 0})).Packets[0]
		sum := out[len(out)-4:][:2] // what is missing to ffff goes into the data
		all = append(all, build([]byte{sum[0], sum[1]}))
	}
	return all
}

// rare returns packets for rows that few generated ones show.
func rare() [][]byte {
	udp := pkttest.UDP{Sport: 1, Dport: 2, Data: make([]byte, 1440)}
	quoted4 := pkttest.IPv4{Src: "198.51.100.10", Dst: "203.0.113.5", DF: true}.Packet(udp)
	quoted6 := pkttest.IPv6{Src: "2001:db8:64::203.0.113.5", Dst: "2001:db8:64::198.51.100.10"}.Packet(udp)
	return [][]byte{
		pkttest.IPv4{Src: "203.0.113.5", Dst: "198.51.100.10", ID: 1, Offset: 160}.Packet(),
		pkttest.IPv4{Src: "203.0.113.5", Dst: "198.51.100.10", DF: true, Options: []byte{148, 4, 0, 0}}.Packet(pkttest.UDP{Sport: 1, Dport: 2, Data: make([]byte, 1450)}),
		pkttest.IPv4{Src: "203.0.113.5", Dst: "198.51.100.10"}.Packet(pkttest.ICMPError{Type: 3, Code: 4, MTU: 45, Quote: quoted4[:60]}),
		pkttest.IPv6{Src: "2001:db8:1::10", Dst: "2001:db8:64::203.0.113.5"}.Packet(pkttest.ICMPError{Type: 2, MTU: 1400, Quote: quoted6[:100]}),
	}
}

// compare sends a packet through both, and looks for rows that permit what differs.
func (c *comparison) compare(pkt []byte) {
	c.t.Helper()
	if len(pkt) > mtu || len(pkt) < 20 {
		return
	}
	f := &facts{in: look(pkt), raw: pkt, tayga: c.tayga.exchange(pkt), taygo: c.taygo.exchange(pkt)}
	c.sent++
	if f.same() {
		return
	}
	c.differ++
	f.want = oracle.Translate(c.run.judge, pkt)
	why := ""
	if !f.agreed() && !causes["quoted ICMP fragment"](f) {
		why = "the oracle says otherwise than taygo"
	} else if !c.permitted(f) {
		why = "no row permits it"
	}
	if why != "" {
		c.t.Errorf("%s: %s\n%s", why, f.want.Why, f.dump())
	}
}

// permitted reports whether rows explain the difference, and notes them.
func (c *comparison) permitted(f *facts) bool {
	for name, m := range mends {
		f.each(func(a, b []byte) bool {
			if m(a, b) {
				c.used[name]++
			}
			return false
		})
	}
	if f.same() {
		return true
	}
	found := false
	for name, cause := range causes {
		if cause(f) {
			c.used[name]++
			found = true
		}
	}
	return found
}

func (f *facts) dump() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s", pkttest.Dump(f.raw))
	for _, p := range f.tayga {
		fmt.Fprintf(&b, "Tayga\n%s", pkttest.Dump(p))
	}
	for _, p := range f.taygo {
		fmt.Fprintf(&b, "taygo\n%s", pkttest.Dump(p))
	}
	for _, p := range f.want.Packets {
		fmt.Fprintf(&b, "oracle\n%s", pkttest.Dump(p))
	}
	return b.String()
}
