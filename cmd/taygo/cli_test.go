package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// file writes a configuration and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tayga.conf")
	must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// What cannot be done is told on standard error, with what to do, and is status 1.
func TestRefusals(t *testing.T) {
	t.Parallel()
	conf := file(t, commonLines)
	off := file(t, commonLines+"control-socket off\n")
	noDevice := file(t, strings.Replace(commonLines, "tun-device nat64", "", 1))
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"an unknown command", []string{"rum"}, `taygo: there is no command "rum": see taygo --help`},
		{"an unknown flag", []string{"run", "--frob"}, "flag provided but not defined: -frob"},
		{"run of a file without -c", []string{"run", conf}, `is an argument too many: see taygo run --help`},
		{"status with an argument", []string{"status", "-c", conf, "nat64"}, `taygo: status: "nat64" is an argument too many`},
		{"reload with an argument", []string{"reload", conf}, "is an argument too many"},
		{"version with an argument", []string{"version", "1"}, "is an argument too many"},
		{"demo with an argument", []string{"demo", "fast"}, "is an argument too many"},
		{"check of two files", []string{"check", conf, conf}, "is an argument too many"},
		{"mktun of two devices", []string{"mktun", "a", "b"}, `"b" is an argument too many`},
		{"check of no file", []string{"check", "/nonexistent"}, "no such file or directory: write that file"},
		{"explain of nothing", []string{"explain", "-c", conf}, "explain: no address given: taygo explain 192.0.2.1"},
		{"explain of a name", []string{"explain", "-c", conf, "host.example"}, `explain: "host.example" is not an IPv4 or IPv6 address`},
		{"explain of half an address", []string{"explain", "-c", conf, "192.0.2"}, `"192.0.2" is not an IPv4 or IPv6 address`},
		{"explain of a prefix", []string{"explain", "-c", conf, "192.0.2.0/24"}, `"192.0.2.0/24" is not an IPv4 or IPv6 address`},
		{"explain of a zone", []string{"explain", "-c", conf, "fe80::1%eth0"}, `"fe80::1%eth0" is not an IPv4 or IPv6 address`},
		{"status of nobody", []string{"status", "-s", "/nonexistent"}, "no taygo answers: is it running, and is this its control-socket?"},
		{"reload of nobody", []string{"reload", "-s", "/nonexistent"}, "no taygo answers"},
		{"status without a socket", []string{"status", "-c", off}, "control-socket is off: remove that line"},
		{"mktun of which device", []string{"mktun", "-c", noDevice}, "mktun: which device? Set tun-device, or name it"},
		{"mktun of a long name", []string{"mktun", "fifteen-octets-16"}, "a name has at most 15 octets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := taygo(t, nil, c.args...)
			if r.code != 1 || !strings.HasPrefix(r.stderr, "taygo: ") || !strings.Contains(r.stderr, c.says) {
				t.Errorf("status %d, and it says %q, not %q", r.code, r.stderr, c.says)
			}
		})
	}
}

// check tells all mistakes of a file, each with its line, and warnings of a good one.
func TestCheck(t *testing.T) {
	t.Parallel()
	bad := file(t, "tun-device nat64\nipv4-addr 203.0.113.1\nmapp 198.51.100.1 2001:db8::1\nprefix 2001:db8:64::/95\nhairpin perhaps\n")
	r := taygo(t, nil, "check", bad)
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(r.stderr, "taygo: ")), "\n")
	want := []string{`:3: unknown directive "mapp"`, ":4: prefix: /95", `:5: hairpin: "perhaps"`}
	if r.code != 1 || r.stdout != "" || !slices.EqualFunc(lines, want, func(l, w string) bool { return strings.HasPrefix(l, bad+w) }) {
		t.Errorf("status %d, %q, and it says\n%s", r.code, r.stdout, r.stderr)
	}
	good := file(t, commonLines)
	for _, args := range [][]string{{"check", good}, {"check", "-c", good}, {"check", "--config", good}} {
		if r := taygo(t, nil, args...); r != (result{stdout: good + ": good\n"}) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	odd := file(t, commonLines+"wkpf-strict yes\nwkpf-strict yes\n")
	r = taygo(t, nil, "check", odd)
	if r.code != 0 || r.stdout != odd+": good\n1 to look at\n" || !strings.HasPrefix(r.stderr, "warning: "+odd+":8: wkpf-strict: ") {
		t.Errorf("of a file with a warning: %+v", r)
	}
}

