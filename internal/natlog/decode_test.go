package natlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// A decoder reads IPFIX messages as RFC 7011 describes them, from the templates
// in the messages alone.
type decoder struct {
	templates map[uint16][]field
	records   []record
	sequence  uint32 // of the next message
	checked   bool   // sequence is known
	domain    uint32
	longest   int // message
}

// A field is an element of a template: its number and its octets.
type field struct{ element, octets int }

// A record is a data record: the octets of each element, by its name.
type record map[string][]byte

// names are those of IANA's registry of the elements that RFC 8158 and RFC 7011
// §4.3 use, typed off from there.
var names = map[int]string{
	4: "protocolIdentifier", 7: "sourceTransportPort", 27: "sourceIPv6Address", 144: "exportingProcessId",
	165: "notSentFlowTotalCount", 225: "postNATSourceIPv4Address", 226: "postNATDestinationIPv4Address",
	227: "postNAPTSourceTransportPort", 228: "postNAPTDestinationTransportPort", 230: "natEvent",
	283: "natPoolId", 323: "observationTimeMilliseconds", 361: "portRangeStart", 362: "portRangeEnd",
	466: "natQuotaExceededEvent", 473: "maxEntriesPerUser",
}

// message reads one message.
func (d *decoder) message(b []byte) error {
	d.longest = max(d.longest, len(b))
	switch {
	case len(b) < 16:
		return errors.New("shorter than its header")
	case binary.BigEndian.Uint16(b) != 10:
		return errors.New("not version 10")
	case int(binary.BigEndian.Uint16(b[2:])) != len(b):
		return fmt.Errorf("length %d in %d octets", binary.BigEndian.Uint16(b[2:]), len(b))
	}
	sequence, before := binary.BigEndian.Uint32(b[8:]), len(d.records)
	if d.checked && sequence != d.sequence {
		return fmt.Errorf("sequence number %d, and %d is next", sequence, d.sequence)
	}
	d.domain = binary.BigEndian.Uint32(b[12:])
	for b = b[16:]; len(b) > 0; {
		if len(b) < 4 {
			return errors.New("a set is shorter than its header")
		}
		id, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if size < 4 || size > len(b) {
			return fmt.Errorf("a set of %d octets in %d", size, len(b))
		}
		if err := d.set(id, b[4:size]); err != nil {
			return err
		}
		b = b[size:]
	}
	d.sequence, d.checked = sequence+uint32(len(d.records)-before), true
	return nil
}

func (d *decoder) set(id uint16, b []byte) error {
	switch {
	case id == 2:
		return d.template(b, false)
	case id == 3:
		return d.template(b, true)
	case id < 256:
		return fmt.Errorf("set %d is reserved", id)
	}
	fields, known := d.templates[id]
	if !known {
		return fmt.Errorf("set of template %d, which was not sent", id)
	}
	for n := 0; len(b) > 0; n++ {
		r := record{"template": binary.BigEndian.AppendUint16(nil, id)}
		for _, f := range fields {
			if f.octets > len(b) {
				return fmt.Errorf("%d octets are left for record %d of template %d", len(b), n, id)
			}
			r[names[f.element]], b = b[:f.octets], b[f.octets:]
		}
		d.records = append(d.records, r)
	}
	return nil
}

// template reads the templates of a set.
func (d *decoder) template(b []byte, options bool) error {
	if d.templates == nil {
		d.templates = map[uint16][]field{}
	}
	for len(b) > 0 {
		header := 4
		if options {
			header = 6
		}
		if len(b) < header {
			return errors.New("a template is cut off")
		}
		id, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if options && (binary.BigEndian.Uint16(b[4:]) == 0 || int(binary.BigEndian.Uint16(b[4:])) > n) {
			return errors.New("options that are about nothing")
		}
		if b = b[header:]; len(b) < 4*n || id < 256 || n == 0 {
			return fmt.Errorf("template %d of %d elements in %d octets", id, n, len(b))
		}
		var fields []field
		for range n {
			f := field{int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))}
			if names[f.element] == "" {
				return fmt.Errorf("element %d is none of RFC 8158", f.element)
			}
			fields, b = append(fields, f), b[4:]
		}
		d.templates[id] = fields
	}
	return nil
}

// text shows a record, its elements in the order of a list.
func (r record) text(order ...string) string {
	var b strings.Builder
	for _, name := range order {
		v, there := r[name]
		switch {
		case !there:
			continue
		case strings.Contains(name, "Address"):
			a, _ := netip.AddrFromSlice(v)
			fmt.Fprintf(&b, " %s=%v", name, a)
		default:
			var octets [8]byte
			copy(octets[8-len(v):], v)
			fmt.Fprintf(&b, " %s=%d/%d", name, binary.BigEndian.Uint64(octets[:]), len(v))
		}
	}
	return strings.TrimSpace(b.String())
}
