package pkttest

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the vector files anew, each comment from its octets")

func TestVectorsAreAllThere(t *testing.T) {
	if n := len(Vectors()); n != 295 {
		t.Errorf("%d vectors, want 295", n)
	}
	steps, names := 0, make(map[string]bool)
	for _, s := range Sequences() {
		steps += len(s.Steps)
		names[s.Name] = true
	}
	if n := len(Sequences()); n != 23 || steps != 77 {
		t.Errorf("%d sequences of %d steps, want 23 of 77", n, steps)
	}
	for _, v := range Vectors() {
		names[v.Name] = true
	}
	if len(names) != 295+23 {
		t.Errorf("%d different names, want %d", len(names), 295+23)
	}
	count := make(map[string]int)
	for _, v := range Vectors() {
		count[v.Expect]++
	}
	if count[Translate] != 165 || count[Drop] != 114 || count[ICMPReply] != 16 {
		t.Errorf("outcomes: %v", count)
	}
}

// TestVectorFilesSayWhatTheirOctetsAre prints each file anew from the octets
// alone, comments and all, and wants to find what the file has.
func TestVectorFilesSayWhatTheirOctetsAre(t *testing.T) {
	printed := make(map[string]*strings.Builder)
	add := func(file, text string) {
		if printed[file] == nil {
			printed[file] = new(strings.Builder)
		}
		printed[file].WriteString("\n" + text)
	}
	for _, v := range Vectors() {
		add(v.File, printVector(&v, v.Config.Name))
	}
	for _, s := range Sequences() {
		add(s.File, printSequence(&s, s.Config.Name))
	}
	for file, b := range printed {
		was, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		title, _, _ := strings.Cut(string(was), "\n")
		if !strings.HasPrefix(title, "# RFC ") {
			t.Errorf("%s: the first line does not name an RFC", file)
		}
		text := title + "\n" + b.String()
		if *update {
			if err := os.WriteFile("testdata/"+file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		compareLines(t, file, string(was), text)
	}
}

func compareLines(t *testing.T, file, was, want string) {
	t.Helper()
	a, b := strings.Split(was, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Errorf("%s:%d:\n%s\nis not what the octets say (go test -update):\n%s", file, i+1, a[i], b[i])
			return
		}
	}
	if len(a) != len(b) {
		t.Errorf("%s: %d lines, want %d", file, len(a), len(b))
	}
}

func TestVectorsHoldTogether(t *testing.T) {
	check := func(v *Vector, steps bool) {
		if len(v.Req) == 0 || v.Config.Name == "" || v.Config.MTU6 == 0 {
			t.Errorf("%s: req %v, configuration %q", v.Name, v.Req, v.Config.Name)
		}
		if !steps && (v.In == nil || !slices.Contains([]string{"4to6", "6to4", "6to6"}, v.Dir)) {
			t.Errorf("%s: in %d octets, dir %q", v.Name, len(v.In), v.Dir)
		}
		if v.In != nil && v.Dir != "" && v.In[0]>>4 != v.Dir[0]-'0' {
			t.Errorf("%s: dir %s, but in is IPv%d", v.Name, v.Dir, v.In[0]>>4)
		}
		for _, o := range append([]Outcome{v.Outcome}, v.Accept...) {
			silent := o.Expect == Drop || o.Expect == None
			if silent != (len(o.Out) == 0) {
				t.Errorf("%s: %s with %d packets", v.Name, o.Expect, len(o.Out))
			}
			for _, p := range o.Out {
				if err := p.same(p.Bytes); err != nil {
					t.Errorf("%s: %v", v.Name, err)
				}
			}
		}
	}
	for _, v := range Vectors() {
		check(&v, false)
	}
	for _, s := range Sequences() {
		for i := range s.Steps {
			check(&s.Steps[i].Vector, true)
			if i > 0 && s.Steps[i].At <= s.Steps[i-1].At {
				t.Errorf("%s: time stands still", s.Steps[i].Name)
			}
		}
	}
}

// odd are the outcomes that the strictest Checker refuses, and why they conform
// all the same.
var odd = map[string]error{
	"46-udp-bad-checksum-stays-bad 0":  ErrSum, // a wrong checksum has to stay wrong
	"64-udp-bad-checksum-stays-bad 0":  ErrSum,
	"46-proto-v6only-0 1":              ErrProtocol, // RFC 7915 would copy these; we drop
	"46-proto-v6only-43 1":             ErrProtocol,
	"46-proto-v6only-44 1":             ErrHeader,
	"46-proto-v6only-58 1":             ErrICMPType,
	"46-proto-v6only-60 1":             ErrProtocol,
	"64-proto-icmpv4 1":                ErrICMPType,
	"64-ptb-10 1":                      ErrICMPWord,  // MTU 0
	"64-quote-1232-truncated-to-576 1": ErrErrorSize, // 576 is a rule of RFC 1812, not of RFC 7915
	"64-udp-zero-checksum 1":           ErrZeroSum,   // forwarded for tunnels
}

// TestCheckerPassesTheVectors holds the Checker and the vectors, which were made
// apart from each other, to agree.
func TestCheckerPassesTheVectors(t *testing.T) {
	seen := 0
	judge := func(v *Vector) {
		for i, o := range append([]Outcome{v.Outcome}, v.Accept...) {
			name := v.Name + " " + string(rune('0'+i))
			for _, p := range o.Out {
				c := Checker{MTU4: v.Config.MTU4, MTU6: v.Config.MTU6, QuotedSums: true}
				if err := c.Check(p.Bytes); !errors.Is(err, odd[name]) {
					t.Errorf("%s: %v, want %v", name, err, odd[name])
				}
				if odd[name] != nil {
					seen++
				}
			}
		}
	}
	for _, v := range Vectors() {
		judge(&v)
	}
	for _, s := range Sequences() {
		for i := range s.Steps {
			judge(&s.Steps[i].Vector)
		}
	}
	if seen != len(odd) {
		t.Errorf("%d odd outcomes, want %d", seen, len(odd))
	}
}
