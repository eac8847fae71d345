package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/internal/gateway"
)

func socketFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "socket", Aliases: []string{"s"}, TakesFile: true,
		Usage: "speak to the taygo that listens at `PATH`, instead of the one that the configuration names",
	}
}

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show the state and the counters of a running taygo",
		Flags: []cli.Flag{
			configFlag(), socketFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			&cli.BoolFlag{Name: "all", Usage: "print counters that are zero, too"},
		},
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			client, err := client(c)
			if err != nil {
				return err
			}
			s, err := client.Status(c.Context)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return json.NewEncoder(c.App.Writer).Encode(s)
			}
			return printStatus(c.App.Writer, s, c.Bool("all"))
		},
	}
}

func reloadCommand() *cli.Command {
	return &cli.Command{
		Name:   "reload",
		Usage:  "have a running taygo read its configuration again",
		Flags:  []cli.Flag{configFlag(), socketFlag()},
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			client, err := client(c)
			if err != nil {
				return err
			}
			return client.Reload(c.Context)
		},
	}
}

// client returns the client of the taygo that the flags name.
func client(c *cli.Context) (control.Client, error) {
	if path := c.String("socket"); path != "" {
		return control.Client{Path: path}, nil
	}
	cfg, err := conf.Load(c.String("config"))
	switch {
	case err != nil:
		return control.Client{}, err
	case cfg.ControlSocket == conf.ControlSocketOff:
		return control.Client{}, errors.New("control-socket is off: remove that line, and restart taygo")
	case cfg.ControlSocket != "":
		return control.Client{Path: cfg.ControlSocket}, nil
	}
	return control.Client{Path: gateway.SocketPath(cfg.TUNDevice)}, nil
}

func printStatus(w io.Writer, s control.Status, all bool) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	prefix := s.Prefix
	if prefix == "" {
		prefix = "none"
	}
	fmt.Fprintf(t, "taygo\t%s, pid %d, up %v, %d reloads\n", s.Version, s.PID, s.Uptime.Round(time.Second), s.Reloads)
	fmt.Fprintf(t, "device\t%s, %s, MTU %d, %s\n", s.Device.Name, s.Device.State, s.Device.MTU, s.Device.Mode)
	fmt.Fprintf(t, "own\t%s, %s\n", s.IPv4, s.IPv6)
	fmt.Fprintf(t, "prefix\t%s; explicit mappings: %d\n", prefix, s.Maps)
	fmt.Fprintf(t, "MTU\tIPv4 %d, IPv6 %d\n", s.MTU4, s.MTU6)
	q := s.Device.Queues
	fmt.Fprintf(t, "queues\t%d read, %d missed, %d written (%d along with others), %d not: %d device down, %d no room, %d refused\n",
		q.Read, q.Missed, q.Written, q.Merged, q.Down+q.Full+q.Refused, q.Down, q.Full, q.Refused)
	printNAT64(t, s.NAT64)
	if r := s.Routes; r != nil {
		fmt.Fprintf(t, "routes\t%d mapped to %s, %d in table %d; %d next hops, %d down (taygo routes)\n",
			r.Mapped, r.Prefix, r.Kernel, r.Table, r.NextHops, r.Down)
	}
	fmt.Fprintf(t, "\ncounter\tfrom IPv4\tfrom IPv6\n")
	fmt.Fprintf(t, "octets\t%d\t%d\n", s.FromIP4.Octets, s.FromIP6.Octets)
	for _, name := range slices.Sorted(maps.Keys(s.FromIP4.Packets)) {
		if a, b := s.FromIP4.Packets[name], s.FromIP6.Packets[name]; all || a+b > 0 {
			fmt.Fprintf(t, "%s\t%d\t%d\n", name, a, b)
		}
	}
	fmt.Fprintf(t, "icmp_errors_sent\t%d\t%d\n", s.FromIP4.ErrorsSent, s.FromIP6.ErrorsSent)
	fmt.Fprintf(t, "icmp_errors_limited\t%d\t%d\n", s.FromIP4.ErrorsLimited, s.FromIP6.ErrorsLimited)
	fmt.Fprintf(t, "icmp_errors_off\t%d\t%d\n", s.FromIP4.ErrorsOff, s.FromIP6.ErrorsOff)
	return t.Flush()
}
