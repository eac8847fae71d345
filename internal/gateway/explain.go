package gateway

import (
	"net/netip"
	"time"

	"taygo/conf"
	"taygo/internal/poolfile"
	"taygo/siit"
)

// Explain tells what each address becomes under the configuration, and why. It
// needs no device.
func Explain(c *conf.Config, addrs []netip.Addr) ([]siit.Explanation, error) {
	r, err := build(c, 1500, 1)
	if err != nil {
		return nil, err
	}
	if len(c.DynamicPools) > 0 {
		if r.mapper.Dynamic, err = storedLeases(c); err != nil {
			return nil, err
		}
	}
	all := make([]siit.Explanation, len(addrs))
	for i, a := range addrs {
		all[i] = r.explain(a.Unmap())
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
func (r *rules) explain(a netip.Addr) siit.Explanation {
	p := &r.policy
	if a.IsUnspecified() {
		return r.mapper.Explain(a)
	}
	switch a {
	case p.Own4.Netip(), p.Own6.Netip():
		return siit.Explanation{
			Addr: a, Rule: "the translator's own address: it answers echo, and sends ICMP errors from here",
			RFC: "RFC 7915 §4.4, §5.4",
		}
	case p.Alt6.Netip():
		return siit.Explanation{
			Addr: a, Rule: "the translator's own IPv4 address in the prefix: it answers echo here",
			RFC: "RFC 6052 §2.2",
		}
	}
	return r.mapper.Explain(a)
}
