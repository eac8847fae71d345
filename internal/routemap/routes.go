package routemap

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// addRoutes adds the wanted routes that do not lead to the device yet, and notes
// who else has one.
func (c *change) addRoutes(wanted []netip.Prefix) error {
	old := c.conflicts
	c.undoBy(func() error { c.conflicts = old; return nil })
	c.conflicts = nil
	there := map[netip.Prefix]bool{}
	for family, some := range byFamily(wanted) {
		if len(some) == 0 {
			continue
		}
		routes, err := c.kernel.routes(family, unix.RT_TABLE_MAIN, c.index)
		if err != nil {
			return c.fail("list its routes", err)
		}
		for _, r := range routes {
			there[r.dst] = true
		}
	}
	others, err := c.others(wanted)
	if err != nil {
		return err
	}
	for _, dst := range wanted {
		added := there[dst]
		if !added {
			if added, err = c.addRoute(dst); err != nil {
				return err
			}
		}
		for _, r := range others[dst] {
			c.conflicts = append(c.conflicts, Conflict{Route: dst, Device: c.nameOf(r.index), Metric: r.metric, Added: added})
		}
		if !added && len(others[dst]) == 0 { // it came since we looked
			c.conflicts = append(c.conflicts, Conflict{Route: dst})
		}
	}
	return nil
}

// addRoute returns false if the place is taken.
func (c *change) addRoute(dst netip.Prefix) (bool, error) {
	err := c.kernel.addRoute(c.index, dst)
	switch {
	case isThere(err):
		return false, nil
	case err != nil:
		return false, c.fail("add the route "+dst.String(), err)
	}
	c.undoBy(func() error { return c.kernel.removeRoute(c.index, dst) })
	return true, nil
}

// dropRoutes removes the routes of ours that are not wanted.
func (c *change) dropRoutes(wanted []netip.Prefix) error {
	keep := map[netip.Prefix]bool{}
	for _, dst := range wanted {
		keep[dst] = true
	}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		routes, err := c.kernel.routes(family, unix.RT_TABLE_MAIN, c.index)
		if err != nil {
			return c.fail("list its routes", err)
		}
		for _, r := range routes {
			if !r.ours(c.index) || keep[r.dst] {
				continue
			}
			switch err := c.kernel.removeRoute(c.index, r.dst); {
			case isGone(err):
				continue
			case err != nil:
				return c.fail("take away the route "+r.dst.String(), err)
			}
			c.undoBy(func() error { return c.kernel.addRoute(c.index, r.dst) })
		}
	}
	return nil
}

// others returns the routes of the main table to any of the prefixes that lead
// elsewhere.
func (c *change) others(wanted []netip.Prefix) (map[netip.Prefix][]route, error) {
	found := map[netip.Prefix][]route{}
	asked := map[netip.Prefix]bool{}
	for _, dst := range wanted {
		asked[dst] = true
	}
	for family, some := range byFamily(wanted) {
		if len(some) == 0 {
			continue
		}
		restart := func() {
			for _, dst := range some {
				delete(found, dst)
			}
		}
		err := c.kernel.eachRoute(family, unix.RT_TABLE_MAIN, 0, restart, func(r route) {
			if asked[r.dst] && r.index != c.index {
				found[r.dst] = append(found[r.dst], r)
			}
		})
		if err != nil {
			return nil, c.fail("list the routes of others", err)
		}
	}
	return found, nil
}

// byFamily divides prefixes by their address family.
func byFamily(list []netip.Prefix) map[uint8][]netip.Prefix {
	by := map[uint8][]netip.Prefix{}
	for _, x := range list {
		by[familyOf(x)] = append(by[familyOf(x)], x)
	}
	return by
}

// nameOf returns the name of a device, empty if it has none.
func (c *change) nameOf(index int) string {
	d, err := c.kernel.device(index)
	if index == 0 || err != nil {
		return ""
	}
	return d.name
}
