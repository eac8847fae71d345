package gateway

import (
	"fmt"
	"net/netip"

	"taygo/conf"
	"taygo/eam"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// rules are all that a reload replaces, as a whole. They never change, so that
// each packet sees the old ones or the new ones (RFC 7757 §3.3).
type rules struct {
	policy  translate.Policy
	mapper  mapper
	logged  [5]bool // by translate.Class
	workers int
}

// build makes rules of a configuration, for a device of the given MTU and number
// of workers. It refuses what only shows when things are put together, naming
// the line.
func build(c *conf.Config, mtu, workers int) (*rules, error) {
	if mtu < wire.MinMTU6 {
		return nil, fmt.Errorf("gateway: %s: the MTU %d is less than IPv6 needs: set it to %d or more (ip link set %s mtu 1500)",
			c.TUNDevice, mtu, wire.MinMTU6, c.TUNDevice)
	}
	r := &rules{workers: workers}
	if err := r.buildMapper(c); err != nil {
		return nil, err
	}
	r.buildPolicy(c, mtu)
	r.logged = [...]bool{
		translate.Dropped: c.Log.Drop, translate.Rejected: c.Log.Reject,
		translate.ICMP: c.Log.ICMP, translate.Self: c.Log.Self,
	}
	return r, nil
}

func (r *rules) buildMapper(c *conf.Config) (err error) {
	m := &r.mapper
	if c.Prefix.IsValid() {
		if m.Prefix, err = pref64.New(c.Prefix); err != nil {
			return fmt.Errorf("%v: prefix: %w", c.At("prefix"), err)
		}
	}
	m.Strict = c.WKPFStrict && m.Prefix.WellKnown()
	own := own6(c)
	pairs := make([]eam.Pair, len(c.Maps))
	for i, p := range c.Maps {
		pairs[i] = eam.Pair{V4: p.V4, V6: p.V6}
		if p.V6 == netip.PrefixFrom(own, own.BitLen()) {
			return fmt.Errorf("%v: map: %v is the translator's own address, made of ipv4-addr: map another, or set ipv6-addr", p.At, own)
		}
	}
	if m.Explicit, err = eam.New(pairs); err != nil {
		return fmt.Errorf("%v: map: %w", c.At("map"), err)
	}
	m.Denied = siit.NewRanges(c.DenyIPv4)
	m.Leased = poolOptions(c).Ranges() // whoever builds gives it the pool of these
	switch c.Hairpin {
	case conf.HairpinIntrinsic:
		m.Hairpin = siit.Intrinsic
	case conf.HairpinSimple:
		m.Hairpin = siit.Simple
	case conf.HairpinOff:
		m.Hairpin = siit.Off
	}
	m.Sources4 = pool(c.ICMPSourceIPv4, c.IPv4Addr)
	m.Sources6 = pool(c.ICMPSourceIPv6, own)
	return nil
}

// poolOptions returns what the dynamic pool works by. Addresses of other rules are
// none of its business.
func poolOptions(c *conf.Config) siit.DynamicOptions {
	o := siit.DynamicOptions{Lifetime: c.PoolLifetime, Dormant: c.PoolDormant}
	for _, p := range c.DynamicPools {
		o.Pools = append(o.Pools, siit.PoolRange{V4: p.V4, V6: p.V6})
	}
	for _, m := range c.Maps {
		o.Reserved = append(o.Reserved, m.V4, m.V6)
	}
	for _, a := range []netip.Addr{c.IPv4Addr, own6(c)} {
		o.Reserved = append(o.Reserved, netip.PrefixFrom(a, a.BitLen()))
	}
	if c.Prefix.IsValid() {
		o.Reserved = append(o.Reserved, c.Prefix)
	}
	return o
}

// pool returns the RFC 6791 pool of the prefixes, or of the own address if there
// are none.
func pool(prefixes []netip.Prefix, own netip.Addr) siit.Pool {
	if len(prefixes) == 0 {
		prefixes = []netip.Prefix{netip.PrefixFrom(own, own.BitLen())}
	}
	return siit.NewPool(prefixes...)
}

// localUse is a prefix for translation inside a network, of any IPv4 address
// (RFC 8215).
var localUse = netip.MustParsePrefix("64:ff9b:1::/96")

// own6 returns the translator's own IPv6 address: the configured one, else its
// IPv4 address in the prefix, or, where the Well-Known Prefix may not carry that
// (RFC 6052 §3.1), in the local-use prefix.
func own6(c *conf.Config) netip.Addr {
	if c.IPv6Addr.IsValid() {
		return c.IPv6Addr
	}
	p, err := pref64.New(c.Prefix)
	if err != nil {
		return netip.IPv6Unspecified() // conf lets no such configuration pass
	}
	if c.WKPFStrict && p.WellKnown() && pref64.NonGlobal(wire.AddrFrom(c.IPv4Addr).V4()) {
		p, _ = pref64.New(localUse)
	}
	return p.EmbedAddr(c.IPv4Addr)
}

func (r *rules) buildPolicy(c *conf.Config, mtu int) {
	p, m := &r.policy, &r.mapper
	p.Own4, p.Own4Shared = wire.AddrFrom(c.IPv4Addr), ownsShared(c)
	p.Own6 = wire.AddrFrom(own6(c))
	if m.Prefix.Valid() && !(m.Strict && pref64.NonGlobal(p.Own4.V4())) {
		p.Alt6 = wire.AddrFrom(m.Prefix.EmbedAddr(c.IPv4Addr))
	}
	p.MTU6, p.MTU4 = mtu, mtu-(wire.IPv6Len-wire.IPv4Len)
	if c.IPv6MTU != 0 {
		p.MTU6 = min(c.IPv6MTU, mtu)
	}
	if c.IPv4MTU != 0 {
		p.MTU4 = min(c.IPv4MTU, mtu)
	}
	p.LowestMTU6 = c.OfflinkMTU
	p.Class = translate.Octet(c.TrafficClass)
	p.TOS = translate.Octet(c.TOS)
	switch c.UDPChecksum {
	case conf.UDPChecksumDrop:
		p.ZeroUDP = translate.ZeroUDPDrop
	case conf.UDPChecksumCalc:
		p.ZeroUDP = translate.ZeroUDPCompute
	case conf.UDPChecksumForward:
		p.ZeroUDP = translate.ZeroUDPForward
	}
	p.DropClassE = !c.ClassE
	p.MaxExtensions = c.ExtensionHeaders
	p.Plateaus = c.MTUPlateaus
	p.InterfaceInfo = c.ICMPInterfaceInfo
	p.Errors = [2]translate.Errors{errorPolicy(c.ICMPErrorsIPv4), errorPolicy(c.ICMPErrorsIPv6)}
	p.ErrorRate = share(c.ICMPErrorRate, r.workers)
	p.TooBigRate = share(c.ICMPTooBigRate, r.workers)
}

func errorPolicy(p conf.ErrorPolicy) translate.Errors {
	switch p {
	case conf.ErrorsSent:
		return translate.ErrorsSend
	case conf.ErrorsNever:
		return translate.ErrorsNever
	case conf.ErrorsLimited:
	}
	return translate.ErrorsLimit
}

// share returns the part of a rate that one of n workers may use, so that they
// need not ask each other.
func share(r conf.Rate, n int) translate.Rate {
	return translate.Rate{PerSecond: max(1, r.PerSecond/n), Burst: max(1, r.Burst/n)}
}
