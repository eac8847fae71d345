package nat64_test

import (
	"strings"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/translate"
)

// TestDefaults are the values of the RFCs.
func TestDefaults(t *testing.T) {
	o := nat64.Defaults()
	for name, tt := range map[string]struct{ got, want time.Duration }{
		"UDP_DEFAULT (RFC 6146 §4)":                      {o.Timeouts.UDP, 5 * time.Minute},
		"TCP_EST (RFC 6146 §4)":                          {o.Timeouts.Established, 2 * time.Hour},
		"TCP_EST with the probe's time (RFC 5382 REQ-5)": {o.Timeouts.Established + o.Timeouts.Closing, 2*time.Hour + 4*time.Minute},
		"TCP_TRANS, opening (RFC 6146 §4)":               {o.Timeouts.Opening, 4 * time.Minute},
		"TCP_TRANS, closing (RFC 6146 §4)":               {o.Timeouts.Closing, 4 * time.Minute},
		"TCP_INCOMING_SYN (RFC 6146 §4)":                 {o.Timeouts.IncomingSYN, 6 * time.Second},
		"ICMP_DEFAULT (RFC 6146 §4)":                     {o.Timeouts.ICMP, time.Minute},
		"port hold (RFC 6888 REQ-8)":                     {o.PortHold, 2 * time.Minute},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v, want %v", name, tt.got, tt.want)
		}
	}
	if o.AddressDependent || o.SoftPairing || !o.IncomingTCP || !o.Informational || !o.RefreshInbound || !o.Parity || o.Limits.SourceBits != 64 {
		t.Errorf("%+v", o)
	}
}

// TestLegalSequences: every way in which TCP connections are opened and closed passes
// (RFC 5382 REQ-2). Upper case comes from IPv6, lower case from IPv4: s SYN, b SYN
// and ACK, a ACK, f FIN, r RST; - is a segment that does not pass.
func TestLegalSequences(t *testing.T) {
	flags := map[rune]uint8{'s': pkttest.SYN, 'b': pkttest.SYN | pkttest.ACK, 'a': pkttest.ACK, 'f': pkttest.FIN | pkttest.ACK, 'r': pkttest.RST}
	tests := []struct {
		name, segments, passes string
		want                   nat64.State
	}{
		{"three ways", "SbA", "SbA", nat64.Established},
		{"from IPv4", "sBa", "sBa", nat64.Established},
		{"SYN sent again", "SSSbbA", "SSSbbA", nat64.Established},
		{"at once, IPv6 first", "SsBb", "SsBb", nat64.Established},
		{"at once, IPv4 first", "sSbB", "sSbB", nat64.Established},
		{"half closed", "SbAFaaaA", "SbAFaaaA", nat64.V6FinRcv},
		{"half closed from IPv4", "SbAfAAAa", "SbAfAAAa", nat64.V4FinRcv},
		{"closed", "SbAFafA", "SbAFafA", nat64.V4FinV6FinRcv},
		{"closed at once", "SbAFfaA", "SbAFfaA", nat64.V4FinV6FinRcv},
		{"refused", "Sr", "Sr", nat64.V6Init},
		{"reset", "SbAr", "SbAr", nat64.Trans},
		{"reset from IPv6", "SbAR", "SbAR", nat64.Trans},
		{"reset, and yet alive", "SbAra", "SbAra", nat64.Established},
		{"opened again", "SbAFafASbA", "SbAFafASbA", nat64.Established},
		{"opened again from IPv4", "SbAFafAsBa", "SbAFafAsBa", nat64.Established},
	}
	for _, tt := range tests {
		k := newKit(t, newTable(t, options(statics)))
		at := v4(pool4, 4000)
		for i, c := range tt.segments {
			k.now += time.Second
			var v translate.Verdict
			if strings.ToUpper(string(c)) == string(c) {
				_, v = k.sendOut(nat64.TCP, host, server, flags[c-'A'+'a'])
			} else {
				_, v = k.sendIn(nat64.TCP, server, at, flags[c])
			}
			if (v == translate.Translated) != (tt.passes[i] == byte(c)) {
				t.Errorf("%s, segment %d: %v", tt.name, i, v)
			}
		}
		if s, _ := k.peek(6, at); s != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, s, tt.want)
		}
	}
}

