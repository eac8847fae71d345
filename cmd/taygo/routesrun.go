package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"taygo/internal/gateway"
	"taygo/internal/logsink"
	"taygo/internal/notify"
)

func routesRunCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "map routes until stopped, without translating packets",
		Description: "Maps routes as the configuration says, on a host of its own or beside a taygo that translates by a configuration without " +
			"route-source. Stops on SIGINT and SIGTERM; whether the mapped routes stay, route-on-exit says. SIGHUP reads the configuration " +
			"again: if anything in it is wrong, the running one stays. Tells a service manager (NOTIFY_SOCKET) how it does.",
		Flags: []cli.Flag{
			configFlag(),
			&cli.StringFlag{
				Name: "socket", Aliases: []string{"s"}, Value: routesSocket, TakesFile: true,
				Usage: "listen for taygo routes at `PATH`, or not at all: off",
			},
			&cli.StringFlag{Name: "log", Value: "stderr", Usage: "log to `TARGET`: stderr, stdout, syslog or journal"},
			&cli.StringFlag{Name: "log-format", Value: "text", Usage: "write stderr and stdout as `FORMAT`: text or json"},
			&cli.BoolFlag{Name: "debug", Usage: "log in detail"},
		},
		Before: exactly(0, ""),
		Action: routesRun,
	}
}

// memory is what the runtime makes do with as long as it can, in octets: tables of a
// million routes take 6 to 8 MB, and what they outgrew as they grew would stay beside
// them for a while. More routes take more; GOMEMLIMIT counts instead if it is set.
const memory = 18 << 20

// lastWords is how long the log may take its last lines when the process ends.
const lastWords = 2 * time.Second

// routesRun maps routes until it is stopped.
func routesRun(c *cli.Context) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	signal.Ignore(syscall.SIGPIPE) // who reads the log may go; mapping stays
	sink, err := openLog(c)
	if err != nil {
		return err
	}
	defer sink.Close(lastWords)
	log := slog.New(sink.Handler())
	manager, err := notify.Open(nil)
	if err != nil {
		log.Warn("no service manager", "error", err)
	}
	defer manager.Close()
	hangUp := make(chan os.Signal, 1) // a hundred SIGHUP during a reload are one after it
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)

	stop := context.AfterFunc(c.Context, func() { manager.Stopping("ending") })
	defer stop()
	err = gateway.RunRoutes(c.Context, c.String("config"), log, c.String("socket"), func(reload func() error) {
		const status = "mapping routes"
		log.Info(status, "version", version, "config", c.String("config"))
		manager.Ready(status)
		go manager.Watch(c.Context, notify.WatchdogInterval(os.Getpid()), func() bool { return true })
		go reloadOn(c.Context, hangUp, func() {
			manager.Reloading()
			manager.Ready(told(log, status, reload()))
		})
	})
	if err == nil {
		log.Info("ended")
		return nil
	}
	manager.Stopping(err.Error())
	if c.String("log") != "stderr" {
		log.Error("ended", "error", err)
	}
	return fmt.Errorf("routes run: %w", err)
}

// openLog opens the log that the flags name.
func openLog(c *cli.Context) (*logsink.Sink, error) {
	var format logsink.Format
	if err := format.Set(c.String("log-format")); err != nil {
		return nil, fmt.Errorf("routes run: --log-format: %w", err)
	}
	o := logsink.Options{Ident: "taygo"}
	if c.Bool("debug") {
		o.Level = slog.LevelDebug
	}
	switch target := c.String("log"); target {
	case "stderr":
		return logsink.Stream(os.Stderr, format, o), nil
	case "stdout":
		return logsink.Stream(os.Stdout, format, o), nil
	case "syslog":
		return logsink.Syslog(o), nil
	case "journal":
		return logsink.Journal(o), nil
	default:
		return nil, fmt.Errorf("routes run: --log %q is no target: write stderr, stdout, syslog or journal", target)
	}
}

// reloadOn reloads with each signal until ctx ends.
func reloadOn(ctx context.Context, signals <-chan os.Signal, reload func()) {
	for {
		select {
		case <-signals:
			reload()
		case <-ctx.Done():
			return
		}
	}
}

// told logs the error of a reload, and returns the status for the service manager.
func told(log *slog.Logger, status string, err error) string {
	if err == nil {
		return status
	}
	for line := range strings.Lines(err.Error()) {
		log.Error("configuration not replaced, the running one stays", "error", strings.TrimSuffix(line, "\n"))
	}
	return status + "; the last reload failed: " + err.Error()
}
