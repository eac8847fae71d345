package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"taygo/conf"
	"taygo/internal/gateway"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "check a configuration, and tell all that is wrong with it",
		ArgsUsage: "[FILE]",
		Flags:     []cli.Flag{configFlag()},
		Before:    atMost(1),
		Action: func(c *cli.Context) error {
			path := c.String("config")
			if c.Args().Present() {
				path = c.Args().First()
			}
			cfg, err := load(c, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "%s: good\n", path)
			if n := len(cfg.Warnings); n > 0 {
				fmt.Fprintf(c.App.Writer, "%d to look at\n", n)
			}
			return nil
		},
	}
}

// load reads and checks the configuration at path, and prints its warnings.
func load(c *cli.Context, path string) (*conf.Config, error) {
	cfg, err := gateway.Load(path)
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintln(c.App.ErrWriter, "warning:", w.Error())
	}
	return cfg, nil
}
