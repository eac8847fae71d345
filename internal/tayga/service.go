package tayga

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"

	"taygo/internal/logsink"
	"taygo/internal/notify"
)

// opened gives up what only the start needs: the root directory, groups, user.
func (s *start) opened() error {
	if s.pid != nil {
		if err := s.pid.write(); err != nil {
			return err
		}
	}
	if s.Chroot {
		if err := syscall.Chroot("."); err != nil {
			return fmt.Errorf("tayga: --chroot: %w", os.NewSyscallError("chroot", err))
		}
		if err := syscall.Chdir("/"); err != nil {
			return fmt.Errorf("tayga: --chroot: %w", os.NewSyscallError("chdir", err))
		}
	}
	if err := s.account.become(s.Options); err != nil {
		return err
	}
	const write = 2
	if s.User != "" && s.dataDir != "" && len(s.config.DynamicPools) > 0 && syscall.Access(".", write) != nil {
		s.log.Warn("data-dir cannot be written, so nothing will be kept there: give it to the user", "path", s.dataDir, "user", s.User)
	}
	s.isOpen.Store(true)
	return nil
}

// ready lets the world know that packets are translated.
func (s *start) ready(ctx context.Context, r Running) {
	if !s.isOpen.Load() {
		panic("tayga: ready before privileges are given up")
	}
	pids := []int{os.Getpid()}
	s.running.Store(&r)
	if s.back == nil {
		s.manager.Ready(r.Status)
	} else {
		pids = append(pids, s.back.parent)
		s.manager.ReadyAs(os.Getpid(), r.Status)
		if s.Log == Stdout || s.Log == Stderr {
			s.sink.Flush(lastWords)
		}
		s.back.done()
	}
	go s.manager.Watch(ctx, notify.WatchdogInterval(pids...), r.Alive)
	go s.reload(ctx, r)
}

// reloading tells that a reload begins, and returns what tells its end.
func (s *start) reloading() func(error) {
	status := "starting"
	if r := s.running.Load(); r != nil {
		status = r.Status
	}
	s.manager.Reloading()
	return func(err error) {
		if err == nil {
			s.manager.Ready(status)
			return
		}
		for line := range strings.Lines(err.Error()) {
			s.log.Error("configuration not replaced, the running one stays", "error", strings.TrimSuffix(line, "\n"))
		}
		s.manager.Ready(status + "; the last reload failed: " + err.Error())
	}
}

// end tells how it ended.
func (s *start) end(err error) {
	if err == nil {
		s.log.Info("ended")
	} else {
		s.manager.Stopping(err.Error())
		if s.Log != Stderr {
			for line := range strings.Lines(err.Error()) {
				s.sink.Line(logsink.LevelCritical, strings.TrimSuffix(line, "\n"))
			}
		}
	}
	s.manager.Close()
	if s.pid != nil {
		s.outside.Load().do(s.pid.remove)
	}
}
