package gateway

import (
	"taygo/internal/control"
	"taygo/nat64"
)

// natStatus returns how stateful translation stands, or nil if there is none.
func (g *Gateway) natStatus() *control.NAT64 {
	t := g.table.Load()
	if t == nil {
		return nil
	}
	st := t.Status(g.clock())
	f := g.fragments.Status()
	n := &control.NAT64{
		Pool: map[string]control.Fill{}, Bindings: map[string]int{}, Held: map[string]int{}, States: map[string]int{},
		Sessions: control.Fill{Used: st.Sessions, Of: st.Limit}, SYNs: control.Fill(st.SYNs), Blocks: st.Blocks,
		Fragments: control.Fill{Used: f.Fragments, Of: g.config.NAT64.Limits.Fragments},
		Octets:    st.Octets, Evicted: st.Evicted, Probes: st.Probes, Sources: st.Sources, Snapshot: g.snapshot(),
	}
	for i, word := range [nat64.NumProtos]string{nat64.TCP: "tcp", nat64.UDP: "udp", nat64.ICMP: "icmp"} {
		n.Pool[word] = control.Fill(st.Ports[i])
		n.Bindings[word], n.Held[word] = st.Bindings[i], st.Held[i]
	}
	for _, states := range st.States {
		for s, used := range states {
			if used > 0 {
				n.States[nat64.State(s).String()] += used
			}
		}
	}
	for _, s := range st.Top {
		n.Top = append(n.Top, control.Source(s))
	}
	n.FeedLost = g.feedLost.Load()
	if l := g.natLog; l != nil {
		s := l.Status()
		n.LogLost = map[string]uint64{s.Name: s.Lost}
		if s.Err != nil {
			n.LogErrors = map[string]string{s.Name: s.Err.Error()}
		}
	}
	return n
}

// snapshot returns what became of the snapshots of sessions.
func (g *Gateway) snapshot() control.Snapshot {
	k := g.sessions.Load()
	if k == nil {
		return control.Snapshot{}
	}
	kept := k.Kept()
	s := control.Snapshot{File: k.File.Name(), Bindings: kept.Bindings, Sessions: kept.Sessions}
	if kept.Octets > 0 {
		s.Time = kept.Taken.Wall
	}
	if kept.Err != nil {
		s.Error = kept.Err.Error()
	}
	return s
}
