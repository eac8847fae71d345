package translate

import (
	"encoding/binary"

	"taygo/translate/wire"
)

// ownHopLimit is the TTL and hop limit of packets that the translator makes.
const ownHopLimit = 64

// An ErrorCount counts the ICMP errors that a Translator owed, by family: [0]
// IPv4, [1] IPv6.
type ErrorCount struct {
	Sent    [2]uint64
	Limited [2]uint64 // kept back by a rate limit
	Off     [2]uint64 // kept back by ErrorsNever, or for want of an own address
}

func family(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

// answer turns an echo request to the translator itself into the reply.
func (t *Translator) answer(p *Packet, out *wire.Batch) Verdict {
	f := p.frame
	f.Cut(p.Total)
	f.Move(p.Len)
	message := f.Bytes()
	sum := wire.Sum(0).AddBytes(message)
	if p.V6 {
		sum = sum.Add(uint64(pseudo(&p.Header, len(message))))
	}
	if sum.Fold() != 0xffff {
		return OwnDropped
	}
	x := t.ownHeader(p, len(message))
	x.Src, x.Class = p.Dst, p.Class
	old := uint64(binary.BigEndian.Uint16(message))
	message[0], message[1] = echoReply4, 0
	if p.V6 {
		message[0] = echoReply6
	}
	field := message[2:4]
	delta := wire.Sum(0).Add(uint64(message[0]) << 8).Sub(old)
	binary.BigEndian.PutUint16(field, wire.Update(binary.BigEndian.Uint16(field), delta))
	f.Move(-x.Len)
	x.put(f.Bytes())
	out.Add(f)
	return Answered
}

// ownHeader returns the header of an ICMP message of n octets to the sender of p.
func (t *Translator) ownHeader(p *Packet, n int) Header {
	x := Header{V6: p.V6, HopLimit: ownHopLimit, Pair: Pair{Dst: p.Src}}
	if p.V6 {
		x.Src, x.Proto, x.Len = t.Policy.Own6, wire.ProtoICMPv6, wire.IPv6Len
	} else {
		x.Src, x.Proto, x.Len = t.Policy.Own4, wire.ProtoICMP, wire.IPv4Len
		x.ID = t.ident.next(x.Pair, x.Proto, 1)
	}
	x.Total = x.Len + n
	return x
}

// refuse appends to out the ICMP error that the sender of p is owed for the
// verdict v, if any (RFC 7915 §4.4, §5.4). It quotes the packet as received.
func (t *Translator) refuse(v Verdict, p *Packet, out *wire.Batch) {
	kind, code, owed := v.Reply(p.V6)
	if !owed || p.Again || p.mustNotAnswer(kind) || !t.mayRefuse(v, p) {
		return
	}
	quote := p.asSent(out)
	room := maxError4 - wire.IPv4Len - wire.ICMPLen
	if p.V6 {
		room = maxError6 - wire.IPv6Len - wire.ICMPLen
	}
	n := wire.ICMPLen + min(len(quote), room)
	f := out.New(n)
	if f == nil {
		return
	}
	x := t.ownHeader(p, n)
	message := f.Bytes()
	message[0], message[1] = kind, code
	binary.BigEndian.PutUint32(message[4:], p.word)
	copy(message[wire.ICMPLen:], quote)
	sum := uint64(0)
	if p.V6 {
		sum = uint64(pseudo(&x, n))
	}
	putICMPChecksum(message, sum)
	f.Move(-x.Len)
	x.put(f.Bytes())
	out.Add(f)
	t.Errors.Sent[family(p.V6)]++
}

// asSent returns the packet as its sender put it on the link, as far as an ICMP
// error quotes it: of a super-packet, the first segment.
func (p *Packet) asSent(out *wire.Batch) []byte {
	o := &p.frame.Offload
	if o.Segment != 0 {
		if f := p.cut(0, out); f != nil {
			return f.Bytes()
		}
	}
	b := p.frame.Bytes()[:p.Total]
	if o.Partial && o.Segment == 0 {
		complete(b[p.Len:], p.Proto)
	}
	return b
}

// mustNotAnswer reports whether no ICMP error of the given type may be sent about
// the packet (RFC 1122 §3.2.2, RFC 4443 §2.4e, RFC 7915 §5.4), which it may not if
// the packet could be an ICMP error itself.
func (p *Packet) mustNotAnswer(kind uint8) bool {
	if !p.V6 {
		return p.Error || p.Offset != 0
	}
	return p.Error || p.isICMP() && (p.Offset != 0 || kind == prohibited6.kind) ||
		judgeProtocol(&p.Header) == ExtensionAfterFragment
}

// mayRefuse asks the policy and the rate limits whether an ICMP error may be
// sent. Errors that carry an MTU have limits of their own, so that no flood of
// others breaks path MTU discovery.
func (t *Translator) mayRefuse(v Verdict, p *Packet) bool {
	i := family(p.V6)
	policy := t.Policy.Errors[i]
	if policy == ErrorsNever || p.V6 && t.Policy.Own6.IsZero() {
		t.Errors.Off[i]++
		return false
	}
	rate, limit := t.Policy.ErrorRate, &t.limits[i][0]
	if v == TooBig {
		rate, limit = t.Policy.TooBigRate, &t.limits[i][1]
	}
	if policy == ErrorsLimit && !limit.take(rate, p.Now) {
		t.Errors.Limited[i]++
		return false
	}
	return true
}
