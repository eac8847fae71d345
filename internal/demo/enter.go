package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"taygo/internal/netlab"
)

// ErrTold says that the reason of a failure has been printed.
var ErrTold = errors.New("demo: it failed, as told above")

// userEnv is set, to the user id outside, in the process that enter starts.
const userEnv = "TAYGO_DEMO_USER"

// enter returns false where networks can be built by this process. Else it runs
// the demo as uid 0 of a new user namespace and returns true when it has ended
// well there. The process that it starts so fails with what is missing, instead.
func enter(ctx context.Context, self string, out, errOut *os.File) (bool, error) {
	missing := netlab.Available()
	if missing == nil {
		return false, nil
	}
	if outside, err := strconv.Atoi(os.Getenv(userEnv)); err == nil {
		return false, refusal(outside, self, missing, forbids(os.DirFS("/proc/sys")))
	}
	uid, gid := os.Geteuid(), os.Getegid()
	cmd := exec.CommandContext(ctx, program, "demo")
	cmd.Args[0] = self
	cmd.Env = append(os.Environ(), userEnv+"="+strconv.Itoa(uid))
	cmd.Stdout, cmd.Stderr = out, errOut
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * stopTime // it has a taygo to stop
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}},
		Pdeathsig:   syscall.SIGTERM,
	}
	// The process shall end with this one, which is this thread to the kernel.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		err = fmt.Errorf("%w\nand user namespaces are forbidden, too: %w", missing, err)
		return false, refusal(uid, self, err, forbids(os.DirFS("/proc/sys")))
	}
	switch err := cmd.Wait(); {
	case err == nil:
		return true, nil
	case cmd.ProcessState.ExitCode() == 1:
		return false, ErrTold
	default:
		return false, fmt.Errorf("demo: its process in a user namespace: %w", err)
	}
}

// refusal returns the error for a user who may not build networks: what is
// missing, what forbids it, and what to type.
func refusal(uid int, self string, missing error, forbids []string) error {
	if len(forbids) > 0 {
		missing = fmt.Errorf("%w\n(here %s)", missing, strings.Join(forbids, " and "))
	}
	if uid == 0 {
		return fmt.Errorf("demo: no network can be built here: %w", missing)
	}
	return fmt.Errorf("demo: user %d may not build a network here: %w\nType `sudo make demo`, or `sudo %s demo`", uid, missing, self)
}

// forbids names the kernel parameters, below /proc/sys, that keep user
// namespaces from ordinary users.
func forbids(sys fs.FS) []string {
	var found []string
	for _, p := range [...]struct{ key, value string }{
		{"kernel/apparmor_restrict_unprivileged_userns", "1"},
		{"kernel/unprivileged_userns_clone", "0"},
		{"user/max_user_namespaces", "0"},
	} {
		text, err := fs.ReadFile(sys, p.key)
		if err == nil && strings.TrimSpace(string(text)) == p.value {
			found = append(found, strings.ReplaceAll(p.key, "/", ".")+" is "+p.value)
		}
	}
	return found
}
