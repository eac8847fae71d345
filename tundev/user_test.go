package tundev

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"taygo/internal/netlab"
)

// An ordinary user, made by a user namespace in which nobody is root, is told what
// to do.
func TestNetnsOrdinaryUserIsToldWhatToDo(t *testing.T) {
	const inside = "TUNDEV_TEST_INSIDE"
	if os.Getenv(inside) != "" {
		_, err := Open(Options{Name: "nat64"})
		fmt.Println(err)
		fmt.Println(Make("nat64"))
		return
	}
	netlab.Require(t)
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestNetnsOrdinaryUser")
	cmd.Env = append(os.Environ(), inside+"=1")
	ids := []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids}
	out, err := cmd.CombinedOutput()
	must(t, err)
	for _, want := range []string{`tundev: open "nat64": `, `tundev: make "nat64": `, "run as root"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("told:\n%s\nwithout %q", out, want)
		}
	}
}

// Who owns a device opens it without any capability, and leaves what needs one.
func TestNetnsOwnerNeedsNoCapability(t *testing.T) {
	h := newHost(t)
	must(t, h.Do(func() error { return Make("nat64") }))
	must(t, h.Do(func() error { // on a thread that ends with this
		none := [2]unix.CapUserData{}
		must(t, unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]))
		d, err := Open(Options{Name: "nat64", Queues: 2, Offload: true, TxQueueLen: DefaultTxQueueLen})
		must(t, err)
		if got, want := d.Mode().String(), "multi-queue 2, vnet header, tso+uso"; got != want {
			t.Errorf("mode is %q, want %q", got, want)
		}
		return d.Close()
	}))
}
