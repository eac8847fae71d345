package nat64_test

import (
	"fmt"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

// The sides of the tests' flows.
var (
	host     = v6(host6, 4000)
	stranger = v4(near4, 4321)
	server   = v4(far4, 80)
)

// pinger returns a side of an ICMP query.
func pinger(s side) side { return side{s.addr, 0} }

// begin is the flags of a first segment; of other protocols they mean nothing.
const begin = pkttest.SYN

func TestBindingIsTheSameForAllDestinations(t *testing.T) {
	for proto := range nat64.NumProtos {
		k := newKit(t, newTable(t, options()))
		first, _ := k.sendOut(proto, host, pinger(server), begin)
		for i := range 50 {
			to := v4(far4, 0)
			to.addr.Lo += uint64(i)
			got, v := k.sendOut(proto, host, to, begin)
			if wantVerdict(t, "packet", v, translate.Translated); got != first {
				t.Errorf("protocol %d: %v to one host, %v to another", proto, first, got)
			}
		}
		check(t, k.table)
	}
}

func TestProtocolsHaveTheirOwnBindings(t *testing.T) {
	k := newKit(t, newTable(t, options(onePort)))
	for proto := range nat64.NumProtos {
		got, v := k.sendOut(proto, host, pinger(server), begin)
		if v != translate.Translated || got != v4(pool4, 4000) {
			t.Errorf("protocol %d: %v, %v: another protocol had the port", proto, got, v)
		}
	}
	check(t, k.table)
}

func TestBindingGoesWithItsLastSession(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	k.sendOut(nat64.UDP, host, server, 0)
	k.now = 200 * time.Second
	at, _ := k.sendOut(nat64.UDP, host, stranger, 0)
	for _, step := range []struct {
		now  time.Duration
		want int
	}{{300 * time.Second, 1}, {500*time.Second - 1, 1}, {500 * time.Second, 0}} {
		k.table.SweepAll(step.now, &counter{})
		if got := live(bindingsOf(k.table, step.now)); got != step.want {
			t.Errorf("at %v: %d bindings, want %d", step.now, got, step.want)
		}
		check(t, k.table)
	}
	k.now = 500 * time.Second
	_, v := k.sendIn(nat64.UDP, server, at, 0)
	wantVerdict(t, "behind the last session", v, translate.NoBinding)
}

// TestWhatIsOverIsGoneBeforeItIsSwept: no lifetime depends on the sweeping.
func TestWhatIsOverIsGoneBeforeItIsSwept(t *testing.T) {
	tests := []struct {
		proto int
		life  time.Duration
	}{{nat64.UDP, 300 * time.Second}, {nat64.TCP, 240 * time.Second}, {nat64.ICMP, 60 * time.Second}}
	for _, tt := range tests {
		for _, early := range []time.Duration{0, 1} {
			k := newKit(t, newTable(t, options()))
			k.now = time.Second
			at, _ := k.sendOut(tt.proto, host, pinger(server), begin)
			k.now += tt.life - early
			_, v := k.sendIn(tt.proto, pinger(server), at, pkttest.ACK)
			want := translate.Translated
			if early == 0 {
				want = translate.NoBinding
				if tt.proto == nat64.TCP {
					want = translate.NoSession
				}
			}
			wantVerdict(t, fmt.Sprint("protocol ", tt.proto), v, want)
			check(t, k.table)
		}
	}
}

// TestDeadlinesAreRoundedUp: between ticks nothing ends early.
func TestDeadlinesAreRoundedUp(t *testing.T) {
	for _, begun := range []time.Duration{0, 1, time.Second/16 - 1, time.Second / 16, 12345678901} {
		k := newKit(t, newTable(t, options()))
		k.now = begun
		at, _ := k.sendOut(nat64.UDP, host, server, 0)
		k.now = begun + 300*time.Second - 1
		_, v := k.sendIn(nat64.UDP, stranger, at, 0) // makes another session
		wantVerdict(t, "a moment before", v, translate.Translated)
	}
	for _, begun := range []time.Duration{0, 1, time.Second/16 - 1, time.Second / 16, 12345678901} {
		k := newKit(t, newTable(t, options()))
		k.now = begun
		at, _ := k.sendOut(nat64.UDP, host, server, 0)
		k.now = begun + 300*time.Second + time.Second/8
		_, v := k.sendIn(nat64.UDP, stranger, at, 0)
		wantVerdict(t, "two ticks behind", v, translate.NoBinding)
	}
}

// TestPoolIsUsedToTheLastPort: a host may have all ports of its address and not one
// more, whichever shard they are in, and the end of one makes room for another.
func TestPoolIsUsedToTheLastPort(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.PortHold = 0 })))
	seen := map[uint16]bool{}
	flow := func(i int) side {
		s := host
		s.addr.Lo, s.port = s.addr.Lo+uint64(i/60000), uint16(1+i%60000)
		return s
	}
	for i := range 65535 {
		at, v := k.sendOut(nat64.UDP, flow(i), server, 0)
		if v != translate.Translated || seen[at.port] {
			t.Fatalf("flow %d: %v, %v, given before %v", i, v, at, seen[at.port])
		}
		seen[at.port] = true
	}
	_, v := k.sendOut(nat64.UDP, flow(65535), server, 0)
	wantVerdict(t, "one too many", v, translate.PortsExhausted)
	check(t, k.table)
	for _, i := range []int{0, 30000, 65534} {
		if at, v := k.sendOut(nat64.UDP, flow(i), stranger, 0); v != translate.Translated || !seen[at.port] {
			t.Errorf("flow %d with a binding: %v", i, v)
		}
	}
	k.now = 299 * time.Second
	kept, _ := k.sendOut(nat64.UDP, flow(77), server, 0)
	k.now = 301 * time.Second
	k.table.SweepAll(k.now, &counter{})
	for i := range 65534 {
		if _, v := k.sendOut(nat64.UDP, flow(70000+i), server, 0); v != translate.Translated {
			t.Fatalf("behind the end of the others, flow %d: %v", i, v)
		}
	}
	if got, _ := k.sendOut(nat64.UDP, flow(77), server, 0); got != kept {
		t.Errorf("the binding that lived on is %v, was %v", got, kept)
	}
	check(t, k.table)
}
