package netlab_test

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"taygo/internal/netlab"
)

func TestNetnsOffload(t *testing.T) {
	left, _ := line(t)
	for _, c := range []struct {
		set  bool
		want [3]bool
	}{
		{false, [3]bool{}},
		{true, [3]bool{true, true, false}},
		{false, [3]bool{}},
	} {
		must(t, left.Offload("router", c.set))
		got, err := left.Offloads("router")
		must(t, err)
		if got != c.want {
			t.Errorf("offloads set %v: TSO, GSO and GRO are %v, want %v", c.set, got, c.want)
		}
	}
	if err := left.Offload("none", true); err == nil || !strings.Contains(err.Error(), `host "left": offloads of "none"`) {
		t.Errorf("a device that is not there: %v", err)
	}
}

// What left sends to right comes to the host that it is diverted to, and what
// others send does not.
func TestNetnsDivert(t *testing.T) {
	lab := newLab(t)
	hosts := map[string]*netlab.Host{"router": host(t, lab, "router")}
	router := hosts["router"]
	for name, n := range map[string]int{"left": 0, "right": 1, "away": 2, "other": 3} {
		v4 := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(64*n + i)}) }
		v6 := func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:%d::%d", n, i)) }
		h := host(t, lab, name)
		hosts[name] = h
		must(t, lab.Link(h.End(netip.PrefixFrom(v4(1), 26), netip.PrefixFrom(v6(1), 64)),
			router.End(netip.PrefixFrom(v4(2), 26), netip.PrefixFrom(v6(2), 64)), 1500))
		must(t, h.Route(prefix("0.0.0.0/0"), v4(2), ""))
		must(t, h.Route(prefix("::/0"), v6(2), "router"))
	}
	must(t, router.Forward())
	must(t, hosts["away"].Addr("router", prefix("192.0.2.65/32")))
	must(t, hosts["away"].Addr("router", prefix("2001:db8:1::1/128")))
	must(t, router.Divert("left", "away"))
	for _, address := range []string{"192.0.2.65:7", "[2001:db8:1::1]:7"} {
		for from, to := range map[string]string{"left": "away", "other": "right"} {
			t.Run(from+" to "+address, func(t *testing.T) {
				server, err := hosts[to].ListenPacket("udp", address)
				must(t, err)
				defer server.Close()
				must(t, server.SetReadDeadline(time.Now().Add(10*time.Second)))
				client, err := hosts[from].Dial(t.Context(), "udp", address)
				must(t, err)
				defer client.Close()
				_, err = io.WriteString(client, from)
				must(t, err)
				b := make([]byte, 10)
				n, _, err := server.ReadFrom(b)
				must(t, err)
				if string(b[:n]) != from {
					t.Errorf("%s got %q", to, b[:n])
				}
			})
		}
	}
}
