package archtest

// module is what an import path of our own begins with.
const module = "taygo/"

// allowed lists the packages of this module that each package may import:
// always of a lower layer, never sideways. A package that is not a key here may
// not exist; a key without a package is a place kept free.
var allowed = map[string][]string{
	// Layer 0: values and octets.
	"translate/wire":   {},
	"translate/pref64": {},
	"eam":              {},
	"conf":             {},
	"nat64/store":      {"translate/wire"},
	"nat64/ports":      {"translate/wire"},

	// Layer 1: one packet.
	"translate":      {"translate/wire"},
	"nat64/fragment": {"translate", "translate/wire"},

	// Layers 0 and 1 of the routes.
	"internal/routemap/rib":         {"translate/pref64"},
	"internal/routemap/rib/ribtest": {"internal/routemap/rib"},
	"internal/routemap/ortc":        {"internal/routemap/rib"},
	"internal/routemap/rtnl":        {},

	// Layer 2: the mappers, which do not know each other, and the kernel.
	"siit": {"translate", "translate/wire", "translate/pref64", "eam"},
	"nat64": {
		"translate", "translate/wire", "translate/pref64", "nat64/store", "nat64/ports", "nat64/fragment",
	},
	"tundev":            {"translate/wire"},
	"internal/routemap": {"translate/pref64", "internal/routemap/rib", "internal/routemap/ortc", "internal/routemap/rtnl"},

	// Layer 3: what looks at the mappers from outside.
	"internal/control":   {"translate", "nat64", "eam", "internal/routemap"},
	"internal/statesync": {"nat64"},
	"internal/poolfile":  {"siit"},
	"internal/natlog":    {"nat64"},
	"internal/natstate":  {"nat64"},
	"internal/logsink":   {},
	"internal/notify":    {},
	"internal/mrt":       {},

	// Layer 4: the one package that knows everyone.
	"internal/gateway": {
		"conf", "eam", "nat64", "siit", "translate", "translate/pref64", "translate/wire",
		"tundev", "internal/control", "internal/logsink", "internal/natlog", "internal/natstate",
		"internal/poolfile", "internal/routemap", "internal/statesync", "nat64/fragment", "nat64/ports", "nat64/store",
	},

	// Layer 5: the program.
	"cmd/taygo": {
		"conf", "internal/gateway", "internal/control", "internal/demo", "internal/lab", "internal/logsink", "internal/mrt", "internal/notify",
		"internal/routemap", "internal/tayga", "tundev",
	},
	"internal/demo":  {"conf", "internal/control", "internal/netlab"},
	"internal/lab":   {"conf", "internal/control", "internal/netlab", "docs/examples/routing"},
	"internal/tayga": {"conf", "internal/logsink", "internal/notify", "tundev"},

	// Writes the documents that follow from tables.
	"internal/docgen": {"conf", "translate", "internal/beside"},
	"internal/beside": {},

	// Configurations that the documents show and the lab runs.
	"docs/examples/routing": {},

	// For tests, the demo and measurements. What judges the translator shares
	// no code with it.
	"internal/netlab":         {},
	"internal/pkttest":        {},
	"internal/pkttest/oracle": {"internal/pkttest"},
	"internal/archtest":       {},
	"internal/rfctest":        {},
	"bench": {
		"bench/load", "translate", "translate/wire", "translate/pref64", "siit", "nat64", "nat64/fragment", "nat64/ports", "nat64/store", "eam",
		"internal/pkttest", "internal/netlab",
	},
	"bench/load":     {},
	"bench/taybench": {"bench"},
}

// An owner says which packages of ours may import the package path or one
// below it.
type owner struct {
	path string
	by   []string
}

// owners has a row for each package from outside: what has none may not be
// imported at all. Of the standard library only logging has owners: packet
// packages return values, they do not log. The linter's depguard rules say the
// same (TestDepguard).
var owners = []owner{
	{"github.com/google/gopacket", []string{"bench", "cmd/taygo", "internal/pkttest"}},
	{"github.com/nats-io", []string{"internal/statesync"}},
	{"github.com/prometheus", []string{"internal/control"}},
	{"github.com/urfave/cli", []string{"cmd/taygo"}},
	{"github.com/vishvananda/netlink", []string{"internal/netlab", "internal/routemap"}},
	{"github.com/vishvananda/netns", []string{"internal/netlab", "internal/routemap"}},
	{"golang.org/x/sys", []string{"bench", "bench/load", "cmd/taygo", "internal/demo", "internal/gateway", "internal/logsink", "internal/netlab", "internal/notify", "internal/routemap", "internal/routemap/rtnl", "nat64/store", "tundev"}},
	{"golang.zx2c4.com/wireguard", []string{"tundev"}},
	{"log/slog", []string{
		"cmd/taygo", "internal/control", "internal/gateway", "internal/logsink", "internal/routemap", "internal/statesync",
		"internal/tayga",
	}},
}

// A ban keeps names of an imported package out of packages of ours.
type ban struct {
	path  string
	names []string
	in    []string
	free  []string // files to which the ban does not apply, as patterns of path.Match
}

// bans keeps clocks and locks out of the packet path. A packet's time is a
// parameter, read once for a batch; state that needs a lock belongs to nat64's
// shards and to the leases of the dynamic pool.
var bans = []ban{
	{
		path:  "time",
		names: []string{"Now", "Since", "Until"},
		in:    []string{"translate/wire", "translate/pref64", "eam", "translate", "siit", "nat64", "nat64/store", "nat64/ports", "nat64/fragment"},
	},
	{
		path:  "sync",
		names: []string{"Mutex", "RWMutex", "Cond", "Map"},
		in:    []string{"translate/wire", "translate/pref64", "eam", "translate", "siit"},
		free:  []string{"siit/pool*.go"},
	},
}

// Limits of size. A generated file has none.
const (
	maxFileLines = 400
	maxFuncLines = 80
)

// topLevel lists what may lie at the top of the tree beside files whose names
// begin with a dot; bin is build output.
var topLevel = []string{
	"bin", "bench", "cmd", "conf", "docs", "eam", "internal", "nat64", "packaging", "siit", "translate", "tundev",
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "go.mod", "go.sum", "tayga-compat.conf.example",
}

// openEnds are words that promise work instead of doing it. They are put
// together here so that this file does not contain them.
var openEnds = []string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}
