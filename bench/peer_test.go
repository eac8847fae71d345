package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taygo/conf"
)

func TestPeers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"taygo-old", "tundra"} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o700))
	}
	old, tundra := filepath.Join(dir, "taygo-old"), filepath.Join(dir, "tundra")
	got, err := Peers("a=" + old + ",b=" + tundra + ",null,route")
	must(t, err)
	want := []struct {
		name, path, arguments string
		kind                  kind
	}{
		{"a", old, "[run -c x.conf]", likeTaygo},
		{"b", tundra, "[-d -c x.conf]", likeTayga},
		{"null", os.Args[0], "[null nat64]", null},
		{"route", "", "", plain},
	}
	for i, w := range want {
		p := got[i]
		if p.Name != w.name || p.Path != w.path && p.kind != null || p.kind != w.kind {
			t.Errorf("peer %d is %+v, want %+v", i, p, w)
		}
		if p.Path != "" && fmt.Sprint(p.arguments("x.conf")) != w.arguments {
			t.Errorf("%s is called with %q, want %s", p.Name, p.arguments("x.conf"), w.arguments)
		}
	}
	for list, want := range map[string]string{
		"":                     `peer ""`,
		"taygo":                `peer "taygo": is none of null, route and NAME=PATH`,
		"null=" + old:          "",
		"null,null":            `peer "null": named twice`,
		"x=" + dir + "/nobody": `peer "x": stat ` + dir + "/nobody",
		"=" + old:              "is none of",
	} {
		_, err := Peers(list)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", list, err, want)
		}
	}
}

// Where there is no Tayga, the others are measured.
func TestDefaultPeersGoWithoutTayga(t *testing.T) {
	list, complete := DefaultPeers(os.Args[0])
	if want := ",null,route,tayga=" + os.Args[0]; !complete || !strings.HasSuffix(list, want) {
		t.Errorf("with a Tayga: %q, %v; want …%s", list, complete, want)
	}
	list, complete = DefaultPeers(filepath.Join(t.TempDir(), "tayga"))
	if complete || !strings.HasSuffix(list, ",null,route") {
		t.Errorf("without: %q, %v", list, complete)
	}
}

// taygo understands the configuration that it is given.
func TestConfiguration(t *testing.T) {
	for _, k := range []kind{likeTayga, likeTaygo, stateful, steered} {
		path := filepath.Join(t.TempDir(), "tayga.conf")
		must(t, os.WriteFile(path, []byte(Peer{kind: k}.configuration()), 0o600))
		if _, err := conf.Load(path); err != nil {
			t.Error(err)
		}
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	x := new(tail)
	for i := range 1000 {
		fmt.Fprintf(x, "line %d\n", i)
	}
	if s := x.String(); len(s) > 2000 || !strings.HasSuffix(s, "line 998\nline 999") {
		t.Errorf("kept %d octets that end %q", len(s), s[max(0, len(s)-30):])
	}
}
