package tundev

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestHoldersAreThoseWithADescriptorOfThatName(t *testing.T) {
	proc := t.TempDir()
	for name, text := range map[string]string{
		"12/comm":     "tayga\n",
		"12/fdinfo/0": "pos:\t0\nflags:\t02\n",
		"12/fdinfo/5": "pos:\t0\niff:\tnat64\n",
		"12/fdinfo/6": "pos:\t0\niff:\tnat64\n", // its second queue
		"13/comm":     "openvpn\n",
		"13/fdinfo/4": "pos:\t0\niff:\tnat640\n",
		"14/fdinfo/4": "pos:\t0\niff:\tnat64\n", // which has ended since
		"net/fdinfo/": "",
	} {
		path := filepath.Join(proc, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if text != "" {
			must(t, os.WriteFile(path, []byte(text), 0o644))
		}
	}
	if got, want := holders(proc, "nat64"), []string{"process 12 (tayga)", "process 14 ()"}; !slices.Equal(got, want) {
		t.Errorf("holders are %q, want %q", got, want)
	}
	if got := holders(proc, "nat65"); got != nil {
		t.Errorf("holders of nothing are %q", got)
	}
}
