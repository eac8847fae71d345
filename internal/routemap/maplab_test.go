package routemap

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
	"taygo/internal/routemap/rtnl"
	"taygo/translate/pref64"
)

// A mapLab is a host with links to borders a and b, which have IPv4 and IPv6, and
// to src, which has IPv4 only. Its Mapper maps table 464 to 6464.
type mapLab struct {
	*netlab.Host
	t     testing.TB
	opt   Options
	out   *syncBuffer
	conn  *rtnl.Conn
	m     *Mapper
	ended chan error
	hosts map[string]*netlab.Host
	proto uint8 // of the routes of fill
	stop  context.CancelFunc
}

// Gateways of the lab, IPv4 and IPv6.
const (
	gwA4, gwB4, gwSrc = "192.0.2.1", "192.0.2.65", "192.0.2.129"
	gwA6, gwB6        = "2001:db8:a::1", "2001:db8:b::1"
)

func newMapLab(t testing.TB) *mapLab {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	h, err := lab.Host("mapper")
	must(t, err)
	hosts := map[string]*netlab.Host{}
	for _, x := range []struct{ name, here, there, here6, there6 string }{
		{"a", "192.0.2.2/26", gwA4 + "/26", "2001:db8:a::2/64", gwA6 + "/64"},
		{"b", "192.0.2.66/26", gwB4 + "/26", "2001:db8:b::2/64", gwB6 + "/64"},
		{"src", "192.0.2.130/26", gwSrc + "/26", "", ""},
	} {
		other, err := lab.Host(x.name)
		must(t, err)
		hosts[x.name] = other
		here, there := prefixes(x.here), prefixes(x.there)
		if x.here6 != "" {
			here, there = append(here, prefixes(x.here6)...), append(there, prefixes(x.there6)...)
		}
		must(t, lab.Link(h.End(here...), other.End(there...), 1500))
	}
	l := &mapLab{Host: h, t: t, hosts: hosts, proto: unix.RTPROT_BIRD, out: &syncBuffer{}, opt: Options{
		Sources: []Source{{Table: 464}}, Prefix: pref(t, "2001:db8:64::/96"), IPv6NextHops: true,
		NextHops: []GatewayRow{row(gwA4, gwA6), row(gwB4, gwB6), row(gwSrc, gwB6)},
	}}
	must(t, h.Do(func() error {
		var err error
		l.conn, err = rtnl.Dial(rtnl.Config{ReceiveBuffer: 8 << 20})
		return err
	}))
	t.Cleanup(func() {
		l.end()
		must(t, l.conn.Close())
		if t.Failed() {
			t.Log(l.out.String())
		}
	})
	return l
}

func pref(t testing.TB, s string) pref64.Prefix {
	t.Helper()
	p, err := pref64.New(netip.MustParsePrefix(s))
	must(t, err)
	return p
}

func row(v4, v6 string) GatewayRow {
	return GatewayRow{V4: netip.MustParseAddr(v4), Gateway: Gateway{Addr: netip.MustParseAddr(v6)}}
}

// start makes a Mapper and runs it.
func (l *mapLab) start() {
	l.t.Helper()
	must(l.t, l.Do(func() error {
		var err error
		l.m, err = New(l.opt, slog.New(slog.NewTextHandler(l.out, nil)))
		return err
	}))
	ctx, stop := context.WithCancel(context.Background())
	l.stop, l.ended = stop, make(chan error, 1)
	go func(m *Mapper, ended chan error) { ended <- m.Run(ctx) }(l.m, l.ended)
	for end := time.Now().Add(time.Minute); l.m.Summary().Resyncs == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // a million routes take their time
	}
}

// end ends the Mapper and leaves what it made.
func (l *mapLab) end() {
	l.t.Helper()
	if l.stop == nil {
		return
	}
	l.stop()
	must(l.t, <-l.ended)
	must(l.t, l.m.Close())
	l.stop = nil
}

// ip runs the ip command.
func (l *mapLab) ip(args string) string {
	l.t.Helper()
	out, err := l.Run(l.t.Context(), "ip", strings.Fields(args)...)
	must(l.t, err)
	return string(out)
}

// far runs the ip command at the other end of a link.
func (l *mapLab) far(host, args string) {
	l.t.Helper()
	_, err := l.hosts[host].Run(l.t.Context(), "ip", strings.Fields(args)...)
	must(l.t, err)
}

// equal has Verify prove that the tables are equal.
func (l *mapLab) equal() Verdict {
	l.t.Helper()
	v, err := l.m.Verify(l.t.Context(), true, nil)
	must(l.t, err)
	if !v.Equal {
		l.t.Fatalf("the tables differ: %+v\nIPv4:\n%s\nIPv6:\n%s", v, head(l.ip("route show table 464")), head(l.ip("-6 route show table 6464")))
	}
	return v
}

func head(s string) string {
	lines := strings.SplitAfterN(s, "\n", 60)
	return strings.Join(lines[:min(len(lines), 59)], "")
}

// mapped returns the routes of table 6464, each with where it leads.
func (l *mapLab) mapped() []string {
	l.t.Helper()
	hops, groups := map[uint32]string{}, map[uint32][]rtnl.Member{}
	must(l.t, l.conn.Dump((*rtnl.Batch).NextHops, func() { clear(hops) }, func(e rtnl.Message) {
		h, _ := rtnl.ParseNextHop(e.Payload)
		switch {
		case h.Blackhole:
			hops[h.ID] = "blackhole"
		case h.Group != nil:
			groups[h.ID] = h.Group
		default:
			hops[h.ID] = h.Gateway.String()
		}
	}))
	for id, group := range groups {
		var legs []string
		for _, g := range group {
			legs = append(legs, strings.Repeat("+", int(g.Weight))+hops[g.ID])
		}
		slices.Sort(legs)
		if hops[id] = strings.Join(legs, ""); len(legs) == 1 {
			hops[id] = hops[group[0].ID]
		}
	}
	var all []string
	err := l.conn.Dump(func(b *rtnl.Batch) { b.Routes(unix.AF_INET6, 6464, 0) }, func() { all = nil }, func(e rtnl.Message) {
		r, _ := rtnl.ParseRoute(e.Payload)
		to := hops[r.NextHop]
		if r.NextHop == 0 {
			to = kindName(r.Type)
			if r.Type == unix.RTN_UNICAST {
				to = r.Gateway.String()
			}
		}
		s := r.Dst.String() + " " + to
		if r.Metric != DefaultMetric {
			s += " metric"
		}
		all = append(all, s)
	})
	if err != nil && !strings.Contains(err.Error(), "no such file") {
		must(l.t, err)
	}
	slices.Sort(all)
	return all
}

// has waits until table 6464 has these routes, and proves that it is equal then.
func (l *mapLab) has(want ...string) {
	l.t.Helper()
	slices.Sort(want)
	var got []string
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = l.mapped(); slices.Equal(got, want) {
			l.equal()
			return
		}
	}
	l.t.Fatalf("table 6464 has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("%s does not happen", what)
}

// A syncBuffer is a log for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
