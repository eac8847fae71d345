package nat64

import (
	"net/netip"
	"testing"

	"taygo/nat64/ports"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// TestEachStaticPortIsInOneShard: together the shards have each static port once,
// and each shard those that live in it, whatever the size of blocks.
func TestEachStaticPortIsInOneShard(t *testing.T) {
	for _, block := range []int{0, 32, 8192} {
		o := Defaults()
		var err error
		if o.Prefix, err = pref64.New(netip.MustParsePrefix("64:ff9b::/96")); err != nil {
			t.Fatal(err)
		}
		o.Block = block
		o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), First: 0, Last: 65535, UDP: true, TCP: true, ICMP: true}}
		for _, run := range [][2]int{{0, 1}, {5, 3}, {100, 1000}, {3000, 62536}} {
			v6 := netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), uint16(run[0]))
			o.Static = append(o.Static, Static{Proto: wire.ProtoUDP, V6: v6, V4: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), v6.Port()), Ports: run[1]})
		}
		table, err := New(o, [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[uint16]int{}
		for i := range table.shards {
			sh := &table.shards[i]
			table.eachStaticPort(sh, sh.rules.static, func(_ uint8, _ uint32, port uint16) {
				if seen[port]++; table.ofPort(port) != sh {
					t.Errorf("blocks of %d: port %d in shard %d", block, port, i)
				}
			})
		}
		for port := range 65536 {
			want := 0
			if port == 0 || port >= 5 && port < 8 || port >= 100 && port < 1100 || port >= 3000 {
				want = 1
			}
			if seen[uint16(port)] != want {
				t.Fatalf("blocks of %d: port %d %d times, want %d", block, port, seen[uint16(port)], want)
			}
		}
	}
}
