package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"taygo/internal/control"
	"taygo/internal/routemap"
)

// fakeRoutes answers each request, named by its method, path and query, with a value
// as JSON, a slice with one a line, until the test ends. It returns its socket.
func fakeRoutes(t *testing.T, answers map[string]any) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "taygo-")
	must(t, err)
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	must(t, err)
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.Method+" "+r.URL.String()]
		if !known {
			http.Error(w, "nobody expects "+r.Method+" "+r.URL.String(), http.StatusNotFound)
			return
		}
		out := json.NewEncoder(w)
		lines := reflect.ValueOf(answer)
		if lines.Kind() != reflect.Slice {
			_ = out.Encode(answer)
			return
		}
		for i := range lines.Len() {
			_ = out.Encode(lines.Index(i).Interface())
		}
	})}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	t.Cleanup(func() {
		must(t, h.Close())
		<-done
		must(t, os.RemoveAll(dir))
	})
	return path
}

// leg is a next hop of the examples.
func leg(last, device string) routemap.LegInfo {
	return routemap.LegInfo{Via: addr("2001:db8:a::" + last), Device: device, Weight: 1}
}

// routeExamples are the answers that the tests below show.
func routeExamples() map[string]any {
	one := routemap.RouteInfo{Source: "kernel table 464", Prefix: prefix("198.51.100.0/24"), Mapped: prefix("2001:db8:64::c633:6400/120"), Kind: "unicast", Metric: 1024, NextHopID: 646400001, Legs: []routemap.LegInfo{leg("1", "eth0")}}
	two := routemap.RouteInfo{Source: "kernel table 464", Prefix: prefix("203.0.113.0/24"), Mapped: prefix("2001:db8:64::cb00:7100/120"), Kind: "unicast", Metric: 1024, Others: 2, Aggregate: "2001:db8:64::cb00:0/112"}
	two.Legs = []routemap.LegInfo{leg("1", "eth0"), {Via: addr("2001:db8:a::2"), Device: "eth1", Onlink: true, Weight: 3}}
	hole := routemap.RouteInfo{Source: "kernel table 464", Prefix: prefix("192.0.2.0/24"), Mapped: prefix("2001:db8:64::c000:200/120"), Kind: "unreachable", Metric: 1024, Foreign: true}
	return map[string]any{
		"GET /routes/summary": routemap.Summary{
			Running: true, Prefix: "2001:db8:64::/96", Table: 6464, Protocol: 64, Source: 1000, Mapped: 800, Kernel: 200, Alternates: 3, Foreign: 1,
			NextHops: 4, Down: 1, Bytes: 3 << 20, Resyncs: 7, Overruns: 2,
		},
		"GET /routes/show?limit=0&prefix=0.0.0.0%2F0":             []routemap.RouteInfo{hole, one, two},
		"GET /routes/show?limit=1&prefix=198.51.100.0%2F24":       []routemap.RouteInfo{one},
		"GET /routes/show?limit=0&prefix=2001%3Adb8%3A%3A%2F32":   []routemap.RouteInfo{},
		"GET /routes/lookup?ipv4=198.51.100.1":                    control.Lookup{Address: addr("198.51.100.1"), Route: &one, Carrier: one.Mapped, Verdict: control.FateForwarded},
		"GET /routes/lookup?ipv4=203.0.113.1":                     control.Lookup{Address: addr("203.0.113.1"), Route: &two, Carrier: prefix(two.Aggregate), Verdict: control.FateForwarded},
		"GET /routes/lookup?ipv4=2001%3Adb8%3A64%3A%3Ac000%3A201": control.Lookup{Address: addr("2001:db8:64::c000:201"), Route: &hole, Carrier: hole.Mapped, Verdict: control.FateForeign},
		"GET /routes/lookup?ipv4=10.0.0.1":                        control.Lookup{Address: addr("10.0.0.1"), Verdict: control.FateUnrouted},
		"GET /routes/nexthops": []routemap.NextHopInfo{
			{ID: 646400001, To: "2001:db8:a::1 dev eth0", Up: true, Routes: 150}, {To: "2001:db8:b::1", Why: "no route to it"},
		},
		"GET /routes/rejected": control.Rejections{
			NextHops: []routemap.RejectedInfo{{Via: "192.0.2.9", Reason: "unknown-gateway", Routes: 190, Last: prefix("198.51.100.0/24")}, {Reason: "no-gateway", Routes: 1, Last: prefix("192.0.2.0/26")}},
			Missed:   4, Routes: map[string]uint64{"unknown-gateway": 194, "no-gateway": 1, "filtered": 5, "non-global": 0}, Legs: map[string]uint64{"unknown-gateway": 2},
		},
		"POST /routes/resync": routemap.Summary{Mapped: 800, Kernel: 200},
		"POST /routes/flush":  control.Flushed{Routes: 200},
	}
}

