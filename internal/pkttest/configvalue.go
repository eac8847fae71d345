package pkttest

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
)

// word reads a value of one word.
func word(to *string, v []string) error {
	return parse(to, func(s string) (string, error) { return s, nil }, v)
}

// parse reads a value of one word with a parser of the standard library.
func parse[T any](to *T, parser func(string) (T, error), v []string) error {
	if len(v) != 1 {
		return fmt.Errorf("%d values, want 1", len(v))
	}
	value, err := parser(v[0])
	if err != nil {
		return err
	}
	*to = value
	return nil
}

func add6791(c *Config, v []string) error {
	var a netip.Addr
	err := parse(&a, netip.ParseAddr, v)
	c.RFC6791 = append(slices.Clip(c.RFC6791), a)
	return err
}

func addMapping(c *Config, v []string) error {
	if len(v) != 2 {
		return fmt.Errorf("%d values, want an IPv4 and an IPv6 prefix", len(v))
	}
	v4, err := netip.ParsePrefix(v[0])
	if err != nil {
		return err
	}
	v6, err := netip.ParsePrefix(v[1])
	c.Map = append(slices.Clip(c.Map), Mapping{v4, v6})
	return err
}

func addPorts(c *Config, v []string) error {
	if len(v) != 4 {
		return fmt.Errorf("%d values, want protocol, address, first and last port", len(v))
	}
	addr, err := netip.ParseAddr(v[1])
	if err != nil {
		return err
	}
	first, err := strconv.ParseUint(v[2], 10, 16)
	if err != nil {
		return err
	}
	last, err := strconv.ParseUint(v[3], 10, 16)
	c.Pool = append(slices.Clip(c.Pool), Ports{addr, v[0], uint16(first), uint16(last)})
	return err
}

func addBinding(c *Config, v []string) error {
	if len(v) != 3 {
		return fmt.Errorf("%d values, want protocol, [IPv6 address]:port, IPv4 address:port", len(v))
	}
	v6, err := netip.ParseAddrPort(v[1])
	if err != nil {
		return err
	}
	v4, err := netip.ParseAddrPort(v[2])
	c.BIB = append(slices.Clip(c.BIB), Binding{v[0], v6, v4})
	return err
}
