package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"taygo/internal/control"
	"taygo/internal/routemap"
)

// routesSocket is where taygo routes run listens.
const routesSocket = "/run/taygo/routes.sock"

func routesCommand() *cli.Command {
	return &cli.Command{
		Name:  "routes",
		Usage: "map IPv4 routes to IPv6 ones, and look at those that are mapped",
		Description: "A running taygo whose configuration has a route-source keeps the routes of that, embedded in the prefix (RFC 6052), " +
			"in an IPv6 table of the kernel. taygo routes run does only that, without a TUN device.",
		Subcommands: []*cli.Command{
			routesSummaryCommand(), routesShowCommand(), routesLookupCommand(), routesNextHopsCommand(), routesRejectedCommand(),
			routesVerifyCommand(), routesResyncCommand(), routesFlushCommand(), routesImportCommand(), routesRunCommand(),
		},
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return fmt.Errorf("routes: there is no command %q: see taygo routes --help", word)
			}
			return errors.New("routes: what about them? Write taygo routes summary, or see taygo routes --help")
		},
	}
}

// routesFlags are the flags of commands that ask a running taygo.
func routesFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		configFlag(),
		&cli.StringFlag{
			Name: "socket", Aliases: []string{"s"}, TakesFile: true,
			Usage: "speak to the taygo that listens at `PATH`, instead of taygo routes run, or the one that the configuration names",
		},
		&cli.BoolFlag{Name: "json", Usage: "print JSON, an object a line"},
	}, more...)
}

// exactly refuses another number of arguments than those that usage names.
func exactly(n int, usage string) cli.BeforeFunc {
	return func(c *cli.Context) error {
		name, extra := c.Command.Name, c.Args().Get(n)
		switch {
		case c.Args().Len() < n:
			return fmt.Errorf("routes %s: which? Write taygo routes %[1]s %s", name, usage)
		case n > 0 && strings.HasPrefix(extra, "-"):
			return fmt.Errorf("routes %s: %s comes too late: write options before %s", name, extra, c.Args().First())
		case c.Args().Len() > n:
			return fmt.Errorf("routes %s: %q is an argument too many: see taygo routes %[1]s --help", name, extra)
		}
		return nil
	}
}

// routesClient returns the client of the taygo that maps routes: taygo routes run
// or, if that does not answer or a configuration is named whose taygo does, that
// one.
func routesClient(c *cli.Context) (control.Client, error) {
	if c.String("socket") != "" {
		return client(c)
	}
	alone := control.Client{Path: routesSocket}
	if !c.IsSet("config") && answers(alone) {
		return alone, nil
	}
	named, err := client(c)
	switch {
	case err == nil && answers(named):
		return named, nil
	case answers(alone):
		return alone, nil
	case err == nil:
		err = fmt.Errorf("routes %s: no taygo answers, neither taygo run at %s nor taygo routes run at %s: start one, or name its socket with -s",
			c.Command.Name, named.Path, alone.Path)
	}
	return control.Client{}, err
}

// answers tells whether somebody listens.
func answers(c control.Client) bool {
	conn, err := net.DialTimeout("unix", c.Path, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// asking returns what a command does with a client.
func asking(do func(c *cli.Context, client control.Client) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		client, err := routesClient(c)
		if err != nil {
			return err
		}
		return do(c, client)
	}
}

// printed prints an answer as JSON if the command is to, or else as text does.
func printed[T any](c *cli.Context, answer T, text func(w io.Writer, answer T)) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(answer)
	}
	t := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	text(t, answer)
	return t.Flush()
}

func routesSummaryCommand() *cli.Command {
	return &cli.Command{
		Name:        "summary",
		Usage:       "show how route mapping stands",
		Description: "Shows how many routes the sources have, how many are mapped, and how many IPv6 routes of the kernel it takes.",
		Flags:       routesFlags(),
		Before:      exactly(0, ""),
		Action: asking(func(c *cli.Context, client control.Client) error {
			s, err := client.Routes(c.Context)
			if err != nil {
				return err
			}
			return printed(c, s, printSummary)
		}),
	}
}

func printSummary(w io.Writer, s routemap.Summary) {
	fmt.Fprintf(w, "mapping\tto %s, table %d, protocol %d\n", s.Prefix, s.Table, s.Protocol)
	fmt.Fprintf(w, "state\t%s\n", routesState(s))
	fmt.Fprintf(w, "sources\t%d routes in tables of the kernel\n", s.Source)
	fmt.Fprintf(w, "mapped\t%d routes, those of files included; of %d prefixes there are several, of which one counts\n", s.Mapped, s.Alternates)
	share := ""
	if s.Mapped > 0 {
		share = fmt.Sprintf(" (%.1f %% of those mapped)", 100*float64(s.Kernel)/float64(s.Mapped))
	}
	fmt.Fprintf(w, "kernel\t%d IPv6 routes%s; %d of others are in the way\n", s.Kernel, share, s.Foreign)
	fmt.Fprintf(w, "next hops\t%d up, %d down\n", s.NextHops, s.Down)
	fmt.Fprintf(w, "memory\t%.1f MiB of tables\n", float64(s.Bytes)/(1<<20))
	fmt.Fprintf(w, "resyncs\t%d; %d overruns\n", s.Resyncs, s.Overruns)
}

// routesState says in words what is to be known first.
func routesState(s routemap.Summary) string {
	switch {
	case !s.Running:
		return "not running: the log tells why"
	case s.Flushed:
		return "flushed: nothing is mapped until taygo routes resync"
	case s.Held:
		return "the sources are empty, and their routes are held for " + short(s.HeldFor)
	case s.Busy:
		return "about to write changes"
	}
	return "in step with the sources"
}
