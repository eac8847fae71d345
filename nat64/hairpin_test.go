package nat64_test

import (
	"net/netip"
	"testing"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

const pool46 = "2001:db8:64::192.0.2.1"

// TestHairpin: a packet to a pool address turns back to its host, which sees the
// pool address of the sender, and can answer (RFC 6146 §3.8, RFC 4787 REQ-9, RFC
// 5382 REQ-8, RFC 5508 REQ-7).
func TestHairpin(t *testing.T) {
	tests := []struct {
		name         string
		there, back  pkttest.Layer
		seen, behind pkttest.Layer // as the other sees them
	}{
		{
			"UDP",
			pkttest.UDP{Sport: 3000, Dport: 4000},
			pkttest.UDP{Sport: 4000, Dport: 5001},
			pkttest.UDP{Sport: 5001, Dport: 4000},
			pkttest.UDP{Sport: 4000, Dport: 3000},
		},
		{
			"TCP",
			pkttest.TCP{Sport: 3000, Dport: 4000, Flags: pkttest.SYN},
			pkttest.TCP{Sport: 4000, Dport: 5001, Flags: pkttest.SYN | pkttest.ACK},
			pkttest.TCP{Sport: 5001, Dport: 4000, Flags: pkttest.SYN},
			pkttest.TCP{Sport: 4000, Dport: 3000, Flags: pkttest.SYN | pkttest.ACK},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, options(statics, func(o *nat64.Options) {
				for i := range o.Pools {
					o.Pools[i].First, o.Pools[i].Last = 5001, 5001
				}
			}))
			w.send(out6(other6, pool46, tt.there))
			w.wantSent(pkttest.IPv6{Src: pool46, Dst: host6, HopLimit: 63}.Packet(tt.seen))
			w.send(out6(host6, pool46, tt.back))
			w.wantSent(pkttest.IPv6{Src: pool46, Dst: other6, HopLimit: 63}.Packet(tt.behind))
			if got := len(w.sessions()); got != 2 {
				t.Errorf("%d sessions, want one of each host", got)
			}
			w.hairpinError(tt.seen, tt.there)
			check(t, w.table)
		})
	}
}

// hairpinError lets the receiver of a hairpinned packet refuse it.
func (w *world) hairpinError(seen, there pkttest.Layer) {
	w.t.Helper()
	w.send(out6(host6, pool46, pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(pool46, host6, seen)}))
	w.wantSent(pkttest.IPv6{Src: pool46, Dst: other6, HopLimit: 63}.Packet(
		pkttest.ICMPError{Type: 1, Code: 4, Quote: out6(other6, pool46, there)}))
}

// TestHairpinEcho: an echo request to the pool address of another host's query
// reaches that host.
func TestHairpinEcho(t *testing.T) {
	w := newWorld(t, options(func(o *nat64.Options) {
		o.Pools = append(o.Pools[:0], allOf("192.0.2.2/32"))
		o.Pools[0].First, o.Pools[0].Last = 4000, 4000
		statics(o)
	}))
	w.send(out6(other6, pool46, pkttest.Echo{ID: 3000, Seq: 1}))
	w.wantSent(pkttest.IPv6{Src: "2001:db8:64::192.0.2.2", Dst: host6, HopLimit: 63}.Packet(pkttest.Echo{ID: 4000, Seq: 1}))
	w.send(out6(host6, "2001:db8:64::192.0.2.2", pkttest.Echo{ID: 4000, Seq: 1, Reply: true}))
	w.wantSent(pkttest.IPv6{Src: pool46, Dst: other6, HopLimit: 63}.Packet(pkttest.Echo{ID: 3000, Seq: 1, Reply: true}))
}

// TestHairpinToItself: a host may talk to its own transport address.
func TestHairpinToItself(t *testing.T) {
	w := newWorld(t, options(statics))
	w.send(out6(host6, pool46, pkttest.UDP{Sport: 4000, Dport: 4000}))
	w.wantSent(pkttest.IPv6{Src: pool46, Dst: host6, HopLimit: 63}.Packet(pkttest.UDP{Sport: 4000, Dport: 4000}))
}

// TestHairpinEndsAtOnce: whatever is sent to a pool address leaves at most once, and
// loops never (RFC 6146 §5.4).
func TestHairpinEndsAtOnce(t *testing.T) {
	w := newWorld(t, options(statics))
	for i := range 3000 {
		port := uint16(i)
		for _, src := range []string{host6, other6, pool46, far46, "2001:db8:64::"} {
			w.send(out6(src, pool46, pkttest.UDP{Sport: port, Dport: 4000 + uint16(i%3)}))
			if len(w.sent) > 1 {
				t.Fatalf("from %s: %d packets", src, len(w.sent))
			}
			inside := src == pool46 || src == far46 || src == "2001:db8:64::"
			if inside != (w.last == translate.SourceInPrefix) {
				t.Fatalf("from %s: %v", src, w.last)
			}
		}
	}
	check(t, w.table)
}

// TestHairpinToMappedHost: a packet to an IPv4 address that belongs to an IPv6 host
// otherwise turns back as well.
func TestHairpinToMappedHost(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) {
		o.Hairpins = func(v4 uint32) bool { return v4 == addr("198.51.100.10").V4() }
	})))
	for s, want := range map[string]bool{"198.51.100.10": true, "198.51.100.11": false, pool4: true} {
		k.sendOut(nat64.UDP, host, v4(s, 80), 0)
		if k.out[nat64.UDP].Hairpin != want {
			t.Errorf("to %s: turns back %v", s, !want)
		}
	}
}

// TestFragmentsTurnBack: a fragmented datagram to a pool address arrives whole.
func TestFragmentsTurnBack(t *testing.T) {
	w := newWorld(t, options(statics))
	data := pkttest.Pattern(5, 2000)
	datagram := pkttest.UDP{Sport: 3000, Dport: 4000, Data: data}
	whole := out6(other6, pool46, datagram)[40:]
	piece := func(at, end int, more bool) []byte {
		return pkttest.IPv6{Src: other6, Dst: pool46}.Packet(
			pkttest.Fragment{Offset: at, More: more, ID: 77}, pkttest.Proto{Number: 17, Data: whole[at:end]})
	}
	w.send(piece(1000, len(whole), false))
	wantVerdict(t, "the last fragment", w.last, translate.Held)
	w.send(piece(0, 1000, true))
	if len(w.sent) != 2 {
		t.Fatalf("%v: %d packets, want 2", w.last, len(w.sent))
	}
	for _, p := range w.sent {
		if got, _ := netip.AddrFromSlice(p[24:40]); got != netip.MustParseAddr(host6) {
			t.Errorf("to %v", got)
		}
	}
	check(t, w.table)
}
