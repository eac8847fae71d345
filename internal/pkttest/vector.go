package pkttest

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// What a translator is expected to do with a packet.
const (
	Translate = "translate"  // it puts out exactly the packets shown
	ICMPReply = "icmp-reply" // it puts out the ICMP error shown, towards the sender
	Drop      = "drop"       // it puts out nothing
	None      = "none"       // a step of a sequence: nothing comes out now
	Emit      = "emit"       // a step of a sequence: a timer puts out the packets shown
)

// A Vector is one packet for a translator of a given configuration, and what has
// to come out.
type Vector struct {
	Name string   // unique
	File string   // under testdata: it names the RFC clause
	Req  []string // ids of the requirements it proves
	Dir  string   // 4to6, 6to4, or 6to6 for hairpinning
	Set  []string // settings that differ from the named configuration
	// Config is the named configuration with Set applied.
	Config Config
	Note   string
	In     []byte // nil in a step in which only time passes
	Outcome
	Accept []Outcome // others that conform as well
}

// An Outcome is what comes out, and why.
type Outcome struct {
	Expect string
	Out    []Packet
}

// A Packet is an expected packet. Ignore lists ranges, as offset and length,
// whose octets are free; checksums have to be right all the same.
type Packet struct {
	Bytes  []byte
	Ignore [][2]int
}

// A Sequence is a run of packets through one translator whose clock is driven
// from outside.
type Sequence struct {
	Name   string
	File   string
	Req    []string
	Set    []string
	Config Config
	Note   string
	Steps  []Step
}

// A Step is one event of a sequence. Its Vector bears the name of the sequence
// and the time.
type Step struct {
	At time.Duration // since the start
	Vector
	// State is the state of the one TCP session, or empty if it is not to be
	// looked at.
	State string
	// Count is what has to be found behind the step: numbers of "bib", "sessions"
	// and "fragments-held", and "expires", the time in seconds since the start
	// when the session will.
	Count map[string]int
}

//go:embed testdata/configs.txt testdata/vectors testdata/sequences
var files embed.FS

// Vectors returns all vectors, file by file. What they hold is shared by all
// callers and must not be changed.
func Vectors() []Vector { return slices.Clone(load().vectors) }

// Sequences returns all sequences, file by file. What they hold is shared by all
// callers and must not be changed.
func Sequences() []Sequence { return slices.Clone(load().sequences) }

// Configs returns the configurations that vectors refer to, by name.
func Configs() map[string]Config {
	byName := make(map[string]Config)
	for _, c := range load().configs {
		byName[c.Name] = c
	}
	return byName
}

type suite struct {
	configs   []Config
	vectors   []Vector
	sequences []Sequence
}

// load reads the embedded files once. They are part of this package, so one that
// does not parse is a mistake in it, and panics.
var load = sync.OnceValue(func() *suite {
	var s suite
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	text, err := files.ReadFile("testdata/configs.txt")
	must(err)
	s.configs, err = parseConfigs("configs.txt", string(text))
	must(err)
	for _, dir := range []string{"vectors", "sequences"} {
		entries, err := fs.ReadDir(files, "testdata/"+dir)
		must(err)
		for _, e := range entries {
			name := dir + "/" + e.Name()
			text, err := files.ReadFile("testdata/" + name)
			must(err)
			must(s.parse(name, string(text)))
		}
	}
	return &s
})

// config returns the configuration of that name with settings applied.
func (s *suite) config(name string, settings []string) (Config, error) {
	for _, c := range s.configs {
		if c.Name != name {
			continue
		}
		for _, line := range settings {
			if err := c.apply(line); err != nil {
				return Config{}, err
			}
		}
		return c, nil
	}
	return Config{}, fmt.Errorf("pkttest: no configuration %q in configs.txt", name)
}