// TestReopenedConnectionLives: one that begins behind both FINs of another of the
// same ports lives as long as any (RFC 5382 REQ-5).
func TestReopenedConnectionLives(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	at := establish(t, k, host)
	k.sendOut(nat64.TCP, host, server, pkttest.FIN)
	k.sendIn(nat64.TCP, server, at, pkttest.FIN)
	k.now = 3 * time.Minute
	establish(t, k, host)
	k.now += time.Hour
	k.table.SweepAll(k.now, &counter{})
	_, v := k.sendIn(nat64.TCP, server, at, pkttest.ACK)
	wantVerdict(t, "an hour later", v, translate.Translated)
}

// TestProbe: the host of an idle connection gets a bare ACK of sequence and
// acknowledgement number 0 from its server, once; if it answers, the connection
// lives on, and if not, it ends four minutes later.
func TestProbe(t *testing.T) {
	for _, answers := range []bool{true, false} {
		w := newWorld(t, options(onePort))
		w.send(out6(host6, far46, pkttest.TCP{Sport: 5000, Dport: 80, Flags: pkttest.SYN}))
		w.send(in4(far4, pool4, pkttest.TCP{Sport: 80, Dport: 4000, Flags: pkttest.SYN | pkttest.ACK}))
		w.at(2*time.Hour - 1)
		if len(w.sent) != 0 {
			t.Error("probed before its time")
		}
		w.at(2 * time.Hour)
		w.wantSent(out6(far46, host6, pkttest.TCP{Sport: 80, Dport: 5000, Flags: pkttest.ACK}))
		w.at(2*time.Hour + time.Second)
		if len(w.sent) != 0 {
			t.Error("probed twice")
		}
		if answers {
			w.send(out6(host6, far46, pkttest.TCP{Sport: 5000, Dport: 80, Flags: pkttest.ACK}))
		}
		w.at(2*time.Hour + 4*time.Minute)
		if got := len(w.sessions()); (got == 1) != answers {
			t.Errorf("answers %v: %d sessions", answers, got)
		}
		if st := w.table.Status(w.now); st.Probes != 1 {
			t.Errorf("%d probes counted", st.Probes)
		}
	}
}

// TestLateSweep: what would have been probed long ago ends without a storm of
// probes.
func TestLateSweep(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	for i := range 1000 {
		establish(t, k, neighbour(host, i))
	}
	out := &counter{}
	k.table.SweepAll(3*time.Hour, out)
	if st := k.table.Status(3 * time.Hour); out.probes != 0 || st.Sessions != 0 {
		t.Errorf("%d probes, %d sessions", out.probes, st.Sessions)
	}
	check(t, k.table)
}

// TestSweepHastensWithGrowth: at once, and not only when the round is over that began
// when there was little.
func TestSweepHastensWithGrowth(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	k.table.Sweep(0, &counter{})
	for i := range 20_000 {
		k.sendOut(nat64.UDP, neighbour(host, i), server, 0)
	}
	if got := k.table.Sweep(0, &counter{}); got > time.Second/8 {
		t.Errorf("20,000 sessions are looked at 4096 every %v", got)
	}
}

// TestSweepIsPaced: an idle Table is looked at once a second, and a kept SYN sooner
// if its time comes.
func TestSweepIsPaced(t *testing.T) {
	k := newKit(t, newTable(t, options(onePort)))
	if got := k.table.Sweep(0, &counter{}); got != time.Second {
		t.Errorf("idle: %v", got)
	}
	k.sendIn(nat64.TCP, stranger, v4(pool4, 4000), pkttest.SYN)
	if got := k.table.Sweep(5500*time.Millisecond, &counter{}); got != 500*time.Millisecond {
		t.Errorf("half a second before a SYN is answered: %v", got)
	}
}
