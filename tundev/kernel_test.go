package tundev

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// What the kernel makes of a write, written down from its sources apart from
// encode and the merger: virtio_net_hdr_to_skb, ip_rcv, inet_gso_segment,
// ipv6_gso_segment, tcp_gso_segment, __udp_gso_segment, skb_checksum_help. The
// namespace tests hold it against the kernel itself.

var big = binary.BigEndian

// octetSum adds the 16-bit words of b, without carries.
func octetSum(b []byte) (sum uint64) {
	for i, x := range b {
		sum += uint64(x) << (8 * (1 - i%2))
	}
	return sum
}

// folded brings the carries of a sum round.
func folded(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// completed returns p with the checksum that it lacks.
func completed(p []byte, start, offset int) []byte {
	p = bytes.Clone(p)
	sum := ^folded(octetSum(p[start:]))
	if sum == 0 {
		sum = 0xffff
	}
	big.PutUint16(p[start+offset:], sum)
	return p
}

// kernelCuts returns the packets that leave a host of which w is written to a TUN
// device, or why it drops them.
func kernelCuts(w []byte) ([][]byte, error) {
	h, p := w[:10], w[10:]
	u := func(at int) int { return int(binary.NativeEndian.Uint16(h[at:])) }
	size, start, offset := u(4), u(6), u(8)
	switch {
	case h[0] == 0:
		return [][]byte{p}, nil
	case h[1] == 0:
		return [][]byte{completed(p, start, offset)}, nil
	}
	if err := kernelTakes(p, start); err != nil {
		return nil, err
	}
	headers := start + 8
	if offset == 16 {
		headers = start + int(p[start+12]>>4)*4
	}
	var all [][]byte
	for at := headers; at < len(p); at += size {
		end := min(at+size, len(p))
		s := append(bytes.Clone(p[:headers]), p[at:end]...)
		if s[0]>>4 == 4 {
			big.PutUint16(s[2:], uint16(len(s)))
			big.PutUint16(s[4:], big.Uint16(s[4:])+uint16(len(all)))
			s[10], s[11] = 0, 0
			big.PutUint16(s[10:], ^folded(octetSum(s[:start])))
		} else {
			big.PutUint16(s[4:], uint16(len(s)-40))
		}
		// The field holds the pseudo-header's sum, whatever that is, for the old length.
		field := s[start+offset:]
		big.PutUint16(field, folded(uint64(big.Uint16(field))+uint64(^uint16(len(p)-start))+uint64(len(s)-start)))
		if offset == 16 {
			big.PutUint32(s[start+4:], big.Uint32(s[start+4:])+uint32(at-headers))
			if end < len(p) {
				s[start+13] &^= 0x09 // FIN, PSH
			}
			if at > headers {
				s[start+13] &^= 0x80 // CWR
			}
		} else {
			big.PutUint16(s[start+4:], uint16(len(s)-start))
		}
		all = append(all, completed(s, start, offset))
	}
	return all, nil
}

// kernelTakes returns why a kernel would drop a super-packet with its transport
// header at start, or cut it wrongly.
func kernelTakes(p []byte, start int) error {
	length := int(big.Uint16(p[2:]))
	if p[0]>>4 == 6 {
		length = 40 + int(big.Uint16(p[4:]))
	} else if sum := folded(octetSum(p[:start])); sum != 0xffff {
		return fmt.Errorf("the IPv4 header sums to %#x", sum)
	}
	switch {
	case length != len(p), len(p) > 65535:
		return fmt.Errorf("%d octets with a length of %d", len(p), length)
	case p[0]>>4 == 4 && p[9] == 17, p[0]>>4 == 6 && p[6] == 17:
		if n := int(big.Uint16(p[start+4:])); n != len(p)-start {
			return fmt.Errorf("%d octets of UDP with a length of %d", len(p)-start, n)
		}
	case big.Uint16(p[start+18:]) != 0, p[start+13]&0x26 != 0:
		return errors.New("a super-packet of TCP with an urgent pointer, SYN, RST or URG")
	}
	return nil
}

// kernelSends returns the packets that leave a host for a series of writes.
func kernelSends(writes [][]byte) ([][]byte, error) {
	var all [][]byte
	for _, w := range writes {
		packets, err := kernelCuts(w)
		if err != nil {
			return nil, fmt.Errorf("write of % x: %w", w, err)
		}
		all = append(all, packets...)
	}
	return all, nil
}
