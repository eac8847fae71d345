package routemap

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"taygo/internal/routemap/rtnl"
)

// withdraw takes n routes of fill back.
func (l *mapLab) withdraw(n int) {
	l.t.Helper()
	var b rtnl.Batch
	for i := range n {
		l.route(&b, unix.RTM_DELROUTE, i, 0)
	}
	l.send(&b)
}

// TestNetnsMapHold: when a daemon takes all of its routes back they stay for a
// while; when it fills the table again, what is not in it goes.
func TestNetnsMapHold(t *testing.T) {
	for _, aggregate := range []Aggregation{AggregateOff, AggregateExact} {
		l := newMapLab(t)
		l.opt.Aggregate, l.opt.Hold = aggregate, time.Hour
		l.start()
		l.fill(1000)
		l.equal()
		full := len(l.mapped())
		told := l.listen()
		l.withdraw(1000)
		eventually(t, "the hold", func() bool { return l.m.Summary().Held })
		time.Sleep(2 * debounceSmall)
		if n := len(l.mapped()); n != full {
			t.Errorf("%d routes are held, want %d", n, full)
		}
		if events := told(); len(events) > full/4 {
			t.Errorf("%d changes were made for nothing", len(events))
		}
		l.fill(900)
		time.Sleep(2 * debounce)
		if events := told(); len(events) > 0 {
			t.Errorf("%d changes when the routes came back, as %q", len(events), events[0])
		}
		eventually(t, "the end of the hold", func() bool { return !l.m.Summary().Held })
		l.equal()
	}
}

// TestNetnsMapNoHold: a hold ends with its time; and what is not a daemon's end is
// followed at once.
func TestNetnsMapNoHold(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		hold time.Duration
		cut  func(*mapLab)
	}{
		{"the time is over", 400, 500 * time.Millisecond, func(l *mapLab) { l.withdraw(400) }},
		{"most routes are taken back, not all", 400, time.Hour, func(l *mapLab) { l.withdraw(399) }},
		{"hold is off", 400, 0, func(l *mapLab) { l.withdraw(400) }},
		{"the links go down", 400, time.Hour, func(l *mapLab) { l.ip("link set dev a down"); l.ip("link set dev b down") }},
		{"routes by hand", 400, time.Hour, func(l *mapLab) { l.proto = unix.RTPROT_STATIC; l.fill(400); l.withdraw(400) }},
		{"few routes", holdFrom - 1, time.Hour, func(l *mapLab) { l.withdraw(holdFrom - 1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newMapLab(t)
			l.opt.Hold = tt.hold
			l.start()
			l.fill(tt.n)
			l.equal()
			tt.cut(l)
			eventually(t, "the end of the hold", func() bool {
				v, err := l.m.Verify(t.Context(), true, nil)
				must(t, err)
				return v.Equal && !v.Held
			})
		})
	}
}
