package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"taygo/conf"
	"taygo/tundev"
)

func makeCommand() *cli.Command {
	return tunCommand("mktun", "make the TUN device and leave it, so that routes can be set before taygo runs", "made", tundev.Make)
}

func removeCommand() *cli.Command {
	return tunCommand("rmtun", "remove the TUN device that mktun made", "removed", tundev.Remove)
}

// tunCommand returns a command that does something to the device which the
// configuration or the argument names.
func tunCommand(name, usage, done string, do func(string) error) *cli.Command {
	return &cli.Command{
		Name:      name,
		Usage:     usage,
		ArgsUsage: "[DEVICE]",
		Flags:     []cli.Flag{configFlag()},
		Before:    atMost(1),
		Action: func(c *cli.Context) error {
			device := c.Args().First()
			if device == "" {
				cfg, err := conf.Load(c.String("config"))
				if err != nil {
					return err
				}
				device = cfg.TUNDevice
			}
			if device == "" {
				return errors.New(name + ": which device? Set tun-device, or name it: taygo " + name + " nat64")
			}
			if err := do(device); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "%s %s\n", device, done)
			return nil
		},
	}
}