// explain follows an address there and back.
func TestExplain(t *testing.T) {
	t.Parallel()
	conf := file(t, commonLines)
	for _, c := range []struct{ addr, want string }{
		{four, "192.0.2.80 -> 2001:db8:64::c000:250 -> 192.0.2.80\n    rule  prefix 2001:db8:64::/96\n    from  RFC 6052 §2.2\n"},
		{fourAs6, "2001:db8:64::c000:250 -> 192.0.2.80 -> 2001:db8:64::c000:250\n    rule  prefix 2001:db8:64::/96\n"},
		{six, "2001:db8:1::10 -> 198.51.100.10 -> 2001:db8:1::10\n    rule  map 198.51.100.10/32 2001:db8:1::10/128\n    from  RFC 7757"},
		{sixAs4, "198.51.100.10 -> 2001:db8:1::10 -> 198.51.100.10\n    rule  map 198.51.100.10/32 2001:db8:1::10/128\n"},
		{"2001:db8:64::" + sixAs4, "2001:db8:64::c633:640a -> 198.51.100.10 -> 2001:db8:1::10\n"},
		{own4, "203.0.113.1 is not translated\n    rule  the translator's own address"},
		{"2001:db8:9::9", "2001:db8:9::9 is not translated\n    rule  outside the prefix and every map\n"},
		{"127.0.0.1", "127.0.0.1 is not translated\n"},
	} {
		if r := taygo(t, nil, "explain", "-c", conf, c.addr); r.code != 0 || !strings.HasPrefix(r.stdout, c.want) {
			t.Errorf("explain %s: status %d\n%s%s", c.addr, r.code, r.stdout, r.stderr)
		}
	}
	r := taygo(t, nil, "explain", "-c", conf, four, six)
	if !strings.HasPrefix(r.stdout, four) || !strings.Contains(r.stdout, "\n"+six+" -> ") {
		t.Errorf("of two addresses:\n%s", r.stdout)
	}
}

// The help of each command shows what it does and each of its flags, and so does
// the list of commands.
func TestHelp(t *testing.T) {
	t.Parallel()
	list := taygo(t, nil, "--help")
	if bare := taygo(t, nil); bare != list || list.code != 0 {
		t.Errorf("without a command it says %+v", bare)
	}
	for _, command := range app().Commands {
		if shown := strings.Contains(list.stdout, command.Name+"  ") && strings.Contains(list.stdout, command.Usage); shown == command.Hidden {
			t.Errorf("taygo --help shows %s: %v", command.Name, shown)
		}
		r := taygo(t, nil, command.Name, "--help")
		if r.code != 0 || r.stderr != "" {
			t.Errorf("taygo %s --help: status %d, %q", command.Name, r.code, r.stderr)
		}
		for _, want := range mentions(command) {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("taygo %s --help does not mention %q:\n%s", command.Name, want, r.stdout)
			}
		}
	}
	if r := taygo(t, nil, "version"); r != (result{stdout: "taygo " + testVersion + "\n"}) {
		t.Errorf("taygo version: %+v", r)
	}
}

// mentions returns what the help of a command must contain.
func mentions(c *cli.Command) []string {
	all := []string{c.Usage, c.ArgsUsage, c.Description}
	for _, f := range c.Flags {
		for _, name := range f.Names() {
			all = append(all, strings.Repeat("-", min(len(name), 2))+name)
		}
		documented := f.(cli.DocGenerationFlag)
		all = append(all, strings.ReplaceAll(documented.GetUsage(), "`", ""))
	}
	return all
}
