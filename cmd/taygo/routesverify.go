package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"taygo/internal/control"
	"taygo/internal/routemap"
)

// errDiffer is the error of a verify that finds the tables different.
var errDiffer = errors.New("routes verify: the tables differ: taygo routes resync mends them; the log may tell why it does not")

func routesVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "prove that the mapped routes in the kernel are those of the sources",
		Description: "Reads both tables of the kernel anew and compares for all IPv4 addresses, by longest prefix match, where they lead. " +
			"Changes nothing. If they differ it tells where, and the exit status is 1.",
		Flags:  routesFlags(&cli.BoolFlag{Name: "full", Usage: "compare each route too: metrics, and that there is none that need not be"}),
		Before: exactly(0, ""),
		Action: asking(func(c *cli.Context, client control.Client) error {
			p := newProgress(c.App.ErrWriter, "routes read")
			v, err := client.VerifyRoutes(c.Context, c.Bool("full"), p.show)
			p.clear()
			if err != nil {
				return err
			}
			if err := printed(c, v, printVerdict); err != nil {
				return err
			}
			if !v.Equal && !v.Held {
				return errDiffer
			}
			return nil
		}),
	}
}

func printVerdict(w io.Writer, v routemap.Verdict) {
	result := "different"
	switch {
	case v.Equal && v.Full:
		result = "equal, route by route and for all addresses"
	case v.Equal:
		result = "equal for all addresses"
	case v.Held:
		result = "different on purpose: the sources are empty, and their routes are held for a while"
	}
	fmt.Fprintf(w, "tables\t%s\n", result)
	fmt.Fprintf(w, "sources\t%d routes in tables of the kernel\n", v.Source)
	fmt.Fprintf(w, "mapped\t%d routes, those of files included\n", v.Mapped)
	if v.Limited {
		fmt.Fprintf(w, "\tmore are not taken: raise route-max\n")
	}
	fmt.Fprintf(w, "kernel\t%d IPv6 routes of ours; %d of others are in the way\n", v.Kernel, v.Foreign)
	if v.Full {
		fmt.Fprintf(w, "routes\t%d missing, %d too many\n", v.Missing, v.Surplus)
	}
	if v.NextHops > 0 {
		fmt.Fprintf(w, "next hops\t%d missing\n", v.NextHops)
	}
	if v.Different > 0 {
		fmt.Fprintf(w, "addresses\t%d lead elsewhere\n", v.Different)
	}
	for _, d := range v.Differences {
		fmt.Fprintf(w, "\t%v-%v: %s, not %s\n", d.First, d.Last, d.Have, d.Want)
	}
	fmt.Fprintf(w, "took\t%v, %d tries\n", v.Took.Round(time.Millisecond), v.Tries)
}

func routesResyncCommand() *cli.Command {
	return &cli.Command{
		Name:        "resync",
		Usage:       "read all routes anew, and mend what is wrong",
		Description: "Reads the sources, files of routes included, and the mapped routes anew, and changes what is not right. After flush it maps again.",
		Flags:       routesFlags(),
		Before:      exactly(0, ""),
		Action: asking(func(c *cli.Context, client control.Client) error {
			s, err := client.ResyncRoutes(c.Context)
			if err != nil {
				return err
			}
			return printed(c, s, func(w io.Writer, s routemap.Summary) {
				fmt.Fprintf(w, "%d routes mapped, by %d IPv6 routes of the kernel\n", s.Mapped, s.Kernel)
			})
		}),
	}
}

func routesFlushCommand() *cli.Command {
	return &cli.Command{
		Name:        "flush",
		Usage:       "remove all mapped routes, and map none until a resync",
		Description: "Removes the routes and nexthop objects that are ours from the kernel, and nothing else.",
		Flags:       routesFlags(),
		Before:      exactly(0, ""),
		Action: asking(func(c *cli.Context, client control.Client) error {
			n, err := client.FlushRoutes(c.Context)
			if err != nil {
				return err
			}
			return printed(c, control.Flushed{Routes: n}, func(w io.Writer, f control.Flushed) {
				fmt.Fprintf(w, "%d IPv6 routes removed; taygo routes resync maps them again\n", f.Routes)
			})
		}),
	}
}

// A progress shows on a terminal how far something is. The zero progress shows
// nothing.
type progress struct {
	w    io.Writer // nil: nothing is shown
	what string
	last time.Time
	long bool // something is shown
}

func newProgress(w io.Writer, what string) *progress {
	if f, ok := w.(*os.File); !ok || !isTerminal(f) {
		w = nil
	}
	return &progress{w: w, what: what}
}

// show shows that so many of all are done, not more often than one can look. What
// all are is not known exactly.
func (p *progress) show(done, total int) {
	if p.w == nil || total <= 0 || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.long = time.Now(), true
	fmt.Fprintf(p.w, "\r%d %s, %d %%\x1b[K", done, p.what, min(100, 100*int64(done)/int64(total)))
}

// clear takes away what is shown.
func (p *progress) clear() {
	if p.long {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.long = false
	}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
