package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"taygo/internal/control"
)

func bibCommand() *cli.Command {
	return &cli.Command{
		Name:        "bib",
		Usage:       "show the bindings of stateful translation (NAT64) of a running taygo, or add and remove static ones",
		Description: "The binding information base (RFC 6146) says which transport address of the pool belongs to which of an IPv6 host.",
		Subcommands: []*cli.Command{bibShowCommand(), bibAddCommand(), bibDelCommand()},
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return fmt.Errorf("bib: there is no command %q: write taygo bib show, add or del", word)
			}
			return errors.New("bib: what about it? Write taygo bib show, add or del")
		},
	}
}

func bibShowCommand() *cli.Command {
	return &cli.Command{
		Name:  "show",
		Usage: "show bindings",
		Description: "Shows each binding: its protocol, the transport address of the IPv6 host, that of the pool, whether it is static, " +
			"and how many sessions it has. Static ones are shown as they are configured, and then those of their ports that have sessions.",
		Flags: append(selectFlags(),
			&cli.BoolFlag{Name: "held", Usage: "show ports that are released, and given to no other host yet, too"},
		),
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			q, err := query(c)
			if err != nil {
				return err
			}
			client, err := client(c)
			if err != nil {
				return err
			}
			l := newListing(c, "no bindings", "PROTO", "IPV6 HOST", "POOL", "KIND", "SESSIONS", "LEFT")
			err = client.Bindings(c.Context, q, func(b control.Binding) bool {
				return l.add(b, b.Protocol, ports(b.IPv6, b.Ports), ports(b.IPv4, b.Ports), b.Kind, strconv.Itoa(b.Sessions), short(b.Left))
			})
			return l.end(err)
		},
	}
}

// ports returns a transport address with a range of ports.
func ports(first netip.AddrPort, n int) string {
	if n < 2 || !first.IsValid() {
		return shown(first)
	}
	return fmt.Sprintf("%v-%d", first, int(first.Port())+n-1)
}

func bibAddCommand() *cli.Command {
	return &cli.Command{
		Name:      "add",
		Usage:     "add a static binding until taygo ends; the directive nat64-static does so for good",
		ArgsUsage: "tcp|udp|icmp [V6]:PORT[-PORT] V4:PORT[-PORT]",
		Description: "Makes the port of an IPv6 host known under that of an address of the pool, at once. " +
			"A range binds as many ports on both sides, one by one in order. A dynamic binding that has one of them ends.",
		Flags:  []cli.Flag{configFlag(), socketFlag()},
		Before: atMost(3),
		Action: func(c *cli.Context) error {
			b, err := bindingOf(c.Args().Slice(), 3)
			if err != nil {
				return fmt.Errorf("bib add: %w: taygo bib add tcp [2001:db8::1]:80 192.0.2.1:80", err)
			}
			client, err := client(c)
			if err != nil {
				return err
			}
			return client.AddBinding(c.Context, b)
		},
	}
}

func bibDelCommand() *cli.Command {
	return &cli.Command{
		Name:        "del",
		Usage:       "remove a static binding, and its sessions",
		ArgsUsage:   "tcp|udp|icmp V4:PORT[-PORT]",
		Description: "Removes a static binding as it was added, range and all. One of the configuration comes back with the next reload.",
		Flags:       []cli.Flag{configFlag(), socketFlag()},
		Before:      atMost(2),
		Action: func(c *cli.Context) error {
			b, err := bindingOf(c.Args().Slice(), 2)
			if err != nil {
				return fmt.Errorf("bib del: %w: taygo bib del tcp 192.0.2.1:80", err)
			}
			client, err := client(c)
			if err != nil {
				return err
			}
			return client.RemoveBinding(c.Context, b)
		},
	}
}

// bindingOf reads a binding: its protocol, its host if there are three words, and
// its address of the pool.
func bindingOf(words []string, n int) (control.Binding, error) {
	var b control.Binding
	if len(words) < n {
		return b, fmt.Errorf("%d words are too few, write %d", len(words), n)
	}
	var err error
	if b.Protocol, err = control.ParseProtocol(words[0]); err != nil {
		return b, err
	}
	v4, n4, err := portRange(words[n-1])
	if err != nil || !v4.Addr().Is4() {
		return b, fmt.Errorf("%q is not an IPv4 address with a port, or ports", words[n-1])
	}
	b.IPv4, b.Ports = v4, n4
	if n == 2 {
		return b, nil
	}
	v6, n6, err := portRange(words[1])
	switch {
	case err != nil || !v6.Addr().Is6() || v6.Addr().Zone() != "":
		return b, fmt.Errorf("%q is not an IPv6 address in brackets with a port, or ports", words[1])
	case n6 != n4:
		return b, fmt.Errorf("%s has %d ports, and %s has %d", words[1], n6, words[2], n4)
	}
	b.IPv6 = v6
	return b, nil
}

// portRange reads ADDRESS:PORT or ADDRESS:FIRST-LAST, and returns the first port
// and how many there are.
func portRange(word string) (netip.AddrPort, int, error) {
	text, last := word, ""
	if at := strings.LastIndexByte(word, ':'); at >= 0 {
		if first, end, found := strings.Cut(word[at:], "-"); found {
			text, last = word[:at]+first, end
		}
	}
	first, err := netip.ParseAddrPort(text)
	if err != nil || last == "" && text == word {
		return first, 1, err
	}
	end, err := strconv.ParseUint(last, 10, 16)
	if err != nil {
		return first, 0, err
	}
	if uint16(end) < first.Port() {
		return first, 0, errors.New("it ends before it begins")
	}
	return first, int(uint16(end)-first.Port()) + 1, nil
}
