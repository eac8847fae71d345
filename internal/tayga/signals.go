package tayga

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// ends are the signals that end the process, well.
var ends = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT}

// signals are those that wait for what they ask for. Of each kind one waits at
// most: a hundred SIGHUP during a reload are one reload after it.
type signals struct {
	end, reload, idle chan os.Signal
}

// catch catches the signals from now on, for good: while the process ends no
// signal may end it otherwise.
func catch() signals {
	s := signals{make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)}
	signal.Notify(s.end, ends...)
	signal.Notify(s.reload, syscall.SIGHUP)
	signal.Notify(s.idle, syscall.SIGUSR1, syscall.SIGUSR2)
	return s
}

// await ends the process when a signal asks for it, and tells what those do that
// end Tayga.
func (s *start) await(ctx context.Context, stop context.CancelFunc) {
	for {
		select {
		case got := <-s.signals.end:
			s.log.Info("ending", "signal", got.String())
			s.manager.Stopping("ending: " + got.String())
			stop()
			return
		case got := <-s.signals.idle:
			s.log.Info("signal without effect", "signal", got.String())
		case <-ctx.Done():
			return
		}
	}
}

// reload reloads for each SIGHUP, and for one that came before, until ctx ends.
func (s *start) reload(ctx context.Context, r Running) {
	for {
		select {
		case <-s.signals.reload:
			_ = r.Reload() // it calls reloading, which tells
		case <-ctx.Done():
			return
		}
	}
}
