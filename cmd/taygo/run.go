package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"taygo/internal/logsink"
	"taygo/internal/tayga"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "translate until stopped",
		Description: "Opens the TUN device, or makes it, and translates what is routed to it. " +
			"Stops on SIGINT and SIGTERM. SIGHUP reads the configuration again: if anything in it is " +
			"wrong, the running one stays. The device gets its addresses and routes from the configuration " +
			"(tun-up, tun-ip, tun-route), or from whoever made it (taygo mktun). " +
			"Tells a service manager (NOTIFY_SOCKET) how it does.",
		Flags: []cli.Flag{
			configFlag(),
			&cli.StringFlag{Name: "log", Value: "stderr", Usage: "log to `TARGET`: stderr, with lines about packets on standard output; stdout, syslog or journal"},
			&cli.StringFlag{Name: "log-format", Value: "text", Usage: "write stderr and stdout as `FORMAT`: text or json"},
			&cli.BoolFlag{Name: "debug", Usage: "log in detail"},
			&cli.StringFlag{Name: "user", Aliases: []string{"u"}, Usage: "become `USER` once the device is open"},
			&cli.StringFlag{Name: "group", Aliases: []string{"g"}, Usage: "become `GROUP` then; without it, that of the user"},
			&cli.BoolFlag{Name: "chroot", Aliases: []string{"r"}, Usage: "make data-dir the root directory then"},
			&cli.StringFlag{Name: "pidfile", Aliases: []string{"p"}, TakesFile: true, Usage: "write the process id to `FILE`"},
		},
		Before: atMost(0),
		Action: run,
	}
}

var logTargets = map[string]tayga.Target{
	"stderr": tayga.Stderr, "stdout": tayga.Stdout, "syslog": tayga.Syslog, "journal": tayga.Journal,
}

// run translates in the foreground until it is stopped.
func run(c *cli.Context) error {
	signal.Ignore(syscall.SIGPIPE) // who reads the log may go; translation stays
	o := tayga.Options{
		Name: "taygo", Config: c.String("config"), Nodetach: true, Debug: c.Bool("debug"),
		User: c.String("user"), Group: c.String("group"), Chroot: c.Bool("chroot"), PIDFile: c.String("pidfile"),
	}
	var known bool
	if o.Log, known = logTargets[c.String("log")]; !known {
		return fmt.Errorf("run: --log %q is no target: write stderr, stdout, syslog or journal", c.String("log"))
	}
	if err := o.LogFormat.Set(c.String("log-format")); err != nil {
		return fmt.Errorf("run: --log-format: %w", err)
	}
	r := runner{}
	if o.Log == tayga.Stderr {
		packets := logsink.Stream(os.Stdout, o.LogFormat, logsink.Options{})
		defer packets.Close(time.Second)
		r.packets = packets
	}
	return tayga.Run(c.Context, o, r.translate)
}
