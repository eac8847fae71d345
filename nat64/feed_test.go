package nat64_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"taygo/nat64"
	"taygo/translate"
)

// TestFeed: a listener is told of each binding and session that comes and goes, in
// that order, with all that belongs to it.
func TestFeed(t *testing.T) {
	k := newKit(t, newTable(t, options(onePort, func(o *nat64.Options) { o.Limits.SourceSessions = 2 })))
	k.sendOut(nat64.TCP, host, server, begin) // nobody listens
	f := k.table.Feed(100)
	k.now = time.Second
	k.sendOut(nat64.UDP, host, server, 0)
	k.sendOut(nat64.UDP, host, server, 0)
	k.sendOut(nat64.UDP, host, stranger, 0)        // one too many
	k.sendOut(nat64.UDP, v6(other6, 1), server, 0) // the only port is taken
	k.sendOut(nat64.UDP, v6(other6, 1), server, 0) // told once a second
	k.now = 302 * time.Second
	k.table.SweepAll(k.now, &counter{})
	buf := make([]nat64.Change, 100)
	var got []string
	for _, c := range buf[:f.Next(buf)] {
		if c.Proto == 17 {
			got = append(got, fmt.Sprint(c.Kind, " ", c.At, " ", c.V6, " ", c.V4, " ", c.Peer))
		}
	}
	want := []string{
		"binding_made 1s [2001:db8:1::10]:4000 192.0.2.1:4000 invalid AddrPort",
		"session_made 1s [2001:db8:1::10]:4000 192.0.2.1:4000 203.0.113.5:80",
		"source_limited 1s [2001:db8:1::10]:4000 invalid AddrPort invalid AddrPort",
		"ports_exhausted 1s [2001:db8:2::10]:1 invalid AddrPort invalid AddrPort",
		"session_gone 5m2s [2001:db8:1::10]:4000 192.0.2.1:4000 203.0.113.5:80",
		"binding_gone 5m2s [2001:db8:1::10]:4000 192.0.2.1:4000 invalid AddrPort",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	f.Close()
	f.Close()
	k.sendOut(nat64.TCP, host, server, begin)
	if n := f.Next(buf); n != 0 || f.Lost() != 0 {
		t.Errorf("%d changes when closed, %d lost", n, f.Lost())
	}
}

// TestFullFeed: a listener that does not listen loses the newest changes and is
// told how many; packets and others do not wait.
func TestFullFeed(t *testing.T) {
	k := newKit(t, newTable(t, options()))
	slow, fast := k.table.Feed(10), k.table.Feed(1000)
	for i := range 100 {
		if _, v := k.sendOut(nat64.UDP, neighbour(host, i), server, 0); v != translate.Translated {
			t.Fatal(v)
		}
	}
	buf := make([]nat64.Change, 1000)
	if n := slow.Next(buf); n != 10 || slow.Lost() != 190 || buf[9].Kind != nat64.SessionMade {
		t.Errorf("the slow one has %d, lost %d", n, slow.Lost())
	}
	if n := fast.Next(buf[:150]); n != 150 || fast.Lost() != 0 {
		t.Errorf("the fast one has %d, lost %d", n, fast.Lost())
	}
	if n := fast.Next(buf); n != 50 {
		t.Errorf("and then %d", n)
	}
	k.sendOut(nat64.UDP, neighbour(host, 101), server, 0)
	if n := slow.Next(buf); n != 2 {
		t.Errorf("the slow one goes on with %d", n)
	}
}

// TestNames: every kind and state has a name of its own, and states are found by it.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range nat64.ChangeKind(nat64.NumChangeKinds + 1) {
		seen[k.String()] = true
	}
	for s := range nat64.State(nat64.NumStates) {
		seen[s.String()] = true
		if got, ok := nat64.StateOf(s.String()); !ok || got != s {
			t.Errorf("%v is found as %v", s, got)
		}
	}
	if len(seen) != nat64.NumChangeKinds+1+nat64.NumStates || seen[""] {
		t.Errorf("%d names: %v", len(seen), seen)
	}
	if _, ok := nat64.StateOf("OPEN"); ok || nat64.State(200).String() != "UNKNOWN" {
		t.Error("a state that is none has a name")
	}
}
