package tundev

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// steer lets the kernel forward what is written to the device on those CPUs, each
// flow on one of them (Receive Packet Steering), and not on the CPU that wrote it.
// No CPU leaves it as it is.
func (d *Device) steer(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	root, err := sysfs()
	if err != nil {
		return fmt.Errorf("steer packets to other CPUs: look at sysfs: %w: run taygo as root, or leave out rps-cpus", err)
	}
	defer unix.Close(root)
	mask := []byte(cpuMask(cpus))
	for i := range d.queues {
		path := filepath.Join("class/net", d.Name(), "queues", fmt.Sprintf("rx-%d", i), "rps_cpus")
		if err := writeAt(root, path, mask); err != nil {
			return fmt.Errorf("steer packets to the CPUs %v: write %s to %s: %w: name CPUs that there are in rps-cpus, or leave it out", cpus, mask, path, err)
		}
	}
	d.mode.RPS = strings.Trim(fmt.Sprint(cpus), "[]")
	return nil
}

// sysfs returns a descriptor of the sysfs of this network namespace, mounted
// nowhere: what is mounted at /sys may be that of another.
func sysfs() (int, error) {
	fs, err := unix.Fsopen("sysfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, err
	}
	return unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
}

// writeAt writes all of b to a file below the directory root.
func writeAt(root int, path string, b []byte) error {
	fd, err := unix.Openat(root, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, b)
	return err
}

// cpuMask writes a set of CPUs as the kernel reads one: hexadecimal, the highest
// first, a comma after each 32.
func cpuMask(cpus []int) string {
	words := make([]uint32, slices.Max(cpus)/32+1)
	for _, cpu := range cpus {
		words[len(words)-1-cpu/32] |= 1 << (cpu % 32)
	}
	var s strings.Builder
	for i, word := range words {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, "%08x", word)
	}
	return s.String()
}
