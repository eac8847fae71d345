package notify

import (
	"context"
	"os"
	"slices"
	"strconv"
	"time"
)

// WatchdogInterval returns how long the manager waits for a sign of life before
// it takes the service for dead, as WATCHDOG_USEC says; 0 if it does not wait.
// WATCHDOG_PID may say that others are meant: those that are not among pids, the
// ids of this process and of those that it stands for.
func WatchdogInterval(pids ...int) time.Duration {
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(time.Hour*24*365/time.Microsecond) {
		return 0
	}
	if of := os.Getenv("WATCHDOG_PID"); of != "" {
		pid, err := strconv.Atoi(of)
		if err != nil || !slices.Contains(pids, pid) {
			return 0
		}
	}
	return time.Duration(usec) * time.Microsecond
}

// Watch gives a sign of life twice in each interval until ctx ends, as long as
// alive returns true. An interval of 0 needs none.
func (s *Socket) Watch(ctx context.Context, interval time.Duration, alive func() bool) {
	if s == nil || interval <= 0 {
		return
	}
	tick := time.NewTicker(max(interval/2, 1))
	defer tick.Stop()
	for {
		if alive() {
			s.send("WATCHDOG=1")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
