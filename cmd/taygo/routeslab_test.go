package main

import (
	"os"
	"strings"
	"testing"

	"taygo/internal/netlab"
)

// The lab shows all that it has, and leaves no file behind.
func TestNetnsLab(t *testing.T) {
	netlab.Require(t)
	path, err := builtBinary()
	must(t, err)
	temp, err := os.MkdirTemp("", "")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(temp)) })
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	host, err := lab.Host("any")
	must(t, err)
	said, err := host.Run(t.Context(), "env", "TMPDIR="+temp, path, "lab")
	must(t, err)
	if steps := strings.Count(string(said), "✓"); steps != 9 || !strings.Contains(string(said), "nothing is left behind") {
		t.Errorf("the lab shows %d steps:\n%s", steps, said)
	}
	t.Logf("%s", said)
	left, err := os.ReadDir(temp)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("the lab leaves %v", left)
	}
}
