package natlog

import "encoding/binary"

// The information elements of IPFIX that are used here (IANA's registry; RFC 7012,
// RFC 8158 §8).
const (
	protocolIdentifier               = 4
	sourceTransportPort              = 7
	sourceIPv6Address                = 27
	exportingProcessID               = 144
	notSentFlowTotalCount            = 165
	postNATSourceIPv4Address         = 225
	postNATDestinationIPv4Address    = 226
	postNAPTSourceTransportPort      = 227
	postNAPTDestinationTransportPort = 228
	natEvent                         = 230
	natPoolID                        = 283
	observationTimeMilliseconds      = 323
	portRangeStart                   = 361
	portRangeEnd                     = 362
	natQuotaExceededEvent            = 466
	maxEntriesPerUser                = 473
)

// elementSizes are the octets that an element has here, which is what its type has.
var elementSizes = map[uint16]int{
	protocolIdentifier: 1, sourceTransportPort: 2, sourceIPv6Address: 16, exportingProcessID: 4,
	notSentFlowTotalCount: 8, postNATSourceIPv4Address: 4, postNATDestinationIPv4Address: 4,
	postNAPTSourceTransportPort: 2, postNAPTDestinationTransportPort: 2, natEvent: 1, natPoolID: 4,
	observationTimeMilliseconds: 8, portRangeStart: 2, portRangeEnd: 2, natQuotaExceededEvent: 4, maxEntriesPerUser: 4,
}

// A template says what the records of a set are (RFC 7011 §3.4).
type template struct {
	id       uint16
	elements []uint16
	scopes   int // how many of them say what the others are about; 0: these are no options
}

// The templates, by their numbers.
const (
	sessionTemplate = 256 + iota
	destinationTemplate
	bindingTemplate
	addressesTemplate
	portsTemplate
	quotaTemplate
	blockTemplate
	lossTemplate

	endOfTemplates
)

// templates are those of RFC 8158 §5, in the order of their numbers, with the
// mandatory fields; of the optional ones, the destination as IPv4 sees it if it is
// asked for, and the end of a block. The last one is that of RFC 7011 §4.3.
var templates = [endOfTemplates - 256]template{
	{sessionTemplate, []uint16{
		observationTimeMilliseconds, sourceIPv6Address, postNATSourceIPv4Address, protocolIdentifier,
		sourceTransportPort, postNAPTSourceTransportPort, natEvent,
	}, 0},
	{destinationTemplate, []uint16{
		observationTimeMilliseconds, sourceIPv6Address, postNATSourceIPv4Address, protocolIdentifier,
		sourceTransportPort, postNAPTSourceTransportPort, natEvent, postNATDestinationIPv4Address, postNAPTDestinationTransportPort,
	}, 0},
	{bindingTemplate, []uint16{
		observationTimeMilliseconds, sourceIPv6Address, postNATSourceIPv4Address, protocolIdentifier,
		sourceTransportPort, postNAPTSourceTransportPort, natEvent,
	}, 0},
	{addressesTemplate, []uint16{observationTimeMilliseconds, natEvent, natPoolID}, 0},
	{portsTemplate, []uint16{observationTimeMilliseconds, natEvent, postNATSourceIPv4Address, protocolIdentifier}, 0},
	{quotaTemplate, []uint16{observationTimeMilliseconds, natEvent, natQuotaExceededEvent, maxEntriesPerUser, sourceIPv6Address}, 0},
	{blockTemplate, []uint16{
		observationTimeMilliseconds, sourceIPv6Address, postNATSourceIPv4Address, portRangeStart, portRangeEnd, natEvent,
	}, 0},
	{lossTemplate, []uint16{exportingProcessID, observationTimeMilliseconds, notSentFlowTotalCount}, 1},
}

// size returns the octets of a record.
func (t template) size() int {
	n := 0
	for _, e := range t.elements {
		n += elementSizes[e]
	}
	return n
}

// recordSizes are the sizes of records, by the number of their template less 256.
var recordSizes = func() (all [len(templates)]int) {
	for i, t := range templates {
		all[i] = t.size()
	}
	return all
}()

// The numbers of sets that hold templates (RFC 7011 §3.3.2).
const (
	templateSet        = 2
	optionsTemplateSet = 3
)

// appendTemplates appends the two sets that tell a collector of all templates.
func appendTemplates(b []byte) []byte {
	for _, set := range []uint16{templateSet, optionsTemplateSet} {
		start := len(b)
		b = binary.BigEndian.AppendUint16(b, set)
		b = append(b, 0, 0)
		for _, t := range templates {
			if (t.scopes > 0) == (set == optionsTemplateSet) {
				b = t.append(b)
			}
		}
		binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	}
	return b
}

// append appends a template record, or an options template record.
func (t template) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, t.id)
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.elements)))
	if t.scopes > 0 {
		b = binary.BigEndian.AppendUint16(b, uint16(t.scopes))
	}
	for _, e := range t.elements {
		b = binary.BigEndian.AppendUint16(b, e)
		b = binary.BigEndian.AppendUint16(b, uint16(elementSizes[e]))
	}
	return b
}
