package tundev

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

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
