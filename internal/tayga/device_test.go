package tayga

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taygo/internal/netlab"
)

// TestNetnsTaygaOpensOurDevice: Debian's Tayga runs on a device that --mktun made
// of a configuration that it can read, and a configuration with workers gets a
// device with several queues.
func TestNetnsTaygaOpensOurDevice(t *testing.T) {
	netlab.Require(t)
	lab, err := netlab.New()
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	h, err := lab.Host("xlat")
	must(t, err)
	file := filepath.Join(t.TempDir(), "tayga.conf")
	write := func(lines string) {
		t.Helper()
		text := "tun-device nat64\nipv4-addr 192.0.2.1\nprefix 2001:db8:64::/96\n" + lines
		must(t, os.WriteFile(file, []byte(text), 0o600))
	}
	mktun := func() {
		t.Helper()
		must(t, h.Do(func() error {
			_, err := (&Options{Config: file, Device: Make}).changeDevice()
			return err
		}))
	}
	queues := func() string {
		t.Helper()
		out, err := h.Run(t.Context(), "ip", "-d", "link", "show", "nat64")
		must(t, err)
		return string(out)
	}

	write("")
	mktun()
	if got := queues(); strings.Contains(got, "multi_queue on") || strings.Contains(got, "tun multi_queue") {
		t.Errorf("several queues:\n%s", got)
	}
	path, err := exec.LookPath("tayga")
	if err != nil {
		path = "/usr/sbin/tayga" // run make tools if it is not there
	}
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	out, err := h.Command(ctx, path, "-n", "-d", "-c", file).CombinedOutput()
	if ctx.Err() == nil {
		t.Errorf("Tayga ended by itself: %v\n%s", err, out)
	}

	must(t, h.Do(func() error { return removeDevice("nat64") }))
	write("workers 2\n")
	mktun()
	if got := queues(); !strings.Contains(got, "multi_queue") {
		t.Errorf("one queue:\n%s", got)
	}
}
