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
