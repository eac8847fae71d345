package netlab_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"taygo/internal/netlab"
)

// inUserNamespace runs a test of this binary as uid of a new user namespace, but
// in the network namespace that is there, and returns what it prints.
func inUserNamespace(t *testing.T, test string, uid int, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run="+test, "-test.v")
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}},
	}
	out := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		netlab.RequireThat(t, fmt.Errorf("netlab: user namespaces: %w", err))
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s as uid %d of a user namespace: %v\n%s", test, uid, err, out)
	}
	return out.String()
}

// Uid 0 of a user namespace may not return to the namespace of the real root.
func TestNetnsInUserNamespace(t *testing.T) {
	netlab.Require(t)
	out := inUserNamespace(t, "^TestNetns(Ping|Do.*|Process.*|Close.*)$", 0, netlab.MustHave+"=1")
	if !strings.Contains(out, "--- PASS: TestNetnsPing") {
		t.Errorf("no ping passed:\n%s", out)
	}
}

// An ordinary user is told what to type, not just "operation not permitted".
func TestNetnsUnavailable(t *testing.T) {
	const inside = "NETLAB_TEST_INSIDE"
	if os.Getenv(inside) != "" {
		_, err := netlab.New()
		fmt.Println(err)
		return
	}
	netlab.Require(t)
	out := inUserNamespace(t, "^TestNetnsUnavailable$", 65534, inside+"=1")
	const want = "netlab: a new network namespace: operation not permitted: run as root (sudo), or with `unshare -Urn`"
	if !strings.Contains(out, want) {
		t.Errorf("an ordinary user is told %q, want %q", out, want)
	}
}
