// Package tundev is the TUN device: packets between the kernel and wire.Batch,
// in one or more queues, with super-packets whole.
//
// A Queue reads and writes its own descriptor: the virtio header of 10 octets
// (virtio 1.2 §5.1.6) comes and goes in the headroom of a wire.Frame, and its
// facts are the frame's Offload. One function builds that header, from the packet
// as it is after translation; one reads it, and refuses what contradicts the
// packet. Where the kernel refuses virtio headers, golang.zx2c4.com/wireguard/tun
// carries single packets over the same descriptor instead.
//
// # What is merged
//
// A write costs the kernel much the same for a packet and for a super-packet. So
// Write makes super-packets of what it is given: of adjacent UDP datagrams or TCP
// segments of one flow, where the device takes super-packets (Mode). It does so
// only where a receiver cannot tell, for of a super-packet the kernel makes these
// very packets again:
//
//	addresses, ports                    the same
//	traffic class, ECN, flow label      the same
//	hop limit                           the same, and above 1: at 1 each packet is owed an error
//	IPv4 flags                          the same
//	IPv4 Identification                 counts up, unless DF is set (RFC 6864 §4.1)
//	payload                             of one size; the last may be shorter
//	packets above 1280 octets           no shorter last one, unless DF is clear: a narrow link takes it alone
//	checksums                           right, or left to the kernel; of UDP not missing
//	TCP sequence                        without gap
//	TCP acknowledgment, window, options the same
//	TCP flags                           the same, FIN and PSH on the last only; no SYN, RST, URG, CWR
//	length                              at most 64 packets, 65,535 octets
//
// All else goes as it is: fragments, IPv4 options, extension headers, super-packets.
// No packet waits for another Write, and none overtakes another of its flow, nor a
// fragment between the same addresses.
//
// # What the kernel says
//
// Tried on Linux 6.18, with descriptors that do not block:
//
//	the device is            poll     read     write   write of nothing
//	up, queue empty          POLLOUT  EAGAIN   taken   EINVAL
//	up, packets queued       POLLIN   packet   taken   EINVAL
//	down                     nothing  EAGAIN   EIO     EINVAL
//	down, packets queued     POLLIN   packet   EIO     EINVAL
//	in another namespace     down until it is set up there
//	deleted                  POLLERR  EBADFD   EBADFD  EBADFD
//
// So the reader of a device that is down sleeps; the reader of a deleted one wakes
// at once and gets ErrGone; and a packet for a device that is down costs one
// refused system call, and is counted.
//
// Device watches its link itself, by rtnetlink, rather than by the monitor of
// wireguard/tun: that sets an MTU and offloads of its own, tells neither names nor
// moves nor deletion, ends for good when its socket overflows once, and finds out
// about other namespaces by writes of nothing, in whose answer up and down look
// the same.
package tundev
