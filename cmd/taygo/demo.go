package main

import (
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"taygo/internal/demo"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "show taygo at work, in networks made for that",
		Description: "Builds an IPv6-only host, a router with taygo and an IPv4-only server, has them ping each " +
			"other and open pages through it, and checks what comes. It takes seconds and leaves nothing behind. " +
			"It wants root, or leave to make user namespaces.",
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			err := demo.Run(c.Context, os.Args[0], os.Stdout, os.Stderr)
			if errors.Is(err, demo.ErrTold) {
				os.Exit(1)
			}
			return err
		},
	}
}
