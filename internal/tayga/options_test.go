package tayga

import (
	"strings"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parsed returns what Parse makes of a command line whose arguments have one
// space between them; ” is an empty one.
func parsed(line string) (Options, error) {
	argv := strings.Split(line, " ")
	for i, a := range argv {
		if a == "''" {
			argv[i] = ""
		}
	}
	return Parse(argv)
}

// TestParse: the command lines that Tayga takes, of both generations.
func TestParse(t *testing.T) {
	detached := Options{Name: "tayga", Config: DefaultConfig}
	with := func(change func(*Options)) Options {
		o := detached
		change(&o)
		return o
	}
	for _, c := range []struct {
		line string
		want Options
	}{
		{"tayga", detached},
		{"/usr/sbin/tayga", detached},
		{"taygo -n", with(func(o *Options) { o.Name, o.Nodetach = "taygo", true })},
		{"tayga -c F", with(func(o *Options) { o.Config = "F" })},
		{"tayga -cF", with(func(o *Options) { o.Config = "F" })},
		{"tayga --config F", with(func(o *Options) { o.Config = "F" })},
		{"tayga --config=F", with(func(o *Options) { o.Config = "F" })},
		{"tayga --conf F", with(func(o *Options) { o.Config = "F" })},
		{"tayga -c F -c G --config=H", with(func(o *Options) { o.Config = "H" })},
		{"tayga -c -d", with(func(o *Options) { o.Config = "-d" })},
		{"tayga -c --", with(func(o *Options) { o.Config = "--" })},
		{"tayga -c ''", with(func(o *Options) { o.Config = "" })},
		{"tayga -d", with(func(o *Options) { o.Debug, o.Nodetach, o.Log = true, true, Stdout })},
		{"tayga --debug", with(func(o *Options) { o.Debug, o.Nodetach, o.Log = true, true, Stdout })},
		{"tayga -d --syslog", with(func(o *Options) { o.Debug, o.Nodetach = true, true })},
		{"tayga --journal -d", with(func(o *Options) { o.Debug, o.Nodetach, o.Log = true, true, Stdout })},
		{"tayga -dncF", with(func(o *Options) { o.Debug, o.Nodetach, o.Log, o.Config = true, true, Stdout, "F" })},
		{"tayga -dnc F", with(func(o *Options) { o.Debug, o.Nodetach, o.Log, o.Config = true, true, Stdout, "F" })},
		{"tayga -n", with(func(o *Options) { o.Nodetach = true })},
		{"tayga --nodetach --stdout", with(func(o *Options) { o.Nodetach, o.Log = true, Stdout })},
		{"tayga --stdout --journal", with(func(o *Options) { o.Log = Journal })},
		{"tayga --journal --stdout --syslog", detached},
		{"tayga -u nobody -g nogroup -r -p P", with(func(o *Options) { o.User, o.Group, o.Chroot, o.PIDFile = "nobody", "nogroup", true, "P" })},
		{"tayga --user=nobody --group=nogroup --chroot --pidfile=P", with(func(o *Options) { o.User, o.Group, o.Chroot, o.PIDFile = "nobody", "nogroup", true, "P" })},
		{"tayga -u '' -u nobody", with(func(o *Options) { o.User = "nobody" })},
		{"tayga --mktun", with(func(o *Options) { o.Device = Make })},
		{"tayga --mk", with(func(o *Options) { o.Device = Make })},
		{"tayga --rm", with(func(o *Options) { o.Device = Remove })},
		{"tayga --mktun -d -n -p P --journal", with(func(o *Options) {
			o.Device, o.Debug, o.Nodetach, o.PIDFile, o.Log = Make, true, true, "P", Journal
		})},
		{"tayga --mktun -p ''", with(func(o *Options) { o.Device = Make })},
		{"tayga word -n word -- -d --bogus", with(func(o *Options) { o.Nodetach = true })},
		{"tayga '' - -n", with(func(o *Options) { o.Nodetach = true })},
		{"tayga --help", with(func(o *Options) { o.Help = true })},
		{"tayga -h", with(func(o *Options) { o.Help = true })},
		{"tayga --help --bogus", with(func(o *Options) { o.Help = true })},
		{"tayga --mktun --rmtun --help", with(func(o *Options) { o.Device, o.Help = Remove, true })},
	} {
		if got, err := parsed(c.line); err != nil || got != c.want {
			t.Errorf("%s: %+v and %v, want %+v", c.line, got, err, c.want)
		}
	}
	if got, err := Parse(nil); err != nil || got != detached {
		t.Errorf("no program name: %+v and %v", got, err)
	}
}

// TestParseRefuses what Tayga refuses, and says what to change.
func TestParseRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"tayga --mktun --rmtun":          "contradict",
		"tayga --rmtun --mktun":          "contradict",
		"tayga --mktun -u nobody":        "--user",
		"tayga -g nogroup --mktun":       "--group",
		"tayga --rmtun -r":               "--chroot",
		"tayga --rmtun -u ''":            "--user",
		"tayga --bogus":                  `"--bogus"`,
		"tayga -x":                       `"-x"`,
		"tayga -dx":                      `"-x"`,
		"tayga --version":                `"--version"`,
		"tayga -d=1":                     `"-="`,
		"tayga --mktun=1":                `--mktun takes no value, but has "1"`,
		"tayga --debug=":                 `--debug takes no value, but has ""`,
		"tayga -c":                       "-c needs a value",
		"tayga -dnc":                     "-c needs a value",
		"tayga --conf":                   "--config needs a value",
		"tayga --c F":                    "--config --chroot",
		"tayga --s":                      "--syslog --stdout",
		"tayga --=F":                     "--config --debug",
		"tayga --bogus --help":           "--bogus",
		"tayga -r":                       "--user",
		"tayga -u ''":                    "--user has an empty value",
		"tayga -g ''":                    "--group has an empty value",
		"tayga -p ''":                    "--pidfile has an empty value",
		"tayga -n -u nobody -u '' -p P ": "--user has an empty value",
	} {
		o, err := parsed(line)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v and %v, want an error with %q", line, o, err, want)
		}
	}
}

