package tundev

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// busy is the error for a device that somebody has open, with who it is, as far
// as /proc shows it.
func busy(name string) error {
	who := "stop that"
	if pid := holder("/proc", name); pid != "" {
		command, _ := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		who = fmt.Sprintf("stop process %s (%s)", pid, bytes.TrimSpace(command))
	}
	return fmt.Errorf("%w: %s, or choose another device", ErrBusy, who)
}

// holder returns the id of the first process whose descriptors include one of
// the TUN device of that name, or "" if proc shows none. The name may be that of
// a device in another network namespace.
func holder(proc, name string) string {
	infos, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fdinfo", "*"))
	for _, info := range infos {
		text, _ := os.ReadFile(info) // gone meanwhile, or not ours to read
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "iff:"); ok && strings.TrimSpace(value) == name {
				return filepath.Base(filepath.Dir(filepath.Dir(info)))
			}
		}
	}
	return ""
}
