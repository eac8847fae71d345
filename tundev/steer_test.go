package tundev

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCPUMaskIsAsTheKernelReadsIt(t *testing.T) {
	for want, cpus := range map[string][]int{
		"00000001":                   {0},
		"0000000d":                   {0, 2, 3},
		"80000000":                   {31},
		"00000001,00000000":          {32},
		"00000010,00000000,00000002": {1, 68},
	} {
		if got := cpuMask(cpus); got != want {
			t.Errorf("%v: %s, want %s", cpus, got, want)
		}
	}
}

// steered reads what the kernel says of the receive queue rx-N of a device.
func steered(t *testing.T, name, rx string) string {
	t.Helper()
	root, err := sysfs()
	must(t, err)
	defer unix.Close(root)
	fd, err := unix.Openat(root, "class/net/"+name+"/queues/"+rx+"/rps_cpus", unix.O_RDONLY, 0)
	must(t, err)
	f := os.NewFile(uintptr(fd), rx)
	defer f.Close()
	b := make([]byte, 1024)
	n, err := f.Read(b)
	must(t, err)
	return strings.TrimSpace(string(b[:n]))
}

// TestNetnsSteer: every queue of the device gets the CPUs, and without any the
// kernel's own setting stays.
func TestNetnsSteer(t *testing.T) {
	h := newHost(t)
	d := openAt(t, h, Options{Name: "steered0", Queues: 2, RPS: []int{0}}, allOffers)
	plain := openAt(t, h, Options{Name: "plain0", Queues: 2}, allOffers)
	must(t, h.Do(func() error {
		for _, rx := range []string{"rx-0", "rx-1"} {
			if got := steered(t, d.Name(), rx); strings.Trim(got, "0,") != "1" {
				t.Errorf("%s: %s, want CPU 0", rx, got)
			}
			if got := steered(t, plain.Name(), rx); strings.Trim(got, "0,") != "" {
				t.Errorf("%s without rps-cpus: %s, want none", rx, got)
			}
		}
		return nil
	}))
	if got := d.Mode().String(); !strings.HasSuffix(got, ", rps 0") {
		t.Errorf("mode %q does not tell the CPUs", got)
	}
}

// TestNetnsSteerToACPUThatIsNotThere: the error says what to change.
func TestNetnsSteerToACPUThatIsNotThere(t *testing.T) {
	h := newHost(t)
	must(t, h.Do(func() error {
		d, err := open(Options{Name: "steered1", Queues: 1, RPS: []int{8191}}, allOffers)
		if err == nil {
			return errors.Join(errors.New("opened"), d.Close())
		}
		for _, word := range []string{"8191", "rps-cpus"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%v: does not name %s", err, word)
			}
		}
		return nil
	}))
}
