package main

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/urfave/cli/v2"

	"taygo/internal/gateway"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "tell what addresses become on the other side, by which rule, and back",
		ArgsUsage: "ADDRESS...",
		Flags:     []cli.Flag{configFlag()},
		Action: func(c *cli.Context) error {
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
				printExplanation(c, e.Addr, e.To, e.Back)
				fmt.Fprintf(c.App.Writer, "    rule  %s\n    from  %s\n", e.Rule, e.RFC)
				if e.Note != "" {
					fmt.Fprintf(c.App.Writer, "    note  %s\n", e.Note)
				}
			}
			return nil
		},
	}
}

func printExplanation(c *cli.Context, a, to, back netip.Addr) {
	w := c.App.Writer
	switch {
	case !to.IsValid():
		fmt.Fprintf(w, "%v is not translated\n", a)
	case !back.IsValid():
		fmt.Fprintf(w, "%v -> %v, and no way back\n", a, to)
	default:
		fmt.Fprintf(w, "%v -> %v -> %v\n", a, to, back)
	}
}

func addresses(args []string) ([]netip.Addr, error) {
	if len(args) == 0 {
		return nil, errors.New("explain: no address given: taygo explain 192.0.2.1 2001:db8::1")
	}
	all := make([]netip.Addr, len(args))
	for i, s := range args {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return nil, fmt.Errorf("explain: %q is not an IPv4 or IPv6 address: write one like 192.0.2.1 or 2001:db8::1", s)
		}
		all[i] = a
	}
	return all, nil
}
