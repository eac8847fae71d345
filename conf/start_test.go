package conf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFilesOfTayga parses files of the kinds that Tayga runs with, each of which
// tells its kind in its first line. All start; of what one version of Tayga
// refuses, or does not do, there is a warning.
func TestFilesOfTayga(t *testing.T) {
	warnings := map[string][]string{ // the directives that warn, none if it is not here
		"no-device.conf":   {"strict-frag-hdr"},
		"wkp-private.conf": {"ipv4-addr"},
		"link-local.conf":  {"ipv4-addr", "map"},
		"datacentre.conf":  {"map", "map"}, // nested: 0.9.2 says nothing
		"newest.conf":      nil,
	}
	files, err := filepath.Glob("testdata/start/*.conf")
	if err != nil || len(files) < 13 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), "# ") {
				t.Error("does not tell what kind of file it is")
			}
			c, err := Load(path)
			if err != nil {
				t.Fatalf("does not start:\n%v", err)
			}
			var got []string
			for _, w := range c.Warnings {
				got = append(got, w.Directive)
			}
			if !slices.Equal(got, warnings[filepath.Base(path)]) {
				t.Errorf("warns\n%v", Errors(c.Warnings))
			}
		})
	}
}

// TestFilesOfTaygaMean looks at what is in some of them.
func TestFilesOfTaygaMean(t *testing.T) {
	load := func(name string) *Config {
		c, err := Load("testdata/start/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := load("crlf.conf"); c.TUNDevice != "nat64" || c.IPv4Addr != addr("192.168.255.1") || len(c.DynamicPools) != 1 {
		t.Errorf("CRLF gives %+v", c)
	}
	c := load("newest.conf")
	if !c.TUNUp || c.TUNKeep || c.MapFile != "/var/lib/tayga-clat/more.map" || c.Workers != 4 ||
		!slices.Equal(c.TUNIPs, prefixes("192.0.0.1/32", "2001:db8:c1a7::1/64")) ||
		!slices.Equal(c.TUNRoutes, prefixes("0.0.0.0/0", "2001:db8:c1a7::2/128")) {
		t.Errorf("the newest gives %+v", c)
	}
	if c := load("package-0.9.2.conf"); c.DataDir != "/var/spool/tayga" || c.DynamicPools[0].V4 != prefixes("192.168.255.0/24")[0] {
		t.Errorf("the package's gives %+v", c)
	}
}