func TestRoutesInColumns(t *testing.T) {
	socket := fakeRoutes(t, routeExamples())
	for _, row := range []struct{ name, args, want string }{
		{"summary", "summary", `mapping    to 2001:db8:64::/96, table 6464, protocol 64
state      in step with the sources
sources    1000 routes in tables of the kernel
mapped     800 routes, those of files included; of 3 prefixes there are several, of which one counts
kernel     200 IPv6 routes (25.0 % of those mapped); 1 of others are in the way
next hops  4 up, 1 down
memory     3.0 MiB of tables
resyncs    7; 2 overruns
`},
		{"show all", "show 0.0.0.0/0", `IPV4             IPV6                        TO                                                                       NOTES
192.0.2.0/24     2001:db8:64::c000:200/120   unreachable                                                              a route of somebody else is in its place
198.51.100.0/24  2001:db8:64::c633:6400/120  2001:db8:a::1 dev eth0
203.0.113.0/24   2001:db8:64::cb00:7100/120  2001:db8:a::1 dev eth0 weight 1, 2001:db8:a::2 dev eth1 onlink weight 3  in 2001:db8:64::cb00:0/112; 2 more do not count
`},
		{"show one", "show --limit 1 198.51.100.77/24", `IPV4             IPV6                        TO                      NOTES
198.51.100.0/24  2001:db8:64::c633:6400/120  2001:db8:a::1 dev eth0
`},
		{"show none", "show 2001:db8::/32", "no route inside 2001:db8::/32 is mapped: taygo routes lookup tells which one covers an address\n"},
		{"lookup", "lookup 198.51.100.1", `address     198.51.100.1
IPv4 route  198.51.100.0/24, of kernel table 464
mapped to   2001:db8:64::c633:6400/120
carried by  2001:db8:64::c633:6400/120 metric 1024
next hop    2001:db8:a::1 dev eth0 (nexthop object 646400001)
verdict     forwarded
`},
		{"lookup of an aggregate", "lookup 203.0.113.1", `address     203.0.113.1
IPv4 route  203.0.113.0/24, of kernel table 464; 2 more of that prefix do not count
mapped to   2001:db8:64::cb00:7100/120
carried by  2001:db8:64::cb00:0/112 metric 1024, an aggregate
next hop    2001:db8:a::1 dev eth0 weight 1
next hop    2001:db8:a::2 dev eth1 onlink weight 3
verdict     forwarded
`},
		{"lookup of a mapped address", "lookup 2001:db8:64::c000:201", `address     2001:db8:64::c000:201
IPv4 route  192.0.2.0/24, of kernel table 464
mapped to   2001:db8:64::c000:200/120
carried by  2001:db8:64::c000:200/120 metric 1024
verdict     left to a route of somebody else that has the place of ours: remove that one, or set another route-table or route-metric
`},
		{"lookup of none", "lookup 10.0.0.1", `address  10.0.0.1
verdict  no route: the sources have none that is mapped; taygo routes rejected tells what is not
`},
		{"nexthops", "nexthops", `ID         STATE  ROUTES  TO
646400001  up     150     2001:db8:a::1 dev eth0
-          down   0       2001:db8:b::1: no route to it
`},
		{"rejected", "rejected", `NEXT HOP   REASON           ROUTES  THE LAST ONE
192.0.2.9  unknown-gateway  190     198.51.100.0/24
-          no-gateway       1       192.0.2.0/26
others                      4

filtered         5 routes
no-gateway       1 routes: their destinations are on the link: give them a gateway, or leave them out by route-filter
unknown-gateway  194 routes, and next hops of 2 others: add route-nexthop V4 V6 or route-nexthop default
`},
		{"resync", "resync", "800 routes mapped, by 200 IPv6 routes of the kernel\n"},
		{"flush", "flush", "200 IPv6 routes removed; taygo routes resync maps them again\n"},
	} {
		if got, err := typed(t.Context(), routesLine(socket, row.args)...); err != nil || got != row.want {
			t.Errorf("%s: %v\n%swant\n%s", row.name, err, got, row.want)
		}
	}
}

// routesLine returns a command line of taygo routes that asks at a socket.
func routesLine(socket, args string) []string {
	words := strings.Fields(args)
	return append([]string{"routes", words[0], "-s", socket}, words[1:]...)
}

