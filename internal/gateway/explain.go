package gateway

import (
	"net/netip"
	"time"

	"taygo/conf"
	"taygo/internal/poolfile"
	"taygo/nat64/ports"
	"taygo/siit"
)

// An Explanation says what an address becomes on the other side, and why.
type Explanation struct {
	siit.Explanation
	Stateful bool // by its sessions, so that no address alone can tell
}

// Explain tells what each address becomes under the configuration, and why. It
// needs no device. The port of an IPv4 address, if it is not 0, may tell whose it is.
func Explain(c *conf.Config, ends []netip.AddrPort) ([]Explanation, error) {
	r, err := build(c, 1500, 1)
	if err != nil {
		return nil, err
	}
	if len(c.DynamicPools) > 0 {
		if r.mapper.Dynamic, err = storedLeases(c); err != nil {
			return nil, err
		}
	}
	var pool *ports.Pool
	if c.NAT64.Deterministic.V6.IsValid() {
		if pool, err = natOptions(c, &r.mapper).Pool(); err != nil {
			return nil, natError(c, err)
		}
	}
	all := make([]Explanation, len(ends))
	for i, end := range ends {
		a := end.Addr().Unmap()
		all[i] = r.explain(c, a)
		if pool != nil && all[i].Stateful {
			all[i].explainBlock(pool, netip.AddrPortFrom(a, end.Port()))
		}
	}
	return all, nil
}

// storedLeases returns the pool of a configuration as its dynamic.map has it.
func storedLeases(c *conf.Config) (*siit.DynamicPool, error) {
	pool, err := siit.NewDynamicPool(poolOptions(c))
	if err != nil {
		return nil, err
	}
	if dir := DataDir(c); dir != "" {
		entries, _ := poolfile.In(dir).Load(time.Now())
		leases := make([]siit.Lease, len(entries))
		for i, e := range entries {
			leases[i] = e.Lease
		}
		pool.Restore(leases, 0)
	}
	return pool, nil
}

// explain explains one address, which may be the translator's own.
func (r *rules) explain(c *conf.Config, a netip.Addr) Explanation {
	p := &r.policy
	if a.IsUnspecified() {
		return Explanation{Explanation: r.mapper.Explain(a)}
	}
	switch a {
	case p.Own4.Netip(), p.Own6.Netip():
		return Explanation{Explanation: siit.Explanation{
			Addr: a, Rule: "the translator's own address: it answers echo, and sends ICMP errors from here",
			RFC: "RFC 7915 §4.4, §5.4",
		}}
	case p.Alt6.Netip():
		return Explanation{Explanation: siit.Explanation{
			Addr: a, Rule: "the translator's own IPv4 address in the prefix: it answers echo here",
			RFC: "RFC 6052 §2.2",
		}}
	}
	if len(c.NAT64.Pools) > 0 {
		if e, shared := r.explainShared(c, a); shared {
			return e
		}
	}
	return Explanation{Explanation: r.mapper.Explain(a)}
}
