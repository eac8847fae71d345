package pkttest

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestConfigs(t *testing.T) {
	all := Configs()
	if len(all) != 6 {
		t.Errorf("%d configurations, want 6", len(all))
	}
	got, want := all["siit-a"], Config{
		Name: "siit-a", Mode: "siit", Prefix: netip.MustParsePrefix("2001:db8:64::/96"),
		Own4: netip.MustParseAddr("192.0.2.1"), Own6: netip.MustParseAddr("2001:db8:1::1"), RFC6791: addrs("192.0.2.1"),
		Map: []Mapping{
			{netip.MustParsePrefix("198.51.100.10/32"), netip.MustParsePrefix("2001:db8:1::10/128")},
			{netip.MustParsePrefix("198.51.100.11/32"), netip.MustParsePrefix("2001:db8:1::11/128")},
		},
		MTU4: 1500, MTU6: 1500, LowestIPv6MTU: 1280, UDPZeroChecksum: "compute", Hairpin: "intrinsic", TOS: -1, ICMPErrors: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("siit-a:\n%+v, want\n%+v", got, want)
	}
	if wkp := all["siit-wkp"]; !wkp.WKPStrict || wkp.Prefix != netip.MustParsePrefix("64:ff9b::/96") {
		t.Errorf("siit-wkp: %+v", wkp)
	}
	if all["siit-eamonly"].Prefix.IsValid() {
		t.Errorf("siit-eamonly has prefix %v", all["siit-eamonly"].Prefix)
	}
	nat := all["nat64-hairpin"]
	binding := Binding{"udp", netip.MustParseAddrPort("[2001:db8:1::11]:40003"), netip.MustParseAddrPort("192.0.2.1:50003")}
	if nat.Mode != "nat64" || len(nat.BIB) != 3 || nat.BIB[1] != binding || nat.TCPEst != 2*time.Hour || nat.MaxStoredSYNs != 10 ||
		nat.Pool[2] != (Ports{netip.MustParseAddr("192.0.2.1"), "icmp", 777, 780}) {
		t.Errorf("nat64-hairpin: %+v", nat)
	}
}

func TestSetChangesTheConfigurationOfOneVector(t *testing.T) {
	for name, is := range map[string]func(Config) bool{
		"46-udp-tos-ignored":           func(c Config) bool { return c.ZeroTrafficClass },
		"46-nodf-1480-lowest-mtu-1500": func(c Config) bool { return c.LowestIPv6MTU == 1500 },
		"46-udp-zero-drop-mode":        func(c Config) bool { return c.UDPZeroChecksum == "drop" },
		"64-udp-tos-fixed":             func(c Config) bool { return c.TOS == 16 },
		"64-too-big":                   func(c Config) bool { return c.MTU4 == 1400 && c.MTU6 == 1500 },
	} {
		if v := vector(t, name); !is(v.Config) || is(Configs()[v.Config.Name]) {
			t.Errorf("%s: %+v", name, v.Config)
		}
	}
	for _, s := range Sequences() {
		adf := strings.HasSuffix(s.Name, "-adf")
		if adf != (s.Config.Filtering == "address-dependent") || s.Steps[0].Config.Filtering != s.Config.Filtering {
			t.Errorf("%s: filtering %s", s.Name, s.Config.Filtering)
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	good := "vector a\nreq X\ndir 4to6\nconfig siit-a\nin\n  45\nout translate\n  60\n"
	if err := (&suite{configs: load().configs}).parse("f", good); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"key before a vector":      "req X\n",
		"unknown key":              good + "colour red\n",
		"unknown outcome":          good + "or explode\n",
		"no configuration":         "vector a\n",
		"unknown configuration":    "vector a\nconfig moon\n",
		"unknown setting":          "vector a\nconfig siit-a\nset colour red\n",
		"setting without value":    "vector a\nconfig siit-a\nset mtu4\n",
		"setting that is no value": "vector a\nconfig siit-a\nset mtu4 high\n",
		"octets of no packet":      "vector a\nconfig siit-a\n  45\n",
		"octets of a drop":         good + "or drop\n  45\n",
		"no hex":                   good + "or translate\n  4x\n",
		"half an octet":            good + "or translate\n  456\n",
		"run without step":         good + "or translate\n  00+*4\n",
		"run without count":        good + "or translate\n  00+01\n",
		"run of words":             good + "or translate\n  0001+01*3\n",
		"range past the packet":    good + "  ignore 0+2\n",
		"range of nothing":         good + "  ignore 0+0\n",
		"range that is no number":  good + "  ignore a+1\n",
		"step of a vector":         good + "at 0\n",
		"check of a vector":        good + "check bib 0\n",
		"time that is none":        "sequence s\nconfig nat64-a\nat noon\n",
		"check without a step":     "sequence s\nconfig nat64-a\ncheck bib 0\n",
		"check of no number":       "sequence s\nconfig nat64-a\nat 0\ncheck bib many\n",
	} {
		s := suite{configs: load().configs}
		if err := s.parse("f", text); err == nil || !strings.Contains(err.Error(), "f:") {
			t.Errorf("%s: error %v, want one that names the line", name, err)
		}
	}
	for name, text := range map[string]string{
		"setting first": "mtu4 1500\n", "two prefixes": "config a\nmap 192.0.2.0/24\n", "no prefix": "config a\nmap x 2001:db8::/32\n",
		"no port": "config a\npool udp 192.0.2.1 x 5\n", "short pool": "config a\npool udp\n", "no address": "config a\npool udp x 1 2\n",
		"short bib": "config a\nbib udp\n", "no address in bib": "config a\nbib udp x 192.0.2.1:1\n", "address": "config a\nrfc6791 x\n",
		"last port": "config a\npool udp 192.0.2.1 1 x\n", "IPv6 of map": "config a\nmap 192.0.2.0/24 x\n", "IPv4 of bib": "config a\nbib udp [::1]:1 x\n",
	} {
		if _, err := parseConfigs("f", text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
