package natlog

import (
	"encoding/binary"
	"errors"
	"net"
	"syscall"
	"time"
)

// IPFIXOptions say what a collector gets.
type IPFIXOptions struct {
	Options
	Domain         uint32        // observation domain (RFC 7011 §3.1)
	Message        int           // octets of a message at most; 0: what every path carries
	Templates      time.Duration // between two times that the templates are sent; 0: a minute
	EntriesPerUser uint32        // the limit that is told along with Quota Exceeded; 0: not one number
}

// What every path carries in a packet: of IPv6, RFC 8200 §5; of IPv4, what RFC 7011
// §10.3.3 says where the path is not known.
const (
	message6 = 1280 - 40 - 8
	message4 = 512 - 20 - 8
)

// The limits of the limit of a message: the templates fit, and UDP can carry it.
const (
	minMessage = 400
	maxMessage = 65000
)

// IPFIX returns a Log that sends messages over UDP (RFC 7011 §10.3) to the
// collector at a host and port. UDP loses messages and says nothing; the collector
// sees that from their sequence numbers.
func IPFIX(collector string, o IPFIXOptions) *Log {
	if o.Templates == 0 {
		o.Templates = time.Minute
	}
	out := &udpOutlet{address: collector, refresh: o.Templates, domain: o.Domain}
	out.format = &records{o: o, most: min(max(o.Message, minMessage), maxMessage)}
	if o.Message == 0 {
		out.format.most = message4
		out.adapt = true
	}
	return newLog(collector, o.Options, out.format, out)
}

// udpOutlet is the outlet of IPFIX.
type udpOutlet struct {
	address string
	refresh time.Duration
	domain  uint32
	format  *records
	adapt   bool // the length of messages to the family

	conn      net.Conn  // nil: to be dialed
	sequence  uint32    // of records that have been sent
	templates time.Time // when they were sent; zero: not since conn is there
	refused   time.Time // when the collector was last found not to listen
	sent      int       // octets of the current buffer
}

func (o *udpOutlet) dial() error {
	conn, err := (&net.Dialer{Timeout: attempt}).Dial("udp", o.address)
	if err != nil {
		return err
	}
	o.conn, o.templates = conn, time.Time{}
	if a, ok := conn.RemoteAddr().(*net.UDPAddr); ok && o.adapt && a.IP.To4() == nil {
		o.format.most = message6
	}
	return nil
}

// send sends messages, and the templates before them if it is time.
func (o *udpOutlet) send(b []byte) error {
	for o.sent < len(b) {
		if err := o.ready(time.Now()); err != nil {
			return err
		}
		message := b[o.sent : o.sent+int(binary.BigEndian.Uint16(b[o.sent+2:]))]
		if err := o.write(message); err != nil {
			return err
		}
		o.sequence += count(message)
		o.sent += len(message)
	}
	o.sent = 0
	return nil
}

// ready connects, and sends the templates if it is time.
func (o *udpOutlet) ready(now time.Time) error {
	if o.conn == nil {
		if err := o.dial(); err != nil {
			return err
		}
	}
	if now.Sub(o.templates) < o.refresh {
		return nil
	}
	b := binary.BigEndian.AppendUint16(nil, ipfixVersion)
	b = append(b, make([]byte, messageHeader-6)...)
	b = appendTemplates(binary.BigEndian.AppendUint32(b, o.domain))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	if err := o.write(b); err != nil {
		return err
	}
	o.templates = now
	return nil
}

// write sends a message, with the time and the sequence number. A collector that
// does not listen, or did not, has forgotten the templates.
func (o *udpOutlet) write(message []byte) error {
	now := time.Now()
	binary.BigEndian.PutUint32(message[4:], uint32(now.Unix()))
	binary.BigEndian.PutUint32(message[8:], o.sequence)
	if err := o.conn.SetWriteDeadline(now.Add(attempt)); err != nil {
		return err
	}
	_, err := o.conn.Write(message)
	if errors.Is(err, syscall.ECONNREFUSED) {
		o.refused, o.templates = now, time.Time{}
	}
	return err
}

// count returns how many records are in the data sets of a message.
func count(message []byte) uint32 {
	n := 0
	for b := message[messageHeader:]; len(b) >= 4; {
		id, size := int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))
		n += (size - 4) / recordSizes[id-256]
		b = b[size:]
	}
	return uint32(n)
}

// tick sends the templates when it is time, so that a collector that is new knows
// them early. To one that has just been found missing it sends them each time: the
// next refusal shows that it still is.
func (o *udpOutlet) tick(now time.Time) error {
	if now.Sub(o.refused) < calm {
		o.templates = time.Time{}
	}
	return o.ready(now)
}

func (o *udpOutlet) reopen() { o.close() }

func (o *udpOutlet) close() {
	if o.conn != nil {
		o.conn.Close()
		o.conn = nil
	}
}
