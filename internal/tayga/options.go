// Package tayga is taygo in the place of Tayga: its command line, and what it does
// in which order from the start to the end. What it translates with is a Runner.
package tayga

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"taygo/internal/logsink"
)

// DefaultConfig is the configuration file when none is named.
const DefaultConfig = "/etc/tayga.conf"

// Options are what a command line says. The zero Options run in the background as
// the user that starts them, log to syslog, and lack a Config.
type Options struct {
	Name     string // of the program as it is called: the ident of its log; "" is tayga
	Config   string // path of the configuration file, from the directory of the start
	Nodetach bool   // stay in the foreground
	Debug    bool   // log records of slog.LevelDebug too
	User     string // to become once the device is open; "": stay the one that starts
	Group    string // to become then; "": that of User, if there is one
	Chroot   bool   // make the data directory the root directory then
	PIDFile  string // to write the process id to, from the data directory; "": none
	Device   Device // something else to do than to translate
	Help     bool   // explain the options instead

	Log       Target
	LogFormat logsink.Format // of standard output and standard error
}

// A Device is something to do with the TUN device.
type Device uint8

// What can be done with the TUN device.
const (
	Translate Device = iota // with it
	Make                    // it, so that it stays
	Remove                  // it
)

// A Target is where the log goes.
type Target uint8

// The targets. Stderr is none of Tayga's.
const (
	Syslog Target = iota
	Stdout
	Journal
	Stderr
)

// table holds Tayga's options, those of the older and the newer generation.
var table = []option{
	{'c', "config", true, func(o *Options, v string) { o.Config = v }},
	{'d', "debug", false, func(o *Options, _ string) { o.Debug, o.Nodetach, o.Log = true, true, Stdout }},
	{'n', "nodetach", false, func(o *Options, _ string) { o.Nodetach = true }},
	{'u', "user", true, func(o *Options, v string) { o.User = v }},
	{'g', "group", true, func(o *Options, v string) { o.Group = v }},
	{'r', "chroot", false, func(o *Options, _ string) { o.Chroot = true }},
	{'p', "pidfile", true, func(o *Options, v string) { o.PIDFile = v }},
	{0, "mktun", false, func(o *Options, _ string) { o.Device = Make }},
	{0, "rmtun", false, func(o *Options, _ string) { o.Device = Remove }},
	{0, "syslog", false, func(o *Options, _ string) { o.Log = Syslog }},
	{0, "stdout", false, func(o *Options, _ string) { o.Log = Stdout }},
	{0, "journal", false, func(o *Options, _ string) { o.Log = Journal }},
	{'h', "help", false, func(o *Options, _ string) { o.Help = true }},
}

const help = `Usage: %s [OPTION]...
Translates between IPv4 and IPv6 over a TUN device, in place of Tayga.

  -c, --config FILE   read the configuration from FILE, not from ` + DefaultConfig + `
  -d, --debug         log to standard output, in detail, and stay in the foreground
  -n, --nodetach      stay in the foreground
  -u, --user NAME     become that user once the device is open
  -g, --group NAME    become that group then; without it, that of the user
  -r, --chroot        make data-dir the root directory then; needs --user
  -p, --pidfile FILE  write the process id to FILE
      --mktun         make the device, so that it stays, and end
      --rmtun         remove the device, and end
      --syslog        log to syslog, as without any of these
      --stdout        log to standard output
      --journal       log to the journal of systemd
  -h, --help          write this, and end

Long options may be shortened, and words that are no options have no meaning.
SIGHUP reads the configuration again; SIGTERM, SIGINT and SIGQUIT end.
`

// Parse reads a command line, the name of the program included. --help and -h end
// it: what follows is not looked at. An error is that of one who types; its text
// says what to change.
func Parse(argv []string) (Options, error) {
	o := Options{Name: "tayga", Config: DefaultConfig}
	if len(argv) == 0 {
		return o, nil
	}
	if name := filepath.Base(argv[0]); name != "." && name != "/" {
		o.Name = name
	}
	items, _, err := scan(argv[1:])
	given := map[string]string{}
	for _, it := range items {
		if it.set(&o, it.value); o.Help {
			return o, nil
		}
		given[it.long] = it.value
	}
	if err == nil {
		err = conflicts(given)
	}
	return o, err
}

// conflicts returns what contradicts itself in the options that are given, by
// their long names.
func conflicts(given map[string]string) error {
	has := func(name string) bool { _, ok := given[name]; return ok }
	mk, rm := has("mktun"), has("rmtun")
	if mk && rm {
		return errors.New("--mktun and --rmtun contradict each other: choose one")
	}
	if mk || rm {
		for _, name := range []string{"user", "group", "chroot"} {
			if has(name) {
				return fmt.Errorf("--%s has no meaning with --mktun and --rmtun: leave it out", name)
			}
		}
		return nil
	}
	for _, name := range []string{"user", "group", "pidfile"} {
		if value, ok := given[name]; ok && value == "" {
			return fmt.Errorf("--%s has an empty value: name one, or leave it out", name)
		}
	}
	if has("chroot") && !has("user") {
		return errors.New("--chroot keeps nothing out of the reach of root: name a --user too")
	}
	return nil
}

// Meant reports whether a command line, the name of the program included, is for
// Tayga: by the name of the program, or by an option of Tayga as its first
// argument while no word of it is a command. What -h and --help alone ask for is
// not Tayga's help.
func Meant(argv []string, command func(word string) bool) bool {
	if len(argv) == 0 {
		return false
	}
	if strings.HasPrefix(filepath.Base(argv[0]), "tayga") {
		return true
	}
	items, words, _ := scan(argv[1:])
	if len(items) == 0 || items[0].long == "help" || argv[1] != "" && argv[1][0] != '-' {
		return false
	}
	return !slices.ContainsFunc(words, command)
}
