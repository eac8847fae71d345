package tayga

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"taygo/conf"
	"taygo/internal/logsink"
	"taygo/internal/notify"
)

// lastWords is how long the log may take its last lines when the process ends.
const lastWords = 2 * time.Second

// Run translates in the foreground as the options say, but for Nodetach, Device
// and Help, until ctx ends or a signal ends it. It logs the error that it returns,
// unless the log is standard error, and changes the working directory and the
// account of the process: it is called once.
func Run(ctx context.Context, o Options, run Runner) error {
	return o.run(ctx, run, nil)
}

// A start is a process that starts, and later runs.
type start struct {
	*Options
	back    *back // nil: nobody waits
	outside atomic.Pointer[outside]
	sink    *logsink.Sink
	log     *slog.Logger

	config  *conf.Config
	path    string // of the configuration, absolute
	dataDir string // "" if there is none
	account account
	pid     *pidFile // nil: none
	manager *notify.Socket

	signals signals
	isOpen  atomic.Bool             // and privileges are given up
	running atomic.Pointer[Running] // nil: not yet
}

func (o *Options) run(ctx context.Context, run Runner, back *back) error {
	s := &start{Options: o, back: back, signals: catch()}
	s.openLog()
	defer s.sink.Close(lastWords)
	err := s.prepare()
	if err == nil {
		err = s.translate(ctx, run)
	}
	s.end(err)
	return err
}

// openLog opens the log. Nothing that happens to the log ends anything.
func (s *start) openLog() {
	o := logsink.Options{Ident: s.Name, Dial: func(path string) (*net.UnixConn, error) { return s.outside.Load().dial(path) }}
	if s.Debug {
		o.Level = slog.LevelDebug
	}
	switch s.Log {
	case Syslog:
		s.sink = logsink.Syslog(o)
	case Journal:
		s.sink = logsink.Journal(o)
	case Stdout:
		s.sink = logsink.Stream(os.Stdout, s.LogFormat, o)
	case Stderr:
		s.sink = logsink.Stream(os.Stderr, s.LogFormat, o)
	}
	s.log = slog.New(s.sink.Handler())
}

// prepare does all that comes before the device is opened, in Tayga's order.
func (s *start) prepare() (err error) {
	if s.back != nil {
		if err := s.back.enter(s.Name); err != nil {
			return fmt.Errorf("tayga: in the background: %w", err)
		}
		if s.Log == Stdout || s.Log == Stderr {
			s.log.Warn("the log ends when the process goes to the background: use --nodetach, --syslog or --journal")
		}
	}
	if s.path, err = filepath.Abs(s.Config); err != nil {
		return fmt.Errorf("tayga: %w", err)
	}
	if s.config, err = conf.Load(s.Config); err != nil {
		return err
	}
	if err := s.findDataDir(); err != nil {
		return err
	}
	if s.account, err = s.findAccount(); err != nil {
		return err
	}
	if s.Chroot && s.dataDir == "" {
		return errors.New("tayga: --chroot: there is no directory for it: set data-dir")
	}
	if err := s.enterDataDir(); err != nil {
		return err
	}
	if s.PIDFile != "" {
		if s.pid, err = openPIDFile(s.PIDFile); err != nil {
			return err
		}
	}
	if s.Chroot {
		away, err := newOutside()
		if err != nil {
			return err
		}
		s.outside.Store(away)
		_, _ = time.Now().Zone() // reads /etc/localtime, which will not be seen any more
	}
	if s.manager, err = notify.Open(s.outside.Load().dial); err != nil {
		s.log.Warn("no service manager", "error", err)
	}
	return nil
}

// findDataDir finds the data directory: the one of the configuration, else the
// first that a service manager gives.
func (s *start) findDataDir() error {
	s.dataDir = s.config.DataDir
	given := os.Getenv("STATE_DIRECTORY")
	if s.dataDir != "" || given == "" {
		return nil
	}
	first, _, more := strings.Cut(given, ":")
	if !filepath.IsAbs(first) {
		return fmt.Errorf("tayga: STATE_DIRECTORY=%q: %q is not absolute: mend it, or set data-dir", given, first)
	}
	if more {
		s.log.Warn("there are several state directories, the first is used", "STATE_DIRECTORY", given)
	}
	s.dataDir = first
	return nil
}

// enterDataDir makes the data directory the working directory, and makes it at
// all if it is not there, unless another user is to write there.
func (s *start) enterDataDir() error {
	if s.dataDir == "" {
		return os.Chdir("/")
	}
	err := os.Chdir(s.dataDir)
	if errors.Is(err, fs.ErrNotExist) && s.User == "" {
		if err := os.Mkdir(s.dataDir, 0o777); err != nil {
			return fmt.Errorf("tayga: data-dir: %w: make it, or set another", err)
		}
		s.log.Info("data-dir made", "path", s.dataDir)
		err = os.Chdir(s.dataDir)
	}
	if err != nil {
		return fmt.Errorf("tayga: data-dir: %w: make it, and give it to the user who is to write there", err)
	}
	return nil
}

// translate runs the Runner.
func (s *start) translate(ctx context.Context, run Runner) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go s.await(ctx, stop)
	o := RunOptions{
		Config: s.config, Path: s.path,
		Open: func(path string) (*os.File, error) { return s.outside.Load().open(path) },
		Log:  s.log, PacketLog: s.sink,
		Opened: s.opened, Ready: func(r Running) { s.ready(ctx, r) }, Reloading: s.reloading,
	}
	if s.dataDir != "" {
		o.DataDir = "."
	}
	return run(ctx, o)
}
