package pkttest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A vectorReader reads a file of vectors or sequences. A line at the left edge is
// a key and its value; an indented line is a part of the packet above it.
//
//	vector 46-ttl-2
//	req B4-4.1-08
//	dir 4to6
//	config siit-a
//	set mtu4 1400
//	note why
//	in
//	  45000028 …  # IPv4 …
//	out translate
//	  60000000 …  # IPv6 …
//	  ignore 4+2 10+2
//	and
//	  …           # a second packet
//	or drop
//
// A file of sequences has "sequence" for "vector", and begins each step with "at
// SECONDS"; a step ends with "check NAME VALUE…".
type vectorReader struct {
	suite  *suite
	file   string
	config string  // name of the configuration of the current vector
	vector *Vector // the current vector, or step
	seq    *Sequence
	packet *Packet // the packet that indented lines belong to
	in     bool    // … or the input
}

// parse adds the vectors and sequences of a file.
func (s *suite) parse(file, text string) error {
	r := vectorReader{suite: s, file: file}
	for i, line := range strings.Split(text, "\n") {
		if err := r.line(line); err != nil {
			return fmt.Errorf("pkttest: %s:%d: %q: %w", file, i+1, line, err)
		}
	}
	if err := r.endVector(); err != nil {
		return fmt.Errorf("pkttest: %s: last vector: %w", file, err)
	}
	return nil
}

func (r *vectorReader) line(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	if strings.HasPrefix(line, "  ") {
		return r.packetLine(line[2:])
	}
	r.packet, r.in = nil, false
	key, value, _ := strings.Cut(line, " ")
	if key == "vector" || key == "sequence" {
		return r.begin(key, value)
	}
	if r.vector == nil {
		return errors.New("no vector yet")
	}
	if (r.seq == nil || len(r.seq.Steps) == 0) && r.head(key, value) {
		return nil
	}
	return r.event(key, value)
}

// begin starts a vector or a sequence.
func (r *vectorReader) begin(key, name string) error {
	if err := r.endVector(); err != nil {
		return err
	}
	r.config = ""
	if key == "vector" {
		r.suite.vectors = append(r.suite.vectors, Vector{Name: name, File: r.file})
		r.vector, r.seq = &r.suite.vectors[len(r.suite.vectors)-1], nil
		return nil
	}
	r.suite.sequences = append(r.suite.sequences, Sequence{Name: name, File: r.file})
	r.seq = &r.suite.sequences[len(r.suite.sequences)-1]
	r.vector = &Vector{}
	return nil
}

// endVector finds the configuration once all settings are known.
func (r *vectorReader) endVector() error {
	if r.vector == nil {
		return nil
	}
	set := r.vector.Set
	if r.seq != nil {
		set = r.seq.Set
	}
	config, err := r.suite.config(r.config, set)
	if err != nil {
		return err
	}
	if r.seq == nil {
		r.vector.Config = config
		return nil
	}
	r.seq.Config = config
	for i := range r.seq.Steps {
		r.seq.Steps[i].Config = config
	}
	return nil
}

// head reads what stands above the packets; known is false for other keys.
func (r *vectorReader) head(key, value string) (known bool) {
	v := r.vector
	switch key {
	case "req":
		v.Req = strings.Fields(value)
	case "dir":
		v.Dir = value
	case "config":
		r.config = value
	case "set":
		v.Set = append(v.Set, value)
	case "note":
		v.Note = value
	default:
		return false
	}
	if r.seq != nil {
		r.seq.Req, r.seq.Set, r.seq.Note = v.Req, v.Set, v.Note
	}
	return true
}

// event reads what comes in, what goes out, and the steps of a sequence.
func (r *vectorReader) event(key, value string) error {
	v := r.vector
	switch {
	case key == "at" && r.seq != nil:
		return r.step(value)
	case key == "note":
		v.Note = value
	case key == "in":
		r.in = true
	case key == "out":
		v.Expect = value
		return r.nextPacket(value, &v.Out)
	case key == "or":
		v.Accept = append(v.Accept, Outcome{Expect: value})
		return r.nextPacket(value, &v.Accept[len(v.Accept)-1].Out)
	case key == "and" && len(v.Accept) > 0:
		return r.nextPacket("", &v.Accept[len(v.Accept)-1].Out)
	case key == "and":
		return r.nextPacket("", &v.Out)
	case key == "check" && r.seq != nil && len(r.seq.Steps) > 0:
		return r.check(strings.Fields(value))
	default:
		return errors.New("no such key here")
	}
	return nil
}

// nextPacket adds a packet for the indented lines that follow, if expect has any.
func (r *vectorReader) nextPacket(expect string, out *[]Packet) error {
	switch expect {
	case Drop, None:
		return nil
	case Translate, ICMPReply, Emit, "":
		*out = append(*out, Packet{})
		r.packet = &(*out)[len(*out)-1]
		return nil
	}
	return errors.New("no such outcome")
}

// step begins a step of a sequence.
func (r *vectorReader) step(seconds string) error {
	at, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return err
	}
	name := r.seq.Name + " at " + seconds
	r.seq.Steps = append(r.seq.Steps, Step{At: at, Vector: Vector{
		Name: name, File: r.file, Req: r.seq.Req, Set: r.seq.Set,
	}})
	r.vector = &r.seq.Steps[len(r.seq.Steps)-1].Vector
	return nil
}

// check reads pairs of a name and a value.
func (r *vectorReader) check(words []string) error {
	step := &r.seq.Steps[len(r.seq.Steps)-1]
	step.Count = make(map[string]int)
	for i := 0; i+1 < len(words); i += 2 {
		if words[i] == "state" {
			step.State = words[i+1]
			continue
		}
		n, err := strconv.Atoi(words[i+1])
		if err != nil {
			return err
		}
		step.Count[words[i]] = n
	}
	return nil
}

// packetLine reads octets, or which octets are free.
func (r *vectorReader) packetLine(line string) error {
	ranges, isIgnore := strings.CutPrefix(line, "ignore ")
	if isIgnore && r.packet != nil {
		return r.ignore(strings.Fields(ranges))
	}
	b, err := parseHex(line)
	switch {
	case err != nil:
		return err
	case r.packet != nil:
		r.packet.Bytes = append(r.packet.Bytes, b...)
	case r.in:
		r.vector.In = append(r.vector.In, b...)
	default:
		return errors.New("octets of no packet")
	}
	return nil
}

func (r *vectorReader) ignore(ranges []string) error {
	for _, text := range ranges {
		from, count, _ := strings.Cut(text, "+")
		at, err := strconv.Atoi(from)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(count)
		if err != nil || at < 0 || n < 1 || at+n > len(r.packet.Bytes) {
			return fmt.Errorf("%q is no range, offset+length, of %d octets", text, len(r.packet.Bytes))
		}
		r.packet.Ignore = append(r.packet.Ignore, [2]int{at, n})
	}
	return nil
}