// TestParseCallers: the command lines of those who start Tayga.
func TestParseCallers(t *testing.T) {
	for _, c := range []struct {
		caller, line string
		change       func(*Options)
	}{
		{"Debian", "/usr/sbin/tayga --mktun", func(o *Options) { o.Device = Make }},
		{"Debian", "/usr/sbin/tayga --pidfile /var/run/tayga.pid", func(o *Options) { o.PIDFile = "/var/run/tayga.pid" }},
		{"Debian without defaults", "/usr/sbin/tayga --pidfile /var/run/tayga.pid --nodetach", func(o *Options) {
			o.PIDFile, o.Nodetach = "/var/run/tayga.pid", true
		}},
		{"Debian", "/usr/sbin/tayga --rmtun", func(o *Options) { o.Device = Remove }},
		{"OpenWrt", "tayga -c /var/etc/tayga-nat64.conf --mktun", func(o *Options) {
			o.Config, o.Device = "/var/etc/tayga-nat64.conf", Make
		}},
		{"OpenWrt", "tayga -n -c /var/etc/tayga-nat64.conf -p /var/run/tayga-nat64.pid", func(o *Options) {
			o.Config, o.PIDFile, o.Nodetach = "/var/etc/tayga-nat64.conf", "/var/run/tayga-nat64.pid", true
		}},
		{"OpenWrt", "tayga -c /var/etc/tayga-nat64.conf --rmtun", func(o *Options) {
			o.Config, o.Device = "/var/etc/tayga-nat64.conf", Remove
		}},
		{"clatd", "tayga --config /tmp/clatd.1 --mktun ''", func(o *Options) { o.Config, o.Device = "/tmp/clatd.1", Make }},
		{"clatd", "tayga --config /tmp/clatd.1 --nodetach ''", func(o *Options) { o.Config, o.Nodetach = "/tmp/clatd.1", true }},
		{"clatd", "tayga --config /tmp/clatd.1 --rmtun ''", func(o *Options) { o.Config, o.Device = "/tmp/clatd.1", Remove }},
		{"clatd in detail", "tayga --config /tmp/clatd.1 --nodetach -d", func(o *Options) {
			o.Config, o.Nodetach, o.Debug, o.Log = "/tmp/clatd.1", true, true, Stdout
		}},
		{"OPNsense", "/usr/local/sbin/tayga -p /var/run/tayga.pid", func(o *Options) { o.PIDFile = "/var/run/tayga.pid" }},
		{"the container", "tayga -c /app/tayga.conf -d --mktun", func(o *Options) {
			o.Config, o.Device, o.Debug, o.Nodetach, o.Log = "/app/tayga.conf", Make, true, true, Stdout
		}},
		{"the container", "tayga -c /app/tayga.conf -d", func(o *Options) {
			o.Config, o.Debug, o.Nodetach, o.Log = "/app/tayga.conf", true, true, Stdout
		}},
		{"the unit of systemd", "/usr/sbin/tayga --config /etc/tayga/default.conf --journal --nodetach", func(o *Options) {
			o.Config, o.Log, o.Nodetach = "/etc/tayga/default.conf", Journal, true
		}},
		{"OpenRC", "/usr/sbin/tayga -p /run/tayga.pid -u nobody -g nogroup", func(o *Options) {
			o.PIDFile, o.User, o.Group = "/run/tayga.pid", "nobody", "nogroup"
		}},
	} {
		want := Options{Name: "tayga", Config: DefaultConfig}
		c.change(&want)
		if got, err := parsed(c.line); err != nil || got != want {
			t.Errorf("%s: %s: %+v and %v, want %+v", c.caller, c.line, got, err, want)
		}
	}
}

// TestMeant: which command lines are Tayga's, and which taygo's.
func TestMeant(t *testing.T) {
	command := func(word string) bool { return word == "run" || word == "status" || word == "help" }
	for line, want := range map[string]bool{
		"tayga":                    true,
		"/usr/sbin/tayga":          true,
		"tayga run":                true,
		"tayga.new --bogus":        true,
		"taygo":                    false,
		"/usr/sbin/taygo run":      false,
		"taygo run -c F":           false,
		"taygo -c F":               true,
		"taygo -cF":                true,
		"taygo -d --bogus":         true,
		"taygo --mktun":            true,
		"taygo --mk ''":            true,
		"taygo '' --mktun":         true,
		"taygo -c status":          true,
		"taygo -c F status":        false,
		"taygo -c F -- run":        false,
		"taygo -n word":            true,
		"taygo word -n":            false,
		"taygo --help":             false,
		"taygo -h":                 false,
		"taygo -n --help":          true,
		"taygo --bogus -n":         false,
		"taygo --version":          false,
		"taygo --generate-bash-co": false,
		"taygo ''":                 false,
	} {
		argv := strings.Split(strings.ReplaceAll(line, "''", ""), " ")
		if got := Meant(argv, command); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
	if Meant(nil, command) {
		t.Error("no arguments at all are Tayga's")
	}
}
