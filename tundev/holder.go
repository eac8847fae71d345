package tundev

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// busy is the error for a device that somebody has open, with who that may be, as
// far as /proc shows it.
func busy(name string) error {
	who := ""
	if all := holders("/proc", name); len(all) > 0 {
		who = fmt.Sprintf(", perhaps %s,", strings.Join(all, ", "))
	}
	return fmt.Errorf("%w: stop it%s or choose another device", ErrBusy, who)
}

// holders returns the id and command of each process whose descriptors include
// one of a TUN device of that name. It may be another device, in another network
// namespace: /proc does not tell.
func holders(proc, name string) []string {
	infos, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fdinfo", "*"))
	var found []string
	for _, info := range infos {
		text, _ := os.ReadFile(info) // gone meanwhile, or not ours to read
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "iff:"); ok && strings.TrimSpace(value) == name {
				process := filepath.Dir(filepath.Dir(info))
				command, _ := os.ReadFile(filepath.Join(process, "comm"))
				found = append(found, fmt.Sprintf("process %s (%s)", filepath.Base(process), bytes.TrimSpace(command)))
			}
		}
	}
	return slices.Compact(found)
}
