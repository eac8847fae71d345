package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"taygo/conf"
	"taygo/internal/gateway"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "translate until stopped",
		Description: "Opens the TUN device, or makes it, and translates what is routed to it. " +
			"Stops on SIGINT and SIGTERM. SIGHUP reads the configuration again: if anything in it is " +
			"wrong, the running one stays. Give the device its routes beforehand (taygo mktun) or once it runs.",
		Flags:  []cli.Flag{configFlag()},
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			return run(c.Context, c.String("config"))
		},
	}
}

// run runs a gateway until ctx ends.
func run(ctx context.Context, path string) error {
	cfg, err := conf.Load(path)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // who reads the log may go; translation stays
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	g, err := gateway.New(cfg, gateway.Options{Version: version, Config: path, Log: log, PacketLog: os.Stdout})
	if err != nil {
		return err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go func() {
		for range hup {
			if err := g.Reload(); err != nil {
				log.Error("configuration not replaced, the running one stays", "error", err)
			}
		}
	}()
	err = g.Run(ctx, func() { log.Info("translating", "version", version, "config", path) })
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err == nil {
		log.Info("stopped")
	}
	return err
}
