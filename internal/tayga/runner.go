package tayga

import (
	"context"
	"log/slog"
	"os"

	"taygo/conf"
	"taygo/internal/logsink"
)

// A Runner translates until ctx ends, and then returns nil, or until it cannot go
// on, and then says why.
type Runner func(ctx context.Context, o RunOptions) error

// RunOptions are what a Runner gets, and what it has to call.
type RunOptions struct {
	Config *conf.Config
	Path   string // of the configuration file, absolute, for Open
	// DataDir is the directory of dynamic.map and of a relative map-file: the
	// working directory, ".", or "" if there is none. It stays right when the
	// root directory changes.
	DataDir string
	// Open opens a file for reading, such as Path and the map-file, also one that
	// lies outside of the root directory. It may be called from any goroutine.
	Open func(path string) (*os.File, error)

	Log       *slog.Logger
	PacketLog *logsink.Sink // for lines as they are

	// Opened is to be called once, from any goroutine, when all is open that
	// needs privileges: the device, the control socket, the routes. It gives the
	// privileges up. After an error the Runner has to return that.
	Opened func() error
	// Ready is to be called once, after Opened, when packets are translated.
	Ready func(Running)
	// Reloading is to be called when a reload begins, whoever asked for it, and
	// what it returns when the reload has ended, with the reason if it failed.
	Reloading func() (ended func(error))
}

// A Running is a translator that translates.
type Running struct {
	Status string       // what it does, for the service manager
	Reload func() error // reads the configuration again
	Alive  func() bool  // false, or no answer: the service manager should act
}
