package main

import (
	"context"

	"taygo/internal/gateway"
	"taygo/internal/tayga"
)

// isTayga reports whether a command line, the name of the program included, is
// Tayga's and not taygo's.
func isTayga(args []string) bool {
	commands := app()
	return tayga.Meant(args, func(word string) bool {
		return commands.Command(word) != nil || word == "help" || word == "h"
	})
}

// asTayga runs a command line as Tayga would, and returns the exit code.
func asTayga(args []string) int {
	return tayga.Main(context.Background(), args, runner{}.translate)
}

// A runner runs gateways.
type runner struct {
	packets gateway.Lines // for lines about packets; nil: where the rest of the log goes
}

// translate runs a gateway until ctx ends.
func (r runner) translate(ctx context.Context, o tayga.RunOptions) error {
	packets := r.packets
	if packets == nil {
		packets = o.PacketLog
	}
	g, err := gateway.New(o.Config, gateway.Options{
		Version: version, Config: o.Path, DataDir: o.DataDir, Log: o.Log, PacketLog: packets,
		Open: o.Open, Opened: o.Opened, Reloading: o.Reloading,
	})
	if err != nil {
		return err
	}
	return g.Run(ctx, func() {
		o.Log.Info("translating", "version", version, "config", o.Path)
		o.Ready(tayga.Running{
			Status: "translating, on " + g.Status().Device.Name,
			Reload: g.Reload,
			Alive:  func() bool { g.Status(); return true }, // or it is stuck, and does not answer
		})
	})
}
