package natstate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"taygo/nat64"
)

// TestTime: within one start of the machine the wall clock does not matter, and
// over several it counts, but never backwards.
func TestTime(t *testing.T) {
	const decade = 10 * 365 * 24 * time.Hour
	other := [16]byte{8}
	for _, row := range []struct {
		name string
		now  Moment
		want time.Duration
	}{
		{"at once", start, 0},
		{"a second later", after(time.Second), time.Second},
		{"the wall clock is set ten years forward", Moment{start.Wall.Add(decade), start.Boot + time.Second, start.BootID}, time.Second},
		{"the wall clock is set ten years back", Moment{start.Wall.Add(-decade), start.Boot + time.Second, start.BootID}, time.Second},
		{"the machine has restarted", Moment{start.Wall.Add(time.Hour), time.Minute, other}, time.Hour},
		{"and its clock has lost the time", Moment{start.Wall.Add(-decade), time.Minute, other}, time.Minute},
		{"and its clock is slow", Moment{start.Wall.Add(time.Second), time.Minute, other}, time.Minute},
		{"the clock since the start is that of another container", Moment{start.Wall.Add(time.Hour), start.Boot - 1, start.BootID}, time.Hour},
		{"this start of the machine is unknown", Moment{Wall: start.Wall.Add(time.Hour), Boot: time.Minute}, time.Hour},
		{"it is unknown, and the wall clock is set back", Moment{Wall: start.Wall.Add(-time.Hour)}, 0},
	} {
		if got := row.now.Since(start); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestTheClockOfThisMachine(t *testing.T) {
	c := NewClock()
	before := c.Now()
	time.Sleep(20 * time.Millisecond)
	now := c.Now()
	if d := now.Since(before); d < 20*time.Millisecond || d > 20*time.Second {
		t.Errorf("%v for 20 ms", d)
	}
	if now.BootID == [16]byte{} || now.BootID != NewClock().Now().BootID || now.Boot <= 0 {
		t.Errorf("%+v", now)
	}
	if d := time.Since(now.Wall); d < 0 || d > time.Minute {
		t.Errorf("the wall clock is off by %v", d)
	}
}

// TestAge: each session has lost what has passed, no more and no less; what has
// ended is not restored, but its port rests for the time that is left.
func TestAge(t *testing.T) {
	s := func(state nat64.State, left time.Duration) nat64.SessionEntry {
		return nat64.SessionEntry{State: state, Left: left, Peer: entry(0).Sessions[0].Peer}
	}
	const minute = time.Minute
	const udp, tcp, icmp = 17, 6, 1
	for _, row := range []struct {
		name  string
		e     nat64.Entry
		by    time.Duration
		want  nat64.Entry // no sessions and not held: not restored
		alive bool
	}{
		{
			"two of three sessions are left",
			nat64.Entry{Proto: udp, Sessions: []nat64.SessionEntry{s(nat64.BothWays, 5*minute), s(nat64.FromV6, minute), s(nat64.BothWays, 2*minute)}},
			minute,
			nat64.Entry{Proto: udp, Sessions: []nat64.SessionEntry{s(nat64.BothWays, 4*minute), s(nat64.BothWays, minute)}},
			true,
		},
		{
			"an established connection past its time is probed",
			nat64.Entry{Proto: tcp, Sessions: []nat64.SessionEntry{s(nat64.Established, minute), s(nat64.Trans, minute)}},
			3 * minute,
			nat64.Entry{Proto: tcp, Sessions: []nat64.SessionEntry{s(nat64.Established, unit)}},
			true,
		},
		{
			"one that would not have answered in time is gone",
			nat64.Entry{Proto: tcp, Sessions: []nat64.SessionEntry{s(nat64.Established, minute)}},
			5 * minute,
			nat64.Entry{},
			false,
		},
		{
			"a binding of TCP without sessions is gone",
			nat64.Entry{Proto: tcp, Sessions: []nat64.SessionEntry{s(nat64.Trans, minute)}},
			minute,
			nat64.Entry{},
			false,
		},
		{
			"the port of UDP rests for what is left of two minutes since its last session",
			nat64.Entry{Proto: udp, Sessions: []nat64.SessionEntry{s(nat64.FromV6, 0), s(nat64.BothWays, minute), s(nat64.FromV4, -minute)}},
			90 * time.Second,
			nat64.Entry{Proto: udp, Held: true, Left: 90 * time.Second},
			true,
		},
		{
			"an identifier too",
			nat64.Entry{Proto: icmp, Sessions: []nat64.SessionEntry{s(nat64.BothWays, 0)}},
			0,
			nat64.Entry{Proto: icmp, Held: true, Left: 2 * minute},
			true,
		},
		{
			"it has rested",
			nat64.Entry{Proto: udp, Sessions: []nat64.SessionEntry{s(nat64.BothWays, minute)}},
			3 * minute,
			nat64.Entry{},
			false,
		},
		{"one that is held rests on", nat64.Entry{Proto: udp, Held: true, Left: minute}, minute - 1, nat64.Entry{Proto: udp, Held: true, Left: 1}, true},
		{"and then no more", nat64.Entry{Proto: udp, Held: true, Left: minute}, minute, nat64.Entry{}, false},
		{"a static one does not rest", nat64.Entry{Proto: udp, Static: true, Sessions: []nat64.SessionEntry{s(nat64.FromV6, 1)}}, minute, nat64.Entry{}, false},
		{"a static one is not restored without sessions", nat64.Entry{Proto: tcp, Static: true}, 0, nat64.Entry{}, false},
	} {
		got, alive := age(row.e, row.by, Options{Hold: 2 * minute, Closing: 4 * minute})
		if alive != row.alive || alive && !equal(got, row.want) {
			t.Errorf("%s: %v, %+v, want %v, %+v", row.name, alive, got, row.alive, row.want)
		}
	}
}

// TestAgeOfAFile: reading late is as reading at once and letting time pass.
func TestAgeOfAFile(t *testing.T) {
	all := entries(5000)
	b := written(t, all)
	o := Options{Hold: time.Minute, Closing: 4 * time.Minute}
	for range 20 {
		d := time.Duration(rand.Int64N(int64(3 * time.Hour)))
		var want []nat64.Entry
		for _, e := range all {
			e.Sessions = slices.Clone(e.Sessions)
			if e, ok := age(e, d, o); ok {
				want = append(want, e)
			}
		}
		o.Now = after(d)
		got, l, err := read(b, o)
		if err != nil || !slices.EqualFunc(got, want, equal) || l.Age != d || l.Ended != len(all)-len(want) || l.Restored != len(want) {
			t.Errorf("after %v: %d entries, %+v, %v; want %d", d, len(got), l, err, len(want))
		}
	}
}

// TestEntriesThatAreRefused are counted, and the others are restored.
func TestEntriesThatAreRefused(t *testing.T) {
	b := written(t, entries(3000))
	restored := 0
	r := func(some []nat64.Entry) (int, int) {
		n := len(some) / 3
		restored += len(some) - n
		return len(some) - n, n
	}
	l, err := Read(readerAt(b), int64(len(b)), Options{Now: start}, r)
	if err != nil || l.Restored != restored || l.Restored+l.Refused != 3000 || l.Refused < 900 {
		t.Errorf("%+v, %v", l, err)
	}
}
