package routemap

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// A change is the way of a Link from one setup to the next, with what undoes
// each step that was taken.
type change struct {
	*Link
	before device
	undos  []func() error
}

// make takes all steps. Additions come before removals, so that what both setups
// reach stays reachable.
func (c *change) make(s Setup) error {
	var err error
	if c.before, err = c.kernel.device(c.index); err != nil {
		return c.fail("look at it", err)
	}
	c.name = c.before.name
	routes := masked(s.Routes)
	for _, step := range []func() error{
		func() error { return c.setMTU(s.MTU) },
		func() error { return c.raise(s.Up) },
		func() error { return c.setAddresses(s.Addrs, false) },
		func() error { return c.addRoutes(routes) },
		func() error { return c.dropRoutes(routes) },
		func() error { return c.setAddresses(s.Addrs, true) },
		func() error { return c.lower(s.Up) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// undo takes the steps back, the last one first. That what is to be taken away
// is gone, or what is to be put back is there, is no error.
func (c *change) undo() error {
	var first error
	for _, u := range slices.Backward(c.undos) {
		if err := u(); err != nil && !isGone(err) && !isThere(err) && first == nil {
			first = c.fail("go back to how it was", err)
		}
	}
	return first
}

func (c *change) undoBy(f func() error) { c.undos = append(c.undos, f) }

// setMTU sets the MTU, or for 0 puts back the one of before.
func (c *change) setMTU(octets int) error {
	first := c.mtu
	switch {
	case octets == 0 && first == 0:
		return nil
	case octets == 0:
		octets, c.mtu = first, 0
	case first == 0 && octets != c.before.mtu:
		c.mtu = c.before.mtu
	}
	c.undoBy(func() error { c.mtu = first; return nil })
	if octets == c.before.mtu {
		return nil
	}
	if err := c.kernel.setMTU(c.index, octets); err != nil {
		return c.fail(fmt.Sprintf("set the MTU %d", octets), err)
	}
	c.undoBy(func() error { return c.kernel.setMTU(c.index, c.before.mtu) })
	return nil
}

// raise sets the device up.
func (c *change) raise(up bool) error {
	if !up || c.before.up {
		return nil
	}
	if err := c.kernel.setUp(c.index); err != nil {
		return c.fail("set it up", err)
	}
	first := c.raised
	c.raised = true
	c.undoBy(func() error {
		c.raised = first
		return c.kernel.setDown(c.index)
	})
	return nil
}

// lower sets the device down again if we set it up, unless others have routes to
// it: down, it would lose them.
func (c *change) lower(up bool) error {
	if up || !c.raised {
		return nil
	}
	used, err := c.hasRoutesOfOthers()
	if err != nil {
		return c.fail("list its routes", err)
	}
	if !used {
		if err := c.kernel.setDown(c.index); err != nil {
			return c.fail("set it down", err)
		}
	}
	c.raised = false
	return nil
}

func (c *change) hasRoutesOfOthers() (bool, error) {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		routes, err := c.kernel.routes(family, unix.RT_TABLE_UNSPEC, c.index)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(routes, func(r route) bool { return r.proto != unix.RTPROT_KERNEL && r.proto != unix.RTPROT_RA }) {
			return true, nil
		}
	}
	return false, nil
}

// setAddresses adds the wanted addresses that are not there; before that, if it
// shall, it removes those of ours that are not wanted. One of these can be in the
// way of a wanted one: IPv6 has an address but once, with whatever length.
func (c *change) setAddresses(wanted []netip.Prefix, remove bool) error {
	have, err := c.kernel.addresses(c.index)
	if err != nil {
		return c.fail("list its addresses", err)
	}
	there := map[netip.Prefix]bool{}
	var gone []netip.Prefix
	for _, a := range have {
		there[a.prefix] = true
		ours := a.proto == Protocol || a.proto == 0 && c.added[a.prefix]
		if remove && ours && !slices.Contains(wanted, a.prefix) {
			gone = append(gone, a.prefix)
		}
	}
	if err := c.dropAddresses(gone); err != nil {
		return err
	}
	for _, x := range wanted {
		if there[x] {
			continue
		}
		there[x] = true
		if err := c.addAddress(x); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) addAddress(x netip.Prefix) error {
	err := c.kernel.addAddress(c.index, x)
	switch {
	case isThere(err): // with another length
		return nil
	case err != nil:
		return c.fail("give it the address "+x.String(), err)
	}
	c.added[x] = true
	c.undoBy(func() error {
		delete(c.added, x)
		return c.kernel.dropAddresses(c.index, []netip.Prefix{x})
	})
	return nil
}

func (c *change) dropAddresses(gone []netip.Prefix) error {
	if len(gone) == 0 {
		return nil
	}
	c.undoBy(func() error {
		var err error
		for _, x := range gone {
			c.added[x] = true
			if failed := c.kernel.addAddress(c.index, x); failed != nil && !isThere(failed) {
				err = failed
			}
		}
		return err
	})
	if err := c.kernel.dropAddresses(c.index, gone); err != nil {
		return c.fail(fmt.Sprintf("take away the addresses %v", gone), err)
	}
	for _, x := range gone {
		delete(c.added, x)
	}
	return nil
}

// masked returns the prefixes without host bits, each once, in their order.
func masked(list []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	seen := map[netip.Prefix]bool{}
	for _, x := range list {
		if x = x.Masked(); !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}
