package translate

import (
	"math/rand/v2"
	"time"

	"taygo/translate/wire"
)

// A Mapper finds the addresses that a packet has on the other side. It returns
// Translated, or the verdict on a packet that has none. Several goroutines may
// use a Mapper at once.
type Mapper interface {
	// Map sets p.To, and p.Hairpin if need be, for a packet of its own flow. It
	// makes and refreshes state if its mode has any.
	Map(p *Packet) Verdict
	// MapError sets p.To and p.QuotedTo for an ICMP error. It makes and refreshes
	// no state.
	MapError(p *Packet) Verdict
}

// Fragments sees every fragment that may be forwarded, before the Mapper does.
// It belongs to one Translator.
type Fragments interface {
	// Keep returns Translated for a fragment that is to go on by itself. Any other
	// verdict is final: it has copied the fragment, or found a fault.
	Keep(p *Packet) Verdict
}

// A Translator translates packets, one at a time, for one goroutine. Policy and
// Mapper may be exchanged between packets; they are not changed.
type Translator struct {
	Policy    *Policy
	Mapper    Mapper
	Fragments Fragments  // nil: each fragment is translated by itself
	Errors    ErrorCount // ICMP errors of its own

	rng    *rand.Rand
	ident  *identifier
	limits [2][2]bucket // by family, and whether the error carries an MTU
	packet Packet
	header Header        // of the packet on the other side
	inner  Header        // of the packet that an ICMP error quotes, on the other side
	info   [infoLen]byte // the extension of an ICMP error, while it is built
}

// New returns the Translator of worker i of n, whose random choices come from
// seed.
func New(seed [32]byte, i, n int) *Translator {
	rng := rand.New(rand.NewChaCha8(seed))
	return &Translator{rng: rng, ident: newIdentifier(rng, i, n)}
}

// Translate translates f, which arrived at the time now by any clock that only
// grows, and appends to out what is to be sent: the packet, which stays where it
// lies unless it must be cut into fragments, or the ICMP error its sender is
// owed. out takes at most MaxOutput octets.
func (t *Translator) Translate(f *wire.Frame, now time.Duration, out *wire.Batch) Verdict {
	p := &t.packet
	p.reset(f, now)
	v := t.judge(p)
	if v == Translated {
		v = t.forward(p, out)
	}
	switch {
	case v == Translated:
	case v == Answered:
		v = t.answer(p, out)
	case !v.Sent():
		t.refuse(v, p, out)
	}
	return v
}

// Refuse appends to out the ICMP error that the sender of f is owed for the
// verdict v, if it is owed one. f arrived earlier and was kept.
func (t *Translator) Refuse(f *wire.Frame, v Verdict, now time.Duration, out *wire.Batch) {
	p := &t.packet
	p.reset(f, now)
	if t.parse(p) == Translated {
		t.refuse(v, p, out)
	}
}

// MaxOutput is the most room that one packet takes in the batch it is sent from,
// in octets: a super-packet of 65,535 octets in segments of 1,280, each in
// fragments of 68.
const MaxOutput = 512 << 10

// Packet returns the packet translated last, for a log line about it. What it
// says of the payload is no longer good.
func (t *Translator) Packet() *Packet { return &t.packet }

func (p *Packet) reset(f *wire.Frame, now time.Duration) {
	p.Now, p.frame = now, f
	p.Error, p.Again, p.Hairpin, p.Replaced, p.Stateful = false, false, false, false, false
	p.zeroUDP, p.sumUDP, p.word = false, false, 0
}

// forward maps and rewrites a packet that may be forwarded.
func (t *Translator) forward(p *Packet, out *wire.Batch) Verdict {
	if p.Error {
		return t.forwardError(p, out)
	}
	v := t.Mapper.Map(p)
	if p.zeroUDP {
		v = t.judgeZeroUDP(p, v)
	}
	if v != Translated {
		return v
	}
	if p.V6 && t.isDroppedClassE(p.To.Src) {
		return IllegalSource
	}
	f := p.frame
	if p.isICMP() && p.Offset == 0 && !isEcho(p.V6, f.Bytes()[p.Len]) {
		return ICMPType
	}
	if p.hasShortTail() {
		return t.forwardTail(p, out)
	}
	x := &t.header
	t.cross(x, &p.Header, &p.To, p.segment())
	limit, v := t.fit(p, x.Total-p.Total+p.segment())
	switch {
	case v != Translated:
		return v
	case f.Offload.Segment != 0 && limit != noLimit:
		return t.forwardSegments(p, out)
	}
	segments := p.segments()
	f.Cut(p.Total)
	f.Move(p.Len)
	if p.Stateful {
		putPorts(f.Bytes(), &p.Header, p.ToPorts, f.Offload.Partial)
	}
	crossTransport(f.Bytes(), &p.Header, x, f.Offload.Partial)
	if p.sumUDP {
		computeUDP(f.Bytes(), x)
	}
	if !x.V6 && !x.Fragment && (!x.DontFrag || x.Total > limit) {
		x.DontFrag, x.ID = false, t.ident.next(x.Pair, x.Proto, segments)
	}
	return t.send(f, x, limit, p, out)
}

// send puts the header x before the payload in f, or before pieces of it if the
// packet would be longer than limit.
func (t *Translator) send(f *wire.Frame, x *Header, limit int, p *Packet, out *wire.Batch) Verdict {
	if !p.Again {
		x.HopLimit--
	}
	if x.Total > limit {
		if f.Offload.Partial {
			complete(f.Bytes(), x.Proto)
		}
		return fragment(f.Bytes(), *x, limit, out)
	}
	f.Move(-x.Len)
	x.put(f.Bytes())
	if p.Hairpin {
		return t.again(f, p, out)
	}
	out.Add(f)
	return Translated
}

// again translates the IPv4 packet in f, made of the hairpinned packet p, back to
// IPv6 (RFC 7757 §4.2.2).
func (t *Translator) again(f *wire.Frame, p *Packet, out *wire.Batch) Verdict {
	p.reset(f, p.Now)
	p.Again = true
	v := t.judge(p)
	if v == Translated {
		v = t.forward(p, out)
	}
	if v.Sent() {
		return Hairpinned
	}
	return v
}

// fragment appends to out the pieces of payload behind copies of x, each packet
// at most limit octets long (RFC 7915 §4.1, RFC 791 §2.3).
func fragment(payload []byte, x Header, limit int, out *wire.Batch) Verdict {
	if x.V6 && !x.Fragment {
		x.Len += wire.FragmentLen
	}
	x.Fragment = true
	room := (limit - x.Len) &^ 7
	for at := 0; at < len(payload); at += room {
		piece := payload[at:min(at+room, len(payload))]
		y := x
		y.Offset += uint16(at)
		y.More = x.More || at+room < len(payload)
		y.Total = y.Len + len(piece)
		f := out.New(y.Total)
		if f == nil {
			return NoRoom
		}
		y.put(f.Bytes())
		copy(f.Bytes()[y.Len:], piece)
		out.Add(f)
	}
	return Fragmented
}
