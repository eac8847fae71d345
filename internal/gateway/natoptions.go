package gateway

import (
	"taygo/conf"
	"taygo/nat64"
	"taygo/nat64/fragment"
	"taygo/nat64/ports"
	"taygo/translate/wire"
)

// natOptions returns what stateful translation works by, along with the explicit
// mappings and the prefix of m.
func natOptions(c *conf.Config, m *mapper) nat64.Options {
	n := &c.NAT64
	o := nat64.Options{
		Prefix:      m.Prefix,
		Own6:        wire.AddrFrom(own6(c)),
		Source:      m.JudgeSource,
		Destination: m.JudgeDestination,
		Hairpins:    m.Explicit.Has4,
		Mapped:      func(v6 wire.Addr) bool { return m.Explicit.Has6(v6.Hi, v6.Lo) },

		AddressDependent: n.AddressDependent,
		IncomingTCP:      n.IncomingTCP,
		Informational:    n.Informational,
		RefreshInbound:   n.RefreshInbound,
		RSTCloses:        n.RSTCloses,
		Parity:           n.Parity,
		SoftPairing:      n.SoftPairing,

		PortHold: n.PortHold,
		Timeouts: nat64.Timeouts{
			UDP: n.Timeouts.UDP, Established: n.Timeouts.Established, Opening: n.Timeouts.Opening,
			Closing: n.Timeouts.Closing, IncomingSYN: n.Timeouts.IncomingSYN, ICMP: n.Timeouts.ICMP,
		},
		Limits: nat64.Limits{
			Sessions: n.Limits.Sessions, SourceBits: n.SourceBits,
			SourceBindings: n.Limits.SourceBindings, SourceSessions: n.Limits.SourceSessions,
			SourcePorts: n.Limits.SourcePorts, SourceRate: n.Limits.SourceRate, SourceBurst: n.Limits.SourceBurst,
			SYNs: n.Limits.SYNs, SYNOctets: n.Limits.SYNOctets,
		},
		Block:           n.BlockSize,
		BlocksPerSource: n.BlocksPerSource,
	}
	if d := n.Deterministic; d.V6.IsValid() {
		o.Block = d.BlockSize
		o.Deterministic = ports.Deterministic{Prefix: d.V6, Bits: d.SourceBits, Overflow: d.Overflow}
	}
	for _, p := range n.Pools {
		o.Pools = append(o.Pools, ports.Range{Prefix: p.V4, First: p.First, Last: p.Last, TCP: p.TCP, UDP: p.UDP, ICMP: p.ICMP})
	}
	for _, s := range n.Static {
		o.Static = append(o.Static, nat64.Static{Proto: protocolNumbers[s.Protocol], V6: s.V6, V4: s.V4, Ports: s.Ports})
	}
	for _, d := range n.Dedicated {
		o.Dedicated = append(o.Dedicated, nat64.Dedicated{V6: d.V6, V4: d.V4})
	}
	return o
}

// protocolNumbers are the protocols that have bindings, as IPv4 writes them.
var protocolNumbers = [...]uint8{
	conf.NAT64TCP: wire.ProtoTCP, conf.NAT64UDP: wire.ProtoUDP, conf.NAT64ICMP: wire.ProtoICMP,
}

// fragmentOptions returns the bounds of the fragments that are kept.
func fragmentOptions(c *conf.Config) fragment.Options {
	l := &c.NAT64.Limits
	return fragment.Options{
		Hold: c.NAT64.Timeouts.Fragment, Fragments: l.Fragments, Octets: l.FragmentOctets, SourceBits: c.NAT64.SourceBits,
	}
}

// ownsShared reports whether the pool has the translator's own IPv4 address, which
// hosts and the translator share then.
func ownsShared(c *conf.Config) bool {
	for _, p := range c.NAT64.Pools {
		if p.V4.Contains(c.IPv4Addr) {
			return true
		}
	}
	return false
}
