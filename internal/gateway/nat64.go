package gateway

import (
	"crypto/rand"
	"errors"
	"fmt"

	"taygo/conf"
	"taygo/nat64"
)

// applyNAT64 puts stateful translation by the configuration in force and gives r
// its table, or none: then it returns the one that there was, which is to be closed
// when r is in force. After an error nothing has changed. g.mu is held.
func (g *Gateway) applyNAT64(c *conf.Config, r *rules) (old *nat64.Table, err error) {
	g.fragments.Configure(fragmentOptions(c))
	if len(c.NAT64.Pools) == 0 {
		return g.table.Swap(nil), nil
	}
	o := natOptions(c, &r.mapper)
	o.Fragments = g.fragments
	if t := g.table.Load(); t != nil {
		removed, err := t.Configure(o, g.clock())
		if errors.Is(err, nat64.ErrRestart) {
			return nil, fmt.Errorf("%v: %w", c.At(changedForGood(&g.config.NAT64, &c.NAT64)), err)
		}
		if err != nil {
			return nil, natError(c, err)
		}
		g.tellRemoved(removed)
		r.mapper.table = t
		return nil, nil
	}
	o.Key = g.key
	t, err := nat64.New(o, newSeed())
	if err != nil {
		return nil, natError(c, err)
	}
	if g.natLog != nil {
		g.natFeed.follow(t)
	}
	g.table.Store(t)
	g.key = t.Key()
	r.mapper.table = t
	return nil, nil
}

// changedForGood names the directive whose change takes a restart.
func changedForGood(old, n *conf.NAT64) string {
	switch {
	case old.Deterministic != n.Deterministic:
		return "nat64-deterministic"
	case old.BlockSize != n.BlockSize:
		return "nat64-port-blocks"
	case old.SourceBits != n.SourceBits:
		return "nat64-source-length"
	}
	return "nat64-pool"
}

// tellRemoved tells what a reload has ended.
func (g *Gateway) tellRemoved(r nat64.Removed) {
	if r != (nat64.Removed{}) {
		g.options.Log.Info("bindings that the configuration has no room for any more are gone", "bindings", r.Bindings, "sessions", r.Sessions)
	}
}

// newSeed returns what random choices follow from.
func newSeed() (seed [32]byte) {
	if _, err := rand.Read(seed[:]); err != nil {
		panic(errors.Join(errors.New("gateway: no random numbers"), err)) // never returned (crypto/rand)
	}
	return seed
}

// natError says where in the configuration an error of stateful translation comes
// from.
func natError(c *conf.Config, err error) error {
	return fmt.Errorf("%v: %w", c.At("nat64-pool"), err)
}
