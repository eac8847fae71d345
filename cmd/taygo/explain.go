package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"taygo/internal/control"
	"taygo/internal/gateway"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "tell what addresses, or a flow, become on the other side, and by which rule",
		ArgsUsage: "ADDRESS[:PORT]... | tcp|udp|icmp SOURCE:PORT DESTINATION:PORT | NUMBER SOURCE DESTINATION",
		Description: "Addresses are explained by the configuration alone; with nat64-deterministic, 192.0.2.1:4000 tells whose port that is. A flow is explained by a running taygo, which knows " +
			"its bindings and sessions: give both ends as its sender has them, such as tcp [2001:db8::1]:4000 [64:ff9b::cb00:7105]:80. " +
			"Nothing is made or prolonged for its sake. An identifier of icmp stands for a port, and protocols without ports have a number, such as 47.",
		Flags: []cli.Flag{configFlag(), socketFlag()},
		Action: func(c *cli.Context) error {
			first := c.Args().First()
			if _, bad := strconv.ParseUint(first, 10, 8); bad == nil || slices.Contains(control.Protocols, strings.ToLower(first)) {
				return explainFlow(c)
			}
			return explainAddresses(c)
		},
	}
}

func explainAddresses(c *cli.Context) error {
	addrs, err := addresses(c.Args().Slice())
	if err != nil {
		return err
	}
	cfg, err := load(c, c.String("config"))
	if err != nil {
		return err
	}
	all, err := gateway.Explain(cfg, addrs)
	if err != nil {
		return err
	}
	for _, e := range all {
		printExplanation(c, e)
		fmt.Fprintf(c.App.Writer, "    rule  %s\n    from  %s\n", e.Rule, e.RFC)
		if e.Note != "" {
			fmt.Fprintf(c.App.Writer, "    note  %s\n", e.Note)
		}
	}
	return nil
}

func printExplanation(c *cli.Context, e gateway.Explanation) {
	w := c.App.Writer
	switch {
	case e.Stateful:
		fmt.Fprintf(w, "%v is translated by its sessions\n", e.Addr)
	case !e.To.IsValid():
		fmt.Fprintf(w, "%v is not translated\n", e.Addr)
	case !e.Back.IsValid():
		fmt.Fprintf(w, "%v -> %v, and no way back\n", e.Addr, e.To)
	default:
		fmt.Fprintf(w, "%v -> %v -> %v\n", e.Addr, e.To, e.Back)
	}
}

// explainFlow asks the running taygo about a flow.
func explainFlow(c *cli.Context) error {
	args := c.Args().Slice()
	if len(args) != 3 {
		return fmt.Errorf("explain: a flow is a protocol and two addresses with ports: taygo explain %s [2001:db8::1]:4000 [64:ff9b::cb00:7105]:80", args[0])
	}
	flow, err := control.ParseFlow(args[0], args[1], args[2])
	if err != nil {
		return err
	}
	client, err := client(c)
	if err != nil {
		return err
	}
	e, err := client.ExplainFlow(c.Context, flow)
	if err != nil {
		return err
	}
	w := c.App.Writer
	fmt.Fprintf(w, "%s %s -> %s\n", flow.Protocol, otherSide(flow.Src), otherSide(flow.Dst))
	if e.Verdict == "translated" {
		fmt.Fprintf(w, "    becomes  %s -> %s\n", otherSide(e.Src), otherSide(e.Dst))
	} else {
		fmt.Fprintf(w, "    outcome  %s\n", e.Verdict)
	}
	fmt.Fprintf(w, "    mode     %s\n", e.Mode)
	if e.Binding != "" {
		fmt.Fprintf(w, "    binding  %s\n", e.Binding)
	}
	if e.State != "" {
		fmt.Fprintf(w, "    session  %s, %v left\n", e.State, e.Left.Round(time.Second))
	}
	fmt.Fprintf(w, "    rule     %s\n", e.Rule)
	if e.Note != "" {
		fmt.Fprintf(w, "    note     %s\n", e.Note)
	}
	return nil
}

// otherSide shows a transport address whose port may not be chosen yet.
func otherSide(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return a.String()
}

// addresses reads addresses, of which an IPv4 one may have a port.
func addresses(args []string) ([]netip.AddrPort, error) {
	if len(args) == 0 {
		return nil, errors.New("explain: no address given: taygo explain 192.0.2.1 2001:db8::1")
	}
	all := make([]netip.AddrPort, len(args))
	for i, s := range args {
		a, err := netip.ParseAddr(s)
		all[i] = netip.AddrPortFrom(a, 0)
		if with, failed := netip.ParseAddrPort(s); failed == nil && with.Addr().Is4() {
			a, all[i], err = with.Addr(), with, nil
		}
		if err != nil || a.Zone() != "" {
			return nil, fmt.Errorf("explain: %q is not an IPv4 or IPv6 address: write one like 192.0.2.1 or 2001:db8::1, or a flow like tcp 192.0.2.1:4000 203.0.113.1:80", s)
		}
	}
	return all, nil
}
