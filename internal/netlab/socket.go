package netlab

import (
	"context"
	"net"
)

// Listen is net.Listen inside the host. The listener, and what it accepts, may
// be used from anywhere.
func (h *Host) Listen(network, address string) (net.Listener, error) {
	return inside(h, func() (net.Listener, error) { return net.Listen(network, address) })
}

// ListenPacket is net.ListenPacket inside the host. The socket may be used from
// anywhere.
func (h *Host) ListenPacket(network, address string) (net.PacketConn, error) {
	return inside(h, func() (net.PacketConn, error) { return net.ListenPacket(network, address) })
}

// Dial connects from inside the host. The address is numeric: a name would be
// looked up, and perhaps dialed, by goroutines that are not inside. The
// connection may be used from anywhere.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return inside(h, func() (net.Conn, error) { return new(net.Dialer).DialContext(ctx, network, address) })
}

// inside returns what open returns inside the host.
func inside[T any](h *Host, open func() (T, error)) (T, error) {
	var opened T
	err := h.Do(func() error {
		var err error
		opened, err = open()
		return err
	})
	return opened, err
}
