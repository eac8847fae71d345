package load

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"taygo/internal/netlab"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A wire is two hosts with one link.
type wire struct {
	a, b *netlab.Host
	path Path
	at   netip.Addr // b's
}

func newWire(t *testing.T, a, b string) wire {
	t.Helper()
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	w := wire{}
	w.a, err = lab.Host("a")
	must(t, err)
	w.b, err = lab.Host("b")
	must(t, err)
	from, to := netip.MustParsePrefix(a), netip.MustParsePrefix(b)
	must(t, lab.Link(w.a.End(from), w.b.End(to), 1500))
	link, err := w.b.Netlink().LinkByName("a")
	must(t, err)
	w.at = to.Addr()
	must(t, w.a.Do(func() (err error) {
		w.path.Sender, err = NewSender("b", link.Attrs().HardwareAddr, from.Addr(), to.Addr())
		return err
	}))
	t.Cleanup(func() { must(t, w.path.Sender.Close()) })
	must(t, w.b.Do(func() (err error) {
		w.path.Receiver, err = NewReceiver(to.Addr())
		return err
	}))
	t.Cleanup(func() { must(t, w.path.Receiver.Close()) })
	return w
}

var wires = map[string][2]string{
	"IPv4": {"192.0.2.1/24", "192.0.2.2/24"},
	"IPv6": {"2001:db8::1/64", "2001:db8::2/64"},
}

// On a link nothing is lost, at any rate and in any shape.
func TestNetnsTrialOverALink(t *testing.T) {
	for family, at := range wires {
		w := newWire(t, at[0], at[1])
		for _, s := range []Shape{{1, 1}, {16, 32}, {MaxFlows, 1}} {
			for _, rate := range []float64{Flood, 5000} {
				var y Tally
				must(t, On(0, func() (err error) {
					y, err = w.path.Trial(t.Context(), s, rate, 50*time.Millisecond)
					return err
				}))
				if !y.Clean() || y.Sent == 0 || y.Faults() != "" {
					t.Errorf("%s, %+v at %v: %+v", family, s, rate, y)
				}
				if most := rate * y.Time.Seconds(); rate != Flood && float64(y.Sent) > most {
					t.Errorf("%s, %+v at %v: %d sent in %v", family, s, rate, y.Sent, y.Time)
				}
			}
		}
		if _, err := w.path.Trial(t.Context(), Shape{Flows: MaxFlows + 1, Burst: 1}, Flood, time.Millisecond); err == nil {
			t.Error("a shape of too many flows is taken")
		}
	}
}

func TestNetnsLatencyOverALink(t *testing.T) {
	w := newWire(t, wires["IPv6"][0], wires["IPv6"][1])
	must(t, On(0, func() error { return w.path.Reach(t.Context()) }))
	must(t, On(0, func() error {
		took, err := w.path.Latency(t.Context(), 20*time.Millisecond)
		if err == nil && len(took) == 0 {
			t.Error("nothing measured")
		}
		for _, x := range took {
			if x <= 0 || x > longest {
				t.Errorf("a datagram took %v", x)
			}
		}
		return err
	}))
	must(t, w.b.Down("a"))
	must(t, On(0, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := w.path.Reach(ctx); err == nil {
			t.Error("a host is reached over a link that is down")
		}
		return nil
	}))
}

func TestNetnsStreamsOverALink(t *testing.T) {
	w := newWire(t, wires["IPv4"][0], wires["IPv4"][1])
	server, err := w.b.Listen("tcp", netip.AddrPortFrom(w.at, 0).String())
	must(t, err)
	defer server.Close()
	var all []Connection
	for range 3 {
		from, err := w.a.Dial(t.Context(), "tcp", server.Addr().String())
		must(t, err)
		to, err := server.Accept()
		must(t, err)
		all = append(all, Connection{from, to})
	}
	used := time.Duration(0)
	y, err := Streams{Connections: all}.Run(t.Context(), 10*time.Millisecond, 50*time.Millisecond, func() (time.Duration, error) {
		used += 7 * time.Second
		return used, nil
	})
	must(t, err)
	if y.Octets <= 0 || y.Time < 50*time.Millisecond || y.CPU != 7*time.Second {
		t.Errorf("%+v", y)
	}
	if got, want := y.Gigabits(), float64(y.Octets)/125e6; got != want {
		t.Errorf("%d octets are %v Gbit, want %v", y.Octets, got, want)
	}
	for _, c := range all {
		if err := c.To.Close(); err == nil {
			t.Error("a connection is open after the run")
		}
	}
}
