package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/internal/natlog"
	"taygo/nat64"
	"taygo/translate/wire"
)

// errNoPool answers who asks for sessions where there are none.
var errNoPool = errors.New("gateway: there is no stateful translation: give it addresses with nat64-pool")

// protocolWords are the words for protocols that have ports.
var protocolWords = map[uint8]string{wire.ProtoTCP: "tcp", wire.ProtoUDP: "udp", wire.ProtoICMP: "icmp"}

// protocolNumber returns the number of a protocol by its word, or as a word.
func protocolNumber(word string) uint8 {
	for number, w := range protocolWords {
		if w == word {
			return number
		}
	}
	number, _ := strconv.ParseUint(word, 10, 8)
	return uint8(number)
}

// query returns q as the table understands it.
func query(q control.Query) nat64.Query {
	return nat64.Query{
		Proto: protocolNumber(q.Protocol), Client: q.Client, V4: q.IPv4.Addr(), Port: q.IPv4.Port(),
		Peer: q.Peer, Held: q.Held, Limit: q.Limit,
	}
}

// listSessions is control.Server.Sessions.
func (g *Gateway) listSessions(q control.Query, yield func(control.Session) bool) error {
	t := g.table.Load()
	if t == nil {
		return errNoPool
	}
	t.Sessions(query(q), g.clock(), func(s nat64.Session) bool {
		return yield(control.Session{
			Protocol: protocolWords[s.Proto], IPv6: s.V6, IPv4: s.V4, Peer: s.Peer,
			State: s.State.String(), Stored: s.Stored, Left: s.Left,
		})
	})
	return nil
}

// listBindings is control.Server.Bindings: the static bindings behind the others,
// used or not.
func (g *Gateway) listBindings(q control.Query, yield func(control.Binding) bool) error {
	t := g.table.Load()
	if t == nil {
		return errNoPool
	}
	statics := t.Statics()
	sessions, more := make([]int, len(statics)), true
	t.Bindings(query(q), g.clock(), func(e nat64.Entry) bool {
		if i := staticOf(statics, &e); i >= 0 {
			sessions[i] += len(e.Sessions)
			return true
		}
		more = yield(binding(&e))
		return more
	})
	for i, s := range statics {
		if !more {
			break
		}
		more = yield(control.Binding{
			Protocol: protocolWords[s.Proto], IPv6: s.V6, IPv4: s.V4, Ports: max(s.Ports, 1), Kind: "static", Sessions: sessions[i],
		})
	}
	return nil
}

// staticOf returns which of the static bindings e is of, or -1.
func staticOf(statics []nat64.Static, e *nat64.Entry) int {
	if !e.Static {
		return -1
	}
	return slices.IndexFunc(statics, func(s nat64.Static) bool {
		past := int(e.V4.Port()) - int(s.V4.Port())
		return s.Proto == e.Proto && s.V4.Addr() == e.V4.Addr() && past >= 0 && past < max(s.Ports, 1)
	})
}

// binding renders what is bound, or held.
func binding(e *nat64.Entry) control.Binding {
	b := control.Binding{Protocol: protocolWords[e.Proto], IPv6: e.V6, IPv4: e.V4, Kind: "dynamic", Sessions: len(e.Sessions), Left: e.Left}
	switch {
	case e.Static: // of a host that an address is dedicated to
		b.Kind = "static"
	case e.Held:
		b.Kind = "held"
	}
	return b
}

// followInterval is how often changes are handed to those who follow.
const followInterval = 100 * time.Millisecond

// followChanges is control.Server.Follow.
func (g *Gateway) followChanges(ctx context.Context, _ control.Query, yield func(control.Change) bool) error {
	t := g.table.Load()
	if t == nil {
		return errNoPool
	}
	var f natFeed
	f.follow(t)
	defer f.close()
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	var changes [256]nat64.Change
	lost := uint64(0)
	for {
		for n := f.Next(changes[:]); n > 0; n = f.Next(changes[:]) {
			for i := range changes[:n] {
				if !yield(g.change(&changes[i])) {
					return nil
				}
			}
		}
		if all := f.Lost(); all > lost {
			if !yield(control.Change{Time: time.Now(), Event: control.EventLost, Lost: all - lost}) {
				return nil
			}
			g.feedLost.Add(all - lost)
			lost = all
		}
		if now := g.table.Load(); now != nil && now != t { // the pool was taken away, and given back
			t = now
			f.follow(t)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (g *Gateway) change(c *nat64.Change) control.Change {
	return control.Change{
		Time: g.wall(c.At), Event: natlog.EventName(*c), Protocol: protocolWords[c.Proto],
		IPv6: c.V6, IPv4: c.V4, Peer: c.Peer, Last: c.Last,
	}
}

// addBinding is control.Server.AddBinding. It refuses what the configuration would.
func (g *Gateway) addBinding(b control.Binding) error {
	return g.changeBinding(b, func(t *nat64.Table, s nat64.Static, now time.Duration) (nat64.Removed, error) {
		asked := conf.NAT64Static{
			Protocol: conf.NAT64Protocol(slices.Index(protocolNumbers[:], s.Proto)), V6: s.V6, V4: s.V4, Ports: s.Ports,
		}
		if err := g.config.CheckStatic(asked); err != nil {
			return nat64.Removed{}, err
		}
		return t.AddStatic(s, now)
	})
}

// removeBinding is control.Server.RemoveBinding.
func (g *Gateway) removeBinding(b control.Binding) error {
	return g.changeBinding(b, (*nat64.Table).RemoveStatic)
}

func (g *Gateway) changeBinding(b control.Binding, change func(*nat64.Table, nat64.Static, time.Duration) (nat64.Removed, error)) error {
	g.mu.Lock() // not while a reload changes the rules
	defer g.mu.Unlock()
	t := g.table.Load()
	if t == nil {
		return errNoPool
	}
	s := nat64.Static{Proto: protocolNumber(b.Protocol), V6: b.IPv6, V4: b.IPv4, Ports: b.Ports}
	removed, err := change(t, s, g.clock())
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	if removed != (nat64.Removed{}) {
		g.options.Log.Info("a static binding changed, and what was in its way is gone", "bindings", removed.Bindings, "sessions", removed.Sessions)
	}
	return nil
}
