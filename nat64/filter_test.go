package nat64_test

import (
	"fmt"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

// TestFiltering: who may send to a binding, with and without a session that is over
// (RFC 6146 §3.5.1.2, §3.5.2.2, §3.5.3).
func TestFiltering(t *testing.T) {
	friend := v4(far4, 999) // another port of the address that the host has sent to
	tests := []struct {
		proto int
		adf   bool
		from  side
		flags uint8
		want  translate.Verdict
	}{
		{nat64.UDP, false, server, 0, translate.Translated},
		{nat64.UDP, false, friend, 0, translate.Translated},
		{nat64.UDP, false, stranger, 0, translate.Translated},
		{nat64.UDP, true, server, 0, translate.Translated},
		{nat64.UDP, true, friend, 0, translate.Translated},
		{nat64.UDP, true, stranger, 0, translate.Filtered},
		{nat64.ICMP, false, stranger, 0, translate.Translated},
		{nat64.ICMP, true, server, 0, translate.Translated},
		{nat64.ICMP, true, stranger, 0, translate.Filtered},
		{nat64.TCP, false, friend, pkttest.SYN, translate.Translated},
		{nat64.TCP, false, stranger, pkttest.SYN, translate.Translated},
		{nat64.TCP, false, stranger, pkttest.ACK, translate.Translated},
		{nat64.TCP, true, friend, pkttest.SYN, translate.Translated},
		{nat64.TCP, true, friend, pkttest.ACK, translate.Translated},
		{nat64.TCP, true, stranger, pkttest.SYN, translate.SYNStored},
		{nat64.TCP, true, stranger, pkttest.ACK, translate.Filtered},
	}
	for _, tt := range tests {
		k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.AddressDependent = tt.adf })))
		from := tt.from
		if tt.proto == nat64.ICMP {
			from.port = 0
		}
		at, _ := k.sendOut(tt.proto, host, pinger(server), begin)
		if tt.proto != nat64.ICMP {
			k.sendOut(tt.proto, host, server, begin)
		}
		_, v := k.sendIn(tt.proto, from, at, tt.flags)
		wantVerdict(t, fmt.Sprintf("protocol %d, filtered %v, from %v, flags %d", tt.proto, tt.adf, from, tt.flags), v, tt.want)
		check(t, k.table)
	}
}

// TestFilterForgetsWhatIsOver: a host that was sent to may send as long as its
// session lives, not as long as the binding does.
func TestFilterForgetsWhatIsOver(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.AddressDependent = true })))
	at, _ := k.sendOut(nat64.UDP, host, server, 0)
	k.now = 200 * time.Second
	k.sendOut(nat64.UDP, host, stranger, 0)
	k.now = 300 * time.Second
	_, v := k.sendIn(nat64.UDP, v4(far4, 999), at, 0)
	wantVerdict(t, "behind the session", v, translate.Filtered)
	_, v = k.sendIn(nat64.UDP, v4(near4, 999), at, 0)
	wantVerdict(t, "of the session that lives", v, translate.Translated)
}

// TestWhoProlongs: packets from IPv6 prolong a session; those from IPv4 if they may
// (RFC 6146 §5.3, RFC 4787 REQ-6); those that are refused do not (RFC 7857 §7).
func TestWhoProlongs(t *testing.T) {
	tests := []struct {
		name    string
		inbound bool // option
		from    side
		adf     bool
		want    translate.Verdict // of the server's packet, 400 s behind the first
	}{
		{"the server may", true, server, false, translate.Translated},
		{"the server may not", false, server, false, translate.NoBinding},
		{"a stranger who is refused", true, stranger, true, translate.NoBinding},
	}
	for _, tt := range tests {
		k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.RefreshInbound, o.AddressDependent = tt.inbound, tt.adf })))
		at, _ := k.sendOut(nat64.UDP, host, server, 0)
		k.now = 200 * time.Second
		k.sendIn(nat64.UDP, tt.from, at, 0)
		k.now = 400 * time.Second
		_, v := k.sendIn(nat64.UDP, server, at, 0)
		wantVerdict(t, tt.name, v, tt.want)
	}
}

// TestInboundTCPDoesNotProlong: without RefreshInbound data from IPv4 does not
// prolong a connection either, but what changes its state does.
func TestInboundTCPDoesNotProlong(t *testing.T) {
	k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.RefreshInbound = false })))
	at, _ := k.sendOut(nat64.TCP, host, server, pkttest.SYN)
	left := func() (nat64.State, time.Duration) {
		return k.peek(6, at)
	}
	k.now = time.Minute
	k.sendIn(nat64.TCP, server, at, pkttest.SYN|pkttest.ACK)
	if s, d := left(); s != nat64.Established || d != 2*time.Hour {
		t.Errorf("behind the handshake %v, %v", s, d)
	}
	k.now += time.Minute
	k.sendIn(nat64.TCP, server, at, pkttest.ACK)
	if s, d := left(); s != nat64.Established || d != 2*time.Hour-time.Minute {
		t.Errorf("behind data from IPv4 %v, %v", s, d)
	}
	k.sendOut(nat64.TCP, host, server, pkttest.ACK)
	if _, d := left(); d != 2*time.Hour {
		t.Errorf("behind data from IPv6 %v", d)
	}
}

// TestRSTBehindFIN: an RST in a half-closed connection prolongs it as the RFC has
// it, or with RSTCloses starts the lifetime of closing ones.
func TestRSTBehindFIN(t *testing.T) {
	for closes, want := range map[bool]time.Duration{false: 2 * time.Hour, true: 4 * time.Minute} {
		k := newKit(t, newTable(t, options(func(o *nat64.Options) { o.RSTCloses = closes })))
		at, _ := k.sendOut(nat64.TCP, host, server, pkttest.SYN)
		k.sendIn(nat64.TCP, server, at, pkttest.SYN|pkttest.ACK)
		k.sendIn(nat64.TCP, server, at, pkttest.FIN|pkttest.ACK)
		k.now = time.Minute
		k.sendOut(nat64.TCP, host, server, pkttest.RST)
		if s, d := k.peek(6, at); s != nat64.V4FinRcv || d != want {
			t.Errorf("closes %v: %v, %v, want %v", closes, s, d, want)
		}
	}
}

// TestFlagsTogether: of several flags SYN counts before RST, and that before FIN.
func TestFlagsTogether(t *testing.T) {
	tests := []struct {
		flags uint8
		want  nat64.State // from ESTABLISHED
	}{
		{pkttest.SYN | pkttest.RST | pkttest.FIN, nat64.Established},
		{pkttest.SYN | pkttest.FIN, nat64.Established},
		{pkttest.RST | pkttest.FIN | pkttest.ACK, nat64.Trans},
		{pkttest.FIN | pkttest.ACK | pkttest.PSH, nat64.V6FinRcv},
		{pkttest.URG | pkttest.PSH, nat64.Established},
	}
	for _, tt := range tests {
		k := newKit(t, newTable(t, options()))
		at, _ := k.sendOut(nat64.TCP, host, server, pkttest.SYN)
		k.sendIn(nat64.TCP, server, at, pkttest.SYN|pkttest.ACK)
		k.sendOut(nat64.TCP, host, server, tt.flags)
		if s, _ := k.peek(6, at); s != tt.want {
			t.Errorf("flags %#x: %v, want %v", tt.flags, s, tt.want)
		}
	}
}
