// Command taybench measures taygo, the null translator, plain routing and other
// translators side by side, and prints one table. It needs root. See package
// bench.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"taygo/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) == 3 && os.Args[1] == bench.NullCommand {
		err = bench.Null(ctx, os.Args[2])
	} else {
		err = run(ctx, os.Args[1:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "taybench:", err)
		os.Exit(1)
	}
}

// A command is a command line.
type command struct {
	bench.Options
	limit        time.Duration
	json, record string
}

func parse(args []string) (*command, error) {
	c := &command{Options: bench.Options{Exact: 0.02, Progress: os.Stderr}}
	f := flag.NewFlagSet("taybench", flag.ContinueOnError)
	rounds := f.Int("rounds", 5, "measure everything `N` times")
	seconds := f.Float64("seconds", 2, "a measurement takes `S` seconds, a trial with datagrams half of that")
	standard, complete := bench.DefaultPeers(bench.DebianTayga)
	peers := f.String("peers", standard, "measure these: null, route, and NAME=PATH for other translators; the first is compared with the others")
	only := f.String("only", "", "measure only the scenarios that match the `REGEX`, such as ^tcp/4to6")
	quick := f.Bool("short", false, "one round of a tenth of the time: shows that all works, and no more")
	f.DurationVar(&c.limit, "limit", 3*time.Hour, "stop after this time with what was measured until then")
	f.StringVar(&c.json, "json", "", "write all values to `FILE` as well")
	f.StringVar(&c.record, "record", "", "write the table and all values to files in `DIR` as well, named by time and commit")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q: only flags are understood: see -help", f.Arg(0))
	}
	if *quick {
		*rounds, *seconds, c.Exact = 1, *seconds/10, 0.1
	}
	if *rounds < 1 || !(*seconds > 0 && *seconds <= 3600) {
		return nil, fmt.Errorf("%d rounds of %v seconds: at least one round, and up to an hour", *rounds, *seconds)
	}
	c.Rounds, c.Measure = *rounds, time.Duration(*seconds*float64(time.Second))
	if !complete && *peers == standard {
		fmt.Fprintf(c.Progress, "%s is not there: measuring without Tayga (make tools installs it)\n", bench.DebianTayga)
	}
	var err error
	if c.Only, err = regexp.Compile(*only); err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	c.Peers, err = bench.Peers(*peers)
	return c, err
}

func run(ctx context.Context, args []string) error {
	c, err := parse(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	report, err := bench.Run(ctx, c.Options)
	if report == nil {
		return err
	}
	err = errors.Join(err, report.Text(os.Stdout))
	if c.json != "" {
		err = errors.Join(err, write(c.json, report.JSON))
	}
	if c.record != "" { // also what was measured until the limit
		name := filepath.Join(c.record, report.Name())
		err = errors.Join(err, write(name+".txt", report.Text), write(name+".json", report.JSON))
	}
	return err
}

// write writes a file by a function.
func write(path string, text func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(text(f), f.Close())
}