// TestRoutesAsJSON: what is answered is printed, each command's own.
func TestRoutesAsJSON(t *testing.T) {
	socket := fakeRoutes(t, routeExamples())
	for args, want := range map[string]string{
		"summary --json":            `{"running":true,"flushed":false,"prefix":"2001:db8:64::/96","table":6464,`,
		"show --json 0.0.0.0/0":     `{"prefix":"192.0.2.0/24","source":"kernel table 464","mapped":"2001:db8:64::c000:200/120","kind":"unreachable"`,
		"lookup --json 10.0.0.1":    `{"address":"10.0.0.1","verdict":"unrouted"}`,
		"nexthops --json":           `{"id":646400001,"to":"2001:db8:a::1 dev eth0","group":false,"up":true,"routes":150}`,
		"rejected --json":           `{"nexthops":[{"via":"192.0.2.9","reason":"unknown-gateway","routes":190,"last":"198.51.100.0/24"}`,
		"resync --json":             `{"running":false,`,
		"flush --json":              `{"routes":200}`,
		"lookup --json 203.0.113.1": `{"address":"203.0.113.1","route":{"prefix":"203.0.113.0/24","source":"kernel table 464"`,
	} {
		got, err := typed(t.Context(), routesLine(socket, args)...)
		if err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %v\n%swant\n%s", args, err, got, want)
		}
		for line := range strings.Lines(got) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s prints %q", args, line)
			}
		}
	}
}

func TestStatesOfRoutes(t *testing.T) {
	for want, s := range map[string]routemap.Summary{
		"not running: the log tells why":                            {},
		"flushed: nothing is mapped until taygo routes resync":      {Running: true, Flushed: true, Busy: true},
		"the sources are empty, and their routes are held for 1m9s": {Running: true, Held: true, HeldFor: 69 * time.Second},
		"about to write changes":                                    {Running: true, Busy: true},
		"in step with the sources":                                  {Running: true},
	} {
		if got := routesState(s); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
}

func TestRoutesThatCannotBeAsked(t *testing.T) {
	none := fake(t, &control.Server{})
	for _, row := range []struct{ args, says string }{
		{"frob", `routes: there is no command "frob": see taygo routes --help`},
		{"show", "routes show: which? Write taygo routes show 198.51.100.0/24"},
		{"show 198.51.100.1", `routes show: control: prefix: "198.51.100.1" is not a prefix: write one like 192.0.2.0/24; lookup takes an address`},
		{"show --limit -1 0.0.0.0/0", "routes show: --limit: -1: write a number from 0"},
		{"show 0.0.0.0/0 --json", "routes show: --json comes too late: write options before 0.0.0.0/0"},
		{"lookup", "routes lookup: which? Write taygo routes lookup 198.51.100.1"},
		{"lookup 198.51.100.0/24", `routes lookup: control: address: "198.51.100.0/24" is not an IPv4 address`},
		{"lookup host.example", "is not an IPv4 address"},
		{"lookup 198.51.100.1 198.51.100.2", `"198.51.100.2" is an argument too many: see taygo routes lookup --help`},
		{"summary now", `"now" is an argument too many`},
		{"summary -s /nonexistent", "no taygo answers: is it running"},
		{"summary -c /nonexistent", "no such file or directory"},
		{"run now", `"now" is an argument too many`},
		{"run --log printer", `--log "printer" is no target: write stderr, stdout, syslog or journal`},
		{"run --log-format xml", "routes run: --log-format:"},
		{"run -c /nonexistent", "no such file or directory"},
		{"summary -s " + none, "maps no routes: say with route-source"},
		{"show -s " + none + " 0.0.0.0/0", "maps no routes"},
		{"lookup -s " + none + " 192.0.2.1", "maps no routes"},
		{"nexthops -s " + none, "maps no routes"},
		{"rejected -s " + none, "maps no routes"},
		{"verify -s " + none, "maps no routes"},
		{"resync -s " + none, "maps no routes"},
		{"flush -s " + none, "maps no routes"},
	} {
		out, err := typed(t.Context(), append([]string{"routes"}, strings.Fields(row.args)...)...)
		if err == nil || !strings.Contains(err.Error(), row.says) || out != "" {
			t.Errorf("%s: %v, want %q; prints %q", row.args, err, row.says, out)
		}
	}
	if _, err := typed(t.Context(), "routes"); err == nil || !strings.Contains(err.Error(), "Write taygo routes summary") {
		t.Errorf("nothing: %v", err)
	}
}

// check reads the files of routes that a configuration names.
func TestCheckReadsFilesOfRoutes(t *testing.T) {
	t.Parallel()
	routes := file(t, "route 198.51.100.0/24 via 192.0.2.1\nroute 198.51.100.7/24 via 192.0.2.1\n")
	conf := file(t, "ipv4-addr 192.0.2.35\nprefix 2001:db8:64::/96\nroute-source file "+routes+"\n")
	r := taygo(t, nil, "check", conf)
	if r.code != 0 || r.stdout != conf+": good\n1 to look at\n" || !strings.HasPrefix(r.stderr, "warning: "+routes+":2: route: 198.51.100.7/24 has bits set") {
		t.Errorf("of a file with a wrong line: %+v", r)
	}
	conf = file(t, "ipv4-addr 192.0.2.35\nprefix 2001:db8:64::/96\nroute-source file "+routes+".gone\n")
	r = taygo(t, nil, "check", conf)
	if r.code != 1 || !strings.Contains(r.stderr, conf+":3: route-source: open "+routes+".gone: no such file or directory: make it readable") {
		t.Errorf("of a file that is not there: %+v", r)
	}
}
