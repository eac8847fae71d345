package siit

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// TestReloadsLoseNoPacket: reloads that take addresses of others out of the
// pool and put them back, while hosts send and are sent to.
func TestReloadsLoseNoPacket(t *testing.T) {
	t.Parallel()
	d := dynamicPool(t, "192.0.2.0/24")
	const hosts = 50
	var addrs [hosts]uint32
	for i := range addrs {
		addrs[i], _ = d.get(host6(i), 0)
	}
	stranger := netip.MustParseAddr("2001:db8:9::1")
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				for i, want := range addrs {
					got, why := d.get(host6(i), 0)
					back, whyBack := d.to6(want, 0, true)
					if got != want || back != host6(i) || why != mapped || whyBack != mapped {
						t.Errorf("host %d: %x, %v, reasons %d, %d", i, got, back, why, whyBack)
						return
					}
				}
			}
		})
	}
	o := d.config.Load().options
	reloads := 1000
	if os.Getenv("TAYGO_LONG") != "" {
		reloads = 100_000
	}
	for i := range reloads {
		d.from(stranger.String(), 0)
		lease, _ := d.Find(stranger)
		o.Reserved = []netip.Prefix{netip.PrefixFrom(stranger, 128)}
		if i%2 == 0 {
			o.Reserved = []netip.Prefix{netip.PrefixFrom(lease.V4, 32)}
		}
		dropped, err := d.Configure(o, 0)
		if err != nil || len(dropped) != 1 || dropped[0].V6 != stranger {
			t.Fatalf("reload %d dropped %v, %v", i, dropped, err)
		}
		if o.Reserved = nil; i%2 == 1 {
			if _, err := d.Configure(o, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	done.Store(true)
	wg.Wait()
	checkTables(t, d)
	if n := len(*d.by4.slots.Load()); n > 1024 {
		t.Errorf("%d slots for %d leases", n, hosts)
	}
}

// BenchmarkConfigure measures a reload, during which hosts without a lease wait.
func BenchmarkConfigure(b *testing.B) {
	for _, n := range []int{1000, 60_000} {
		for _, what := range []string{"same", "other"} {
			b.Run(fmt.Sprintf("%s/leases=%d", what, n), func(b *testing.B) {
				d := dynamicPool(b, "10.0.0.0/8")
				for i := range n {
					d.get(host6(i*7919), 0)
				}
				o := d.config.Load().options
				for i := range b.N {
					if what == "other" {
						o.Reserved = []netip.Prefix{netip.PrefixFrom(host6(i).Netip(), 128)}
					}
					if _, err := d.Configure(o, 0); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
