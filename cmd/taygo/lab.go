package main

import (
	"github.com/urfave/cli/v2"

	"taygo/internal/lab"
)

func labCommand() *cli.Command {
	return &cli.Command{
		Name:  "lab",
		Usage: "show route mapping at work with BIRD, in networks made for that",
		Description: "Builds two border routers, each with an upstream IPv4 network, BIRD and taygo, a reflector that maps routes, and an " +
			"IPv6-only host. The host reaches IPv4 addresses by the border that routes them; routes, sessions, daemons and links go " +
			"away, and traffic moves to the other border. It takes half a minute and leaves nothing behind. It wants root, and BIRD 2.",
		Before: atMost(0),
		Action: func(c *cli.Context) error { return lab.Run(c.Context, "/proc/self/exe", c.App.Writer) },
	}
}
