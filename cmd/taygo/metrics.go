package main

import "github.com/urfave/cli/v2"

func metricsCommand() *cli.Command {
	return &cli.Command{
		Name:  "metrics",
		Usage: "show all numbers of a running taygo as Prometheus reads them",
		Description: "The same is at /metrics of the control socket. For a node_exporter, write it to a file of its " +
			"textfile collector; or let a scraper that speaks to unix sockets ask for it.",
		Flags:  []cli.Flag{configFlag(), socketFlag()},
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			client, err := client(c)
			if err != nil {
				return err
			}
			text, err := client.Metrics(c.Context)
			if err == nil {
				_, err = c.App.Writer.Write(text)
			}
			return err
		},
	}
}
