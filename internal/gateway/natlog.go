package gateway

import (
	"sync"
	"time"

	"taygo/conf"
	"taygo/internal/natlog"
	"taygo/nat64"
)

// feedLength is how many changes wait for a log: those of a tenth of a second at
// the highest rate of new sessions that a log can follow.
const feedLength = 1 << 16

// newNATLog returns the log of bindings and sessions that c asks for, or nil. It
// misses nothing from now on; what was restored the process before has logged.
func (g *Gateway) newNATLog(c *conf.Config) *natlog.Log {
	events := natEvents(c.NAT64.Log)
	if events == 0 {
		return nil
	}
	g.natFeed.follow(g.table.Load())
	o := natlog.Options{
		Feed: &g.natFeed, Wall: g.wall, Events: events, Destinations: c.NAT64.Log.Destinations,
		Tell: func(err error) {
			if err != nil {
				g.options.Log.Error("bindings and sessions are not logged, translation goes on", "error", err)
				return
			}
			g.options.Log.Info("bindings and sessions are logged again")
		},
	}
	switch to := c.NAT64.LogTo; to.Kind {
	case conf.NAT64LogFile:
		return natlog.File(to.Path, o)
	case conf.NAT64LogUnix:
		return natlog.Socket(to.Path, o)
	case conf.NAT64LogIPFIX:
		return natlog.IPFIX(to.Collector.String(), natlog.IPFIXOptions{
			Options: o, EntriesPerUser: uint32(c.NAT64.Limits.SourceBindings),
		})
	case conf.NAT64LogNone:
	}
	return nil
}

func natEvents(l conf.NAT64Log) (events natlog.Events) {
	for _, e := range []struct {
		on    bool
		event natlog.Events
	}{{l.Bindings, natlog.Bindings}, {l.Sessions, natlog.Sessions}, {l.Blocks, natlog.Blocks}, {l.Limits, natlog.Limits}} {
		if e.on {
			events |= e.event
		}
	}
	return events
}

// wall returns the wall clock's time of a moment of the clock of packets.
func (g *Gateway) wall(at time.Duration) time.Time { return time.Now().Add(at - g.clock()) }

// A natFeed is the changes of the table there is, which a reload may give up and
// make anew: what the one before has told comes first. One goroutine takes them.
type natFeed struct {
	mu    sync.Mutex
	feeds []*nat64.Feed // oldest first; all but the last are of tables given up
	lost  uint64        // by feeds that are no longer there
}

// follow takes changes from t from now on, which no packet knows yet. If there is no
// table, what the last one has told is still to be taken.
func (f *natFeed) follow(t *nat64.Table) {
	if t == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.feeds = append(f.feeds, t.Feed(feedLength))
}

// close ends the listening.
func (f *natFeed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, feed := range f.feeds {
		feed.Close()
	}
}

// Next implements natlog.Feed.
func (f *natFeed) Next(into []nat64.Change) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.feeds {
		if n := f.feeds[i].Next(into); n > 0 || i == len(f.feeds)-1 {
			f.feeds = f.feeds[i:]
			return n
		}
		f.lost += f.feeds[i].Lost()
		f.feeds[i].Close()
	}
	return 0
}

// Lost implements natlog.Feed.
func (f *natFeed) Lost() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	lost := f.lost
	for _, feed := range f.feeds {
		lost += feed.Lost()
	}
	return lost
}
