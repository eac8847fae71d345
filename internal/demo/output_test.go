package demo

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"taygo/conf"
	"taygo/internal/control"
)

func TestConfigurationIsGood(t *testing.T) {
	tr := newTranslator(nil, "/tmp/taygo-demo-1")
	c, err := conf.Parse("tayga.conf", strings.NewReader(tr.configuration()))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("it is warned of: %v", c.Warnings)
	}
	if c.TUNDevice != device || c.ControlSocket != tr.client.Path || c.Prefix != prefix || len(c.Maps) != 1 || len(c.NAT64.Pools) != 1 {
		t.Errorf("it says something else: %+v", c)
	}
}

func TestAddressesAreWrittenAsIPv4InThePrefix(t *testing.T) {
	for _, c := range []struct{ addr, want string }{
		{"2001:db8:64::c000:250", "2001:db8:64::192.0.2.80"},
		{"2001:db8:1::10", "2001:db8:1::10"},
		{"198.51.100.10", "198.51.100.10"},
	} {
		if got := write(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s is written %s, want %s", c.addr, got, c.want)
		}
	}
	if got := as6(host4Addr); got != netip.MustParseAddr("2001:db8:64::192.0.2.80") {
		t.Errorf("the server is %v in the prefix", got)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is grouped %s", n, got)
		}
	}
	for _, c := range []struct {
		octets int64
		took   time.Duration
		want   string
	}{
		{1_000_000, time.Second, "8 Mbit/s"},
		{1_000_000_000, 2 * time.Second, "4.0 Gbit/s"},
	} {
		if got := bitrate(c.octets, c.took); got != c.want {
			t.Errorf("%d octets in %v are %s, want %s", c.octets, c.took, got, c.want)
		}
	}
}

// counted returns two samples half a second apart.
func counted() (before, now sample) {
	before = sample{1500 * time.Millisecond, control.Status{FromIP4: control.Direction{Octets: 1_000_000}}}
	now = sample{2 * time.Second, control.Status{
		FromIP4: control.Direction{Packets: map[string]uint64{"translated": 12345, "malformed": 0}, Octets: 11_000_000},
		FromIP6: control.Direction{Packets: map[string]uint64{"translated": 999, "hop_limit": 1, "malformed": 0}, ErrorsSent: 1},
	}}
	now.status.FromIP4.Packets["hop_limit"] = 0
	return before, now
}

func TestCounters(t *testing.T) {
	want := `
  taygo after 2.0 s            from IPv4       from IPv6
  hop_limit                            0               1
  translated                      12,345             999
  octets                      11,000,000               0
  Mbit/s                             160               0
  ICMP errors sent                     0               1`
	if got := strings.Join(rows(counted()), "\n"); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	const line = "     2.0 s  translated 12,345 from IPv4, 999 from IPv6; 160 and 0 Mbit/s"
	if got := inOneLine(counted()); got != line {
		t.Errorf("the line is\n%s\nwant\n%s", got, line)
	}
	if got := rate(sample{}, sample{}, fromIPv4); got != 0 {
		t.Errorf("the rate over no time is %v", got)
	}
}

func TestScreenOfATerminalDrawsTheTableAgainBelowTheLines(t *testing.T) {
	var b bytes.Buffer
	s := &screen{w: &b, width: 8}
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"a line", func() { s.line("a %d", 1) }, "a 1\n"},
		{"a table", func() { s.draw([]string{"x", "y"}) }, "x\ny\n"},
		{"a line above the table", func() { s.line("b") }, "\r\x1b[2A\x1b[Jb\nx\ny\n"},
		{"a row that would wrap", func() { s.draw([]string{"§234567890"}) }, "\r\x1b[2A\x1b[J§234567\n"},
		{"no table", s.clear, "\r\x1b[1A\x1b[J"},
		{"a line again", func() { s.line("c") }, "c\n"},
	} {
		b.Reset()
		if c.do(); b.String() != c.want {
			t.Errorf("%s: wrote %q, want %q", c.name, b.String(), c.want)
		}
	}
}

func TestTailKeepsTheLastLines(t *testing.T) {
	log := newTail(2)
	if got := log.String(); got != "    (nothing)" {
		t.Errorf("an empty tail is %q", got)
	}
	for _, c := range []struct{ write, want string }{
		{"one", "    one"},
		{" and a half\n", "    one and a half"},
		{"two\nthree\n", "    two\n    three"},
		{"\nfour\n", "\n    four"},
	} {
		if n, err := log.Write([]byte(c.write)); n != len(c.write) || err != nil {
			t.Errorf("write returns %d, %v", n, err)
		}
		if got := log.String(); strings.TrimLeft(got, " ") != strings.TrimLeft(c.want, " ") {
			t.Errorf("after %q the tail is %q, want %q", c.write, got, c.want)
		}
	}
}

func TestHops(t *testing.T) {
	const want = "1 2001:db8:1::1 (router), 2 2001:db8::64 (taygo itself), 3 2001:db8::1, 4 2001:db8:64::192.0.2.80 (server)"
	other := netip.MustParseAddr("2001:db8::1")
	if got := writeHops([]hop{{router6Addr, false}, {own6, false}, {other, false}, {as6(host4Addr), true}}); got != want {
		t.Errorf("hops are written\n%s\nwant\n%s", got, want)
	}
}
