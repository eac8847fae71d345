package load

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is how many datagrams a system call sends at most.
const batch = 32

// Lengths of headers, in octets.
const (
	ipv4Len = 20
	ipv6Len = 40
)

// An mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	n      uint32
	_      uint32
}

// A Sender sends datagrams of many flows from one packet socket, many with a
// system call. The stack of its host has no part in them: what a sender can offer
// limits what can be measured. It belongs to one goroutine.
type Sender struct {
	fd       int
	checksum uint16 // of UDP, the same for all
	start    int    // of the UDP header in a packet
	router   unix.RawSockaddrLinklayer
	packets  [batch][ipv6Len + udpLen + PayloadLen]byte
	pieces   [batch]unix.Iovec
	messages [batch]mmsghdr
}

// NewSender returns a Sender from the address src to dst, both of one family. It
// sends by the device dev, to the router with the hardware address next; nil on a
// device without such addresses. It needs CAP_NET_RAW.
func NewSender(dev string, next net.HardwareAddr, src, dst netip.Addr) (*Sender, error) {
	link, err := net.InterfaceByName(dev)
	if err != nil {
		return nil, fmt.Errorf("load: packet socket on %q: %w", dev, err)
	}
	// A packet socket of protocol 0 receives nothing.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("load: packet socket on %q: %w", dev, err)
	}
	s := &Sender{fd: fd}
	s.router = unix.RawSockaddrLinklayer{Family: unix.AF_PACKET, Ifindex: int32(link.Index), Halen: uint8(len(next))}
	copy(s.router.Addr[:], next)
	s.prepare(src, dst)
	return s, nil
}

// prepare makes the headers of all packets of a batch.
func (s *Sender) prepare(src, dst netip.Addr) {
	proto, header := uint16(unix.ETH_P_IPV6), ipv6Header(src, dst)
	if src.Is4() {
		proto, header = unix.ETH_P_IP, ipv4Header(src, dst)
	}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&s.router.Protocol))[:], proto)
	s.start = len(header)
	s.checksum = checksum(src, dst)
	for i := range s.messages {
		copy(s.packets[i][:], header)
		s.pieces[i].Base = &s.packets[i][0]
		s.pieces[i].SetLen(len(s.packet(i)))
		m := &s.messages[i].header
		m.Name, m.Namelen = (*byte)(unsafe.Pointer(&s.router)), uint32(unsafe.Sizeof(s.router))
		m.Iov = &s.pieces[i]
		m.SetIovlen(1)
	}
}

// packet returns packet i of the batch.
func (s *Sender) packet(i int) []byte { return s.packets[i][:s.start+udpLen+PayloadLen] }

// Close closes the socket.
func (s *Sender) Close() error { return unix.Close(s.fd) }

// send sends n datagrams of a trial, at most batch, from number seq on.
func (s *Sender) send(trial uint32, shape Shape, seq uint64, n int) error {
	for i := range n {
		s.build(i, trial, seq+uint64(i), shape)
	}
	for at := 0; at < n; {
		// The scheduler of Go is not told: that costs as much as a packet.
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.messages[at])), uintptr(n-at), 0, 0, 0)
		switch errno {
		case 0:
			at += int(sent)
		case unix.EINTR, unix.ENOBUFS, unix.EAGAIN:
		default:
			return fmt.Errorf("load: send: %w", errno)
		}
	}
	return nil
}

// build makes the UDP datagram of packet i of the batch.
func (s *Sender) build(i int, trial uint32, seq uint64, shape Shape) {
	p, source := s.packet(i)[s.start:], shape.port(seq)
	binary.BigEndian.PutUint16(p[0:], source)
	binary.BigEndian.PutUint16(p[2:], port)
	binary.BigEndian.PutUint16(p[4:], udpLen+PayloadLen)
	binary.BigEndian.PutUint16(p[6:], s.checksum)
	(*payload)(p[udpLen:]).fill(trial, seq, source)
}

// checksum is the UDP checksum of all datagrams between two addresses.
func checksum(src, dst netip.Addr) uint16 {
	pseudo := sum(src.AsSlice()) + sum(dst.AsSlice()) + unix.IPPROTO_UDP + udpLen + PayloadLen
	if c := ^fold(pseudo + balanced); c != 0 {
		return c
	}
	return 0xffff
}

const hopLimit = 64

func ipv4Header(src, dst netip.Addr) []byte {
	h := make([]byte, ipv4Len)
	h[0], h[8], h[9] = 4<<4|ipv4Len/4, hopLimit, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(h[2:], ipv4Len+udpLen+PayloadLen)
	binary.BigEndian.PutUint16(h[6:], 0x4000) // DF: no fragment header is due (RFC 7915 §4)
	copy(h[12:], src.AsSlice())
	copy(h[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(h[10:], ^fold(sum(h)))
	return h
}

func ipv6Header(src, dst netip.Addr) []byte {
	h := make([]byte, ipv6Len)
	h[0], h[6], h[7] = 6<<4, unix.IPPROTO_UDP, hopLimit
	binary.BigEndian.PutUint16(h[4:], udpLen+PayloadLen)
	copy(h[8:], src.AsSlice())
	copy(h[24:], dst.AsSlice())
	return h
}
